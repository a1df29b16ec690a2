/* services/certificate/transparency.c
 *
 * Every issue, correction, revocation, suspension and reinstatement is a leaf of one
 * Merkle tree (common/credential/merkle.h), appended by the fact that makes it so. Rows
 * hold the leaves, every complete subtree above them, and the frontier, so that a proof
 * reads one row a level.
 *
 * A leaf is the hash of a salt and a statement. An edition's salt lies with the edition,
 * any other leaf's in its own row, sealed; with the person they go, and what is left is a
 * hash that nobody can open.
 *
 * It promises that the tree of a checkpoint is the beginning of the tree of every later one. */
#include "services/certificate/transparency.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/core/access.h"
#include "common/credential/note.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/issuer_key.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/tables.h"

#include <sodium.h>

enum { STATEMENT_BYTES_MAX = 1024 };

static const char *const statement_names[] = {
	[MT__LOG_STATEMENT__KIND__UNSET] = "",
	[MT__LOG_STATEMENT__KIND__ISSUED] = "issued",
	[MT__LOG_STATEMENT__KIND__CORRECTED] = "corrected",
	[MT__LOG_STATEMENT__KIND__REVOKED] = "revoked",
	[MT__LOG_STATEMENT__KIND__SUSPENDED] = "suspended",
	[MT__LOG_STATEMENT__KIND__REINSTATED] = "reinstated",
	[MT__LOG_STATEMENT__KIND__RECORDED] = "recorded",
	[MT__LOG_STATEMENT__KIND__CONFIRMED] = "confirmed",
};

/* --- rows ------------------------------------------------------------------------------------------------------- */

static struct key
leaf_key(uint64_t index)
{
	struct key key = key_of(TABLE_LOG_LEAF);
	key_u64(&key, index);
	return key;
}

static struct key
node_key(unsigned level, uint64_t index)
{
	struct key key = key_of(TABLE_LOG_NODE);
	key_u8(&key, (uint8_t)level);
	key_u64(&key, index);
	return key;
}

static struct key
leaves_of_key(const char *certificate_id)
{
	struct key key = key_of(TABLE_LOG_OF);
	key_id_of(&key, certificate_id);
	return key;
}

void
tlog_head(const struct store *store, struct merkle_frontier *head)
{
	struct slice row;
	struct key key = key_of(TABLE_LOG_HEAD);
	*head = (struct merkle_frontier){.size = 0};
	if (!store_get(store, key_slice(&key), &row))
		return;
	bool sound = merkle_frontier_read(row, head);
	assert(sound);
}

/* A leaf's own hash follows from its row; subtrees above have one. */
static bool
node_read(void *context, unsigned level, uint64_t index, uint8_t hash[HASH_BYTES])
{
	struct call *call = context;
	if (level == 0) {
		struct key key = leaf_key(index);
		const Mt__LogEntry *leaf = call_record(call, &key, &mt__log_entry__descriptor);
		if (leaf == NULL)
			return false;
		merkle_leaf_hash(slice_of(leaf->data.data, leaf->data.len), hash);
		return true;
	}
	struct slice row;
	struct key key = node_key(level, index);
	if (!store_get(call_store(call), key_slice(&key), &row))
		return false;
	assert(row.size == HASH_BYTES);
	memcpy(hash, row.data, HASH_BYTES);
	return true;
}

Mt__LogEntry **
tlog_leaves_of(struct call *call, const char *certificate_id, size_t *count)
{
	struct key of = leaves_of_key(certificate_id);
	size_t all = 0;
	struct store_walk walk = store_walk(call_store(call), key_slice(&of));
	while (store_walk_next(&walk))
		all++;
	Mt__LogEntry **leaves = arena_alloc(call_arena(call), (all + 1) * sizeof(Mt__LogEntry *));
	*count = 0;
	walk = store_walk(call_store(call), key_slice(&of));
	while (*count < all && store_walk_next(&walk)) {
		struct key key = leaf_key(get_u64(walk.key.data + walk.key.size - sizeof(uint64_t)));
		leaves[(*count)++] = (Mt__LogEntry *)call_record(call, &key, &mt__log_entry__descriptor);
	}
	return leaves;
}

/* --- leaves ----------------------------------------------------------------------------------------------------- */

