/* common/core/memtable_entry.c
 *
 * Entries are cut from chunks of the arena without padding to its alignment: a memtable
 * holds millions of rows of some dozen bytes. */
#include "common/core/memtable_entry.h"

#include <assert.h>
#include <stddef.h>

enum {
	CHUNK_BYTES = 16 << 10,
	CHUNK_SHARE_MAX = 1 << 10, /* a larger entry gets memory of its own: a chunk's end wastes at most this */
	ENTRY_ALIGN = 4,
};

static void *
entry_cut(struct entry_memory *memory, size_t size)
{
	if (size > CHUNK_SHARE_MAX)
		return arena_alloc(&memory->arena, size);
	if (size > memory->chunk_left) {
		memory->chunk = arena_alloc(&memory->arena, CHUNK_BYTES);
		memory->chunk_left = CHUNK_BYTES;
	}
	void *piece = memory->chunk;
	memory->chunk += size;
	memory->chunk_left -= size;
	return piece;
}

struct entry *
entry_new(struct entry_memory *memory, struct slice key, size_t room)
{
	assert(key.size > 0);
	assert(key.size <= ROW_KEY_BYTES_MAX);
	size_t head = offsetof(struct entry, bytes) + key.size;
	size_t size = (head + room + ENTRY_ALIGN - 1) / ENTRY_ALIGN * ENTRY_ALIGN;
	assert(size < TOMBSTONE);
	struct entry *entry = entry_cut(memory, size);
	entry->value_size = TOMBSTONE;
	entry->value_room = (uint32_t)(size - head);
	entry->key_size = (uint16_t)key.size;
	memcpy(entry->bytes, key.data, key.size);
	return entry;
}

void
entry_write(struct entry *entry, struct slice value)
{
	assert(value.size <= entry->value_room);
	if (value.size > 0) /* may be a view of this very value */
		memmove(entry->bytes + entry->key_size, value.data, value.size);
	entry->value_size = (uint32_t)value.size;
}
