/* common/base/date.c
 *
 * The calendar as arithmetic on day numbers, after Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that
 * the leap day is the last day of a year, in eras of 400 years. Nothing here asks
 * the host for a clock, a zone or a locale.
 *
 * Everything parsed lies in the years 1 to 9999, in UTC too, so everything parsed
 * can be written again. Writing anything else is a bug. */
#include "common/base/date.h"

#include <assert.h>
#include <string.h>

enum {
	DATE_FIRST = -719162, /* 0001-01-01 */
	DATE_LAST = 2932896,  /* 9999-12-31 */
	DAYS_PER_ERA = 146097,
	DAYS_TO_1970 = 719468, /* from 0000-03-01 */
	YEAR_MAX = 9999,
	FRACTION_DIGITS_MAX = 9,
	FRACTION_DIGITS_KEPT = 6,
};

static const int64_t MINUTE_US = 60 * SECOND_US;

static int
days_in_month(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (leap && month == 2);
}

int32_t
date_make(int year, int month, int day)
{
	if (year < 1 || year > YEAR_MAX || month < 1 || month > 12)
		return DATE_NONE;
	if (day < 1 || day > days_in_month(year, month))
		return DATE_NONE;
	int march_year = month > 2 ? year : year - 1;
	int march_month = month > 2 ? month - 3 : month + 9;
	int era = march_year / 400;
	int year_of_era = march_year % 400;
	int day_of_year = (153 * march_month + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

void
date_split(int32_t date, int *year, int *month, int *day)
{
	assert(date >= DATE_FIRST);
	assert(date <= DATE_LAST);
	int days = date + DAYS_TO_1970;
	int era = days / DAYS_PER_ERA;
	int day_of_era = days % DAYS_PER_ERA;
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int march_month = (5 * day_of_year + 2) / 153;
	*day = day_of_year - (153 * march_month + 2) / 5 + 1;
	*month = march_month < 10 ? march_month + 3 : march_month - 9;
	*year = era * 400 + year_of_era + (*month <= 2);
}

/* Below 0 unless count digits stand there; a NUL is no digit, so it never reads past the end. */
static int
digits_read(const char *text, int count)
{
	int value = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static char *
digits_write(char *at, int value, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + count;
}

/* The 7 characters YYYY-MM at the beginning of text. */
static bool
month_read(const char *text, int *year, int *month)
{
	*year = digits_read(text, 4);
	if (*year < 1 || text[4] != '-')
		return false;
	*month = digits_read(text + 5, 2);
	return *month >= 1 && *month <= 12;
}

/* The 10 characters YYYY-MM-DD at the beginning of text. */
static bool
date_read(const char *text, int32_t *date)
{
	int year, month;
	if (!month_read(text, &year, &month) || text[7] != '-')
		return false;
	*date = date_make(year, month, digits_read(text + 8, 2));
	return *date != DATE_NONE;
}

static char *
date_write(char *at, int32_t date)
{
	int year, month, day;
	date_split(date, &year, &month, &day);
	at = digits_write(at, year, 4);
	*at++ = '-';
	at = digits_write(at, month, 2);
	*at++ = '-';
	return digits_write(at, day, 2);
}

/* An event asks six times for its effective date. */
static _Thread_local struct {
	char text[DATE_TEXT_BYTES];
	int32_t date;
} parsed;

bool
date_parse(const char *text, int32_t *date)
{
	if (parsed.text[0] == '\0' || strcmp(text, parsed.text) != 0) {
		int32_t read;
		if (!date_read(text, &read) || text[10] != '\0')
			return false;
		memcpy(parsed.text, text, sizeof(parsed.text));
		parsed.date = read;
	}
	*date = parsed.date;
	return true;
}

void
date_format(int32_t date, char text[DATE_TEXT_BYTES])
{
	*date_write(text, date) = '\0';
}

/* The day is taken off first, so that no instant is too large for the zone to be added. */
int32_t
date_of_instant(int64_t us, int zone_minutes)
{
	int64_t rest = us % DAY_US + zone_minutes * MINUTE_US;
	int64_t days = us / DAY_US + rest / DAY_US;
	return (int32_t)(rest % DAY_US < 0 ? days - 1 : days);
}

int64_t
date_begins_us(int32_t date, int zone_minutes)
{
	assert(date >= DATE_FIRST);
	assert(date <= DATE_LAST);
	return date * DAY_US - zone_minutes * MINUTE_US;
}

uint32_t
date_month(int32_t date)
{
	int year, month, day;
	date_split(date, &year, &month, &day);
	return (uint32_t)(year * 12 + month - 1);
}

bool
month_parse(const char *text, uint32_t *month)
{
	int year, month_of_year;
	if (!month_read(text, &year, &month_of_year) || text[7] != '\0')
		return false;
	*month = (uint32_t)(year * 12 + month_of_year - 1);
	return true;
}

void
month_format(uint32_t month, char text[8])
{
	assert(month <= YEAR_MAX * 12 + 11);
	char *at = digits_write(text, (int)(month / 12), 4);
	*at++ = '-';
	*digits_write(at, (int)(month % 12) + 1, 2) = '\0';
}

/* hh:mm:ss; a leap second (:60) is refused, because no instant of ours could hold it. */
static bool
clock_read(const char *text, int64_t *us)
{
	int hour = digits_read(text, 2);
	if (hour < 0 || hour > 23 || text[2] != ':')
		return false;
	int minute = digits_read(text + 3, 2);
	if (minute < 0 || minute > 59 || text[5] != ':')
		return false;
	int second = digits_read(text + 6, 2);
	if (second < 0 || second > 59)
		return false;
	*us = ((hour * 60 + minute) * INT64_C(60) + second) * SECOND_US;
	return true;
}

/* The digits after a point, cut to microseconds. Returns what follows them, NULL if none or too many. */
static const char *
fraction_read(const char *text, int64_t *us)
{
	int count = 0;
	int64_t value = 0;
	for (; count < FRACTION_DIGITS_MAX && digits_read(text + count, 1) >= 0; count++) {
		if (count < FRACTION_DIGITS_KEPT)
			value = value * 10 + (text[count] - '0');
	}
	if (count == 0 || digits_read(text + count, 1) >= 0)
		return NULL;
	for (int i = count; i < FRACTION_DIGITS_KEPT; i++)
		value *= 10;
	*us = value;
	return text + count;
}

/* Z or +hh:mm to the end of text. */
static bool
offset_read(const char *text, int64_t *us)
{
	if (*text == 'Z' || *text == 'z') {
		*us = 0;
		return text[1] == '\0';
	}
	if (*text != '+' && *text != '-')
		return false;
	int hours = digits_read(text + 1, 2);
	if (hours < 0 || hours > 23 || text[3] != ':')
		return false;
	int minutes = digits_read(text + 4, 2);
	if (minutes < 0 || minutes > 59 || text[6] != '\0')
		return false;
	*us = (hours * 60 + minutes) * (*text == '-' ? -MINUTE_US : MINUTE_US);
	return true;
}

bool
instant_parse(const char *text, int64_t *us)
{
	int32_t date;
	if (!date_read(text, &date) || (text[10] != 'T' && text[10] != 't'))
		return false;
	int64_t clock;
	if (!clock_read(text + 11, &clock))
		return false;
	int64_t fraction = 0;
	const char *rest = text + 19;
	if (*rest == '.')
		rest = fraction_read(rest + 1, &fraction);
	int64_t offset;
	if (rest == NULL || !offset_read(rest, &offset))
		return false;
	int64_t read = date * DAY_US + clock + fraction - offset;
	if (read < DATE_FIRST * DAY_US || read >= (DATE_LAST + 1) * DAY_US)
		return false;
	*us = read;
	return true;
}

void
instant_format(int64_t us, char text[INSTANT_TEXT_BYTES])
{
	int32_t date = date_of_instant(us, 0);
	char *at = date_write(text, date);
	int64_t rest = us - date_begins_us(date, 0);
	int second = (int)(rest / SECOND_US);
	int fraction = (int)(rest % SECOND_US);
	*at++ = 'T';
	at = digits_write(at, second / 3600, 2);
	*at++ = ':';
	at = digits_write(at, second / 60 % 60, 2);
	*at++ = ':';
	at = digits_write(at, second % 60, 2);
	if (fraction != 0) {
		*at++ = '.';
		at = digits_write(at, fraction, 6);
	}
	*at++ = 'Z';
	*at = '\0';
}
