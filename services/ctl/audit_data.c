/* services/ctl/audit_data.c
 *
 * Three readings of hot copies (copies.h). The journal's chain of hashes names an entry that
 * was changed, put in or taken out. The leaves in its facts, in their order, grow a tree that
 * the state's rows are held against: leaf, subtrees, frontier. Then the journal is replayed, and
 * each leaf is made anew from what it speaks of: salt, statement and the credential as signed.
 *
 * Who can write to the machine can rewrite all of that together; against him stands the
 * checkpoint that somebody else kept. */
#include "services/ctl/audit_data.h"

#include "services/ctl/chain.h"
#include "services/ctl/copies.h"
#include "services/ctl/ctl.h"
#include "services/ctl/entry.h"

#include "common/wire/pb.h"
#include "services/certificate/tables.h"
#include "services/certificate/transparency.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 256 << 10, REPLAY_MIB = 1024, SHOWN_MAX = 10 };

struct auditing {
	struct copies copies;
	const struct audit_state *old;
	struct store state; /* rows as they lie in the copy */
	uint64_t state_seq; /* the entry it stands for */
	struct merkle_frontier tree;
	struct arena arena; /* of one entry */
	uint64_t faults;
	uint64_t silent; /* leaves of whom was erased: nothing can be made of them */
};

static bool
wrong(struct auditing *auditing)
{
	return ++auditing->faults <= SHOWN_MAX;
}

static const char *
leaf_name(struct arena *arena, const Mt__LogEntry *leaf)
{
	return arena_format(arena, "leaf %llu (certificate %s, edition %u, of %s)", (unsigned long long)leaf->index,
			    leaf->certificate_id[0] != '\0' ? leaf->certificate_id : "unnamed", leaf->edition,
			    leaf->at[0] != '\0' ? leaf->at : "no time");
}

/* --- the state's rows ------------------------------------------------------------------------------------------- */

static struct key
leaf_key(uint64_t index)
{
	struct key key = key_of(TABLE_LOG_LEAF);
	key_u64(&key, index);
	return key;
}

static bool
same_bytes(const ProtobufCBinaryData *left, const ProtobufCBinaryData *right)
{
	return left->len == right->len && (left->len == 0 || memcmp(left->data, right->data, left->len) == 0);
}

/* A row whose person was erased has nothing but index and data left. */
static const char *
row_fault(const Mt__LogEntry *row, const Mt__LogEntry *leaf)
{
	bool is_silent = row->certificate_id[0] == '\0';
	if (row->index != leaf->index)
		return "holds another leaf";
	if (!same_bytes(&row->data, &leaf->data))
		return "has another hash";
	if (!is_silent && (row->kind != leaf->kind || strcmp(row->certificate_id, leaf->certificate_id) != 0 ||
			   row->edition != leaf->edition || strcmp(row->at, leaf->at) != 0 ||
			   !same_bytes(&row->credential_hash, &leaf->credential_hash)))
		return "says something else";
	return NULL;
}

static void
check_row(struct auditing *auditing, const Mt__LogEntry *leaf, uint64_t seq)
{
	struct slice bytes;
	struct key key = leaf_key(leaf->index);
	const char *fault = "is missing";
	if (seq > auditing->state_seq)
		return;
	if (store_get(&auditing->state, key_slice(&key), &bytes)) {
		const Mt__LogEntry *row =
			(const Mt__LogEntry *)pb_unpack_trusted(&mt__log_entry__descriptor, &auditing->arena, bytes);
		fault = row == NULL ? "cannot be read" : row_fault(row, leaf);
	}
	if (fault != NULL && wrong(auditing))
		alarm_say("%s of journal entry %llu: its row in the state %s", leaf_name(&auditing->arena, leaf),
			  (unsigned long long)seq, fault);
}

/* A subtree became complete; in the state it has to be the same. */
static void
check_node(void *context, unsigned level, uint64_t index, const uint8_t hash[HASH_BYTES])
{
	struct auditing *auditing = context;
	struct slice row;
	struct key key = key_of(TABLE_LOG_NODE);
	key_u8(&key, (uint8_t)level);
	key_u64(&key, index);
	if (level == 0)
		return;
	if (!store_get(&auditing->state, key_slice(&key), &row) || row.size != HASH_BYTES ||
	    memcmp(row.data, hash, HASH_BYTES) != 0) {
		if (wrong(auditing))
			alarm_say(
				"the state's subtree %llu of level %u, over leaves %llu to %llu, is not the one of its "
				"leaves",
				(unsigned long long)index, level, (unsigned long long)(index << level),
				(unsigned long long)(((index + 1) << level) - 1));
	}
}

