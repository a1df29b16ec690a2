/* services/enrollment/event.c
 *
 * Personnel events as provinces push them: the hot path. One event costs the look-up of
 * its source, of its own row, of the staff code and of the person, and writes a few rows.
 *
 * Promises: an event acts at most once, for ever, on (source, id): the same again is a
 * duplicate, the same id with another payload a conflict and an alarm. An event that cannot
 * act yet is kept, sealed (event_kept.c). An outcome is a reply, not a refusal: only a
 * source outside the caller's authority is refused. */
#include "services/enrollment/enrollment.h"

#include "common/base/hash.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

/* Keyed, so that nobody who reads the disk can guess what a hash is of. */
static void
keyed_hash(struct call *call, struct slice first, struct slice second, uint8_t hash[EVENT_HASH_BYTES])
{
	uint8_t whole[SEAL_BYTES];
	uint8_t *bytes = arena_alloc(call_arena(call), first.size + 1 + second.size);
	memcpy(bytes, first.data, first.size);
	bytes[first.size] = 0; /* no two pairs read alike */
	memcpy(bytes + first.size + 1, second.data, second.size);
	seal_make(slice_of(bytes, first.size + 1 + second.size), call_secret(call), whole);
	memcpy(hash, whole, EVENT_HASH_BYTES);
}

void
event_hash(struct call *call, const char *source, const char *id, uint8_t hash[EVENT_HASH_BYTES])
{
	keyed_hash(call, slice_text(source), slice_text(id), hash);
}

struct key
event_key(uint32_t locality, const uint8_t hash[EVENT_HASH_BYTES])
{
	struct key key = key_of(TABLE_EVENT);
	key_u32(&key, locality);
	key_bytes(&key, slice_of(hash, EVENT_HASH_BYTES));
	return key;
}

ProtobufCBinaryData
arrival_event(const struct arrival *arrival)
{
	return (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->hash};
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
answer(const struct verdict *verdict, const char *person_id, Mt__PushEventReply_Closure reply, void *call)
{
	Mt__PushEventReply out = MT__PUSH_EVENT_REPLY__INIT;
	out.outcome = verdict->outcome;
	if (verdict->code != NULL) {
		out.field = (char *)verdict->field;
		out.code = (char *)verdict->code;
		out.message = (char *)verdict->message;
		out.message_vi = (char *)event_sentence_vi(verdict->code);
	}
	out.person_id = (char *)person_id;
	reply(&out, call);
}

/* Everything that can be said without knowing the person. */
static bool
event_check(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	const Mt__PushEventRequest *in = arrival->in;
	const char *checked;
	if (!event_check_text(call, "id", in->id, EVENT_ID_BYTES_MAX, false, &checked, verdict) ||
	    !event_check_text(call, "time", in->time, EVENT_TIME_BYTES_MAX, true, &checked, verdict))
		return false;
	if (in->subject[0] == '\0')
		return verdict_reject(verdict, "subject", "missing_subject", "subject, the staff code, is missing");
	if (!event_check_text(call, "subject", in->subject, CODE_BYTES_MAX, false, &arrival->staff_code, verdict))
		return false;
	return event_check_sequence(call, arrival, verdict) &&
	       event_check_data(call, arrival->authority, in->source, in->data, &arrival->change, verdict);
}

static void
arrival_hash(struct call *call, struct arrival *arrival)
{
	const Mt__PushEventRequest *in = arrival->in;
	event_hash(call, in->source, in->id, arrival->hash);
	keyed_hash(call, slice_text(in->subject), pb_pack(call_arena(call), &in->data->base), arrival->payload_hash);
}

/* True if this event was seen before; the verdict says how. */
static bool
event_seen(struct call *call, const struct arrival *arrival, struct verdict *verdict, const char **person_id)
{
	struct key key = event_key(arrival->authority->locality, arrival->hash);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	/* What was rejected or found dead may be sent again, corrected or not. */
	if (record == NULL || record->outcome == MT__EVENT__OUTCOME__REJECTED ||
	    record->outcome == MT__EVENT__OUTCOME__DEAD || record->outcome == MT__EVENT__OUTCOME__DISCARDED)
		return false;
	assert(record->payload_hash.len == EVENT_HASH_BYTES);
	if (memcmp(record->payload_hash.data, arrival->payload_hash, EVENT_HASH_BYTES) == 0) {
		*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__DUPLICATE};
		if (record->person.len == ID_BYTES)
			*person_id = id_text(call_arena(call), slice_of(record->person.data, ID_BYTES));
		return true;
	}
	*verdict = (struct verdict){MT__EVENT__OUTCOME__CONFLICT, "id", "conflict",
				    "an event with this source and id was taken with another payload"};
	Mt__EventConflicted fact = MT__EVENT_CONFLICTED__INIT;
	fact.event = arrival_event(arrival);
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.locality = arrival->authority->locality;
	fact.authority_id = arrival->authority->authority_id;
	call_emit(call, &fact.base);
	return true;
}

static void
emit_accepted(struct call *call, const struct arrival *arrival, const char *person_id)
{
	Mt__EventAccepted fact = MT__EVENT_ACCEPTED__INIT;
	fact.event = arrival_event(arrival);
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.person_id = (char *)person_id;
	fact.locality = arrival->authority->locality;
	fact.effective_date = arrival->change.body->effective_date;
	if (arrival->sequence > 0) {
		fact.sequence_of = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->sequence_of};
		fact.sequence = arrival->sequence;
	}
	call_emit(call, &fact.base);
}

