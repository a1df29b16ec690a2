/* services/ctl/nation_career.c
 *
 * A step is drawn by weight, and exchanged for a plain one where it does not fit: who has
 * the highest rank is not promoted, and a secondment begins only if there are steps left
 * to come back. */
#include "services/ctl/nation_career.h"

#include "services/ctl/nation_draw.h"

#include <assert.h>

enum {
	HOME_PERCENT = 70, /* transfers within the province */
	UNIT_TRIES = 4,
	FIRST_STEP_DAYS = 30, /* behind the hiring */
	LAST_STEP_DAYS = 20,  /* before the end */
};

/* By enum step_kind. What ends a career or an absence is never drawn. */
static const uint16_t step_weights[STEP_KINDS] = {
	[STEP_UPDATED] = 300, [STEP_QUALIFIED] = 190,  [STEP_PROMOTED] = 130, [STEP_APPOINTED] = 80,
	[STEP_ROTATED] = 90,  [STEP_TRANSFERRED] = 70, [STEP_SECONDED] = 25,  [STEP_LEAVE_BEGUN] = 100,
};

void
career_begin(struct career *career, const struct nation *nation, const struct nation_person *person)
{
	*career = (struct career){
		.nation = nation,
		.person = person,
		.random = draw_begin(nation->seed, person->number, STREAM_CAREER),
		.steps = nation_person_steps(nation, person->number),
		.away = STEP_HIRED,
		.unit = person->unit,
		.rank = person->rank,
		.position = person->position,
	};
}

/* Steps lie in equal parts of the time served, anywhere in each. */
static int32_t
step_date(struct career *career, unsigned number)
{
	const struct nation_person *person = career->person;
	bool ends = person->ending != ENDING_NONE;
	unsigned parts = career->steps - ends;
	if (ends && number + 1 == career->steps)
		return person->ends;
	int32_t span = person->ends - person->hired - FIRST_STEP_DAYS - LAST_STEP_DAYS;
	int32_t part = span / (int32_t)parts;
	return person->hired + FIRST_STEP_DAYS + part * (int32_t)number + draw_between(&career->random, 0, part - 1);
}

static enum step_kind
ending_step(enum ending ending)
{
	static const enum step_kind kinds[] = {STEP_HIRED, STEP_RETIRED, STEP_RESIGNED, STEP_DISMISSED, STEP_DECEASED};
	return kinds[ending];
}

static bool
has_next(const char *const *texts, size_t max, size_t at)
{
	return at + 1 < max && texts[at + 1] != NULL;
}

static enum step_kind
step_kind_draw(struct career *career)
{
	const struct occupation *occupation = career->person->occupation;
	bool ends = career->person->ending != ENDING_NONE;
	unsigned left = career->steps - career->done; /* with this one */
	if (ends && left == 1)
		return ending_step(career->person->ending);
	if (career->away != STEP_HIRED)
		return career->away == STEP_SECONDED ? STEP_RETURNED : STEP_LEAVE_ENDED;
	enum step_kind kind = (enum step_kind)draw_weighted(&career->random, step_weights, STEP_KINDS);
	bool may_leave = left >= 2U + ends;
	if ((kind == STEP_SECONDED || kind == STEP_LEAVE_BEGUN) && !may_leave)
		return STEP_UPDATED;
	if (kind == STEP_PROMOTED && !has_next(occupation->ranks, OCCUPATION_RANKS_MAX, career->rank))
		return STEP_QUALIFIED;
	if (kind == STEP_APPOINTED && !has_next(occupation->positions, OCCUPATION_POSITIONS_MAX, career->position))
		return STEP_ROTATED;
	return kind;
}

/* Another unit where the occupation exists: office to office, commune to commune. */
static uint32_t
unit_draw(struct career *career)
{
	const struct nation_units *units = &career->nation->units;
	const struct nation_unit *from = &units->units[career->unit];
	const struct nation_province *province = &units->provinces[from->province];
	bool home = draw_below(&career->random, 100) < HOME_PERCENT && province->units_count > 1;
	uint32_t to = career->unit;
	for (int tries = 0; tries < UNIT_TRIES && to == career->unit; tries++) {
		if (!home)
			province = &units->provinces[draw_below(&career->random, units->provinces_count)];
		bool office = province->units_count == 1 || (from->office && !home);
		to = province->units_first + (office ? 0 : 1 + draw_below(&career->random, province->units_count - 1));
	}
	return to;
}

/* What the step leaves behind. */
static void
career_take(struct career *career, const struct step *step)
{
	career->done++;
	career->unit_steps++;
	career->rank = step->rank;
	career->position = step->position;
	if (step->kind == STEP_SECONDED || step->kind == STEP_LEAVE_BEGUN)
		career->away = step->kind;
	else if (step->kind == STEP_RETURNED || step->kind == STEP_LEAVE_ENDED)
		career->away = STEP_HIRED;
	if (step->kind != STEP_TRANSFERRED)
		return;
	career->unit = step->to_unit;
	career->moves++;
	career->unit_steps = 0;
}

bool
career_next(struct career *career, struct step *step)
{
	if (career->done == career->steps)
		return false;
	assert(career->done < career->steps);
	*step = (struct step){
		.kind = step_kind_draw(career),
		.number = career->done,
		.unit = career->unit,
		.moves = career->moves,
		.sequence = career->unit_steps + (career->moves == 0 ? 2 : 1),
		.rank = career->rank,
		.position = career->position,
	};
	step->date = step_date(career, career->done);
	if (step->kind == STEP_TRANSFERRED || step->kind == STEP_SECONDED) {
		step->to_unit = unit_draw(career);
		if (step->to_unit == career->unit)
			step->kind = STEP_UPDATED;
	}
	step->rank = (uint8_t)(step->rank + (step->kind == STEP_PROMOTED));
	step->position = (uint8_t)(step->position + (step->kind == STEP_APPOINTED));
	step->random = (struct random){.state = random_next(&career->random)};
	career_take(career, step);
	return true;
}
