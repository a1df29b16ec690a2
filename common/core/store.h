/* common/core/store.h
 *
 * Ordered key-value rows; the first byte of a key is its table. Decisions hold a
 * const struct store and read; only apply gets a writable one.
 *
 * Reads look through the memtable being written, the one being flushed, and what
 * lies below: LMDB in a running node, nothing in a pure test, another store in a
 * dry run. Writes go to the top memtable only.
 *
 * Slices handed out are valid until the next write to this store. */
#ifndef COMMON_CORE_STORE_H
#define COMMON_CORE_STORE_H

#include "common/core/memtable.h"

/* What lies below the memtables. */
struct store_base {
	void *context;
	bool (*get)(void *context, struct slice key, struct slice *value);
	/* First row with key >= from (> from unless inclusive). */
	bool (*next)(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value);
};

struct tree_memory;

enum { RECENT_PLACES = 1 << 15 };

/* Which entry of the journal wrote a row last, so that a reader learns up to which one the journal must be durable
 * for what it saw to be so. Kept by a hash of the key: a row may seem to be written later than it was, never earlier.
 * Only rows of the memtables are looked up; what lies below them is durable. */
struct recent {
	uint64_t writing_seq; /* of the entry whose rows are written now */
	uint64_t copies_seq;  /* of the last one that changed rows of which memory keeps a copy beside */
	uint64_t seen_seq;    /* of the rows read since a reader set it to 0 */
	uint64_t seq[RECENT_PLACES];
};

struct store {
	struct memtable *top;     /* takes the writes */
	struct memtable *frozen;  /* being flushed, or NULL */
	struct store_base base;   /* functions may be NULL: nothing below */
	struct tree_memory *tree; /* the rows' authority tree, in memory; NULL: read the rows */
	uint64_t rows_written;    /* puts and deletes since the store was made */
	struct recent *recent;    /* NULL: not kept */
};

bool store_get(const struct store *store, struct slice key, struct slice *value);
bool store_has(const struct store *store, struct slice key);

/* Walk of the rows whose key begins with prefix, in order:
 *     struct store_walk walk = store_walk(store, prefix);
 *     while (store_walk_next(&walk)) use walk.key, walk.value
 * A walk may go on over writes; it sees rows as they are at each step. store_walk_after
 * starts past a key (which need not exist), for pages of a list. */
struct store_walk {
	const struct store *store;
	struct slice key;
	struct slice value;
	size_t prefix_size;
	size_t at_size;
	bool inclusive;
	uint8_t at[512]; /* the key to go on from; it begins with the prefix */
};

struct store_walk store_walk(const struct store *store, struct slice prefix);
/* From a key on, inclusively; it begins with the prefix. */
struct store_walk store_walk_from(const struct store *store, struct slice prefix, struct slice from);
struct store_walk store_walk_after(const struct store *store, struct slice prefix, struct slice after);
bool store_walk_next(struct store_walk *walk);

void store_put(struct store *store, struct slice key, struct slice value);
/* What the top memtable knows of the row. PRESENT: its value where it stands, to be changed in place without changing
 * its size. ABSENT: store_get_below says the rest, and a put that follows at once finds its place again. */
enum memtable_hit store_writable(struct store *store, struct slice key, uint8_t **value, size_t *size);
bool store_get_below(const struct store *store, struct slice key, struct slice *value);
void store_delete(struct store *store, struct slice key);
/* Something was written of which memory keeps a copy: who reads the copy leaves no trace of it. */
void store_copies_changed(struct store *store);

/* A store seen as the base of another: reads of the scratch overlay of a dry run. */
struct store_base store_as_base(const struct store *store);

#endif
