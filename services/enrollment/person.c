/* services/enrollment/person.c
 *
 * Who serves, where, under which staff code. A person keeps one id for life; a staff
 * code is unique only within the authority that owns it, and one that was left behind by
 * a transfer stays an alias until somebody else is hired under it.
 *
 * Here are the keys of persons and staff codes, the questions people ask, and the apply
 * cases: a change becomes a row of the person's history, the record becomes what the
 * history now comes to (person_fold.c), and what hangs on the record follows
 * (person_settle.c). A change that lies ahead waits in the history; a timer folds again
 * on its day.
 *
 * Promise: the list of an authority holds each person who serves there exactly once, in an
 * order that stays the same, and whoever left service there, also once the staff code is
 * somebody else's. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/base/hash.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

struct key
person_key(struct id id)
{
	struct key key = key_of(TABLE_PERSON);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

/* A staff code says nothing where it is of the authority where the person serves: nearly always. */
void
person_whole(Mt__PersonRecord *person)
{
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		if (person->staff_codes[i]->authority_id[0] == '\0')
			person->staff_codes[i]->authority_id = person->authority_id;
	}
}

Mt__PersonRecord *
person_get(const struct call *call, struct id id)
{
	struct key key = person_key(id);
	Mt__PersonRecord *person = (Mt__PersonRecord *)call_record(call, &key, &mt__person_record__descriptor);
	if (person == NULL)
		return NULL;
	person_whole(person);
	person->renamed = false; /* apply alone asks */
	return person;
}

