/* services/ctl/nation_posts.h
 *
 * What the invented nation works as, as constant data: occupations with the rank codes
 * (ngạch, hạng chức danh nghề nghiệp) that are in use, junior first, positions from the base
 * up, and where such people sit. Sources of the codes: Circular 2/2021/TT-BNV (01.xxx, 02.xxx), 29/2022/TT-BTC
 * (06.xxx), 1-4/2021/TT-BGDĐT (V.07), 10/2015 and 26-28/2015/TTLT-BYT-BNV (V.08); shares by feel. */
#ifndef SERVICES_CTL_NATION_POSTS_H
#define SERVICES_CTL_NATION_POSTS_H

#include "matricula/person.pb-c.h"

#include <stddef.h>

enum { OCCUPATION_RANKS_MAX = 4, OCCUPATION_POSITIONS_MAX = 5, OCCUPATION_UNITS_MAX = 6 };

struct occupation {
	const char *prefix; /* of staff codes */
	Mt__Person__Category category;
	uint16_t office_weight;
	uint16_t commune_weight;
	uint16_t women_permille;
	uint8_t age_min;                                 /* years, at entry */
	const char *ranks[OCCUPATION_RANKS_MAX];         /* NULL ends */
	const char *positions[OCCUPATION_POSITIONS_MAX]; /* NULL ends; first where most are */
	/* Departments of an office, of a commune; NULL ends, and the unit's name follows. At least one of the two has
	 * some. Cadres sit in the one that stands where their position does. */
	const char *units[2][OCCUPATION_UNITS_MAX];
};

struct qualification_kind {
	Mt__Qualification__Axis axis;
	uint16_t weight;
	const char *code;
	const char *title;
	const char *institution;
};

extern const struct occupation nation_occupations[];
extern const size_t nation_occupations_count;
extern const struct qualification_kind nation_qualifications[];
extern const size_t nation_qualifications_count;

#endif
