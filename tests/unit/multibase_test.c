/* tests/unit/multibase_test.c
 *
 * Base58 gives the published texts and reads back what it wrote; base64url has one spelling;
 * a Multikey is taken for Ed25519 only.
 *
 * Sources: github.com/bitcoin/bitcoin, src/test/data/base58_encode_decode.json; the key of
 * github.com/w3c/vc-di-eddsa, TestVectors/keyPair.json. */
#include "common/credential/multibase.h"

#include "common/base/random.h"
#include "common/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

static void
base58_gives_the_published_texts(void **state)
{
	static const char *const pairs[][2] = {
		{"61", "z2g"},
		{"626262", "za3gV"},
		{"636363", "zaPEr"},
		{"73696d706c792061206c6f6e6720737472696e67", "z2cFupjhnEsSn59qHXstmK2ffpLv2"},
		{"00eb15231dfceb60925886b67d065299925915aeb172c06647", "z1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"},
		{"516b6fcd0f", "zABnLTmg"},
		{"bf4f89001e670274dd", "z3SEo3LWLoPntC"},
		{"572e4794", "z3EFU7m"},
		{"ecac89cad93923c02321", "zEJDM8drfXA6uyA"},
		{"10c8511e", "zRt5zm"},
		{"00000000000000000000", "z1111111111"},
		{"000111d38e5fc9071ffcd20b4a763cc9ae4f252bb4e48fd66a835e252ada93ff480d6dd43dc62a641155a5",
		 "z123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint8_t bytes[MULTIBASE_BYTES_MAX];
		uint8_t again[MULTIBASE_BYTES_MAX];
		size_t size = strlen(pairs[i][0]) / 2;
		assert_true(text_from_hex(pairs[i][0], bytes, size));
		assert_string_equal(multibase_encode(*state, slice_of(bytes, size)), pairs[i][1]);
		assert_true(multibase_decode(slice_text(pairs[i][1]), again, size));
		assert_memory_equal(again, bytes, size);
	}
}

static void
base58_reads_back_what_it_wrote(void **state)
{
	struct random random = {.state = 58};
	for (int i = 0; i < 500; i++) {
		uint8_t bytes[MULTIBASE_BYTES_MAX];
		uint8_t again[MULTIBASE_BYTES_MAX];
		size_t size = 1 + (size_t)random_below(&random, sizeof(bytes));
		size_t zeros = (size_t)random_below(&random, size + 1);
		for (size_t at = 0; at < size; at++)
			bytes[at] = at < zeros ? 0 : (uint8_t)random_next(&random);
		struct slice text = slice_text(multibase_encode(*state, slice_of(bytes, size)));
		assert_true(multibase_decode(text, again, size));
		assert_memory_equal(again, bytes, size);
		assert_false(multibase_decode(text, again, size - 1));
		if (size < sizeof(bytes))
			assert_false(multibase_decode(text, again, size + 1));
	}
	uint8_t bytes[4];
	assert_false(multibase_decode(slice_text("z0OIl"), bytes, 4));
	assert_false(multibase_decode(slice_text("2g"), bytes, 4));
	assert_false(multibase_decode(slice_text("z"), bytes, 0));
}

static void
base64url_has_one_spelling(void **state)
{
	uint8_t bytes[8];
	size_t size;
	assert_string_equal(multibase_encode_url(*state, slice_text("\xfb\xff\xbf\x01")), "u-_-_AQ");
	assert_true(multibase_decode_url(slice_text("u-_-_AQ"), bytes, sizeof(bytes), &size));
	assert_int_equal(size, 4);
	assert_memory_equal(bytes, "\xfb\xff\xbf\x01", 4);
	assert_true(multibase_decode_url(slice_text("u"), bytes, sizeof(bytes), &size));
	assert_int_equal(size, 0);
	static const char *const bad[] = {"", "-_-_AQ", "z-_-_AQ", "u-_-_AQ==", "u-_-_AR", "u+/+/AQ", "u-_-_A"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(multibase_decode_url(slice_text(bad[i]), bytes, sizeof(bytes), &size));
	assert_false(multibase_decode_url(slice_text("u-_-_AQ"), bytes, 3, &size));
}

static void
a_multikey_is_taken_for_ed25519_only(void **state)
{
	static const char text[] = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
	uint8_t key[MULTIKEY_KEY_BYTES];
	char again[MULTIKEY_TEXT_BYTES];
	assert_true(multikey_parse(slice_text(text), key));
	multikey_format(key, again);
	assert_string_equal(again, text);
	/* The secret half has another codec, as have other kinds of keys; a key without one is none. */
	assert_false(multikey_parse(slice_text("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"), key));
	assert_false(multikey_parse(slice_text(multibase_encode(*state, slice_of(key, sizeof(key)))), key));
	assert_false(multikey_parse(slice_of(text, strlen(text) - 1), key));
	assert_false(multikey_parse(slice_of(text + 1, strlen(text) - 1), key));
}

static void
every_multikey_has_the_same_length(void **state)
{
	(void)state;
	uint8_t key[MULTIKEY_KEY_BYTES] = {0};
	char text[MULTIKEY_TEXT_BYTES];
	multikey_format(key, text);
	assert_int_equal(strlen(text), MULTIKEY_TEXT_BYTES - 1);
	memset(key, 0xff, sizeof(key));
	multikey_format(key, text);
	assert_int_equal(strlen(text), MULTIKEY_TEXT_BYTES - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base58_gives_the_published_texts),
		cmocka_unit_test(base58_reads_back_what_it_wrote),
		cmocka_unit_test(base64url_has_one_spelling),
		cmocka_unit_test(a_multikey_is_taken_for_ed25519_only),
		cmocka_unit_test(every_multikey_has_the_same_length),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
