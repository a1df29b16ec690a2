/* services/enrollment/person_history.c
 *
 * The rows of a person's history, in the order in which they were recorded: written once,
 * read for a fold, never changed. The history of a merged record stays its own; whoever
 * reads the person it was merged into joins the two here. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

struct key
history_key(struct id person)
{
	struct key key = person_key(person);
	key_u8(&key, PERSON_HISTORY);
	return key;
}

/* The entry that brought the row: what stands in its key behind the person. */
static uint64_t
history_seq(const struct key *prefix, const struct key *key)
{
	uint64_t seq = 0;
	struct slice rest = slice_of(key->data + prefix->size, key->size - prefix->size);
	bool read = key_read_u64(&rest, &seq);
	assert(read);
	return seq;
}

static struct history
history_new(struct arena *arena, const struct store *store, const char *person_id, size_t *capacity)
{
	struct key prefix = history_key(id_known(person_id));
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	*capacity = 1;
	while (store_walk_next(&walk))
		(*capacity)++;
	return (struct history){.rows = arena_alloc(arena, *capacity * sizeof(Mt__ChangeRecord *))};
}

struct history
history_of(struct call *call, const char *person_id)
{
	size_t capacity;
	struct history history = history_new(call_arena(call), call_store(call), person_id, &capacity);
	struct key prefix = history_key(id_known(person_id));
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		Mt__ChangeRecord *row = (Mt__ChangeRecord *)call_record(call, &key, &mt__change_record__descriptor);
		row->seq = history_seq(&prefix, &key);
		history.rows[history.count++] = row;
	}
	return history;
}

struct history
history_applied(struct apply *apply, const char *person_id)
{
	size_t capacity;
	struct history history = history_new(apply_arena(apply), apply_store(apply), person_id, &capacity);
	struct key prefix = history_key(id_known(person_id));
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		Mt__ChangeRecord *row = apply_record(apply, &key, &mt__change_record__descriptor);
		row->seq = history_seq(&prefix, &key);
		history.rows[history.count++] = row;
	}
	return history;
}

void
history_join(struct arena *arena, struct history *history, const struct history *other, uint64_t after_seq)
{
	Mt__ChangeRecord **rows = arena_alloc(arena, (history->count + other->count + 1) * sizeof(*rows));
	size_t own = 0;
	size_t theirs = 0;
	size_t count = 0;
	while (own < history->count || theirs < other->count) {
		bool take_own = theirs == other->count ||
				(own < history->count && history->rows[own]->seq <= other->rows[theirs]->seq);
		Mt__ChangeRecord *row = take_own ? history->rows[own++] : other->rows[theirs++];
		if (take_own || row->seq > after_seq)
			rows[count++] = row;
	}
	history->rows = rows;
	history->count = count;
}

static bool
history_has_event(const struct history *history, const ProtobufCBinaryData *event)
{
	for (size_t i = 0; i < history->count; i++) {
		const ProtobufCBinaryData *one = &history->rows[i]->event;
		if (one->len == event->len && memcmp(one->data, event->data, one->len) == 0)
			return true;
	}
	return false;
}

/* A merged record's rows: what was recorded before the merge fills, what came after acts in the record that stays.
 * A correction stays with the row it corrects. */
static void
history_split(struct arena *arena, const struct history *other, uint64_t merge_seq, struct history *before,
	      struct history *after)
{
	*before = (struct history){.rows = arena_alloc(arena, (other->count + 1) * sizeof(*before->rows))};
	*after = (struct history){.rows = arena_alloc(arena, (other->count + 1) * sizeof(*after->rows))};
	for (size_t i = 0; i < other->count; i++) {
		Mt__ChangeRecord *row = other->rows[i];
		const ProtobufCBinaryData *corrects = &row->change->corrects;
		if (row->seq <= merge_seq || (corrects->len > 0 && history_has_event(before, corrects)))
			before->rows[before->count++] = row;
		else
			after->rows[after->count++] = row;
	}
}

/* A person's own rows, with those of merged records that act here; fills has the rest of each, in their order. */
static struct history
history_joined(struct arena *arena, const Mt__PersonRecord *person, struct history own, const struct history *others,
	       struct history *fills)
{
	for (size_t i = 0; i < person->n_merged; i++) {
		struct history after;
		history_split(arena, &others[i], person->merged[i]->seq, &fills[i], &after);
		history_join(arena, &own, &after, 0);
	}
	return own;
}

static Mt__PersonRecord *
fold_joined(struct arena *arena, const Mt__PersonRecord *person, struct history own, const struct history *others,
	    int32_t as_of, int64_t known_us)
{
	struct history *fills = arena_alloc(arena, (person->n_merged + 1) * sizeof(*fills));
	struct history history = history_joined(arena, person, own, others, fills);
	Mt__PersonRecord *then = person_fold(arena, person->person_id, &history, as_of, known_us);
	for (size_t i = 0; i < person->n_merged; i++) {
		if (person->merged[i]->recorded_us <= known_us)
			person_fill(arena, then, person_fold(arena, "", &fills[i], as_of, known_us));
	}
	then->merged = person->merged;
	then->n_merged = person->n_merged;
	then->erased = person->erased;
	if (person->erased)
		then->personal = NULL; /* a cleared field would bring an empty one back */
	return then;
}

