/* services/enrollment/event_change.c
 *
 * What an event makes of a person, and what becomes of the events that waited for one.
 *
 * A decision does not see its own facts, and one call may emit many about the same
 * person: a hire, then everything that was parked for the staff code. So the person is
 * threaded through as a record in memory, changed by the same step that apply uses.
 * A transfer may reach a staff code for which other events wait; these are decided after
 * it, in order of arrival.
 *
 * A staff code may lead to a record that was merged into another. Then the other's record
 * decides, and the change goes into the history of the one the code belongs to, so that a
 * split gives both histories back. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

bool
person_subject(struct call *call, struct id id, struct subject *subject)
{
	Mt__PersonRecord *person = person_get(call, id);
	assert(person != NULL);
	subject->recorded_id = person->person_id;
	if (person->merged_into[0] != '\0')
		person = person_get(call, id_known(person->merged_into));
	assert(person != NULL);
	subject->person = person;
	subject->pending = (struct history){.count = 0};
	return !person->erased;
}

static bool
lies_ahead(const struct call *call, const Mt__PersonChange *change)
{
	int32_t date;
	return date_parse(change->effective_date, &date) && date > call_today(call);
}

void
event_hire(struct call *call, const Mt__AuthorityRecord *authority, const char *staff_code, const struct change *change,
	   const ProtobufCBinaryData *event, struct subject *subject)
{
	Mt__PersonHired fact = MT__PERSON_HIRED__INIT;
	fact.person_id = (char *)call_new_id(call, authority->locality);
	fact.authority_id = authority->authority_id;
	fact.staff_code = (char *)staff_code;
	fact.change = change->body;
	fact.event = *event;
	call_emit(call, &fact.base);
	person_hired_whole(&fact);

	Mt__PersonRecord *person = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, call_arena(call));
	person->person_id = fact.person_id;
	person_step(call_arena(call), person, change->body);
	if (lies_ahead(call, change->body))
		person->state = MT__PERSON__STATE__NOT_YET;
	*subject = (struct subject){.person = person, .recorded_id = person->person_id};
	subject_pend(call, subject, change->body, event);
}

/* False once no more staff codes can be reached in this call. */
bool
event_arrive(struct arrivals *arrivals, const char *authority_id, const char *staff_code)
{
	for (size_t i = 0; i < arrivals->count; i++) {
		if (strcmp(arrivals->at[i].authority_id, authority_id) == 0 &&
		    strcmp(arrivals->at[i].staff_code, staff_code) == 0)
			return true;
	}
	if (arrivals->count == ARRIVALS_MAX)
		return false;
	arrivals->at[arrivals->count].authority_id = authority_id;
	arrivals->at[arrivals->count].staff_code = staff_code;
	arrivals->count++;
	return true;
}

bool
event_check_code_free(struct call *call, const char *person_id, const char *authority_id, const char *staff_code,
		      struct arrivals *arrivals, const struct verdict *held, struct verdict *verdict)
{
	struct staff_row row = staff_row_find(call_store(call), id_locality(id_known(authority_id)), staff_code);
	struct id id = id_known(person_id);
	switch (row.kind) {
	case STAFF_NONE:
	case STAFF_FORMER:
		return true;
	case STAFF_AWAITED:
		if (event_arrive(arrivals, authority_id, staff_code))
			return true;
		return verdict_reject(verdict, held->field, "too_many_parked",
				      "too many staff codes with parked events are reached at once");
	case STAFF_CURRENT:
	case STAFF_EXPECTED:
	case STAFF_REPLACED: /* no code's own row */
		break;
	}
	/* A row that this call's earlier facts have left behind still reads as current. */
	if (memcmp(row.person.bytes, id.bytes, ID_BYTES) == 0)
		return true;
	const Mt__PersonRecord *holder = person_get(call, row.person);
	assert(holder != NULL);
	if (row.kind == STAFF_CURRENT && !person_in_service(holder) && holder->state != MT__PERSON__STATE__NOT_YET &&
	    holder->state != MT__PERSON__STATE__MERGED)
		return true;
	return verdict_reject(verdict, held->field, held->code, held->message);
}

