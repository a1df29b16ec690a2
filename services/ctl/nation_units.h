/* services/ctl/nation_units.h
 *
 * Where the nation serves: the provinces of a units file, their own offices first and then
 * their communes, and which numbers of persons belong to each. People are spread by the
 * number of inhabitants, wards more than communes, so person number k serves in a unit that
 * follows from k. */
#ifndef SERVICES_CTL_NATION_UNITS_H
#define SERVICES_CTL_NATION_UNITS_H

#include "services/ctl/nation_lists.h"

#include <stddef.h>
#include <stdint.h>

enum { NATION_UNITS_MAX = 4096, NATION_PROVINCES_MAX = 64, UNIT_CODE_BYTES = 16, UNIT_NAME_BYTES = 64 };

struct nation_unit {
	char code[UNIT_CODE_BYTES];
	char name[UNIT_NAME_BYTES]; /* without "Phường", "Tỉnh" ... */
	uint32_t province;
	bool office;    /* the province's own */
	bool sequenced; /* its system numbers the events of a person */
	uint32_t weight;
	uint64_t first; /* person */
	uint64_t count;
};

struct nation_province {
	const struct province_facts *facts;
	char host[UNIT_NAME_BYTES]; /* "hanoi" */
	uint32_t units_first;
	uint32_t units_count;
	uint64_t first;
	uint64_t count;
};

struct nation_units {
	uint64_t people;
	uint32_t units_count;
	uint32_t provinces_count;
	struct nation_unit units[NATION_UNITS_MAX];
	struct nation_province provinces[NATION_PROVINCES_MAX];
};

/* False, and said, if the file is no units file. */
bool nation_units_read(struct nation_units *units, const char *path, uint64_t people, uint64_t seed);

/* near: where to look first, any unit. */
uint32_t nation_unit_of(const struct nation_units *units, uint64_t person, uint32_t near);

#endif