/* Nothing in it has to be escaped. */
struct slice
tlog_statement(struct arena *arena, const Mt__LogEntry *leaf)
{
	struct buf buf;
	char hash[TEXT_BASE64_BYTES(HASH_BYTES)];
	buf_init(&buf, STATEMENT_BYTES_MAX);
	buf_text(&buf, "{\"at\":\"");
	buf_text(&buf, leaf->at);
	buf_text(&buf, "\",\"certificate\":\"");
	buf_text(&buf, leaf->certificate_id);
	if (leaf->credential_hash.len > 0) {
		assert(leaf->credential_hash.len == HASH_BYTES);
		text_base64url(slice_of(leaf->credential_hash.data, HASH_BYTES), hash);
		buf_text(&buf, "\",\"credential\":\"");
		buf_text(&buf, hash);
	}
	buf_text(&buf, "\",\"edition\":");
	buf_number(&buf, leaf->edition);
	buf_text(&buf, ",\"statement\":\"");
	buf_text(&buf, statement_names[leaf->kind]);
	buf_text(&buf, "\"}");
	assert(!buf_failed(&buf));
	struct slice text = arena_copy(arena, buf_slice(&buf));
	buf_free(&buf);
	return text;
}

/* The log's keys lie under the root authority. */
static bool
log_keys(struct call *call, struct issuer_keys *keys)
{
	const Mt__AuthorityRecord *root = tree_root(call_store(call), call_arena(call));
	if (root == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "there are no authorities yet");
		return false;
	}
	issuer_keys_read(call, root->authority_id, SERIES_LOG, keys);
	return true;
}

bool
tlog_begin(struct call *call, struct tlog_places *places)
{
	struct issuer_keys keys;
	struct merkle_frontier head;
	tlog_head(call_store(call), &head);
	places->next = head.size;
	if (!log_keys(call, &keys))
		return false;
	if (keys.signs != NULL)
		return true;
	struct signing_key key;
	bool made = issuer_key_make(call, &keys, &key);
	sodium_memzero(&key, sizeof(key));
	return made;
}

void
tlog_leaf(struct call *call, struct tlog_places *places, Mt__LogEntry *leaf, const uint8_t *salt)
{
	uint8_t *data = arena_alloc(call_arena(call), LOG_DATA_BYTES);
	struct slice parts[] = {slice_of(salt, LOG_SALT_BYTES), tlog_statement(call_arena(call), leaf)};
	hash_sha256_parts(parts, 2, data);
	leaf->index = places->next++;
	leaf->data = (ProtobufCBinaryData){LOG_DATA_BYTES, data};
}

/* --- checkpoints ------------------------------------------------------------------------------------------------ */

/* "training.example.vn/log": the name of the log and of its key. */
static const char *
origin_of(struct call *call)
{
	struct public_url url = public_url_now(call);
	return arena_format(call_arena(call), "%s/log", url.url + strlen("https://"));
}

static struct slice
checkpoint_sign(struct call *call, const struct merkle_frontier *head, const char *origin,
		const struct signing_key *key)
{
	struct arena *arena = call_arena(call);
	struct note_checkpoint checkpoint = {
		.origin = slice_text(origin),
		.size = head->size,
		.extensions = slice_text(arena_format(arena, "time %s\n", issuer_key_now(call))),
	};
	merkle_root(head, checkpoint.root);
	struct slice text = note_checkpoint_format(arena, &checkpoint);
	return note_sign(arena, text, slice_text(origin), key->secret);
}

/* The tree and the key that signs it; false and refused while there is none. */
static bool
log_open(struct call *call, struct merkle_frontier *head, struct signing_key *key)
{
	struct issuer_keys keys;
	tlog_head(call_store(call), head);
	if (head->size == 0) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "the log is empty: nothing was issued yet");
		return false;
	}
	if (!log_keys(call, &keys))
		return false;
	assert(keys.signs != NULL); /* tlog_begin made it before the first leaf */
	return issuer_key_reopen(call, keys.signs, key);
}

const char *
tlog_checkpoint(struct call *call)
{
	struct merkle_frontier head;
	struct signing_key key;
	if (!log_open(call, &head, &key))
		return NULL;
	struct slice note = checkpoint_sign(call, &head, origin_of(call), &key);
	sodium_memzero(&key, sizeof(key));
	return arena_text(call_arena(call), note);
}

