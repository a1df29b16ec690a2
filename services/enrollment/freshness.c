/* services/enrollment/freshness.c
 *
 * How fresh and complete each province's records are: the last event, the days between
 * effective and received, what waits for somebody, which fields are filled.
 *
 * An accepted event costs one small row of the province, when its last one came, and so does
 * what one call takes of a roster; all else is figures. Flows are counted at the authority below the root, stocks where
 * they stand, so that they follow the tree. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/core/tree.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	LATE_DAYS = 30,
	/* The provinces, and the ministries if they come to stand beside them. */
	BOARD_ROWS_MAX = 256,
};

/* In the order in which the board shows them. */
enum complete_field {
	FIELD_NAME,
	FIELD_BIRTH_DATE,
	FIELD_CITIZEN_ID,
	FIELD_POSITION,
	FIELD_RANK,
	FIELD_EMAIL,
	FIELD_QUALIFICATIONS,
	COMPLETE_FIELDS,
};

/* As JSON spells them; categories of the metric persons.lacking. */
static const char *const field_names[COMPLETE_FIELDS] = {
	[FIELD_NAME] = "name",
	[FIELD_BIRTH_DATE] = "birthDate",
	[FIELD_CITIZEN_ID] = "citizenId",
	[FIELD_POSITION] = "position",
	[FIELD_RANK] = "rank",
	[FIELD_EMAIL] = "email",
	[FIELD_QUALIFICATIONS] = "qualifications",
};

static struct key
last_event_key(struct id authority)
{
	return key_of_id(TABLE_FRESHNESS, authority);
}

/* --- the board ---------------------------------------------------------------------------------------------------- */

struct board {
	struct call *call;
	uint32_t month;
	Mt__FreshnessRow *rows[BOARD_ROWS_MAX];
	size_t count;
};

static uint64_t
flow_of(const struct board *board, enum enrollment_metric metric, const char *authority_id)
{
	int64_t value = metric_value(call_store(board->call), metric, authority_id, "", board->month);
	return value > 0 ? (uint64_t)value : 0;
}

static uint64_t
stock_of(const struct board *board, enum enrollment_metric metric, const char *authority_id)
{
	int64_t value = metric_total(call_store(board->call), metric, authority_id);
	return value > 0 ? (uint64_t)value : 0;
}

static uint32_t
percent_of(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	return part >= whole ? 100 : (uint32_t)(part * 100 / whole);
}

static void
row_complete(const struct board *board, Mt__FreshnessRow *row)
{
	struct arena *arena = call_arena(board->call);
	row->n_complete = COMPLETE_FIELDS;
	row->complete = arena_alloc(arena, COMPLETE_FIELDS * sizeof(*row->complete));
	for (size_t i = 0; i < COMPLETE_FIELDS; i++) {
		Mt__FieldComplete *one = (Mt__FieldComplete *)pb_new(&mt__field_complete__descriptor, arena);
		int64_t lacking = metric_value(call_store(board->call), METRIC_PERSONS_LACKING, row->authority_id,
					       field_names[i], 0);
		uint64_t filled = row->people - (lacking > 0 ? (uint64_t)lacking : 0);
		one->field = (char *)field_names[i];
		one->percent = percent_of(filled, row->people);
		row->complete[i] = one;
	}
}

static void
row_last_event(const struct board *board, Mt__FreshnessRow *row)
{
	struct key key = last_event_key(id_known(row->authority_id));
	struct slice value;
	if (!store_get(call_store(board->call), key_slice(&key), &value))
		return;
	row->last_event_at = arena_alloc(call_arena(board->call), INSTANT_TEXT_BYTES);
	instant_format((int64_t)get_u64(value.data), row->last_event_at);
}

static void
board_add(struct board *board, const Mt__AuthorityRecord *authority)
{
	Mt__FreshnessRow *row = (Mt__FreshnessRow *)pb_new(&mt__freshness_row__descriptor, call_arena(board->call));
	const char *id = authority->authority_id;
	row->authority_id = authority->authority_id;
	row->authority_code = authority->code;
	row->authority_name = authority->name;
	row->events = flow_of(board, METRIC_EVENTS_ACCEPTED, id);
	if (row->events > 0)
		row->delay_days = (uint32_t)(flow_of(board, METRIC_EVENTS_DELAY_DAYS, id) / row->events);
	row->late_percent = percent_of(flow_of(board, METRIC_EVENTS_LATE, id), row->events);
	row->conflicts = flow_of(board, METRIC_EVENTS_CONFLICTS, id);
	row->parked = stock_of(board, METRIC_EVENTS_PARKED, id);
	row->held = stock_of(board, METRIC_EVENTS_HELD, id);
	row->rejected = stock_of(board, METRIC_EVENTS_REJECTED, id);
	row->dead = stock_of(board, METRIC_EVENTS_DEAD, id);
	row->people = stock_of(board, METRIC_PERSONS_ACTIVE, id);
	row->duplicates = stock_of(board, METRIC_DUPLICATES_OPEN, id);
	row_last_event(board, row);
	row_complete(board, row);
	board->rows[board->count++] = row;
}

