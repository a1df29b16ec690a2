/* tests/unit/bits_test.c
 *
 * Status lists are spelt as the W3C example spells them and read as its test suite sets
 * them; bombs, scraps and tails are refused by name; places are a permutation.
 *
 * Sources: W3C Recommendation vc-bitstring-status-list, the example of a status list
 * credential; github.com/w3c/vc-bitstring-status-list-test-suite, README.md and
 * fixtures/status-credentials (single-purpose-ok, short-encoded-list-fail), whose lists lack
 * the "u" of the Recommendation. */
#include "common/credential/bits.h"

#include "common/base/random.h"
#include "common/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

static const char example[] = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
static const char fixture[] =
	"uH4sIACbOo2YC_-3QMREAMAgEsGerLPyrQgFjB-4SCUkWHQAAAAAAAOCwpwAAAADgrFIAAAAAAAAAAAAAAAAA3wxvOeOvqGEAAA";
static const char short_fixture[] = "uH4sIAN7Lo2YC_2NgwAEAjw7P6RkAAAA";

static void
an_empty_list_is_spelt_as_in_the_recommendation(void **state)
{
	static const uint8_t zeros[BITS_ENTRIES_MIN / 8];
	struct slice bits;
	struct slice text = bits_encode(*state, slice_of(zeros, sizeof(zeros)));
	assert_true(slice_equal(text, slice_text(example)));
	assert_null(bits_decode(*state, slice_text(example), BITS_BYTES, &bits));
	assert_true(slice_equal(bits, slice_of(zeros, sizeof(zeros))));
}

static void
entries_are_where_the_test_suite_set_them(void **state)
{
	struct slice bits;
	assert_null(bits_decode(*state, slice_text(fixture), BITS_BYTES, &bits));
	assert_int_equal(bits.size, 25000);
	for (uint64_t index = 0; index < bits.size * 8; index++) {
		bool is_set;
		assert_null(bits_get(bits, index, &is_set));
		assert_int_equal(is_set, index == 201 || index == 57444 || index == 94023);
	}
	bool is_set;
	assert_string_equal(bits_get(bits, bits.size * 8, &is_set), "the list has no such entry");
	assert_string_equal(bits_get(bits, UINT64_MAX, &is_set), "the list has no such entry");
}

static void
entry_nought_is_the_leftmost(void **state)
{
	(void)state;
	static uint8_t bits[BITS_BYTES];
	bool is_set;
	bits_set(bits, 0, true);
	assert_int_equal(bits[0], 0x80);
	bits_set(bits, BITS_ENTRIES - 1, true);
	assert_int_equal(bits[BITS_BYTES - 1], 0x01);
	assert_null(bits_get(slice_of(bits, sizeof(bits)), BITS_ENTRIES - 1, &is_set));
	assert_true(is_set);
	bits_set(bits, BITS_ENTRIES - 1, false);
	assert_int_equal(bits[BITS_BYTES - 1], 0);
	assert_null(bits_get(slice_of(bits, sizeof(bits)), BITS_ENTRIES - 1, &is_set));
	assert_false(is_set);
}

static void
lists_round_trip_and_are_always_spelt_alike(void **state)
{
	static uint8_t bits[BITS_BYTES];
	struct random random = {.state = 20};
	for (unsigned percent = 0; percent <= 100; percent += 25) {
		for (size_t i = 0; i < BITS_ENTRIES; i++)
			bits_set(bits, (uint32_t)i, random_chance(&random, percent));
		struct slice list = slice_of(bits, sizeof(bits));
		struct slice text = bits_encode(*state, list);
		struct slice back;
		assert_null(bits_decode(*state, text, BITS_BYTES, &back));
		assert_true(slice_equal(back, list));
		assert_true(slice_equal(bits_encode(*state, list), text));
		arena_reset(*state);
	}
}

static void
a_bomb_is_stopped_at_the_limit(void **state)
{
	struct arena *arena = *state;
	static uint8_t zeros[BITS_BYTES_MAX];
	struct slice bits;
	struct slice text = bits_encode(arena, slice_of(zeros, sizeof(zeros)));
	assert_true(text.size < 32 << 10);
	size_t before = arena->used;
	assert_string_equal(bits_decode(arena, text, BITS_BYTES, &bits), "the list inflates to more than is allowed");
	assert_true(arena->used - before < 3 * BITS_BYTES);
	text = bits_encode(arena, slice_of(zeros, BITS_BYTES + 1));
	assert_string_equal(bits_decode(arena, text, BITS_BYTES, &bits), "the list inflates to more than is allowed");
	assert_null(bits_decode(arena, text, BITS_BYTES + 1, &bits));
}

