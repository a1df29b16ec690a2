/* common/base/date.h
 *
 * Instants are microseconds since 1970 UTC, written as RFC 3339. Civil dates are
 * days since 1970-01-01 (proleptic Gregorian), written YYYY-MM-DD. A zone is a
 * fixed offset in minutes, the deployment's own: the host's TZ is never read. */
#ifndef COMMON_BASE_DATE_H
#define COMMON_BASE_DATE_H

#include "common/base/slice.h"

enum { DATE_TEXT_BYTES = 11, INSTANT_TEXT_BYTES = 28, DATE_NONE = INT32_MIN };

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(86400) * SECOND_US)

int32_t date_make(int year, int month, int day); /* DATE_NONE unless the calendar has it; years 1..9999 */
void date_split(int32_t date, int *year, int *month, int *day);
bool date_parse(const char *text, int32_t *date);
void date_format(int32_t date, char text[DATE_TEXT_BYTES]);

int32_t date_of_instant(int64_t us, int zone_minutes);
int64_t date_begins_us(int32_t date, int zone_minutes);

/* A month counts from year 0: year * 12 + month - 1. */
uint32_t date_month(int32_t date);
bool month_parse(const char *text, uint32_t *month); /* YYYY-MM */
void month_format(uint32_t month, char text[8]);

bool instant_parse(const char *text, int64_t *us);              /* RFC 3339 with offset or Z */
void instant_format(int64_t us, char text[INSTANT_TEXT_BYTES]); /* always Z, microseconds only if not zero */

#endif
