/* tests/unit/jwt_test.c
 *
 * Tokens are those of the RFCs, and everything by which a token could choose how it is
 * checked is refused by name.
 *
 * Sources: RFC 7515, appendix A.2 (RS256: key, input, signature); RFC 8037, appendix A.1 to
 * A.5 (EdDSA). */
#include "common/credential/jwt.h"

#include "common/base/buf.h"
#include "common/base/text.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* --- the keys of the RFCs --------------------------------------------------------------------------------------- */

#define RSA_N                                                                                                          \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ" \
	"S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2" \
	"R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD" \
	"TW9gb54h4FRWyuXpoQ"
#define RSA_D                                                                                                          \
	"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_G" \
	"O-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQl" \
	"BjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0" \
	"QU91p1DhOVRuOopznQ"
#define RSA_P                                                                                                          \
	"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2" \
	"KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"
#define RSA_Q                                                                                                          \
	"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_" \
	"HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"
#define RSA_DP                                                                                                         \
	"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vm" \
	"AktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0"
#define RSA_DQ                                                                                                         \
	"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9c" \
	"jz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU"
#define RSA_QI                                                                                                         \
	"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnb" \
	"JtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"
#define RSA_INPUT                                                                                                      \
	"eyJhbGciOiJSUzI1NiJ9."                                                                                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"                     \
	"cnVlfQ"
#define RSA_TOKEN                                                                                                      \
	RSA_INPUT                                                                                                      \
	".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"                       \
	"O8W2Fp5jujGbds9uJdbF9CU"                                                                                      \
	"Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d" \
	"O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig" \
	"cN_IoypGlUPQGe77Rw"
#define ED_SEED "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define ED_PUBLIC "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_PAYLOAD "Example of Ed25519 signing"
#define ED_TOKEN                                                                                                       \
	"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcN" \
	"R4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

struct keys {
	struct arena arena;
	uint8_t ed_public[crypto_sign_PUBLICKEYBYTES];
	uint8_t ed_secret[crypto_sign_SECRETKEYBYTES];
	struct slice rsa_public; /* SubjectPublicKeyInfo */
	struct slice rsa_secret; /* PKCS#1 */
	struct slice rsa_small;  /* SubjectPublicKeyInfo of 1024 bits */
};

static void
der_element(struct buf *out, uint8_t tag, struct slice content)
{
	buf_byte(out, tag);
	if (content.size >= 0x80)
		buf_byte(out, content.size >= 0x100 ? 0x82 : 0x81);
	if (content.size >= 0x100)
		buf_byte(out, (uint8_t)(content.size >> 8));
	buf_byte(out, (uint8_t)content.size);
	buf_append(out, content);
}

static void
der_number(struct buf *out, const char *base64url, size_t size_max)
{
	uint8_t bytes[1 + JWT_SIGNATURE_BYTES_MAX] = {0};
	size_t size;
	assert_true(text_from_base64url(slice_text(base64url), bytes + 1, sizeof(bytes) - 1, &size));
	size = size < size_max ? size : size_max;
	bool is_high = (bytes[1] & 0x80) != 0; /* would read as negative without the zero before it */
	der_element(out, 0x02, is_high ? slice_of(bytes, size + 1) : slice_of(bytes + 1, size));
}

static struct slice
der_close(struct arena *arena, struct buf *content)
{
	struct buf whole;
	buf_init(&whole, 4096);
	der_element(&whole, 0x30, buf_slice(content));
	struct slice der = arena_copy(arena, buf_slice(&whole));
	buf_free(&whole);
	buf_free(content);
	return der;
}

