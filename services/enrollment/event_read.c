/* services/enrollment/event_read.c
 *
 * What every part of an event must look like before anybody asks about whom it is. A
 * fault is a verdict, not a refusal: the batch around it goes on, the sender gets the field
 * as JSON spells it, a code that never changes, and a sentence that holds no personal data. */
#include "services/enrollment/event_read.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

/* LIST:VERSION:CODE at its longest. */
enum { AUTHORITY_REFERENCE_SHOWN = 3 * CODE_BYTES_MAX + 2 };

bool
verdict_reject(struct verdict *verdict, const char *field, const char *code, const char *message)
{
	*verdict = (struct verdict){MT__EVENT__OUTCOME__REJECTED, field, code, message};
	return false;
}

bool
reject_missing(struct call *call, const char *field, struct verdict *verdict)
{
	return verdict_reject(verdict, field, "missing", arena_format(call_arena(call), "%s is missing", field));
}

bool
event_check_text(struct call *call, const char *field, const char *value, size_t bytes_max, bool may_be_empty,
		 const char **checked, struct verdict *verdict)
{
	size_t size = strlen(value);
	*checked = "";
	if (size == 0)
		return may_be_empty || reject_missing(call, field, verdict);
	if (size <= bytes_max)
		*checked = text_nfc(call_arena(call), value);
	if (*checked == NULL)
		return verdict_reject(verdict, field, "bad_text",
				      arena_format(call_arena(call), "%s is not valid UTF-8", field));
	if (size > bytes_max || strlen(*checked) > bytes_max)
		return verdict_reject(verdict, field, "too_long",
				      arena_format(call_arena(call), "%s is longer than %zu bytes", field, bytes_max));
	return true;
}

/* --- parts of an event -------------------------------------------------------------------------------------------- */

bool
read_text(struct reading *reading, const char *field, const char *value, size_t bytes_max, char **into)
{
	const char *checked;
	if (!event_check_text(reading->call, field, value, bytes_max, true, &checked, reading->verdict))
		return false;
	*into = (char *)checked;
	return true;
}

bool
read_code(struct reading *reading, const char *field, const char *value, char **into)
{
	return read_text(reading, field, value, CODE_BYTES_MAX, into);
}

/* A year too many or too few is a slip of the keyboard or a clock that is off. */
bool
read_effective(struct reading *reading, const char *value, bool may_be_empty)
{
	static const char field[] = "data.effectiveDate";
	Mt__PersonChange *body = reading->change->body;
	int32_t today = call_today(reading->call);
	int32_t date = today;
	if (value[0] == '\0' && !may_be_empty)
		return reject_missing(reading->call, field, reading->verdict);
	if (value[0] != '\0' && !date_parse(value, &date))
		return verdict_reject(reading->verdict, field, "bad_date",
				      "data.effectiveDate is not a date of the calendar written YYYY-MM-DD");
	if (date > today + EFFECTIVE_DAYS_AHEAD_MAX || date < date_make(EFFECTIVE_YEAR_MIN, 1, 1))
		return verdict_reject(reading->verdict, field, "implausible_date",
				      "data.effectiveDate lies more than a year ahead, or before 1945");
	char *text = arena_alloc(call_arena(reading->call), DATE_TEXT_BYTES);
	date_format(date, text);
	body->effective_date = text;
	return true;
}

/* A day, a month or a year: old files know no more. */
bool
event_date_partial(const char *value, int *year)
{
	char whole[DATE_TEXT_BYTES];
	size_t size = strlen(value);
	int32_t date;
	if (size != 4 && size != 7 && size != 10)
		return false;
	memcpy(whole, value, size);
	memcpy(whole + size, &"0000-01-01"[size], sizeof(whole) - size);
	if (!date_parse(whole, &date))
		return false;
	int month;
	int day;
	date_split(date, year, &month, &day);
	return true;
}

