/* services/enrollment/event_kept.c
 *
 * Events that could not act: parked until their person or their predecessor in sequence
 * arrives, held by the brake, rejected, or dead after 30 days. Each is kept sealed under a
 * key of its own, so that it can be looked at, decided again and erased, and stands in the
 * list of its outcome (event_list.c).
 *
 * A kept event changes its outcome in apply only by leaving all rows that its old outcome
 * had (kept_leave) and entering those of the new one (kept_enter). */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	/* In TABLE_PARKED_EVENT, behind the staff code. */
	OF_CODE_WAITS = 0,
	OF_CODE_EVER_KEPT = 1,
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

/* What the keys of events that wait for a staff code begin with. */
void
event_parked_key(struct key *key, uint32_t locality, const char *staff_code)
{
	*key = key_of(TABLE_PARKED_EVENT);
	person_key_staff(key, locality, staff_code);
	key_u8(key, OF_CODE_WAITS);
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

static Mt__EventKept
kept_fact(struct call *call, const struct arrival *arrival, const struct verdict *verdict, Mt__KeptEvent *kept)
{
	static char nothing[] = "";
	Mt__EventKept fact = MT__EVENT_KEPT__INIT;
	kept->event = (Mt__PushEventRequest *)arrival->in;
	fact.event = arrival_event(arrival);
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.authority_id = arrival->authority->authority_id;
	fact.staff_code = (char *)arrival->staff_code;
	fact.outcome = verdict->outcome;
	fact.field = verdict->code != NULL ? (char *)verdict->field : nothing;
	fact.code = verdict->code != NULL ? (char *)verdict->code : nothing;
	fact.message = verdict->code != NULL ? (char *)verdict->message : nothing;
	fact.sealed_for = id_text(call_arena(call), slice_of(arrival->hash, EVENT_HASH_BYTES));
	fact.kept = kept;
	if (arrival->sequence > 0) {
		fact.sequence_of = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->sequence_of};
		fact.sequence = arrival->sequence;
	}
	return fact;
}

bool
event_park(struct call *call, const struct arrival *arrival, uint32_t parked, struct verdict *verdict)
{
	if (parked >= PARKED_PER_STAFF_CODE_MAX && !arrival->parked)
		return verdict_reject(verdict, "subject", "too_many_parked",
				      "too many events wait for the person of this staff code");
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__PARKED};
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, verdict, &kept);
	call_emit(call, &fact.base);
	return true;
}

void
event_park_again(struct call *call, const struct arrival *arrival)
{
	struct verdict verdict = {.outcome = MT__EVENT__OUTCOME__PARKED};
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, &verdict, &kept);
	fact.again = true;
	call_emit(call, &fact.base);
}

void
event_wait(struct call *call, const struct arrival *arrival, struct verdict *verdict)
{
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__PARKED};
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, verdict, &kept);
	fact.waits = true;
	call_emit(call, &fact.base);
}

void
event_hold(struct call *call, const struct arrival *arrival, struct id hold_id, const char *person_id,
	   const char *pushed_by, struct verdict *verdict)
{
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__HELD};
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, verdict, &kept);
	fact.hold_id = (ProtobufCBinaryData){ID_BYTES, hold_id.bytes};
	fact.person_id = (char *)person_id;
	fact.kind = (char *)brake_kind(arrival->change.kind);
	fact.pushed_by = (char *)pushed_by;
	call_emit(call, &fact.base);
}

void
event_reject(struct call *call, const struct arrival *arrival, const struct verdict *verdict)
{
	if (protobuf_c_message_get_packed_size(&arrival->in->base) > KEPT_EVENT_BYTES_MAX)
		return;
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, verdict, &kept);
	fact.sequence_of.len = 0; /* its number is free for the next */
	fact.sequence = 0;
	call_emit(call, &fact.base);
}

void
event_settle(struct call *call, const struct arrival *arrival, const char *person_id, const struct verdict *verdict)
{
	Mt__KeptEventSettled fact = MT__KEPT_EVENT_SETTLED__INIT;
	fact.event = arrival_event(arrival);
	fact.authority_id = arrival->authority->authority_id;
	fact.staff_code = (char *)arrival->staff_code;
	fact.outcome = verdict->outcome;
	fact.person_id = (char *)person_id;
	fact.payload_hash = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->payload_hash};
	fact.braked = arrival->braked;
	if (verdict->code != NULL) {
		fact.field = (char *)verdict->field;
		fact.code = (char *)verdict->code;
		fact.message = (char *)verdict->message;
	}
	if (verdict->outcome == MT__EVENT__OUTCOME__ACCEPTED)
		fact.effective_date = arrival->change.body->effective_date;
	if (verdict->outcome == MT__EVENT__OUTCOME__ACCEPTED && arrival->sequence > 0) {
		fact.sequence_of = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->sequence_of};
		fact.sequence = arrival->sequence;
	}
	call_emit(call, &fact.base);
}

