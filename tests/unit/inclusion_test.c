/* tests/unit/inclusion_test.c
 *
 * A proof of inclusion holds for its own credential under a checkpoint of the log's key, at
 * every place of trees of every shape; another credential, statement, salt, index, hash,
 * or signer makes it none. */
#include "common/credential/inclusion.h"

#include "common/base/buf.h"
#include "common/base/text.h"
#include "common/credential/merkle.h"
#include "common/wire/json.h"

#include <sodium.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ORIGIN "cert.example.vn/log"

enum { LEAVES_MAX = 9, JSON_BYTES_MAX = 8 << 10 };

static const char credential_text[] = "{\"a\":1}";

struct fixture {
	struct arena arena;
	uint8_t public_key[NOTE_PUBLIC_BYTES];
	uint8_t secret[NOTE_SECRET_BYTES];
	uint8_t nodes[MERKLE_LEVELS][LEAVES_MAX][HASH_BYTES];
	uint8_t salt[16];
	const char *statement;
};

static int
open_fixture(void **state)
{
	static struct fixture fixture;
	uint8_t seed[crypto_sign_SEEDBYTES] = {7};
	arena_init(&fixture.arena, 1 << 16, 0);
	crypto_sign_seed_keypair(fixture.public_key, fixture.secret, seed);
	fixture.statement = NULL;
	*state = &fixture;
	return 0;
}

static int
close_fixture(void **state)
{
	arena_free(&((struct fixture *)*state)->arena);
	return 0;
}

static void
keep_node(void *context, unsigned level, uint64_t index, const uint8_t hash[HASH_BYTES])
{
	struct fixture *fixture = context;
	memcpy(fixture->nodes[level][index], hash, HASH_BYTES);
}

static bool
get_node(void *context, unsigned level, uint64_t index, uint8_t hash[HASH_BYTES])
{
	struct fixture *fixture = context;
	memcpy(hash, fixture->nodes[level][index], HASH_BYTES);
	return true;
}

static const char *
statement_of(struct fixture *fixture, const char *kind)
{
	uint8_t hash[HASH_BYTES];
	char text[TEXT_BASE64_BYTES(HASH_BYTES)];
	hash_sha256(slice_text(credential_text), hash);
	text_base64url(slice_of(hash, sizeof(hash)), text);
	return arena_format(
		&fixture->arena,
		"{\"at\":\"2026-03-02T08:00:00Z\",\"certificate\":\"c\",\"credential\":\"%s\",\"edition\":1,"
		"\"statement\":\"%s\"}",
		text, kind);
}

/* What the gateway would answer of the leaf at index in a log of that size. */
static const char *
proof_of(struct fixture *fixture, uint64_t index, uint64_t size, const char *kind)
{
	struct merkle_frontier tree = {.size = 0};
	struct merkle_proof proof;
	struct buf json;
	char base64[TEXT_BASE64_BYTES(HASH_BYTES)];
	fixture->statement = statement_of(fixture, kind);
	for (uint64_t i = 0; i < size; i++) {
		uint8_t data[HASH_BYTES] = {(uint8_t)i};
		uint8_t leaf[HASH_BYTES];
		if (i == index)
			inclusion_data(slice_of(fixture->salt, sizeof(fixture->salt)), slice_text(fixture->statement),
				       data);
		merkle_leaf_hash(slice_of(data, sizeof(data)), leaf);
		assert_true(merkle_append(&tree, leaf, keep_node, fixture));
	}
	assert_null(merkle_inclusion_prove(index, size, get_node, fixture, &proof));
	struct note_checkpoint checkpoint = {
		.origin = slice_text(ORIGIN), .size = size, .extensions = slice_text("time 2026-03-03T00:00:00Z\n")};
	merkle_root(&tree, checkpoint.root);
	struct slice note = note_sign(&fixture->arena, note_checkpoint_format(&fixture->arena, &checkpoint),
				      slice_text(ORIGIN), fixture->secret);
	buf_init(&json, JSON_BYTES_MAX);
	buf_text(&json, "{");
	if (index > 0) /* as ProtoJSON has it */
		buf_format(&json, "\"index\":\"%u\",", (unsigned)index);
	text_base64(slice_of(fixture->salt, sizeof(fixture->salt)), base64);
	buf_format(&json, "\"salt\":\"%s\",\"statement\":", base64);
	json_write_string(&json, slice_text(fixture->statement));
	buf_text(&json, ",\"checkpoint\":");
	json_write_string(&json, note);
	for (size_t i = 0; i < proof.count; i++) {
		text_base64(slice_of(proof.hashes[i], HASH_BYTES), base64);
		buf_format(&json, "%s\"%s\"", i == 0 ? ",\"hashes\":[" : ",", base64);
	}
	buf_text(&json, proof.count == 0 ? "}" : "]}");
	const char *text = arena_text(&fixture->arena, buf_slice(&json));
	buf_free(&json);
	return text;
}

