/* services/enrollment/person_effect.c
 *
 * The changes of a history as they count. A correction that names an event takes part in
 * that event's row: its fields replace the row's, or the row falls away. A transfer may so
 * come to have led elsewhere, or never to have been; whoever was thought to leave from there
 * meanwhile left from where they were, and the figures of departures follow.
 *
 * Rows are never rewritten: what is corrected is a copy. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

static int32_t
change_date(const Mt__PersonChange *change)
{
	int32_t date;
	return date_parse(change->effective_date, &date) ? date : DATE_NONE;
}

/* Whether the correction gives a value to a field that may be cleared. */
static bool
sets_field(const Mt__PersonChange *correction, const char *field)
{
	static const Mt__Personal nobody = MT__PERSONAL__INIT;
	const Mt__Personal *personal = correction->personal != NULL ? correction->personal : &nobody;
	const struct {
		const char *name;
		bool set;
	} fields[] = {
		{"position", correction->position[0] != '\0'},
		{"rank", correction->rank[0] != '\0'},
		{"unit", correction->unit[0] != '\0'},
		{"supervisor", correction->supervisor[0] != '\0'},
		{"email", personal->email[0] != '\0'},
		{"phone", personal->phone[0] != '\0'},
		{"citizenId", personal->citizen_id[0] != '\0'},
		{"birthDate", personal->birth_date[0] != '\0'},
		{"parts", correction->n_parts > 0},
		{"qualifications", correction->n_qualifications > 0},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(field, fields[i].name) == 0)
			return fields[i].set;
	}
	return false;
}

/* What either clears, but for what the correction gives a value. */
static void
clear_overlaid(struct arena *arena, Mt__PersonChange *result, const Mt__PersonChange *change,
	       const Mt__PersonChange *correction)
{
	result->clear = arena_alloc(arena, (change->n_clear + correction->n_clear + 1) * sizeof(*result->clear));
	result->n_clear = 0;
	for (size_t i = 0; i < change->n_clear; i++) {
		if (!sets_field(correction, change->clear[i]))
			result->clear[result->n_clear++] = change->clear[i];
	}
	for (size_t i = 0; i < correction->n_clear; i++) {
		if (!sets_field(correction, correction->clear[i]))
			result->clear[result->n_clear++] = correction->clear[i];
	}
}

/* The change with the correction's fields in the place of its own. */
static const Mt__PersonChange *
change_overlaid(struct arena *arena, const Mt__PersonChange *change, const Mt__PersonChange *correction)
{
	Mt__PersonChange *result = (Mt__PersonChange *)pb_new(&mt__person_change__descriptor, arena);
	*result = *change;
	if (correction->category != MT__PERSON__CATEGORY__UNSPECIFIED)
		result->category = correction->category;
	text_changed(&result->position, correction->position);
	text_changed(&result->rank, correction->rank);
	text_changed(&result->unit, correction->unit);
	text_changed(&result->supervisor, correction->supervisor);
	text_changed(&result->effective_date, correction->effective_date);
	text_changed(&result->authority_id, correction->authority_id);
	text_changed(&result->staff_code, correction->staff_code);
	if (correction->n_parts > 0) {
		result->parts = correction->parts;
		result->n_parts = correction->n_parts;
	}
	if (correction->n_qualifications > 0) {
		result->qualifications = correction->qualifications;
		result->n_qualifications = correction->n_qualifications;
	}
	if (correction->personal != NULL)
		result->personal = personal_changed(arena, change->personal, correction->personal);
	clear_overlaid(arena, result, change, correction);
	return result;
}

static bool
is_correction_of_event(const Mt__PersonChange *change)
{
	return change->kind == MT__PERSON_CHANGE__KIND__CORRECTED && change->corrects.len > 0;
}

static bool
same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
	return a->len > 0 && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool
is_transfer(const struct effect *effect)
{
	return effect->change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED;
}

