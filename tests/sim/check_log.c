/* tests/sim/check_log.c
 *
 * What an auditor relies on: the log's root is computed anew from the facts by the definition
 * of RFC 6962 alone, in the plainest way. */
#include "tests/sim/check.h"

#include "services/certificate/transparency.h"
#include "tests/sim/ledger.h"

#include <assert.h>
#include <stdlib.h>

static uint32_t
certificate_node(void)
{
	return world_owner("certificate");
}

static const struct store *
certificate_store(const struct sim *sim)
{
	return node_store(sim->processes[certificate_node()].node);
}

/* --- the log ------------------------------------------------------------------------------------------------------ */

struct leaves {
	uint8_t (*data)[HASH_BYTES];
	size_t count;
	size_t room;
};

/* Any fact with a field leaf adds to the log. */
static const Mt__LogEntry *
leaf_of(const ProtobufCMessage *fact)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(fact->descriptor, "leaf");
	const Mt__LogEntry *leaf;
	if (field == NULL || field->descriptor != &mt__log_entry__descriptor)
		return NULL;
	memcpy(&leaf, (const char *)fact + field->offset, sizeof(const void *));
	return leaf;
}

static void
leaf_add(struct leaves *leaves, const Mt__LogEntry *leaf)
{
	if (leaves->count == leaves->room) {
		leaves->room = leaves->room * 2 + 64;
		leaves->data = realloc(leaves->data, leaves->room * HASH_BYTES);
		assert(leaves->data != NULL);
	}
	assert(leaf->data.len == HASH_BYTES);
	memcpy(leaves->data[leaves->count++], leaf->data.data, HASH_BYTES);
}

static void
leaves_read(struct sim *sim, struct leaves *leaves, const char *name)
{
	struct arena arena;
	const struct disk *disk = &sim->processes[certificate_node()].disk;
	arena_init(&arena, 64 << 10, 0);
	for (uint64_t seq = 1; seq <= disk->head; seq++) {
		struct ledger_entry entry;
		arena_reset(&arena);
		if (!ledger_read(world_modules[certificate_node()], &arena, disk_entry(disk, seq), &entry))
			continue;
		for (size_t i = 0; i < entry.facts_count; i++) {
			const Mt__LogEntry *leaf = leaf_of(entry.facts[i]);
			if (leaf == NULL)
				continue;
			if (leaf->index != leaves->count)
				world_blame(sim, name, "leaf %zu of the log has index %llu", leaves->count,
					    (unsigned long long)leaf->index);
			leaf_add(leaves, leaf);
		}
	}
	arena_free(&arena);
}

/* RFC 6962, section 2.1, to the letter. */
static void
tree_hash(uint8_t (*data)[HASH_BYTES], size_t count, uint8_t hash[HASH_BYTES])
{
	uint8_t left[HASH_BYTES];
	uint8_t right[HASH_BYTES];
	if (count == 1) {
		struct slice parts[] = {slice_of("\x00", 1), slice_of(data[0], HASH_BYTES)};
		hash_sha256_parts(parts, 2, hash);
		return;
	}
	size_t split = 1;
	while (split * 2 < count)
		split *= 2;
	tree_hash(data, split, left);
	tree_hash(data + split, count - split, right);
	struct slice parts[] = {slice_of("\x01", 1), slice_of(left, HASH_BYTES), slice_of(right, HASH_BYTES)};
	hash_sha256_parts(parts, 3, hash);
}

void
check_log(struct sim *sim, const struct office *office, const char *name)
{
	struct leaves leaves = {.data = NULL};
	struct merkle_frontier head;
	uint8_t root[HASH_BYTES];
	uint8_t wanted[HASH_BYTES];
	(void)office;
	leaves_read(sim, &leaves, name);
	tlog_head(certificate_store(sim), &head);
	if (head.size != leaves.count)
		world_blame(sim, name, "the log has %llu leaves, the facts have %zu", (unsigned long long)head.size,
			    leaves.count);
	if (leaves.count > 0 && head.size == leaves.count) {
		merkle_root(&head, root);
		tree_hash(leaves.data, leaves.count, wanted);
		if (memcmp(root, wanted, HASH_BYTES) != 0)
			world_blame(sim, name, "the root over %zu leaves is another", leaves.count);
	}
	free(leaves.data);
}