/* A stored history, and behind it the rows that this call's earlier facts will bring. */
static struct history
history_pending(struct call *call, const char *person_id, const struct subject *subject)
{
	struct history history = history_of(call, person_id);
	if (subject != NULL && strcmp(subject->recorded_id, person_id) == 0)
		history_join(call_arena(call), &history, &subject->pending, 0);
	return history;
}

static struct history *
others_pending(struct call *call, const Mt__PersonRecord *person, const struct subject *subject)
{
	struct history *others = arena_alloc(call_arena(call), (person->n_merged + 1) * sizeof(*others));
	for (size_t i = 0; i < person->n_merged; i++)
		others[i] = history_pending(call, person->merged[i]->person_id, subject);
	return others;
}

static Mt__PersonRecord *
person_folded(struct call *call, const Mt__PersonRecord *person, const struct subject *subject, int32_t as_of,
	      int64_t known_us)
{
	struct history own = history_pending(call, person->person_id, subject);
	const struct history *others = others_pending(call, person, subject);
	return fold_joined(call_arena(call), person, own, others, as_of, known_us);
}

Mt__PersonRecord *
person_at(struct call *call, const Mt__PersonRecord *person, int32_t as_of, int64_t known_us)
{
	return person_folded(call, person, NULL, as_of, known_us);
}

Mt__PersonRecord *
subject_at(struct call *call, const struct subject *subject, int32_t as_of)
{
	return person_folded(call, subject->person, subject, as_of, INT64_MAX);
}

struct history
subject_history(struct call *call, const struct subject *subject)
{
	return history_pending(call, subject->recorded_id, subject);
}

struct history
subject_acting(struct call *call, const struct subject *subject)
{
	struct arena *arena = call_arena(call);
	const Mt__PersonRecord *person = subject->person;
	struct history *fills = arena_alloc(arena, (person->n_merged + 1) * sizeof(*fills));
	return history_joined(arena, person, history_pending(call, person->person_id, subject),
			      others_pending(call, person, subject), fills);
}

void
subject_pend(struct call *call, struct subject *subject, const Mt__PersonChange *change,
	     const ProtobufCBinaryData *event)
{
	struct arena *arena = call_arena(call);
	Mt__ChangeRecord *row = (Mt__ChangeRecord *)pb_new(&mt__change_record__descriptor, arena);
	row->person_id = (char *)subject->recorded_id;
	row->change = (Mt__PersonChange *)change;
	row->recorded_us = call_now_us(call);
	row->event = (ProtobufCBinaryData){event->len, arena_alloc(arena, EVENT_HASH_BYTES)};
	assert(event->len <= EVENT_HASH_BYTES);
	if (event->len > 0)
		memcpy(row->event.data, event->data, event->len);
	row->seq = UINT64_MAX; /* later than all that is stored */
	struct history one = {.rows = &row, .count = 1};
	history_join(arena, &subject->pending, &one, 0);
}

static struct history *
others_applied(struct apply *apply, const Mt__PersonRecord *person)
{
	struct history *others = arena_alloc(apply_arena(apply), (person->n_merged + 1) * sizeof(*others));
	for (size_t i = 0; i < person->n_merged; i++)
		others[i] = history_applied(apply, person->merged[i]->person_id);
	return others;
}

struct history
history_acting(struct apply *apply, const Mt__PersonRecord *person)
{
	struct arena *arena = apply_arena(apply);
	struct history *fills = arena_alloc(arena, (person->n_merged + 1) * sizeof(*fills));
	return history_joined(arena, person, history_applied(apply, person->person_id), others_applied(apply, person),
			      fills);
}

Mt__PersonRecord *
person_refold(struct apply *apply, const Mt__PersonRecord *person)
{
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	Mt__PersonRecord *now = fold_joined(apply_arena(apply), person, history_applied(apply, person->person_id),
					    others_applied(apply, person), today, INT64_MAX);
	now->merged_into = person->merged_into;
	now->renamed = person->renamed;
	if (person->merged_into[0] != '\0')
		now->state = MT__PERSON__STATE__MERGED;
	return now;
}

/* The row's number tells apart what one entry brings. */
void
history_put(struct apply *apply, const char *person_id, const Mt__PersonChange *change,
	    const ProtobufCBinaryData *event, uint64_t number)
{
	Mt__ChangeRecord row = MT__CHANGE_RECORD__INIT;
	row.person_id = (char *)person_id;
	row.change = (Mt__PersonChange *)change;
	row.recorded_us = apply_time_us(apply);
	row.event = *event;
	struct key key = history_key(id_known(person_id));
	key_u64(&key, apply_seq(apply));
	key_u32(&key, (uint32_t)number);
	apply_put(apply, &key, &row.base);
}
