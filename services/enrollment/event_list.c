/* services/enrollment/event_list.c
 *
 * Lists of events by outcome, in the order in which they got it: what is parked, held,
 * rejected, dead, and what came under a known id with another payload. An authority reads
 * its own and those of everyone below it; localities of a subtree lie together, so that is
 * a few ranges of one table.
 *
 * Parked, held and dead events stand here until somebody decides. Of the rejected ones and
 * of the conflicts of an authority the oldest give way, with what was kept of them. A
 * conflicting payload is kept once, however often it is sent. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/core/tree.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	/* In TABLE_KEPT, in place of an outcome: how many of one there are. */
	KEPT_TALLY = 0xff,
	TALLY_BYTES = 16,
	/* One that comes, and one more, so that a lowered limit is reached. */
	GIVE_WAY_PER_FACT = 2,
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static struct key
list_prefix(Mt__Event__Outcome outcome)
{
	struct key key = key_of(TABLE_KEPT);
	key_u8(&key, (uint8_t)outcome);
	return key;
}

static struct key
conflict_key(uint32_t locality, const uint8_t *hash, const uint8_t *payload_hash)
{
	struct key key = key_of(TABLE_CONFLICT);
	key_u32(&key, locality);
	key_bytes(&key, slice_of(hash, EVENT_HASH_BYTES));
	key_bytes(&key, slice_of(payload_hash, EVENT_HASH_BYTES));
	return key;
}

static const Mt__ConflictRecord *
conflict_of_row(struct call *call, uint32_t locality, const uint8_t *hash, struct slice value)
{
	assert(value.size == EVENT_HASH_BYTES);
	struct key key = conflict_key(locality, hash, value.data);
	return call_record(call, &key, &mt__conflict_record__descriptor);
}

static bool
metric_of_outcome(Mt__Event__Outcome outcome, enum enrollment_metric *metric)
{
	switch (outcome) {
	case MT__EVENT__OUTCOME__PARKED:
		*metric = METRIC_EVENTS_PARKED;
		return true;
	case MT__EVENT__OUTCOME__HELD:
		*metric = METRIC_EVENTS_HELD;
		return true;
	case MT__EVENT__OUTCOME__REJECTED:
		*metric = METRIC_EVENTS_REJECTED;
		return true;
	case MT__EVENT__OUTCOME__DEAD:
		*metric = METRIC_EVENTS_DEAD;
		return true;
	case MT__EVENT__OUTCOME__UNSET:
	case MT__EVENT__OUTCOME__ACCEPTED:
	case MT__EVENT__OUTCOME__DUPLICATE:
	case MT__EVENT__OUTCOME__CONFLICT:
	case MT__EVENT__OUTCOME__DISCARDED:
		return false;
	}
	return false;
}

bool
event_find(struct call *call, const char *source, const char *id, const Mt__EventRecord **record)
{
	struct verdict verdict;
	const Mt__AuthorityRecord *authority = event_source_authority(call, source, &verdict);
	if (authority == NULL) {
		call_refuse_field(call, "source", "%s", verdict.message);
		return false;
	}
	if (!call_scope(call, authority->authority_id) || call_text(call, "id", id, EVENT_ID_BYTES_MAX, false) == NULL)
		return false;
	uint8_t hash[EVENT_HASH_BYTES];
	event_hash(call, source, id, hash);
	struct key key = event_key(authority->locality, hash);
	*record = call_record(call, &key, &mt__event_record__descriptor);
	return true;
}

bool
event_conflict_known(const struct call *call, const struct arrival *arrival)
{
	struct key key = conflict_key(arrival->authority->locality, arrival->hash, arrival->payload_hash);
	return store_has(call_store(call), key_slice(&key));
}

/* --- one ---------------------------------------------------------------------------------------------------------- */

static char *
instant_text(struct call *call, int64_t at_us)
{
	char *text = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	instant_format(at_us, text);
	return text;
}