static bool
read_birth(struct reading *reading, const char *value, char **into)
{
	int year;
	int now_year;
	int month;
	int day;
	*into = (char *)value;
	if (value[0] == '\0')
		return true;
	if (!event_date_partial(value, &year))
		return verdict_reject(reading->verdict, "data.birthDate", "bad_date",
				      "data.birthDate is not a date of the calendar written YYYY-MM-DD, YYYY-MM or "
				      "YYYY");
	date_split(call_today(reading->call), &now_year, &month, &day);
	if (year < BIRTH_YEAR_MIN || year > now_year - BIRTH_AGE_MIN)
		return verdict_reject(reading->verdict, "data.birthDate", "implausible_date",
				      "data.birthDate makes the person younger than 14 or born before 1900");
	return true;
}

static bool
read_citizen_id(struct reading *reading, const char *value, char **into)
{
	*into = (char *)value;
	if (value[0] == '\0' ||
	    (strlen(value) == CITIZEN_ID_DIGITS && strspn(value, "0123456789") == CITIZEN_ID_DIGITS))
		return true;
	return verdict_reject(reading->verdict, "data.citizenId", "bad_citizen_id", "data.citizenId is not 12 digits");
}

bool
read_personal(struct reading *reading, const char *name, const char *birth_date, const char *email, const char *phone,
	      const char *citizen_id)
{
	Mt__Personal *personal = (Mt__Personal *)pb_new(&mt__personal__descriptor, call_arena(reading->call));
	if (!read_text(reading, "data.name", name, NAME_BYTES_MAX, &personal->name) ||
	    !read_birth(reading, birth_date, &personal->birth_date) ||
	    !read_text(reading, "data.email", email, NAME_BYTES_MAX, &personal->email) ||
	    !read_text(reading, "data.phone", phone, CODE_BYTES_MAX, &personal->phone) ||
	    !read_citizen_id(reading, citizen_id, &personal->citizen_id))
		return false;
	if (name[0] != '\0' || birth_date[0] != '\0' || email[0] != '\0' || phone[0] != '\0' || citizen_id[0] != '\0')
		reading->change->body->personal = personal;
	return true;
}

bool
read_reason(struct reading *reading, const char *value)
{
	Mt__PersonChange *body = reading->change->body;
	char *reason;
	if (!read_text(reading, "data.reason", value, NAME_BYTES_MAX, &reason))
		return false;
	if (reason[0] == '\0')
		return true;
	if (body->personal == NULL)
		body->personal = (Mt__Personal *)pb_new(&mt__personal__descriptor, call_arena(reading->call));
	body->personal->reason = reason;
	return true;
}

/* "data.qualification" and ".code". */
static const char *
field_in(struct reading *reading, const char *field, const char *part)
{
	size_t size = strlen(field);
	char *whole = arena_alloc(call_arena(reading->call), size + strlen(part) + 1);
	memcpy(whole, field, size);
	memcpy(whole + size, part, strlen(part) + 1);
	return whole;
}

bool
read_qualification(struct reading *reading, const char *field, const Mt__Qualification *in, Mt__Qualification *out)
{
	int year;
	out->axis = in->axis;
	if (in->axis == MT__QUALIFICATION__AXIS__UNKNOWN_AXIS)
		return reject_missing(reading->call, field_in(reading, field, ".axis"), reading->verdict);
	if (in->code[0] == '\0')
		return reject_missing(reading->call, field_in(reading, field, ".code"), reading->verdict);
	if (in->awarded_on[0] != '\0' && !event_date_partial(in->awarded_on, &year))
		return verdict_reject(reading->verdict, field_in(reading, field, ".awardedOn"), "bad_date",
				      "awardedOn is not a date written YYYY-MM-DD, YYYY-MM or YYYY");
	out->awarded_on = in->awarded_on;
	return read_code(reading, field_in(reading, field, ".code"), in->code, &out->code) &&
	       read_text(reading, field_in(reading, field, ".title"), in->title, NAME_BYTES_MAX, &out->title) &&
	       read_text(reading, field_in(reading, field, ".institution"), in->institution, NAME_BYTES_MAX,
			 &out->institution);
}

