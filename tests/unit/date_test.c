/* tests/unit/date_test.c
 *
 * Every day of the years 1 to 9999 has one number and one text; a zone moves the
 * day of an instant; RFC 3339 is read strictly and written in UTC. */
#include "common/base/date.h"

#include "common/base/random.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { HANOI = 7 * 60 };

/* Day by day over the whole calendar, counted in the plainest way there is. */
static void
every_day_has_its_number(void **state)
{
	(void)state;
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t date = -719162;
	for (int year = 1; year <= 9999; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		for (int month = 1; month <= 12; month++) {
			int length = lengths[month - 1] + (leap && month == 2);
			for (int day = 1; day <= length; day++, date++) {
				int y, m, d;
				date_split(date, &y, &m, &d);
				if (date_make(year, month, day) != date || y != year || m != month || d != day)
					fail_msg("%04d-%02d-%02d", year, month, day);
			}
			assert_int_equal(date_make(year, month, length + 1), DATE_NONE);
		}
	}
	assert_int_equal(date, 2932897);
}

static void
known_days(void **state)
{
	(void)state;
	assert_int_equal(date_make(1970, 1, 1), 0);
	assert_int_equal(date_make(1969, 12, 31), -1);
	assert_int_equal(date_make(2000, 2, 29), 11016);
	assert_int_equal(date_make(2000, 3, 1), 11017);
	assert_int_equal(date_make(2025, 7, 1), 20270);
	assert_int_equal(date_make(1, 1, 1), -719162);
	assert_int_equal(date_make(9999, 12, 31), 2932896);
}

static void
days_the_calendar_lacks(void **state)
{
	(void)state;
	assert_int_equal(date_make(1900, 2, 29), DATE_NONE);
	assert_int_equal(date_make(2023, 2, 29), DATE_NONE);
	assert_int_equal(date_make(2024, 2, 30), DATE_NONE);
	assert_int_equal(date_make(2024, 4, 31), DATE_NONE);
	assert_int_equal(date_make(2024, 0, 1), DATE_NONE);
	assert_int_equal(date_make(2024, 13, 1), DATE_NONE);
	assert_int_equal(date_make(2024, 1, 0), DATE_NONE);
	assert_int_equal(date_make(2024, 1, -1), DATE_NONE);
	assert_int_equal(date_make(0, 12, 31), DATE_NONE);
	assert_int_equal(date_make(10000, 1, 1), DATE_NONE);
	assert_int_equal(date_make(-4, 2, 29), DATE_NONE);
}

static void
date_texts(void **state)
{
	(void)state;
	static const char *const accepted[] = {"0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"};
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		int32_t date;
		char text[DATE_TEXT_BYTES];
		assert_true(date_parse(accepted[i], &date));
		date_format(date, text);
		assert_string_equal(text, accepted[i]);
	}
	static const char *const refused[] = {
		"",
		"2024",
		"2024-02",
		"2024-02-",
		"2024-02-3",
		"2024-2-03",
		"2024-02-30",
		"2023-02-29",
		"0000-01-01",
		"2024-02-290",
		"2024-02-29 ",
		" 2024-02-29",
		"2024/02/29",
		"20240229",
		"+024-02-29",
		"2024-02-2x",
		"2024-00-10",
		"2024-13-10",
		"2024-10-00",
		"-001-01-01",
		"2024-02-29T00:00:00Z",
	};
	int32_t untouched = 42;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (date_parse(refused[i], &untouched))
			fail_msg("%s", refused[i]);
	}
	assert_int_equal(untouched, 42);
}

