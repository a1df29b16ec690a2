/* services/ctl/entry.h
 *
 * A journal entry as tools look at it: the header, the facts as leaves, and whether its
 * hash follows from the one before. Works on entries as stored and as served. */
#ifndef SERVICES_CTL_ENTRY_H
#define SERVICES_CTL_ENTRY_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/core/node.h"

#include "matricula/journal.pb-c.h"

struct entry_view {
	const Mt__Entry *entry;
	const Mt__EntryHeader *header;
	size_t facts_count;
	const ProtobufCMessage **facts; /* leaves, such as LearnerEnrolled */
};

/* In the arena. False if the bytes are no entry of that service. */
bool entry_view_read(struct entry_view *view, const struct module *module, struct arena *arena, struct slice bytes);

/* The hash that this entry must have behind one with that hash. */
void entry_view_hash(const struct entry_view *view, const uint8_t previous[HASH_BYTES], uint8_t hash[HASH_BYTES]);

/* One line of JSON for each fact, with the place it stands at. */
void entry_view_print(const struct entry_view *view, const char *service, struct buf *out);

#endif
