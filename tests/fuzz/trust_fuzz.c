/* tests/fuzz/trust_fuzz.c
 *
 * Bytes as the files that a verifier holds: a DID document, a status list, a proof of
 * inclusion. What is read of them is whole; a list is believed only if it is signed, so what
 * parses is signed by us and read again, to get past the signature. */
#include "common/credential/did.h"
#include "common/credential/inclusion.h"
#include "common/credential/proof.h"
#include "common/credential/status.h"

#include "common/credential/bits.h"

#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pair {
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
};

static void
hold(bool condition)
{
	if (!condition)
		abort();
}

/* Whoever the list names as its issuer has our key under any name. */
static enum check_key_found
find_key(void *context, const char *did, const char *key_id, struct check_key *key)
{
	const struct pair *pair = context;
	hold(did[0] != '\0' && key_id != NULL);
	*key = (struct check_key){
		.alg = JWT_EDDSA,
		.public_key = slice_of(pair->public_key, PROOF_PUBLIC_BYTES),
		.active_from_us = INT64_MIN,
		.retired_us = INT64_MAX,
		.compromised_since_us = INT64_MAX,
	};
	return CHECK_KEY_FOUND;
}

static void
check_list(struct arena *arena, struct slice text, struct pair *pair)
{
	struct status_list list;
	struct check_issuers issuers = {find_key, pair};
	bool is_set;
	const char *fault = status_list_read(arena, text, &issuers, &list);
	if (fault != NULL) {
		hold(fault[0] != '\0');
		return;
	}
	hold(list.issuer[0] != '\0' && list.bits.size <= BITS_BYTES && list.bits.size >= BITS_ENTRIES_MIN / 8);
	hold(bits_get(list.bits, list.bits.size * 8, &is_set) != NULL);
}

static void
check_signed_list(struct arena *arena, const struct jcs_value *root, struct pair *pair)
{
	const struct jcs_value *contexts = jcs_member(root, "@context");
	const struct jcs_value *issuer = jcs_member(root, "issuer");
	if (contexts == NULL || issuer == NULL || issuer->kind != JSON_STRING || root->first == NULL)
		return;
	struct slice document = jcs_text(arena, root, "proof");
	const char *options = arena_format(
		arena,
		"{\"@context\":%s,\"created\":\"2026-03-02T08:00:00Z\",\"cryptosuite\":\"eddsa-jcs-2022\","
		"\"proofPurpose\":\"assertionMethod\",\"type\":\"DataIntegrityProof\",\"verificationMethod\":\"%s#k\"",
		arena_text(arena, jcs_text(arena, contexts, NULL)), arena_text(arena, issuer->text));
	const char *value =
		proof_sign_texts(arena, slice_text(arena_format(arena, "%s}", options)), document, pair->secret);
	const char *whole = arena_format(arena, "%.*s,\"proof\":%s,\"proofValue\":\"%s\"}}", (int)document.size - 1,
					 (const char *)document.data, options, value);
	check_list(arena, slice_text(whole), pair);
}

static void
check_document(struct arena *arena, const struct jcs_value *root)
{
	static const char *const names[] = {"key-1", "key-2", "log-1", ""};
	const char *did = did_document_id(arena, root);
	if (did == NULL)
		return;
	hold(did[0] != '\0' && did_document_is(root, did));
	const char *host = did_host(arena, did);
	hold(host == NULL || strchr(host, '%') != NULL || strcmp(did_host(arena, did_of_host(arena, host)), host) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct check_key key;
		if (!did_document_key(arena, root, names[i], &key))
			continue;
		hold(key.public_key.size > 0);
		hold(key.alg == JWT_RS256 || key.public_key.size == PROOF_PUBLIC_BYTES);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct pair pair;
	struct inclusion inclusion;
	const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
	arena_init(&arena, 1 << 20, 0);
	crypto_sign_seed_keypair(pair.public_key, pair.secret, seed);
	struct jcs_tree tree = jcs_parse_upto(&arena, slice_of(data, size), JCS_LARGE_BYTES_MAX);
	if (tree.root != NULL && tree.root->kind == JSON_OBJECT) {
		check_document(&arena, tree.root);
		check_signed_list(&arena, tree.root, &pair);
	}
	check_list(&arena, slice_of(data, size), &pair);
	struct note_key log = note_key_make(slice_text("host/log"), pair.public_key);
	hold(inclusion_fault(&arena, slice_of(data, size), slice_text("{}"), &log, &inclusion) != NULL);
	arena_free(&arena);
	return 0;
}
