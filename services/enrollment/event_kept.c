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
#include "services/enrollment/brake.h"

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

struct id
event_record_hash(const Mt__EventRecord *record)
{
	struct id hash;
	if (record->event.len == 0)
		return id_known(record->sealed_for); /* rows written before they told the two apart */
	assert(record->event.len == EVENT_HASH_BYTES);
	memcpy(hash.bytes, record->event.data, EVENT_HASH_BYTES);
	return hash;
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

/* Whom an event under that code is about, as far as it can be known: a hire brings somebody new. */
static const char *
person_about(struct call *call, const struct arrival *arrival)
{
	struct staff_row row = staff_row_find(call_store(call), arrival->authority->locality, arrival->staff_code);
	bool hired = arrival->in->data != NULL && arrival->in->data->kind_case == MT__EVENT_DATA__KIND_HIRED;
	if (hired || row.kind == STAFF_NONE || row.kind == STAFF_AWAITED)
		return "";
	return id_text(call_arena(call), slice_of(row.person.bytes, ID_BYTES));
}

/* True if what was kept before is of somebody else, or of nobody that is known. */
static bool
about_another(const Mt__EventRecord *before, const char *staff_code, const char *person_id)
{
	if (strcmp(before->staff_code, staff_code) != 0)
		return true;
	if (before->person.len != ID_BYTES || person_id[0] == '\0')
		return false;
	struct id person = id_known(person_id);
	return memcmp(before->person.data, person.bytes, ID_BYTES) != 0;
}

const char *
event_sealed_for(struct call *call, const struct arrival *arrival, const char *person_id)
{
	struct key key = event_key(arrival->authority->locality, arrival->hash);
	const Mt__EventRecord *before = call_record(call, &key, &mt__event_record__descriptor);
	const char *first = id_text(call_arena(call), slice_of(arrival->hash, EVENT_HASH_BYTES));
	if (before != NULL && before->sealed_for[0] != '\0') {
		if (about_another(before, arrival->staff_code, person_id))
			return call_new_id(call, arrival->authority->locality);
		first = before->sealed_for;
	}
	return call_erased(call, first) ? call_new_id(call, arrival->authority->locality) : first;
}

static bool
is_of_erased(const struct verdict *verdict)
{
	return verdict->code != NULL && strcmp(verdict->code, EVENT_ERASED) == 0;
}

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
	fact.person_id = (char *)person_about(call, arrival);
	fact.sealed_for = (char *)event_sealed_for(call, arrival, fact.person_id);
	if (!is_of_erased(verdict))
		fact.kept = kept;
	fact.pushed_by = (char *)arrival->pushed_by;
	if (arrival->sequence > 0) {
		fact.sequence_of = (ProtobufCBinaryData){EVENT_HASH_BYTES, (uint8_t *)arrival->sequence_of};
		fact.sequence = arrival->sequence;
	}
	return fact;
}

/* At most one more than may be. */
static unsigned
parked_count(const struct call *call, const struct arrival *arrival)
{
	struct key prefix;
	event_parked_key(&prefix, arrival->authority->locality, arrival->staff_code);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	unsigned count = 0;
	while (count <= PARKED_PER_STAFF_CODE_MAX && store_walk_next(&walk))
		count++;
	return count;
}

static bool
park(struct call *call, const struct arrival *arrival, const char *expected_on, struct verdict *verdict)
{
	if (!arrival->parked && parked_count(call, arrival) >= PARKED_PER_STAFF_CODE_MAX)
		return verdict_reject(verdict, "subject", "too_many_parked",
				      "too many events wait for the person of this staff code");
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__PARKED};
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, verdict, &kept);
	fact.expected_on = (char *)expected_on;
	call_emit(call, &fact.base);
	return true;
}

bool
event_park(struct call *call, const struct arrival *arrival, struct verdict *verdict)
{
	return park(call, arrival, "", verdict);
}

bool
event_park_expected(struct call *call, const struct arrival *arrival, int32_t expected_on, struct verdict *verdict)
{
	char *text = arena_alloc(call_arena(call), DATE_TEXT_BYTES);
	date_format(expected_on != DATE_NONE ? expected_on : call_today(call), text);
	return park(call, arrival, text, verdict);
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
	   struct verdict *verdict)
{
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__HELD};
	Mt__KeptEvent kept = MT__KEPT_EVENT__INIT;
	Mt__EventKept fact = kept_fact(call, arrival, verdict, &kept);
	fact.hold_id = (ProtobufCBinaryData){ID_BYTES, hold_id.bytes};
	fact.person_id = (char *)person_id;
	fact.kind = (char *)brake_kind(arrival->change.kind);
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
		staff_row_free(apply, locality, record->staff_code);
}