static const char *
fault_of(struct fixture *fixture, const char *json, const char *credential, struct inclusion *inclusion)
{
	struct note_key log = note_key_make(slice_text(ORIGIN), fixture->public_key);
	return inclusion_fault(&fixture->arena, slice_text(json), slice_text(credential), &log, inclusion);
}

static void
honest(void **state)
{
	struct fixture *fixture = *state;
	for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
		for (uint64_t index = 0; index < size; index++) {
			struct inclusion inclusion;
			const char *fault = fault_of(fixture, proof_of(fixture, index, size, "issued"), credential_text,
						     &inclusion);
			if (fault != NULL)
				fail_msg("leaf %u of %u: %s", (unsigned)index, (unsigned)size, fault);
			assert_int_equal(inclusion.index, index);
			assert_int_equal(inclusion.checkpoint.size, size);
			assert_true(inclusion.checkpoint_us > 0 && inclusion.checkpoint_us < INT64_MAX);
		}
	}
}

static void
of_others(void **state)
{
	struct fixture *fixture = *state;
	struct inclusion inclusion;
	const char *json = proof_of(fixture, 4, 7, "issued");
	assert_non_null(fault_of(fixture, json, "{\"a\":2}", &inclusion));
	assert_null(fault_of(fixture, proof_of(fixture, 4, 7, "corrected"), credential_text, &inclusion));
	assert_null(fault_of(fixture, proof_of(fixture, 4, 7, "confirmed"), credential_text, &inclusion));
	/* That it was revoked stands in the log too, and proves nothing good. */
	assert_non_null(fault_of(fixture, proof_of(fixture, 4, 7, "revoked"), credential_text, &inclusion));
	assert_non_null(fault_of(fixture, proof_of(fixture, 4, 7, ""), credential_text, &inclusion));
	fixture->public_key[0] ^= 1;
	assert_non_null(fault_of(fixture, json, credential_text, &inclusion));
	fixture->public_key[0] ^= 1;
	struct note_key other = note_key_make(slice_text("other.example/log"), fixture->public_key);
	assert_non_null(
		inclusion_fault(&fixture->arena, slice_text(json), slice_text(credential_text), &other, &inclusion));
}

/* No byte may be changed without the proof failing, but in the letters of the checkpoint that only say when. */
static void
flipped(void **state)
{
	struct fixture *fixture = *state;
	struct inclusion inclusion;
	const char *json = proof_of(fixture, 4, 7, "issued");
	assert_null(fault_of(fixture, json, credential_text, &inclusion));
	for (size_t at = 0; json[at] != '\0'; at++) {
		char *copy = arena_format(&fixture->arena, "%s", json);
		copy[at] ^= 1;
		if (copy[at] != '\0' && fault_of(fixture, copy, credential_text, &inclusion) == NULL)
			fail_msg("byte %zu of %s", at, copy);
		copy = arena_format(&fixture->arena, "%.*s", (int)at, json);
		assert_non_null(fault_of(fixture, copy, credential_text, &inclusion));
	}
}

static void
odd(void **state)
{
	struct fixture *fixture = *state;
	struct inclusion inclusion;
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"index\":-1}",
		"{\"index\":\"18446744073709551616\"}",
		"{\"index\":\"\"}",
		"{\"index\":\"0\",\"salt\":\"AA==\",\"statement\":\"{}\",\"checkpoint\":\"\",\"hashes\":{}}",
		"{\"index\":\"0\",\"salt\":\"AA==\",\"statement\":\"{}\",\"checkpoint\":\"\",\"hashes\":[1]}",
		"{\"index\":\"0\",\"salt\":1,\"statement\":\"{}\",\"checkpoint\":\"\"}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_non_null(fault_of(fixture, texts[i], credential_text, &inclusion));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(honest, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(of_others, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(flipped, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(odd, open_fixture, close_fixture),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
