/* tests/unit/did_test.c
 *
 * What the gateway writes as an institution's DID document gives the same keys back, Ed25519 and
 * RSA, with their times and under every alias; a method that is spelt wrong, of another
 * controller, or not there for assertions is none. */
#include "common/credential/did.h"

#include "services/gateway/did.h"
#include "tests/unit/issued.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define OLD_DID "did:web:old.example.vn:issuers:" SCHOOL

static const struct jcs_value *
parse(struct arena *arena, const char *text)
{
	struct jcs_tree tree = jcs_parse(arena, slice_text(text));
	if (tree.root == NULL)
		fail_msg("%s: %s", tree.fault, text);
	return tree.root;
}

static int64_t
instant(const char *text)
{
	int64_t us;
	assert_true(instant_parse(text, &us));
	return us;
}

/* A new RSA key as SubjectPublicKeyInfo. */
static ProtobufCBinaryData
rsa_key(struct arena *arena, unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);
	int size = i2d_PUBKEY(key, NULL);
	uint8_t *bytes = arena_alloc(arena, (size_t)size);
	uint8_t *end = bytes;
	assert_int_equal(i2d_PUBKEY(key, &end), size);
	EVP_PKEY_free(key);
	return (ProtobufCBinaryData){(size_t)size, bytes};
}

static void
written_is_read(void **state)
{
	(void)state;
	struct arena arena;
	struct buf body;
	arena_init(&arena, 1 << 16, 0);
	struct pair pair = pair_of(1);
	Mt__IssuerKeyView views[3] = {MT__ISSUER_KEY_VIEW__INIT, MT__ISSUER_KEY_VIEW__INIT, MT__ISSUER_KEY_VIEW__INIT};
	Mt__IssuerKeyView *keys[] = {&views[0], &views[1], &views[2]};
	char *aliases[] = {(char *)OLD_DID};
	Mt__ListKeysReply reply = MT__LIST_KEYS_REPLY__INIT;
	reply.did = (char *)DID;
	reply.also_known_as = aliases;
	reply.n_also_known_as = 1;
	reply.keys = keys;
	reply.n_keys = 3;
	for (int i = 0; i < 3; i++) {
		views[i].key_id = arena_format(&arena, "key-%d", i + 1);
		views[i].created_at = (char *)"2026-01-01T00:00:00Z";
		views[i].algorithm = MT__ISSUER_KEY__ALGORITHM__RS256;
	}
	views[0].algorithm = MT__ISSUER_KEY__ALGORITHM__ED25519;
	views[0].public_key = (ProtobufCBinaryData){sizeof(pair.public_key), pair.public_key};
	views[0].retired_at = (char *)"2026-06-01T00:00:00Z";
	views[1].public_key = rsa_key(&arena, 2048);
	views[1].state = MT__ISSUER_KEY__STATE__COMPROMISED;
	views[1].compromised_since = (char *)"2026-05-01T00:00:00Z";
	views[2].public_key = rsa_key(&arena, 4096);
	buf_init(&body, 1 << 16);
	did_write(&body, &reply, DID);
	const struct jcs_value *document = parse(&arena, arena_text(&arena, buf_slice(&body)));
	buf_free(&body);

	assert_string_equal(did_document_id(&arena, document), DID);
	assert_true(did_document_is(document, DID));
	assert_true(did_document_is(document, OLD_DID));
	assert_false(did_document_is(document, OTHER_DID));
	for (int i = 0; i < 3; i++) {
		struct check_key key;
		assert_true(did_document_key(&arena, document, views[i].key_id, &key));
		assert_int_equal(key.alg, i == 0 ? JWT_EDDSA : JWT_RS256);
		assert_int_equal(key.public_key.size, views[i].public_key.len);
		assert_memory_equal(key.public_key.data, views[i].public_key.data, key.public_key.size);
		assert_int_equal(key.active_from_us, instant("2026-01-01T00:00:00Z"));
		assert_int_equal(key.retired_us, i == 0 ? instant("2026-06-01T00:00:00Z") : INT64_MAX);
		assert_int_equal(key.compromised_since_us, i == 1 ? instant("2026-05-01T00:00:00Z") : INT64_MAX);
	}
	struct check_key none;
	assert_false(did_document_key(&arena, document, "key-4", &none));
	assert_false(did_document_key(&arena, document, "", &none));
	arena_free(&arena);
}