static void
transparency_log_checkpoint(Mt__TransparencyLog_Service *service, const Mt__CheckpointRequest *in,
			    Mt__CheckpointReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	struct merkle_frontier head;
	struct signing_key key;
	Mt__CheckpointReply out = MT__CHECKPOINT_REPLY__INIT;
	if (!log_open(call, &head, &key))
		return;
	const char *origin = origin_of(call);
	struct slice note = checkpoint_sign(call, &head, origin, &key);
	struct note_key public_key =
		note_key_make(slice_text(origin), key.secret + NOTE_SECRET_BYTES - NOTE_PUBLIC_BYTES);
	sodium_memzero(&key, sizeof(key));
	out.note = arena_text(call_arena(call), note);
	out.key = (char *)note_key_format(call_arena(call), &public_key);
	out.size = head.size;
	reply(&out, call);
}

/* --- proofs ----------------------------------------------------------------------------------------------------- */

static void
transparency_log_entries(Mt__TransparencyLog_Service *service, const Mt__LogEntriesRequest *in,
			 Mt__LogEntriesReply_Closure reply, void *call)
{
	(void)service;
	struct merkle_frontier head;
	uint32_t count = in->count == 0 ? LOG_ENTRIES_MAX : in->count;
	tlog_head(call_store(call), &head);
	if (count > LOG_ENTRIES_MAX) {
		call_refuse_field(call, "count", "field count is beyond %d", LOG_ENTRIES_MAX);
		return;
	}
	if (in->from > head.size) {
		call_refuse_field(call, "from", "field from: the log has %llu leaves", (unsigned long long)head.size);
		return;
	}
	Mt__LogEntriesReply out = MT__LOG_ENTRIES_REPLY__INIT;
	out.from = in->from;
	out.data = arena_zero(call_arena(call), (count + 1) * sizeof(*out.data));
	for (uint64_t index = in->from; index < head.size && out.n_data < count; index++) {
		struct key key = leaf_key(index);
		const Mt__LogEntry *leaf = call_record(call, &key, &mt__log_entry__descriptor);
		assert(leaf != NULL);
		out.data[out.n_data++] = leaf->data;
	}
	reply(&out, call);
}

static ProtobufCBinaryData *
hashes_of(struct call *call, const struct merkle_proof *proof, size_t *count)
{
	ProtobufCBinaryData *hashes = arena_zero(call_arena(call), (proof->count + 1) * sizeof(*hashes));
	for (size_t i = 0; i < proof->count; i++) {
		struct slice hash = arena_copy(call_arena(call), slice_of(proof->hashes[i], HASH_BYTES));
		hashes[i] = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)hash.data};
	}
	*count = proof->count;
	return hashes;
}

/* The root of the log when it had that many leaves: the frontier of then, read from the complete subtrees. */
static ProtobufCBinaryData
root_at(struct call *call, uint64_t size)
{
	struct merkle_frontier frontier = {.size = size};
	uint64_t left = size;
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if ((size >> level & 1) == 0)
			continue;
		left = (size >> level) - 1;
		bool there = node_read(call, level, left, frontier.peaks[level]);
		assert(there);
	}
	uint8_t *root = arena_alloc(call_arena(call), HASH_BYTES);
	merkle_root(&frontier, root);
	return (ProtobufCBinaryData){HASH_BYTES, root};
}

static void
transparency_log_consistency(Mt__TransparencyLog_Service *service, const Mt__ConsistencyRequest *in,
			     Mt__ConsistencyReply_Closure reply, void *call)
{
	(void)service;
	struct merkle_frontier head;
	struct merkle_proof proof;
	Mt__ConsistencyReply out = MT__CONSISTENCY_REPLY__INIT;
	tlog_head(call_store(call), &head);
	out.old_size = in->old_size;
	out.new_size = in->new_size == 0 ? head.size : in->new_size;
	if (out.new_size > head.size) {
		call_refuse_field(call, "new_size", "field new_size: the log has %llu leaves",
				  (unsigned long long)head.size);
		return;
	}
	if (out.old_size > out.new_size) {
		call_refuse_field(call, "old_size", "field old_size is beyond the newer size, %llu",
				  (unsigned long long)out.new_size);
		return;
	}
	const char *wrong = merkle_consistency_prove(out.old_size, out.new_size, node_read, call, &proof);
	assert(wrong == NULL);
	out.old_root = root_at(call, out.old_size);
	out.new_root = root_at(call, out.new_size);
	out.hashes = hashes_of(call, &proof, &out.n_hashes);
	reply(&out, call);
}

