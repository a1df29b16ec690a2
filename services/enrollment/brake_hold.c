/* services/enrollment/brake_hold.c
 *
 * A hold: what the brake kept back of one source, or of all sources of a province, decided
 * over as a whole by a releaser who is none of those who pushed it. Its events stand in the order in which they came.
 * Released, they are decided in that order, one a call, so that each sees what those before
 * it did; discarded, many at once. Nothing of a hold expires.
 *
 * An event about a queued person that comes while the hold is released is put at its end;
 * while it is discarded, the event is decided as if nothing were held. When a hold is
 * decided the count that opened it begins anew. */
#include "services/enrollment/brake.h"

#include "common/base/date.h"
#include "common/core/tree.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static struct key
hold_key(struct id hold_id)
{
	return key_of_id(TABLE_HOLD, hold_id);
}

static struct key
hold_event_key(struct id hold_id, uint64_t number)
{
	struct key key = key_of_id(TABLE_HOLD_EVENT, hold_id);
	key_u64(&key, number);
	return key;
}

static Mt__HoldRecord *
hold_get(const struct call *call, struct id hold_id)
{
	struct key key = hold_key(hold_id);
	return (Mt__HoldRecord *)call_record(call, &key, &mt__hold_record__descriptor);
}

/* In the caller's scope. */
static Mt__HoldRecord *
hold_or_refuse(struct call *call, const char *hold_id)
{
	struct id id;
	if (!call_id(call, "hold_id", hold_id, &id))
		return NULL;
	Mt__HoldRecord *hold = hold_get(call, id);
	if (hold == NULL) {
		if (call_scope(call, call_authority(call)))
			call_refuse(call, MT__STATUS__NOT_FOUND, "hold %s is unknown", hold_id);
		return NULL;
	}
	return call_scope(call, hold->authority_id) ? hold : NULL;
}

static bool
is_pusher(const Mt__HoldRecord *hold, const char *subject)
{
	for (size_t i = 0; i < hold->n_pushed_by; i++) {
		if (strcmp(hold->pushed_by[i], subject) == 0)
			return true;
	}
	return false;
}

bool
hold_is_of(const struct call *call, struct id hold_id, const char *authority_id)
{
	const Mt__HoldRecord *hold = hold_get(call, hold_id);
	assert(hold != NULL);
	return tree_covers(call_store(call), hold->authority_id, authority_id) ||
	       tree_covers(call_store(call), authority_id, hold->authority_id);
}

/* --- holding ------------------------------------------------------------------------------------------------------ */

bool
hold_take(struct call *call, const struct arrival *arrival, struct id hold_id, const Mt__PersonRecord *person,
	  struct verdict *verdict)
{
	const Mt__HoldRecord *hold = hold_get(call, hold_id);
	assert(hold != NULL);
	if (hold->state != MT__HOLD__STATE__OPEN && hold->state != MT__HOLD__STATE__RELEASING)
		return false;
	size_t pushers_max = hold->whole ? HOLD_WHOLE_PUSHERS_MAX : HOLD_PUSHERS_MAX;
	if (hold->n_pushed_by >= pushers_max && !is_pusher(hold, arrival->pushed_by)) {
		verdict_reject(verdict, "source", "too_many_pushers",
			       "too many systems push to a source that the mass-change brake holds");
		return true;
	}
	event_hold(call, arrival, hold_id, person->person_id, verdict);
	return true;
}

