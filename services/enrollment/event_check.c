/* services/enrollment/event_check.c
 *
 * Each type of event, checked: which of its fields must be there, and what change of a
 * person they come to.
 *
 * To add a type: a case in check_kind, and in person_fold.c what it makes of a person. */
#include "services/enrollment/event_read.h"

#include "common/wire/pb.h"

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
	       read_parts(reading, data->parts, data->n_parts) && read_effective(reading, data->effective_date, false);
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

/* The event that is corrected: of the same source, unless it says another. */
static bool
read_corrected_event(struct reading *reading, const Mt__Corrected *data)
{
	Mt__PersonChange *body = reading->change->body;
	const char *id;
	const char *source = reading->source;
	if (!event_check_text(reading->call, "data.eventId", data->event_id, EVENT_ID_BYTES_MAX, true, &id,
			      reading->verdict))
		return false;
	if (data->event_source[0] != '\0' &&
	    !event_check_text(reading->call, "data.eventSource", data->event_source, EVENT_SOURCE_BYTES_MAX, false,
			      &source, reading->verdict))
		return false;
	reading->change->corrects_other_source = strcmp(source, reading->source) != 0;
	body->corrects.data = arena_alloc(call_arena(reading->call), EVENT_HASH_BYTES);
	body->corrects.len = EVENT_HASH_BYTES;
	event_hash(reading->call, source, data->event_id, body->corrects.data);
	return true;
}

/* Where a transfer led instead. */
static bool
read_corrected_place(struct reading *reading, const Mt__Corrected *data)
{
	struct change *change = reading->change;
	if (data->to_authority[0] == '\0' && data->to_staff_code[0] == '\0')
		return true;
	if (data->to_staff_code[0] == '\0')
		return reject_missing(reading->call, "data.toStaffCode", reading->verdict);
	if (!read_code(reading, "data.toStaffCode", data->to_staff_code, &change->body->staff_code))
		return false;
	if (data->to_authority[0] == '\0')
		return true;
	if (!read_authority(reading, "data.toAuthority", data->to_authority, &change->to))
		return false;
	change->body->authority_id = change->to->authority_id;
	return true;
}

/* With an event id the fields are that event's, its date included: an absent date is unchanged. */
static bool
check_corrected(struct reading *reading, const Mt__Corrected *data)
{
	Mt__PersonChange *body = reading->change->body;
	body->category = data->category;
	body->withdrawn = data->withdrawn;
	bool of_event = data->withdrawn || data->event_source[0] != '\0' || data->to_authority[0] != '\0' ||
			data->to_staff_code[0] != '\0';
	if (of_event && data->event_id[0] == '\0')
		return reject_missing(reading->call, "data.eventId", reading->verdict);
	if (!read_personal(reading, data->name, data->birth_date, data->email, data->phone, data->citizen_id) ||
	    !read_code(reading, "data.position", data->position, &body->position) ||
	    !read_code(reading, "data.rank", data->rank, &body->rank) ||
	    !read_text(reading, "data.unit", data->unit, NAME_BYTES_MAX, &body->unit) ||
	    !read_code(reading, "data.supervisor", data->supervisor, &body->supervisor) ||
	    !read_reason(reading, data->reason) ||
	    !read_qualifications(reading, data->qualifications, data->n_qualifications) ||
	    !read_parts(reading, data->parts, data->n_parts) || !read_clear(reading, data->clear, data->n_clear))
		return false;
	if (data->event_id[0] == '\0')
		return read_effective(reading, data->effective_date, true);
	return read_corrected_event(reading, data) &&
	       (data->effective_date[0] == '\0' || read_effective(reading, data->effective_date, false)) &&
	       read_corrected_place(reading, data);
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
	char *from_staff_code = NULL;
	if (data->to_staff_code[0] == '\0')
		return reject_missing(reading->call, "data.toStaffCode", reading->verdict);
	if (!read_code(reading, "data.toStaffCode", data->to_staff_code, &change->body->staff_code) ||
	    !read_code(reading, "data.fromStaffCode", data->from_staff_code, &from_staff_code) ||
	    !read_code(reading, "data.position", data->position, &change->body->position) ||
	    !read_code(reading, "data.rank", data->rank, &change->body->rank) ||
	    !read_text(reading, "data.unit", data->unit, NAME_BYTES_MAX, &change->body->unit) ||
	    !read_text(reading, "data.decisionNumber", data->decision_number, NAME_BYTES_MAX,
		       &change->body->decision_number) ||
	    !read_effective(reading, data->effective_date, false) || !check_from(reading, data) ||
	    !read_authority(reading, "data.toAuthority", data->to_authority, &change->to))
		return false;
	change->from_staff_code = from_staff_code;
	change->body->authority_id = change->to->authority_id;
	return true;
}

bool
event_check_from_code(const struct arrival *arrival, struct verdict *verdict)
{
	const char *from = arrival->change.from_staff_code;
	if (from == NULL || from[0] == '\0' || strcmp(from, arrival->staff_code) == 0)
		return true;
	return verdict_reject(verdict, "data.fromStaffCode", "not_the_subject",
			      "data.fromStaffCode is not the staff code of the subject");
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
	       read_reason(reading, or_empty(plain->reason)) &&
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
	change->other = reading->authority;
	if (!event_check_text(reading->call, "data.otherStaffCode", staff_code, CODE_BYTES_MAX, false,
			      &change->other_staff_code, reading->verdict) ||
	    !event_check_text(reading->call, field, reason, NAME_BYTES_MAX, false, &change->reason, reading->verdict))
		return false;
	return authority[0] == '\0' || read_authority(reading, "data.otherAuthority", authority, &change->other);
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
	return check_kind(&reading, data) && code_list_check(call, change, change->body->effective_date, verdict);
}
