/* services/enrollment/person_settle.c
 *
 * What hangs on a person's record: the row itself, the staff codes that lead to it, the
 * figures, the rows for search, look-up and duplicates. Whatever changed the record, a
 * step, a fold or a merge, ends here with what was and what is, and only the difference
 * is written. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

static const Mt__StaffCode *
current_code(const Mt__PersonRecord *person)
{
	return person != NULL && person->n_staff_codes > 0 ? person->staff_codes[0] : NULL;
}

static bool
same_code(const Mt__StaffCode *a, const Mt__StaffCode *b)
{
	return a != NULL && b != NULL && strcmp(a->code, b->code) == 0 && strcmp(a->authority_id, b->authority_id) == 0;
}

static bool
same_person(struct id a, struct id b)
{
	return memcmp(a.bytes, b.bytes, ID_BYTES) == 0;
}

/* A code that somebody else has is taken from who no longer serves; an alias is never taken back. */
static bool
may_take(struct apply *apply, const struct staff_row *held, enum staff_kind kind, struct id person)
{
	if (held->kind == STAFF_NONE || held->kind == STAFF_AWAITED || same_person(held->person, person))
		return true;
	if (kind == STAFF_FORMER)
		return false;
	const Mt__PersonRecord *holder =
		person_known(apply, id_text(apply_arena(apply), slice_of(held->person.bytes, ID_BYTES)));
	return held->kind == STAFF_FORMER ||
	       (!person_in_service(holder) && holder->state != MT__PERSON__STATE__NOT_YET);
}

static struct key
code_key(uint32_t locality, const char *code)
{
	struct key key = key_of(TABLE_STAFF_CODE);
	person_key_staff(&key, locality, code);
	return key;
}

/* Behind the code's own row, where lists of the authority come by. */
static struct key
replaced_key(uint32_t locality, const char *code, struct id person)
{
	struct key key = code_key(locality, code);
	struct key whose = person_key(person);
	key_bytes(&key, slice_of(whose.data + 1, whose.size - 1));
	return key;
}

enum { REPLACED_BYTES = 1 + ID_BYTES + sizeof(uint64_t) }; /* kind, person, entry that replaced them */

static void
replaced_put(struct apply *apply, uint32_t locality, const char *code, struct id person)
{
	uint8_t value[REPLACED_BYTES] = {STAFF_REPLACED};
	struct key key = replaced_key(locality, code, person);
	if (store_has(apply_store(apply), key_slice(&key)))
		return;
	memcpy(value + 1, person.bytes, ID_BYTES);
	put_u64(value + 1 + ID_BYTES, apply_seq(apply));
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

static void
replaced_delete(struct apply *apply, uint32_t locality, const char *code, struct id person)
{
	struct key key = replaced_key(locality, code, person);
	if (store_has(apply_store(apply), key_slice(&key)))
		apply_delete(apply, &key);
}

/* Whoever the code was taken from last; false if from nobody. */
static bool
replaced_last(struct apply *apply, uint32_t locality, const char *code, struct id *person)
{
	uint64_t last = 0;
	struct key prefix = code_key(locality, code);
	struct store_walk walk = store_walk_after(apply_store(apply), key_slice(&prefix), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		uint64_t seq = get_u64(walk.value.data + 1 + ID_BYTES);
		if (seq <= last)
			continue;
		last = seq;
		*person = staff_row_read(walk.value).person;
	}
	return last > 0;
}

static void
code_put(struct apply *apply, const Mt__StaffCode *code, enum staff_kind kind, const char *person_id)
{
	struct staff_row row = {.kind = kind, .person = id_known(person_id)};
	uint32_t locality = id_locality(id_known(code->authority_id));
	struct staff_row held = staff_row_find(apply_store(apply), locality, code->code);
	bool another = held.kind != STAFF_NONE && held.kind != STAFF_AWAITED && !same_person(held.person, row.person);
	if (!may_take(apply, &held, kind, row.person)) {
		if (kind != STAFF_EXPECTED)
			replaced_put(apply, locality, code->code, row.person);
		return;
	}
	if (another && held.kind != STAFF_EXPECTED)
		replaced_put(apply, locality, code->code, held.person);
	if (another || held.kind == STAFF_AWAITED)
		replaced_delete(apply, locality, code->code, row.person);
	staff_row_put(apply, locality, code->code, &row);
}

/* Who waited for the one expected under a code waits on for whoever comes. */
static uint32_t
code_parked(struct apply *apply, uint32_t locality, const char *code)
{
	uint32_t parked = 0;
	struct key prefix;
	event_parked_key(&prefix, locality, code);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (parked < UINT8_MAX && store_walk_next(&walk))
		parked++;
	return parked;
}

/* Whether the person serves, or served last, under just this code. */
static bool
is_current_code(const Mt__PersonRecord *person, uint32_t locality, const char *code)
{
	const Mt__StaffCode *current = current_code(person);
	return current != NULL && id_locality(id_known(current->authority_id)) == locality &&
	       strcmp(current->code, code) == 0;
}

void
staff_row_free(struct apply *apply, uint32_t locality, const char *code)
{
	struct key key = code_key(locality, code);
	struct staff_row row = {.kind = STAFF_AWAITED, .parked = code_parked(apply, locality, code)};
	if (row.parked > 0) {
		staff_row_put(apply, locality, code, &row);
	} else if (replaced_last(apply, locality, code, &row.person)) {
		const Mt__PersonRecord *person =
			person_known(apply, id_text(apply_arena(apply), slice_of(row.person.bytes, ID_BYTES)));
		row.kind = is_current_code(person, locality, code) ? STAFF_CURRENT : STAFF_FORMER;
		replaced_delete(apply, locality, code, row.person);
		staff_row_put(apply, locality, code, &row);
	} else {
		apply_delete(apply, &key);
	}
}

static bool
has_code(const Mt__PersonRecord *person, const Mt__StaffCode *code)
{
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		if (same_code(person->staff_codes[i], code))
			return true;
	}
	return false;
}

