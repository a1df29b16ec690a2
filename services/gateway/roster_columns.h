/* services/gateway/roster_columns.h
 *
 * The columns of a roster and how they may be headed: in English or Vietnamese, with or
 * without diacritics, whatever the case, spaces, underscores and signs between. Pure. */
#ifndef SERVICES_GATEWAY_ROSTER_COLUMNS_H
#define SERVICES_GATEWAY_ROSTER_COLUMNS_H

#include "common/base/arena.h"

#include "matricula/person.pb-c.h"

enum roster_column {
	ROSTER_STAFF_CODE,
	ROSTER_NAME,
	ROSTER_BIRTH_DATE,
	ROSTER_EMAIL,
	ROSTER_PHONE,
	ROSTER_CITIZEN_ID,
	ROSTER_CATEGORY,
	ROSTER_POSITION,
	ROSTER_RANK,
	ROSTER_UNIT,
	ROSTER_SUPERVISOR,
	ROSTER_EFFECTIVE_DATE,
	ROSTER_AUTHORITY,
	ROSTER_COLUMNS,
};

struct roster_column_words {
	const char *name; /* as in the JSON of a fault and in an English header */
	const char *vi;
	const char *example;
	const char *example_vi;
};

extern const struct roster_column_words roster_columns[ROSTER_COLUMNS];

/* Folded: lower case, no diacritics, letters and digits only; NULL if it is not UTF-8. */
const char *roster_folded(struct arena *arena, const char *text);
/* ROSTER_COLUMNS if no column is headed so. */
enum roster_column roster_column_find(const char *folded);
/* UNSPECIFIED if it is none. */
Mt__Person__Category roster_category_find(const char *folded);

#endif