bool
tlog_inclusion(struct call *call, const Mt__EditionRecord *edition, Mt__InclusionReply *out)
{
	struct merkle_frontier head;
	struct merkle_proof proof;
	struct key key = leaf_key(edition->log_index);
	const Mt__LogEntry *leaf = call_record(call, &key, &mt__log_entry__descriptor);
	if (leaf == NULL || edition->signed_edition == NULL || edition->signed_edition->salt.len == 0) {
		call_refuse(call, MT__STATUS__NOT_FOUND,
			    "of edition %u of certificate %s the log holds nothing that could be shown",
			    edition->edition, edition->certificate_id);
		return false;
	}
	const char *note = tlog_checkpoint(call);
	if (note == NULL)
		return false;
	tlog_head(call_store(call), &head);
	const char *wrong = merkle_inclusion_prove(leaf->index, head.size, node_read, call, &proof);
	assert(wrong == NULL);
	out->index = leaf->index;
	out->salt = edition->signed_edition->salt;
	out->statement = arena_text(call_arena(call), tlog_statement(call_arena(call), leaf));
	out->hashes = hashes_of(call, &proof, &out->n_hashes);
	out->checkpoint = (char *)note;
	return true;
}

/* Whether there is such a certificate, and how many editions of it, is told only to whom it is shown. */
static void
transparency_log_inclusion(Mt__TransparencyLog_Service *service, const Mt__InclusionRequest *in,
			   Mt__InclusionReply_Closure reply, void *call)
{
	(void)service;
	Mt__InclusionReply out = MT__INCLUSION_REPLY__INIT;
	const Mt__EditionRecord *edition;
	if (certificate_for_reader(call, in->certificate_id, in->edition, in->token, &edition) == NULL)
		return;
	if (tlog_inclusion(call, edition, &out))
		reply(&out, call);
}

Mt__TransparencyLog_Service transparency_log = MT__TRANSPARENCY_LOG__INIT(transparency_log_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
node_made(void *context, unsigned level, uint64_t index, const uint8_t hash[HASH_BYTES])
{
	struct apply *apply = context;
	if (level == 0)
		return;
	struct key key = node_key(level, index);
	apply_put_bytes(apply, &key, slice_of(hash, HASH_BYTES));
}

void
tlog_apply(struct apply *apply, const Mt__LogEntry *leaf)
{
	struct merkle_frontier head;
	uint8_t hash[HASH_BYTES];
	struct key key = leaf_key(leaf->index);
	struct key head_row = key_of(TABLE_LOG_HEAD);
	tlog_head(apply_store(apply), &head);
	assert(leaf->index == head.size); /* else two leaves of one call did not share their places */
	apply_put(apply, &key, &leaf->base);
	if (leaf->salt != NULL) {
		struct key of = leaves_of_key(leaf->certificate_id);
		key_u64(&of, leaf->index);
		apply_put_bytes(apply, &of, slice_text(""));
	}
	merkle_leaf_hash(slice_of(leaf->data.data, leaf->data.len), hash);
	bool grown = merkle_append(&head, hash, node_made, apply);
	assert(grown);
	apply_put_bytes(apply, &head_row, merkle_frontier_write(apply_arena(apply), &head));
}

/* What is left is the index and the hash. */
static void
leaf_silence(struct apply *apply, uint64_t index)
{
	struct key key = leaf_key(index);
	const Mt__LogEntry *leaf = apply_record(apply, &key, &mt__log_entry__descriptor);
	if (leaf == NULL)
		return;
	Mt__LogEntry silent = MT__LOG_ENTRY__INIT;
	silent.index = leaf->index;
	silent.data = leaf->data;
	apply_put(apply, &key, &silent.base);
}

void
tlog_apply_erased(struct apply *apply, const char *certificate_id)
{
	struct key of = leaves_of_key(certificate_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&of));
	while (store_walk_next(&walk)) {
		struct key row = key_copy(walk.key);
		leaf_silence(apply, get_u64(row.data + row.size - sizeof(uint64_t)));
		apply_delete(apply, &row);
	}
	struct key editions = key_of(TABLE_EDITION);
	key_id_of(&editions, certificate_id);
	walk = store_walk(apply_store(apply), key_slice(&editions));
	while (store_walk_next(&walk)) {
		const Mt__EditionRecord *edition = apply_unpack(apply, &mt__edition_record__descriptor, walk.value);
		if (edition->key_id[0] != '\0') /* paper that was not confirmed was not signed */
			leaf_silence(apply, edition->log_index);
	}
}
