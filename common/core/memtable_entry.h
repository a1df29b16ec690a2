/* common/core/memtable_entry.h
 *
 * One row of a memtable: key and value in one piece of memory that is never freed or moved,
 * only left behind when the value outgrows its room. */
#ifndef COMMON_CORE_MEMTABLE_ENTRY_H
#define COMMON_CORE_MEMTABLE_ENTRY_H

#include "common/base/arena.h"
#include "common/core/memtable.h"

enum { ROW_KEY_BYTES_MAX = 511 }; /* what LMDB takes */

#define TOMBSTONE UINT32_MAX /* as a value's size */

struct entry {
	uint32_t value_size;
	uint32_t value_room;
	uint16_t key_size;
	uint8_t bytes[]; /* the key, then the value */
};

/* Where entries are cut from. */
struct entry_memory {
	struct arena arena;
	uint8_t *chunk;
	size_t chunk_left;
};

static inline struct slice
entry_key(const struct entry *entry)
{
	return slice_of(entry->bytes, entry->key_size);
}

static inline struct slice
entry_value(const struct entry *entry)
{
	if (entry->value_size == TOMBSTONE)
		return slice_of(NULL, 0);
	return slice_of(entry->bytes + entry->key_size, entry->value_size);
}

static inline enum memtable_hit
entry_hit(const struct entry *entry)
{
	return entry->value_size == TOMBSTONE ? MEMTABLE_DELETED : MEMTABLE_PRESENT;
}

/* An entry that is a tombstone until a value is written into its room. */
struct entry *entry_new(struct entry_memory *memory, struct slice key, size_t room);
void entry_write(struct entry *entry, struct slice value);

#endif
