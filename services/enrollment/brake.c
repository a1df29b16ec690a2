/* services/enrollment/brake.c
 *
 * The mass-change brake. Of each source's authority the changes that take somebody out of
 * service or elsewhere are counted by the hour. One that makes it more than 20, and more than
 * 2 % of its people, within 24 hours is held, and with it everything of that kind that
 * follows, until a releaser decides over the hold as a whole (brake_hold.c). What comes
 * later about a person with held events queues behind them, whatever it is, if its source
 * belongs to the same authorities. Corrections count that withdraw a change of where
 * somebody serves, move it to another day, or lead a transfer elsewhere.
 *
 * The same is counted over all sources of a province together, whose people are those of the
 * province with all below it: a change of many people spread over its communes' own sources is
 * more than 2 % of none of them. Beyond a province nothing is added up: where no share is more
 * than 2 %, that of their sum is not.
 *
 * Not counted: people first recorded within 24 hours (a first load), and transfers to whom
 * a decree made the successor of the authority left (a merger). What acted before the brake
 * went on stays. A person changed twice is counted twice. */
#include "services/enrollment/brake.h"

#include "common/base/date.h"
#include "common/core/tree.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	BRAKE_BYTES = ID_BYTES + sizeof(uint32_t) + BRAKE_BUCKETS * sizeof(uint32_t),
	/* Of an id, see id.h. */
	ID_TIME_AT = 4,
	ID_TIME_BYTES = 6,
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static struct key
brake_key(uint32_t locality, bool whole)
{
	struct key key = key_of(whole ? TABLE_BRAKE_WHOLE : TABLE_BRAKE);
	key_u32(&key, locality);
	return key;
}

struct brake
brake_row_get(const struct store *store, uint32_t locality, bool whole)
{
	struct brake brake = {.held = false};
	struct key key = brake_key(locality, whole);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return brake;
	assert(value.size == BRAKE_BYTES);
	memcpy(brake.hold_id.bytes, value.data, ID_BYTES);
	for (size_t i = 0; i < ID_BYTES; i++)
		brake.held = brake.held || brake.hold_id.bytes[i] != 0;
	brake.last_hour = get_u32(value.data + ID_BYTES);
	for (size_t i = 0; i < BRAKE_BUCKETS; i++)
		brake.changes[i] = get_u32(value.data + ID_BYTES + (1 + i) * sizeof(uint32_t));
	return brake;
}

