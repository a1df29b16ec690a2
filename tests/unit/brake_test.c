/* tests/unit/brake_test.c
 *
 * When the mass-change brake goes on: at more than 20 changes that are more than 2 % of the
 * people, within a day that slides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/enrollment/brake_window.h"

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

static void
the_day_slides(void **state)
{
	const int64_t hour_us = 3600 * SECOND_US;
	int64_t begin_us = INT64_C(1772438400) * SECOND_US + 59 * 60 * SECOND_US;
	struct brake brake = {.held = false};
	(void)state;
	assert_int_equal(brake_changes(&brake, begin_us), 0);
	for (int i = 0; i < 48; i++) {
		brake_note(&brake, begin_us + i * hour_us);
		assert_int_equal(brake_changes(&brake, begin_us + i * hour_us),
				 i < BRAKE_BUCKETS ? i + 1 : BRAKE_BUCKETS);
	}
	int64_t last_us = begin_us + 47 * hour_us;
	assert_int_equal(brake_changes(&brake, last_us + 12 * hour_us), BRAKE_BUCKETS - 12);
	assert_int_equal(brake_changes(&brake, last_us + 24 * hour_us), 1);
	assert_int_equal(brake_changes(&brake, last_us + 25 * hour_us), 0);
	brake_note(&brake, last_us + 1000 * hour_us);
	assert_int_equal(brake_changes(&brake, last_us + 1000 * hour_us), 1);
}

static void
what_was_decided_is_forgotten(void **state)
{
	const int64_t hour_us = 3600 * SECOND_US;
	int64_t begin_us = INT64_C(1772438400) * SECOND_US;
	struct brake all = {.held = false};
	struct brake one = {.held = false};
	(void)state;
	for (int i = 0; i < 6; i++) {
		brake_note(&all, begin_us + i * hour_us);
		brake_note(&all, begin_us + i * hour_us);
		brake_note(&one, begin_us + i * hour_us);
	}
	brake_note(&one, begin_us + 7 * hour_us); /* counted before all began anew */
	brake_forget(&all, &one, begin_us + 8 * hour_us);
	assert_int_equal(brake_changes(&all, begin_us + 8 * hour_us), 6);
	brake_forget(&all, &one, begin_us + 26 * hour_us);
	assert_int_equal(brake_changes(&all, begin_us + 26 * hour_us), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_more_than_20),
		cmocka_unit_test(needs_more_than_2_percent),
		cmocka_unit_test(what_was_decided_is_forgotten),
		cmocka_unit_test(the_day_slides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
