/* common/core/tree_walk.c
 *
 * Whole subtrees, and succession. Both are walks over small rows, ids only: an id
 * begins with the locality, and a child's row says whether it was merged. */
#include "common/core/tree.h"

#include "common/core/impl.h"
#include "common/core/tree_impl.h"
#include "common/core/tree_memory.h"

#include <assert.h>
#include <stdlib.h>

/* The children of one join the list, only the merged ones if so asked; false if it is full. */
static bool
add_children(const struct store *store, struct id parent, bool merged_only, struct id ids[], size_t *count, size_t max)
{
	struct key prefix = tree_key(TABLE_AUTHORITY_CHILD, parent);
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	while (store_walk_next(&walk)) {
		if (merged_only && (walk.value.size != CHILD_ROW_BYTES || walk.value.data[0] != CHILD_MERGED))
			continue;
		if (*count == max)
			return false;
		memcpy(ids[(*count)++].bytes, walk.key.data + prefix.size, ID_BYTES);
	}
	return true;
}

size_t
tree_subtree(const struct store *store, struct id top, struct id ids[], size_t max, unsigned *height)
{
	size_t count = 1;
	size_t at = 0;
	assert(max > 0);
	ids[0] = top;
	*height = 0;
	while (at < count) {
		size_t level_end = count;
		for (; at < level_end; at++) {
			if (!add_children(store, ids[at], false, ids, &count, max))
				return 0;
		}
		(*height)++;
	}
	return count;
}

size_t
tree_merged(const struct store *store, const char *authority_id, struct id ids[], size_t max)
{
	size_t count = 1;
	assert(max > 0);
	if (!id_parse(authority_id, &ids[0]))
		return 0;
	for (size_t at = 0; at < count; at++) {
		/* Asked at each hiring: a province's hundred communes are not looked through for what is not there. */
		if (store->tree != NULL && !tree_memory_has_merged(store->tree, ids[at]))
			continue;
		if (!add_children(store, ids[at], true, ids, &count, max))
			break;
	}
	return count;
}

static int
by_locality(const void *a, const void *b)
{
	uint32_t x = ((const struct locality_range *)a)->first;
	uint32_t y = ((const struct locality_range *)b)->first;
	return x < y ? -1 : x > y;
}

static size_t
join_neighbours(struct locality_range *ranges, size_t count)
{
	size_t kept = 0;
	for (size_t i = 1; i < count; i++) {
		if (ranges[i].first <= ranges[kept].last + 1)
			ranges[kept].last = ranges[i].last;
		else
			ranges[++kept] = ranges[i];
	}
	return kept + 1;
}

bool
tree_subtree_localities(const struct store *store, struct arena *arena, const char *authority_id,
			struct locality_range **ranges, size_t *count)
{
	struct id top;
	unsigned height;
	bool valid = id_parse(authority_id, &top);
	assert(valid);
	if (id_locality(top) == 0) { /* the root: everything */
		*ranges = arena_alloc(arena, sizeof(**ranges));
		**ranges = (struct locality_range){0, UINT32_MAX};
		*count = 1;
		return true;
	}
	struct arena scratch; /* a megabyte that the call's own arena need not keep */
	arena_init(&scratch, TREE_SUBTREE_MAX * sizeof(struct id), 0);
	struct id *ids = arena_alloc(&scratch, TREE_SUBTREE_MAX * sizeof(*ids));
	*count = tree_subtree(store, top, ids, TREE_SUBTREE_MAX, &height);
	*ranges = arena_alloc(arena, (*count + 1) * sizeof(**ranges));
	for (size_t i = 0; i < *count; i++)
		(*ranges)[i] = (struct locality_range){id_locality(ids[i]), id_locality(ids[i])};
	arena_free(&scratch);
	if (*count == 0)
		return false;
	qsort(*ranges, *count, sizeof(**ranges), by_locality);
	*count = join_neighbours(*ranges, *count);
	return true;
}

/* What one authority was succeeded by joins the list; false if it is full. */
static bool
add_successors(const struct store *store, struct arena *arena, struct id id, struct id ids[], size_t *count)
{
	const Mt__AuthorityRecord *record = tree_get(store, arena, id);
	if (record == NULL)
		return true;
	for (size_t i = 0; i < record->n_successors; i++) {
		struct id successor;
		bool valid = id_parse(record->successors[i]->authority_id, &successor);
		assert(valid);
		if (*count == TREE_SUCCESSION_MAX)
			return false;
		ids[(*count)++] = successor;
	}
	return true;
}

/* Succession has no cycles: only an active authority succeeds, and one that was succeeded is never active again. */
bool
tree_decreed(const struct store *store, const char *from_id, const char *to_id)
{
	struct id ids[TREE_SUCCESSION_MAX];
	struct id to;
	struct arena arena;
	size_t count = 1;
	bool more = true;
	if (!id_parse(from_id, &ids[0]) || !id_parse(to_id, &to))
		return false;
	arena_init(&arena, 4096, 0);
	for (size_t at = 0; at < count && more; at++)
		more = add_successors(store, &arena, ids[at], ids, &count);
	arena_free(&arena);
	for (size_t i = 1; i < count; i++) {
		if (memcmp(ids[i].bytes, to.bytes, ID_BYTES) == 0)
			return true;
	}
	return false;
}
