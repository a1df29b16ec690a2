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
#include "services/enrollment/brake.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

/* Keyed, so that nobody who reads the disk can guess what a hash is of. */
static void
keyed_hash(struct call *call, struct slice first, struct slice second, uint8_t hash[EVENT_HASH_BYTES])
{
	static_assert((int)EVENT_HASH_BYTES == (int)KEYED_BYTES, "a whole one");
	uint8_t *bytes = arena_alloc(call_arena(call), first.size + 1 + second.size);
	memcpy(bytes, first.data, first.size);
	bytes[first.size] = 0; /* no two pairs read alike */
	memcpy(bytes + first.size + 1, second.data, second.size);
	hash_keyed(slice_of(bytes, first.size + 1 + second.size), call_token_key(call), hash);
}

void
event_hash(struct call *call, const char *source, const char *id, uint8_t hash[EVENT_HASH_BYTES])
{
	keyed_hash(call, slice_text(source), slice_text(id), hash);
}

static void
sequence_hash(struct call *call, struct arrival *arrival)
{
	static const char MARK[] = "sequence"; /* so that no event has the hash of a sequence */
	struct slice source = slice_text(arrival->in->source);
	uint8_t *bytes = arena_alloc(call_arena(call), sizeof(MARK) + source.size);
	memcpy(bytes, MARK, sizeof(MARK));
	memcpy(bytes + sizeof(MARK), source.data, source.size);
	keyed_hash(call, slice_of(bytes, sizeof(MARK) + source.size), slice_text(arrival->staff_code),
		   arrival->sequence_of);
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

void
event_answer(const struct verdict *verdict, const char *person_id, Mt__PushEventReply_Closure reply, void *call)
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

/* What every event must have before it can be told from others. What fails here is not kept. */
static bool
check_envelope(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	const Mt__PushEventRequest *in = arrival->in;
	const char *checked;
	if (!event_check_text(call, "id", in->id, EVENT_ID_BYTES_MAX, false, &checked, verdict) ||
	    !event_check_text(call, "time", in->time, EVENT_TIME_BYTES_MAX, true, &checked, verdict))
		return false;
	if (in->subject[0] == '\0')
		return verdict_reject(verdict, "subject", "missing_subject", "subject, the staff code, is missing");
	return event_check_text(call, "subject", in->subject, CODE_BYTES_MAX, false, &arrival->staff_code, verdict);
}

bool
event_check(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	const Mt__PushEventRequest *in = arrival->in;
	return event_check_sequence(call, arrival, verdict) &&
	       event_check_data(call, arrival->authority, in->source, in->data, &arrival->change, verdict) &&
	       event_check_from_code(arrival, verdict);
}

bool
event_arrival(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	const Mt__PushEventRequest *in = arrival->in;
	if (!check_envelope(call, arrival, verdict))
		return false;
	event_hash(call, in->source, in->id, arrival->hash);
	struct slice data = in->data != NULL ? pb_pack(call_arena(call), &in->data->base) : slice_text("");
	keyed_hash(call, slice_text(in->subject), data, arrival->payload_hash);
	if (in->sequence[0] != '\0')
		sequence_hash(call, arrival);
	return true;
}

static void
emit_conflicted(struct call *call, const struct arrival *arrival, const Mt__EventRecord *record)
{
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	const char *person_id = "";
	if (record->person.len == ID_BYTES)
		person_id = id_text(call_arena(call), slice_of(record->person.data, ID_BYTES));
	bool erased = record->person.len == ID_BYTES && call_erased(call, person_id);
	if (!erased && protobuf_c_message_get_packed_size(&arrival->in->base) <= KEPT_EVENT_BYTES_MAX)
		kept.event = (Mt__PushEventRequest *)arrival->in;
	Mt__EventConflicted fact = MT__EVENT_CONFLICTED__INIT;
	fact.event = arrival_event(arrival);
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.locality = arrival->authority->locality;
	fact.authority_id = arrival->authority->authority_id;
	fact.sealed_for = (char *)event_sealed_for(call, arrival, person_id);
	fact.kept = &kept;
	call_emit(call, &fact.base);
}

/* True if this event was seen before; the verdict says how. What was rejected, dead or discarded may be sent
 * again, corrected or not, and is decided anew. */
static bool
event_seen(struct call *call, struct arrival *arrival, struct verdict *verdict, const char **person_id)
{
	struct key key = event_key(arrival->authority->locality, arrival->hash);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	if (record == NULL)
		return false;
	arrival->settles = record->outcome == MT__EVENT__OUTCOME__REJECTED ||
			   record->outcome == MT__EVENT__OUTCOME__DEAD ||
			   record->outcome == MT__EVENT__OUTCOME__DISCARDED;
	if (arrival->settles)
		return false;
	assert(record->payload_hash.len == EVENT_HASH_BYTES);
	if (memcmp(record->payload_hash.data, arrival->payload_hash, EVENT_HASH_BYTES) == 0) {
		*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__DUPLICATE};
		if (record->outcome == MT__EVENT__OUTCOME__ACCEPTED && record->person.len == ID_BYTES)
			*person_id = id_text(call_arena(call), slice_of(record->person.data, ID_BYTES));
		return true;
	}
	*verdict = (struct verdict){MT__EVENT__OUTCOME__CONFLICT, "id", "conflict", EVENT_CONFLICT_SENTENCE};
	if (!event_conflict_known(call, arrival))
		emit_conflicted(call, arrival, record);
	return true;
}

