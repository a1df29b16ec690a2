/* common/core/store.c
 *
 * A store is three layers read as one: the newest layer that knows a key decides,
 * and a tombstone hides what lies below it. A walk keeps no cursor but the key it
 * stands on and seeks from there at each step; that is why it survives writes, a
 * freeze and a flush in between. */
#include "common/core/store.h"

#include "common/base/hash.h"

#include <assert.h>

enum { LAYER_TOP, LAYER_FROZEN, LAYER_BASE, LAYERS };

/* Where one layer stands in a merge; ABSENT when it has nothing more. */
struct layer_row {
	enum memtable_hit hit;
	struct slice key;
	struct slice value;
};

static uint64_t *
recent_place(struct recent *recent, struct slice key)
{
	return &recent->seq[hash_spread(key) % RECENT_PLACES];
}

static void
row_written(struct store *store, struct slice key)
{
	store->rows_written++;
	if (store->recent != NULL)
		*recent_place(store->recent, key) = store->recent->writing_seq;
}

/* A row of a memtable, or that it is gone, was read. */
static void
row_seen(const struct store *store, struct slice key)
{
	if (store->recent == NULL)
		return;
	uint64_t seq = *recent_place(store->recent, key);
	if (seq > store->recent->seen_seq)
		store->recent->seen_seq = seq;
}

void
store_copies_changed(struct store *store)
{
	if (store->recent != NULL)
		store->recent->copies_seq = store->recent->writing_seq;
}

bool
store_get_below(const struct store *store, struct slice key, struct slice *value)
{
	enum memtable_hit hit = MEMTABLE_ABSENT;
	if (store->frozen != NULL)
		hit = memtable_get(store->frozen, key, value);
	if (hit == MEMTABLE_ABSENT && store->base.get != NULL)
		return store->base.get(store->base.context, key, value);
	if (hit != MEMTABLE_ABSENT)
		row_seen(store, key);
	return hit == MEMTABLE_PRESENT;
}

bool
store_get(const struct store *store, struct slice key, struct slice *value)
{
	enum memtable_hit hit = memtable_get(store->top, key, value);
	if (hit == MEMTABLE_ABSENT)
		return store_get_below(store, key, value);
	row_seen(store, key);
	return hit == MEMTABLE_PRESENT;
}

bool
store_has(const struct store *store, struct slice key)
{
	struct slice value;
	return store_get(store, key, &value);
}

static struct layer_row
layer_seek(const struct store *store, int layer, struct slice from, bool inclusive)
{
	struct layer_row row = {.hit = MEMTABLE_ABSENT};
	const struct memtable *table = layer == LAYER_TOP ? store->top : store->frozen;
	if (layer != LAYER_BASE) {
		if (table != NULL)
			row.hit = memtable_next(table, from, inclusive, &row.key, &row.value);
		return row;
	}
	if (store->base.next != NULL && store->base.next(store->base.context, from, inclusive, &row.key, &row.value))
		row.hit = MEMTABLE_PRESENT;
	return row;
}

/* The smallest key; of equal ones the newest layer's. NULL when all layers are at their end. */
static const struct layer_row *
layers_first(const struct layer_row *rows)
{
	const struct layer_row *first = NULL;
	for (int layer = 0; layer < LAYERS; layer++) {
		const struct layer_row *row = &rows[layer];
		if (row->hit == MEMTABLE_ABSENT)
			continue;
		if (first == NULL || slice_compare(row->key, first->key) < 0)
			first = row;
	}
	return first;
}

/* The first row from there on that is not deleted. It looks no further than the prefix,
 * so the end of one list never costs a search through the tombstones of the next. */
static bool
store_next(const struct store *store, struct slice prefix, struct slice from, bool inclusive, struct slice *key,
	   struct slice *value)
{
	struct layer_row rows[LAYERS];
	for (int layer = 0; layer < LAYERS; layer++)
		rows[layer] = layer_seek(store, layer, from, inclusive);
	for (;;) {
		const struct layer_row *first = layers_first(rows);
		if (first == NULL || !slice_begins(first->key, prefix))
			return false;
		if (first != &rows[LAYER_BASE])
			row_seen(store, first->key);
		if (first->hit == MEMTABLE_PRESENT) {
			*key = first->key;
			*value = first->value;
			return true;
		}
		struct slice deleted = first->key;
		for (int layer = 0; layer < LAYERS; layer++) {
			if (rows[layer].hit != MEMTABLE_ABSENT && slice_equal(rows[layer].key, deleted))
				rows[layer] = layer_seek(store, layer, deleted, false);
		}
	}
}

static struct store_walk
walk_from(const struct store *store, struct slice prefix, struct slice at, bool inclusive)
{
	struct store_walk walk; /* field by field: most of it is room for a key */
	walk.store = store;
	walk.key = walk.value = slice_of(NULL, 0);
	walk.prefix_size = prefix.size;
	walk.at_size = at.size;
	walk.inclusive = inclusive;
	assert(at.size <= sizeof(walk.at));
	assert(slice_begins(at, prefix));
	if (at.size > 0)
		memcpy(walk.at, at.data, at.size);
	return walk;
}

struct store_walk
store_walk(const struct store *store, struct slice prefix)
{
	return walk_from(store, prefix, prefix, true);
}

struct store_walk
store_walk_from(const struct store *store, struct slice prefix, struct slice from)
{
	return walk_from(store, prefix, from, true);
}

struct store_walk
store_walk_after(const struct store *store, struct slice prefix, struct slice after)
{
	return walk_from(store, prefix, after, false);
}

bool
store_walk_next(struct store_walk *walk)
{
	struct slice prefix = slice_of(walk->at, walk->prefix_size);
	struct slice at = slice_of(walk->at, walk->at_size);
	if (!store_next(walk->store, prefix, at, walk->inclusive, &walk->key, &walk->value))
		return false;
	assert(walk->key.size <= sizeof(walk->at));
	memcpy(walk->at, walk->key.data, walk->key.size);
	walk->at_size = walk->key.size;
	walk->inclusive = false;
	return true;
}

void
store_put(struct store *store, struct slice key, struct slice value)
{
	memtable_put(store->top, key, value);
	row_written(store, key);
}

enum memtable_hit
store_writable(struct store *store, struct slice key, uint8_t **value, size_t *size)
{
	enum memtable_hit hit = memtable_writable(store->top, key, value, size);
	if (hit == MEMTABLE_PRESENT)
		row_written(store, key);
	return hit;
}

void
store_delete(struct store *store, struct slice key)
{
	memtable_delete(store->top, key);
	row_written(store, key);
}

static bool
below_get(void *context, struct slice key, struct slice *value)
{
	return store_get(context, key, value);
}

static bool
below_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	return store_next(context, slice_of(NULL, 0), from, inclusive, key, value);
}

struct store_base
store_as_base(const struct store *store)
{
	/* The cast drops const only for the shape of a base; both functions take it back as const. */
	return (struct store_base){.context = (void *)store, .get = below_get, .next = below_next};
}
