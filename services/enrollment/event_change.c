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
	return !person->erased;
}

Mt__PersonRecord *
event_hire(struct call *call, const Mt__AuthorityRecord *authority, const char *staff_code, const struct change *change,
	   const ProtobufCBinaryData *event)
{
	Mt__PersonHired fact = MT__PERSON_HIRED__INIT;
	fact.person_id = (char *)call_new_id(call, authority->locality);
	fact.authority_id = authority->authority_id;
	fact.staff_code = (char *)staff_code;
	change->body->authority_id = authority->authority_id;
	change->body->staff_code = (char *)staff_code;
	fact.change = change->body;
	fact.event = *event;
	call_emit(call, &fact.base);

	Mt__PersonRecord *person = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, call_arena(call));
	person->person_id = fact.person_id;
	person_step(call_arena(call), person, change->body);
	return person;
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

/* Whether the receiver's staff code is free for this person. */
static bool
check_target(struct call *call, const Mt__PersonRecord *person, const struct change *change, struct arrivals *arrivals,
	     struct verdict *verdict)
{
	const char *staff_code = change->body->staff_code;
	if (person->n_staff_codes > 0 && strcmp(person->authority_id, change->to->authority_id) == 0 &&
	    strcmp(person->staff_codes[0]->code, staff_code) == 0)
		return verdict_reject(verdict, "data.toAuthority", "already_exists",
				      "the person serves there under that staff code already");
	struct staff_row row = staff_row_find(call_store(call), change->to->locality, staff_code);
	struct id id = id_known(person->person_id);
	switch (row.kind) {
	case STAFF_NONE:
	case STAFF_FORMER:
		return true;
	case STAFF_AWAITED:
		if (event_arrive(arrivals, change->to->authority_id, staff_code))
			return true;
		return verdict_reject(verdict, "data.toStaffCode", "too_many_parked",
				      "too many staff codes with parked events are reached at once");
	case STAFF_CURRENT:
	case STAFF_EXPECTED:
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
	return verdict_reject(verdict, "data.toStaffCode", "already_exists",
			      "the receiving authority has somebody else in service under that staff code");
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

/* An alias finds the person, but whoever let somebody go decides nothing about them any more;
 * only what it said itself it may correct. */
static bool
check_whose(const struct call *call, const Mt__PersonRecord *person, const char *authority_id,
	    const struct change *change, struct verdict *verdict)
{
	if (tree_covers(call_store(call), authority_id, person->authority_id))
		return true;
	if (change->kind == MT__EVENT_DATA__KIND_CORRECTED && change->body->corrects.len > 0 &&
	    has_served(call, person, authority_id))
		return true;
	return verdict_reject(verdict, "subject", "transferred_away", "the person serves another authority now");
}

/* Without a day of its own a correction is true from the corrected event's, and its codes are those of that day. */
static bool
check_corrected_codes(struct call *call, const struct history *history, const struct change *change,
		      struct verdict *verdict)
{
	char date[DATE_TEXT_BYTES];
	const struct effect *effect = change->body->effective_date[0] == '\0'
					      ? history_effect(call_arena(call), history, &change->body->corrects)
					      : NULL;
	if (effect == NULL)
		return true;
	date_format(effect->date, date);
	return code_list_check(call, change, date, verdict);
}

/* A correction names an event that changed this person. */
static bool
check_corrects(struct call *call, const struct subject *subject, const struct change *change, struct verdict *verdict)
{
	const ProtobufCBinaryData *corrects = &change->body->corrects;
	if (corrects->len == 0)
		return true;
	struct history history = history_of(call, subject->recorded_id);
	for (size_t i = 0; i < history.count; i++) {
		const ProtobufCBinaryData *event = &history.rows[i]->event;
		if (event->len == corrects->len && memcmp(event->data, corrects->data, event->len) == 0)
			return check_corrected_codes(call, &history, change, verdict);
	}
	return verdict_reject(verdict, "data.eventId", "unknown_event",
			      "data.eventId names no event of this source that changed the person");
}

/* What comes late is judged by what was true on its day. */
static const Mt__PersonRecord *
person_then(struct call *call, Mt__PersonRecord *person, const Mt__PersonChange *change)
{
	int32_t date;
	if (strcmp(change->effective_date, person->effective_date) >= 0 || !date_parse(change->effective_date, &date))
		return person;
	const Mt__PersonRecord *then = person_at(call, person, date, INT64_MAX);
	return then->version > 0 ? then : person;
}

bool
event_change(struct call *call, struct subject *subject, const char *source_authority_id, const struct change *change,
	     const ProtobufCBinaryData *event, struct arrivals *arrivals, struct verdict *verdict)
{
	Mt__PersonRecord *person = subject->person;
	if (person->version >= CHANGES_PER_PERSON_MAX)
		return verdict_reject(verdict, "subject", "too_many_changes",
				      "the person's history holds as many changes as one may");
	if (!check_whose(call, person, source_authority_id, change, verdict) ||
	    !check_possible(call, person_then(call, person, change->body), change, arrivals, verdict) ||
	    !check_corrects(call, subject, change, verdict))
		return false;
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__ACCEPTED};
	Mt__PersonChanged fact = MT__PERSON_CHANGED__INIT;
	fact.person_id = (char *)subject->recorded_id;
	fact.authority_id = person->authority_id;
	change->body->from_authority_id = person->authority_id;
	fact.change = change->body;
	fact.event = *event;
	call_emit(call, &fact.base);
	/* What comes later in this call goes by the order of effect; apply folds exactly. */
	if (change->body->corrects.len == 0 && strcmp(change->body->effective_date, person->effective_date) >= 0)
		person_step(call_arena(call), person, change->body);
	else
		person->version++;
	return true;
}
