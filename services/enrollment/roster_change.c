/* services/enrollment/roster_change.c
 *
 * What a row says beyond what is known: of a change only the fields that differ are left,
 * so that a file sent every month writes what happened in that month, and nothing else. */
#include "services/enrollment/roster.h"

static bool
text_drop(char **changed, const char *is)
{
	static char nothing[] = "";
	if ((*changed)[0] != '\0' && strcmp(*changed, is) == 0)
		*changed = nothing;
	return (*changed)[0] == '\0';
}

/* Takes out of a change what the person has already; true if nothing is left. */
static bool
personal_drop(Mt__PersonChange *body, const Mt__Personal *is)
{
	static const Mt__Personal none = MT__PERSONAL__INIT;
	Mt__Personal *personal = body->personal;
	is = is == NULL ? &none : is;
	if (personal == NULL)
		return true;
	bool same = text_drop(&personal->name, is->name);
	same = text_drop(&personal->birth_date, is->birth_date) && same;
	same = text_drop(&personal->email, is->email) && same;
	same = text_drop(&personal->phone, is->phone) && same;
	same = text_drop(&personal->citizen_id, is->citizen_id) && same;
	if (same)
		body->personal = NULL;
	return same;
}

/* "" if the person has no such field, or it is empty. */
static const char *
field_of(const Mt__PersonRecord *person, const char *field)
{
	static const Mt__Personal none = MT__PERSONAL__INIT;
	const Mt__Personal *personal = person->personal == NULL ? &none : person->personal;
	const struct {
		const char *field;
		const char *value;
	} fields[] = {
		{"position", person->position},
		{"rank", person->rank},
		{"unit", person->unit},
		{"supervisor", person->supervisor},
		{"email", personal->email},
		{"phone", personal->phone},
		{"citizenId", personal->citizen_id},
		{"birthDate", personal->birth_date},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].field, field) == 0)
			return fields[i].value;
	}
	return "";
}

bool
roster_change_drop(Mt__PersonChange *body, const Mt__PersonRecord *person)
{
	bool same = personal_drop(body, person->personal);
	same = text_drop(&body->position, person->position) && same;
	same = text_drop(&body->rank, person->rank) && same;
	same = text_drop(&body->unit, person->unit) && same;
	same = text_drop(&body->supervisor, person->supervisor) && same;
	if (body->category == person->category)
		body->category = MT__PERSON__CATEGORY__UNSPECIFIED;
	size_t left = 0;
	for (size_t i = 0; i < body->n_clear; i++) {
		if (field_of(person, body->clear[i])[0] != '\0')
			body->clear[left++] = body->clear[i];
	}
	body->n_clear = left;
	return same && body->category == MT__PERSON__CATEGORY__UNSPECIFIED && left == 0;
}
