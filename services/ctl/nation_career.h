/* services/ctl/nation_career.h
 *
 * What happens to a person behind the hiring, step by step, each later than the one
 * before, and each possible where the one before has led: nobody returns who was not away.
 * The last step of a career that is over is its end. */
#ifndef SERVICES_CTL_NATION_CAREER_H
#define SERVICES_CTL_NATION_CAREER_H

#include "services/ctl/nation.h"

#include "common/base/random.h"

enum step_kind {
	STEP_HIRED, /* never a step of a career; here for counting */
	STEP_UPDATED,
	STEP_QUALIFIED,
	STEP_PROMOTED,
	STEP_APPOINTED,
	STEP_ROTATED,
	STEP_TRANSFERRED,
	STEP_SECONDED,
	STEP_RETURNED,
	STEP_LEAVE_BEGUN,
	STEP_LEAVE_ENDED,
	STEP_RETIRED,
	STEP_RESIGNED,
	STEP_DISMISSED,
	STEP_DECEASED,
	STEP_KINDS,
};

struct career {
	const struct nation *nation;
	const struct nation_person *person;
	struct random random;
	unsigned steps; /* in all */
	unsigned done;
	enum step_kind away; /* STEP_SECONDED or STEP_LEAVE_BEGUN until it is over */
	/* Where the person stands after the steps done. */
	uint32_t unit;
	unsigned moves;
	unsigned unit_steps; /* done since the person came to this unit */
	uint8_t rank;
	uint8_t position;
};

struct step {
	enum step_kind kind;
	unsigned number; /* 0 for the first behind the hiring */
	int32_t date;
	uint32_t unit;     /* who tells of it */
	unsigned moves;    /* in the staff code there */
	unsigned sequence; /* among that unit's events of that staff code: the first one there is 1 */
	uint32_t to_unit;  /* TRANSFERRED, SECONDED */
	uint8_t rank;      /* afterwards */
	uint8_t position;
	struct random random; /* for what else the event tells */
};

void career_begin(struct career *career, const struct nation *nation, const struct nation_person *person);
/* The next step; false at the end. */
bool career_next(struct career *career, struct step *step);

#endif