/* The state's frontier is the tree's as it was at the state's entry; no row stands behind it. */
static void
check_head(struct auditing *auditing)
{
	struct slice row = slice_text("");
	struct key key = key_of(TABLE_LOG_HEAD);
	bool there = store_get(&auditing->state, key_slice(&key), &row);
	struct slice wanted = merkle_frontier_write(&auditing->arena, &auditing->tree);
	if ((auditing->tree.size > 0 || there) && !slice_equal(row, wanted) && wrong(auditing))
		alarm_say("the state's head of the log is not the one of its %llu leaves",
			  (unsigned long long)auditing->tree.size);
	uint8_t table = TABLE_LOG_LEAF;
	struct key from = leaf_key(auditing->tree.size);
	struct store_walk walk = store_walk_from(&auditing->state, slice_of(&table, 1), key_slice(&from));
	while (store_walk_next(&walk)) {
		if (wrong(auditing))
			alarm_say("the state has a row for leaf %llu, which no entry of the journal made",
				  (unsigned long long)get_u64(walk.key.data + walk.key.size - sizeof(uint64_t)));
	}
}

/* --- the journal's leaves --------------------------------------------------------------------------------------- */

/* The leaf in a fact; NULL if it has none. */
static const Mt__LogEntry *
leaf_of(const ProtobufCMessage *fact)
{
	for (unsigned i = 0; i < fact->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &fact->descriptor->fields[i];
		const Mt__LogEntry *leaf;
		if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED ||
		    field->descriptor != &mt__log_entry__descriptor)
			continue;
		memcpy(&leaf, (const char *)fact + field->offset, sizeof(leaf));
		return leaf;
	}
	return NULL;
}

static void
check_kept(struct auditing *auditing, struct arena *arena)
{
	const struct audit_state *old = auditing->old;
	if (old->kept && auditing->tree.size == old->checkpoint.size &&
	    !audit_tree_is(arena, &auditing->tree, &old->checkpoint, "the beginning of the journal's log"))
		wrong(auditing);
}

static bool
leaf_append(struct auditing *auditing, const Mt__LogEntry *leaf, uint64_t seq)
{
	uint8_t hash[HASH_BYTES];
	if (leaf->index != auditing->tree.size || leaf->data.len != HASH_BYTES) {
		wrong(auditing);
		return alarm_say("journal entry %llu has %s, where leaf %llu is due", (unsigned long long)seq,
				 leaf_name(&auditing->arena, leaf), (unsigned long long)auditing->tree.size);
	}
	check_row(auditing, leaf, seq);
	merkle_leaf_hash(slice_of(leaf->data.data, leaf->data.len), hash);
	merkle_append(&auditing->tree, hash, seq <= auditing->state_seq ? check_node : NULL, auditing);
	check_kept(auditing, &auditing->arena);
	return true;
}

static bool
journal_walk(struct auditing *auditing)
{
	struct journal_file *journal = auditing->copies.journal;
	uint64_t head = journal_file_head(journal);
	if (auditing->state_seq == 0)
		check_head(auditing);
	for (uint64_t seq = 1; seq <= head; seq++) {
		struct slice bytes;
		struct entry_view view;
		arena_reset(&auditing->arena);
		if (!journal_file_read(journal, seq, &bytes) ||
		    !entry_view_read(&view, auditing->copies.module, &auditing->arena, bytes))
			return alarm_say("journal entry %llu cannot be read", (unsigned long long)seq);
		for (size_t i = 0; i < view.facts_count; i++) {
			const Mt__LogEntry *leaf = leaf_of(view.facts[i]);
			if (leaf != NULL && !leaf_append(auditing, leaf, seq))
				return false;
		}
		if (seq == auditing->state_seq)
			check_head(auditing);
	}
	const struct note_checkpoint *kept = &auditing->old->checkpoint;
	if (auditing->old->kept && auditing->tree.size < kept->size)
		return alarm_say(
			"the journal's log has %llu leaves, the checkpoint that was kept has %s: it was rolled "
			"back",
			(unsigned long long)auditing->tree.size,
			audit_tree_text(&auditing->arena, kept->size, kept->root));
	return auditing->faults == 0;
}

/* --- what the leaves speak of ----------------------------------------------------------------------------------- */

static const Mt__EditionRecord *
edition_of(struct auditing *auditing, const struct replay *replay, const Mt__LogEntry *leaf)
{
	struct slice bytes;
	struct key key = key_of(TABLE_EDITION);
	struct id id;
	if (!id_parse(leaf->certificate_id, &id))
		return NULL;
	key_id_of(&key, leaf->certificate_id);
	key_u32(&key, leaf->edition);
	if (!store_get(replay_store(replay), key_slice(&key), &bytes))
		return NULL;
	ProtobufCMessage *edition = pb_unpack_trusted(&mt__edition_record__descriptor, &auditing->arena, bytes);
	if (edition != NULL)
		node_reveal(replay->node, &auditing->arena, edition);
	return (const Mt__EditionRecord *)edition;
}

