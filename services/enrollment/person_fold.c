/* services/enrollment/person_fold.c
 *
 * What changes make of a person. A step applies one change to a record; a fold takes a
 * whole history and applies the steps that were recorded by one instant and effective by
 * one date, in order of effect. So every question about a person, today's included, is
 * answered by the same few lines from rows that are never overwritten.
 *
 * Changes count as person_effect.c says, corrections among them. Records merged into this
 * one give what this one lacks, and what was recorded for them after the merge acts here.
 *
 * Nothing here is mutated but the record itself: its arrays and its personal data are
 * replaced as a whole, so a shallow copy keeps what was before. */
#include "services/enrollment/enrollment.h"

#include "common/wire/pb.h"

#include <assert.h>

bool
person_in_service(const Mt__PersonRecord *person)
{
	return person->state == MT__PERSON__STATE__ACTIVE || person->state == MT__PERSON__STATE__ON_LEAVE ||
	       person->state == MT__PERSON__STATE__SUSPENDED;
}

bool
person_may_learn(const Mt__PersonRecord *person)
{
	return person_in_service(person) || person->state == MT__PERSON__STATE__PROVISIONAL;
}

/* --- one step ----------------------------------------------------------------------------------------------------- */

void
text_changed(char **text, char *changed)
{
	if (changed[0] != '\0')
		*text = changed;
}

static Mt__Personal *
personal_copy(struct arena *arena, const Mt__Personal *from)
{
	Mt__Personal *copy = (Mt__Personal *)pb_new(&mt__personal__descriptor, arena);
	if (from == NULL)
		return copy;
	copy->name = from->name;
	copy->birth_date = from->birth_date;
	copy->email = from->email;
	copy->phone = from->phone;
	copy->citizen_id = from->citizen_id;
	copy->employer = from->employer;
	return copy;
}

Mt__Personal *
personal_changed(struct arena *arena, const Mt__Personal *before, const Mt__Personal *change)
{
	Mt__Personal *after = personal_copy(arena, before);
	if (change == NULL)
		return after;
	text_changed(&after->name, change->name);
	text_changed(&after->birth_date, change->birth_date);
	text_changed(&after->email, change->email);
	text_changed(&after->phone, change->phone);
	text_changed(&after->citizen_id, change->citizen_id);
	text_changed(&after->employer, change->employer);
	return after;
}

static Mt__StaffCode *
staff_code_new(struct arena *arena, const char *authority_id, const char *code)
{
	Mt__StaffCode *staff_code = (Mt__StaffCode *)pb_new(&mt__staff_code__descriptor, arena);
	staff_code->authority_id = (char *)authority_id;
	staff_code->code = (char *)code;
	return staff_code;
}

/* The new code first, former ones behind it, none twice; the oldest goes when there are too many. */
static void
step_place(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonChange *change)
{
	if (change->authority_id[0] != '\0')
		person->authority_id = change->authority_id;
	if (change->staff_code[0] == '\0')
		return;
	Mt__StaffCode **codes = arena_alloc(arena, (person->n_staff_codes + 1) * sizeof(*codes));
	size_t count = 0;
	codes[count++] = staff_code_new(arena, person->authority_id, change->staff_code);
	for (size_t i = 0; i < person->n_staff_codes && count < STAFF_CODES_MAX; i++) {
		Mt__StaffCode *former = person->staff_codes[i];
		if (strcmp(former->code, codes[0]->code) != 0 ||
		    strcmp(former->authority_id, codes[0]->authority_id) != 0)
			codes[count++] = former;
	}
	person->staff_codes = codes;
	person->n_staff_codes = count;
}

static bool
qualification_same(const Mt__Qualification *a, const Mt__Qualification *b)
{
	return a->axis == b->axis && strcmp(a->code, b->code) == 0;
}

