/* tests/scenario/bridge.h
 *
 * Between messages and JSON text, for files that read JSON with jansson: its names
 * and those of common/wire/json.h cannot stand in one file. */
#ifndef TESTS_SCENARIO_BRIDGE_H
#define TESTS_SCENARIO_BRIDGE_H

#include "common/wire/pb.h"

char *bridge_to_json(const ProtobufCMessage *message); /* the caller frees it */
ProtobufCMessage *bridge_from_json(const ProtobufCMessageDescriptor *type, struct arena *arena, const char *json,
				   struct fault *fault);
/* lowerCamelCase; cut at size. */
void bridge_json_name(const char *name, char *out, size_t size);

#endif
