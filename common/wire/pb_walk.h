/* common/wire/pb_walk.h
 *
 * The check that comes before protobuf-c: see pb_walk.c for what it refuses. */
#ifndef COMMON_WIRE_PB_WALK_H
#define COMMON_WIRE_PB_WALK_H

#include "common/wire/json.h"
#include "common/wire/pb.h"

enum {
	/* Half of what JSON may nest, as a list of messages takes two levels there:
	 * what passes here can be written as JSON and read back. */
	PB_DEPTH_MAX = JSON_DEPTH_MAX / 2,
	PB_SHORT_VARINT_BYTES_MAX = 5, /* protobuf-c reads no more for tags and lengths */
};

/* False and the fault unless the bytes are a sound message of the type. */
bool pb_walk(const ProtobufCMessageDescriptor *type, struct slice bytes, bool strict, struct fault *fault);

#endif
