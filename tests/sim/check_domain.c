/* tests/sim/check_domain.c
 *
 * What the users would count by hand: seats in classes, and the figures of every
 * authority. Stocks are counted from the rows of the state, flows from the facts of
 * the journal, each added to the authority and all above it; the figure rows must
 * say the same. A row of 0 and no row are the same figure. */
#include "tests/sim/check.h"

#include "common/base/date.h"
#include "common/core/tables.h"
#include "common/wire/pb.h"
#include "services/enrollment/enrollment.h"
#include "tests/sim/flows.h"
#include "tests/sim/ledger.h"

/* --- seats -------------------------------------------------------------------------------------------------------- */

static const struct store *
enrollment_store(const struct sim *sim)
{
	return node_store(sim->processes[ENROLLMENT].node);
}

static uint32_t
count_seated(const struct sim *sim, struct id class_id, uint32_t *waiting)
{
	struct key prefix = key_of_id(TABLE_ENROLMENT, class_id);
	struct arena arena;
	uint32_t seated = 0;
	*waiting = 0;
	arena_init(&arena, 4096, 0);
	struct store_walk walk = store_walk(enrollment_store(sim), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		arena_reset(&arena);
		const Mt__EnrolmentRecord *enrolment =
			(const void *)pb_unpack_trusted(&mt__enrolment_record__descriptor, &arena, walk.value);
		if (enrolment == NULL)
			continue;
		seated += enrolment_holds_seat(enrolment);
		*waiting += enrolment->state == MT__ENROLMENT__STATE__WAITLISTED;
	}
	arena_free(&arena);
	return seated;
}