static bool
check_target(struct call *call, const Mt__PersonRecord *person, const struct change *change, struct arrivals *arrivals,
	     struct verdict *verdict)
{
	const char *staff_code = change->body->staff_code;
	if (person->n_staff_codes > 0 && strcmp(person->authority_id, change->to->authority_id) == 0 &&
	    strcmp(person->staff_codes[0]->code, staff_code) == 0)
		return verdict_reject(verdict, "data.toAuthority", "already_exists",
				      "the person serves there under that staff code already");
	const struct verdict held = {
		.field = "data.toStaffCode",
		.code = "already_exists",
		.message = "the receiving authority has somebody else in service under that staff code",
	};
	return event_check_code_free(call, person->person_id, change->to->authority_id, staff_code, arrivals, &held,
				     verdict);
}

static bool
check_in_service(const Mt__PersonRecord *person, struct verdict *verdict)
{
	if (person_in_service(person) || person->state == MT__PERSON__STATE__NOT_YET)
		return true;
	if (person->state == MT__PERSON__STATE__RETIRED)
		return verdict_reject(verdict, "subject", "already_retired", "the person is retired already");
	return verdict_reject(verdict, "subject", "not_in_service", "the person is not in service");
}

static bool
check_state_is(const Mt__PersonRecord *person, bool holds, const char *sentence, struct verdict *verdict)
{
	if (!check_in_service(person, verdict))
		return false;
	return holds || verdict_reject(verdict, "type", "out_of_order", sentence);
}

/* What may happen to a person in that state. */
static bool
check_possible(struct call *call, const Mt__PersonRecord *person, const struct change *change,
	       struct arrivals *arrivals, struct verdict *verdict)
{
	bool seconded = person->seconded_to[0] != '\0';
	switch (change->kind) {
	case MT__EVENT_DATA__KIND_UPDATED:
	case MT__EVENT_DATA__KIND_CORRECTED:
	case MT__EVENT_DATA__KIND_QUALIFICATION_GAINED:
		return true; /* also about those who left */
	case MT__EVENT_DATA__KIND_TRANSFERRED:
		return check_in_service(person, verdict) && check_target(call, person, change, arrivals, verdict);
	case MT__EVENT_DATA__KIND_RETURNED:
		return check_state_is(person, seconded || person->state == MT__PERSON__STATE__SUSPENDED,
				      "the person is neither seconded nor suspended", verdict);
	case MT__EVENT_DATA__KIND_LEAVE_ENDED:
		return check_state_is(person, person->state == MT__PERSON__STATE__ON_LEAVE,
				      "the person is not on leave", verdict);
	case MT__EVENT_DATA__KIND_DECEASED:
		if (person->state == MT__PERSON__STATE__DECEASED)
			return verdict_reject(verdict, "subject", "already_deceased", "the person is deceased already");
		return true; /* pensioners too */
	case MT__EVENT_DATA__KIND_APPOINTED:
	case MT__EVENT_DATA__KIND_SECONDED:
	case MT__EVENT_DATA__KIND_ROTATED:
	case MT__EVENT_DATA__KIND_PROMOTED:
	case MT__EVENT_DATA__KIND_LEAVE_BEGUN:
	case MT__EVENT_DATA__KIND_SUSPENDED:
	case MT__EVENT_DATA__KIND_RETIRED:
	case MT__EVENT_DATA__KIND_RESIGNED:
	case MT__EVENT_DATA__KIND_DISMISSED:
		return check_in_service(person, verdict);
	case MT__EVENT_DATA__KIND_HIRED:
	case MT__EVENT_DATA__KIND_MERGED:
	case MT__EVENT_DATA__KIND_SPLIT:
	case MT__EVENT_DATA__KIND__NOT_SET:
		break;
	}
	assert(!"a change of one known person");
	return false;
}

static bool
has_served(const struct call *call, const Mt__PersonRecord *person, const char *authority_id)
{
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		if (tree_covers(call_store(call), authority_id, person->staff_codes[i]->authority_id))
			return true;
	}
	return false;
}

bool
event_is_correction(const struct change *change)
{
	return change->kind == MT__EVENT_DATA__KIND_CORRECTED && change->body->corrects.len > 0;
}

/* The person on the day of the change: as of today if it follows what was known, else folded for that day. */
static const Mt__PersonRecord *
person_then(struct call *call, const struct subject *subject, const Mt__PersonChange *change)
{
	int32_t date;
	Mt__PersonRecord *person = subject->person;
	if (!date_parse(change->effective_date, &date))
		return person;
	if (date <= call_today(call) && strcmp(change->effective_date, person->effective_date) >= 0)
		return person;
	return subject_at(call, subject, date);
}