static struct slice
rsa_public(struct arena *arena, size_t modulus_bytes)
{
	/* SEQUENCE of the object identifier rsaEncryption and NULL */
	static const char algorithm[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
	struct buf key, bits, info;
	buf_init(&key, 4096);
	buf_init(&bits, 4096);
	buf_init(&info, 4096);
	der_number(&key, RSA_N, modulus_bytes);
	der_number(&key, "AQAB", 3);
	buf_byte(&bits, 0);
	buf_append(&bits, der_close(arena, &key));
	buf_append(&info, slice_of(algorithm, sizeof(algorithm) - 1));
	der_element(&info, 0x03, buf_slice(&bits));
	buf_free(&bits);
	return der_close(arena, &info);
}

static struct slice
rsa_secret(struct arena *arena)
{
	static const char *const numbers[] = {"AA", RSA_N, "AQAB", RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QI};
	struct buf key;
	buf_init(&key, 4096);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		der_number(&key, numbers[i], JWT_SIGNATURE_BYTES_MAX);
	return der_close(arena, &key);
}

static int
set_up(void **state)
{
	static struct keys keys;
	uint8_t seed[crypto_sign_SEEDBYTES];
	uint8_t known[crypto_sign_PUBLICKEYBYTES];
	size_t size;
	arena_init(&keys.arena, 1 << 16, 0);
	assert_true(text_from_base64url(slice_text(ED_SEED), seed, sizeof(seed), &size));
	assert_true(text_from_base64url(slice_text(ED_PUBLIC), known, sizeof(known), &size));
	crypto_sign_seed_keypair(keys.ed_public, keys.ed_secret, seed);
	assert_memory_equal(keys.ed_public, known, sizeof(known));
	keys.rsa_public = rsa_public(&keys.arena, JWT_SIGNATURE_BYTES_MAX);
	keys.rsa_small = rsa_public(&keys.arena, 128);
	keys.rsa_secret = rsa_secret(&keys.arena);
	*state = &keys;
	return 0;
}

static int
tear_down(void **state)
{
	struct keys *keys = *state;
	arena_free(&keys->arena);
	return 0;
}

static struct slice
ed_public(const struct keys *keys)
{
	return slice_of(keys->ed_public, sizeof(keys->ed_public));
}

static struct slice
ed_secret(const struct keys *keys)
{
	return slice_of(keys->ed_secret, sizeof(keys->ed_secret));
}

/* --- signing and verifying -------------------------------------------------------------------------------------- */

static void
the_eddsa_token_of_the_rfc_is_signed_and_verified(void **state)
{
	struct keys *keys = *state;
	struct jwt_header header = {.alg = JWT_EDDSA};
	struct slice token;
	struct jwt jwt;
	struct slice input = jwt_input(&keys->arena, &header, slice_text(ED_PAYLOAD));
	assert_null(jwt_sign(&keys->arena, JWT_EDDSA, ed_secret(keys), input, &token));
	assert_true(slice_equal(token, slice_text(ED_TOKEN)));
	assert_null(jwt_parse(&keys->arena, slice_text(ED_TOKEN), &jwt));
	assert_int_equal(jwt.alg, JWT_EDDSA);
	assert_true(slice_equal(jwt.payload, slice_text(ED_PAYLOAD)));
	assert_null(jwt.kid.data);
	assert_null(jwt_fault(&jwt, JWT_EDDSA, ed_public(keys)));
}

static void
the_rs256_token_of_the_rfc_is_signed_and_verified(void **state)
{
	struct keys *keys = *state;
	struct slice token;
	struct jwt jwt;
	assert_null(jwt_sign(&keys->arena, JWT_RS256, keys->rsa_secret, slice_text(RSA_INPUT), &token));
	assert_true(slice_equal(token, slice_text(RSA_TOKEN)));
	assert_null(jwt_parse(&keys->arena, slice_text(RSA_TOKEN), &jwt));
	assert_int_equal(jwt.alg, JWT_RS256);
	assert_null(jwt_fault(&jwt, JWT_RS256, keys->rsa_public));
}

static void
a_header_names_type_and_key(void **state)
{
	struct keys *keys = *state;
	struct jwt_header header = {.alg = JWT_EDDSA, .typ = "vc+jwt", .cty = "vc", .kid = "did:web:x#\"1\""};
	struct slice token;
	struct jwt jwt;
	struct slice input = jwt_input(&keys->arena, &header, slice_text("{}"));
	assert_null(jwt_sign(&keys->arena, JWT_EDDSA, ed_secret(keys), input, &token));
	assert_null(jwt_parse(&keys->arena, token, &jwt));
	assert_true(slice_equal(jwt.typ, slice_text("vc+jwt")));
	assert_true(slice_equal(jwt.cty, slice_text("vc")));
	assert_true(slice_equal(jwt.kid, slice_text("did:web:x#\"1\"")));
	assert_true(slice_equal(jwt.input, input));
	assert_null(jwt_fault(&jwt, JWT_EDDSA, ed_public(keys)));
}

/* Every single changed character is noticed, whatever part it is in. */
static void
a_changed_token_does_not_verify(void **state)
{
	struct keys *keys = *state;
	struct jwt jwt;
	for (size_t i = 0; i < strlen(ED_TOKEN); i++) {
		char changed[] = ED_TOKEN;
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		if (jwt_parse(&keys->arena, slice_text(changed), &jwt) == NULL)
			assert_non_null(jwt_fault(&jwt, JWT_EDDSA, ed_public(keys)));
	}
	for (size_t i = 0; i < strlen(RSA_TOKEN); i += 7) {
		char changed[] = RSA_TOKEN;
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		if (jwt_parse(&keys->arena, slice_text(changed), &jwt) == NULL)
			assert_non_null(jwt_fault(&jwt, JWT_RS256, keys->rsa_public));
	}
}

/* The last two characters are one byte: here are 63 and 65 of the 64. */
static void
a_signature_has_its_size(void **state)
{
	struct keys *keys = *state;
	static const char *const tails[] = {"", "AgA"};
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct jwt jwt;
		const char *token = arena_format(&keys->arena, "%.*s%s", (int)strlen(ED_TOKEN) - 2, ED_TOKEN, tails[i]);
		assert_null(jwt_parse(&keys->arena, slice_text(token), &jwt));
		assert_int_equal(jwt.signature.size, 63 + 2 * i);
		assert_non_null(jwt_fault(&jwt, JWT_EDDSA, ed_public(keys)));
	}
}

