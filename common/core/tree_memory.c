/* common/core/tree_memory.c
 *
 * Open-addressing tables, by id, by code and of what others were merged into, that double when they are half full.
 * Texts and records stand in one arena; what an authority was before stays in it, which
 * is little, since authorities change a few times in a decade. */
#include "common/core/tree_memory.h"

#include "common/base/arena.h"
#include "common/base/codec.h"
#include "common/base/fatal.h"
#include "common/base/hash.h"
#include "common/wire/pb.h"

#include <assert.h>
#include <stdlib.h>

enum { PLACES_FIRST = 1024, ARENA_BLOCK_BYTES = 64 << 10 };

/* The golden ratio's fraction. */
static const uint64_t SPREAD = UINT64_C(0x9e3779b97f4a7c15);

struct place {
	struct slice key; /* id or code; data NULL: free */
	struct id id;
	struct id parent;
	bool is_root;
	bool has_moved;
	bool ambiguous;
	struct slice record;
	const Mt__AuthorityRecord *unpacked; /* NULL: nobody asked yet */
};

struct places {
	struct place *places;
	size_t capacity;
	size_t count;
};

struct tree_memory {
	struct places by_id;
	struct places by_code;
	struct places merged_into; /* places hold a key and nothing else */
	struct arena arena;
};

/* Nearly all keys are ids, which end in randomness: the hash of one is its end, turned about. */
static inline size_t
key_hash(struct slice key)
{
	return key.size == ID_BYTES ? get_u64(key.data + ID_BYTES - sizeof(uint64_t)) * SPREAD >> 32 : hash_spread(key);
}

static inline bool
key_is(struct slice key, struct slice other)
{
	if (key.size == ID_BYTES && other.size == ID_BYTES)
		return memcmp(key.data, other.data, ID_BYTES) == 0; /* of a known size it is no call */
	return slice_equal(key, other);
}

static struct place *
find(const struct places *table, struct slice key)
{
	size_t at = key_hash(key) & (table->capacity - 1);
	while (table->places[at].key.data != NULL && !key_is(table->places[at].key, key))
		at = (at + 1) & (table->capacity - 1);
	return &table->places[at];
}

static void
places_init(struct places *table, size_t capacity)
{
	table->places = calloc(capacity, sizeof(*table->places));
	if (table->places == NULL)
		fatal("no memory for %zu authorities", capacity);
	table->capacity = capacity;
	table->count = 0;
}

static void
grow(struct places *table)
{
	struct places larger;
	places_init(&larger, table->capacity * 2);
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->places[i].key.data != NULL)
			*find(&larger, table->places[i].key) = table->places[i];
	}
	larger.count = table->count;
	free(table->places);
	*table = larger;
}

/* The place of the key, made if it is not there. */
static struct place *
place_of(struct places *table, struct arena *arena, struct slice key)
{
	if (table->count * 2 >= table->capacity)
		grow(table);
	struct place *place = find(table, key);
	if (place->key.data == NULL) {
		*place = (struct place){.key = arena_copy(arena, key)};
		table->count++;
	}
	return place;
}

struct tree_memory *
tree_memory_new(void)
{
	struct tree_memory *tree = calloc(1, sizeof(*tree));
	if (tree == NULL)
		fatal("no memory for the authority tree");
	places_init(&tree->by_id, PLACES_FIRST);
	places_init(&tree->by_code, PLACES_FIRST);
	places_init(&tree->merged_into, PLACES_FIRST);
	arena_init(&tree->arena, ARENA_BLOCK_BYTES, 0);
	return tree;
}

void
tree_memory_free(struct tree_memory *tree)
{
	if (tree == NULL)
		return;
	free(tree->by_id.places);
	free(tree->by_code.places);
	free(tree->merged_into.places);
	arena_free(&tree->arena);
	free(tree);
}

void
tree_memory_put(struct tree_memory *tree, struct id id, const struct id *parent, bool has_moved, struct slice record)
{
	struct place *place = place_of(&tree->by_id, &tree->arena, slice_of(id.bytes, ID_BYTES));
	place->id = id;
	place->is_root = parent == NULL;
	place->has_moved = has_moved;
	if (parent != NULL)
		place->parent = *parent;
	place->record = arena_copy(&tree->arena, record);
	place->unpacked = NULL;
}

void
tree_memory_put_code(struct tree_memory *tree, struct id id, const char *code)
{
	struct place *place = place_of(&tree->by_code, &tree->arena, slice_text(code));
	bool taken = place->record.data != NULL && memcmp(place->id.bytes, id.bytes, ID_BYTES) != 0;
	place->ambiguous = place->ambiguous || taken;
	place->id = id;
	place->record = place->key; /* marks the place as filled */
}

bool
tree_memory_get(const struct tree_memory *tree, struct id id, struct slice *record, struct id *parent, bool *is_root)
{
	const struct place *place = find(&tree->by_id, slice_of(id.bytes, ID_BYTES));
	if (place->key.data == NULL)
		return false;
	*record = place->record;
	*is_root = place->is_root;
	if (parent != NULL && !place->is_root)
		*parent = place->parent;
	return true;
}

const Mt__AuthorityRecord *
tree_memory_record(struct tree_memory *tree, struct id id)
{
	struct place *place = find(&tree->by_id, slice_of(id.bytes, ID_BYTES));
	if (place->key.data == NULL)
		return NULL;
	if (place->unpacked == NULL)
		place->unpacked = (const Mt__AuthorityRecord *)pb_unpack_trusted(&mt__authority_record__descriptor,
										 &tree->arena, place->record);
	assert(place->unpacked != NULL);
	return place->unpacked;
}

void
tree_memory_put_merged(struct tree_memory *tree, struct id into)
{
	place_of(&tree->merged_into, &tree->arena, slice_of(into.bytes, ID_BYTES));
}

bool
tree_memory_has_merged(const struct tree_memory *tree, struct id into)
{
	return find(&tree->merged_into, slice_of(into.bytes, ID_BYTES))->key.data != NULL;
}

bool
tree_memory_has_moved(const struct tree_memory *tree, struct id id)
{
	return find(&tree->by_id, slice_of(id.bytes, ID_BYTES))->has_moved;
}

bool
tree_memory_code(const struct tree_memory *tree, const char *code, struct id *id, bool *ambiguous)
{
	const struct place *place = find(&tree->by_code, slice_text(code));
	if (place->key.data == NULL)
		return false;
	*id = place->id;
	*ambiguous = place->ambiguous;
	return true;
}
