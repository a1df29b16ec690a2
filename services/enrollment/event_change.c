/* services/enrollment/event_change.c
 *
 * What an event makes of a person, and what becomes of the events that waited for one.
 *
 * A decision does not see its own facts, and one call may emit many about the same
 * person: a hire, then everything that was parked for the staff code. So the person is
 * threaded through as a record in memory, changed by the same functions that apply uses.
 * A transfer may reach a staff code for which other events wait; these are decided after
 * it, in order of arrival. */
#include "services/enrollment/enrollment.h"

#include "common/wire/pb.h"

#include <assert.h>

static void
personal_of(const struct change *change, Mt__Personal *personal)
{
	mt__personal__init(personal);
	personal->name = (char *)change->name;
	personal->birth_date = (char *)change->birth_date;
	personal->email = (char *)change->email;
}

/* What the copy keeps must outlive the fact on the stack. */
static Mt__Personal *
personal_new(struct call *call, const struct change *change)
{
	Mt__Personal *personal = (Mt__Personal *)pb_new(&mt__personal__descriptor, call_arena(call));
	personal_of(change, personal);
	return personal;
}

Mt__PersonRecord *
event_hire(struct call *call, const Mt__AuthorityRecord *authority, const char *staff_code, const struct change *change)
{
	Mt__PersonHired fact = MT__PERSON_HIRED__INIT;
	fact.person_id = (char *)call_new_id(call, authority->locality);
	fact.authority_id = authority->authority_id;
	fact.staff_code = (char *)staff_code;
	fact.category = change->category;
	fact.position = (char *)change->position;
	fact.effective_date = (char *)change->effective_date;
	fact.personal = personal_new(call, change);
	call_emit(call, &fact.base);
	return person_hired(call_arena(call), &fact);
}

static void
change_updated(struct call *call, Mt__PersonRecord *person, const struct change *change)
{
	Mt__PersonUpdated fact = MT__PERSON_UPDATED__INIT;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.category = change->category;
	fact.position = (char *)change->position;
	fact.effective_date = (char *)change->effective_date;
	if (change->name[0] != '\0' || change->birth_date[0] != '\0' || change->email[0] != '\0')
		fact.personal = personal_new(call, change);
	call_emit(call, &fact.base);
	person_updated(call_arena(call), person, &fact);
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
	if (strcmp(person->authority_id, change->to->authority_id) == 0 &&
	    strcmp(person->staff_codes[0]->code, change->to_staff_code) == 0)
		return verdict_reject(verdict, "data.toAuthority", "already_exists",
				      "the person serves there under that staff code already");
	struct staff_row row = staff_row_find(call_store(call), change->to->locality, change->to_staff_code);
	struct id id = id_known(person->person_id);
	switch (row.kind) {
	case STAFF_NONE:
	case STAFF_FORMER:
		return true;
	case STAFF_AWAITED:
		if (event_arrive(arrivals, change->to->authority_id, change->to_staff_code))
			return true;
		return verdict_reject(verdict, "data.toStaffCode", "too_many_parked",
				      "too many staff codes with parked events are reached at once");
	case STAFF_CURRENT:
		break;
	}
	/* A row that this call's earlier facts have left behind still reads as current. */
	if (memcmp(row.person.bytes, id.bytes, ID_BYTES) == 0)
		return true;
	const Mt__PersonRecord *holder = person_get(call, row.person);
	assert(holder != NULL);
	if (holder->state != MT__PERSON__STATE__ACTIVE)
		return true;
	return verdict_reject(verdict, "data.toStaffCode", "already_exists",
			      "the receiving authority has somebody else in service under that staff code");
}

static bool
change_transferred(struct call *call, Mt__PersonRecord *person, const struct change *change, struct arrivals *arrivals,
		   struct verdict *verdict)
{
	if (person->state == MT__PERSON__STATE__RETIRED)
		return verdict_reject(verdict, "subject", "already_retired", "the person is retired");
	if (!check_target(call, person, change, arrivals, verdict))
		return false;
	Mt__PersonTransferred fact = MT__PERSON_TRANSFERRED__INIT;
	fact.person_id = person->person_id;
	fact.from_authority_id = person->authority_id;
	fact.to_authority_id = change->to->authority_id;
	fact.from_staff_code = person->staff_codes[0]->code;
	fact.to_staff_code = (char *)change->to_staff_code;
	fact.position = (char *)change->position;
	fact.effective_date = (char *)change->effective_date;
	call_emit(call, &fact.base);
	person_transferred(call_arena(call), person, &fact);
	return true;
}

