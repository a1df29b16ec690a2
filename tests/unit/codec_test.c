/* tests/unit/codec_test.c
 *
 * The order of keys is the order of their fields, what is written is read back,
 * and a key never grows past its size. */
#include "common/base/codec.h"

#include "common/base/random.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { ROUNDS = 20000 };

static int
sign(int order)
{
	return (order > 0) - (order < 0);
}

static void
the_bytes_are_big_endian(void **state)
{
	(void)state;
	struct key key = key_of(7);
	key_u8(&key, 0x01);
	key_u16(&key, 0x0203);
	key_u32(&key, 0x04050607);
	key_u64(&key, UINT64_C(0x08090a0b0c0d0e0f));
	key_i64(&key, -1);
	key_i64(&key, 1);
	key_text(&key, "ab");
	key_bytes(&key, slice_text("c"));
	static const uint8_t expected[] = {7,    1,  2,  3,  4,    5,    6,    7,    8,    9,    10,   11,
					   12,   13, 14, 15, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0x80, 0,  0,  0,  0,    0,    0,    1,    'a',  'b',  0,    'c'};
	assert_int_equal(key.size, sizeof(expected));
	assert_memory_equal(key.data, expected, sizeof(expected));
}

static void
what_is_written_is_read_back(void **state)
{
	(void)state;
	struct key key = key_of(9);
	key_u16(&key, 65535);
	key_u32(&key, UINT32_MAX);
	key_u64(&key, UINT64_MAX);
	key_i64(&key, INT64_MIN);
	key_text(&key, "đào tạo");
	key_bytes(&key, slice_text("rest"));
	struct slice rest = key_slice(&key);
	uint8_t table;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	const char *text;
	struct slice bytes;
	assert_true(key_read_u8(&rest, &table));
	assert_true(key_read_u16(&rest, &u16));
	assert_true(key_read_u32(&rest, &u32));
	assert_true(key_read_u64(&rest, &u64));
	assert_true(key_read_i64(&rest, &i64));
	assert_true(key_read_text(&rest, &text));
	assert_true(key_read_bytes(&rest, 4, &bytes));
	assert_int_equal(table, 9);
	assert_int_equal(u16, 65535);
	assert_int_equal(u32, UINT32_MAX);
	assert_true(u64 == UINT64_MAX);
	assert_true(i64 == INT64_MIN);
	assert_string_equal(text, "đào tạo");
	assert_true(slice_equal(bytes, slice_text("rest")));
	assert_int_equal(rest.size, 0);
	assert_true(key_read_bytes(&rest, 0, &bytes));
	assert_false(key_read_u8(&rest, &table));
}

static void
too_short_reads_nothing(void **state)
{
	(void)state;
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
	uint16_t u16 = 42;
	uint32_t u32 = 42;
	uint64_t u64 = 42;
	int64_t i64 = 42;
	const char *text = "untouched";
	struct slice part = slice_of(NULL, 42);
	struct slice rest = slice_of(bytes, 7);
	assert_false(key_read_u64(&rest, &u64));
	assert_false(key_read_i64(&rest, &i64));
	assert_false(key_read_text(&rest, &text));
	assert_false(key_read_bytes(&rest, 8, &part));
	assert_true(rest.data == bytes && rest.size == 7);
	rest.size = 3;
	assert_false(key_read_u32(&rest, &u32));
	rest.size = 1;
	assert_false(key_read_u16(&rest, &u16));
	assert_int_equal(rest.size, 1);
	assert_true(u16 == 42 && u32 == 42 && u64 == 42 && i64 == 42 && part.size == 42);
	assert_string_equal(text, "untouched");
}

static struct key
key_of_number(int64_t number)
{
	struct key key = key_of(1);
	key_i64(&key, number);
	return key;
}

static void
numbers_sort_as_numbers(void **state)
{
	(void)state;
	struct random random = {.state = 1};
	static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -256, -1, 0, 1, 255, 256, INT64_MAX - 1, INT64_MAX};
	for (size_t i = 0; i + 1 < sizeof(edges) / sizeof(edges[0]); i++) {
		struct key low = key_of_number(edges[i]);
		struct key high = key_of_number(edges[i + 1]);
		assert_true(slice_compare(key_slice(&low), key_slice(&high)) < 0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		unsigned shift = (unsigned)random_below(&random, 64);
		int64_t a = (int64_t)random_next(&random) >> shift;
		int64_t b = (int64_t)random_next(&random) >> shift;
		struct key left = key_of_number(a);
		struct key right = key_of_number(b);
		assert_int_equal(sign(slice_compare(key_slice(&left), key_slice(&right))), (a > b) - (a < b));
	}
}

struct fields {
	uint16_t place;
	char name[5];
	uint32_t day;
};

/* Few values and short texts, so that equal fields and prefixes are common. */
static struct fields
fields_draw(struct random *random)
{
	struct fields fields = {.place = (uint16_t)(random_below(random, 3) * 200),
				.day = (uint32_t)random_below(random, 3) * 300};
	size_t length = random_below(random, sizeof(fields.name));
	for (size_t i = 0; i < length; i++)
		fields.name[i] = "aB\x01\xff"[random_below(random, 4)];
	return fields;
}

static struct key
fields_key(const struct fields *fields)
{
	struct key key = key_of(2);
	key_u16(&key, fields->place);
	key_text(&key, fields->name);
	key_u32(&key, fields->day);
	return key;
}

static int
fields_compare(const struct fields *a, const struct fields *b)
{
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	int order = strcmp(a->name, b->name);
	if (order != 0)
		return sign(order);
	return (a->day > b->day) - (a->day < b->day);
}

static void
keys_sort_field_by_field(void **state)
{
	(void)state;
	struct random random = {.state = 2};
	int seen[3] = {0};
	for (int i = 0; i < ROUNDS; i++) {
		struct fields a = fields_draw(&random);
		struct fields b = fields_draw(&random);
		struct key left = fields_key(&a);
		struct key right = fields_key(&b);
		int expected = fields_compare(&a, &b);
		assert_int_equal(sign(slice_compare(key_slice(&left), key_slice(&right))), expected);
		seen[expected + 1]++;
	}
	assert_true(seen[0] > 1000);
	assert_true(seen[1] > 100);
	assert_true(seen[2] > 1000);
}

static void
plain_numbers_round_trip(void **state)
{
	(void)state;
	struct random random = {.state = 3};
	for (int i = 0; i < 1000; i++) {
		uint8_t at[8];
		uint64_t number = random_next(&random);
		put_u64(at, number);
		assert_true(get_u64(at) == number);
		assert_int_equal(at[0], number >> 56);
		put_u32(at, (uint32_t)number);
		assert_int_equal(get_u32(at), (uint32_t)number);
		assert_int_equal(at[3], (uint8_t)number);
	}
}

static int
status_after_appending(size_t size)
{
	static const uint8_t zeros[KEY_BYTES_MAX + 1];
	pid_t child = fork();
	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		struct key key = key_of(1);
		key_bytes(&key, slice_of(zeros, size));
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
growing_past_the_end_is_a_bug(void **state)
{
	(void)state;
	assert_int_equal(status_after_appending(KEY_BYTES_MAX - 1), 0);
	int status = status_after_appending(KEY_BYTES_MAX);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_big_endian),      cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(too_short_reads_nothing),       cmocka_unit_test(numbers_sort_as_numbers),
		cmocka_unit_test(keys_sort_field_by_field),      cmocka_unit_test(plain_numbers_round_trip),
		cmocka_unit_test(growing_past_the_end_is_a_bug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
