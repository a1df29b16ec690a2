/* tests/fuzz/jwt_fuzz.c
 *
 * Bytes presented as tokens, and the same bytes as header and payload of a token that is
 * otherwise sound, so that the header's reading is reached. What is taken names one of two
 * algorithms and is one spelling of its parts; it never verifies, since nobody signed it. What
 * we sign of it verifies. */
#include "common/credential/jwt.h"

#include "common/base/text.h"

#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static const char *
base64url(struct arena *arena, struct slice bytes)
{
	char *text = arena_alloc(arena, TEXT_BASE64_BYTES(bytes.size));
	text_base64url(bytes, text);
	return text;
}

static void
check_token(struct arena *arena, struct slice token)
{
	struct jwt jwt;
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
	const char *fault = jwt_parse(arena, token, &jwt);
	if (fault != NULL) {
		hold(fault[0] != '\0');
		return;
	}
	hold(jwt.alg == JWT_EDDSA || jwt.alg == JWT_RS256);
	hold(jwt.payload.size > 0 && jwt.payload.size <= JWT_PAYLOAD_BYTES_MAX);
	hold(slice_begins(token, jwt.input));
	const char *tail = arena_format(arena, ".%s", base64url(arena, jwt.signature));
	hold(slice_equal(slice_of(token.data + jwt.input.size, token.size - jwt.input.size), slice_text(tail)));

	crypto_sign_seed_keypair(public_key, secret, seed);
	struct slice key = slice_of(public_key, sizeof(public_key));
	hold(jwt_fault(&jwt, JWT_EDDSA, key) != NULL);
	hold(jwt_fault(&jwt, JWT_RS256, jwt.payload) != NULL); /* any bytes as a key */
	if (jwt.alg != JWT_EDDSA)
		return;
	struct slice signed_token;
	hold(jwt_sign(arena, JWT_EDDSA, slice_of(secret, sizeof(secret)), jwt.input, &signed_token) == NULL);
	if (signed_token.size > JWT_BYTES_MAX)
		return;
	hold(jwt_parse(arena, signed_token, &jwt) == NULL);
	hold(jwt_fault(&jwt, JWT_EDDSA, key) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct slice bytes = slice_of(data, size);
	arena_init(&arena, 1 << 16, 0);
	check_token(&arena, bytes);
	const char *part = base64url(&arena, bytes);
	check_token(&arena, slice_text(arena_format(&arena, "%s.%s.%s", part, size == 0 ? "e30" : part, "AAAA")));
	arena_free(&arena);
	return 0;
}
