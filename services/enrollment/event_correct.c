/* services/enrollment/event_correct.c
 *
 * What may be corrected of an event, and by whom. Fields anybody corrects of what they said
 * themselves; what takes a person elsewhere, out of service or back is corrected by those
 * where the person serves, and nobody gets a person back by it from somebody else. So a
 * transfer that was wrong is corrected by who received it: it never was, or it led
 * elsewhere. No correction takes a staff code from whoever has it by now. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"

#include <assert.h>

static bool
moves_place_or_state(const Mt__PersonChange *change)
{
	switch (change->kind) {
	case MT__PERSON_CHANGE__KIND__UPDATED:
	case MT__PERSON_CHANGE__KIND__APPOINTED:
	case MT__PERSON_CHANGE__KIND__ROTATED:
	case MT__PERSON_CHANGE__KIND__PROMOTED:
	case MT__PERSON_CHANGE__KIND__QUALIFICATION_GAINED:
	case MT__PERSON_CHANGE__KIND__CORRECTED:
		return false;
	case MT__PERSON_CHANGE__KIND__HIRED:
	case MT__PERSON_CHANGE__KIND__REGISTERED:
	case MT__PERSON_CHANGE__KIND__TRANSFERRED:
	case MT__PERSON_CHANGE__KIND__SECONDED:
	case MT__PERSON_CHANGE__KIND__RETURNED:
	case MT__PERSON_CHANGE__KIND__LEAVE_BEGUN:
	case MT__PERSON_CHANGE__KIND__LEAVE_ENDED:
	case MT__PERSON_CHANGE__KIND__SUSPENDED:
	case MT__PERSON_CHANGE__KIND__RETIRED:
	case MT__PERSON_CHANGE__KIND__RESIGNED:
	case MT__PERSON_CHANGE__KIND__DISMISSED:
	case MT__PERSON_CHANGE__KIND__DECEASED:
	case MT__PERSON_CHANGE__KIND__NO_KIND:
		return true;
	}
	return true;
}

static bool
is_withdrawn_or_back(const struct effect *target, const Mt__PersonChange *correction)
{
	return target->withdrawn || correction->withdrawn;
}

static bool
is_led_elsewhere(const Mt__PersonChange *correction)
{
	return correction->staff_code[0] != '\0';
}

static bool
is_dated_anew(const struct effect *target, const Mt__PersonChange *correction)
{
	return correction->effective_date[0] != '\0' &&
	       strcmp(correction->effective_date, target->change->effective_date) != 0;
}

/* Whoever let somebody go corrects the fields of what it said, and moves nobody by it. */
static bool
check_former(const struct call *call, const struct subject *subject, const char *authority_id,
	     const struct effect *target, const Mt__PersonChange *correction, struct verdict *verdict)
{
	if (tree_covers(call_store(call), authority_id, subject->person->authority_id) ||
	    !moves_place_or_state(target->change))
		return true;
	if (!is_withdrawn_or_back(target, correction) && !is_dated_anew(target, correction) &&
	    !is_led_elsewhere(correction))
		return true;
	return verdict_reject(verdict, "subject", "transferred_away",
			      "the person serves another authority now, which alone may move them");
}

/* Of what another source said, the receiver of a transfer corrects just that; only a transfer leads elsewhere. */
static bool
check_transfer_corrected(const struct call *call, const char *authority_id, const struct effect *target,
			 const struct change *change, struct verdict *verdict)
{
	bool transfer = target->change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED;
	if (change->corrects_other_source &&
	    (!transfer || !tree_covers(call_store(call), authority_id, target->change->authority_id)))
		return verdict_reject(verdict, "data.eventSource", "not_the_receiver",
				      "data.eventId of another source is no transfer to the authority of the source");
	if (is_led_elsewhere(change->body) && !transfer)
		return verdict_reject(verdict, "data.toStaffCode", "not_a_transfer",
				      "data.eventId names no transfer, which alone leads elsewhere");
	return true;
}

/* Without a day of its own a correction is true from the corrected event's, and its codes are those of that day. */
static bool
check_corrected_codes(struct call *call, const struct effect *target, const struct change *change,
		      struct verdict *verdict)
{
	char date[DATE_TEXT_BYTES];
	if (change->body->effective_date[0] != '\0' || target->withdrawn)
		return true;
	date_format(target->date, date);
	return code_list_check(call, change, date, verdict);
}

