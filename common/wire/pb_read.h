/* common/wire/pb_read.h
 *
 * A message read in one pass. Its texts and bytes stand in one copy of the whole, so a
 * message costs two pieces of the arena and one more for each message and list in it.
 * What comes out is what protobuf_c_message_unpack makes of the same bytes. */
#ifndef COMMON_WIRE_PB_READ_H
#define COMMON_WIRE_PB_READ_H

#include "common/base/arena.h"

#include <protobuf-c/protobuf-c.h>

/* NULL if the bytes are corrupt, or if they hold what no writer of ours makes and protobuf-c must look at: unknown
 * fields, a field that comes again, lists in pieces, labels of proto2. When checked also if pb_walk would refuse them
 * (it says why), or if the arena's limit is reached. */
ProtobufCMessage *
pb_read(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice bytes, bool checked);

#endif
