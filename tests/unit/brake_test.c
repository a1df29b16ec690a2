/* tests/unit/brake_test.c
 *
 * When the mass-change brake goes on: at more than 20 changes that are more than 2 % of the people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/enrollment/enrollment.h"

static void
needs_more_than_20(void **state)
{
	(void)state;
	assert_false(brake_trips(1, 1));
	assert_false(brake_trips(20, 20));
	assert_true(brake_trips(21, 21));
	assert_true(brake_trips(21, 0));
}

static void
needs_more_than_2_percent(void **state)
{
	(void)state;
	assert_true(brake_trips(21, 1049));
	assert_false(brake_trips(21, 1050));
	assert_false(brake_trips(2000, 100000));
	assert_true(brake_trips(2001, 100000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_more_than_20),
		cmocka_unit_test(needs_more_than_2_percent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