static bool
change_retired(struct call *call, Mt__PersonRecord *person, const struct change *change, struct verdict *verdict)
{
	if (person->state == MT__PERSON__STATE__RETIRED)
		return verdict_reject(verdict, "subject", "already_retired", "the person is retired already");
	Mt__PersonRetired fact = MT__PERSON_RETIRED__INIT;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.effective_date = (char *)change->effective_date;
	call_emit(call, &fact.base);
	person_retired(person, &fact);
	return true;
}

bool
event_change(struct call *call, Mt__PersonRecord *person, const char *source_authority_id, const struct change *change,
	     struct arrivals *arrivals, struct verdict *verdict)
{
	/* An alias finds the person, but whoever let somebody go decides nothing about them any more. */
	if (!tree_covers(call_store(call), source_authority_id, person->authority_id))
		return verdict_reject(verdict, "subject", "transferred_away",
				      "the person serves another authority now");
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__ACCEPTED};
	switch (change->kind) {
	case MT__EVENT_DATA__KIND_UPDATED:
		change_updated(call, person, change);
		return true;
	case MT__EVENT_DATA__KIND_TRANSFERRED:
		return change_transferred(call, person, change, arrivals, verdict);
	case MT__EVENT_DATA__KIND_RETIRED:
		return change_retired(call, person, change, verdict);
	case MT__EVENT_DATA__KIND_HIRED:
	case MT__EVENT_DATA__KIND__NOT_SET:
		break;
	}
	assert(!"a change of a known person");
	return false;
}

void
event_parked_key(struct key *key, uint32_t locality, const char *staff_code)
{
	*key = key_of(TABLE_PARKED_EVENT);
	person_key_staff(key, locality, staff_code);
}

static const Mt__EventRecord *
parked_event(struct call *call, uint32_t locality, struct slice hash)
{
	struct key key = key_of(TABLE_EVENT);
	key_u32(&key, locality);
	key_bytes(&key, hash);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	assert(record != NULL);
	return record;
}

static void
release_one(struct call *call, Mt__PersonRecord *person, const char *authority_id, const char *staff_code,
	    const Mt__EventRecord *record, struct arrivals *arrivals)
{
	ProtobufCMessage *unpacked = pb_unpack_trusted(&mt__push_event_request__descriptor, call_arena(call),
						       slice_of(record->parked.data, record->parked.len));
	assert(unpacked != NULL);
	const Mt__PushEventRequest *event = (const Mt__PushEventRequest *)unpacked;
	struct change change;
	struct verdict verdict;
	Mt__ParkedEventReleased fact = MT__PARKED_EVENT_RELEASED__INIT;
	fact.outcome = MT__EVENT__OUTCOME__ACCEPTED;
	if (!event_check_data(call, event->data, &change, &verdict) ||
	    !event_change(call, person, authority_id, &change, arrivals, &verdict)) {
		fact.outcome = MT__EVENT__OUTCOME__REJECTED;
		fact.message = (char *)verdict.message;
	}
	fact.source = event->source;
	fact.id = event->id;
	fact.authority_id = (char *)authority_id;
	fact.staff_code = (char *)staff_code;
	fact.person_id = person->person_id;
	call_emit(call, &fact.base);
}

/* Decides what waited for each staff code reached, in order of arrival; transfers among it may reach more. */
void
event_release(struct call *call, Mt__PersonRecord *person, struct arrivals *arrivals)
{
	for (size_t i = 0; i < arrivals->count; i++) {
		const char *authority_id = arrivals->at[i].authority_id;
		const char *staff_code = arrivals->at[i].staff_code;
		uint32_t locality = id_locality(id_known(authority_id));
		struct key prefix;
		event_parked_key(&prefix, locality, staff_code);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk))
			release_one(call, person, authority_id, staff_code, parked_event(call, locality, walk.value),
				    arrivals);
	}
}