/* The example with its packed bytes changed: cut to size, or with one byte set to value. */
static const char *
fault_of(struct arena *arena, size_t size, size_t at, int value)
{
	uint8_t packed[256] = {0};
	size_t whole;
	struct slice bits;
	char text[1 + TEXT_BASE64_BYTES(256)] = "u";
	assert_true(text_from_base64url(slice_text(example + 1), packed, sizeof(packed), &whole));
	if (value >= 0)
		packed[at] = (uint8_t)value;
	text_base64url(slice_of(packed, size == 0 ? whole : size), text + 1);
	return bits_decode(arena, slice_text(text), BITS_BYTES, &bits);
}

static void
what_is_no_list_is_refused_by_name(void **state)
{
	enum { WHOLE = 51 };
	struct slice bits;
	assert_null(fault_of(*state, 0, 0, -1));
	assert_null(fault_of(*state, WHOLE, 0, -1));
	assert_string_equal(fault_of(*state, WHOLE + 1, 0, -1), "the list has something behind its end");
	for (size_t size = 1; size < WHOLE; size++)
		assert_string_equal(fault_of(*state, size, 0, -1), "the list ends before its end");
	assert_string_equal(fault_of(*state, 0, 0, 0x78), "the list is not gzip");
	assert_string_equal(fault_of(*state, 0, WHOLE - 8, 0), "the list is not gzip"); /* the checksum */
	assert_string_equal(fault_of(*state, 0, WHOLE - 4, 1), "the list is not gzip"); /* the length */

	assert_string_equal(bits_decode(*state, slice_text(short_fixture), BITS_BYTES, &bits),
			    "the list has fewer than 131,072 entries");
	assert_string_equal(bits_decode(*state, slice_text(example + 1), BITS_BYTES, &bits),
			    "the list is not in base64url: it does not begin with u");
	assert_string_equal(bits_decode(*state, slice_text(""), BITS_BYTES, &bits),
			    "the list is not in base64url: it does not begin with u");
	assert_string_equal(bits_decode(*state, slice_text("uH4s="), BITS_BYTES, &bits),
			    "the list is not in base64url");
	static char large[2 * BITS_BYTES];
	memset(large, 'A', sizeof(large));
	large[0] = 'u';
	assert_string_equal(bits_decode(*state, slice_of(large, sizeof(large)), BITS_BYTES, &bits),
			    "the list is too large");
}

static void
memory_stays_within_the_arena(void **state)
{
	(void)state;
	struct arena arena;
	struct slice bits;
	arena_init(&arena, 4096, 1 << 16);
	assert_string_equal(bits_decode(&arena, slice_text(example), BITS_BYTES, &bits),
			    "the list needs more memory than there is");
	arena_free(&arena);
}

static void
places_are_a_permutation(void **state)
{
	(void)state;
	static uint8_t seen[BITS_BYTES];
	uint8_t key[KEYED_KEY_BYTES] = {1, 2, 3};
	bool is_set;
	memset(seen, 0, sizeof(seen));
	for (uint32_t n = 0; n < BITS_ENTRIES; n++) {
		uint32_t place = bits_place(key, n);
		assert_true(place < BITS_ENTRIES);
		bits_get(slice_of(seen, sizeof(seen)), place, &is_set);
		assert_false(is_set);
		bits_set(seen, place, true);
	}
}

/* Neighbours would lie within 1,000 places of each other once in 524 times by chance. */
static void
places_tell_nothing_without_the_key(void **state)
{
	(void)state;
	enum { NEAR = 1000, COUNT = 10000 };
	uint8_t key[KEYED_KEY_BYTES] = {1};
	uint8_t other[KEYED_KEY_BYTES] = {2};
	int near = 0;
	int same = 0;
	for (uint32_t n = 0; n < COUNT; n++) {
		int64_t distance = (int64_t)bits_place(key, n) - bits_place(key, n + 1);
		near += distance > -NEAR && distance < NEAR;
		same += bits_place(key, n) == bits_place(other, n);
	}
	assert_in_range(near, 1, 60);
	assert_in_range(same, 0, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_is_spelt_as_in_the_recommendation),
		cmocka_unit_test(entries_are_where_the_test_suite_set_them),
		cmocka_unit_test(entry_nought_is_the_leftmost),
		cmocka_unit_test(lists_round_trip_and_are_always_spelt_alike),
		cmocka_unit_test(a_bomb_is_stopped_at_the_limit),
		cmocka_unit_test(what_is_no_list_is_refused_by_name),
		cmocka_unit_test(memory_stays_within_the_arena),
		cmocka_unit_test(places_are_a_permutation),
		cmocka_unit_test(places_tell_nothing_without_the_key),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