/* Where a transfer leaves the person: nowhere else, if it never was. */
static char *
transfer_leads_to(const struct effect *effect)
{
	return effect->withdrawn ? effect->change->from_authority_id : effect->change->authority_id;
}

/* The day of the next transfer that counts: who left from there afterwards left from somewhere else. */
static int32_t
next_transfer_on(const struct effect *effects, size_t count, const struct effect *transfer)
{
	int32_t next = INT32_MAX;
	for (size_t i = 0; i < count; i++) {
		if (&effects[i] != transfer && is_transfer(&effects[i]) && !effects[i].withdrawn &&
		    effects[i].date >= transfer->date && effects[i].date < next)
			next = effects[i].date;
	}
	return next;
}

/* What was decided while the person was thought to serve where the transfer led before was of where it leads now. */
static void
effects_leave_from(struct arena *arena, struct effect *effects, size_t count, const struct effect *transfer,
		   const char *before)
{
	char *now = transfer_leads_to(transfer);
	int32_t until = next_transfer_on(effects, count, transfer);
	if (strcmp(before, now) == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		bool between = effects[i].date >= transfer->date && effects[i].date <= until;
		if (&effects[i] == transfer || !between || strcmp(effects[i].change->from_authority_id, before) != 0)
			continue;
		Mt__PersonChange *copy = (Mt__PersonChange *)pb_new(&mt__person_change__descriptor, arena);
		*copy = *effects[i].change;
		copy->from_authority_id = now;
		effects[i].change = copy;
	}
}

static void
effects_correct(struct arena *arena, struct effect *effects, size_t count, const Mt__ChangeRecord *correction)
{
	for (size_t i = 0; i < count; i++) {
		if (!same_bytes(&effects[i].row->event, &correction->change->corrects))
			continue;
		const char *led_to = transfer_leads_to(&effects[i]);
		effects[i].withdrawn = correction->change->withdrawn;
		effects[i].change = change_overlaid(arena, effects[i].change, correction->change);
		effects[i].date = change_date(effects[i].change);
		effects[i].recorded_us = correction->recorded_us;
		if (is_transfer(&effects[i]))
			effects_leave_from(arena, effects, count, &effects[i], led_to);
	}
}

/* By date; rows of one date stay in the order in which they were recorded. */
static void
effects_sort(struct effect *effects, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct effect effect = effects[i];
		size_t at = i;
		for (; at > 0 && effects[at - 1].date > effect.date; at--)
			effects[at] = effects[at - 1];
		effects[at] = effect;
	}
}

size_t
history_effects(struct arena *arena, const struct history *history, int64_t known_us, struct effect **out)
{
	struct effect *effects = arena_alloc(arena, (history->count + 1) * sizeof(*effects));
	size_t count = 0;
	for (size_t i = 0; i < history->count; i++) {
		const Mt__ChangeRecord *row = history->rows[i];
		if (row->recorded_us > known_us)
			continue;
		if (is_correction_of_event(row->change))
			effects_correct(arena, effects, count, row);
		else
			effects[count++] = (struct effect){
				.row = row,
				.change = row->change,
				.date = change_date(row->change),
				.recorded_us = row->recorded_us,
			};
	}
	effects_sort(effects, count);
	*out = effects;
	return count;
}

const struct effect *
history_target(struct arena *arena, const struct history *history, const ProtobufCBinaryData *event)
{
	struct effect *effects;
	size_t count = history_effects(arena, history, INT64_MAX, &effects);
	for (size_t i = 0; i < count; i++) {
		if (same_bytes(&effects[i].row->event, event))
			return &effects[i];
	}
	return NULL;
}

const struct effect *
history_effect(struct arena *arena, const struct history *history, const ProtobufCBinaryData *event)
{
	const struct effect *effect = history_target(arena, history, event);
	return effect != NULL && effect->withdrawn ? NULL : effect;
}
