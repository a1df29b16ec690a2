/* common/core/figures_own.c
 *
 * What was counted at exactly each authority, added up over the tree of today. A walk
 * over the rows of everything that stands below, so it has a budget. */
#include "common/core/impl.h"

#include <assert.h>

static void
add_row(struct memtable *sums, struct slice key, int64_t delta)
{
	struct slice before;
	uint8_t bytes[8];
	uint64_t sum = memtable_get(sums, key, &before) == MEMTABLE_PRESENT ? get_u64(before.data) : 0;
	put_u64(bytes, sum + (uint64_t)delta);
	memtable_put(sums, key, slice_of(bytes, sizeof(bytes)));
}

static bool
add_authority(const struct store *store, struct id id, uint16_t metric, struct memtable *sums, size_t *budget)
{
	struct key prefix = figures_key(TABLE_FIGURE, id, metric);
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	while (store_walk_next(&walk)) {
		if ((*budget)-- == 0)
			return false;
		struct slice rest = slice_of(walk.key.data + 1 + ID_BYTES, walk.key.size - 1 - ID_BYTES);
		bool is_stock = get_u32(walk.key.data + walk.key.size - sizeof(uint32_t)) == 0;
		if (!is_stock && walk.value.size == FIGURE_OWN_BYTES)
			add_row(sums, rest, (int64_t)get_u64(walk.value.data + FIGURE_BYTES));
	}
	return true;
}

bool
figures_sum_own(const struct store *store, struct id top, uint16_t metric, struct memtable *sums, size_t *budget)
{
	struct arena arena;
	unsigned height;
	arena_init(&arena, TREE_SUBTREE_MAX * sizeof(struct id), 0);
	struct id *ids = arena_alloc(&arena, TREE_SUBTREE_MAX * sizeof(*ids));
	size_t count = tree_subtree(store, top, ids, TREE_SUBTREE_MAX, &height);
	bool fits = count > 0;
	for (size_t i = 0; i < count && fits; i++)
		fits = add_authority(store, ids[i], metric, sums, budget);
	arena_free(&arena);
	return fits;
}