static void
a_key_serves_its_own_algorithm_only(void **state)
{
	struct keys *keys = *state;
	struct slice token;
	struct jwt jwt;
	assert_null(jwt_parse(&keys->arena, slice_text(RSA_TOKEN), &jwt));
	assert_string_equal(jwt_fault(&jwt, JWT_EDDSA, ed_public(keys)),
			    "the token names another algorithm than its key is for");
	assert_string_equal(jwt_fault(&jwt, JWT_RS256, ed_public(keys)), "the key is not one in DER");
	assert_string_equal(jwt_fault(&jwt, JWT_RS256, keys->rsa_small), "the key is not one of 2048 to 4096 bits");
	struct slice longer = slice_of(arena_zero(&keys->arena, keys->rsa_public.size + 1), keys->rsa_public.size + 1);
	memcpy((uint8_t *)longer.data, keys->rsa_public.data, keys->rsa_public.size);
	assert_string_equal(jwt_fault(&jwt, JWT_RS256, longer), "the key is not one in DER");
	/* SubjectPublicKeyInfo of Ed25519 (RFC 8410) */
	uint8_t other[12 + 32] = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21";
	memcpy(other + 12, keys->ed_public, 32);
	assert_string_equal(jwt_fault(&jwt, JWT_RS256, slice_of(other, sizeof(other))), "the key is not one of RSA");

	assert_null(jwt_parse(&keys->arena, slice_text(ED_TOKEN), &jwt));
	assert_string_equal(jwt_fault(&jwt, JWT_RS256, keys->rsa_public),
			    "the token names another algorithm than its key is for");
	assert_string_equal(jwt_fault(&jwt, JWT_EDDSA, keys->rsa_public), "the key is not one of Ed25519");
	assert_non_null(jwt_fault(&jwt, JWT_EDDSA, slice_of(keys->ed_secret, 32)));

	assert_string_equal(jwt_sign(&keys->arena, JWT_RS256, ed_secret(keys), slice_text("a.b"), &token),
			    "the key is not one in DER");
	assert_string_equal(jwt_sign(&keys->arena, JWT_EDDSA, keys->rsa_secret, slice_text("a.b"), &token),
			    "the key is not one of Ed25519");
}

/* --- what is refused -------------------------------------------------------------------------------------------- */

/* The fault of a token with this header, whose other parts are sound. */
static const char *
header_fault(struct arena *arena, const char *header)
{
	struct jwt jwt;
	char text[TEXT_BASE64_BYTES(4096)];
	text_base64url(slice_text(header), text);
	return jwt_parse(arena, slice_text(arena_format(arena, "%s.e30.AAAA", text)), &jwt);
}