/* The leaf has its salt, or its edition has; none of whom was erased. */
static ProtobufCBinaryData
salt_of(const Mt__LogEntry *leaf, const Mt__EditionRecord *edition)
{
	if (leaf->salt != NULL)
		return leaf->salt->salt;
	if (edition != NULL && edition->signed_edition != NULL)
		return edition->signed_edition->salt;
	return (ProtobufCBinaryData){0, NULL};
}

static const char *
opening_fault(struct auditing *auditing, const Mt__LogEntry *leaf, const Mt__EditionRecord *edition,
	      ProtobufCBinaryData salt)
{
	uint8_t hash[HASH_BYTES];
	if (leaf->kind < MT__LOG_STATEMENT__KIND__ISSUED || leaf->kind > MT__LOG_STATEMENT__KIND__CONFIRMED ||
	    (leaf->credential_hash.len != 0 && leaf->credential_hash.len != HASH_BYTES))
		return "says nothing that a leaf may say";
	hash_sha256_parts((const struct slice[]){slice_of(salt.data, salt.len), tlog_statement(&auditing->arena, leaf)},
			  2, hash);
	if (leaf->data.len != HASH_BYTES || memcmp(hash, leaf->data.data, HASH_BYTES) != 0)
		return "does not hash what it says";
	if (leaf->salt != NULL || leaf->credential_hash.len == 0)
		return NULL;
	const ProtobufCBinaryData *credential = &edition->signed_edition->credential;
	hash_sha256(slice_of(credential->data, credential->len), hash);
	return memcmp(hash, leaf->credential_hash.data, HASH_BYTES) == 0
		       ? NULL
		       : "has the hash of another credential than its edition";
}

static void
check_openings(struct auditing *auditing, const struct replay *replay)
{
	uint8_t table = TABLE_LOG_LEAF;
	struct store_walk walk = store_walk(replay_store(replay), slice_of(&table, 1));
	while (store_walk_next(&walk)) {
		arena_reset(&auditing->arena);
		ProtobufCMessage *row = pb_unpack_trusted(&mt__log_entry__descriptor, &auditing->arena, walk.value);
		assert(row != NULL); /* the replay wrote it */
		node_reveal(replay->node, &auditing->arena, row);
		const Mt__LogEntry *leaf = (const Mt__LogEntry *)row;
		const Mt__EditionRecord *edition = edition_of(auditing, replay, leaf);
		ProtobufCBinaryData salt = salt_of(leaf, edition);
		if (salt.len == 0) {
			auditing->silent++;
			continue;
		}
		const char *fault = opening_fault(auditing, leaf, edition, salt);
		if (fault != NULL && wrong(auditing))
			alarm_say("%s %s", leaf_name(&auditing->arena, leaf), fault);
	}
}

static bool
replay_opens(struct auditing *auditing)
{
	static struct replay replay;
	const struct copies *copies = &auditing->copies;
	uint64_t head = journal_file_head(copies->journal);
	if (head == 0)
		return true;
	replay_run(&replay, copies->module, copies->journal, &copies->keys, head, copies->scratch,
		   (uint64_t)REPLAY_MIB << 20);
	check_openings(auditing, &replay);
	replay_end(&replay);
	return auditing->faults == 0;
}

static bool
audit_copies(struct auditing *auditing, struct arena *arena)
{
	uint8_t root[HASH_BYTES];
	const struct copies *copies = &auditing->copies;
	if (!chain_check(copies->module, copies->journal))
		return alarm_say("the journal of certificate was changed");
	if (!copies_state_seq(copies, &auditing->state_seq))
		return alarm_say("the state of certificate is not one of its journal");
	struct memtable *none = memtable_new();
	auditing->state = (struct store){.top = none};
	if (copies->state != NULL)
		auditing->state.base = state_lmdb_base(copies->state);
	bool good = journal_walk(auditing) && replay_opens(auditing);
	memtable_free(none);
	merkle_root(&auditing->tree, root);
	if (good)
		printf("log of %s: %s, each made anew from what it says, %llu of them of people who were erased\n",
		       copies->data, audit_tree_text(arena, auditing->tree.size, root),
		       (unsigned long long)auditing->silent);
	else if (auditing->faults > SHOWN_MAX)
		say("and %llu more", (unsigned long long)(auditing->faults - SHOWN_MAX));
	return good;
}

bool
audit_data(const char *data, const struct audit_state *old, struct arena *arena)
{
	static struct auditing auditing;
	const struct module *module = service_find("certificate");
	auditing = (struct auditing){.copies = {.module = module, .data = data, .name = "audit"}, .old = old};
	if (!journal_is_there(data, module->name)) {
		say("%s holds no journal of certificate", data);
		return false;
	}
	arena_init(&auditing.arena, ARENA_BLOCK_BYTES, 0);
	bool good = copies_open(&auditing.copies) && audit_copies(&auditing, arena);
	copies_remove(&auditing.copies);
	arena_free(&auditing.arena);
	return good;
}
