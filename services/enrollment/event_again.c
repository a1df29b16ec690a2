/* services/enrollment/event_again.c
 *
 * Deciding a kept event again: because the staff code it waited for has somebody now,
 * because its predecessor in sequence came (event_sequence.c), because a releaser let it go
 * (brake_hold.c), because somebody asks for it, or never: after 30 days a parked event is
 * dead, and stays where it can be listed and retried.
 *
 * What waited for a staff code is decided in the call that brings the person, with the
 * record threaded through, since a decision does not see its own facts. What concerns two
 * persons is decided in a call of its own, by a timer. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/core/tree.h"

#include <assert.h>

/* The arrival of what was kept; false and rejected if it was erased, or is not sound any more. */
static bool
arrival_again(struct call *call, const Mt__EventRecord *record, struct arrival *arrival, struct verdict *verdict)
{
	bool ambiguous;
	struct id hash = event_record_hash(record);
	memcpy(arrival->hash, hash.bytes, EVENT_HASH_BYTES);
	memcpy(arrival->payload_hash, record->payload_hash.data, EVENT_HASH_BYTES);
	arrival->authority = tree_find(call_store(call), call_arena(call), record->authority_id, &ambiguous);
	assert(arrival->authority != NULL);
	arrival->staff_code = record->staff_code;
	arrival->pushed_by = record->pushed_by;
	arrival->parked = record->outcome == MT__EVENT__OUTCOME__PARKED && !record->waits;
	arrival->in = record->kept != NULL ? record->kept->event : NULL;
	if (arrival->in == NULL)
		return verdict_reject(verdict, "data", EVENT_ERASED, "the event's data was erased");
	return event_arrival(call, arrival, verdict) && event_check(call, arrival, verdict);
}

const char *
event_decide_again(struct call *call, const Mt__EventRecord *record, struct arrival *arrival, struct verdict *verdict)
{
	const char *person_id = NULL;
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__PARKED};
	if (arrival_again(call, record, arrival, verdict) && event_is_next(call, arrival, verdict))
		person_id = event_decide(call, arrival, verdict);
	if (person_id == NULL && verdict->outcome == MT__EVENT__OUTCOME__REJECTED)
		event_settle(call, arrival, "", verdict);
	return person_id;
}

/* --- the person has come ------------------------------------------------------------------------------------------ */

int32_t
event_expected_on(struct call *call, const struct arrival *arrival, const struct subject *subject)
{
	struct history history = subject_history(call, subject);
	struct effect *effects;
	size_t count = history_effects(call_arena(call), &history, INT64_MAX, &effects);
	int32_t expected_on = DATE_NONE;
	for (size_t i = 0; i < count; i++) {
		const Mt__PersonChange *change = effects[i].change;
		if (!effects[i].withdrawn && effects[i].date > call_today(call) &&
		    change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED &&
		    strcmp(change->authority_id, arrival->authority->authority_id) == 0 &&
		    strcmp(change->staff_code, arrival->staff_code) == 0)
			expected_on = effects[i].date;
	}
	return expected_on;
}

static bool
concerns_two(const struct arrival *arrival)
{
	return arrival->change.kind == MT__EVENT_DATA__KIND_MERGED ||
	       arrival->change.kind == MT__EVENT_DATA__KIND_SPLIT;
}

static void
release_one(struct call *call, struct subject *subject, const Mt__EventRecord *record, struct arrivals *arrivals)
{
	struct verdict verdict;
	struct arrival arrival = {.settles = true};
	if (arrival_again(call, record, &arrival, &verdict)) {
		if (concerns_two(&arrival)) {
			event_park_again(call, &arrival);
			return;
		}
		int32_t expected_on = event_expected_on(call, &arrival, subject);
		if (expected_on != DATE_NONE) {
			event_park_expected(call, &arrival, expected_on, &verdict);
			return;
		}
		bool held = event_held(call, &arrival, subject, &verdict);
		if (held && verdict.outcome == MT__EVENT__OUTCOME__HELD)
			return;
		ProtobufCBinaryData event = arrival_event(&arrival);
		if (!held)
			event_change(call, subject, arrival.authority->authority_id, &arrival.change, &event, arrivals,
				     &verdict);
	}
	event_settle(call, &arrival, subject->person->person_id, &verdict);
}

/* Decides what waited for each staff code reached, in order of arrival; transfers among it may reach more. */
void
event_release(struct call *call, struct subject *subject, struct arrivals *arrivals)
{
	for (size_t i = 0; i < arrivals->count; i++) {
		uint32_t locality = id_locality(id_known(arrivals->at[i].authority_id));
		struct key prefix;
		event_parked_key(&prefix, locality, arrivals->at[i].staff_code);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			assert(walk.value.size == EVENT_HASH_BYTES);
			struct key key = event_key(locality, walk.value.data);
			const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
			assert(record != NULL);
			release_one(call, subject, record, arrivals);
		}
	}
}

