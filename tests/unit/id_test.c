/* tests/unit/id_test.c
 *
 * Ids of one locality stand together, in order of time; the text of an id sorts
 * as its bytes do and has one spelling only. */
#include "common/base/id.h"

#include "common/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
the_parts_stand_in_order(void **state)
{
	(void)state;
	struct id id = id_make(0x01020304, INT64_C(0x0506070809) * 1000 + 999, UINT64_C(0xffff0a0b0c0d0e0f));
	static const uint8_t expected[ID_BYTES] = {1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	assert_memory_equal(id.bytes, expected, ID_BYTES);
	assert_int_equal(id_locality(id), 0x01020304);
}

static void
known_texts(void **state)
{
	(void)state;
	char text[ID_TEXT_BYTES];
	struct id id;
	memset(id.bytes, 0, ID_BYTES);
	id_format(id, text);
	assert_string_equal(text, "00000000000000000000000000");
	id.bytes[15] = 33;
	id_format(id, text);
	assert_string_equal(text, "00000000000000000000000011");
	memset(id.bytes, 0xff, ID_BYTES);
	id_format(id, text);
	assert_string_equal(text, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
	/* 0x0123456789abcdef0123456789abcdef in base 32, computed by another program */
	static const uint8_t bytes[ID_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
						0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	memcpy(id.bytes, bytes, ID_BYTES);
	id_format(id, text);
	assert_string_equal(text, "014d2pf2dbsqqg28t5cy4tqkff");
}

static struct id
id_draw(struct random *random)
{
	return id_make((uint32_t)random_below(random, 4), (int64_t)random_below(random, 4000), random_below(random, 4));
}

static void
texts_round_trip_and_sort_as_bytes(void **state)
{
	(void)state;
	struct random random = {.state = 4};
	for (int i = 0; i < 20000; i++) {
		struct id a = id_draw(&random);
		struct id b = id_draw(&random);
		if (i % 2 == 0)
			b = id_make((uint32_t)random_next(&random), i, random_next(&random));
		char left[ID_TEXT_BYTES], right[ID_TEXT_BYTES];
		id_format(a, left);
		id_format(b, right);
		assert_int_equal(strlen(right), ID_TEXT_BYTES - 1);
		struct id back;
		assert_true(id_parse(right, &back));
		assert_memory_equal(back.bytes, b.bytes, ID_BYTES);
		int by_bytes = memcmp(a.bytes, b.bytes, ID_BYTES);
		int by_text = strcmp(left, right);
		assert_true((by_bytes < 0) == (by_text < 0));
		assert_true((by_bytes == 0) == (by_text == 0));
	}
}

static void
locality_sorts_before_time_and_time_before_chance(void **state)
{
	(void)state;
	struct id first = id_make(1, 2000000, 9);
	struct id same_millisecond = id_make(1, 2000999, 9);
	struct id later = id_make(1, 2001000, 0);
	struct id elsewhere = id_make(2, 0, 0);
	assert_memory_equal(first.bytes, same_millisecond.bytes, ID_BYTES);
	assert_true(memcmp(first.bytes, later.bytes, ID_BYTES) < 0);
	assert_true(memcmp(later.bytes, elsewhere.bytes, ID_BYTES) < 0);
}

static void
other_spellings_are_refused(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"",
		"0000000000000000000000000",   /* 25 */
		"000000000000000000000000000", /* 27 */
		"8zzzzzzzzzzzzzzzzzzzzzzzzz",  /* beyond 128 bits */
		"0000000000000000000000000A",  /* upper case */
		"0000000000000000000000000i",
		"0000000000000000000000000l",
		"0000000000000000000000000o",
		"0000000000000000000000000u",
		"0000000000000000000000000-",
		" 0000000000000000000000000",
		"00000000000000000000000\xe1\xbb\x85",
	};
	struct id id;
	memset(id.bytes, 0x55, ID_BYTES);
	struct id before = id;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(id_parse(refused[i], &id));
	assert_memory_equal(id.bytes, before.bytes, ID_BYTES);
	assert_true(id_parse("7zzzzzzzzzzzzzzzzzzzzzzzzz", &id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_stand_in_order),
		cmocka_unit_test(known_texts),
		cmocka_unit_test(texts_round_trip_and_sort_as_bytes),
		cmocka_unit_test(locality_sorts_before_time_and_time_before_chance),
		cmocka_unit_test(other_spellings_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