/* The first piece of an honest document that reads so, replaced. */
static const char *
spoil(struct arena *arena, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	assert_non_null(at);
	return arena_format(arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static void
spoilt_is_none(void **state)
{
	(void)state;
	static const char *const faults[][2] = {
		{"\"type\":\"Multikey\"", "\"type\":\"JsonWebKey\""},
		{"\"type\":\"Multikey\"", "\"type\":\"Ed25519VerificationKey2018\""},
		{"\"controller\":\"" DID "\"", "\"controller\":\"" OTHER_DID "\""},
		{"\"id\":\"" DID "#key-1\"", "\"id\":\"" OTHER_DID "#key-1\""},
		{"publicKeyMultibase\":\"z", "publicKeyMultibase\":\"u"},
		{"publicKeyMultibase\":\"z6Mk", "publicKeyMultibase\":\"z6LS"},
		{"\"created\":\"2026-01-01T00:00:00Z\"", "\"created\":\"yesterday\""},
		{"\"created\":\"2026-01-01T00:00:00Z\"", "\"expires\":\"2026-13-01T00:00:00Z\""},
		{"\"created\":\"2026-01-01T00:00:00Z\"", "\"revoked\":true"},
		{"assertionMethod", "authentication"},
		{"\"assertionMethod\":[\"" DID "#key-1\"", "\"assertionMethod\":[\"" DID "#key-2\""},
		{"{\"id\":\"" DID "\"", "{\"id\":\"\""},
		{"{\"id\":\"" DID "\"", "{\"id\":\"" DID "\\u0000x\""},
		{"\"verificationMethod\":[", "\"verificationMethod\":[1,null,"},
	};
	struct arena arena;
	struct check_key key;
	arena_init(&arena, 1 << 16, 0);
	struct pair pair = pair_of(1);
	const char *honest = document_of(&arena, DID, "key-1", &pair, ",\"created\":\"2026-01-01T00:00:00Z\"");
	assert_true(did_document_key(&arena, parse(&arena, honest), "key-1", &key));
	size_t count = sizeof(faults) / sizeof(faults[0]);
	for (size_t i = 0; i < count; i++) {
		const char *spoilt = spoil(&arena, honest, faults[i][0], faults[i][1]);
		bool read = did_document_key(&arena, parse(&arena, spoilt), "key-1", &key);
		/* The last is honest still: what is no method beside it is passed over. */
		if (read != (i == count - 1))
			fail_msg("%s", spoilt);
	}
	assert_null(did_document_id(&arena, parse(&arena, "{\"id\":\"" DID "\"}")));
	assert_null(did_document_id(&arena, parse(&arena, "[1]")));
	arena_free(&arena);
}

static void
bad_rsa_is_none(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"not base64!\",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":1,\"e\":2}",
		"\"RSA\"",
	};
	struct arena arena;
	struct check_key key;
	arena_init(&arena, 1 << 16, 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text =
			arena_format(&arena,
				     "{\"id\":\"d\",\"verificationMethod\":[{\"id\":\"d#k\",\"controller\":\"d\","
				     "\"type\":\"JsonWebKey\",\"publicKeyJwk\":%s}],\"assertionMethod\":[\"d#k\"]}",
				     keys[i]);
		/* OpenSSL may make a key of an absurd number; no signature is made with that. */
		if (did_document_key(&arena, parse(&arena, text), "k", &key) && i != 0)
			fail_msg("%s", text);
	}
	arena_free(&arena);
}

static void
hosts(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 12, 0);
	assert_string_equal(did_host(&arena, "did:web:a.vn"), "a.vn");
	assert_string_equal(did_host(&arena, "did:web:a.vn%3A8443"), "a.vn:8443");
	assert_null(did_host(&arena, DID));
	assert_null(did_host(&arena, "did:key:z6Mk"));
	assert_string_equal(did_of_host(&arena, "a.vn"), "did:web:a.vn");
	assert_string_equal(did_of_host(&arena, "a.vn:8443"), "did:web:a.vn%3A8443");
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_is_read),
		cmocka_unit_test(spoilt_is_none),
		cmocka_unit_test(bad_rsa_is_none),
		cmocka_unit_test(hosts),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