static void
the_zone_moves_the_day(void **state)
{
	(void)state;
	int64_t noon;
	assert_true(instant_parse("2025-06-30T17:00:00Z", &noon));
	int32_t june_30 = date_make(2025, 6, 30);
	assert_int_equal(date_of_instant(noon, 0), june_30);
	assert_int_equal(date_of_instant(noon, HANOI), june_30 + 1);
	assert_int_equal(date_of_instant(noon - 1, HANOI), june_30);
	assert_true(date_begins_us(june_30 + 1, HANOI) == noon);
	assert_int_equal(date_of_instant(-1, 0), -1);
	assert_int_equal(date_of_instant(0, -1), -1);
	assert_int_equal(date_of_instant(0, 0), 0);
	assert_int_equal(date_of_instant(DAY_US - 1, 0), 0);
	assert_int_equal(date_of_instant(-DAY_US, 0), -1);
	assert_int_equal(date_of_instant(-DAY_US - 1, 0), -2);
	/* the ends of the number, where adding a zone first would overflow */
	assert_int_equal(date_of_instant(INT64_MAX, 14 * 60), 106751991);
	assert_int_equal(date_of_instant(INT64_MIN, -12 * 60), -106751992);
}

static void
a_day_begins_where_it_was_not_the_day_before(void **state)
{
	(void)state;
	struct random random = {.state = 8};
	for (int i = 0; i < 10000; i++) {
		int32_t date = (int32_t)random_below(&random, 2932896 + 719163) - 719162;
		int zone = (int)random_below(&random, 26 * 60 + 1) - 12 * 60;
		int64_t begins = date_begins_us(date, zone);
		assert_int_equal(date_of_instant(begins, zone), date);
		assert_int_equal(date_of_instant(begins - 1, zone), date - 1);
		assert_int_equal(date_of_instant(begins + DAY_US - 1, zone), date);
	}
}

static void
months(void **state)
{
	(void)state;
	uint32_t month;
	char text[8];
	assert_int_equal(date_month(date_make(2025, 12, 31)) + 1, date_month(date_make(2026, 1, 1)));
	assert_int_equal(date_month(date_make(1, 1, 1)), 12);
	assert_true(month_parse("2025-07", &month));
	assert_int_equal(month, 2025 * 12 + 6);
	assert_int_equal(month, date_month(date_make(2025, 7, 31)));
	month_format(month, text);
	assert_string_equal(text, "2025-07");
	month_format(9999 * 12 + 11, text);
	assert_string_equal(text, "9999-12");
	static const char *const refused[] = {
		"",         "2025",       "2025-",   "2025-7",  "2025-00", "2025-13",
		"2025-07-", "2025-07-01", "0000-01", "2025 07", "202507",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (month_parse(refused[i], &month))
			fail_msg("%s", refused[i]);
	}
	assert_int_equal(month, 2025 * 12 + 6);
}

static void
assert_instant(const char *text, int64_t expected)
{
	int64_t us;
	if (!instant_parse(text, &us))
		fail_msg("%s was refused", text);
	if (us != expected)
		fail_msg("%s is %lld, not %lld", text, (long long)us, (long long)expected);
}

/* The first five are the examples of RFC 3339 section 5.8, without its leap seconds. */
static void
instants_read(void **state)
{
	(void)state;
	assert_instant("1985-04-12T23:20:50.52Z", INT64_C(482196050520000));
	assert_instant("1996-12-19T16:39:57-08:00", INT64_C(851042397000000));
	assert_instant("1996-12-20T00:39:57Z", INT64_C(851042397000000));
	assert_instant("1937-01-01T12:00:27.87+00:20", INT64_C(-1041337172130000));
	assert_instant("1970-01-01T00:00:00Z", 0);
	assert_instant("1970-01-01t00:00:00z", 0);
	assert_instant("1970-01-01T00:00:00-00:00", 0);
	assert_instant("1970-01-01T00:00:00.000001Z", 1);
	assert_instant("1970-01-01T00:00:00.0000019Z", 1);
	assert_instant("1970-01-01T00:00:00.123456789Z", 123456);
	assert_instant("1970-01-01T00:00:00.1Z", 100000);
	assert_instant("1969-12-31T23:59:59.999999999Z", -1);
	assert_instant("2025-07-01T00:00:00+07:00", 20270 * DAY_US - 7 * 3600 * SECOND_US);
	assert_instant("1970-01-01T23:59:59+23:59", 59 * SECOND_US);
	assert_instant("9999-12-31T23:59:59.999999Z", INT64_C(2932897) * DAY_US - 1);
	assert_instant("0001-01-01T00:00:00Z", INT64_C(-719162) * DAY_US);
	assert_instant("0001-01-01T07:00:00+07:00", INT64_C(-719162) * DAY_US);
}

