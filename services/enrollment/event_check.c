/* services/enrollment/event_check.c
 *
 * What an event must look like before anybody asks about whom it is: texts within their
 * limits and in NFC, civil dates that the calendar has and that can be meant, a receiver
 * that exists. What is sound comes out as a PersonChange. A fault is a verdict, not a
 * refusal: the batch around it goes on, the sender gets the field as JSON spells it, a code
 * that never changes, and a sentence that holds no personal data.
 *
 * To add a type: a case in event_check_data, and in person_fold.c what it makes of a
 * person. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

/* LIST:VERSION:CODE at its longest. */
enum { AUTHORITY_REFERENCE_SHOWN = 3 * CODE_BYTES_MAX + 2 };

/* An event's data on its way to a change. */
struct reading {
	struct call *call;
	const Mt__AuthorityRecord *authority; /* of the source */
	const char *source;
	struct change *change;
	struct verdict *verdict;
};

bool
verdict_reject(struct verdict *verdict, const char *field, const char *code, const char *message)
{
	*verdict = (struct verdict){MT__EVENT__OUTCOME__REJECTED, field, code, message};
	return false;
}

static bool
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

static bool
read_text(struct reading *reading, const char *field, const char *value, size_t bytes_max, char **into)
{
	const char *checked;
	if (!event_check_text(reading->call, field, value, bytes_max, true, &checked, reading->verdict))
		return false;
	*into = (char *)checked;
	return true;
}

static bool
read_code(struct reading *reading, const char *field, const char *value, char **into)
{
	return read_text(reading, field, value, CODE_BYTES_MAX, into);
}

/* A year too many or too few is a slip of the keyboard or a clock that is off. */
static bool
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
	if (value[0] == '\0' || (strlen(value) == CITIZEN_ID_DIGITS && strspn(value, "0123456789") == CITIZEN_ID_DIGITS))
		return true;
	return verdict_reject(reading->verdict, "data.citizenId", "bad_citizen_id",
			      "data.citizenId is not 12 digits");
}

static bool
read_personal(struct reading *reading, const char *name, const char *birth_date, const char *email, const char *phone,
	      const char *citizen_id)
{
	Mt__Personal *personal =
		(Mt__Personal *)pb_new(&mt__personal__descriptor, call_arena(reading->call));
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

static bool
read_qualification(struct reading *reading, const char *field, const Mt__Qualification *in, Mt__Qualification *out)
{
	int year;
	out->axis = in->axis;
	if (in->axis == MT__QUALIFICATION__AXIS__UNKNOWN_AXIS)
		return reject_missing(reading->call, arena_format(call_arena(reading->call), "%s.axis", field),
				      reading->verdict);
	if (in->code[0] == '\0')
		return reject_missing(reading->call, arena_format(call_arena(reading->call), "%s.code", field),
				      reading->verdict);
	if (in->awarded_on[0] != '\0' && !event_date_partial(in->awarded_on, &year))
		return verdict_reject(reading->verdict,
				      arena_format(call_arena(reading->call), "%s.awardedOn", field), "bad_date",
				      "awardedOn is not a date written YYYY-MM-DD, YYYY-MM or YYYY");
	out->awarded_on = in->awarded_on;
	return read_code(reading, arena_format(call_arena(reading->call), "%s.code", field), in->code, &out->code) &&
	       read_text(reading, arena_format(call_arena(reading->call), "%s.title", field), in->title,
			 NAME_BYTES_MAX, &out->title) &&
	       read_text(reading, arena_format(call_arena(reading->call), "%s.institution", field), in->institution,
			 NAME_BYTES_MAX, &out->institution);
}

static bool
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
		const char *field = arena_format(arena, "data.qualifications[%zu]", i);
		body->qualifications[i] = (Mt__Qualification *)pb_new(&mt__qualification__descriptor, arena);
		if (!read_qualification(reading, field, in[i], body->qualifications[i]))
			return false;
	}
	body->n_qualifications = count;
	return true;
}

static bool
read_clear(struct reading *reading, char **in, size_t count)
{
	if (count > CLEAR_FIELDS_MAX)
		return verdict_reject(reading->verdict, "data.clear", "too_many", "data.clear names a field twice");
	for (size_t i = 0; i < count; i++) {
		if (!person_field_clears(in[i]))
			return verdict_reject(reading->verdict, "data.clear", "bad_field",
					      arena_format(call_arena(reading->call),
							   "data.clear names %.32s, which is no field that can be "
							   "cleared",
							   in[i]));
	}
	reading->change->body->clear = in;
	reading->change->body->n_clear = count;
	return true;
}