void
check_seats(struct sim *sim, const struct office *office, const char *name)
{
	struct key table = key_of(TABLE_CLASS);
	struct arena arena;
	(void)office;
	arena_init(&arena, 4096, 0);
	struct store_walk walk = store_walk(enrollment_store(sim), key_slice(&table));
	while (store_walk_next(&walk) && !world_blamed(sim)) {
		struct id id;
		uint32_t waiting;
		arena_reset(&arena);
		const Mt__ClassRecord *class =
			(const void *)pb_unpack_trusted(&mt__class_record__descriptor, &arena, walk.value);
		if (class == NULL || !id_parse(class->class_id, &id)) {
			world_blame(sim, name, "a class cannot be read");
			break;
		}
		struct class_tally tally = class_tally_get(enrollment_store(sim), id);
		uint32_t seated = count_seated(sim, id, &waiting);
		if (tally.seats_taken != seated || tally.waitlisted != waiting)
			world_blame(sim, name, "class %s says %u seated and %u waiting, there are %u and %u",
				    class->class_id, tally.seats_taken, tally.waitlisted, seated, waiting);
		if (seated > class->seats)
			world_blame(sim, name, "class %s has %u seats and seats %u", class->class_id, class->seats,
				    seated);
		if (seated < class->seats && waiting > 0 && class->state == MT__CLASS__STATE__OPEN)
			world_blame(sim, name, "class %s has a seat free and %u people waiting", class->class_id,
				    waiting);
	}
	arena_free(&arena);
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

enum { ZONE_MINUTES = 7 * 60 }; /* of the simulated deployment */

/* Sums by figure key, so that they can be laid beside the rows. */
struct recount {
	struct sim *sim;
	struct memtable *sums;
	struct memtable *parents; /* id, last day there -> parent id; INT32_MAX for the parent of today */
	struct arena arena;
};

static struct key
parent_key(struct id id, int32_t last_day)
{
	struct key key = key_of(0);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	key_i64(&key, last_day);
	return key;
}

/* Whom it stood below when that month began; today for month 0. */
static bool
parent_of(const struct recount *recount, struct id *id, uint32_t month)
{
	struct key from = parent_key(*id, INT32_MIN);
	struct key today = parent_key(*id, INT32_MAX);
	struct slice key = key_slice(&from);
	struct slice parent;
	while (memtable_next(recount->parents, key, false, &key, &parent) == MEMTABLE_PRESENT) {
		int64_t last_day;
		struct slice rest = slice_of(key.data + 1 + ID_BYTES, sizeof(last_day));
		if (slice_compare(key, key_slice(&today)) > 0)
			return false;
		bool is_today = !key_read_i64(&rest, &last_day) || last_day == INT32_MAX;
		if (!is_today && (month == 0 || date_month((int32_t)last_day) < month))
			continue;
		memcpy(id->bytes, parent.data, ID_BYTES);
		return true;
	}
	return false;
}

/* It stands there from a day on; DATE_NONE: since ever. */
static void
note_parent(struct recount *recount, const char *authority_id, const char *parent_id, const char *effective_date)
{
	struct id id;
	struct id parent;
	struct slice before;
	int32_t day;
	if (!id_parse(authority_id, &id) || !id_parse(parent_id, &parent))
		return;
	struct key key = parent_key(id, INT32_MAX);
	if (memtable_get(recount->parents, key_slice(&key), &before) == MEMTABLE_PRESENT &&
	    memcmp(before.data, parent.bytes, ID_BYTES) != 0 && date_parse(effective_date, &day)) {
		struct id former;
		struct key left = parent_key(id, day - 1);
		memcpy(former.bytes, before.data, ID_BYTES);
		if (memtable_get(recount->parents, key_slice(&left), &before) != MEMTABLE_PRESENT)
			memtable_put(recount->parents, key_slice(&left), slice_of(former.bytes, ID_BYTES));
	}
	memtable_put(recount->parents, key_slice(&key), slice_of(parent.bytes, ID_BYTES));
}

/* Flows are counted in the tree of their month. */
static void
note_place(struct recount *recount, const ProtobufCMessage *fact)
{
	if (fact->descriptor == &mt__authority_registered__descriptor) {
		const Mt__AuthorityRegistered *registered = (const void *)fact;
		note_parent(recount, registered->authority->authority_id, registered->authority->parent_id, "");
	} else if (fact->descriptor == &mt__authority_moved__descriptor) {
		const Mt__AuthorityMoved *moved = (const void *)fact;
		note_parent(recount, moved->authority_id, moved->parent_id, moved->effective_date);
	} else if (fact->descriptor == &mt__authority_merged__descriptor) {
		const Mt__AuthorityMerged *merged = (const void *)fact;
		note_parent(recount, merged->authority_id, merged->into_id, merged->effective_date);
	}
}

static void
add(struct recount *recount, struct id id, struct slice rest, int64_t delta, int64_t own)
{
	struct slice before;
	uint8_t sum[FIGURE_OWN_BYTES];
	struct key key = key_of(TABLE_FIGURE);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	key_bytes(&key, rest);
	bool had = memtable_get(recount->sums, key_slice(&key), &before) == MEMTABLE_PRESENT;
	put_u64(sum, (had ? get_u64(before.data) : 0) + (uint64_t)delta);
	put_u64(sum + FIGURE_BYTES, (had ? get_u64(before.data + FIGURE_BYTES) : 0) + (uint64_t)own);
	memtable_put(recount->sums, key_slice(&key), slice_of(sum, sizeof(sum)));
}

static void
count(struct recount *recount, enum enrollment_metric metric, const char *authority_id, const char *category,
      uint32_t month, int64_t delta)
{
	struct id id;
	if (!id_parse(authority_id, &id))
		return;
	struct key key = key_of(TABLE_FIGURE);
	key_u16(&key, enrollment_metrics[metric].number);
	key_text(&key, category);
	key_u32(&key, month);
	struct slice rest = slice_of(key.data + 1, key.size - 1); /* behind the authority */
	add(recount, id, rest, delta, delta);
	while (parent_of(recount, &id, month))
		add(recount, id, rest, delta, 0);
}

static void
count_on(struct recount *recount, enum enrollment_metric metric, const char *authority_id, const char *date)
{
	int32_t day;
	if (date_parse(date, &day))
		count(recount, metric, authority_id, "", date_month(day), 1);
}

/* Events that wait for somebody, by outcome. */
static void
count_event(struct recount *recount, const Mt__EventRecord *event)
{
	static const struct {
		Mt__Event__Outcome outcome;
		enum enrollment_metric metric;
	} stocks[] = {
		{MT__EVENT__OUTCOME__PARKED, METRIC_EVENTS_PARKED},
		{MT__EVENT__OUTCOME__HELD, METRIC_EVENTS_HELD},
		{MT__EVENT__OUTCOME__REJECTED, METRIC_EVENTS_REJECTED},
		{MT__EVENT__OUTCOME__DEAD, METRIC_EVENTS_DEAD},
	};
	for (size_t i = 0; event != NULL && i < sizeof(stocks) / sizeof(stocks[0]); i++) {
		if (event->outcome == stocks[i].outcome)
			count(recount, stocks[i].metric, event->authority_id, "", 0, 1);
	}
}

static void
count_row(struct recount *recount, struct slice key, struct slice value)
{
	uint8_t table = key.data[0];
	if (table == TABLE_EVENT) {
		count_event(recount,
			    (const void *)pb_unpack_trusted(&mt__event_record__descriptor, &recount->arena, value));
	} else if (table == TABLE_PERSON) {
		if (key.size > 1 + ID_BYTES) /* a row of the history */
			return;
		const Mt__PersonRecord *person =
			(const void *)pb_unpack_trusted(&mt__person_record__descriptor, &recount->arena, value);
		if (person != NULL && person_in_service(person))
			count(recount, METRIC_PERSONS_ACTIVE, person->authority_id, metric_category(person->category),
			      0, 1);
	} else if (table == TABLE_CLASS) {
		const Mt__ClassRecord *class =
			(const void *)pb_unpack_trusted(&mt__class_record__descriptor, &recount->arena, value);
		if (class != NULL && class->state == MT__CLASS__STATE__OPEN)
			count(recount, METRIC_CLASSES_OPEN, class->authority_id, "", 0, 1);
	} else {
		const Mt__EnrolmentRecord *enrolment =
			(const void *)pb_unpack_trusted(&mt__enrolment_record__descriptor, &recount->arena, value);
		if (enrolment != NULL && enrolment->state == MT__ENROLMENT__STATE__ENROLLED)
			count(recount, METRIC_ENROLMENTS_ACTIVE, enrolment->authority_id, "", 0, 1);
		if (enrolment != NULL && enrolment->state == MT__ENROLMENT__STATE__WAITLISTED)
			count(recount, METRIC_ENROLMENTS_WAITLISTED, enrolment->authority_id, "", 0, 1);
	}
}

static void
count_rows(struct recount *recount)
{
	static const uint8_t tables[] = {TABLE_PERSON, TABLE_CLASS, TABLE_ENROLMENT, TABLE_EVENT};
	for (size_t i = 0; i < sizeof(tables); i++) {
		struct key key = key_of(tables[i]);
		struct store_walk walk = store_walk(enrollment_store(recount->sim), key_slice(&key));
		while (store_walk_next(&walk)) {
			arena_reset(&recount->arena);
			count_row(recount, walk.key, walk.value);
		}
	}
}

static void
count_fact(struct recount *recount, const ProtobufCMessage *fact)
{
	if (fact->descriptor == &mt__learner_completed__descriptor) {
		const Mt__LearnerCompleted *completed = (const void *)fact;
		count_on(recount, METRIC_COMPLETIONS, completed->authority_id, completed->completed_on);
	}
}

static void
count_flow(void *context, enum enrollment_metric metric, const char *authority_id, const char *category, int32_t day,
	   int64_t delta)
{
	count(context, metric, authority_id, category, date_month(day), delta);
}

static void
note_places(struct recount *recount)
{
	const struct disk *disk = &recount->sim->processes[ENROLLMENT].disk;
	for (uint64_t seq = 1; seq <= disk->head; seq++) {
		struct ledger_entry entry;
		arena_reset(&recount->arena);
		if (!ledger_read(world_modules[ENROLLMENT], &recount->arena, disk_entry(disk, seq), &entry))
			continue;
		for (size_t i = 0; i < entry.facts_count; i++)
			note_place(recount, entry.facts[i]);
	}
}

static void
count_facts(struct recount *recount)
{
	struct flows *flows = flows_new(count_flow, recount);
	const struct disk *disk = &recount->sim->processes[ENROLLMENT].disk;
	for (uint64_t seq = 1; seq <= disk->head; seq++) {
		struct ledger_entry entry;
		arena_reset(&recount->arena);
		if (!ledger_read(world_modules[ENROLLMENT], &recount->arena, disk_entry(disk, seq), &entry))
			continue;
		for (size_t i = 0; i < entry.facts_count; i++) {
			count_fact(recount, entry.facts[i]);
			flows_fact(flows, entry.facts[i], entry.header->time_us, ZONE_MINUTES);
		}
	}
	flows_free(flows);
}

/* The metrics counted above; the others are left to the rebuild. */
static bool
is_recounted(uint16_t number)
{
	static const enum enrollment_metric recounted[] = {
		METRIC_PERSONS_ACTIVE, METRIC_PERSONS_HIRED, METRIC_PERSONS_TRANSFERRED, METRIC_PERSONS_RETIRED,
		METRIC_PERSONS_LEFT,   METRIC_CLASSES_OPEN,  METRIC_ENROLMENTS_ACTIVE,   METRIC_ENROLMENTS_WAITLISTED,
		METRIC_COMPLETIONS,    METRIC_EVENTS_PARKED, METRIC_EVENTS_HELD,         METRIC_EVENTS_REJECTED,
		METRIC_EVENTS_DEAD,
	};
	for (size_t i = 0; i < sizeof(recounted) / sizeof(recounted[0]); i++) {
		if (enrollment_metrics[recounted[i]].number == number)
			return true;
	}
	return false;
}

static void
blame_figure(struct sim *sim, const char *name, struct slice key, uint64_t is, uint64_t should)
{
	struct slice rest = slice_of(key.data + 1, key.size - 1);
	struct slice authority;
	uint16_t number = 0;
	const char *category = "";
	uint32_t month = 0;
	struct id id = {{0}};
	char text[ID_TEXT_BYTES];
	if (key_read_bytes(&rest, ID_BYTES, &authority))
		memcpy(id.bytes, authority.data, ID_BYTES);
	id_format(id, text);
	bool whole = key_read_u16(&rest, &number) && key_read_text(&rest, &category) && key_read_u32(&rest, &month);
	world_blame(sim, name, "metric %u of authority %s, category \"%s\", month %u%s is %lld, counted %lld", number,
		    text, category, month, whole ? "" : " (odd key)", (long long)is, (long long)should);
}

struct comparing {
	struct sim *sim;
	const char *name;
};

static bool
compare_sum(void *context, struct slice key, struct slice value)
{
	struct comparing *comparing = context;
	struct slice row;
	bool has = store_get(enrollment_store(comparing->sim), key, &row);
	uint64_t is = has ? get_u64(row.data) : 0;
	uint64_t own = has && row.size == FIGURE_OWN_BYTES ? get_u64(row.data + FIGURE_BYTES) : 0;
	if (is != get_u64(value.data))
		blame_figure(comparing->sim, comparing->name, key, is, get_u64(value.data));
	if (own != get_u64(value.data + FIGURE_BYTES))
		blame_figure(comparing->sim, comparing->name, key, own, get_u64(value.data + FIGURE_BYTES));
	return !world_blamed(comparing->sim);
}

static void
compare_rows(struct sim *sim, const char *name, const struct memtable *sums)
{
	struct key table = key_of(TABLE_FIGURE);
	struct store_walk walk = store_walk(enrollment_store(sim), key_slice(&table));
	while (store_walk_next(&walk) && !world_blamed(sim)) {
		struct slice rest = slice_of(walk.key.data + 1 + ID_BYTES, walk.key.size - 1 - ID_BYTES);
		struct slice counted;
		uint16_t number;
		if (!key_read_u16(&rest, &number) || !is_recounted(number) || get_u64(walk.value.data) == 0)
			continue;
		if (memtable_get(sums, walk.key, &counted) != MEMTABLE_PRESENT)
			blame_figure(sim, name, walk.key, get_u64(walk.value.data), 0);
	}
}

void
check_figures(struct sim *sim, const struct office *office, const char *name)
{
	struct recount recount = {.sim = sim, .sums = memtable_new(), .parents = memtable_new()};
	struct comparing comparing = {.sim = sim, .name = name};
	(void)office;
	arena_init(&recount.arena, 16 << 10, 0);
	note_places(&recount);
	count_facts(&recount);
	count_rows(&recount);
	memtable_each(recount.sums, compare_sum, &comparing);
	compare_rows(sim, name, recount.sums);
	memtable_free(recount.sums);
	memtable_free(recount.parents);
	arena_free(&recount.arena);
}
