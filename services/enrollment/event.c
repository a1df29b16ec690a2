/* services/enrollment/event.c
 *
 * Personnel events as provinces push them: the hot path. One event costs the look-up of
 * its source, of its own row, of the staff code and of the person, and writes two or three
 * rows.
 *
 * Promises: an event acts at most once, for ever, on (source, id): the same again is a
 * duplicate, the same id with another payload a conflict and an alarm. A rejected event
 * leaves nothing behind, so that it can be corrected and sent again. An event about
 * somebody not known yet waits for that person, in order of arrival, a bounded number a
 * staff code. An outcome is a reply, not a refusal: only a source outside the caller's
 * authority is refused. */
#include "services/enrollment/enrollment.h"

#include "common/base/hash.h"
#include "common/wire/pb.h"

#include <assert.h>

/* An event on its way to a decision. */
struct arrival {
	const Mt__PushEventRequest *in;
	const Mt__AuthorityRecord *authority; /* of the source */
	const char *staff_code;               /* subject, in NFC */
	uint8_t payload_hash[HASH_BYTES];
	struct change change;
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static void
event_hash(const char *source, const char *id, uint8_t hash[HASH_BYTES])
{
	/* The NUL goes in with the source: no two pairs read alike. */
	const struct slice parts[] = {slice_of(source, strlen(source) + 1), slice_text(id)};
	hash_sha256_parts(parts, 2, hash);
}

struct key
event_key(uint32_t locality, const char *source, const char *id)
{
	uint8_t hash[HASH_BYTES];
	event_hash(source, id, hash);
	struct key key = key_of(TABLE_EVENT);
	key_u32(&key, locality);
	key_bytes(&key, slice_of(hash, EVENT_HASH_BYTES));
	return key;
}

static void
payload_hash(struct call *call, const Mt__PushEventRequest *in, uint8_t hash[HASH_BYTES])
{
	const struct slice parts[] = {
		slice_of(in->subject, strlen(in->subject) + 1),
		pb_pack(call_arena(call), &in->data->base),
	};
	hash_sha256_parts(parts, 2, hash);
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
	}
	out.person_id = (char *)person_id;
	reply(&out, call);
}

/* Everything that can be said without knowing the person. */
static bool
event_check(struct call *call, struct arrival *event, struct verdict *verdict)
{
	const Mt__PushEventRequest *in = event->in;
	const char *checked;
	if (!event_check_text(call, "id", in->id, EVENT_ID_BYTES_MAX, false, &checked, verdict))
		return false;
	if (!event_check_text(call, "time", in->time, EVENT_TIME_BYTES_MAX, true, &checked, verdict))
		return false;
	if (in->subject[0] == '\0')
		return verdict_reject(verdict, "subject", "missing_subject", "subject, the staff code, is missing");
	if (!event_check_text(call, "subject", in->subject, CODE_BYTES_MAX, false, &event->staff_code, verdict))
		return false;
	return event_check_data(call, in->data, &event->change, verdict);
}

/* True if this event was seen before; the verdict says how. */
static bool
event_seen(struct call *call, const struct arrival *event, struct verdict *verdict, const char **person_id)
{
	struct key key = event_key(event->authority->locality, event->in->source, event->in->id);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	/* Rejected when it was released from parking: may be sent again, corrected or not. */
	if (record == NULL || record->outcome == MT__EVENT__OUTCOME__REJECTED)
		return false;
	assert(record->payload_hash.len == HASH_BYTES);
	if (memcmp(record->payload_hash.data, event->payload_hash, HASH_BYTES) == 0) {
		*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__DUPLICATE};
		*person_id = record->person_id;
		return true;
	}
	*verdict = (struct verdict){MT__EVENT__OUTCOME__CONFLICT, "id", "conflict",
				    "an event with this source and id was taken with another payload"};
	Mt__EventConflicted fact = MT__EVENT_CONFLICTED__INIT;
	fact.source = event->in->source;
	fact.id = event->in->id;
	fact.payload_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)event->payload_hash};
	call_emit(call, &fact.base);
	return true;
}

static void
emit_accepted(struct call *call, const struct arrival *event, const char *person_id)
{
	Mt__EventAccepted fact = MT__EVENT_ACCEPTED__INIT;
	fact.source = event->in->source;
	fact.id = event->in->id;
	fact.payload_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)event->payload_hash};
	fact.person_id = (char *)person_id;
	fact.locality = event->authority->locality;
	call_emit(call, &fact.base);
}

static bool
park(struct call *call, const struct arrival *event, uint32_t parked, struct verdict *verdict)
{
	if (parked >= PARKED_PER_STAFF_CODE_MAX)
		return verdict_reject(verdict, "subject", "too_many_parked",
				      "too many events wait for the person of this staff code");
	Mt__EventParked fact = MT__EVENT_PARKED__INIT;
	fact.source = event->in->source;
	fact.id = event->in->id;
	fact.payload_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)event->payload_hash};
	fact.authority_id = event->authority->authority_id;
	fact.staff_code = (char *)event->staff_code;
	fact.event = (Mt__PushEventRequest *)event->in;
	call_emit(call, &fact.base);
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__PARKED};
	return true;
}

