/* tests/bench/people.h
 *
 * A nation made of numbers, the same for every generator of load: person number k serves
 * in a commune and under a staff code that follow from k, so that nothing has to be
 * remembered between programs. The first `people` were loaded in province order; those
 * after them arrive scattered over the nation.
 *
 * Deeds are numbered too. Updates touch even persons, transfers odd ones: transfer number
 * j moves the odd persons in a scattered order, all once before any a second time, so
 * where each serves follows from j. */
#ifndef TESTS_BENCH_PEOPLE_H
#define TESTS_BENCH_PEOPLE_H

#include "common/base/buf.h"

enum { UNITS_MAX = 4096, UNIT_CODE_BYTES = 12, DEED_TEXT_BYTES = 64 };

struct nation {
	char units[UNITS_MAX][UNIT_CODE_BYTES]; /* codes of the communes */
	size_t units_count;
	uint64_t people; /* loaded before the deeds begin; even */
	const char *run; /* goes into event ids */
};

enum deed_kind { DEED_HIRED, DEED_UPDATED, DEED_TRANSFERRED };

struct deed {
	enum deed_kind kind;
	const char *unit; /* code of the source */
	char id[DEED_TEXT_BYTES];
	char staff_code[DEED_TEXT_BYTES];
	char name[DEED_TEXT_BYTES];
	char email[DEED_TEXT_BYTES];
	char birth_date[16];
	char position[16];
	unsigned category; /* 1 to 3, as in person.proto */
	const char *to_unit;
	char to_staff_code[DEED_TEXT_BYTES];
};

/* Reads the communes of a units file; false if it cannot be read. */
bool nation_read(struct nation *nation, const char *path);

/* work: "hired", "updated", "transferred", or "mixed" (four updates to one transfer).
 * False if there is no such work. */
bool deed_make(const struct nation *nation, const char *work, uint64_t number, struct deed *deed);

/* As a CloudEvent in structured mode. */
void deed_json(struct buf *buf, const struct deed *deed);

#endif
