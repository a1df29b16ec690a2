/* tests/sim/check_log.c
 *
 * What a stranger relies on: the transparency log and the status lists. The log's root is
 * computed anew from the facts by the definition of RFC 6962 alone, in the plainest way;
 * a bit must say what the certificate's rows say, and no two editions share one. */
#include "tests/sim/check.h"

#include "common/credential/bits.h"
#include "services/certificate/tables.h"
#include "services/certificate/transparency.h"
#include "tests/sim/ledger.h"

#include <assert.h>
#include <stdlib.h>

#include "common/wire/pb.h"
#include "matricula/certificate.pb-c.h"
#include "matricula/status_list.pb-c.h"

enum { PIECE_BYTES = 1024, PIECE_BITS = PIECE_BYTES * 8 };

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

/* --- status lists --------------------------------------------------------------------------------------------------
 */

struct lists {
	struct sim *sim;
	const char *name;
	struct memtable *seen; /* institution, list, index */
	struct arena arena;
};

static const void *
row(struct lists *lists, const struct key *key, const ProtobufCMessageDescriptor *type)
{
	struct slice value;
	if (!store_get(certificate_store(lists->sim), key_slice(key), &value))
		return NULL;
	return pb_unpack_trusted(type, &lists->arena, value);
}

static bool
bit_of(const struct lists *lists, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose)
{
	struct slice piece;
	uint32_t within = edition->status_index % PIECE_BITS;
	struct key key = key_of(TABLE_STATUS_BITS);
	key_id_of(&key, edition->school_id);
	key_u32(&key, edition->status_list);
	key_u8(&key, (uint8_t)purpose);
	key_u32(&key, edition->status_index / PIECE_BITS);
	if (!store_get(certificate_store(lists->sim), key_slice(&key), &piece))
		return false;
	return (piece.data[within / 8] & 0x80 >> within % 8) != 0;
}

static void
check_edition(struct lists *lists, const Mt__EditionRecord *edition)
{
	struct slice before;
	struct key place = key_of(0);
	key_id_of(&place, edition->school_id);
	key_u32(&place, edition->status_list);
	key_u32(&place, edition->status_index);
	if (memtable_get(lists->seen, key_slice(&place), &before) == MEMTABLE_PRESENT)
		world_blame(lists->sim, lists->name, "index %u of list %u was given twice", edition->status_index,
			    edition->status_list);
	memtable_put(lists->seen, key_slice(&place), slice_text("1"));
	if (edition->status_index >= BITS_ENTRIES)
		world_blame(lists->sim, lists->name, "index %u is beyond the list", edition->status_index);
	struct key key = key_of(TABLE_CERTIFICATE);
	key_id_of(&key, edition->certificate_id);
	const Mt__CertificateRecord *certificate = row(lists, &key, &mt__certificate_record__descriptor);
	if (certificate == NULL)
		return;
	bool superseded = edition->superseded_at[0] != '\0';
	bool revoked = superseded || certificate->state == MT__CERTIFICATE__STATE__REVOKED;
	bool suspended = !superseded && certificate->state == MT__CERTIFICATE__STATE__SUSPENDED;
	if (bit_of(lists, edition, MT__STATUS_LIST__PURPOSE__REVOCATION) != revoked)
		world_blame(lists->sim, lists->name,
			    "edition %u of certificate %s is %srevoked, its bit says otherwise", edition->edition,
			    edition->certificate_id, revoked ? "" : "not ");
	if (suspended && !bit_of(lists, edition, MT__STATUS_LIST__PURPOSE__SUSPENSION))
		world_blame(lists->sim, lists->name, "certificate %s is suspended, its bit says otherwise",
			    edition->certificate_id);
}

void
check_status_lists(struct sim *sim, const struct office *office, const char *name)
{
	struct lists lists = {.sim = sim, .name = name};
	struct key table = key_of(TABLE_EDITION);
	(void)office;
	arena_init(&lists.arena, 64 << 10, 0);
	lists.seen = memtable_new();
	struct store_walk walk = store_walk(certificate_store(sim), key_slice(&table));
	while (store_walk_next(&walk) && !world_blamed(sim)) {
		arena_reset(&lists.arena);
		const Mt__EditionRecord *edition =
			(const void *)pb_unpack_trusted(&mt__edition_record__descriptor, &lists.arena, walk.value);
		if (edition != NULL && edition->status_list > 0)
			check_edition(&lists, edition);
	}
	memtable_free(lists.seen);
	arena_free(&lists.arena);
}