static bool
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
	return arena_format(call_arena(call), "authority %.*s is unknown", AUTHORITY_REFERENCE_SHOWN, reference);
}

/* As the code was understood on the day of the change; read_effective comes first. */
static bool
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

/* --- the types ---------------------------------------------------------------------------------------------------- */

static bool
check_hired(struct reading *reading, const Mt__Hired *data)
{
	Mt__PersonChange *body = reading->change->body;
	body->category = data->category;
	if (data->name[0] == '\0')
		return reject_missing(reading->call, "data.name", reading->verdict);
	if (data->category == MT__PERSON__CATEGORY__UNSPECIFIED)
		return reject_missing(reading->call, "data.category", reading->verdict);
	return read_personal(reading, data->name, data->birth_date, data->email, data->phone, data->citizen_id) &&
	       read_code(reading, "data.position", data->position, &body->position) &&
	       read_code(reading, "data.rank", data->rank, &body->rank) &&
	       read_text(reading, "data.unit", data->unit, NAME_BYTES_MAX, &body->unit) &&
	       read_code(reading, "data.supervisor", data->supervisor, &body->supervisor) &&
	       read_qualifications(reading, data->qualifications, data->n_qualifications) &&
	       read_parts(reading, data->parts, data->n_parts) &&
	       read_effective(reading, data->effective_date, false);
}

static bool
check_updated(struct reading *reading, const Mt__Updated *data)
{
	Mt__PersonChange *body = reading->change->body;
	body->category = data->category;
	return read_personal(reading, data->name, data->birth_date, data->email, data->phone, data->citizen_id) &&
	       read_code(reading, "data.position", data->position, &body->position) &&
	       read_code(reading, "data.rank", data->rank, &body->rank) &&
	       read_text(reading, "data.unit", data->unit, NAME_BYTES_MAX, &body->unit) &&
	       read_code(reading, "data.supervisor", data->supervisor, &body->supervisor) &&
	       read_qualifications(reading, data->qualifications, data->n_qualifications) &&
	       read_parts(reading, data->parts, data->n_parts) && read_clear(reading, data->clear, data->n_clear) &&
	       read_effective(reading, data->effective_date, true);
}

/* With an event id the fields are that event's, its date included: an absent date is unchanged. */
static bool
check_corrected(struct reading *reading, const Mt__Corrected *data)
{
	Mt__PersonChange *body = reading->change->body;
	body->category = data->category;
	body->withdrawn = data->withdrawn;
	if (data->withdrawn && data->event_id[0] == '\0')
		return reject_missing(reading->call, "data.eventId", reading->verdict);
	if (!read_personal(reading, data->name, data->birth_date, data->email, data->phone, data->citizen_id) ||
	    !read_code(reading, "data.position", data->position, &body->position) ||
	    !read_code(reading, "data.rank", data->rank, &body->rank) ||
	    !read_text(reading, "data.unit", data->unit, NAME_BYTES_MAX, &body->unit) ||
	    !read_code(reading, "data.supervisor", data->supervisor, &body->supervisor) ||
	    !read_text(reading, "data.reason", data->reason, NAME_BYTES_MAX, &body->reason) ||
	    !read_qualifications(reading, data->qualifications, data->n_qualifications) ||
	    !read_parts(reading, data->parts, data->n_parts) || !read_clear(reading, data->clear, data->n_clear))
		return false;
	if (data->event_id[0] == '\0')
		return read_effective(reading, data->effective_date, true);
	const char *id;
	if (!event_check_text(reading->call, "data.eventId", data->event_id, EVENT_ID_BYTES_MAX, true, &id,
			      reading->verdict))
		return false;
	body->corrects.data = arena_alloc(call_arena(reading->call), EVENT_HASH_BYTES);
	body->corrects.len = EVENT_HASH_BYTES;
	event_hash(reading->call, reading->source, data->event_id, body->corrects.data);
	return data->effective_date[0] == '\0' || read_effective(reading, data->effective_date, false);
}

/* Whoever sends the event lets the person go: what it says of itself must be itself. */
static bool
check_from(struct reading *reading, const Mt__Transferred *data)
{
	const Mt__AuthorityRecord *from;
	if (data->from_authority[0] == '\0')
		return true;
	if (!read_authority(reading, "data.fromAuthority", data->from_authority, &from))
		return false;
	if (tree_covers(call_store(reading->call), reading->authority->authority_id, from->authority_id))
		return true;
	return verdict_reject(reading->verdict, "data.fromAuthority", "not_the_source",
			      "data.fromAuthority is not the authority of the source, nor below it");
}

