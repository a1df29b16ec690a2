/* tests/unit/proof_test.c
 *
 * The proof over canonical JSON is the one of the W3C test vector, of a parsed document and
 * of one that is canonical already; a change anywhere breaks it.
 *
 * Source: W3C Recommendation vc-di-eddsa, appendix "Representation: eddsa-jcs-2022", and
 * github.com/w3c/vc-di-eddsa, TestVectors: keyPair.json and eddsa-jcs-2022/. */
#include "common/credential/proof.h"

#include "common/base/text.h"
#include "common/credential/multibase.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

static const char vector_document[] =
	"{\"@context\": [\"https://www.w3.org/ns/credentials/v2\", \"https://www.w3.org/ns/credentials/examples/v2\"],"
	"\"id\": \"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33\","
	"\"type\": [\"VerifiableCredential\", \"AlumniCredential\"], \"name\": \"Alumni Credential\","
	"\"description\": \"A minimum viable example of an Alumni Credential.\","
	"\"issuer\": \"https://vc.example/issuers/5678\", \"validFrom\": \"2023-01-01T00:00:00Z\","
	"\"credentialSubject\": {\"id\": \"did:example:abcdefgh\", \"alumniOf\": \"The School of Examples\"}}";

#define VECTOR_KEY "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"

static const char vector_proof[] =
	"{\"type\": \"DataIntegrityProof\", \"cryptosuite\": \"eddsa-jcs-2022\", \"created\": \"2023-02-24T23:36:38Z\","
	"\"verificationMethod\": \"did:key:" VECTOR_KEY "#" VECTOR_KEY "\", \"proofPurpose\": \"assertionMethod\","
	"\"@context\": [\"https://www.w3.org/ns/credentials/v2\", "
	"\"https://www.w3.org/ns/credentials/examples/v2\"]%s}";

static const char vector_hash[] = "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
				  "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19";
static const char vector_value[] =
	"z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX";

/* Multikey: two bytes of codec, then the key. */
static void
vector_keys(uint8_t public_key[PROOF_PUBLIC_BYTES], uint8_t secret[PROOF_SECRET_BYTES])
{
	uint8_t seed[2 + 32];
	uint8_t key[MULTIKEY_KEY_BYTES];
	assert_true(
		multibase_decode(slice_text("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"), seed, sizeof(seed)));
	crypto_sign_seed_keypair(public_key, secret, seed + 2);
	assert_true(multikey_parse(slice_text(VECTOR_KEY), key));
	assert_memory_equal(public_key, key, PROOF_PUBLIC_BYTES);
}

static const struct jcs_value *
parse_value(struct arena *arena, const char *text)
{
	struct jcs_tree tree = jcs_parse(arena, slice_text(text));
	assert_non_null(tree.root);
	return tree.root;
}

static void
the_w3c_vector_is_signed_and_verified(void **state)
{
	struct arena *arena = *state;
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
	uint8_t hash[PROOF_HASH_BYTES];
	char hex[2 * PROOF_HASH_BYTES + 1];
	vector_keys(public_key, secret);
	const struct jcs_value *document = parse_value(arena, vector_document);
	const struct jcs_value *options = parse_value(arena, arena_format(arena, vector_proof, ""));
	proof_hash(arena, document, options, hash);
	text_hex(slice_of(hash, sizeof(hash)), hex);
	assert_string_equal(hex, vector_hash);
	assert_string_equal(proof_sign(arena, document, options, secret), vector_value);

	const char *value = arena_format(arena, ",\"proofValue\":\"%s\"", vector_value);
	const struct jcs_value *proof = parse_value(arena, arena_format(arena, vector_proof, value));
	assert_null(proof_fault(arena, document, proof, public_key));
}

/* canonDocJCS.txt and proofCanonJCS.txt of the vector. */
static void
canonical_texts_are_signed_as_they_stand(void **state)
{
	static const char document[] =
		"{\"@context\":[\"https://www.w3.org/ns/credentials/v2\",\"https://www.w3.org/ns/credentials/examples/"
		"v2\"],"
		"\"credentialSubject\":{\"alumniOf\":\"The School of Examples\",\"id\":\"did:example:abcdefgh\"},"
		"\"description\":\"A minimum viable example of an Alumni Credential.\","
		"\"id\":\"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33\",\"issuer\":\"https://vc.example/issuers/"
		"5678\","
		"\"name\":\"Alumni Credential\",\"type\":[\"VerifiableCredential\",\"AlumniCredential\"],"
		"\"validFrom\":\"2023-01-01T00:00:00Z\"}";
	static const char options[] = "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\",\"https://www.w3.org/ns/"
				      "credentials/examples/v2\"],"
				      "\"created\":\"2023-02-24T23:36:38Z\",\"cryptosuite\":\"eddsa-jcs-2022\","
				      "\"proofPurpose\":\"assertionMethod\",\"type\":\"DataIntegrityProof\","
				      "\"verificationMethod\":\"did:key:" VECTOR_KEY "#" VECTOR_KEY "\"}";
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
	uint8_t hash[PROOF_HASH_BYTES];
	char hex[2 * PROOF_HASH_BYTES + 1];
	vector_keys(public_key, secret);
	proof_hash_texts(slice_text(options), slice_text(document), hash);
	text_hex(slice_of(hash, sizeof(hash)), hex);
	assert_string_equal(hex, vector_hash);
	assert_string_equal(proof_sign_texts(*state, slice_text(options), slice_text(document), secret), vector_value);
}

static void
a_changed_document_does_not_verify(void **state)
{
	struct arena *arena = *state;
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
	vector_keys(public_key, secret);
	const char *value = arena_format(arena, ",\"proofValue\":\"%s\"", vector_value);
	const struct jcs_value *proof = parse_value(arena, arena_format(arena, vector_proof, value));
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"Examples\"}", "Example\"}"},
		{"examples/v2", "examples/v3"},
		{"\"name\": ", "\"names\": "},
		{"{\"@context\"", "{\"more\": 1, \"@context\""},
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(vector_document, changes[i].from);
		assert_non_null(at);
		const char *changed = arena_format(arena, "%.*s%s%s", (int)(at - vector_document), vector_document,
						   changes[i].to, at + strlen(changes[i].from));
		assert_non_null(proof_fault(arena, parse_value(arena, changed), proof, public_key));
	}
	const struct jcs_value *document = parse_value(arena, vector_document);
	const struct jcs_value *unsigned_proof = parse_value(arena, arena_format(arena, vector_proof, ""));
	assert_non_null(proof_fault(arena, document, unsigned_proof, public_key));
	assert_non_null(proof_fault(arena, document, proof, secret)); /* another key */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_w3c_vector_is_signed_and_verified),
		cmocka_unit_test(canonical_texts_are_signed_as_they_stand),
		cmocka_unit_test(a_changed_document_does_not_verify),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