/* A hire under that code, or a change of whom the code leads to. NULL if neither could be decided. */
static const char *
event_act(struct call *call, const struct arrival *arrival, const struct staff_row *row, struct arrivals *arrivals,
	  struct subject *subject, struct verdict *verdict)
{
	const Mt__AuthorityRecord *authority = arrival->authority;
	ProtobufCBinaryData event = arrival_event(arrival);
	if (arrival->change.kind == MT__EVENT_DATA__KIND_HIRED) {
		subject->person = event_hire(call, authority, arrival->staff_code, &arrival->change, &event);
		subject->recorded_id = subject->person->person_id;
		*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__ACCEPTED};
		if (row->kind == STAFF_AWAITED)
			event_arrive(arrivals, authority->authority_id, arrival->staff_code);
		return subject->person->person_id;
	}
	if (arrival->change.kind == MT__EVENT_DATA__KIND_MERGED || arrival->change.kind == MT__EVENT_DATA__KIND_SPLIT)
		return duplicate_event(call, arrival, subject, verdict) ? subject->person->person_id : NULL;
	if (!event_change(call, subject, authority->authority_id, &arrival->change, &event, arrivals, verdict))
		return NULL;
	return subject->person->person_id;
}

const char *
event_decide(struct call *call, const struct arrival *arrival, struct verdict *verdict)
{
	const Mt__AuthorityRecord *authority = arrival->authority;
	struct staff_row row = staff_row_find(call_store(call), authority->locality, arrival->staff_code);
	struct subject subject = {.person = NULL};
	bool hired = arrival->change.kind == MT__EVENT_DATA__KIND_HIRED;
	bool known = row.kind == STAFF_CURRENT || row.kind == STAFF_EXPECTED || (row.kind == STAFF_FORMER && !hired);
	if (known && !person_subject(call, row.person, &subject)) {
		verdict_reject(verdict, "subject", "erased", "the person's data was erased");
		return NULL;
	}
	if (hired && known && (person_in_service(subject.person) || row.kind == STAFF_EXPECTED ||
			       subject.person->state == MT__PERSON__STATE__NOT_YET)) {
		verdict_reject(verdict, "subject", "already_exists", "somebody is in service under this staff code");
		return NULL;
	}
	if (!hired && !known) {
		event_park(call, arrival, row.parked, verdict);
		return NULL;
	}
	if (event_held(call, arrival, subject.person, verdict))
		return NULL;
	struct arrivals arrivals = {.count = 0};
	const char *person_id = event_act(call, arrival, &row, &arrivals, &subject, verdict);
	if (person_id == NULL)
		return NULL;
	if (!arrival->settles)
		emit_accepted(call, arrival, person_id);
	event_release(call, &subject, &arrivals);
	return person_id;
}

static void
events_push(Mt__Events_Service *service, const Mt__PushEventRequest *in, Mt__PushEventReply_Closure reply, void *call)
{
	(void)service;
	struct verdict verdict;
	const char *person_id = "";
	struct arrival arrival = {.in = in, .authority = event_source_authority(call, in->source, &verdict)};
	if (arrival.authority == NULL) {
		if (call_scope(call, call_authority(call)))
			answer(&verdict, person_id, reply, call);
		return;
	}
	if (!call_scope(call, arrival.authority->authority_id))
		return;
	if (!event_check(call, &arrival, &verdict)) {
		event_reject(call, &arrival, &verdict);
		answer(&verdict, person_id, reply, call);
		return;
	}
	arrival_hash(call, &arrival);
	if (!event_seen(call, &arrival, &verdict, &person_id)) {
		const char *found = NULL;
		if (event_is_next(call, &arrival, &verdict))
			found = event_decide(call, &arrival, &verdict);
		if (found != NULL)
			person_id = found;
		else if (verdict.outcome == MT__EVENT__OUTCOME__REJECTED)
			event_reject(call, &arrival, &verdict);
	}
	answer(&verdict, person_id, reply, call);
}

static void
events_get(Mt__Events_Service *service, const Mt__GetEventRequest *in, Mt__GetEventReply_Closure reply, void *call)
{
	(void)service;
	event_query(in, reply, call);
}

static void
events_retry(Mt__Events_Service *service, const Mt__RetryEventRequest *in, Mt__PushEventReply_Closure reply, void *call)
{
	(void)service;
	event_retry(in, reply, call);
}

Mt__Events_Service events_handlers = MT__EVENTS__INIT(events_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static void
apply_accepted(struct apply *apply, const Mt__EventAccepted *fact)
{
	struct id person = id_known(fact->person_id);
	Mt__EventRecord record = MT__EVENT_RECORD__INIT;
	record.payload_hash = fact->payload_hash;
	record.outcome = MT__EVENT__OUTCOME__ACCEPTED;
	record.person = (ProtobufCBinaryData){ID_BYTES, person.bytes};
	record.seq = apply_seq(apply);
	struct key key = event_key(fact->locality, fact->event.data);
	apply_put(apply, &key, &record.base);
	event_sequence_put(apply, fact->locality, &fact->sequence_of, fact->sequence);
	freshness_accepted(apply, fact->locality, fact->effective_date);
}

void
event_apply(struct apply *apply, const Mt__EventFact *fact)
{
	switch (fact->kind_case) {
	case MT__EVENT_FACT__KIND_EVENT_ACCEPTED:
		apply_accepted(apply, fact->event_accepted);
		return;
	case MT__EVENT_FACT__KIND_EVENT_KEPT:
		event_apply_kept(apply, fact->event_kept);
		return;
	case MT__EVENT_FACT__KIND_KEPT_EVENT_SETTLED:
		event_apply_settled(apply, fact->kept_event_settled);
		return;
	case MT__EVENT_FACT__KIND_EVENT_CONFLICTED:
		event_apply_conflicted(apply, fact->event_conflicted);
		return;
	case MT__EVENT_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an event fact of no kind");
}
