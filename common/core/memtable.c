/* common/core/memtable.c
 *
 * The map is a B-tree. A node holds once what all its keys begin with, and of each key
 * the eight bytes behind that as one big-endian integer: a search touches an entry only
 * where those eight bytes are equal, however much neighbours have in common. Entries
 * (key, room for the value) are packed into chunks cut from the arena, so they carry no
 * allocator's padding, and never move: a split moves pointers. Nothing is removed; a
 * delete leaves a tombstone that keeps its room.
 *
 * A full node hit at its right end splits there and stays full, because rows that
 * arrive together arrive in order. Elsewhere it splits in the middle.
 *
 * Readers write nothing, so a worker may walk a frozen table while others read it. */
#include "common/core/memtable.h"

#include <assert.h>

#include "common/base/codec.h"
#include "common/core/memtable_entry.h"

enum {
	NODE_KEYS = 32,
	PREFIX_BYTES = 8,
	SHARED_BYTES_MAX = 13,  /* table, token and locality of a posting; the head of a node stays 16 bytes */
	DEPTH_MAX = 16,         /* two siblings hold 31 keys or more: 16 levels are more rows than memory has bytes */
	BLOCK_BYTES = 64 << 10, /* at first: many tables stay small */
	HUGE_FROM_BYTES = 1 << 20, /* of a table: from then on blocks are huge pages */
	CACHE_LINE_BYTES = 64,
};

struct node {
	uint8_t count;
	bool leaf;
	uint8_t shared_size;
	uint8_t shared[SHARED_BYTES_MAX]; /* what all keys here begin with */
	uint64_t prefix[NODE_KEYS];       /* of each key, what follows that; ones behind the last */
	struct entry *entry[NODE_KEYS];
	struct node *child[]; /* NODE_KEYS + 1 of them; none in a leaf */
};

/* One level of the way from the root to a place in the tree. */
struct step {
	struct node *node;
	uint32_t position;
};

struct memtable {
	struct entry_memory memory; /* its arena holds this struct too */
	struct node *root;
	size_t entries;
	/* Where the key belongs that memtable_writable did not find, until the tree changes; depth 0: none. */
	struct step missed[DEPTH_MAX];
	uint32_t missed_depth;
	uint16_t missed_size;
	uint8_t missed_key[ROW_KEY_BYTES_MAX];
};

/* What goes up to the parent when a node splits; at the leaf, the new entry. */
struct rising {
	struct entry *entry;
	struct node *right; /* NULL at the leaf */
};

/* Eight bytes of a key from there on, with zeros for what it lacks. */
static inline uint64_t
key_prefix(struct slice key, size_t at)
{
	if (at + PREFIX_BYTES <= key.size)
		return get_u64(key.data + at);
	uint8_t bytes[PREFIX_BYTES] = {0};
	if (at < key.size)
		memcpy(bytes, key.data + at, key.size - at);
	return get_u64(bytes);
}

/* Order of an entry against a key of the same prefix, which ends there. The bytes both
 * have within the prefix are equal; what the shorter one lacks there was padded with
 * zeros, so the sizes must still decide between "a" and "a\0". */
static int
entry_compare(const struct entry *entry, struct slice key, size_t skip)
{
	if (skip > entry->key_size)
		skip = entry->key_size;
	if (skip > key.size)
		skip = key.size;
	if (skip == 0) /* an empty key has no data to point into */
		return entry->key_size > key.size;
	/* Eight bytes at a time as long as both have them: most keys differ soon, and a call of memcmp costs more. */
	for (; skip + PREFIX_BYTES <= entry->key_size && skip + PREFIX_BYTES <= key.size; skip += PREFIX_BYTES) {
		uint64_t ours = get_u64(entry->bytes + skip);
		uint64_t theirs = get_u64(key.data + skip);
		if (ours != theirs)
			return ours < theirs ? -1 : 1;
	}
	return slice_compare(slice_of(entry->bytes + skip, entry->key_size - skip),
			     slice_of(key.data + skip, key.size - skip));
}

/* Among the keys from low on, the first that is not below the key. Apart, so that the search of a node, which mostly
 * ends before, stays small enough to stand where it is called. */
