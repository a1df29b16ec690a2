/* tests/unit/token_test.c
 *
 * The code of a verification URL reads back what it was made of, also as people type it, and nothing else reads. */
#include "services/certificate/token.h"

#include "common/base/codec.h"
#include "common/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int
open_arena(void **state)
{
	static struct arena arena;
	arena_init(&arena, 1 << 12, 0);
	*state = &arena;
	return 0;
}

static int
close_arena(void **state)
{
	arena_free(*state);
	return 0;
}

static void
a_code_reads_back(void **state)
{
	static const uint64_t numbers[] = {0, 1, 31, 32, 1023, 5000000, UINT64_C(1) << 40, UINT64_MAX};
	struct random random = {7};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint8_t bytes[16];
		uint8_t read[TOKEN_BYTES];
		uint64_t number;
		put_u64(bytes, random_next(&random));
		put_u64(bytes + 8, random_next(&random));
		const char *code = token_code(*state, bytes, numbers[i]);
		assert_true(token_parse(code, read, &number));
		assert_memory_equal(read, bytes, TOKEN_BYTES);
		assert_true(number == numbers[i]);
		assert_true(token_equal(read, bytes));
		read[9] ^= 1;
		assert_false(token_equal(read, bytes));
	}
}

static void
a_code_is_spelt_as_expected(void **state)
{
	static const uint8_t zero[TOKEN_BYTES];
	static const uint8_t ones[TOKEN_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t first[TOKEN_BYTES] = {0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0x21};
	assert_string_equal(token_code(*state, zero, 0), "00000000000000000");
	assert_string_equal(token_code(*state, ones, 33), "ZZZZZZZZZZZZZZZZ11");
	assert_string_equal(token_code(*state, first, 1000), "1000000000000011Z8");
}

static void
people_may_type_it(void **state)
{
	(void)state;
	static const uint8_t first[TOKEN_BYTES] = {0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0x21};
	static const char *const typed[] = {"1000-0000-0000-0011-Z8", "ioooooooooooooLlz8", " 1000 0000 0000 0011 z8 ",
					    "https://training.example.vn/v/1000000000000011Z8"};
	for (size_t i = 0; i < sizeof(typed) / sizeof(*typed); i++) {
		uint8_t token[TOKEN_BYTES];
		uint64_t number;
		assert_true(token_parse(typed[i], token, &number));
		assert_memory_equal(token, first, TOKEN_BYTES);
		assert_true(number == 1000);
	}
}

static void
what_is_no_code_does_not_read(void **state)
{
	(void)state;
	static const char *const others[] = {
		"",
		"1000000000000011",               /* no number */
		"10000000000000110Z8",            /* another spelling of the number */
		"1000000000000011U",              /* no digit */
		"1000000000000011G000000000000",  /* more than 64 bits */
		"100000000000001110000000000000", /* too long */
		"1000000000000011Z8é",
		"https://training.example.vn/verify/1000000000000011Z8",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		uint8_t token[TOKEN_BYTES];
		uint64_t number;
		assert_false(token_parse(others[i], token, &number));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_reads_back),
		cmocka_unit_test(a_code_is_spelt_as_expected),
		cmocka_unit_test(people_may_type_it),
		cmocka_unit_test(what_is_no_code_does_not_read),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