/* --- somebody asks, or nobody came -------------------------------------------------------------------------------- */

static bool
may_retry(struct call *call, const Mt__RetryEventRequest *in, const Mt__EventRecord *record)
{
	if (record == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "event %s of %s is unknown", in->id, in->source);
		return false;
	}
	if (record->outcome == MT__EVENT__OUTCOME__PARKED || record->outcome == MT__EVENT__OUTCOME__REJECTED ||
	    record->outcome == MT__EVENT__OUTCOME__DEAD)
		return true;
	const char *why = "was decided already";
	if (record->outcome == MT__EVENT__OUTCOME__HELD)
		why = "is held: its hold is to be released or discarded";
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "event %s of %s %s", in->id, in->source, why);
	return false;
}

void
event_retry(const Mt__RetryEventRequest *in, Mt__PushEventReply_Closure reply, void *call)
{
	struct verdict verdict;
	const Mt__EventRecord *record;
	if (!event_find(call, in->source, in->id, &record) || !may_retry(call, in, record))
		return;
	struct arrival arrival = {.settles = true};
	const char *person_id = event_decide_again(call, record, &arrival, &verdict);
	event_answer(&verdict, person_id != NULL ? person_id : "", reply, call);
}

static void
event_timers_parked_due(Mt__EventTimers_Service *service, const Mt__ParkedDue *in, Mt__Noted_Closure reply, void *call)
{
	(void)service;
	struct arrival arrival = {.settles = true};
	bool ambiguous;
	arrival.authority = tree_find(call_store(call), call_arena(call), in->authority_id, &ambiguous);
	assert(arrival.authority != NULL && in->event.len == EVENT_HASH_BYTES);
	struct key key = event_key(arrival.authority->locality, in->event.data);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	assert(record != NULL && record->outcome == MT__EVENT__OUTCOME__PARKED);
	memcpy(arrival.hash, in->event.data, EVENT_HASH_BYTES);
	memcpy(arrival.payload_hash, record->payload_hash.data, EVENT_HASH_BYTES);
	arrival.staff_code = record->staff_code;
	struct verdict verdict = {MT__EVENT__OUTCOME__DEAD, "subject", "nobody_came",
				  "nobody came under this staff code within 30 days"};
	if (record->waits) {
		verdict.field = "sequence";
		verdict.code = "no_predecessor";
		verdict.message = "its predecessor in sequence did not come within 30 days";
	}
	event_settle(call, &arrival, "", &verdict);
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

static void
event_timers_again_due(Mt__EventTimers_Service *service, const Mt__AgainDue *in, Mt__Noted_Closure reply, void *call)
{
	(void)service;
	assert(in->event.len == EVENT_HASH_BYTES);
	struct key key = event_key(in->locality, in->event.data);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	struct arrival arrival = {.settles = true};
	struct verdict verdict;
	if (record != NULL && record->outcome == MT__EVENT__OUTCOME__PARKED)
		event_decide_again(call, record, &arrival, &verdict);
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

Mt__EventTimers_Service event_timers_handlers = MT__EVENT_TIMERS__INIT(event_timers_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static void
again_at(struct apply *apply, int64_t due_us, uint32_t locality, const uint8_t *hash)
{
	Mt__AgainDue due = MT__AGAIN_DUE__INIT;
	due.locality = locality;
	due.event = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)hash};
	const char *name = id_text(apply_arena(apply), slice_of(hash, EVENT_HASH_BYTES));
	apply_timer_set(apply, due_us, "EventTimers.AgainDue", name, &due.base);
}

void
event_again_soon(struct apply *apply, uint32_t locality, const uint8_t *hash)
{
	again_at(apply, apply_time_us(apply), locality, hash);
}

void
event_again_for(struct apply *apply, const Mt__PersonRecord *person)
{
	if (person->n_staff_codes == 0)
		return;
	const Mt__StaffCode *code = person->staff_codes[0];
	uint32_t locality = id_locality(id_known(code->authority_id));
	struct key prefix;
	event_parked_key(&prefix, locality, code->code);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	/* An instant of its own for each keeps their order. */
	for (int64_t after_us = 0; store_walk_next(&walk); after_us++) {
		uint8_t hash[EVENT_HASH_BYTES];
		assert(walk.value.size == EVENT_HASH_BYTES);
		memcpy(hash, walk.value.data, EVENT_HASH_BYTES);
		again_at(apply, apply_time_us(apply) + after_us, locality, hash);
	}
}