/* --- apply: what an outcome hangs on ------------------------------------------------------------------------------ */

static struct key
of_code_key(const Mt__EventRecord *record, uint32_t locality, uint8_t which, const uint8_t *hash)
{
	struct key key = key_of(TABLE_PARKED_EVENT);
	person_key_staff(&key, locality, record->staff_code);
	key_u8(&key, which);
	if (which == OF_CODE_WAITS)
		key_u64(&key, record->seq);
	key_bytes(&key, slice_of(hash, EVENT_HASH_BYTES));
	return key;
}

static void
await_person(struct apply *apply, const Mt__EventRecord *record, uint32_t locality, const uint8_t *hash)
{
	struct key parked = of_code_key(record, locality, OF_CODE_WAITS, hash);
	apply_put_bytes(apply, &parked, slice_of(hash, EVENT_HASH_BYTES));
	struct staff_row row = staff_row_find(apply_store(apply), locality, record->staff_code);
	if (row.kind != STAFF_NONE && row.kind != STAFF_AWAITED)
		return; /* erased meanwhile, or gone: the event waits for the next under that code */
	row.kind = STAFF_AWAITED;
	row.parked++;
	staff_row_put(apply, locality, record->staff_code, &row);
}

/* The row is somebody's by now, if it was they who came. */
static void
await_no_more(struct apply *apply, const Mt__EventRecord *record, uint32_t locality, const uint8_t *hash)
{
	struct key parked = of_code_key(record, locality, OF_CODE_WAITS, hash);
	apply_delete(apply, &parked);
	struct staff_row row = staff_row_find(apply_store(apply), locality, record->staff_code);
	if (row.kind != STAFF_AWAITED)
		return;
	assert(row.parked > 0);
	row.parked--;
	if (row.parked > 0)
		staff_row_put(apply, locality, record->staff_code, &row);
	else
		staff_row_delete(apply, locality, record->staff_code);
}

static int64_t
parked_due_us(const Mt__EventRecord *record)
{
	return record->recorded_us + PARKED_DAYS_MAX * DAY_US;
}

static const char PARKED_DUE[] = "EventTimers.ParkedDue";

static void
kept_enter(struct apply *apply, const Mt__EventRecord *record, const char *authority_id, const uint8_t *hash)
{
	uint32_t locality = id_locality(id_known(authority_id));
	event_list_add(apply, record, authority_id, hash);
	if (record->sequence > 0)
		event_sequence_claim(apply, locality, record, hash);
	if (record->outcome != MT__EVENT__OUTCOME__PARKED)
		return;
	if (!record->waits)
		await_person(apply, record, locality, hash);
	Mt__ParkedDue due = MT__PARKED_DUE__INIT;
	due.authority_id = (char *)authority_id;
	due.event = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)hash};
	const char *name = id_text(apply_arena(apply), slice_of(hash, EVENT_HASH_BYTES));
	apply_timer_set(apply, parked_due_us(record), PARKED_DUE, name, &due.base);
}

static void
kept_leave(struct apply *apply, const Mt__EventRecord *record, const char *authority_id, const uint8_t *hash,
	   Mt__Event__Outcome next)
{
	uint32_t locality = id_locality(id_known(authority_id));
	event_list_remove(apply, record, authority_id, hash);
	if (record->sequence > 0)
		event_sequence_unclaim(apply, locality, record);
	if (record->outcome == MT__EVENT__OUTCOME__HELD)
		hold_event_settled(apply, record, next);
	if (record->outcome != MT__EVENT__OUTCOME__PARKED)
		return;
	if (!record->waits)
		await_no_more(apply, record, locality, hash);
	const char *name = id_text(apply_arena(apply), slice_of(hash, EVENT_HASH_BYTES));
	apply_timer_clear(apply, parked_due_us(record), PARKED_DUE, name);
}

void
event_apply_kept(struct apply *apply, const Mt__EventKept *fact)
{
	uint32_t locality = id_locality(id_known(fact->authority_id));
	struct key key = event_key(locality, fact->event.data);
	const Mt__EventRecord *before = apply_record(apply, &key, &mt__event_record__descriptor);
	Mt__EventRecord record = MT__EVENT_RECORD__INIT;
	record.payload_hash = fact->payload_hash;
	record.outcome = fact->outcome;
	record.seq = apply_seq(apply);
	record.field = fact->field;
	record.code = fact->code;
	record.message = fact->message;
	record.sealed_for = fact->sealed_for;
	record.kept = fact->kept;
	record.recorded_us = apply_time_us(apply);
	record.authority_id = fact->authority_id;
	record.staff_code = fact->staff_code;
	record.sequence_of = fact->sequence_of;
	record.sequence = fact->sequence;
	record.waits = fact->waits;
	if (before != NULL) {
		record.conflicts = before->conflicts;
		/* Another wait does not begin the 30 days anew, nor does the same one cost the place in the queue. */
		if (before->outcome == MT__EVENT__OUTCOME__PARKED && fact->outcome == MT__EVENT__OUTCOME__PARKED) {
			record.recorded_us = before->recorded_us;
			record.seq = before->waits == fact->waits ? before->seq : record.seq;
		}
		kept_leave(apply, before, fact->authority_id, fact->event.data, fact->outcome);
	}
	struct id person;
	if (fact->outcome == MT__EVENT__OUTCOME__HELD) {
		person = id_known(fact->person_id);
		record.person = (ProtobufCBinaryData){ID_BYTES, person.bytes};
		record.hold_id = fact->hold_id;
		record.hold_number = hold_event_added(apply, fact);
	}
	apply_put(apply, &key, &record.base);
	kept_enter(apply, &record, fact->authority_id, fact->event.data);
	if (fact->again)
		event_again_soon(apply, locality, fact->event.data);
	struct key ever = of_code_key(&record, locality, OF_CODE_EVER_KEPT, fact->event.data);
	apply_put_bytes(apply, &ever, slice_text(""));
}