/* One of an axis and code once; the newest first. */
static void
step_qualifications(struct arena *arena, Mt__PersonRecord *person, Mt__Qualification **gained, size_t n_gained)
{
	if (n_gained == 0)
		return;
	Mt__Qualification **all =
		arena_alloc(arena, (n_gained + person->n_qualifications) * sizeof(Mt__Qualification *));
	size_t count = 0;
	for (size_t i = 0; i < n_gained && count < QUALIFICATIONS_MAX; i++)
		all[count++] = gained[i];
	size_t new_ones = count;
	for (size_t i = 0; i < person->n_qualifications && count < QUALIFICATIONS_MAX; i++) {
		bool replaced = false;
		for (size_t k = 0; k < new_ones; k++)
			replaced = replaced || qualification_same(all[k], person->qualifications[i]);
		if (!replaced)
			all[count++] = person->qualifications[i];
	}
	person->qualifications = all;
	person->n_qualifications = count;
}

static void
step_clear(Mt__PersonRecord *person, const char *field)
{
	static char empty[] = "";
	const struct {
		const char *name;
		char **text;
	} texts[] = {
		{"position", &person->position},
		{"rank", &person->rank},
		{"unit", &person->unit},
		{"supervisor", &person->supervisor},
		{"successor", &person->successor},
		{"email", &person->personal->email},
		{"phone", &person->personal->phone},
		{"citizenId", &person->personal->citizen_id},
		{"birthDate", &person->personal->birth_date},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(field, texts[i].name) == 0)
			*texts[i].text = empty;
	}
	if (strcmp(field, "parts") == 0)
		person->n_parts = 0;
	if (strcmp(field, "qualifications") == 0)
		person->n_qualifications = 0;
}

bool
person_field_clears(const char *field)
{
	static const char *const fields[] = {"position",  "rank",  "unit",          "supervisor",
					     "successor", "email", "phone",         "citizenId",
					     "birthDate", "parts", "qualifications"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(field, fields[i]) == 0)
			return true;
	}
	return false;
}

static void
step_fields(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonChange *change)
{
	if (change->category != MT__PERSON__CATEGORY__UNSPECIFIED)
		person->category = change->category;
	text_changed(&person->position, change->position);
	text_changed(&person->rank, change->rank);
	text_changed(&person->unit, change->unit);
	text_changed(&person->supervisor, change->supervisor);
	text_changed(&person->successor, change->successor);
	text_changed(&person->effective_date, change->effective_date);
	if (change->n_parts > 0) {
		person->parts = change->parts;
		person->n_parts = change->n_parts;
	}
	step_qualifications(arena, person, change->qualifications, change->n_qualifications);
	bool first = person->personal == NULL && change->n_clear == 0;
	if (first && change->personal != NULL && change->personal->reason[0] == '\0')
		person->personal = change->personal; /* as it stands, so that it is not sealed again */
	else if (change->personal != NULL || change->n_clear > 0)
		person->personal = personal_changed(arena, person->personal, change->personal);
	for (size_t i = 0; i < change->n_clear; i++)
		step_clear(person, change->clear[i]);
}

static void
step_state(Mt__PersonRecord *person, const Mt__PersonChange *change)
{
	static char nowhere[] = "";
	switch (change->kind) {
	case MT__PERSON_CHANGE__KIND__HIRED:
		person->state = MT__PERSON__STATE__ACTIVE;
		return;
	case MT__PERSON_CHANGE__KIND__REGISTERED:
		person->state = MT__PERSON__STATE__PROVISIONAL;
		return;
	case MT__PERSON_CHANGE__KIND__LEAVE_BEGUN:
		person->state = MT__PERSON__STATE__ON_LEAVE;
		return;
	case MT__PERSON_CHANGE__KIND__SUSPENDED:
		person->state = MT__PERSON__STATE__SUSPENDED;
		return;
	case MT__PERSON_CHANGE__KIND__LEAVE_ENDED:
		person->state = MT__PERSON__STATE__ACTIVE;
		return;
	case MT__PERSON_CHANGE__KIND__RETURNED:
		person->state = MT__PERSON__STATE__ACTIVE;
		person->seconded_to = nowhere;
		return;
	case MT__PERSON_CHANGE__KIND__SECONDED:
		person->seconded_to = change->authority_id;
		return;
	case MT__PERSON_CHANGE__KIND__TRANSFERRED:
		person->seconded_to = nowhere;
		return;
	case MT__PERSON_CHANGE__KIND__RETIRED:
		person->state = MT__PERSON__STATE__RETIRED;
		person->seconded_to = nowhere;
		return;
	case MT__PERSON_CHANGE__KIND__RESIGNED:
		person->state = MT__PERSON__STATE__RESIGNED;
		person->seconded_to = nowhere;
		return;
	case MT__PERSON_CHANGE__KIND__DISMISSED:
		person->state = MT__PERSON__STATE__DISMISSED;
		person->seconded_to = nowhere;
		return;
	case MT__PERSON_CHANGE__KIND__DECEASED:
		person->state = MT__PERSON__STATE__DECEASED;
		person->seconded_to = nowhere;
		return;
	case MT__PERSON_CHANGE__KIND__UPDATED:
	case MT__PERSON_CHANGE__KIND__APPOINTED:
	case MT__PERSON_CHANGE__KIND__ROTATED:
	case MT__PERSON_CHANGE__KIND__PROMOTED:
	case MT__PERSON_CHANGE__KIND__QUALIFICATION_GAINED:
	case MT__PERSON_CHANGE__KIND__CORRECTED:
		return;
	case MT__PERSON_CHANGE__KIND__NO_KIND:
		break;
	}
	assert(!"a change of no kind");
}

