/* common/core/memtable.h
 *
 * The newest state of a node: an ordered map from keys to values or tombstones,
 * written by apply, read by decisions, and flushed as a whole.
 *
 * A B-tree of 32 keys a node with an 8-byte key prefix beside each key, all of it
 * in one arena that ends with the table. A value that fits the room of the one it
 * replaces is written in place, so a row counted up a million times holds one row.
 * Slices handed out are valid until the next write to the table. */
#ifndef COMMON_CORE_MEMTABLE_H
#define COMMON_CORE_MEMTABLE_H

#include "common/base/arena.h"

struct memtable;

enum memtable_hit { MEMTABLE_ABSENT, MEMTABLE_DELETED, MEMTABLE_PRESENT };

struct memtable *memtable_new(void);
/* One that has its huge pages from there, and leaves them there. */
struct memtable *memtable_new_of(struct arena_pages *pages);
void memtable_free(struct memtable *table);

void memtable_put(struct memtable *table, struct slice key, struct slice value);
/* The value where it stands in this table, to be changed in place; NULL if it is not PRESENT. A put of the same key
 * that follows an ABSENT one does not search again. */
enum memtable_hit memtable_writable(struct memtable *table, struct slice key, uint8_t **value, size_t *size);
void memtable_delete(struct memtable *table, struct slice key); /* leaves a tombstone */

enum memtable_hit memtable_get(const struct memtable *table, struct slice key, struct slice *value);

/* The first entry with key >= from (> from unless inclusive), tombstones included:
 * hit says which. MEMTABLE_ABSENT at the end. */
enum memtable_hit
memtable_next(const struct memtable *table, struct slice from, bool inclusive, struct slice *key, struct slice *value);

/* All entries in order; value.data is NULL for a tombstone. Stops when visit answers false. */
void memtable_each(const struct memtable *table, bool (*visit)(void *context, struct slice key, struct slice value),
		   void *context);

size_t memtable_entries(const struct memtable *table);
size_t memtable_bytes(const struct memtable *table); /* used; it holds a block of 2 MiB more at most */

#endif