static void
settled_accepted(struct apply *apply, const Mt__KeptEventSettled *fact, uint32_t locality)
{
	struct id counted_at = event_counted_at(apply_store(apply), id_known(fact->authority_id));
	if (fact->sequence > 0)
		event_sequence_put(apply, locality, &fact->sequence_of, fact->sequence);
	if (fact->braked)
		brake_count(apply, locality);
	freshness_accepted(apply, counted_at, fact->effective_date);
}

void
event_apply_settled(struct apply *apply, const Mt__KeptEventSettled *fact)
{
	uint32_t locality = id_locality(id_known(fact->authority_id));
	struct key key = event_key(locality, fact->event.data);
	Mt__EventRecord *record = apply_record(apply, &key, &mt__event_record__descriptor);
	assert(record != NULL);
	kept_leave(apply, record, fact->authority_id, fact->event.data, fact->outcome);
	bool stays = fact->outcome == MT__EVENT__OUTCOME__REJECTED || fact->outcome == MT__EVENT__OUTCOME__DEAD;
	record->outcome = fact->outcome;
	record->seq = apply_seq(apply);
	record->recorded_us = apply_time_us(apply);
	record->field = fact->field;
	record->code = fact->code;
	record->message = fact->message;
	record->waits = false;
	record->sequence = 0; /* the number is used now, or free for another */
	record->sequence_of.len = 0;
	record->hold_id.len = 0;
	record->hold_number = 0;
	if (fact->payload_hash.len == EVENT_HASH_BYTES)
		record->payload_hash = fact->payload_hash;
	struct id person;
	record->person.len = 0;
	if (fact->outcome == MT__EVENT__OUTCOME__ACCEPTED) {
		person = id_known(fact->person_id);
		record->person = (ProtobufCBinaryData){ID_BYTES, person.bytes};
	}
	if (!stays)
		record->kept = NULL;
	apply_put(apply, &key, &record->base);
	kept_enter(apply, record, fact->authority_id, fact->event.data);
	if (fact->outcome == MT__EVENT__OUTCOME__ACCEPTED)
		settled_accepted(apply, fact, locality);
}

/* --- erasure ------------------------------------------------------------------------------------------------------ */

/* What was kept goes from the rows, and with the event's key what the journal holds of it. */
static void
erase_one(struct apply *apply, uint32_t locality, const uint8_t *hash, const char *person_id)
{
	struct key key = event_key(locality, hash);
	Mt__EventRecord *record = apply_record(apply, &key, &mt__event_record__descriptor);
	struct id person = id_known(person_id);
	bool of_another = record != NULL && record->person.len == ID_BYTES &&
			  memcmp(record->person.data, person.bytes, ID_BYTES) != 0;
	if (of_another)
		return;
	if (record != NULL && record->kept != NULL) {
		record->kept = NULL;
		apply_put(apply, &key, &record->base);
	}
	apply_forget(apply, id_text(apply_arena(apply), slice_of(hash, EVENT_HASH_BYTES)));
}

static void
erase_conflicts(struct apply *apply, uint32_t locality, const char *person_id)
{
	struct history history = history_applied(apply, person_id);
	for (size_t i = 0; i < history.count; i++) {
		if (history.rows[i]->event.len == EVENT_HASH_BYTES)
			event_erase_conflicts(apply, locality, history.rows[i]->event.data);
	}
}

void
event_erase_kept(struct apply *apply, const Mt__PersonRecord *person)
{
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		uint32_t locality = id_locality(id_known(person->staff_codes[i]->authority_id));
		struct key prefix = key_of(TABLE_PARKED_EVENT);
		person_key_staff(&prefix, locality, person->staff_codes[i]->code);
		key_u8(&prefix, OF_CODE_EVER_KEPT);
		struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			struct key row = key_copy(walk.key);
			erase_one(apply, locality, row.data + prefix.size, person->person_id);
		}
		erase_conflicts(apply, locality, person->person_id);
	}
}