__attribute__((noinline)) static uint32_t
node_search_tails(const struct node *node, uint32_t low, uint64_t prefix, struct slice key, bool *found)
{
	uint32_t high = node->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = node->prefix[middle] > prefix
				    ? 1
				    : entry_compare(node->entry[middle], key, node->shared_size + PREFIX_BYTES);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* True if the key surely begins like all keys of the node: they mostly do, and this tells it without a call. */
static inline bool
shares(const struct node *node, struct slice key)
{
	size_t size = node->shared_size;
	if (size == 0 || key.size < PREFIX_BYTES || key.size < size)
		return size == 0;
	uint64_t differs = get_u64(key.data) ^ get_u64(node->shared);
	if (size < PREFIX_BYTES)
		return differs >> 8 * (PREFIX_BYTES - size) == 0;
	size_t last = size - PREFIX_BYTES; /* overlaps the first eight */
	return differs == 0 && get_u64(key.data + last) == get_u64(node->shared + last);
}

/* Order of a key against what all keys of the node begin with; 0 if it begins so too. */
static int
shared_compare(const struct node *node, struct slice key)
{
	size_t size = key.size < node->shared_size ? key.size : node->shared_size;
	int order = size == 0 ? 0 : memcmp(key.data, node->shared, size);
	return order == 0 && size < node->shared_size ? -1 : order;
}

/* How many prefixes are lower: halving without a branch on the outcome, since a mispredicted one costs more than the
 * rest, and always the whole node, so that the steps are known beforehand. */
static inline uint32_t
prefixes_below(const struct node *node, uint64_t prefix)
{
	uint32_t low = 0;
#pragma GCC unroll 8
	for (uint32_t half = NODE_KEYS / 2; half > 0; half /= 2)
		low += node->prefix[low + half - 1] < prefix ? half : 0;
	return low + (node->prefix[low] < prefix);
}

/* The position of the first key that is not below the key. */
static inline uint32_t
node_search(const struct node *node, struct slice key, bool *found)
{
	*found = false;
	int order = shares(node, key) ? 0 : shared_compare(node, key);
	if (order != 0)
		return order < 0 ? 0 : node->count;
	uint64_t prefix = key_prefix(key, node->shared_size);
	uint32_t low = prefixes_below(node, prefix);
	if (low == node->count || node->prefix[low] != prefix)
		return low;
	return node_search_tails(node, low, prefix, key, found);
}

/* Asks for all lines of the child at once: in a table larger than the caches, a search
 * that meets them one miss after another takes a third longer. */
static struct node *
node_below(const struct node *node, uint32_t position)
{
	struct node *below = node->child[position];
#pragma GCC unroll 16
	for (size_t at = 0; at < sizeof(*below); at += CACHE_LINE_BYTES)
		__builtin_prefetch((const uint8_t *)below + at);
	return below;
}

/* Fills the path down to the key, or to the place in a leaf where it belongs. */
static uint32_t
path_find(const struct memtable *table, struct slice key, struct step *path, bool *found)
{
	struct node *node = table->root;
	for (uint32_t depth = 0;;) {
		assert(depth < DEPTH_MAX);
		uint32_t position = node_search(node, key, found);
		path[depth++] = (struct step){.node = node, .position = position};
		if (*found || node->leaf)
			return depth;
		node = node_below(node, position);
	}
}

/* Goes down to the smallest key under the node. */
static uint32_t
path_first(struct step *path, uint32_t depth, struct node *node)
{
	for (;;) {
		assert(depth < DEPTH_MAX);
		path[depth++] = (struct step){.node = node, .position = 0};
		if (node->leaf)
			return depth;
		node = node->child[0];
	}
}

enum memtable_hit
memtable_get(const struct memtable *table, struct slice key, struct slice *value)
{
	struct step path[DEPTH_MAX];
	bool found;
	uint32_t depth = path_find(table, key, path, &found);
	*value = slice_of(NULL, 0);
	if (!found)
		return MEMTABLE_ABSENT;
	const struct step *last = &path[depth - 1];
	const struct entry *entry = last->node->entry[last->position];
	*value = entry_value(entry);
	return entry_hit(entry);
}

enum memtable_hit
memtable_next(const struct memtable *table, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	struct step path[DEPTH_MAX];
	bool found;
	uint32_t depth = path_find(table, from, path, &found);
	if (found && !inclusive) {
		struct step *step = &path[depth - 1];
		step->position++;
		if (!step->node->leaf)
			depth = path_first(path, depth, step->node->child[step->position]);
	}
	while (depth > 0 && path[depth - 1].position == path[depth - 1].node->count)
		depth--;
	if (depth == 0)
		return MEMTABLE_ABSENT;
	const struct entry *next = path[depth - 1].node->entry[path[depth - 1].position];
	*key = entry_key(next);
	*value = entry_value(next);
	return entry_hit(next);
}

void
memtable_each(const struct memtable *table, bool (*visit)(void *context, struct slice key, struct slice value),
	      void *context)
{
	struct step path[DEPTH_MAX];
	uint32_t depth = path_first(path, 0, table->root);
	while (depth > 0) {
		struct step *step = &path[depth - 1];
		if (step->position == step->node->count) {
			depth--;
			continue;
		}
		const struct entry *entry = step->node->entry[step->position++];
		if (!visit(context, entry_key(entry), entry_value(entry)))
			return;
		if (!step->node->leaf)
			depth = path_first(path, depth, step->node->child[step->position]);
	}
}

size_t
memtable_entries(const struct memtable *table)
{
	return table->entries;
}

size_t
memtable_bytes(const struct memtable *table)
{
	return table->memory.arena.used;
}

/* Prefixes behind the last key are not below any key. */
static void
node_end(struct node *node)
{
	memset(&node->prefix[node->count], 0xff, (NODE_KEYS - node->count) * sizeof(node->prefix[0]));
}

static struct node *
node_new(struct memtable *table, bool leaf)
{
	size_t children = leaf ? 0 : NODE_KEYS + 1;
	struct node *node = arena_alloc(&table->memory.arena, sizeof(*node) + children * sizeof(node->child[0]));
	node->count = 0;
	node->leaf = leaf;
	node->shared_size = 0;
	node_end(node);
	return node;
}

/* Finds anew what all keys of a node begin with. They stand in order, so the first and the last know. */
static void
node_share(struct node *node)
{
	if (node->count == 0)
		return;
	struct slice first = entry_key(node->entry[0]);
	struct slice last = entry_key(node->entry[node->count - 1]);
	uint8_t size = 0;
	while (size < SHARED_BYTES_MAX && size < first.size && size < last.size && first.data[size] == last.data[size])
		size++;
	memcpy(node->shared, first.data, size);
	if (size == node->shared_size)
		return;
	node->shared_size = size;
	for (uint32_t i = 0; i < node->count; i++)
		node->prefix[i] = key_prefix(entry_key(node->entry[i]), size);
}

static void
node_insert(struct node *node, uint32_t position, const struct rising *rising)
{
	assert(node->count < NODE_KEYS);
	assert(position <= node->count);
	uint32_t after = node->count - position;
	memmove(&node->prefix[position + 1], &node->prefix[position], after * sizeof(node->prefix[0]));
	memmove(&node->entry[position + 1], &node->entry[position], after * sizeof(node->entry[0]));
	node->prefix[position] = key_prefix(entry_key(rising->entry), node->shared_size);
	node->entry[position] = rising->entry;
	node->count++;
	if (shared_compare(node, entry_key(rising->entry)) != 0)
		node_share(node);
	if (node->leaf)
		return;
	memmove(&node->child[position + 2], &node->child[position + 1], after * sizeof(node->child[0]));
	node->child[position + 1] = rising->right;
}

/* Splits a full node around a key that rises, and puts what rose from below where it belongs. */
static struct rising
node_split(struct memtable *table, struct node *left, uint32_t position, const struct rising *below)
{
	assert(left->count == NODE_KEYS);
	uint32_t middle = position == NODE_KEYS ? NODE_KEYS - 1 : NODE_KEYS / 2;
	struct node *right = node_new(table, left->leaf);
	right->count = NODE_KEYS - middle - 1;
	right->shared_size = left->shared_size;
	memcpy(right->shared, left->shared, left->shared_size);
	memcpy(right->prefix, &left->prefix[middle + 1], right->count * sizeof(left->prefix[0]));
	memcpy(right->entry, &left->entry[middle + 1], right->count * sizeof(left->entry[0]));
	if (!left->leaf)
		memcpy(right->child, &left->child[middle + 1], (right->count + 1) * sizeof(left->child[0]));
	left->count = middle;
	node_end(left);
	struct rising above = {.entry = left->entry[middle], .right = right};
	node_share(left);
	node_share(right);
	if (position <= middle)
		node_insert(left, position, below);
	else
		node_insert(right, position - middle - 1, below);
	return above;
}

static void
path_insert(struct memtable *table, const struct step *path, uint32_t depth, struct rising rising)
{
	struct arena *arena = &table->memory.arena;
	table->entries++;
	table->missed_depth = 0;
	if (arena->used >= HUGE_FROM_BYTES)
		arena->block_bytes = ARENA_HUGE_BYTES;
	while (depth > 0) {
		const struct step *step = &path[--depth];
		if (step->node->count < NODE_KEYS) {
			node_insert(step->node, step->position, &rising);
			return;
		}
		rising = node_split(table, step->node, step->position, &rising);
	}
	struct node *root = node_new(table, false);
	root->child[0] = table->root;
	node_insert(root, 0, &rising);
	table->root = root;
}

static struct entry *
entry_insert(struct memtable *table, const struct step *path, uint32_t depth, struct slice key, size_t room)
{
	struct entry *entry = entry_new(&table->memory, key, room);
	path_insert(table, path, depth, (struct rising){.entry = entry});
	return entry;
}

/* The entry of the key, made when absent, with room for a value of the size. */
static struct entry *
memtable_entry(struct memtable *table, struct slice key, size_t room)
{
	struct step path[DEPTH_MAX];
	bool found;
	if (table->missed_depth > 0 && slice_equal(slice_of(table->missed_key, table->missed_size), key))
		return entry_insert(table, table->missed, table->missed_depth, key, room);
	uint32_t depth = path_find(table, key, path, &found);
	if (!found)
		return entry_insert(table, path, depth, key, room);
	struct entry **place = &path[depth - 1].node->entry[path[depth - 1].position];
	size_t had = (*place)->value_room;
	if (room > had) {
		/* Half as much again as it had, so a row that grows step by step wastes a bounded share. */
		size_t grown = had + had / 2;
		*place = entry_new(&table->memory, key, room > grown ? room : grown);
	}
	return *place;
}

void
memtable_put(struct memtable *table, struct slice key, struct slice value)
{
	entry_write(memtable_entry(table, key, value.size), value);
}

enum memtable_hit
memtable_writable(struct memtable *table, struct slice key, uint8_t **value, size_t *size)
{
	bool found;
	*value = NULL;
	*size = 0;
	assert(key.size <= ROW_KEY_BYTES_MAX);
	uint32_t depth = path_find(table, key, table->missed, &found);
	table->missed_depth = found ? 0 : depth;
	if (!found) {
		table->missed_size = (uint16_t)key.size;
		memcpy(table->missed_key, key.data, key.size);
		return MEMTABLE_ABSENT;
	}
	struct entry *entry = table->missed[depth - 1].node->entry[table->missed[depth - 1].position];
	if (entry_hit(entry) == MEMTABLE_PRESENT) {
		*value = entry->bytes + entry->key_size;
		*size = entry->value_size;
	}
	return entry_hit(entry);
}

void
memtable_delete(struct memtable *table, struct slice key)
{
	memtable_entry(table, key, 0)->value_size = TOMBSTONE;
}

struct memtable *
memtable_new_of(struct arena_pages *pages)
{
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	arena.pages = pages;
	struct memtable *table = arena_zero(&arena, sizeof(*table));
	table->memory.arena = arena;
	table->root = node_new(table, true);
	return table;
}

struct memtable *
memtable_new(void)
{
	return memtable_new_of(NULL);
}

void
memtable_free(struct memtable *table)
{
	struct arena arena = table->memory.arena; /* the table ends with it */
	arena_free(&arena);
}
