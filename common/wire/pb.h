/* common/wire/pb.h
 *
 * Protobuf messages in and out of arenas, checked. protobuf-c alone lets bad
 * UTF-8, NULs inside strings and unknown enum numbers through, and nests without
 * a limit; pb_unpack checks the bytes by descriptor and refuses these by
 * field name (the plugin forbids recursive types, so depth is bounded by type). */
#ifndef COMMON_WIRE_PB_H
#define COMMON_WIRE_PB_H

#include "common/base/arena.h"
#include "common/base/buf.h"

#include <protobuf-c/protobuf-c.h>

struct fault {
	char field[96];    /* path in the message, as in the .proto: "session.begins_at" */
	char message[160]; /* "field session.begins_at is not valid UTF-8" */
};

/* The message in the arena, or NULL and the fault filled in. Fields the descriptor
 * does not know are refused when strict, else skipped (facts are read strictly). */
ProtobufCMessage *pb_unpack(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice bytes,
			    bool strict, struct fault *fault);

/* For bytes that we wrote ourselves (records): no walk first; NULL means corrupt. */
ProtobufCMessage *pb_unpack_trusted(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice bytes);

struct slice pb_pack(struct arena *arena, const ProtobufCMessage *message);
void pb_pack_into(struct buf *buf, const ProtobufCMessage *message);

/* A message set to its defaults. */
ProtobufCMessage *pb_new(const ProtobufCMessageDescriptor *type, struct arena *arena);

/* True if the message's own strings are valid UTF-8, as pb_unpack will ask of it; those of messages inside it are not
 * looked at. */
bool pb_text_valid(const ProtobufCMessage *message);

/* The string field of that name, or NULL; "" when unset. */
const char *pb_string(const ProtobufCMessage *message, const char *field);

#endif