static void
headers_are_refused_by_name(void **state)
{
	struct keys *keys = *state;
	static const struct {
		const char *header, *fault;
	} bad[] = {
		{"{\"alg\":\"none\"}", "the header says that the text is not signed (alg none)"},
		{"{\"alg\":\"HS256\"}", "the header says that the text is sealed with a shared secret (alg HS256)"},
		{"{\"alg\":\"None\"}", "the header's alg is neither EdDSA nor RS256"},
		{"{\"alg\":\"RS512\"}", "the header's alg is neither EdDSA nor RS256"},
		{"{\"alg\":\"ES256\"}", "the header's alg is neither EdDSA nor RS256"},
		{"{\"alg\":[\"EdDSA\"]}", "the header's alg is neither EdDSA nor RS256"},
		{"{}", "the header's alg is neither EdDSA nor RS256"},
		{"{\"alg\":\"EdDSA\",\"jwk\":{}}", "the header brings a key of its own (jwk)"},
		{"{\"alg\":\"EdDSA\",\"jku\":\"https://x\"}", "the header says where to fetch keys (jku)"},
		{"{\"alg\":\"EdDSA\",\"x5u\":\"https://x\"}", "the header says where to fetch certificates (x5u)"},
		{"{\"alg\":\"EdDSA\",\"x5c\":[]}", "the header brings certificates of its own (x5c)"},
		{"{\"alg\":\"EdDSA\",\"crit\":[\"b64\"]}",
		 "the header demands extensions (crit), and none is known here"},
		{"{\"alg\":\"EdDSA\",\"b64\":false}", "the header asks for another encoding of the payload (b64)"},
		{"{\"alg\":\"EdDSA\",\"kid\":1}", "the header's typ, cty or kid is not a string"},
		{"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}",
		 "the header is not JSON: an object has two members of the same name"},
		{"[\"alg\",\"EdDSA\"]", "the header is not a JSON object"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *fault = header_fault(&keys->arena, bad[i].header);
		if (fault == NULL)
			fail_msg("taken: %s", bad[i].header);
		assert_string_equal(fault, bad[i].fault);
	}
	assert_null(header_fault(&keys->arena, "{\"alg\":\"EdDSA\",\"x5t\":\"an unknown member is passed over\"}"));
	assert_non_null(header_fault(&keys->arena, "{\"alg\":\"EdDSA\"} {}"));
}

static void
parts_are_three_and_of_one_spelling(void **state)
{
	struct keys *keys = *state;
	static const char *const bad[] = {
		"",
		".",
		"..",
		"...",
		"a",
		"e30",
		"e30.e30",
		"e30..e30",
		".e30.e30",
		"e30.e30.",
		"e30.e30.e30.",
		".e30.e30.e30",
		"e30.e30.e30.e30",
		"e30=.e30.e30",
		"e31.e30.e30",
		"e30.e31.e30",
		"e30.e30.e31",
		"e3 0.e30.e30",
		"e30.e30.e30\n",
		"e30.e3+.e30",
	};
	struct jwt jwt;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *fault = jwt_parse(&keys->arena, slice_text(bad[i]), &jwt);
		if (fault == NULL || strncmp(fault, "the header is not JSON", 20) == 0)
			fail_msg("%s: %s", bad[i], fault);
	}
	assert_string_equal(jwt_parse(&keys->arena, slice_text("e30.e30.e30.e30"), &jwt),
			    "the token is not three parts with dots between them");
	assert_string_equal(jwt_parse(&keys->arena, slice_text("e30.e30.AA"), &jwt),
			    "the header's alg is neither EdDSA nor RS256");
}

static void
sizes_are_bounded(void **state)
{
	struct keys *keys = *state;
	static char large[JWT_BYTES_MAX + 2];
	struct jwt jwt;
	memset(large, 'A', sizeof(large));
	assert_string_equal(jwt_parse(&keys->arena, slice_of(large, JWT_BYTES_MAX + 1), &jwt),
			    "the token is too large");
	large[100] = '.';
	large[JWT_BYTES_MAX - 100] = '.';
	assert_string_equal(jwt_parse(&keys->arena, slice_of(large, JWT_BYTES_MAX), &jwt),
			    "the payload is not base64url, or too large");
	large[100] = 'A';
	large[4000] = '.';
	assert_string_equal(jwt_parse(&keys->arena, slice_of(large, JWT_BYTES_MAX), &jwt),
			    "the header is not base64url, or too large");
	large[4000] = 'A';
	large[JWT_BYTES_MAX - 100] = 'A';
	large[8] = '.';
	large[16] = '.';
	assert_string_equal(jwt_parse(&keys->arena, slice_of(large, 4096), &jwt),
			    "the signature is not base64url, or too large");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_eddsa_token_of_the_rfc_is_signed_and_verified),
		cmocka_unit_test(the_rs256_token_of_the_rfc_is_signed_and_verified),
		cmocka_unit_test(a_header_names_type_and_key),
		cmocka_unit_test(a_changed_token_does_not_verify),
		cmocka_unit_test(a_signature_has_its_size),
		cmocka_unit_test(a_key_serves_its_own_algorithm_only),
		cmocka_unit_test(headers_are_refused_by_name),
		cmocka_unit_test(parts_are_three_and_of_one_spelling),
		cmocka_unit_test(sizes_are_bounded),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
