/* common/core/tree.c
 *
 * The authority tree as every node holds it: the record, its codes, its parent, its
 * children, each a row. The parent row is small because every scope check and every
 * figure walks it. Here is where an authority stands; tree_ref.c says which one is
 * meant, tree_walk.c walks whole subtrees, tree_change.c changes them. */
#include "common/core/tree.h"

#include "common/base/date.h"
#include "common/core/impl.h"
#include "common/core/tree_impl.h"
#include "common/core/tree_memory.h"

#include <assert.h>

struct key
tree_key(uint8_t table, struct id id)
{
	struct key key = key_of(table);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

const Mt__AuthorityRecord *
tree_get(const struct store *store, struct arena *arena, struct id id)
{
	if (store->tree != NULL)
		return tree_memory_record(store->tree, id);
	struct key key = tree_key(TABLE_AUTHORITY, id);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return NULL;
	const ProtobufCMessage *record = pb_unpack_trusted(&mt__authority_record__descriptor, arena, value);
	assert(record != NULL);
	return (const Mt__AuthorityRecord *)record;
}

bool
tree_parent(const struct store *store, struct id *id)
{
	struct slice value;
	bool is_root;
	if (store->tree != NULL)
		return tree_memory_get(store->tree, *id, &value, id, &is_root) && !is_root;
	struct key key = tree_key(TABLE_AUTHORITY_PARENT, *id);
	if (!store_get(store, key_slice(&key), &value) || value.size == 0)
		return false;
	memcpy(id->bytes, value.data, ID_BYTES);
	return true;
}

uint32_t
tree_first_month(int32_t effective_date)
{
	return date_month(effective_date - 1) + 1;
}

/* Of those it stood below when the month began, the first it left since; else its parent of today. */
bool
tree_parent_in(const struct store *store, struct id *id, uint32_t month)
{
	struct slice row;
	if (month == 0 || (store->tree != NULL && !tree_memory_has_moved(store->tree, *id)))
		return tree_parent(store, id);
	struct key key = tree_key(TABLE_AUTHORITY_PARENT, *id);
	if (!store_get(store, key_slice(&key), &row) || row.size == 0)
		return false;
	size_t at = 0;
	for (size_t former = ID_BYTES; former < row.size; former += FORMER_BYTES) {
		if (date_month((int32_t)get_u32(row.data + former + ID_BYTES)) >= month)
			at = former;
	}
	memcpy(id->bytes, row.data + at, ID_BYTES);
	return true;
}

size_t
tree_moves(const struct store *store, const char *authority_id)
{
	struct id id;
	struct slice row;
	bool valid = id_parse(authority_id, &id);
	assert(valid);
	struct key key = tree_key(TABLE_AUTHORITY_PARENT, id);
	return store_get(store, key_slice(&key), &row) ? row.size / FORMER_BYTES : 0;
}

bool
tree_covers(const struct store *store, const char *above, const char *id)
{
	struct id wanted;
	struct id at;
	if (!id_parse(above, &wanted) || !id_parse(id, &at))
		return false;
	for (unsigned depth = 0; depth < TREE_DEPTH_MAX; depth++) {
		if (memcmp(at.bytes, wanted.bytes, ID_BYTES) == 0)
			return true;
		if (!tree_parent(store, &at))
			return false;
	}
	return false;
}

size_t
tree_path(const struct store *store, struct arena *arena, const char *id, const char *path[])
{
	struct id at;
	size_t count = 0;
	if (!id_parse(id, &at))
		return 0;
	do {
		char *text = arena_alloc(arena, ID_TEXT_BYTES);
		id_format(at, text);
		path[count++] = text;
	} while (count < TREE_DEPTH_MAX && tree_parent(store, &at));
	return count;
}

const Mt__AuthorityRecord *
tree_root(const struct store *store, struct arena *arena)
{
	struct key table = key_of(TABLE_AUTHORITY);
	struct store_walk walk = store_walk(store, key_slice(&table));
	if (!store_walk_next(&walk))
		return NULL;
	const ProtobufCMessage *root = pb_unpack_trusted(&mt__authority_record__descriptor, arena, walk.value);
	assert(root != NULL);
	return (const Mt__AuthorityRecord *)root;
}

static struct key
key_of_text(uint8_t table, const char *parent_id)
{
	struct id id;
	bool valid = id_parse(parent_id, &id);
	assert(valid);
	return tree_key(table, id);
}

struct key
tree_children_key(const char *parent_id)
{
	return key_of_text(TABLE_AUTHORITY_CHILD, parent_id);
}

struct key
tree_former_key(const char *parent_id)
{
	return key_of_text(TABLE_AUTHORITY_FORMER, parent_id);
}

int32_t
tree_last_day(struct slice value)
{
	assert(value.size == sizeof(uint32_t));
	return (int32_t)get_u32(value.data);
}

int32_t
tree_joined_on(struct slice value)
{
	return value.size == CHILD_ROW_BYTES ? (int32_t)get_u32(value.data + 1) : DATE_NONE;
}

static bool
is_merged(const struct store *store, struct id parent, struct id child)
{
	struct slice value;
	struct key key = tree_key(TABLE_AUTHORITY_CHILD, parent);
	key_bytes(&key, slice_of(child.bytes, ID_BYTES));
	return store_get(store, key_slice(&key), &value) && value.size == CHILD_ROW_BYTES &&
	       value.data[0] == CHILD_MERGED;
}

struct tree_memory *
tree_load(const struct store *store, struct arena *arena)
{
	struct tree_memory *tree = tree_memory_new();
	struct key table = key_of(TABLE_AUTHORITY);
	struct store_walk walk = store_walk(store, key_slice(&table));
	while (store_walk_next(&walk)) {
		arena_reset(arena);
		const Mt__AuthorityRecord *authority = (const Mt__AuthorityRecord *)pb_unpack_trusted(
			&mt__authority_record__descriptor, arena, walk.value);
		assert(authority != NULL);
		tree_remember(store, tree, authority, walk.value);
	}
	return tree;
}

void
tree_remember(const struct store *store, struct tree_memory *tree, const Mt__AuthorityRecord *authority,
	      struct slice record)
{
	struct id id;
	struct id parent;
	bool valid = id_parse(authority->authority_id, &id);
	assert(valid);
	bool has_parent = id_parse(authority->parent_id, &parent);
	bool has_moved = tree_moves(store, authority->authority_id) > 0;
	tree_memory_put(tree, id, has_parent ? &parent : NULL, has_moved, record);
	if (has_parent && is_merged(store, parent, id))
		tree_memory_put_merged(tree, parent);
	tree_memory_put_code(tree, id, authority->code);
	for (size_t i = 0; i < authority->n_codes; i++)
		tree_memory_put_code(tree, id, authority->codes[i]->code);
}