static bool
check_transferred(struct reading *reading, const Mt__Transferred *data)
{
	struct change *change = reading->change;
	if (data->to_staff_code[0] == '\0')
		return reject_missing(reading->call, "data.toStaffCode", reading->verdict);
	if (!read_code(reading, "data.toStaffCode", data->to_staff_code, &change->body->staff_code) ||
	    !read_code(reading, "data.position", data->position, &change->body->position) ||
	    !read_code(reading, "data.rank", data->rank, &change->body->rank) ||
	    !read_text(reading, "data.unit", data->unit, NAME_BYTES_MAX, &change->body->unit) ||
	    !read_text(reading, "data.decisionNumber", data->decision_number, NAME_BYTES_MAX,
		       &change->body->decision_number) ||
	    !read_effective(reading, data->effective_date, false) || !check_from(reading, data) ||
	    !read_authority(reading, "data.toAuthority", data->to_authority, &change->to))
		return false;
	change->from_staff_code = data->from_staff_code;
	change->body->authority_id = change->to->authority_id;
	return true;
}

static bool
check_seconded(struct reading *reading, const Mt__Seconded *data)
{
	struct change *change = reading->change;
	if (!read_code(reading, "data.position", data->position, &change->body->position) ||
	    !read_text(reading, "data.decisionNumber", data->decision_number, NAME_BYTES_MAX,
		       &change->body->decision_number) ||
	    !read_effective(reading, data->effective_date, false) ||
	    !read_authority(reading, "data.toAuthority", data->to_authority, &change->to))
		return false;
	change->body->authority_id = change->to->authority_id;
	return true;
}

/* What the smaller types are made of; an empty text is an absent one. */
struct plain {
	const char *effective_date;
	const char *position;
	const char *rank;
	const char *unit;
	const char *supervisor;
	const char *successor;
	const char *reason;
	const char *decision_number;
};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static bool
check_plain(struct reading *reading, const struct plain *plain)
{
	Mt__PersonChange *body = reading->change->body;
	return read_code(reading, "data.position", or_empty(plain->position), &body->position) &&
	       read_code(reading, "data.rank", or_empty(plain->rank), &body->rank) &&
	       read_text(reading, "data.unit", or_empty(plain->unit), NAME_BYTES_MAX, &body->unit) &&
	       read_code(reading, "data.supervisor", or_empty(plain->supervisor), &body->supervisor) &&
	       read_code(reading, "data.successor", or_empty(plain->successor), &body->successor) &&
	       read_text(reading, "data.reason", or_empty(plain->reason), NAME_BYTES_MAX, &body->reason) &&
	       read_text(reading, "data.decisionNumber", or_empty(plain->decision_number), NAME_BYTES_MAX,
			 &body->decision_number) &&
	       read_effective(reading, plain->effective_date, false);
}

static bool
check_qualification(struct reading *reading, const Mt__QualificationGained *data)
{
	if (data->qualification == NULL)
		return reject_missing(reading->call, "data.qualification", reading->verdict);
	Mt__Qualification *one = data->qualification;
	Mt__PersonChange *body = reading->change->body;
	struct arena *arena = call_arena(reading->call);
	body->qualifications = arena_alloc(arena, sizeof(Mt__Qualification *));
	body->qualifications[0] = (Mt__Qualification *)pb_new(&mt__qualification__descriptor, arena);
	body->n_qualifications = 1;
	return read_qualification(reading, "data.qualification", one, body->qualifications[0]) &&
	       read_effective(reading, data->effective_date, false);
}

/* Two records are one person, or are not: whose the other is. */
static bool
check_pair(struct reading *reading, const char *staff_code, const char *authority, const char *field,
	   const char *reason)
{
	struct change *change = reading->change;
	const char *checked;
	change->other = reading->authority;
	if (!event_check_text(reading->call, "data.otherStaffCode", staff_code, CODE_BYTES_MAX, false,
			      &change->other_staff_code, reading->verdict) ||
	    !event_check_text(reading->call, field, reason, NAME_BYTES_MAX, false, &checked, reading->verdict))
		return false;
	change->body->reason = (char *)checked;
	return authority[0] == '\0' ||
	       read_authority(reading, "data.otherAuthority", authority, &change->other);
}

