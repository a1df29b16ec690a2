/* tests/unit/hash_test.c
 *
 * The hashes give the published values, whole or in parts, in any thread; a seal
 * holds for its bytes and its key only. */
#include "common/base/hash.h"

#include "common/base/text.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
assert_sha256(struct slice bytes, const char *expected)
{
	uint8_t hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];
	hash_sha256(bytes, hash);
	text_hex(slice_of(hash, HASH_BYTES), hex);
	assert_string_equal(hex, expected);
}

/* FIPS 180-4 examples, by NIST. */
static void
sha256_gives_the_published_values(void **state)
{
	(void)state;
	static uint8_t million[1000000];
	memset(million, 'a', sizeof(million));
	assert_sha256(slice_of(NULL, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_sha256(slice_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_sha256(slice_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_sha256(slice_of(million, sizeof(million)),
		      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* A beginning is kept for as many texts as there are, whatever else is hashed in between. */
static void
texts_that_begin_alike_hash_as_if_alone(void **state)
{
	(void)state;
	const struct slice rests[] = {slice_text("b"), slice_text("c"), slice_of(NULL, 0)};
	uint8_t alone[HASH_BYTES], gone_on[HASH_BYTES];
	for (int round = 0; round < 2; round++) {
		hash_sha256_begin(slice_text("a"));
		hash_sha256(slice_text("abc"), alone);
		hash_sha256_go_on(rests, 2, gone_on);
		assert_memory_equal(gone_on, alone, HASH_BYTES);
		hash_sha256(slice_text("ac"), alone);
		hash_sha256_go_on(rests + 1, 2, gone_on);
		assert_memory_equal(gone_on, alone, HASH_BYTES);
		hash_sha256(slice_text("a"), alone);
		hash_sha256_go_on(NULL, 0, gone_on);
		assert_memory_equal(gone_on, alone, HASH_BYTES);
	}
}

static void
parts_hash_as_their_concatenation(void **state)
{
	(void)state;
	const struct slice parts[] = {slice_text("a"), slice_of(NULL, 0), slice_text("b"), slice_text("c")};
	uint8_t whole[HASH_BYTES], joined[HASH_BYTES];
	hash_sha256(slice_text("abc"), whole);
	hash_sha256_parts(parts, 4, joined);
	assert_memory_equal(joined, whole, HASH_BYTES);
	hash_sha256_parts(parts, 3, joined);
	assert_memory_not_equal(joined, whole, HASH_BYTES);
	hash_sha256(slice_of(NULL, 0), whole);
	hash_sha256_parts(NULL, 0, joined);
	assert_memory_equal(joined, whole, HASH_BYTES);
}

static void *
hash_in_a_thread(void *out)
{
	for (int i = 0; i < 1000; i++)
		hash_sha256(slice_text("abc"), out);
	return NULL;
}

static void
threads_hash_at_once(void **state)
{
	(void)state;
	uint8_t expected[HASH_BYTES];
	hash_sha256(slice_text("abc"), expected);
	pthread_t threads[4];
	uint8_t hashes[4][HASH_BYTES];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_in_a_thread, hashes[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_memory_equal(hashes[i], expected, HASH_BYTES);
	}
}

static void
a_seal_is_keyed_blake2b(void **state)
{
	(void)state;
	uint8_t key[SEAL_KEY_BYTES], seal[SEAL_BYTES], expected[SEAL_BYTES];
	for (size_t i = 0; i < SEAL_KEY_BYTES; i++)
		key[i] = (uint8_t)i;
	crypto_generichash_blake2b_state blake;
	crypto_generichash_blake2b_init(&blake, key, SEAL_KEY_BYTES, SEAL_BYTES);
	crypto_generichash_blake2b_update(&blake, (const uint8_t *)"frame", 5);
	crypto_generichash_blake2b_final(&blake, expected, SEAL_BYTES);
	seal_make(slice_text("frame"), key, seal);
	assert_memory_equal(seal, expected, SEAL_BYTES);
	uint8_t unkeyed[SEAL_BYTES];
	crypto_generichash(unkeyed, SEAL_BYTES, (const uint8_t *)"frame", 5, NULL, 0);
	assert_memory_not_equal(seal, unkeyed, SEAL_BYTES);
}

static void
a_seal_holds_for_its_bytes_and_key_only(void **state)
{
	(void)state;
	uint8_t key[SEAL_KEY_BYTES] = {1}, other[SEAL_KEY_BYTES] = {2}, seal[SEAL_BYTES];
	seal_make(slice_text("frame"), key, seal);
	assert_true(seal_check(slice_text("frame"), key, slice_of(seal, SEAL_BYTES)));
	assert_false(seal_check(slice_text("framf"), key, slice_of(seal, SEAL_BYTES)));
	assert_false(seal_check(slice_text("frame"), other, slice_of(seal, SEAL_BYTES)));
	assert_false(seal_check(slice_text("frame"), key, slice_of(seal, SEAL_BYTES - 1)));
	assert_false(seal_check(slice_text("frame"), key, slice_of(NULL, 0)));
	for (size_t bit = 0; bit < SEAL_BYTES * 8; bit++) {
		seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(seal_check(slice_text("frame"), key, slice_of(seal, SEAL_BYTES)));
		seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(seal_check(slice_text("frame"), key, slice_of(seal, SEAL_BYTES)));
}

/* The reference implementation's vectors for 128 bits: key and input count up from 0. */
static void
a_token_is_siphash(void **state)
{
	(void)state;
	uint8_t key[KEYED_KEY_BYTES], input[64], token[KEYED_BYTES];
	char hex[2 * KEYED_BYTES + 1];
	static const char *const expected[] = {"a3817f04ba25a8e66df67214c7550293", "da87c1d86b99af44347659119b22fc45"};
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	for (size_t size = 0; size < 2; size++) {
		hash_keyed(slice_of(input, size), key, token);
		text_hex(slice_of(token, KEYED_BYTES), hex);
		assert_string_equal(hex, expected[size]);
	}
}

static void
a_secret_gives_its_own_token_key(void **state)
{
	(void)state;
	uint8_t secret[SEAL_KEY_BYTES] = {1}, key[KEYED_KEY_BYTES], again[KEYED_KEY_BYTES], other[KEYED_KEY_BYTES];
	hash_key_derive(secret, key);
	hash_key_derive(secret, again);
	assert_memory_equal(key, again, KEYED_KEY_BYTES);
	assert_memory_not_equal(key, secret, KEYED_KEY_BYTES);
	secret[31] = 1;
	hash_key_derive(secret, other);
	assert_memory_not_equal(key, other, KEYED_KEY_BYTES);
}

/* What stands in keys must not change; numbers and texts that count up fill a table evenly. */
static void
spreading_is_even_and_stays_the_same(void **state)
{
	(void)state;
	enum { PLACES = 1024, TEXTS = 8 * PLACES };
	static unsigned low[PLACES], high[PLACES];
	assert_true(hash_spread(slice_of(NULL, 0)) == 0);
	assert_true(hash_spread(slice_text("a")) != hash_spread(slice_of("a", 2)));
	for (unsigned i = 0; i < TEXTS; i++) {
		char text[32];
		snprintf(text, sizeof(text), "CB-%06u", i);
		uint64_t hash = hash_spread(slice_text(text));
		low[hash % PLACES]++;
		high[hash >> 54]++;
	}
	for (size_t i = 0; i < PLACES; i++) {
		assert_in_range(low[i], 0, 32);
		assert_in_range(high[i], 0, 32);
	}
	assert_true(hash_spread(slice_text("01HZX3T9QK8E7M")) == UINT64_C(0x63d1207ee4b49f81));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_values),
		cmocka_unit_test(texts_that_begin_alike_hash_as_if_alone),
		cmocka_unit_test(parts_hash_as_their_concatenation),
		cmocka_unit_test(threads_hash_at_once),
		cmocka_unit_test(a_seal_is_keyed_blake2b),
		cmocka_unit_test(a_seal_holds_for_its_bytes_and_key_only),
		cmocka_unit_test(a_token_is_siphash),
		cmocka_unit_test(a_secret_gives_its_own_token_key),
		cmocka_unit_test(spreading_is_even_and_stays_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
