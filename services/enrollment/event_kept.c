/* services/enrollment/event_kept.c
 *
 * Events that could not act: parked until their person or their predecessor in sequence
 * arrives, rejected, or dead after 30 days. They are kept sealed, each under a key of its
 * own, so that they can be looked at, decided again and erased. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

void
event_parked_key(struct key *key, uint32_t locality, const char *staff_code)
{
	*key = key_of(TABLE_PARKED_EVENT);
	person_key_staff(key, locality, staff_code);
}

const char *
event_sentence_vi(const char *code)
{
	(void)code;
	return "";
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

static void
emit_kept(struct call *call, const struct arrival *arrival, const struct verdict *verdict)
{
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	kept.event = (Mt__PushEventRequest *)arrival->in;
	Mt__EventKept fact = MT__EVENT_KEPT__INIT;
	fact.event = arrival_event(arrival);
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.authority_id = arrival->authority->authority_id;
	fact.staff_code = (char *)arrival->staff_code;
	fact.outcome = verdict->outcome;
	fact.sealed_for = id_text(call_arena(call), slice_of(arrival->hash, EVENT_HASH_BYTES));
	fact.kept = &kept;
	call_emit(call, &fact.base);
}

bool
event_park(struct call *call, const struct arrival *arrival, uint32_t parked, struct verdict *verdict)
{
	if (parked >= PARKED_PER_STAFF_CODE_MAX)
		return verdict_reject(verdict, "subject", "too_many_parked",
				      "too many events wait for the person of this staff code");
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__PARKED};
	emit_kept(call, arrival, verdict);
	return true;
}

void
event_reject(struct call *call, const struct arrival *arrival, const struct verdict *verdict)
{
	(void)call;
	(void)arrival;
	(void)verdict;
}

bool
event_check_sequence(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	(void)call;
	(void)arrival;
	(void)verdict;
	return true;
}

bool
event_is_next(struct call *call, const struct arrival *arrival, struct verdict *verdict)
{
	(void)call;
	(void)arrival;
	(void)verdict;
	return true;
}

/* --- deciding again ----------------------------------------------------------------------------------------------- */

static void
release_one(struct call *call, struct subject *subject, const char *authority_id, const char *staff_code,
	    const Mt__EventRecord *record, const ProtobufCBinaryData *hash, struct arrivals *arrivals)
{
	static char nothing[] = "";
	const Mt__PushEventRequest *event = record->kept->event;
	struct verdict verdict;
	struct change change;
	bool found;
	Mt__KeptEventSettled fact = MT__KEPT_EVENT_SETTLED__INIT;
	const Mt__AuthorityRecord *authority = tree_find(call_store(call), call_arena(call), authority_id, &found);
	fact.outcome = MT__EVENT__OUTCOME__ACCEPTED;
	if (!event_check_data(call, authority, event->source, event->data, &change, &verdict) ||
	    !event_change(call, subject, authority_id, &change, hash, arrivals, &verdict)) {
		fact.outcome = MT__EVENT__OUTCOME__REJECTED;
		fact.field = (char *)verdict.field;
		fact.code = (char *)verdict.code;
		fact.message = (char *)verdict.message;
	}
	fact.event = *hash;
	fact.authority_id = (char *)authority_id;
	fact.staff_code = (char *)staff_code;
	fact.person_id = subject->person->person_id;
	fact.effective_date = change.body != NULL ? change.body->effective_date : nothing;
	call_emit(call, &fact.base);
}

/* Decides what waited for each staff code reached, in order of arrival; transfers among it may reach more. */
void
event_release(struct call *call, struct subject *subject, struct arrivals *arrivals)
{
	for (size_t i = 0; i < arrivals->count; i++) {
		const char *authority_id = arrivals->at[i].authority_id;
		const char *staff_code = arrivals->at[i].staff_code;
		uint32_t locality = id_locality(id_known(authority_id));
		struct key prefix;
		event_parked_key(&prefix, locality, staff_code);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			uint8_t *hash = arena_alloc(call_arena(call), EVENT_HASH_BYTES);
			assert(walk.value.size == EVENT_HASH_BYTES);
			memcpy(hash, walk.value.data, EVENT_HASH_BYTES);
			struct key key = event_key(locality, hash);
			const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
			assert(record != NULL);
			ProtobufCBinaryData event = {EVENT_HASH_BYTES, hash};
			release_one(call, subject, authority_id, staff_code, record, &event, arrivals);
		}
	}
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