bool
read_qualifications(struct reading *reading, Mt__Qualification **in, size_t count)
{
	struct arena *arena = call_arena(reading->call);
	Mt__PersonChange *body = reading->change->body;
	if (count == 0)
		return true;
	if (count > QUALIFICATIONS_MAX)
		return verdict_reject(reading->verdict, "data.qualifications", "too_many",
				      "data.qualifications holds more than 64");
	body->qualifications = arena_alloc(arena, count * sizeof(Mt__Qualification *));
	for (size_t i = 0; i < count; i++) {
		Mt__Qualification *read = (Mt__Qualification *)pb_new(&mt__qualification__descriptor, arena);
		body->qualifications[i] = read;
		/* Which one it is, is said only of one at fault: writing that down is half of the work. */
		if (!read_qualification(reading, "data.qualifications", in[i], read))
			return read_qualification(reading, arena_format(arena, "data.qualifications[%zu]", i), in[i],
						  read);
	}
	body->n_qualifications = count;
	return true;
}

bool
read_clear(struct reading *reading, char **in, size_t count)
{
	if (count > CLEAR_FIELDS_MAX)
		return verdict_reject(reading->verdict, "data.clear", "too_many", "data.clear names a field twice");
	for (size_t i = 0; i < count; i++) {
		if (!person_field_clears(in[i]))
			return verdict_reject(reading->verdict, "data.clear", "bad_field",
					      arena_format(call_arena(reading->call),
							   "data.clear names %.*s, which is no field that can be "
							   "cleared",
							   text_cut(in[i], CODE_BYTES_MAX), in[i]));
	}
	reading->change->body->clear = in;
	reading->change->body->n_clear = count;
	return true;
}

bool
read_parts(struct reading *reading, Mt__Person__Part *in, size_t count)
{
	if (count > PARTS_MAX)
		return verdict_reject(reading->verdict, "data.parts", "too_many", "data.parts names a part twice");
	reading->change->body->parts = in;
	reading->change->body->n_parts = count;
	return true;
}

/* Why a reference leads nowhere: nobody has that code, or two have it. */
static const char *
unknown_authority(struct call *call, const char *reference, bool ambiguous)
{
	if (ambiguous)
		return tree_ambiguous(call_store(call), call_arena(call), reference);
	return arena_format(call_arena(call), "authority %.*s is unknown",
			    text_cut(reference, AUTHORITY_REFERENCE_SHOWN), reference);
}

/* As the code was understood on the day of the change; read_effective comes first. */
bool
read_authority(struct reading *reading, const char *field, const char *reference, const Mt__AuthorityRecord **into)
{
	struct call *call = reading->call;
	bool ambiguous;
	int32_t date;
	if (reference[0] == '\0')
		return reject_missing(call, field, reading->verdict);
	if (!date_parse(reading->change->body->effective_date, &date))
		date = call_today(call);
	*into = tree_find_at(call_store(call), call_arena(call), reference, date, &ambiguous);
	if (*into != NULL)
		return true;
	return verdict_reject(reading->verdict, field, "unknown_authority",
			      unknown_authority(call, reference, ambiguous));
}

const Mt__AuthorityRecord *
event_source_authority(struct call *call, const char *source, struct verdict *verdict)
{
	static const char BEGINS[] = "/authorities/";
	size_t begins_size = sizeof(BEGINS) - 1;
	const char *checked;
	if (!event_check_text(call, "source", source, EVENT_SOURCE_BYTES_MAX, false, &checked, verdict))
		return NULL;
	if (strncmp(source, BEGINS, begins_size) != 0) {
		verdict_reject(verdict, "source", "unknown_authority", "source does not begin with /authorities/CODE");
		return NULL;
	}
	const char *code = source + begins_size;
	const char *reference = arena_text(call_arena(call), slice_of(code, strcspn(code, "/")));
	bool ambiguous;
	const Mt__AuthorityRecord *authority = tree_find(call_store(call), call_arena(call), reference, &ambiguous);
	if (authority == NULL)
		verdict_reject(verdict, "source", "unknown_authority", unknown_authority(call, reference, ambiguous));
	return authority;
}
