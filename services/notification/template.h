/* services/notification/template.h
 *
 * What people are told, in Vietnamese and English. */
#ifndef SERVICES_NOTIFICATION_TEMPLATE_H
#define SERVICES_NOTIFICATION_TEMPLATE_H

#include "common/base/arena.h"

/* Bits in rows of TABLE_TOLD: never changed, never used again for another template. */
enum told {
	TOLD_ENROLLED = 1,
	TOLD_WAITLISTED = 2,
	TOLD_WITHDRAWN = 4,
	TOLD_WARNED = 8,
	TOLD_ISSUED = 16,
	TOLD_REVOKED = 32,
	TOLD_EXPIRED = 64,
};

/* In keys of TABLE_TOLD_LAST: of what may be told several times about the same thing, once on each occasion. Never
 * changed, never used again. */
enum recurring {
	RECURRING_NOT = 0,
	RECURRING_CORRECTED = 1,
	RECURRING_SUSPENDED = 2,
	RECURRING_REINSTATED = 3,
	RECURRING_EXPIRING = 4,
};

struct template
{
	const char *name; /* "class.enrolled" */
	enum told told;   /* or recurring */
	enum recurring recurring;
	const char *subject_vi;
	const char *subject_en;
	const char *text_vi;
	const char *text_en;
};

/* Never of the person: texts stand outside the sealed part of a record. */
struct template_values {
	const char *class;  /* {class}: title of the class or programme */
	const char *number; /* {number} */
	const char *reason; /* {reason} */
};

extern const struct template template_enrolled;
extern const struct template template_waitlisted;
extern const struct template template_withdrawn;
extern const struct template template_warned;
extern const struct template template_issued;
extern const struct template template_revoked;
extern const struct template template_corrected;
extern const struct template template_suspended;
extern const struct template template_reinstated;
extern const struct template template_expiring;
extern const struct template template_expired;

/* The template of that name; NULL if there is none. */
const struct template *template_find(const char *name);
/* What a row of TABLE_TOLD holds after one more template: a withdrawal begins anew, so that whoever
 * comes back to the class is told again. */
uint8_t template_told_after(uint8_t before, uint8_t told);

/* A pattern with its {class}, {number} and {reason} filled in; a missing value is left out. */
const char *template_fill(struct arena *arena, const char *pattern, const struct template_values *values);

#endif