static int64_t
parked_due_us(const Mt__EventRecord *record)
{
	int64_t from_us = record->expected_us > record->recorded_us ? record->expected_us : record->recorded_us;
	return from_us + PARKED_DAYS_MAX * DAY_US;
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
	record.pushed_by = fact->pushed_by;
	record.event = fact->event;
	int32_t expected_on;
	if (date_parse(fact->expected_on, &expected_on))
		record.expected_us = date_begins_us(expected_on, apply_zone_minutes(apply));
	if (before != NULL) {
		record.conflicts = before->conflicts;
		/* Another wait does not begin the 30 days anew, nor does the same one cost the place in the queue. */
		if (before->outcome == MT__EVENT__OUTCOME__PARKED && fact->outcome == MT__EVENT__OUTCOME__PARKED) {
			record.recorded_us = before->recorded_us;
			record.seq = before->waits == fact->waits ? before->seq : record.seq;
		}
		kept_leave(apply, before, fact->authority_id, fact->event.data, fact->outcome);
		if (before->sealed_for[0] != '\0' && strcmp(before->sealed_for, fact->sealed_for) != 0)
			apply_forget(apply, before->sealed_for);
		if (record.kept == NULL && before->kept != NULL)
			apply_forget(apply, fact->sealed_for);
	}
	struct id person;
	if (fact->person_id[0] != '\0') {
		person = id_known(fact->person_id);
		record.person = (ProtobufCBinaryData){ID_BYTES, person.bytes};
	}
	if (fact->outcome == MT__EVENT__OUTCOME__HELD) {
		record.hold_id = fact->hold_id;
		record.hold_number = hold_event_added(apply, fact);
	}
	apply_put(apply, &key, &record.base);
	kept_enter(apply, &record, fact->authority_id, fact->event.data);
	if (fact->again)
		event_again_soon(apply, locality, fact->event.data);
	struct key ever = of_code_key(&record, locality, OF_CODE_EVER_KEPT, fact->event.data);
	struct id sealed_for = id_known(fact->sealed_for);
	apply_put_bytes(apply, &ever, slice_of(sealed_for.bytes, ID_BYTES));
}

static void
settled_accepted(struct apply *apply, const Mt__KeptEventSettled *fact, uint32_t locality)
{
	struct id counted_at = event_counted_at(apply_store(apply), id_known(fact->authority_id));
	if (fact->sequence > 0)
		event_sequence_put(apply, locality, &fact->sequence_of, fact->sequence);
	if (fact->braked)
		brake_count(apply, locality, counted_at);
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
	bool of_erased = strcmp(fact->code, EVENT_ERASED) == 0;
	bool stays = (fact->outcome == MT__EVENT__OUTCOME__REJECTED && !of_erased) ||
		     fact->outcome == MT__EVENT__OUTCOME__DEAD;
	record->outcome = fact->outcome;
	record->seq = apply_seq(apply);
	record->recorded_us = apply_time_us(apply);
	record->field = fact->field;
	record->code = fact->code;
	record->message = fact->message;
	record->waits = false;
	record->expected_us = 0;
	record->sequence = 0; /* the number is used now, or free for another */
	record->sequence_of.len = 0;
	record->hold_id.len = 0;
	record->hold_number = 0;
	if (fact->payload_hash.len == EVENT_HASH_BYTES)
		record->payload_hash = fact->payload_hash;
	struct id person;
	if (fact->person_id[0] != '\0') {
		person = id_known(fact->person_id);
		record->person = (ProtobufCBinaryData){ID_BYTES, person.bytes};
	} else if (!stays) {
		record->person.len = 0;
	}
	if (of_erased && record->kept != NULL)
		apply_forget(apply, record->sealed_for);
	if (!stays)
		record->kept = NULL;
	apply_put(apply, &key, &record->base);
	kept_enter(apply, record, fact->authority_id, fact->event.data);
	if (fact->outcome == MT__EVENT__OUTCOME__ACCEPTED)
		settled_accepted(apply, fact, locality);
}

/* --- erasure ------------------------------------------------------------------------------------------------------ */

/* True if it is known to be about another than the person or whoever the person is now. */
static bool
is_of_another(const Mt__EventRecord *record, const Mt__PersonRecord *person)
{
	struct id id = id_known(person->person_id);
	if (record->person.len != ID_BYTES || memcmp(record->person.data, id.bytes, ID_BYTES) == 0)
		return false;
	if (person->merged_into[0] == '\0')
		return true;
	struct id standing = id_known(person->merged_into);
	return memcmp(record->person.data, standing.bytes, ID_BYTES) != 0;
}

/* What was kept goes from the rows, and with its key what the journal holds of it. The event itself may be sent again:
 * then it is kept under another key. */
static void
erase_one(struct apply *apply, uint32_t locality, const uint8_t *hash, const char *sealed_for,
	  const Mt__PersonRecord *person)
{
	struct key key = event_key(locality, hash);
	Mt__EventRecord *record = apply_record(apply, &key, &mt__event_record__descriptor);
	if (record != NULL && is_of_another(record, person))
		return;
	if (record != NULL && record->kept != NULL) {
		record->kept = NULL;
		apply_put(apply, &key, &record->base);
	}
	apply_forget(apply, sealed_for);
	event_erase_conflicts(apply, locality, hash);
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
			const uint8_t *hash = row.data + prefix.size;
			/* Rows written before they said it were of events kept under their own hash. */
			struct slice sealed_for = walk.value.size == ID_BYTES ? walk.value : slice_of(hash, ID_BYTES);
			erase_one(apply, locality, hash, id_text(apply_arena(apply), sealed_for), person);
		}
		erase_conflicts(apply, locality, person->person_id);
	}
}
