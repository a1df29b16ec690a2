/* common/wire/pb_json_value.h
 *
 * One JSON value into one scalar field, shared by pb_from_json and pb_set_text. */
#ifndef COMMON_WIRE_PB_JSON_VALUE_H
#define COMMON_WIRE_PB_JSON_VALUE_H

#include "common/wire/json.h"
#include "common/wire/pb.h"

/* Bytes that one value takes in the C structure or in the array of a repeated field. */
size_t pb_json_value_bytes(ProtobufCType type);

/* Stores the value at at, its bytes in the arena. NULL, or what is wrong ("is out of
 * range"), and then nothing is stored. Messages are not values. */
const char *pb_json_value_read(const ProtobufCFieldDescriptor *field, void *at, struct arena *arena,
			       enum json_kind kind, struct slice text);

#endif
