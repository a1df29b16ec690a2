/* tests/unit/random_test.c
 *
 * The generator is splitmix64, the same everywhere; its draws stay below their
 * bound and favour none. */
#include "common/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The values of the reference implementation by Sebastiano Vigna, seed 1234567. */
static void
the_sequence_is_the_published_one(void **state)
{
	(void)state;
	struct random random = {.state = 1234567};
	assert_true(random_next(&random) == UINT64_C(6457827717110365317));
	assert_true(random_next(&random) == UINT64_C(3203168211198807973));
	assert_true(random_next(&random) == UINT64_C(9817491932198370423));
	assert_true(random_next(&random) == UINT64_C(4593380528125082431));
	assert_true(random_next(&random) == UINT64_C(16408922859458223821));
}

static void
draws_stay_below_and_reach_every_value(void **state)
{
	(void)state;
	struct random random = {.state = 5};
	int seen[7] = {0};
	for (int i = 0; i < 70000; i++) {
		uint64_t drawn = random_below(&random, 7);
		assert_true(drawn < 7);
		seen[drawn]++;
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 9500, 10500);
	for (int i = 0; i < 100; i++)
		assert_int_equal(random_below(&random, 1), 0);
}

/* With a bound of 3 * 2^62 plain remainders would land below 2^62 half of the time; unbiased, a third. */
static void
a_large_bound_is_unbiased(void **state)
{
	(void)state;
	struct random random = {.state = 6};
	int low = 0;
	for (int i = 0; i < 30000; i++) {
		uint64_t drawn = random_below(&random, UINT64_C(3) << 62);
		assert_true(drawn < UINT64_C(3) << 62);
		low += drawn < UINT64_C(1) << 62;
	}
	assert_in_range(low, 9500, 10500);
}

static void
a_chance_is_a_percentage(void **state)
{
	(void)state;
	struct random random = {.state = 7};
	int hits = 0;
	for (int i = 0; i < 10000; i++) {
		assert_false(random_chance(&random, 0));
		assert_true(random_chance(&random, 100));
		hits += random_chance(&random, 25);
	}
	assert_in_range(hits, 2300, 2700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequence_is_the_published_one),
		cmocka_unit_test(draws_stay_below_and_reach_every_value),
		cmocka_unit_test(a_large_bound_is_unbiased),
		cmocka_unit_test(a_chance_is_a_percentage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