/* The person whom the event is about afterwards; NULL if it was parked or rejected. */
static const Mt__PersonRecord *
event_decide(struct call *call, const struct arrival *event, struct verdict *verdict)
{
	const Mt__AuthorityRecord *authority = event->authority;
	struct staff_row row = staff_row_find(call_store(call), authority->locality, event->staff_code);
	bool hired = event->change.kind == MT__EVENT_DATA__KIND_HIRED;
	Mt__PersonRecord *person = NULL;
	if (row.kind == STAFF_CURRENT || (row.kind == STAFF_FORMER && !hired)) {
		person = person_get(call, row.person);
		assert(person != NULL);
	}
	if (hired && person != NULL && person->state == MT__PERSON__STATE__ACTIVE) {
		verdict_reject(verdict, "subject", "already_exists", "somebody is in service under this staff code");
		return NULL;
	}
	if (!hired && person == NULL) {
		park(call, event, row.parked, verdict);
		return NULL;
	}

	struct arrivals arrivals = {.count = 0};
	if (hired) {
		person = event_hire(call, authority, event->staff_code, &event->change);
		*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__ACCEPTED};
		if (row.kind == STAFF_AWAITED)
			event_arrive(&arrivals, authority->authority_id, event->staff_code);
	} else if (!event_change(call, person, authority->authority_id, &event->change, &arrivals, verdict)) {
		return NULL;
	}
	emit_accepted(call, event, person->person_id);
	event_release(call, person, &arrivals);
	return person;
}

static void
events_push(Mt__Events_Service *service, const Mt__PushEventRequest *in, Mt__PushEventReply_Closure reply, void *call)
{
	(void)service;
	struct verdict verdict;
	const char *person_id = "";
	struct arrival event = {.in = in, .authority = event_source_authority(call, in->source, &verdict)};
	if (event.authority == NULL) {
		if (call_scope(call, call_authority(call)))
			answer(&verdict, person_id, reply, call);
		return;
	}
	if (!call_scope(call, event.authority->authority_id))
		return;
	if (!event_check(call, &event, &verdict)) {
		answer(&verdict, person_id, reply, call);
		return;
	}
	payload_hash(call, in, event.payload_hash);
	if (!event_seen(call, &event, &verdict, &person_id)) {
		const Mt__PersonRecord *person = event_decide(call, &event, &verdict);
		if (person != NULL)
			person_id = person->person_id;
	}
	answer(&verdict, person_id, reply, call);
}

static void
events_get(Mt__Events_Service *service, const Mt__GetEventRequest *in, Mt__EventView_Closure reply, void *call)
{
	(void)service;
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
	struct key key = event_key(authority->locality, in->source, in->id);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	if (record == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "event %s of %s is unknown", in->id, in->source);
		return;
	}
	Mt__EventView out = MT__EVENT_VIEW__INIT;
	out.source = in->source;
	out.id = in->id;
	out.outcome = record->outcome;
	out.person_id = record->person_id;
	reply(&out, call);
}

Mt__Events_Service events_handlers = MT__EVENTS__INIT(events_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

/* Source and id are in the key as a hash, whoever asks names them: the row does not repeat them. */
static void
apply_accepted(struct apply *apply, const Mt__EventAccepted *fact)
{
	Mt__EventRecord record = MT__EVENT_RECORD__INIT;
	record.payload_hash = fact->payload_hash;
	record.outcome = MT__EVENT__OUTCOME__ACCEPTED;
	record.person_id = fact->person_id;
	record.seq = apply_seq(apply);
	struct key key = event_key(fact->locality, fact->source, fact->id);
	apply_put(apply, &key, &record.base);
}

static void
apply_parked(struct apply *apply, const Mt__EventParked *fact)
{
	uint32_t locality = id_locality(id_known(fact->authority_id));
	struct slice packed = pb_pack(apply_arena(apply), &fact->event->base);
	Mt__EventRecord record = MT__EVENT_RECORD__INIT;
	record.payload_hash = fact->payload_hash;
	record.outcome = MT__EVENT__OUTCOME__PARKED;
	record.seq = apply_seq(apply);
	record.parked = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
	struct key key = event_key(locality, fact->source, fact->id);
	apply_put(apply, &key, &record.base);

	struct key parked;
	event_parked_key(&parked, locality, fact->staff_code);
	key_u64(&parked, apply_seq(apply));
	apply_put_bytes(apply, &parked, slice_of(key.data + key.size - EVENT_HASH_BYTES, EVENT_HASH_BYTES));

	struct staff_row row = staff_row_find(apply_store(apply), locality, fact->staff_code);
	assert(row.kind == STAFF_NONE || row.kind == STAFF_AWAITED);
	row.kind = STAFF_AWAITED;
	row.parked++;
	staff_row_put(apply, locality, fact->staff_code, &row);
}

static void
apply_released(struct apply *apply, const Mt__ParkedEventReleased *fact)
{
	uint32_t locality = id_locality(id_known(fact->authority_id));
	struct key key = event_key(locality, fact->source, fact->id);
	Mt__EventRecord *record = apply_record(apply, &key, &mt__event_record__descriptor);
	assert(record != NULL);
	struct key parked;
	event_parked_key(&parked, locality, fact->staff_code);
	key_u64(&parked, record->seq);
	apply_delete(apply, &parked);
	record->outcome = fact->outcome;
	record->person_id = fact->person_id;
	record->seq = apply_seq(apply);
	record->parked = (ProtobufCBinaryData){0, NULL};
	apply_put(apply, &key, &record->base);
}

void
event_apply(struct apply *apply, const Mt__EventFact *fact)
{
	switch (fact->kind_case) {
	case MT__EVENT_FACT__KIND_EVENT_ACCEPTED:
		apply_accepted(apply, fact->event_accepted);
		return;
	case MT__EVENT_FACT__KIND_EVENT_PARKED:
		apply_parked(apply, fact->event_parked);
		return;
	case MT__EVENT_FACT__KIND_PARKED_EVENT_RELEASED:
		apply_released(apply, fact->parked_event_released);
		return;
	case MT__EVENT_FACT__KIND_EVENT_CONFLICTED:
		return; /* the fact itself is the alarm */
	case MT__EVENT_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an event fact of no kind");
}
