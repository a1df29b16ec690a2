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
	key.data[0] = TABLE_HISTORY;
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

Mt__PersonRecord *
person_at(struct call *call, const Mt__PersonRecord *person, int32_t as_of, int64_t known_us)
{
	struct arena *arena = call_arena(call);
	struct history history = history_of(call, person->person_id);
	for (size_t i = 0; i < person->n_merged; i++) {
		struct history other = history_of(call, person->merged[i]->person_id);
		history_join(arena, &history, &other, person->merged[i]->seq);
	}
	Mt__PersonRecord *then = person_fold(arena, person->person_id, &history, as_of, known_us);
	for (size_t i = 0; i < person->n_merged; i++) {
		if (person->merged[i]->recorded_us > known_us)
			continue;
		struct history other = history_of(call, person->merged[i]->person_id);
		person_fill(arena, then, person_fold(arena, "", &other, as_of, person->merged[i]->recorded_us));
	}
	then->merged = person->merged;
	then->n_merged = person->n_merged;
	then->erased = person->erased;
	if (person->erased)
		then->personal = NULL; /* a cleared field would bring an empty one back */
	return then;
}

Mt__PersonRecord *
person_refold(struct apply *apply, const Mt__PersonRecord *person)
{
	struct arena *arena = apply_arena(apply);
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	struct history history = history_applied(apply, person->person_id);
	for (size_t i = 0; i < person->n_merged; i++) {
		struct history other = history_applied(apply, person->merged[i]->person_id);
		history_join(arena, &history, &other, person->merged[i]->seq);
	}
	Mt__PersonRecord *now = person_fold(arena, person->person_id, &history, today, INT64_MAX);
	for (size_t i = 0; i < person->n_merged; i++) {
		struct history other = history_applied(apply, person->merged[i]->person_id);
		person_fill(arena, now, person_fold(arena, "", &other, today, person->merged[i]->recorded_us));
	}
	now->merged = person->merged;
	now->n_merged = person->n_merged;
	now->merged_into = person->merged_into;
	now->erased = person->erased;
	if (person->erased)
		now->personal = NULL;
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