Mt__PersonRecord *
person_or_refuse(struct call *call, const char *person_id)
{
	struct id id;
	if (!call_id(call, "person_id", person_id, &id))
		return NULL;
	Mt__PersonRecord *person = person_get(call, id);
	if (person == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is unknown", person_id);
	return person;
}

void
person_key_staff(struct key *key, uint32_t locality, const char *staff_code)
{
	key_u32(key, locality);
	key_text(key, staff_code);
}

const char *
staff_code_of_key(const struct key *key)
{
	uint32_t locality;
	const char *staff_code;
	struct slice rest = slice_of(key->data + 1, key->size - 1);
	bool whole = key_read_u32(&rest, &locality) && key_read_text(&rest, &staff_code);
	assert(whole);
	return staff_code;
}

struct staff_row
staff_row_read(struct slice value)
{
	struct staff_row row = {.kind = STAFF_NONE};
	assert(value.size > 1);
	row.kind = (enum staff_kind)value.data[0];
	if (row.kind == STAFF_AWAITED) {
		row.parked = value.data[1];
		return row;
	}
	assert(value.size == 1 + ID_BYTES || (row.kind == STAFF_REPLACED && value.size > 1 + ID_BYTES));
	memcpy(row.person.bytes, value.data + 1, ID_BYTES);
	return row;
}

struct staff_row
staff_row_find(const struct store *store, uint32_t locality, const char *staff_code)
{
	struct key key = key_of(TABLE_STAFF_CODE);
	person_key_staff(&key, locality, staff_code);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return (struct staff_row){.kind = STAFF_NONE};
	return staff_row_read(value);
}

/* Codes of what was merged into the authority lead on, unless two of them have the same. */
struct staff_row
staff_row_reached(const struct store *store, const Mt__AuthorityRecord *authority, const char *staff_code)
{
	struct staff_row own = staff_row_find(store, authority->locality, staff_code);
	struct id ids[TREE_MERGED_MAX];
	if (own.kind != STAFF_NONE)
		return own;
	size_t count = tree_merged(store, authority->authority_id, ids, TREE_MERGED_MAX);
	struct staff_row found = own;
	for (size_t i = 1; i < count; i++) {
		struct staff_row row = staff_row_find(store, id_locality(ids[i]), staff_code);
		if (row.kind == STAFF_NONE || row.kind == STAFF_AWAITED)
			continue;
		if (found.kind != STAFF_NONE)
			return own;
		found = row;
	}
	return found;
}

void
staff_row_put(struct apply *apply, uint32_t locality, const char *staff_code, const struct staff_row *row)
{
	struct key key = key_of(TABLE_STAFF_CODE);
	person_key_staff(&key, locality, staff_code);
	uint8_t value[1 + ID_BYTES] = {(uint8_t)row->kind};
	if (row->kind == STAFF_AWAITED) {
		value[1] = (uint8_t)row->parked;
		apply_put_bytes(apply, &key, slice_of(value, 2));
		return;
	}
	memcpy(value + 1, row->person.bytes, ID_BYTES);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
person_timers_due(Mt__PersonTimers_Service *service, const Mt__PersonDue *in, Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	Mt__PersonChangeTookEffect fact = MT__PERSON_CHANGE_TOOK_EFFECT__INIT;
	fact.person_id = in->person_id;
	fact.effective_date = in->effective_date;
	call_emit(call, &fact.base);
	reply(&noted, call);
}

Mt__PersonTimers_Service person_timers_handlers = MT__PERSON_TIMERS__INIT(person_timers_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

Mt__PersonRecord *
person_known(struct apply *apply, const char *person_id)
{
	struct key key = person_key(id_known(person_id));
	Mt__PersonRecord *person = apply_record(apply, &key, &mt__person_record__descriptor);
	assert(person != NULL);
	person_whole(person);
	return person;
}

static int32_t
apply_today(const struct apply *apply)
{
	return date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
}

/* True if the change takes effect later; a timer will fold again on its day. */
static bool
change_lies_ahead(struct apply *apply, const char *person_id, const Mt__PersonChange *change)
{
	int32_t date;
	if (!date_parse(change->effective_date, &date) || date <= apply_today(apply))
		return false;
	Mt__PersonDue due = MT__PERSON_DUE__INIT;
	due.person_id = (char *)person_id;
	due.effective_date = change->effective_date;
	apply_timer_set(apply, date_begins_us(date, apply_zone_minutes(apply)), "PersonTimers.Due", person_id,
			&due.base);
	return true;
}

void
person_hired_whole(const Mt__PersonHired *fact)
{
	fact->change->authority_id = fact->authority_id;
	fact->change->staff_code = fact->staff_code;
}

void
person_changed_whole(const Mt__PersonChanged *fact)
{
	if (fact->change->from_authority_id[0] == '\0')
		fact->change->from_authority_id = fact->authority_id;
}

static void
apply_hired(struct apply *apply, const Mt__PersonHired *fact)
{
	person_hired_whole(fact);
	Mt__PersonRecord *person = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, apply_arena(apply));
	person->person_id = fact->person_id;
	history_put(apply, fact->person_id, fact->change, &fact->event, 1);
	person_step(apply_arena(apply), person, fact->change);
	if (change_lies_ahead(apply, fact->person_id, fact->change))
		person->state = MT__PERSON__STATE__NOT_YET;
	else
		person_flow(apply, fact->change, 1);
	person_settle(apply, NULL, person, false);
}

/* Whose record shows what is recorded for this one. */
static Mt__PersonRecord *
person_shown(struct apply *apply, Mt__PersonRecord *person)
{
	return person->merged_into[0] != '\0' ? person_known(apply, person->merged_into) : person;
}

/* A correction moves what was counted when the event came; of a transfer also what followed it, which may have left
 * from elsewhere. */
static void
correction_count(struct apply *apply, const char *person_id, const Mt__PersonChange *correction, int64_t delta)
{
	struct effect *effects;
	struct history history = history_applied(apply, person_id);
	size_t count = history_effects(apply_arena(apply), &history, INT64_MAX, &effects);
	const struct effect *target = history_target(apply_arena(apply), &history, &correction->corrects);
	if (target == NULL)
		return;
	bool moves = target->change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED;
	for (size_t i = 0; i < count; i++) {
		bool concerned = moves || effects[i].row == target->row;
		if (concerned && !effects[i].withdrawn && effects[i].date <= apply_today(apply))
			person_flow(apply, effects[i].change, delta);
	}
}

static bool
in_order(const Mt__PersonRecord *before, const Mt__PersonChange *change)
{
	return change->corrects.len == 0 && before->n_merged == 0 && before->merged_into[0] == '\0' &&
	       before->state != MT__PERSON__STATE__NOT_YET &&
	       strcmp(change->effective_date, before->effective_date) >= 0;
}

static void
apply_changed(struct apply *apply, const Mt__PersonChanged *fact)
{
	person_changed_whole(fact);
	const Mt__PersonChange *change = fact->change;
	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	Mt__PersonRecord *shown = person_shown(apply, person);
	bool corrects = change->corrects.len > 0;
	bool ahead = change_lies_ahead(apply, fact->person_id, change);
	bool moves = !ahead && in_order(shown, change) && past_only_moves(shown, change);
	bool grows = past_grows(change) && !moves;
	struct past was;
	struct past merged_was;
	if (grows)
		past_of(apply, shown, &was);
	if (grows && shown != person)
		past_of(apply, person, &merged_was);
	if (corrects) {
		correction_count(apply, fact->person_id, change, -1);
		staff_rows_unexpect(apply, shown);
	}
	history_put(apply, fact->person_id, change, &fact->event, person->version + 1);
	if (corrects)
		correction_count(apply, fact->person_id, change, 1);
	person->version++;
	if (!ahead && !corrects)
		person_flow(apply, change, 1);

	Mt__PersonRecord *after = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, apply_arena(apply));
	if (shown != person) {
		past_follow(apply, person, grows ? &merged_was : NULL, person);
		person_put(apply, person);
	}
	if (ahead && !corrects)
		*after = *shown;
	else if (in_order(shown, change)) {
		*after = *shown;
		person_step(apply_arena(apply), after, change);
	} else {
		after = person_refold(apply, shown);
	}
	after->version = shown == person ? person->version : shown->version + 1;
	if (!moves)
		past_follow(apply, shown, grows ? &was : NULL, after);
	person_settle(apply, shown, after, moves);
	if (corrects) {
		staff_rows_expect(apply, after);
		event_again_for(apply, after);
	} else if (ahead && change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED) {
		staff_row_expect(apply, after, change);
	}
}

/* What was recorded on the day itself was counted then. */
static void
count_effects(struct apply *apply, const char *person_id, int32_t day)
{
	struct history history = history_applied(apply, person_id);
	struct effect *effects;
	size_t count = history_effects(apply_arena(apply), &history, INT64_MAX, &effects);
	int64_t begins_us = date_begins_us(day, apply_zone_minutes(apply));
	for (size_t i = 0; i < count; i++) {
		if (!effects[i].withdrawn && effects[i].date == day && effects[i].recorded_us < begins_us)
			person_flow(apply, effects[i].change, 1);
	}
}

static void
apply_took_effect(struct apply *apply, const Mt__PersonChangeTookEffect *fact)
{
	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	Mt__PersonRecord *shown = person_shown(apply, person);
	int32_t day;
	bool is_date = date_parse(fact->effective_date, &day);
	assert(is_date);
	count_effects(apply, fact->person_id, day);
	Mt__PersonRecord *after = person_refold(apply, shown);
	after->version = shown->version;
	past_follow(apply, shown, NULL, after);
	person_settle(apply, shown, after, false);
	event_again_for(apply, after);
}

void
person_refresh(struct apply *apply, Mt__PersonRecord *before, Mt__PersonRecord *changed)
{
	struct past was;
	past_of(apply, before, &was);
	staff_rows_unexpect(apply, before);
	Mt__PersonRecord *after = person_refold(apply, changed);
	after->version = before->version + 1;
	past_follow(apply, before, &was, after);
	person_settle(apply, before, after, false);
	staff_rows_expect(apply, after);
}

void
person_apply(struct apply *apply, const Mt__PersonFact *fact)
{
	switch (fact->kind_case) {
	case MT__PERSON_FACT__KIND_PERSON_HIRED:
		apply_hired(apply, fact->person_hired);
		return;
	case MT__PERSON_FACT__KIND_PERSON_CHANGED:
		apply_changed(apply, fact->person_changed);
		return;
	case MT__PERSON_FACT__KIND_PERSON_CHANGE_TOOK_EFFECT:
		apply_took_effect(apply, fact->person_change_took_effect);
		return;
	case MT__PERSON_FACT__KIND_PERSONS_MERGED:
		duplicate_apply_merged(apply, fact->persons_merged);
		return;
	case MT__PERSON_FACT__KIND_PERSONS_SPLIT:
		duplicate_apply_split(apply, fact->persons_split);
		return;
	case MT__PERSON_FACT__KIND_PERSON_ERASED:
		person_apply_erased(apply, fact->person_erased);
		return;
	case MT__PERSON_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a person fact of no kind");
}