static bool
check_kind(struct reading *reading, const Mt__EventData *data)
{
	switch (data->kind_case) {
	case MT__EVENT_DATA__KIND_HIRED:
		return check_hired(reading, data->hired);
	case MT__EVENT_DATA__KIND_UPDATED:
		return check_updated(reading, data->updated);
	case MT__EVENT_DATA__KIND_CORRECTED:
		return check_corrected(reading, data->corrected);
	case MT__EVENT_DATA__KIND_TRANSFERRED:
		return check_transferred(reading, data->transferred);
	case MT__EVENT_DATA__KIND_SECONDED:
		return check_seconded(reading, data->seconded);
	case MT__EVENT_DATA__KIND_QUALIFICATION_GAINED:
		return check_qualification(reading, data->qualification_gained);
	case MT__EVENT_DATA__KIND_MERGED:
		return check_pair(reading, data->merged->other_staff_code, data->merged->other_authority, "data.proof",
				  data->merged->proof);
	case MT__EVENT_DATA__KIND_SPLIT:
		return check_pair(reading, data->split->other_staff_code, data->split->other_authority, "data.reason",
				  data->split->reason);
	case MT__EVENT_DATA__KIND_APPOINTED:
		return check_plain(reading, &(struct plain){.effective_date = data->appointed->effective_date,
							    .position = data->appointed->position,
							    .rank = data->appointed->rank,
							    .unit = data->appointed->unit,
							    .supervisor = data->appointed->supervisor,
							    .decision_number = data->appointed->decision_number});
	case MT__EVENT_DATA__KIND_RETURNED:
		return check_plain(reading, &(struct plain){.effective_date = data->returned->effective_date,
							    .decision_number = data->returned->decision_number});
	case MT__EVENT_DATA__KIND_ROTATED:
		return check_plain(reading, &(struct plain){.effective_date = data->rotated->effective_date,
							    .position = data->rotated->position,
							    .unit = data->rotated->unit,
							    .decision_number = data->rotated->decision_number});
	case MT__EVENT_DATA__KIND_PROMOTED:
		return check_plain(reading, &(struct plain){.effective_date = data->promoted->effective_date,
							    .position = data->promoted->position,
							    .rank = data->promoted->rank,
							    .decision_number = data->promoted->decision_number});
	case MT__EVENT_DATA__KIND_LEAVE_BEGUN:
		return check_plain(reading, &(struct plain){.effective_date = data->leave_begun->effective_date,
							    .reason = data->leave_begun->reason,
							    .decision_number = data->leave_begun->decision_number});
	case MT__EVENT_DATA__KIND_LEAVE_ENDED:
		return check_plain(reading, &(struct plain){.effective_date = data->leave_ended->effective_date});
	case MT__EVENT_DATA__KIND_SUSPENDED:
		return check_plain(reading, &(struct plain){.effective_date = data->suspended->effective_date,
							    .reason = data->suspended->reason,
							    .decision_number = data->suspended->decision_number});
	case MT__EVENT_DATA__KIND_RETIRED:
		return check_plain(reading, &(struct plain){.effective_date = data->retired->effective_date,
							    .successor = data->retired->successor,
							    .decision_number = data->retired->decision_number});
	case MT__EVENT_DATA__KIND_RESIGNED:
		return check_plain(reading, &(struct plain){.effective_date = data->resigned->effective_date,
							    .successor = data->resigned->successor,
							    .decision_number = data->resigned->decision_number});
	case MT__EVENT_DATA__KIND_DISMISSED:
		return check_plain(reading, &(struct plain){.effective_date = data->dismissed->effective_date,
							    .reason = data->dismissed->reason,
							    .successor = data->dismissed->successor,
							    .decision_number = data->dismissed->decision_number});
	case MT__EVENT_DATA__KIND_DECEASED:
		return check_plain(reading, &(struct plain){.effective_date = data->deceased->effective_date,
							    .successor = data->deceased->successor});
	case MT__EVENT_DATA__KIND__NOT_SET:
		break;
	}
	return verdict_reject(reading->verdict, "data", "missing", "data is missing");
}

bool
event_check_data(struct call *call, const Mt__AuthorityRecord *authority, const char *source, const Mt__EventData *data,
		 struct change *change, struct verdict *verdict)
{
	struct reading reading = {call, authority, source, change, verdict};
	*change = (struct change){.kind = data != NULL ? data->kind_case : MT__EVENT_DATA__KIND__NOT_SET};
	if (data == NULL)
		return verdict_reject(verdict, "data", "missing", "data is missing");
	change->body = (Mt__PersonChange *)pb_new(&mt__person_change__descriptor, call_arena(call));
	/* The kinds of a change have the numbers of the event types, but for the two that concern two people. */
	if (change->kind <= MT__EVENT_DATA__KIND_CORRECTED)
		change->body->kind = (Mt__PersonChange__Kind)change->kind;
	return check_kind(&reading, data);
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