/* Where the person serves that the change is about: today, or on the day to come that it is of. */
static const Mt__PersonRecord *
person_whose(struct call *call, const struct subject *subject, const struct change *change)
{
	if (event_is_correction(change) || !lies_ahead(call, change->body))
		return subject->person;
	return person_then(call, subject, change->body);
}

/* An alias finds the person, but whoever let somebody go decides nothing about them any more; only what it said itself
 * it may correct, as far as that moves nobody (check_former). */
bool
event_check_whose(struct call *call, const struct subject *subject, const char *authority_id,
		  const struct change *change, struct verdict *verdict)
{
	const Mt__PersonRecord *person = person_whose(call, subject, change);
	if (tree_covers(call_store(call), authority_id, person->authority_id))
		return true;
	if (event_is_correction(change) && has_served(call, person, authority_id))
		return true;
	return verdict_reject(verdict, "subject", "transferred_away", "the person serves another authority now");
}

/* Of a merged record's own past, the record that stays knows nothing. */
static bool
check_begun(const struct subject *subject, const Mt__PersonRecord *then, const struct change *change,
	    struct verdict *verdict)
{
	if (change->kind == MT__EVENT_DATA__KIND_CORRECTED || then->state != MT__PERSON__STATE__NOT_YET ||
	    strcmp(subject->recorded_id, subject->person->person_id) != 0)
		return true;
	return verdict_reject(verdict, "data.effectiveDate", "before_hire",
			      "data.effectiveDate is before the person's first day of service");
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

/* The subject with the change among what is pending; the record as of today. */
static struct subject
subject_with(struct call *call, const struct subject *subject, const struct change *change,
	     const ProtobufCBinaryData *event)
{
	struct subject after = *subject;
	subject_pend(call, &after, change->body, event);
	after.person = subject_at(call, &after, call_today(call));
	after.person->version = subject->person->version + 1;
	return after;
}

/* The subject once the change is made: what follows is made on the copy, what comes late is folded in, and what lies
 * ahead waits among what is pending. */
static struct subject
subject_after(struct call *call, const struct subject *subject, const struct change *change,
	      const ProtobufCBinaryData *event)
{
	struct subject after = *subject;
	Mt__PersonRecord *person = after.person;
	bool ahead = lies_ahead(call, change->body);
	if (!ahead && strcmp(change->body->effective_date, person->effective_date) < 0)
		return subject_with(call, subject, change, event);
	subject_pend(call, &after, change->body, event);
	if (ahead)
		person->version++;
	else
		person_step(call_arena(call), person, change->body);
	return after;
}

bool
event_change(struct call *call, struct subject *subject, const char *source_authority_id, const struct change *change,
	     const ProtobufCBinaryData *event, struct arrivals *arrivals, struct verdict *verdict)
{
	const Mt__PersonRecord *person = subject->person;
	if (person->version >= CHANGES_PER_PERSON_MAX)
		return verdict_reject(verdict, "subject", "too_many_changes",
				      "the person's history holds as many changes as one may");
	bool corrects = event_is_correction(change);
	const Mt__PersonRecord *then = corrects ? person : person_then(call, subject, change->body);
	if (!event_check_whose(call, subject, source_authority_id, change, verdict) ||
	    !check_begun(subject, then, change, verdict) || !check_possible(call, then, change, arrivals, verdict))
		return false;
	struct subject after = *subject;
	if (corrects) {
		size_t reached = arrivals->count;
		after = subject_with(call, subject, change, event);
		if (!event_check_corrects(call, subject, source_authority_id, change, &after, arrivals, verdict)) {
			arrivals->count = reached;
			return false;
		}
	}
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__ACCEPTED};
	Mt__PersonChanged fact = MT__PERSON_CHANGED__INIT;
	fact.person_id = (char *)subject->recorded_id;
	fact.authority_id = person->authority_id;
	char *from_authority_id = person_whose(call, subject, change)->authority_id;
	if (strcmp(from_authority_id, fact.authority_id) != 0)
		change->body->from_authority_id = from_authority_id;
	fact.change = change->body;
	fact.event = *event;
	Mt__Personal mistaken;
	Mt__Personal right;
	if (event_identity(call, subject, change, &after, &mistaken, &right)) {
		fact.mistaken = &mistaken;
		fact.right = &right;
	}
	if (corrects && strcmp(after.person->authority_id, person->authority_id) != 0)
		fact.serves_at = after.person->authority_id;
	call_emit(call, &fact.base);
	person_changed_whole(&fact);
	*subject = corrects ? after : subject_after(call, subject, change, event);
	return true;
}