/* A code that a correction took away leads nowhere any more. */
static void
codes_drop(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	struct id id = id_known(after->person_id);
	for (size_t i = 0; i < before->n_staff_codes; i++) {
		const Mt__StaffCode *code = before->staff_codes[i];
		uint32_t locality = id_locality(id_known(code->authority_id));
		if (has_code(after, code))
			continue;
		struct staff_row row = staff_row_find(apply_store(apply), locality, code->code);
		if (row.kind != STAFF_NONE && row.kind != STAFF_AWAITED && same_person(row.person, id))
			staff_row_free(apply, locality, code->code);
		else
			replaced_delete(apply, locality, code->code, id);
	}
}

static bool
same_codes(const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	bool same = before->n_staff_codes == after->n_staff_codes;
	for (size_t i = 0; same && i < after->n_staff_codes; i++)
		same = same_code(before->staff_codes[i], after->staff_codes[i]);
	return same;
}

static void
settle_codes(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	if (before != NULL && same_codes(before, after))
		return;
	if (before != NULL)
		codes_drop(apply, before, after);
	for (size_t i = after->n_staff_codes; i > 0; i--)
		code_put(apply, after->staff_codes[i - 1], i == 1 ? STAFF_CURRENT : STAFF_FORMER, after->person_id);
}

void
staff_row_expect(struct apply *apply, const Mt__PersonRecord *person, const Mt__PersonChange *change)
{
	Mt__StaffCode code = MT__STAFF_CODE__INIT;
	code.authority_id = change->authority_id;
	code.code = change->staff_code;
	if (!has_code(person, &code))
		code_put(apply, &code, STAFF_EXPECTED, person->person_id);
}

void
staff_rows_unexpect(struct apply *apply, const Mt__PersonRecord *person)
{
	struct id id = id_known(person->person_id);
	struct history history = history_acting(apply, person);
	struct effect *effects;
	size_t count = history_effects(apply_arena(apply), &history, INT64_MAX, &effects);
	for (size_t i = 0; i < count; i++) {
		const Mt__PersonChange *change = effects[i].change;
		if (change->kind != MT__PERSON_CHANGE__KIND__TRANSFERRED)
			continue;
		uint32_t locality = id_locality(id_known(change->authority_id));
		struct staff_row row = staff_row_find(apply_store(apply), locality, change->staff_code);
		if (row.kind == STAFF_EXPECTED && same_person(row.person, id))
			staff_row_free(apply, locality, change->staff_code);
	}
}