static void
board_fill(struct board *board, const Mt__AuthorityRecord *authority)
{
	struct id root = id_known(authority->authority_id);
	if (tree_parent(call_store(board->call), &root)) {
		board_add(board, authority);
		return;
	}
	struct key prefix = tree_children_key(authority->authority_id);
	struct store_walk walk = store_walk(call_store(board->call), key_slice(&prefix));
	while (board->count < BOARD_ROWS_MAX && store_walk_next(&walk)) {
		bool ambiguous;
		const char *id = id_text(call_arena(board->call), slice_of(walk.key.data + prefix.size, ID_BYTES));
		const Mt__AuthorityRecord *child =
			tree_find(call_store(board->call), call_arena(board->call), id, &ambiguous);
		assert(child != NULL);
		board_add(board, child);
	}
}

static void
freshness_board(Mt__Freshness_Service *service, const Mt__FreshnessRequest *in, Mt__FreshnessReply_Closure reply,
		void *call)
{
	(void)service;
	struct board board = {.call = call, .month = date_month(call_today(call))};
	const Mt__AuthorityRecord *authority = in->authority[0] != '\0'
						       ? call_authority_ref(call, "authority", in->authority)
						       : tree_root(call_store(call), call_arena(call));
	if (authority == NULL) {
		if (!call_refused(call) && call_scope(call, call_authority(call)))
			call_refuse(call, MT__STATUS__NOT_FOUND, "there is no authority yet");
		return;
	}
	if (!call_scope(call, authority->authority_id))
		return;
	if (in->month[0] != '\0' && !month_parse(in->month, &board.month)) {
		call_refuse_field(call, "month", "month is not written YYYY-MM");
		return;
	}
	board_fill(&board, authority);
	char month[8];
	month_format(board.month, month);
	Mt__FreshnessReply out = MT__FRESHNESS_REPLY__INIT;
	out.month = month;
	out.provinces = board.rows;
	out.n_provinces = board.count;
	reply(&out, call);
}

Mt__Freshness_Service freshness_handlers = MT__FRESHNESS__INIT(freshness_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

void
freshness_received(struct apply *apply, struct id counted_at)
{
	uint8_t value[sizeof(uint64_t)];
	struct key key = last_event_key(counted_at);
	put_u64(value, (uint64_t)apply_time_us(apply));
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

void
freshness_accepted(struct apply *apply, struct id counted_at, const char *effective_date)
{
	char authority_id[ID_TEXT_BYTES];
	int32_t effective;
	freshness_received(apply, counted_at);
	id_format(counted_at, authority_id);
	metric_flow_at(apply, METRIC_EVENTS_ACCEPTED, authority_id, apply_time_us(apply), 1);
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	if (!date_parse(effective_date, &effective) || effective >= today)
		return; /* nothing said, or decided ahead */
	metric_flow_at(apply, METRIC_EVENTS_DELAY_DAYS, authority_id, apply_time_us(apply), today - effective);
	if (today - effective > LATE_DAYS)
		metric_flow_at(apply, METRIC_EVENTS_LATE, authority_id, apply_time_us(apply), 1);
}

static bool
is_filled(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* The fields that are empty, a bit each; nothing of people who are not in service. Most people have most fields, so
 * what is counted is what they lack: a row of the authority for each field that is there would be half of the rows
 * that a hiring writes. */
static unsigned
fields_lacking(const Mt__PersonRecord *person)
{
	if (person == NULL || !person_in_service(person))
		return 0;
	unsigned fields = 0;
	const Mt__Personal *personal = person->personal;
	if (personal != NULL) {
		fields |= (unsigned)is_filled(personal->name) << FIELD_NAME;
		fields |= (unsigned)(strlen(personal->birth_date) == DATE_TEXT_BYTES - 1) << FIELD_BIRTH_DATE;
		fields |= (unsigned)is_filled(personal->citizen_id) << FIELD_CITIZEN_ID;
		fields |= (unsigned)is_filled(personal->email) << FIELD_EMAIL;
	}
	fields |= (unsigned)is_filled(person->position) << FIELD_POSITION;
	fields |= (unsigned)is_filled(person->rank) << FIELD_RANK;
	fields |= (unsigned)(person->n_qualifications > 0) << FIELD_QUALIFICATIONS;
	return ~fields & ((1u << COMPLETE_FIELDS) - 1);
}

static void
count_fields(struct apply *apply, const Mt__PersonRecord *person, unsigned fields, int64_t delta)
{
	for (size_t i = 0; i < COMPLETE_FIELDS; i++) {
		if ((fields & 1u << i) != 0)
			metric_stock(apply, METRIC_PERSONS_LACKING, person->authority_id, field_names[i], delta);
	}
}

void
freshness_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	unsigned lacked = fields_lacking(before);
	unsigned lacks = fields_lacking(after);
	bool stayed = before != NULL && strcmp(before->authority_id, after->authority_id) == 0;
	unsigned same = stayed ? lacked & lacks : 0;
	count_fields(apply, before, lacked & ~same, -1);
	count_fields(apply, after, lacks & ~same, 1);
}
