/* tests/fuzz/credential_fuzz.c
 *
 * Texts presented as credentials. What parses has a canonical text, which parses again to
 * the same text with every number spelt as it is; a document signed verifies, and what was
 * presented as its proof never crashes the check. Multibase read is multibase written. */
#include "common/credential/multibase.h"
#include "common/credential/proof.h"

#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
check_multibase(struct arena *arena, struct slice text)
{
	uint8_t bytes[MULTIBASE_BYTES_MAX];
	uint8_t url[256];
	size_t size;
	for (size_t i = 1; i <= sizeof(bytes); i++) {
		if (multibase_decode(text, bytes, i))
			hold(slice_equal(slice_text(multibase_encode(arena, slice_of(bytes, i))), text));
	}
	if (multibase_decode_url(text, url, sizeof(url), &size))
		hold(slice_equal(slice_text(multibase_encode_url(arena, slice_of(url, size))), text));
	if (multikey_parse(text, bytes)) {
		char again[MULTIKEY_TEXT_BYTES];
		multikey_format(bytes, again);
		hold(slice_equal(slice_text(again), text));
	}
}

/* The document signed by us with a proof of our own verifies; its own proofs are only tried. */
static void
check_proof(struct arena *arena, const struct jcs_value *document)
{
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
	const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
	const struct jcs_value *context = jcs_member(document, "@context");
	crypto_sign_seed_keypair(public_key, secret, seed);
	const struct jcs_value *proof = jcs_member(document, "proof");
	if (proof != NULL && proof->kind == JSON_ARRAY)
		proof = proof->first;
	if (proof != NULL)
		(void)proof_fault(arena, document, proof, public_key);
	if (context == NULL)
		return;
	const char *options = arena_format(
		arena, "{\"@context\":%s,\"cryptosuite\":\"eddsa-jcs-2022\",\"proofPurpose\":\"assertionMethod\",%s",
		arena_text(arena, jcs_text(arena, context, NULL)), "\"type\":\"DataIntegrityProof\"");
	const char *value = proof_sign_texts(arena, slice_text(arena_format(arena, "%s}", options)),
					     jcs_text(arena, document, "proof"), secret);
	const char *whole = arena_format(arena, "%s,\"proofValue\":\"%s\"}", options, value);
	struct jcs_tree tree = jcs_parse(arena, slice_text(whole));
	hold(tree.root != NULL || strlen(whole) > JCS_INPUT_BYTES_MAX);
	if (tree.root != NULL)
		hold(proof_fault(arena, document, tree.root, public_key) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct slice text = slice_of(data, size);
	arena_init(&arena, 1 << 16, 0);
	check_multibase(&arena, text);
	struct jcs_tree tree = jcs_parse(&arena, text);
	if (tree.root == NULL) {
		hold(tree.fault != NULL && tree.fault[0] != '\0');
	} else {
		struct slice canonical = jcs_text(&arena, tree.root, NULL);
		struct jcs_tree again = jcs_parse(&arena, canonical);
		/* Numbers and escapes may make a text longer: then it is not taken a second time. */
		if (canonical.size <= JCS_INPUT_BYTES_MAX) {
			hold(again.root != NULL && !again.respelt && again.values == tree.values);
			hold(slice_equal(jcs_text(&arena, again.root, NULL), canonical));
		}
		if (tree.root->kind == JSON_OBJECT)
			check_proof(&arena, tree.root);
	}
	arena_free(&arena);
	return 0;
}
