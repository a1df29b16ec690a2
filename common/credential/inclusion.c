/* common/credential/inclusion.c */
#include "common/credential/inclusion.h"

#include "common/base/date.h"
#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/credential/jcs.h"
#include "common/credential/merkle.h"

enum { SALT_BYTES_MAX = 64, NUMBER_DIGITS_MAX = 15 };

void
inclusion_data(struct slice salt, struct slice statement, uint8_t data[HASH_BYTES])
{
	hash_sha256_parts((const struct slice[]){salt, statement}, 2, data);
}

static struct slice
member_text(const struct jcs_value *object, const char *name)
{
	const struct jcs_value *member = jcs_member(object, name);
	return member != NULL && member->kind == JSON_STRING ? member->text : slice_of(NULL, 0);
}

/* ProtoJSON writes a 64-bit integer as a string, and 0 not at all. */
static bool
index_read(const struct jcs_value *root, uint64_t *index)
{
	const struct jcs_value *member = jcs_member(root, "index");
	*index = 0;
	if (member == NULL)
		return true;
	if ((member->kind != JSON_STRING && member->kind != JSON_NUMBER) || member->text.size == 0 ||
	    member->text.size > NUMBER_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < member->text.size; i++) {
		uint8_t digit = member->text.data[i];
		if (digit < '0' || digit > '9')
			return false;
		*index = *index * 10 + (uint64_t)(digit - '0');
	}
	return true;
}

static bool
proof_read(const struct jcs_value *root, struct merkle_proof *proof)
{
	const struct jcs_value *hashes = jcs_member(root, "hashes");
	proof->count = 0;
	if (hashes == NULL)
		return true; /* a log of one leaf */
	if (hashes->kind != JSON_ARRAY)
		return false;
	for (const struct jcs_value *at = hashes->first; at != NULL; at = at->next) {
		size_t size;
		if (proof->count == MERKLE_PROOF_MAX || at->kind != JSON_STRING ||
		    !text_from_base64(at->text, proof->hashes[proof->count], HASH_BYTES, &size) || size != HASH_BYTES)
			return false;
		proof->count++;
	}
	return true;
}

/* The statement names the credential by the hash of its bytes, and says that it came to be: that it was revoked
 * stands in the log as well. */
static bool
speaks_of(struct arena *arena, struct slice statement, struct slice credential)
{
	static const char *const kinds[] = {"issued", "corrected", "confirmed"};
	bool came_to_be = false;
	uint8_t hash[HASH_BYTES];
	char text[TEXT_BASE64_BYTES(HASH_BYTES)];
	struct jcs_tree tree = jcs_parse(arena, statement);
	hash_sha256(credential, hash);
	text_base64url(slice_of(hash, sizeof(hash)), text);
	for (size_t i = 0; tree.root != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		came_to_be = came_to_be || jcs_member_is(tree.root, "statement", kinds[i]);
	return came_to_be && jcs_member_is(tree.root, "credential", text);
}

static const char *
checkpoint_read(struct arena *arena, struct slice signed_note, const struct note_key *log, struct inclusion *inclusion)
{
	struct note note;
	const char *fault = note_parse(signed_note, &note);
	if (fault == NULL)
		fault = note_fault(&note, log);
	if (fault == NULL)
		fault = note_checkpoint_parse(note.text, &inclusion->checkpoint);
	if (fault != NULL)
		return fault;
	struct slice at = note_checkpoint_extension(&inclusion->checkpoint, "time");
	if (at.data == NULL || !instant_parse(arena_text(arena, at), &inclusion->checkpoint_us))
		inclusion->checkpoint_us = INT64_MIN;
	return NULL;
}

const char *
inclusion_fault(struct arena *arena, struct slice json, struct slice credential, const struct note_key *log,
		struct inclusion *inclusion)
{
	uint8_t salt[SALT_BYTES_MAX];
	uint8_t data[HASH_BYTES];
	uint8_t leaf[HASH_BYTES];
	size_t salt_size;
	struct merkle_proof proof;
	struct jcs_tree tree = jcs_parse(arena, json);
	if (tree.root == NULL || tree.root->kind != JSON_OBJECT)
		return "this is no proof of inclusion";
	struct slice statement = member_text(tree.root, "statement");
	if (!index_read(tree.root, &inclusion->index) || !proof_read(tree.root, &proof) ||
	    !text_from_base64(member_text(tree.root, "salt"), salt, sizeof(salt), &salt_size))
		return "this is no proof of inclusion";
	if (!speaks_of(arena, statement, credential))
		return "the proof of inclusion is of another credential";
	const char *fault = checkpoint_read(arena, member_text(tree.root, "checkpoint"), log, inclusion);
	if (fault != NULL)
		return fault;
	inclusion_data(slice_of(salt, salt_size), statement, data);
	merkle_leaf_hash(slice_of(data, sizeof(data)), leaf);
	return merkle_inclusion_fault(inclusion->index, inclusion->checkpoint.size, leaf, &proof,
				      inclusion->checkpoint.root);
}