/* Nothing that counts may come to stand before the first day, nor the first day after it. */
static bool
check_order_after(struct call *call, const struct subject *after, const struct change *change, struct verdict *verdict)
{
	struct history history = subject_history(call, after);
	struct effect *effects;
	size_t count = history_effects(call_arena(call), &history, INT64_MAX, &effects);
	const struct effect *target = history_target(call_arena(call), &history, &change->body->corrects);
	assert(target != NULL);
	int32_t begins = DATE_NONE;
	for (size_t i = 0; i < count && begins == DATE_NONE; i++) {
		if (!effects[i].withdrawn && person_begins_service(effects[i].change))
			begins = effects[i].date;
	}
	bool moved_first = person_begins_service(target->change);
	for (size_t i = 0; i < count && begins != DATE_NONE && !target->withdrawn; i++) {
		bool concerned = moved_first || effects[i].row == target->row;
		if (concerned && !effects[i].withdrawn && effects[i].date < begins &&
		    effects[i].change->kind != MT__PERSON_CHANGE__KIND__CORRECTED)
			return verdict_reject(verdict, "data.effectiveDate", "before_hire",
					      "a change would lie before the person's first day of service");
	}
	return true;
}

/* A code that the correction gives back, or takes ahead, must not be somebody else's by now. */
static bool
check_codes_after(struct call *call, const struct subject *after, struct arrivals *arrivals, struct verdict *verdict)
{
	const struct verdict held = {
		.field = "data.eventId",
		.code = "already_exists",
		.message = "somebody else is in service under the staff code that the correction gives back",
	};
	const Mt__PersonRecord *person = after->person;
	const struct staff_row none = {.kind = STAFF_NONE};
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		const Mt__StaffCode *code = person->staff_codes[i];
		bool serves = i == 0 && (person_in_service(person) || person->state == MT__PERSON__STATE__NOT_YET);
		struct staff_row row = none;
		if (!serves)
			row = staff_row_find(call_store(call), id_locality(id_known(code->authority_id)), code->code);
		if ((serves || row.kind == STAFF_AWAITED) &&
		    !event_check_code_free(call, person->person_id, code->authority_id, code->code, arrivals, &held,
					   verdict))
			return false;
	}
	struct history history = subject_acting(call, after);
	struct effect *effects;
	size_t count = history_effects(call_arena(call), &history, INT64_MAX, &effects);
	for (size_t i = 0; i < count; i++) {
		const Mt__PersonChange *change = effects[i].change;
		if (!effects[i].withdrawn && effects[i].date > call_today(call) &&
		    change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED &&
		    !event_check_code_free(call, person->person_id, change->authority_id, change->staff_code, arrivals,
					   &held, verdict))
			return false;
	}
	return true;
}

bool
event_check_corrects(struct call *call, const struct subject *subject, const char *authority_id,
		     const struct change *change, const struct subject *after, struct arrivals *arrivals,
		     struct verdict *verdict)
{
	const Mt__PersonChange *body = change->body;
	struct history history = subject_history(call, subject);
	const struct effect *target = history_target(call_arena(call), &history, &body->corrects);
	if (target == NULL) {
		for (size_t i = 0; i < history.count; i++) {
			const ProtobufCBinaryData *event = &history.rows[i]->event;
			if (event->len == body->corrects.len &&
			    memcmp(event->data, body->corrects.data, event->len) == 0)
				return verdict_reject(verdict, "data.eventId", "corrects_a_correction",
						      "data.eventId names a correction: correct the original event");
		}
		return verdict_reject(verdict, "data.eventId", "unknown_event",
				      "data.eventId names no event of this source that changed the person");
	}
	bool moves = is_withdrawn_or_back(target, body) || is_dated_anew(target, body) || is_led_elsewhere(body);
	return check_transfer_corrected(call, authority_id, target, change, verdict) &&
	       check_former(call, subject, authority_id, target, body, verdict) &&
	       check_corrected_codes(call, target, change, verdict) &&
	       (!moves ||
		(check_order_after(call, after, change, verdict) && check_codes_after(call, after, arrivals, verdict)));
}
