/* common/wire/pb_walk.h
 *
 * The check that comes before protobuf-c: see pb_walk.c for what it refuses. */
#ifndef COMMON_WIRE_PB_WALK_H
#define COMMON_WIRE_PB_WALK_H

#include "common/wire/pb.h"

/* False and the fault unless the bytes are a sound message of the type. */
bool pb_walk(const ProtobufCMessageDescriptor *type, struct slice bytes, bool strict, struct fault *fault);

#endif
