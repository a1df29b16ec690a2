/* common/core/personal_find.h
 *
 * Where the personal parts of a message hang, for personal.c. */
#ifndef COMMON_CORE_PERSONAL_FIND_H
#define COMMON_CORE_PERSONAL_FIND_H

#include "common/base/arena.h"
#include "common/core/personal.h"

/* A place in a message where a personal one hangs. */
struct spot {
	ProtobufCMessage **at;
	const struct personal_type *type;
	const char *subject;
};

const struct personal_type *personal_type_of(struct node *node, const ProtobufCMessageDescriptor *descriptor);
/* Everything in the message that is personal, in the order of the descriptors. */
void personal_search(struct node *node, ProtobufCMessage *message,
		     void (*found)(void *context, const struct spot *spot), void *context);
ProtobufCBinaryData personal_sealed_in(const struct spot *spot);
void personal_sealed_set(const struct personal_type *type, ProtobufCMessage *message, struct slice bytes);
ProtobufCMessage *personal_copy(struct arena *arena, const ProtobufCMessage *message);
/* A copy of all that leads to something personal, so that it can be hung up anew. */
ProtobufCMessage *
personal_copy_paths(struct arena *arena, const struct personal_type *type, const ProtobufCMessage *message);

#endif
