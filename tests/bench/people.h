/* tests/bench/people.h
 *
 * What is asked for about the nation, the same for every generator of load: all of it
 * follows from numbers, so that nothing has to be remembered between programs. Persons and
 * their staff codes are those of `matricula nation` (folk.h).
 *
 * Deeds are numbered. Hirings 0 to people - 1 are the nation in the order of its provinces;
 * later ones come scattered over the nation; those of a "roster" are new people too, in the
 * order of their provinces. Updates touch even persons of the nation, four in nine a phone,
 * three an e-mail address, the rest a position; transfers touch odd ones: transfer
 * number j moves them in a scattered order, all once before any a second time, so where
 * each serves follows from j. */
#ifndef TESTS_BENCH_PEOPLE_H
#define TESTS_BENCH_PEOPLE_H

#include "common/base/buf.h"
#include "tests/bench/folk.h"

enum { UNITS_MAX = 4096, UNIT_CODE_BYTES = 16, DEED_TEXT_BYTES = 64 };

struct nation {
	char units[UNITS_MAX][UNIT_CODE_BYTES]; /* codes of all units but the file's first, which stands for itself */
	size_t units_count;
	uint64_t people; /* loaded before the deeds begin; even */
	const char *run; /* goes into event ids */
	const char *path;
};

/* Borrowed until the next deed is made. */
struct deed {
	const Mt__PushEventRequest *request;
};

/* Reads the units of a file, whose path stays the caller's; false if it cannot be read. */
bool nation_read(struct nation *nation, const char *path);

/* work: "hired", "roster", "updated", "transferred", or "mixed" (four updates to one transfer).
 * False if there is no such work. */
bool deed_make(const struct nation *nation, const char *work, uint64_t number, struct deed *deed);

/* As a CloudEvent in structured mode. */
void deed_json(struct buf *buf, const struct deed *deed);

#endif