static Mt__EventView *
view_of(struct call *call, const Mt__EventRecord *record)
{
	Mt__EventView *view = (Mt__EventView *)pb_new(&mt__event_view__descriptor, call_arena(call));
	const Mt__PushEventRequest *kept = record->kept != NULL ? record->kept->event : NULL;
	if (kept != NULL) {
		view->source = kept->source;
		view->id = kept->id;
	}
	view->subject = record->staff_code;
	view->outcome = record->outcome;
	bool is_told = record->outcome == MT__EVENT__OUTCOME__ACCEPTED || record->outcome == MT__EVENT__OUTCOME__HELD;
	if (is_told && record->person.len == ID_BYTES)
		view->person_id = id_text(call_arena(call), slice_of(record->person.data, ID_BYTES));
	view->field = record->field;
	view->code = record->code;
	view->message = record->message;
	view->message_vi = (char *)event_sentence_vi(record->code);
	if (record->recorded_us != 0)
		view->recorded_at = instant_text(call, record->recorded_us);
	return view;
}

static void
query_one(struct call *call, const Mt__GetEventRequest *in, Mt__GetEventReply_Closure reply)
{
	const Mt__EventRecord *record;
	if (!event_find(call, in->source, in->id, &record))
		return;
	if (record == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "event %s of %s is unknown", in->id, in->source);
		return;
	}
	const Mt__EventView *view = view_of(call, record);
	Mt__GetEventReply out = MT__GET_EVENT_REPLY__INIT;
	out.source = in->source;
	out.id = in->id;
	out.outcome = view->outcome;
	out.person_id = view->person_id;
	out.subject = view->subject;
	out.field = view->field;
	out.code = view->code;
	out.message = view->message;
	out.message_vi = view->message_vi;
	out.recorded_at = view->recorded_at;
	reply(&out, call);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

static Mt__EventView *
view_of_conflict(struct call *call, uint32_t locality, const uint8_t *hash, struct slice value)
{
	const Mt__ConflictRecord *conflict = conflict_of_row(call, locality, hash, value);
	assert(conflict != NULL);
	Mt__EventRecord record = MT__EVENT_RECORD__INIT;
	record.outcome = MT__EVENT__OUTCOME__CONFLICT;
	record.kept = conflict->kept;
	record.field = (char *)"id";
	record.code = (char *)"conflict";
	record.message = (char *)EVENT_CONFLICT_SENTENCE;
	record.recorded_us = conflict->recorded_us;
	if (conflict->kept != NULL && conflict->kept->event != NULL)
		record.staff_code = conflict->kept->event->subject;
	return view_of(call, &record);
}

static Mt__EventView *
view_of_row(struct call *call, Mt__Event__Outcome outcome, uint32_t locality, const uint8_t *hash, struct slice value)
{
	if (outcome == MT__EVENT__OUTCOME__CONFLICT)
		return view_of_conflict(call, locality, hash, value);
	struct key key = event_key(locality, hash);
	const Mt__EventRecord *record = call_record(call, &key, &mt__event_record__descriptor);
	assert(record != NULL && record->outcome == outcome);
	return view_of(call, record);
}

static void
list_span(struct page *page, struct span *span, const struct key *prefix, Mt__Event__Outcome outcome)
{
	while (page_next(page)) {
		uint32_t locality = get_u32(page->walk.key.data + prefix->size);
		if (!span_shows(span, page, prefix, locality)) {
			if (span->at == span->count)
				return;
			continue;
		}
		struct key row = key_copy(page->walk.key);
		const uint8_t *hash = row.data + prefix->size + sizeof(uint32_t) + sizeof(uint64_t);
		page_add(page, view_of_row(page->call, outcome, locality, hash, page->walk.value));
	}
}

static bool
is_listed(Mt__Event__Outcome outcome)
{
	enum enrollment_metric metric;
	return outcome == MT__EVENT__OUTCOME__CONFLICT || metric_of_outcome(outcome, &metric);
}

