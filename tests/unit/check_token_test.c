/* tests/unit/check_token_test.c
 *
 * A credential as a token passes if it is one that we would sign, and says in its claims what it says in its members;
 * another algorithm, a key of its own, another's key, anything critical, any byte flipped: never. */
#include "tests/unit/presented.h"

static const char *
token_signed(struct fixture *fixture, const char *header, const char *payload, const uint8_t *secret)
{
	struct arena *arena = &fixture->arena;
	char *first = arena_alloc(arena, TEXT_BASE64_BYTES(strlen(header)));
	char *second = arena_alloc(arena, TEXT_BASE64_BYTES(strlen(payload)));
	uint8_t signature[crypto_sign_BYTES];
	char third[TEXT_BASE64_BYTES(sizeof(signature))];
	text_base64url(slice_text(header), first);
	text_base64url(slice_text(payload), second);
	const char *input = arena_format(arena, "%s.%s", first, second);
	crypto_sign_detached(signature, NULL, (const uint8_t *)input, strlen(input), secret);
	text_base64url(slice_of(signature, sizeof(signature)), third);
	return arena_format(arena, "%s.%s", input, third);
}

#define HEADER_OF(kid) "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" kid "\"}"
#define HEADER HEADER_OF(DID "#key-1")

static void
tokens_are_checked_as_strictly(void **state)
{
	struct fixture *fixture = *state;
	const char *document = document_of(fixture, &(struct shape){.id = NULL});
	const char *payload = arena_format(&fixture->arena, "%s}", document);
	static const struct {
		const char *name, *header, *more; /* more: members behind the document's */
		enum reason reason;
	} tokens[] = {
		{"an honest one", HEADER, "", REASON_NONE},
		{"an honest one with claims", HEADER,
		 ",\"iss\":\"" DID "\",\"jti\":\"" ID "\",\"nbf\":1772438400,\"iat\":1772438400", REASON_NONE},
		{"another issuer claimed", HEADER, ",\"iss\":\"" OTHER_DID "\"", REASON_TOKEN_CLAIMS},
		{"another id claimed", HEADER, ",\"jti\":\"urn:x\"", REASON_TOKEN_CLAIMS},
		{"another subject claimed", HEADER, ",\"sub\":\"did:example:somebody\"", REASON_TOKEN_CLAIMS},
		{"another beginning claimed", HEADER, ",\"nbf\":1772438401", REASON_TOKEN_CLAIMS},
		{"an end claimed that it has not", HEADER, ",\"exp\":1872438400", REASON_TOKEN_CLAIMS},
		{"another credential in a claim", HEADER, ",\"vc\":{\"type\":[\"VerifiableCredential\"]}",
		 REASON_TOKEN_CLAIMS},
		{"a proof as well", HEADER, ",\"proof\":[]", REASON_PROOFS},
		{"signed when its key was not there", HEADER, ",\"iat\":1672438400", REASON_KEY_BEFORE},
		{"an instant that is none", HEADER, ",\"iat\":\"now\"", REASON_SIGNED_AT},
		{"alg none", "{\"alg\":\"none\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\"}", "", REASON_TOKEN},
		{"alg HS256", "{\"alg\":\"HS256\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\"}", "", REASON_TOKEN},
		{"alg of another key", "{\"alg\":\"RS256\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\"}", "",
		 REASON_KEY},
		{"a key of its own",
		 "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\",\"jwk\":{\"kty\":\"OKP\"}}", "",
		 REASON_TOKEN},
		{"a key to be fetched",
		 "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\",\"jku\":\"https://evil.example\"}",
		 "", REASON_TOKEN},
		{"something critical",
		 "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\",\"crit\":[\"exp\"],\"exp\":1}", "",
		 REASON_TOKEN},
		{"no key named", "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\"}", "", REASON_KEY},
		{"the key of another issuer", HEADER_OF(OTHER_DID "#key-1"), "", REASON_KEY},
		{"a key without issuer", HEADER_OF("key-1"), "", REASON_KEY},
		{"a login token", "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"" DID "#key-1\"}", "",
		 REASON_TOKEN_TYPE},
		{"a presentation", "{\"alg\":\"EdDSA\",\"typ\":\"vp+jwt\",\"kid\":\"" DID "#key-1\"}", "",
		 REASON_TOKEN_TYPE},
	};
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const char *text = arena_format(&fixture->arena, "%s%s}", document, tokens[i].more);
		expect(fixture, tokens[i].name, token_signed(fixture, tokens[i].header, text, fixture->secret),
		       tokens[i].reason);
	}
	expect(fixture, "another's signature", token_signed(fixture, HEADER, payload, fixture->other_secret),
	       REASON_SIGNATURE);
	const char *honest = token_signed(fixture, HEADER, payload, fixture->secret);
	expect(fixture, "no signature",
	       arena_format(&fixture->arena, "%.*s", (int)(strrchr(honest, '.') - honest + 1), honest), REASON_TOKEN);
	expect(fixture, "four parts", arena_format(&fixture->arena, "%s.e30", honest), REASON_TOKEN);
}

static void
no_changed_byte_of_a_token_passes(void **state)
{
	struct fixture *fixture = *state;
	const char *payload = arena_format(&fixture->arena, "%s}", document_of(fixture, &(struct shape){.id = NULL}));
	const char *honest = token_signed(fixture, HEADER, payload, fixture->secret);
	size_t size = strlen(honest);
	struct arena arena = fixture->arena;
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			arena_init(&fixture->arena, 1 << 16, 0);
			char *changed = arena_text(&fixture->arena, slice_of(honest, size));
			changed[i] = (char)(changed[i] ^ 1 << bit);
			if (passes(fixture, slice_of(changed, size)))
				fail_msg("bit %u of byte %zu: %s", bit, i, changed);
			arena_free(&fixture->arena);
		}
	}
	fixture->arena = arena;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_checked_as_strictly),
		cmocka_unit_test(no_changed_byte_of_a_token_passes),
	};
	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