void
hold_open(struct call *call, const struct arrival *arrival, const Mt__PersonRecord *person, const Mt__HoldRecord *hold,
	  struct verdict *verdict)
{
	Mt__HoldOpened fact = MT__HOLD_OPENED__INIT;
	fact.hold_id = (char *)call_new_id(call, id_locality(id_known(hold->authority_id)));
	fact.authority_id = hold->authority_id;
	fact.people = hold->people;
	fact.changed = hold->changed;
	fact.whole = hold->whole;
	call_emit(call, &fact.base);
	event_hold(call, arrival, id_known(fact.hold_id), person->person_id, verdict);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static char *
instant_text(struct call *call, int64_t at_us)
{
	char *text = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	instant_format(at_us, text);
	return text;
}

static Mt__HoldRecord *
hold_view(struct call *call, Mt__HoldRecord *hold)
{
	hold->since = instant_text(call, hold->since_us);
	if (hold->decided_us != 0)
		hold->decided_at = instant_text(call, hold->decided_us);
	return hold;
}

static void
brake_list(Mt__Brake_Service *service, const Mt__ListHoldsRequest *in, Mt__ListHoldsReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	struct key prefix = key_of(TABLE_HOLD);
	struct page page;
	if (authority == NULL || !page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		struct key key = key_copy(page.walk.key);
		Mt__HoldRecord *hold = (Mt__HoldRecord *)call_record(call, &key, &mt__hold_record__descriptor);
		bool wanted = in->state == MT__HOLD__STATE__UNSET || in->state == hold->state;
		if (wanted && tree_covers(call_store(call), authority->authority_id, hold->authority_id))
			page_add(&page, hold_view(call, hold));
	}
	Mt__ListHoldsReply out = MT__LIST_HOLDS_REPLY__INIT;
	out.holds = (Mt__HoldRecord **)page.items;
	out.n_holds = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static void
brake_get(Mt__Brake_Service *service, const Mt__GetHoldRequest *in, Mt__HoldRecord_Closure reply, void *call)
{
	(void)service;
	Mt__HoldRecord *hold = hold_or_refuse(call, in->hold_id);
	if (hold != NULL)
		reply(hold_view(call, hold), call);
}

/* --- deciding over a hold ----------------------------------------------------------------------------------------- */

static bool
may_decide(struct call *call, const Mt__HoldRecord *hold)
{
	if (hold->state != MT__HOLD__STATE__OPEN) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "hold %s was decided by %s", hold->hold_id,
			    hold->decided_by);
		return false;
	}
	if (!is_pusher(hold, call_subject(call)))
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "hold %s holds events pushed by %s: somebody else decides",
		    hold->hold_id, call_subject(call));
	return false;
}

static void
hold_decide(struct call *call, const Mt__DecideHoldRequest *in, bool released, Mt__DecideHoldReply_Closure reply)
{
	const Mt__HoldRecord *hold = hold_or_refuse(call, in->hold_id);
	if (hold == NULL)
		return;
	const char *reason = call_text(call, "reason", in->reason, NAME_BYTES_MAX, true);
	if (reason == NULL || !may_decide(call, hold))
		return;
	Mt__HoldDecided fact = MT__HOLD_DECIDED__INIT;
	fact.hold_id = hold->hold_id;
	fact.authority_id = hold->authority_id;
	fact.released = released;
	fact.decided_by = (char *)call_subject(call);
	fact.reason = (char *)reason;
	call_emit(call, &fact.base);
	Mt__DecideHoldReply out = MT__DECIDE_HOLD_REPLY__INIT;
	out.hold_id = hold->hold_id;
	out.state = released ? MT__HOLD__STATE__RELEASING : MT__HOLD__STATE__DISCARDING;
	out.events = hold->events;
	reply(&out, call);
}

static void
brake_release(Mt__Brake_Service *service, const Mt__DecideHoldRequest *in, Mt__DecideHoldReply_Closure reply,
	      void *call)
{
	(void)service;
	hold_decide(call, in, true, reply);
}

static void
brake_discard(Mt__Brake_Service *service, const Mt__DecideHoldRequest *in, Mt__DecideHoldReply_Closure reply,
	      void *call)
{
	(void)service;
	hold_decide(call, in, false, reply);
}

Mt__Brake_Service brake_handlers = MT__BRAKE__INIT(brake_);

/* --- working it off ----------------------------------------------------------------------------------------------- */

static const Mt__EventRecord *
held_event(struct call *call, struct slice row)
{
	assert(row.size == sizeof(uint32_t) + EVENT_HASH_BYTES);
	struct key key = event_key(get_u32(row.data), row.data + sizeof(uint32_t));
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	assert(record != NULL && record->outcome == MT__EVENT__OUTCOME__HELD);
	return record;
}

static void
discard_one(struct call *call, const Mt__EventRecord *record)
{
	bool ambiguous;
	struct id hash = event_record_hash(record);
	struct arrival arrival = {.staff_code = record->staff_code};
	struct verdict verdict = {.outcome = MT__EVENT__OUTCOME__DISCARDED};
	arrival.authority = tree_find(call_store(call), call_arena(call), record->authority_id, &ambiguous);
	assert(arrival.authority != NULL);
	memcpy(arrival.hash, hash.bytes, EVENT_HASH_BYTES);
	memcpy(arrival.payload_hash, record->payload_hash.data, EVENT_HASH_BYTES);
	event_settle(call, &arrival, "", &verdict);
}