/* Where the flows of the scoreboard are counted: at the authority below the root, so that events scattered over a
 * province touch the rows of one. */
struct id
event_counted_at(const struct store *store, struct id authority)
{
	struct id above = authority;
	struct id top = authority;
	while (tree_parent(store, &above)) {
		struct id root = above;
		if (!tree_parent(store, &root))
			break;
		top = above;
	}
	return top;
}

static void
emit_accepted(struct call *call, const struct arrival *arrival, const char *person_id)
{
	struct id counted_at = event_counted_at(call_store(call), id_known(arrival->authority->authority_id));
	Mt__EventAccepted fact = MT__EVENT_ACCEPTED__INIT;
	fact.event = arrival_event(arrival);
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.person_id = (char *)person_id;
	fact.locality = arrival->authority->locality;
	fact.effective_date = arrival->change.body->effective_date;
	fact.counted_at = (ProtobufCBinaryData){ID_BYTES, counted_at.bytes};
	fact.braked = arrival->braked;
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
		event_hire(call, authority, arrival->staff_code, &arrival->change, &event, subject);
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
event_decide(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	const Mt__AuthorityRecord *authority = arrival->authority;
	struct staff_row row = staff_row_reached(call_store(call), authority, arrival->staff_code);
	struct subject subject = {.person = NULL};
	bool hired = arrival->change.kind == MT__EVENT_DATA__KIND_HIRED;
	bool known = row.kind == STAFF_CURRENT || row.kind == STAFF_EXPECTED || (row.kind == STAFF_FORMER && !hired);
	if (known && !person_subject(call, row.person, &subject)) {
		verdict_reject(verdict, "subject", EVENT_ERASED, "the person's data was erased");
		return NULL;
	}
	/* Whoever is to come is decided over by the receiver from their day on. */
	if (row.kind == STAFF_EXPECTED && !hired &&
	    !tree_covers(call_store(call), authority->authority_id, subject.person->authority_id)) {
		event_park_expected(call, arrival, event_expected_on(call, arrival, &subject), verdict);
		return NULL;
	}
	if (event_held(call, arrival, &subject, verdict))
		return NULL;
	if (hired && known &&
	    (person_in_service(subject.person) || row.kind == STAFF_EXPECTED ||
	     subject.person->state == MT__PERSON__STATE__NOT_YET)) {
		verdict_reject(verdict, "subject", "already_exists", "somebody is in service under this staff code");
		return NULL;
	}
	if (!hired && !known) {
		event_park(call, arrival, verdict);
		return NULL;
	}
	struct arrivals arrivals = {.count = 0};
	const char *person_id = event_act(call, arrival, &row, &arrivals, &subject, verdict);
	if (person_id == NULL)
		return NULL;
	if (arrival->settles)
		event_settle(call, arrival, person_id, verdict);
	else
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
	struct arrival arrival = {.in = in, .pushed_by = call_subject(call)};
	arrival.authority = event_source_authority(call, in->source, &verdict);
	if (arrival.authority == NULL) {
		if (call_scope(call, call_authority(call)))
			event_answer(&verdict, person_id, reply, call);
		return;
	}
	if (!call_scope(call, arrival.authority->authority_id))
		return;
	if (event_arrival(call, &arrival, &verdict) && !event_seen(call, &arrival, &verdict, &person_id)) {
		const char *found = NULL;
		if (event_check(call, &arrival, &verdict) && event_is_next(call, &arrival, &verdict))
			found = event_decide(call, &arrival, &verdict);
		if (found != NULL)
			person_id = found;
		else if (verdict.outcome == MT__EVENT__OUTCOME__REJECTED)
			event_reject(call, &arrival, &verdict);
	}
	event_answer(&verdict, person_id, reply, call);
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
	if (fact->sequence > 0)
		event_sequence_put(apply, fact->locality, &fact->sequence_of, fact->sequence);
	struct id counted_at;
	assert(fact->counted_at.len == ID_BYTES);
	memcpy(counted_at.bytes, fact->counted_at.data, ID_BYTES);
	if (fact->braked)
		brake_count(apply, fact->locality, counted_at);
	freshness_accepted(apply, counted_at, fact->effective_date);
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