void
brake_row_put(struct apply *apply, uint32_t locality, bool whole, const struct brake *brake)
{
	struct key key = brake_key(locality, whole);
	uint8_t value[BRAKE_BYTES] = {0};
	if (brake->held)
		memcpy(value, brake->hold_id.bytes, ID_BYTES);
	put_u32(value + ID_BYTES, brake->last_hour);
	for (size_t i = 0; i < BRAKE_BUCKETS; i++)
		put_u32(value + ID_BYTES + (1 + i) * sizeof(uint32_t), brake->changes[i]);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

struct key
held_person_key(struct id person)
{
	return key_of_id(TABLE_HELD_PERSON, person);
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

const char *
brake_kind(Mt__EventData__KindCase kind)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field(&mt__event_data__descriptor, (unsigned)kind);
	assert(field != NULL);
	return field->name;
}

static bool
is_counted(Mt__EventData__KindCase kind)
{
	switch (kind) {
	case MT__EVENT_DATA__KIND_RETIRED:
	case MT__EVENT_DATA__KIND_RESIGNED:
	case MT__EVENT_DATA__KIND_DISMISSED:
	case MT__EVENT_DATA__KIND_SUSPENDED:
	case MT__EVENT_DATA__KIND_DECEASED:
	case MT__EVENT_DATA__KIND_TRANSFERRED:
	case MT__EVENT_DATA__KIND_SECONDED:
		return true;
	case MT__EVENT_DATA__KIND__NOT_SET:
	case MT__EVENT_DATA__KIND_HIRED:
	case MT__EVENT_DATA__KIND_UPDATED:
	case MT__EVENT_DATA__KIND_APPOINTED:
	case MT__EVENT_DATA__KIND_RETURNED:
	case MT__EVENT_DATA__KIND_ROTATED:
	case MT__EVENT_DATA__KIND_PROMOTED:
	case MT__EVENT_DATA__KIND_LEAVE_BEGUN:
	case MT__EVENT_DATA__KIND_LEAVE_ENDED:
	case MT__EVENT_DATA__KIND_QUALIFICATION_GAINED:
	case MT__EVENT_DATA__KIND_CORRECTED:
	case MT__EVENT_DATA__KIND_MERGED:
	case MT__EVENT_DATA__KIND_SPLIT:
		return false;
	}
	return false;
}

/* What takes somebody out of service, brings them in or elsewhere: to undo or to move it is a change like it. */
static bool
is_of_service(Mt__PersonChange__Kind kind)
{
	switch (kind) {
	case MT__PERSON_CHANGE__KIND__HIRED:
	case MT__PERSON_CHANGE__KIND__TRANSFERRED:
	case MT__PERSON_CHANGE__KIND__SECONDED:
	case MT__PERSON_CHANGE__KIND__RETURNED:
	case MT__PERSON_CHANGE__KIND__SUSPENDED:
	case MT__PERSON_CHANGE__KIND__RETIRED:
	case MT__PERSON_CHANGE__KIND__RESIGNED:
	case MT__PERSON_CHANGE__KIND__DISMISSED:
	case MT__PERSON_CHANGE__KIND__DECEASED:
		return true;
	case MT__PERSON_CHANGE__KIND__NO_KIND:
	case MT__PERSON_CHANGE__KIND__UPDATED:
	case MT__PERSON_CHANGE__KIND__APPOINTED:
	case MT__PERSON_CHANGE__KIND__ROTATED:
	case MT__PERSON_CHANGE__KIND__PROMOTED:
	case MT__PERSON_CHANGE__KIND__LEAVE_BEGUN:
	case MT__PERSON_CHANGE__KIND__LEAVE_ENDED:
	case MT__PERSON_CHANGE__KIND__QUALIFICATION_GAINED:
	case MT__PERSON_CHANGE__KIND__CORRECTED:
	case MT__PERSON_CHANGE__KIND__REGISTERED:
		return false;
	}
	return false;
}

static const Mt__PersonChange *
change_of_event(const struct history *history, const ProtobufCBinaryData *event)
{
	for (size_t i = 0; i < history->count; i++) {
		const Mt__ChangeRecord *row = history->rows[i];
		if (row->event.len == event->len && memcmp(row->event.data, event->data, event->len) == 0)
			return row->change;
	}
	return NULL;
}

/* What is corrected may be a correction itself: the change that it is about in the end counts. */
static bool
is_counted_correction(struct call *call, const Mt__PersonChange *body, const struct subject *subject)
{
	if (body->corrects.len == 0 ||
	    (!body->withdrawn && body->effective_date[0] == '\0' && body->staff_code[0] == '\0'))
		return false;
	struct history history = subject_history(call, subject);
	const Mt__PersonChange *change = body;
	for (size_t i = 0; i <= history.count && change != NULL && change->corrects.len > 0; i++)
		change = change_of_event(&history, &change->corrects);
	return change != NULL && is_of_service(change->kind);
}

/* The id of a person holds when it was first recorded. */
static bool
is_first_load(const struct call *call, const Mt__PersonRecord *person)
{
	struct id id = id_known(person->person_id);
	uint64_t recorded_ms = 0;
	for (size_t i = 0; i < ID_TIME_BYTES; i++)
		recorded_ms = recorded_ms << 8 | id.bytes[ID_TIME_AT + i];
	return (int64_t)recorded_ms * 1000 > call_now_us(call) - BRAKE_WINDOW_US;
}

static bool
is_decreed(const struct call *call, const struct arrival *arrival, const Mt__PersonRecord *person)
{
	return arrival->change.kind == MT__EVENT_DATA__KIND_TRANSFERRED &&
	       tree_decreed(call_store(call), person->authority_id, arrival->change.to->authority_id);
}

/* Who serves at exactly that authority, or with all below it, as of the last batch. */
static uint64_t
people_of(const struct call *call, const char *authority_id, bool whole)
{
	int64_t people = whole ? metric_total(call_store(call), METRIC_PERSONS_ACTIVE, authority_id)
			       : metric_own_total(call_store(call), METRIC_PERSONS_ACTIVE, authority_id);
	return people > 0 ? (uint64_t)people : 0;
}

/* A hold is decided by those over its source: what another authority says does not go into it. */
static bool
queue_behind(struct call *call, const struct arrival *arrival, const Mt__PersonRecord *person, struct verdict *verdict)
{
	struct key key = held_person_key(id_known(person->person_id));
	struct slice value;
	struct id hold_id;
	if (!store_get(call_store(call), key_slice(&key), &value))
		return false;
	memcpy(hold_id.bytes, value.data, ID_BYTES);
	return hold_is_of(call, hold_id, arrival->authority->authority_id) &&
	       hold_take(call, arrival, hold_id, person, verdict);
}

static bool
is_one_persons(Mt__EventData__KindCase kind)
{
	return kind != MT__EVENT_DATA__KIND_HIRED && kind != MT__EVENT_DATA__KIND_MERGED &&
	       kind != MT__EVENT_DATA__KIND_SPLIT;
}

/* A count that the brake goes by: of a source's authority, or of a province with all below it. */
struct watch {
	char *authority_id;
	bool whole;
	struct brake brake;
};

static struct watch
watch_of(const struct call *call, char *authority_id, bool whole)
{
	struct watch watch = {.authority_id = authority_id, .whole = whole};
	watch.brake = brake_row_get(call_store(call), id_locality(id_known(authority_id)), whole);
	return watch;
}

/* True if one more change is too many: a hold is opened with it. */
static bool
held_anew(struct call *call, const struct arrival *arrival, struct watch *watch, const Mt__PersonRecord *person,
	  struct verdict *verdict)
{
	Mt__HoldRecord hold = MT__HOLD_RECORD__INIT;
	hold.authority_id = watch->authority_id;
	hold.whole = watch->whole;
	hold.changed = brake_changes(&watch->brake, call_now_us(call));
	hold.people = people_of(call, watch->authority_id, watch->whole);
	if (!brake_trips((uint64_t)hold.changed + 1, hold.people))
		return false;
	hold_open(call, arrival, person, &hold, verdict);
	return true;
}

bool
event_held(struct call *call, struct arrival *arrival, const struct subject *subject, struct verdict *verdict)
{
	const struct change *change = &arrival->change;
	const Mt__AuthorityRecord *authority = arrival->authority;
	const Mt__PersonRecord *person = subject->person;
	arrival->braked = false;
	if (arrival->released || person == NULL)
		return false;
	if (is_one_persons(change->kind) && !event_check_whose(call, subject, authority->authority_id, change, verdict))
		return true;
	if (queue_behind(call, arrival, person, verdict))
		return true;
	bool counted = change->kind == MT__EVENT_DATA__KIND_CORRECTED
			       ? is_counted_correction(call, change->body, subject)
			       : is_counted(change->kind);
	if (!counted || is_first_load(call, person) || is_decreed(call, arrival, person))
		return false;
	struct watch own = watch_of(call, authority->authority_id, false);
	if (own.brake.held)
		return hold_take(call, arrival, own.brake.hold_id, person, verdict);
	if (held_anew(call, arrival, &own, person, verdict))
		return true;
	struct id top = event_counted_at(call_store(call), id_known(authority->authority_id));
	struct watch whole = watch_of(call, id_text(call_arena(call), slice_of(top.bytes, ID_BYTES)), true);
	if (whole.brake.held)
		return hold_take(call, arrival, whole.brake.hold_id, person, verdict);
	arrival->braked = !held_anew(call, arrival, &whole, person, verdict);
	return !arrival->braked;
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

static void
row_count(struct apply *apply, uint32_t locality, bool whole)
{
	struct brake brake = brake_row_get(apply_store(apply), locality, whole);
	brake_note(&brake, apply_time_us(apply));
	brake_row_put(apply, locality, whole, &brake);
}

void
brake_count(struct apply *apply, uint32_t locality, struct id counted_at)
{
	row_count(apply, locality, false);
	row_count(apply, id_locality(counted_at), true);
}

void
brake_begin_anew(struct apply *apply, struct id authority, bool whole)
{
	struct brake anew = {.held = false};
	struct brake before = brake_row_get(apply_store(apply), id_locality(authority), whole);
	brake_row_put(apply, id_locality(authority), whole, &anew);
	if (whole)
		return;
	uint32_t top = id_locality(event_counted_at(apply_store(apply), authority));
	struct brake all = brake_row_get(apply_store(apply), top, true);
	brake_forget(&all, &before, apply_time_us(apply));
	brake_row_put(apply, top, true, &all);
}
