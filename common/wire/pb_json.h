/* common/wire/pb_json.h
 *
 * The canonical ProtoJSON mapping for our messages, by descriptor: lowerCamelCase
 * out, both spellings in; 64-bit integers as strings (numbers accepted); enums by
 * name (numbers accepted if known); bytes as base64 (standard out, both alphabets in);
 * null means absent. Unknown and duplicate members and two members of one oneof are
 * refused by name. Default values are left out.
 * Source: protobuf.dev, "ProtoJSON format". */
#ifndef COMMON_WIRE_PB_JSON_H
#define COMMON_WIRE_PB_JSON_H

#include "common/wire/json.h"
#include "common/wire/pb.h"

/* NULL and the fault (field path in JSON spelling) if the text does not fit. */
ProtobufCMessage *
pb_from_json(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice json, struct fault *fault);

/* Sets one field from text, as for a path or query parameter: "5", "true", "OPEN", "2026-01-31".
 * The name may be in either spelling. A repeated scalar field takes one more element. */
bool
pb_set_text(ProtobufCMessage *message, struct arena *arena, const char *name, const char *text, struct fault *fault);

void pb_to_json(struct buf *buf, const ProtobufCMessage *message);
/* The same for readers who look for a list: the message's own repeated fields are written when they are empty too. */
void pb_to_json_reply(struct buf *buf, const ProtobufCMessage *message);

/* lowerCamelCase of a proto field name; out holds at least strlen(name) + 1 bytes. */
void pb_json_name(const char *name, char *out);

#endif