void
person_step(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonChange *change)
{
	if (change->kind == MT__PERSON_CHANGE__KIND__HIRED || change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED ||
	    change->kind == MT__PERSON_CHANGE__KIND__REGISTERED)
		step_place(arena, person, change);
	step_fields(arena, person, change);
	step_state(person, change);
	person->version++;
}

/* --- the fold ----------------------------------------------------------------------------------------------------- */

bool
person_begins_service(const Mt__PersonChange *change)
{
	return change->kind == MT__PERSON_CHANGE__KIND__HIRED || change->kind == MT__PERSON_CHANGE__KIND__REGISTERED;
}

/* Before the first day only the place is known, so that events find the person; of a hire that was withdrawn, who
 * hired, so that somebody may still read the record. */
static void
fold_not_yet(struct arena *arena, Mt__PersonRecord *person, const struct effect *effects, size_t count)
{
	for (size_t i = 0; i < count && person->n_staff_codes == 0; i++) {
		if (effects[i].withdrawn || !person_begins_service(effects[i].change))
			continue;
		person_step(arena, person, effects[i].change);
		break;
	}
	for (size_t i = 0; i < count && person->authority_id[0] == '\0'; i++) {
		if (person_begins_service(effects[i].change))
			person->authority_id = effects[i].change->authority_id;
	}
	person->state = MT__PERSON__STATE__NOT_YET;
}

Mt__PersonRecord *
person_fold(struct arena *arena, const char *person_id, const struct history *history, int32_t as_of, int64_t known_us)
{
	Mt__PersonRecord *person = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, arena);
	struct effect *effects;
	size_t count = history_effects(arena, history, known_us, &effects);
	bool begun = false;
	person->person_id = (char *)person_id;
	for (size_t i = 0; i < count; i++) {
		if (effects[i].withdrawn || effects[i].date > as_of)
			continue;
		person_step(arena, person, effects[i].change);
		begun = begun || person_begins_service(effects[i].change);
	}
	if (!begun)
		fold_not_yet(arena, person, effects, count);
	person->version = 0;
	for (size_t i = 0; i < history->count; i++)
		person->version += history->rows[i]->recorded_us <= known_us;
	return person;
}

/* What this record lacks, the merged one gives. */
void
person_fill(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	/* Nobody is without a name but who was erased: a replay must not fill what can no longer be sealed. */
	if (person->personal != NULL && person->personal->name[0] != '\0')
		person->personal = personal_changed(arena, other->personal, person->personal);
	if (person->category == MT__PERSON__CATEGORY__UNSPECIFIED)
		person->category = other->category;
	if (person->position[0] == '\0')
		person->position = other->position;
	if (person->rank[0] == '\0')
		person->rank = other->rank;
	if (person->unit[0] == '\0')
		person->unit = other->unit;
	Mt__Qualification **own = person->qualifications;
	size_t n_own = person->n_qualifications;
	person->qualifications = other->qualifications;
	person->n_qualifications = other->n_qualifications;
	step_qualifications(arena, person, own, n_own);
}