void
event_query(const Mt__GetEventRequest *in, Mt__GetEventReply_Closure reply, void *call)
{
	struct verdict verdict;
	const Mt__AuthorityRecord *authority = event_source_authority(call, in->source, &verdict);
	if (authority == NULL) {
		call_refuse_field(call, "source", "%s", verdict.message);
		return;
	}
	if (!call_scope(call, authority->authority_id))
		return;
	if (call_text(call, "id", in->id, EVENT_ID_BYTES_MAX, false) == NULL)
		return;
	uint8_t hash[EVENT_HASH_BYTES];
	event_hash(call, in->source, in->id, hash);
	struct key key = event_key(authority->locality, hash);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	if (record == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "event %s of %s is unknown", in->id, in->source);
		return;
	}
	Mt__GetEventReply out = MT__GET_EVENT_REPLY__INIT;
	out.source = in->source;
	out.id = in->id;
	out.outcome = record->outcome;
	if (record->person.len == ID_BYTES)
		out.person_id = id_text(call_arena(call), slice_of(record->person.data, ID_BYTES));
	reply(&out, call);
}

void
event_retry(const Mt__RetryEventRequest *in, Mt__PushEventReply_Closure reply, void *call)
{
	(void)reply;
	call_refuse(call, MT__STATUS__NOT_FOUND, "event %s of %s is unknown", in->id, in->source);
}

static void
event_timers_parked_due(Mt__EventTimers_Service *service, const Mt__ParkedDue *in, Mt__Noted_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

Mt__EventTimers_Service event_timers_handlers = MT__EVENT_TIMERS__INIT(event_timers_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

void
event_apply_kept(struct apply *apply, const Mt__EventKept *fact)
{
	uint32_t locality = id_locality(id_known(fact->authority_id));
	Mt__EventRecord record = MT__EVENT_RECORD__INIT;
	record.payload_hash = fact->payload_hash;
	record.outcome = fact->outcome;
	record.seq = apply_seq(apply);
	record.sealed_for = fact->sealed_for;
	record.kept = fact->kept;
	record.recorded_us = apply_time_us(apply);
	struct key key = event_key(locality, fact->event.data);
	apply_put(apply, &key, &record.base);

	struct key parked;
	event_parked_key(&parked, locality, fact->staff_code);
	key_u64(&parked, apply_seq(apply));
	apply_put_bytes(apply, &parked, slice_of(fact->event.data, EVENT_HASH_BYTES));

	struct staff_row row = staff_row_find(apply_store(apply), locality, fact->staff_code);
	assert(row.kind == STAFF_NONE || row.kind == STAFF_AWAITED);
	row.kind = STAFF_AWAITED;
	row.parked++;
	staff_row_put(apply, locality, fact->staff_code, &row);
}

void
event_apply_settled(struct apply *apply, const Mt__KeptEventSettled *fact)
{
	uint32_t locality = id_locality(id_known(fact->authority_id));
	struct key key = event_key(locality, fact->event.data);
	Mt__EventRecord *record = apply_record(apply, &key, &mt__event_record__descriptor);
	assert(record != NULL);
	struct key parked;
	event_parked_key(&parked, locality, fact->staff_code);
	key_u64(&parked, record->seq);
	apply_delete(apply, &parked);
	struct id person = id_known(fact->person_id);
	record->outcome = fact->outcome;
	record->person = (ProtobufCBinaryData){ID_BYTES, person.bytes};
	record->seq = apply_seq(apply);
	record->kept = NULL;
	apply_put(apply, &key, &record->base);
}

void
event_apply_conflicted(struct apply *apply, const Mt__EventConflicted *fact)
{
	(void)apply;
	(void)fact;
}

void
event_sequence_put(struct apply *apply, uint32_t locality, const ProtobufCBinaryData *sequence_of, uint64_t sequence)
{
	(void)apply;
	(void)locality;
	(void)sequence_of;
	(void)sequence;
}

/* Erasure: what is kept under the codes of somebody erased goes too. */
void
event_erase_kept(struct apply *apply, const Mt__PersonRecord *person)
{
	(void)apply;
	(void)person;
}