static void
query_many(struct call *call, const Mt__GetEventRequest *in, Mt__GetEventReply_Closure reply)
{
	const char *reference = in->authority[0] != '\0' ? in->authority : call_authority(call);
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", reference);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return;
	if (!is_listed(in->outcome)) {
		call_refuse_field(call, "outcome", "outcome is none of CONFLICT, PARKED, HELD, REJECTED and DEAD");
		return;
	}
	struct span span = {.at = 0};
	struct page page;
	struct key prefix = list_prefix(in->outcome);
	if (!tree_subtree_localities(call_store(call), call_arena(call), authority->authority_id, &span.ranges,
				     &span.count)) {
		call_refuse_field(call, "authority", "authority %s has too many below it", authority->code);
		return;
	}
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	list_span(&page, &span, &prefix, in->outcome);
	Mt__GetEventReply out = MT__GET_EVENT_REPLY__INIT;
	out.events = (Mt__EventView **)page.items;
	out.n_events = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

void
event_query(const Mt__GetEventRequest *in, Mt__GetEventReply_Closure reply, void *call)
{
	if (in->source[0] == '\0' && in->outcome != MT__EVENT__OUTCOME__UNSET)
		query_many(call, in, reply);
	else
		query_one(call, in, reply);
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

static struct key
list_key(Mt__Event__Outcome outcome, uint32_t locality, uint64_t seq, const uint8_t *hash)
{
	struct key key = list_prefix(outcome);
	key_u32(&key, locality);
	key_u64(&key, seq);
	key_bytes(&key, slice_of(hash, EVENT_HASH_BYTES));
	return key;
}

/* How many stand in a list that is bounded, and from where on: rows deleted before are not walked over again. */
struct tally {
	uint64_t count;
	uint64_t first_seq;
};

static struct key
tally_key(Mt__Event__Outcome outcome, uint32_t locality)
{
	struct key key = key_of(TABLE_KEPT);
	key_u8(&key, KEPT_TALLY);
	key_u8(&key, (uint8_t)outcome);
	key_u32(&key, locality);
	return key;
}

static struct tally
tally_get(const struct store *store, Mt__Event__Outcome outcome, uint32_t locality)
{
	struct key key = tally_key(outcome, locality);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return (struct tally){0, 0};
	assert(value.size == TALLY_BYTES);
	return (struct tally){get_u64(value.data), get_u64(value.data + 8)};
}

static void
tally_put(struct apply *apply, Mt__Event__Outcome outcome, uint32_t locality, const struct tally *tally)
{
	struct key key = tally_key(outcome, locality);
	uint8_t value[TALLY_BYTES];
	put_u64(value, tally->count);
	put_u64(value + 8, tally->first_seq);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

/* The oldest of a bounded list goes, with what was kept of it. */
static void
list_give_way(struct apply *apply, Mt__Event__Outcome outcome, uint32_t locality, const char *authority_id,
	      struct tally *tally)
{
	struct key prefix = list_prefix(outcome);
	key_u32(&prefix, locality);
	struct key from = prefix;
	key_u64(&from, tally->first_seq);
	struct store_walk walk = store_walk_from(apply_store(apply), key_slice(&prefix), key_slice(&from));
	if (!store_walk_next(&walk))
		return;
	struct key row = key_copy(walk.key);
	tally->first_seq = get_u64(row.data + prefix.size);
	tally->count--;
	const uint8_t *hash = row.data + prefix.size + sizeof(uint64_t);
	struct key kept = outcome == MT__EVENT__OUTCOME__CONFLICT ? conflict_key(locality, hash, walk.value.data)
								  : event_key(locality, hash);
	apply_delete(apply, &row);
	apply_delete(apply, &kept);
	enum enrollment_metric metric;
	if (metric_of_outcome(outcome, &metric))
		metric_stock(apply, metric, authority_id, "", -1);
}

static void
list_bound(struct apply *apply, Mt__Event__Outcome outcome, uint32_t locality, const char *authority_id)
{
	struct tally tally = tally_get(apply_store(apply), outcome, locality);
	tally.count++;
	for (int i = 0; i < GIVE_WAY_PER_FACT && tally.count > KEPT_PER_AUTHORITY_MAX; i++)
		list_give_way(apply, outcome, locality, authority_id, &tally);
	tally_put(apply, outcome, locality, &tally);
}

void
event_list_add(struct apply *apply, const Mt__EventRecord *record, const char *authority_id, const uint8_t *hash)
{
	uint32_t locality = id_locality(id_known(authority_id));
	enum enrollment_metric metric;
	if (!metric_of_outcome(record->outcome, &metric))
		return;
	struct key key = list_key(record->outcome, locality, record->seq, hash);
	apply_put_bytes(apply, &key, slice_text(""));
	metric_stock(apply, metric, authority_id, "", 1);
	if (record->outcome == MT__EVENT__OUTCOME__REJECTED)
		list_bound(apply, record->outcome, locality, authority_id);
}

void
event_list_remove(struct apply *apply, const Mt__EventRecord *record, const char *authority_id, const uint8_t *hash)
{
	uint32_t locality = id_locality(id_known(authority_id));
	enum enrollment_metric metric;
	if (!metric_of_outcome(record->outcome, &metric))
		return;
	struct key key = list_key(record->outcome, locality, record->seq, hash);
	apply_delete(apply, &key);
	metric_stock(apply, metric, authority_id, "", -1);
	if (record->outcome != MT__EVENT__OUTCOME__REJECTED)
		return;
	struct tally tally = tally_get(apply_store(apply), record->outcome, locality);
	assert(tally.count > 0);
	tally.count--;
	tally_put(apply, record->outcome, locality, &tally);
}

void
event_apply_conflicted(struct apply *apply, const Mt__EventConflicted *fact)
{
	struct id counted_at = event_counted_at(apply_store(apply), id_known(fact->authority_id));
	char counted_text[ID_TEXT_BYTES];
	id_format(counted_at, counted_text);
	metric_flow_at(apply, METRIC_EVENTS_CONFLICTS, counted_text, apply_time_us(apply), 1);
	struct key key = event_key(fact->locality, fact->event.data);
	Mt__EventRecord *record = apply_record(apply, &key, &mt__event_record__descriptor);
	assert(record != NULL);
	record->conflicts++;
	apply_put(apply, &key, &record->base);

	struct key conflict = conflict_key(fact->locality, fact->event.data, fact->payload_hash.data);
	Mt__ConflictRecord kept = MT__CONFLICT_RECORD__INIT;
	kept.event = fact->event;
	kept.recorded_us = apply_time_us(apply);
	kept.sealed_for = fact->sealed_for;
	kept.kept = fact->kept;
	kept.seq = apply_seq(apply);
	apply_put(apply, &conflict, &kept.base);
	struct key row = list_key(MT__EVENT__OUTCOME__CONFLICT, fact->locality, kept.seq, fact->event.data);
	apply_put_bytes(apply, &row, slice_of(fact->payload_hash.data, EVENT_HASH_BYTES));
	list_bound(apply, MT__EVENT__OUTCOME__CONFLICT, fact->locality, fact->authority_id);
}

/* What came under the event's id with another payload tells of the person too. */
void
event_erase_conflicts(struct apply *apply, uint32_t locality, const uint8_t *hash)
{
	struct key prefix = key_of(TABLE_CONFLICT);
	key_u32(&prefix, locality);
	key_bytes(&prefix, slice_of(hash, EVENT_HASH_BYTES));
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		Mt__ConflictRecord *record = apply_unpack(apply, &mt__conflict_record__descriptor, walk.value);
		record->kept = NULL;
		apply_put(apply, &key, &record->base);
		apply_forget(apply, record->sealed_for);
	}
}