static void
instants_refused(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"",
		"2025-07-01",
		"2025-07-01T",
		"2025-07-01T00:00Z",
		"2025-07-01T00:00:00",
		"2025-07-01 00:00:00Z",
		"2025-07-01T24:00:00Z",
		"2025-07-01T00:60:00Z",
		"2016-12-31T23:59:60Z",
		"2025-02-29T00:00:00Z",
		"2025-07-01T00:00:00.Z",
		"2025-07-01T00:00:00.1234567890Z",
		"2025-07-01T00:00:00.1",
		"2025-07-01T00:00:00,5Z",
		"2025-07-01T00:00:00ZZ",
		"2025-07-01T00:00:00Z ",
		"2025-07-01T00:00:00+0700",
		"2025-07-01T00:00:00+07",
		"2025-07-01T00:00:00+07:0",
		"2025-07-01T00:00:00+24:00",
		"2025-07-01T00:00:00+07:60",
		"2025-07-01T00:00:00+07:00Z",
		"2025-07-01T0:00:00Z",
		"2025-07-01T00:00:0Z",
		"2025-07-01T00-00-00Z",
		"0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"0000-12-31T23:00:00-02:00",
		"x025-07-01T00:00:00Z",
		"2025-07-01T-1:00:00Z",
		"2025-07-01T00:00:00.-1Z",
		"2025-07-01T00:00:00 07:00",
	};
	int64_t us = 42;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (instant_parse(refused[i], &us))
			fail_msg("%s", refused[i]);
	}
	assert_true(us == 42);
}

/* Each beginning of a good text stands in memory of just its size, so that a sanitizer sees any step past the NUL. */
static void
no_reader_passes_the_end(void **state)
{
	(void)state;
	static const char whole[] = "2025-07-01T00:00:00.123456+07:00";
	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		char *text = malloc(size + 1);
		memcpy(text, whole, size);
		text[size] = '\0';
		int64_t us;
		int32_t date;
		uint32_t month;
		assert_false(instant_parse(text, &us));
		assert_int_equal(date_parse(text, &date), size == 10);
		assert_int_equal(month_parse(text, &month), size == 7);
		free(text);
	}
}

static void
instants_written(void **state)
{
	(void)state;
	char text[INSTANT_TEXT_BYTES];
	instant_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	instant_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
	instant_format(INT64_C(482196050520000), text);
	assert_string_equal(text, "1985-04-12T23:20:50.520000Z");
	instant_format(INT64_C(2932897) * DAY_US - 1, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void
instants_round_trip(void **state)
{
	(void)state;
	struct random random = {.state = 9};
	for (int i = 0; i < 20000; i++) {
		int64_t us = (int64_t)random_below(&random, (uint64_t)(2932897 + 719162) * DAY_US) - 719162 * DAY_US;
		if (i % 2 == 0)
			us -= us % SECOND_US;
		char text[INSTANT_TEXT_BYTES];
		instant_format(us, text);
		assert_int_equal(strlen(text), us % SECOND_US == 0 ? 20 : 27);
		assert_instant(text, us);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_has_its_number),
		cmocka_unit_test(known_days),
		cmocka_unit_test(days_the_calendar_lacks),
		cmocka_unit_test(date_texts),
		cmocka_unit_test(the_zone_moves_the_day),
		cmocka_unit_test(a_day_begins_where_it_was_not_the_day_before),
		cmocka_unit_test(months),
		cmocka_unit_test(instants_read),
		cmocka_unit_test(instants_refused),
		cmocka_unit_test(no_reader_passes_the_end),
		cmocka_unit_test(instants_written),
		cmocka_unit_test(instants_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
