/* common/core/tree.c
 *
 * The authority tree as every node holds it: the record, its code, its parent, its
 * children, each a row. The parent row is small because every scope check and every
 * figure walks it. */
#include "common/core/access.h"

#include "common/core/impl.h"
#include "common/core/tree_memory.h"

#include <assert.h>

static struct key
key_of_id(uint8_t table, struct id id)
{
	struct key key = key_of(table);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

static const Mt__AuthorityRecord *
tree_get(const struct store *store, struct arena *arena, struct id id)
{
	struct key key = key_of_id(TABLE_AUTHORITY, id);
	struct slice value;
	bool is_root;
	bool found = store->tree != NULL ? tree_memory_get(store->tree, id, &value, NULL, &is_root)
					 : store_get(store, key_slice(&key), &value);
	if (!found)
		return NULL;
	const ProtobufCMessage *record = pb_unpack_trusted(&mt__authority_record__descriptor, arena, value);
	assert(record != NULL);
	return (const Mt__AuthorityRecord *)record;
}

const Mt__AuthorityRecord *
tree_find(const struct store *store, struct arena *arena, const char *reference, bool *ambiguous)
{
	struct id id;
	*ambiguous = false;
	if (id_parse(reference, &id))
		return tree_get(store, arena, id);
	size_t size = strlen(reference);
	if (size == 0 || size > CODE_BYTES_MAX)
		return NULL;
	if (store->tree != NULL) {
		bool known = tree_memory_code(store->tree, reference, &id, ambiguous);
		return known && !*ambiguous ? tree_get(store, arena, id) : NULL;
	}
	struct key prefix = key_of(TABLE_AUTHORITY_CODE);
	key_text(&prefix, reference);
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	bool found = false;
	while (store_walk_next(&walk)) {
		assert(walk.value.size == ID_BYTES);
		if (found && memcmp(id.bytes, walk.value.data, ID_BYTES) != 0) {
			*ambiguous = true;
			return NULL;
		}
		memcpy(id.bytes, walk.value.data, ID_BYTES);
		found = true;
	}
	return found ? tree_get(store, arena, id) : NULL;
}

bool
tree_parent(const struct store *store, struct id *id)
{
	struct key key = key_of_id(TABLE_AUTHORITY_PARENT, *id);
	struct slice value;
	bool is_root;
	if (store->tree != NULL)
		return tree_memory_get(store->tree, *id, &value, id, &is_root) && !is_root;
	if (!store_get(store, key_slice(&key), &value) || value.size != ID_BYTES)
		return false;
	memcpy(id->bytes, value.data, ID_BYTES);
	return true;
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

struct key
tree_children_key(const char *parent_id)
{
	struct id id;
	bool valid = id_parse(parent_id, &id);
	assert(valid);
	return key_of_id(TABLE_AUTHORITY_CHILD, id);
}

struct tree_memory *
tree_load(const struct store *store, struct arena *arena)
{
	struct tree_memory *tree = tree_memory_new();
	struct key table = key_of(TABLE_AUTHORITY);
	struct store_walk walk = store_walk(store, key_slice(&table));
	while (store_walk_next(&walk)) {
		struct id id;
		struct id parent;
		arena_reset(arena);
		const Mt__AuthorityRecord *authority = (const Mt__AuthorityRecord *)pb_unpack_trusted(
			&mt__authority_record__descriptor, arena, walk.value);
		assert(authority != NULL);
		bool valid = id_parse(authority->authority_id, &id);
		assert(valid);
		bool has_parent = id_parse(authority->parent_id, &parent);
		tree_memory_put(tree, id, has_parent ? &parent : NULL, authority->code, walk.value);
	}
	return tree;
}

void
apply_authority(struct apply *apply, const Mt__AuthorityRecord *authority)
{
	struct id id;
	struct id parent;
	bool valid = id_parse(authority->authority_id, &id);
	assert(valid);
	bool has_parent = id_parse(authority->parent_id, &parent);
	if (!apply->scratch)
		figures_settle(apply->node, apply->seq); /* sums so far belong to the tree as it was */

	struct slice record = pb_pack(apply->arena, &authority->base);
	if (apply->store->tree != NULL)
		tree_memory_put(apply->store->tree, id, has_parent ? &parent : NULL, authority->code, record);
	struct key key = key_of_id(TABLE_AUTHORITY, id);
	apply_put_bytes(apply, &key, record);
	key = key_of_id(TABLE_AUTHORITY_PARENT, id);
	apply_put_bytes(apply, &key, has_parent ? slice_of(parent.bytes, ID_BYTES) : slice_text(""));
	key = key_of(TABLE_AUTHORITY_CODE);
	key_text(&key, authority->code);
	key_text(&key, authority->code_list);
	key_text(&key, authority->list_version);
	apply_put_bytes(apply, &key, slice_of(id.bytes, ID_BYTES));
	if (has_parent) {
		key = key_of_id(TABLE_AUTHORITY_CHILD, parent);
		key_bytes(&key, slice_of(id.bytes, ID_BYTES));
		apply_put_bytes(apply, &key, slice_text(""));
	}
}