static void
brake_timers_hold_due(Mt__BrakeTimers_Service *service, const Mt__HoldDue *in, Mt__Noted_Closure reply, void *call)
{
	(void)service;
	struct id hold_id = id_known(in->hold_id);
	const Mt__HoldRecord *hold = hold_get(call, hold_id);
	assert(hold != NULL);
	bool releasing = hold->state == MT__HOLD__STATE__RELEASING;
	unsigned most = releasing ? 1 : SETTLED_PER_CALL_MAX;
	struct key prefix = key_of_id(TABLE_HOLD_EVENT, hold_id);
	struct key from = hold_event_key(hold_id, hold->settled);
	struct store_walk walk = store_walk_from(call_store(call), key_slice(&prefix), key_slice(&from));
	for (unsigned i = 0; i < most && store_walk_next(&walk); i++) {
		const Mt__EventRecord *record = held_event(call, walk.value);
		struct arrival arrival = {.settles = true, .released = true};
		struct verdict verdict;
		if (releasing)
			event_decide_again(call, record, &arrival, &verdict);
		else
			discard_one(call, record);
	}
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

Mt__BrakeTimers_Service brake_timers_handlers = MT__BRAKE_TIMERS__INIT(brake_timers_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static Mt__HoldRecord *
hold_known(struct apply *apply, struct id hold_id)
{
	struct key key = hold_key(hold_id);
	Mt__HoldRecord *hold = apply_record(apply, &key, &mt__hold_record__descriptor);
	assert(hold != NULL);
	return hold;
}

static void
hold_put(struct apply *apply, struct id hold_id, const Mt__HoldRecord *hold)
{
	struct key key = hold_key(hold_id);
	apply_put(apply, &key, &hold->base);
}

static void
hold_go_on(struct apply *apply, const char *hold_id)
{
	Mt__HoldDue due = MT__HOLD_DUE__INIT;
	due.hold_id = (char *)hold_id;
	apply_timer_set(apply, apply_time_us(apply), "BrakeTimers.HoldDue", hold_id, &due.base);
}

static struct id
hold_id_of(const ProtobufCBinaryData *bytes)
{
	struct id id;
	assert(bytes->len == ID_BYTES);
	memcpy(id.bytes, bytes->data, ID_BYTES);
	return id;
}

/* Of a person: the hold that took an event last, and how many are held in all. */
static void
held_person_put(struct apply *apply, const struct key *key, struct slice hold_id, uint32_t count)
{
	uint8_t value[ID_BYTES + sizeof(uint32_t)];
	memcpy(value, hold_id.data, ID_BYTES);
	put_u32(value + ID_BYTES, count);
	apply_put_bytes(apply, key, slice_of(value, sizeof(value)));
}

static void
held_person_add(struct apply *apply, struct id person, struct id hold_id)
{
	struct key key = held_person_key(person);
	struct slice before;
	uint32_t count = 0;
	if (store_get(apply_store(apply), key_slice(&key), &before))
		count = get_u32(before.data + ID_BYTES);
	held_person_put(apply, &key, slice_of(hold_id.bytes, ID_BYTES), count + 1);
}

static void
held_person_take(struct apply *apply, struct id person)
{
	struct key key = held_person_key(person);
	struct slice before;
	bool found = store_get(apply_store(apply), key_slice(&key), &before);
	assert(found);
	uint32_t count = get_u32(before.data + ID_BYTES);
	if (count > 1)
		held_person_put(apply, &key, slice_of(before.data, ID_BYTES), count - 1);
	else
		apply_delete(apply, &key);
}

static void
count_kind(struct apply *apply, Mt__HoldRecord *hold, char *kind)
{
	for (size_t i = 0; i < hold->n_kinds; i++) {
		if (strcmp(hold->kinds[i]->kind, kind) == 0) {
			hold->kinds[i]->events++;
			return;
		}
	}
	Mt__HoldKind **kinds = arena_alloc(apply_arena(apply), (hold->n_kinds + 1) * sizeof(Mt__HoldKind *));
	for (size_t i = 0; i < hold->n_kinds; i++)
		kinds[i] = hold->kinds[i];
	Mt__HoldKind *last = (Mt__HoldKind *)pb_new(&mt__hold_kind__descriptor, apply_arena(apply));
	last->kind = kind;
	last->events = 1;
	kinds[hold->n_kinds] = last;
	hold->kinds = kinds;
	hold->n_kinds++;
}

static void
note_pusher(struct apply *apply, Mt__HoldRecord *hold, char *subject)
{
	if (subject[0] == '\0' || is_pusher(hold, subject))
		return;
	char **pushed_by = arena_alloc(apply_arena(apply), (hold->n_pushed_by + 1) * sizeof(char *));
	for (size_t i = 0; i < hold->n_pushed_by; i++)
		pushed_by[i] = hold->pushed_by[i];
	pushed_by[hold->n_pushed_by] = subject;
	hold->pushed_by = pushed_by;
	hold->n_pushed_by++;
}

uint64_t
hold_event_added(struct apply *apply, const Mt__EventKept *fact)
{
	struct id hold_id = hold_id_of(&fact->hold_id);
	Mt__HoldRecord *hold = hold_known(apply, hold_id);
	uint64_t number = hold->events++;
	uint8_t value[sizeof(uint32_t) + EVENT_HASH_BYTES];
	count_kind(apply, hold, fact->kind);
	note_pusher(apply, hold, fact->pushed_by);
	hold_put(apply, hold_id, hold);

	struct key key = hold_event_key(hold_id, number);
	put_u32(value, id_locality(id_known(fact->authority_id)));
	memcpy(value + sizeof(uint32_t), fact->event.data, EVENT_HASH_BYTES);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
	held_person_add(apply, id_known(fact->person_id), hold_id);
	return number;
}

/* In order: the next of the hold is the one behind those settled. */
void
hold_event_settled(struct apply *apply, const Mt__EventRecord *record, Mt__Event__Outcome outcome)
{
	struct id hold_id = hold_id_of(&record->hold_id);
	Mt__HoldRecord *hold = hold_known(apply, hold_id);
	assert(record->hold_number == hold->settled);
	hold->settled++;
	hold->accepted += outcome == MT__EVENT__OUTCOME__ACCEPTED;
	hold->rejected += outcome == MT__EVENT__OUTCOME__REJECTED;
	bool releasing = hold->state == MT__HOLD__STATE__RELEASING;
	if (hold->settled < hold->events)
		hold_go_on(apply, hold->hold_id);
	else
		hold->state = releasing ? MT__HOLD__STATE__RELEASED : MT__HOLD__STATE__DISCARDED;
	hold_put(apply, hold_id, hold);
	struct key key = hold_event_key(hold_id, record->hold_number);
	apply_delete(apply, &key);
	held_person_take(apply, hold_id_of(&record->person));
}

static void
apply_opened(struct apply *apply, const Mt__HoldOpened *fact)
{
	struct id hold_id = id_known(fact->hold_id);
	uint32_t locality = id_locality(id_known(fact->authority_id));
	Mt__HoldRecord hold = MT__HOLD_RECORD__INIT;
	hold.hold_id = fact->hold_id;
	hold.authority_id = fact->authority_id;
	hold.state = MT__HOLD__STATE__OPEN;
	hold.since_us = apply_time_us(apply);
	hold.people = fact->people;
	hold.changed = fact->changed;
	hold.whole = fact->whole;
	hold_put(apply, hold_id, &hold);
	struct brake brake = brake_row_get(apply_store(apply), locality, fact->whole);
	brake.held = true;
	brake.hold_id = hold_id;
	brake_row_put(apply, locality, fact->whole, &brake);
}

static void
apply_decided(struct apply *apply, const Mt__HoldDecided *fact)
{
	struct id hold_id = id_known(fact->hold_id);
	Mt__HoldRecord *hold = hold_known(apply, hold_id);
	hold->state = fact->released ? MT__HOLD__STATE__RELEASING : MT__HOLD__STATE__DISCARDING;
	hold->decided_by = fact->decided_by;
	hold->decided_us = apply_time_us(apply);
	hold->reason = fact->reason;
	hold_put(apply, hold_id, hold);
	brake_begin_anew(apply, id_known(fact->authority_id), hold->whole);
	hold_go_on(apply, fact->hold_id);
}

void
brake_apply(struct apply *apply, const Mt__BrakeFact *fact)
{
	switch (fact->kind_case) {
	case MT__BRAKE_FACT__KIND_HOLD_OPENED:
		apply_opened(apply, fact->hold_opened);
		return;
	case MT__BRAKE_FACT__KIND_HOLD_DECIDED:
		apply_decided(apply, fact->hold_decided);
		return;
	case MT__BRAKE_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a brake fact of no kind");
}