void
staff_rows_expect(struct apply *apply, const Mt__PersonRecord *person)
{
	if (person->merged_into[0] != '\0')
		return;
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	struct history history = history_acting(apply, person);
	struct effect *effects;
	size_t count = history_effects(apply_arena(apply), &history, INT64_MAX, &effects);
	for (size_t i = 0; i < count; i++) {
		if (!effects[i].withdrawn && effects[i].date > today &&
		    effects[i].change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED)
			staff_row_expect(apply, person, effects[i].change);
	}
}

static void
count_active(struct apply *apply, const Mt__PersonRecord *person, int64_t delta)
{
	if (person != NULL && person_in_service(person))
		metric_stock(apply, METRIC_PERSONS_ACTIVE, person->authority_id, metric_category(person->category),
			     delta);
}

void
person_put(struct apply *apply, const Mt__PersonRecord *person)
{
	struct key key = person_key(id_known(person->person_id));
	Mt__PersonRecord row = *person;
	row.staff_codes = arena_alloc(apply_arena(apply), (person->n_staff_codes + 1) * sizeof(*row.staff_codes));
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		Mt__StaffCode *code = (Mt__StaffCode *)pb_new(&mt__staff_code__descriptor, apply_arena(apply));
		code->code = person->staff_codes[i]->code;
		if (strcmp(person->staff_codes[i]->authority_id, person->authority_id) != 0)
			code->authority_id = person->staff_codes[i]->authority_id;
		row.staff_codes[i] = code;
	}
	apply_put(apply, &key, &row.base);
}

void
person_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after, bool moves)
{
	person_put(apply, after);
	settle_codes(apply, before, after);
	count_active(apply, before, -1);
	count_active(apply, after, 1);
	search_settle(apply, before, after, moves);
	duplicate_settle(apply, before, after);
	freshness_settle(apply, before, after);
}

void
person_flow(struct apply *apply, const Mt__PersonChange *change, int64_t delta)
{
	switch (change->kind) {
	case MT__PERSON_CHANGE__KIND__HIRED:
		metric_flow_on(apply, METRIC_PERSONS_HIRED, change->authority_id, "", change->effective_date, delta);
		return;
	case MT__PERSON_CHANGE__KIND__TRANSFERRED:
		metric_flow_on(apply, METRIC_PERSONS_TRANSFERRED, change->from_authority_id, "", change->effective_date,
			       delta);
		return;
	case MT__PERSON_CHANGE__KIND__RETIRED:
		metric_flow_on(apply, METRIC_PERSONS_RETIRED, change->from_authority_id, "", change->effective_date,
			       delta);
		return;
	case MT__PERSON_CHANGE__KIND__RESIGNED:
		metric_flow_on(apply, METRIC_PERSONS_LEFT, change->from_authority_id, "resigned",
			       change->effective_date, delta);
		return;
	case MT__PERSON_CHANGE__KIND__DISMISSED:
		metric_flow_on(apply, METRIC_PERSONS_LEFT, change->from_authority_id, "dismissed",
			       change->effective_date, delta);
		return;
	case MT__PERSON_CHANGE__KIND__DECEASED:
		metric_flow_on(apply, METRIC_PERSONS_LEFT, change->from_authority_id, "deceased",
			       change->effective_date, delta);
		return;
	case MT__PERSON_CHANGE__KIND__UPDATED:
	case MT__PERSON_CHANGE__KIND__APPOINTED:
	case MT__PERSON_CHANGE__KIND__SECONDED:
	case MT__PERSON_CHANGE__KIND__RETURNED:
	case MT__PERSON_CHANGE__KIND__ROTATED:
	case MT__PERSON_CHANGE__KIND__PROMOTED:
	case MT__PERSON_CHANGE__KIND__LEAVE_BEGUN:
	case MT__PERSON_CHANGE__KIND__LEAVE_ENDED:
	case MT__PERSON_CHANGE__KIND__QUALIFICATION_GAINED:
	case MT__PERSON_CHANGE__KIND__SUSPENDED:
	case MT__PERSON_CHANGE__KIND__CORRECTED:
	case MT__PERSON_CHANGE__KIND__REGISTERED:
	case MT__PERSON_CHANGE__KIND__NO_KIND:
		return;
	}
}
