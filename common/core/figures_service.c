/* common/core/figures_service.c
 *
 * Reading figures: an authority and those below it, and a long poll for what changed.
 * Numbers under FIGURE_MASKED_BELOW are hidden from readers outside the authority, and
 * where only one of several siblings would be hidden, so that it could be subtracted
 * from the parent's, the next smallest is hidden with it.
 *
 * Flows are read as of the time (units=then): the rows as counted, and below an authority
 * also those that have left it, each for its months; or as of today (units=now): what was
 * counted at exactly those that stand there now, added up. See figures.proto. */
#include "common/base/date.h"
#include "common/core/impl.h"

#include <assert.h>
#include <stdlib.h>

enum {
	FIGURE_MASKED_BELOW = 5,
	DEPTH_MAX = 3,
	/* Read for one answer with units=now: a year of one metric of every commune, and less than 100 ms of the loop. */
	FIGURES_OWN_ROWS_MAX = 100000,
};

struct figure_list {
	struct call *call;
	Mt__Figure **figures;
	struct id *parents; /* of each figure's authority; zero bytes at the top of the reading */
	size_t count;
	uint16_t metric; /* 0: all */
	uint32_t from;   /* months of flows */
	uint32_t to;
	bool without_stocks; /* of an authority that has left the one it is listed below */
	bool units_now;
	size_t own_rows_left; /* that may still be read for units=now */
};

static const struct metric *
metric_by_number(const struct node *node, uint16_t number)
{
	for (const struct metric *metric = node->module->metrics; metric->number != 0; metric++) {
		if (metric->number == number)
			return metric;
	}
	return NULL;
}

static bool
metric_by_name(struct call *call, const char *name, uint16_t *number)
{
	*number = 0;
	if (name[0] == '\0')
		return true;
	for (const struct metric *metric = call->node->module->metrics; metric->number != 0; metric++) {
		if (strcmp(metric->name, name) == 0) {
			*number = metric->number;
			return true;
		}
	}
	call_refuse(call, MT__STATUS__NOT_FOUND, "metric %.64s is not counted by %s", name, call->node->module->name);
	call->field = "metric";
	return false;
}

static const Mt__AuthorityRecord *
authority_or_root(struct call *call, const char *reference)
{
	if (reference[0] != '\0')
		return call_authority_ref(call, "authority", reference);
	const Mt__AuthorityRecord *root = tree_root(call->store, call->arena);
	if (root == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "there are no authorities yet");
	return root;
}

static char *
text_of_month(struct arena *arena, uint32_t month)
{
	char *text = arena_alloc(arena, 8);
	text[0] = '\0';
	if (month != 0)
		month_format(month, text);
	return text;
}

/* Reads the rest of a figure's key behind the authority; NULL if the list does not want it. */
static Mt__Figure *
read_row(struct figure_list *list, const Mt__AuthorityRecord *authority, struct slice rest, struct slice value)
{
	struct arena *arena = list->call->arena;
	uint16_t number;
	const char *category;
	uint32_t month;
	if (!key_read_u16(&rest, &number) || (list->metric != 0 && number != list->metric) ||
	    !key_read_text(&rest, &category) || !key_read_u32(&rest, &month))
		return NULL;
	const struct metric *metric = metric_by_number(list->call->node, number);
	if (metric == NULL || (month != 0 && (month < list->from || month > list->to)) ||
	    (month == 0 && list->without_stocks))
		return NULL;
	Mt__Figure *figure = arena_alloc(arena, sizeof(*figure));
	mt__figure__init(figure);
	figure->metric = (char *)metric->name;
	figure->authority_id = authority->authority_id;
	figure->authority_code = authority->code;
	figure->category = arena_text(arena, slice_text(category));
	figure->month = text_of_month(arena, month);
	figure->value = (int64_t)get_u64(value.data);
	return figure;
}

static struct id
id_of(const Mt__AuthorityRecord *authority)
{
	struct id id;
	bool valid = id_parse(authority->authority_id, &id);
	assert(valid);
	return id;
}

static bool
is_small(const Mt__Figure *figure)
{
	return figure->value > 0 && figure->value < FIGURE_MASKED_BELOW;
}

static void
list_add(struct figure_list *list, Mt__Figure *figure, struct id parent)
{
	list->parents[list->count] = parent;
	list->figures[list->count++] = figure;
}

static bool
is_full(const struct figure_list *list)
{
	return list->count == FIGURES_PER_REPLY_MAX;
}

/* One row, if the list wants it; rest is its key behind the authority. */
static void
list_row(struct figure_list *list, const Mt__AuthorityRecord *authority, struct id parent, struct slice rest,
	 struct slice value)
{
	Mt__Figure *figure = read_row(list, authority, rest, value);
	if (figure == NULL)
		return;
	bool covered = list->call->caller->everywhere ||
		       tree_covers(list->call->store, list->call->caller->authority, authority->authority_id);
	figure->masked = !covered && is_small(figure);
	list_add(list, figure, parent);
}

/* The rows as counted: all of them, or the stocks alone. */
static void
list_counted(struct figure_list *list, const Mt__AuthorityRecord *authority, struct id parent, bool stocks_only)
{
	struct key prefix = figures_key(TABLE_FIGURE, id_of(authority), list->metric);
	struct store_walk walk = store_walk(list->call->store, key_slice(&prefix));
	while (!is_full(list) && store_walk_next(&walk)) {
		struct slice rest = slice_of(walk.key.data + 1 + ID_BYTES, walk.key.size - 1 - ID_BYTES);
		if (!stocks_only || get_u32(walk.key.data + walk.key.size - sizeof(uint32_t)) == 0)
			list_row(list, authority, parent, rest, walk.value);
	}
}

/* The flows of all that stands there today. False if they are too many to add up. */
static bool
list_summed(struct figure_list *list, const Mt__AuthorityRecord *authority, struct id parent)
{
	struct memtable *sums = memtable_new();
	bool fits = figures_sum_own(list->call->store, id_of(authority), list->metric, sums, &list->own_rows_left);
	struct slice key = slice_text("");
	struct slice value;
	while (fits && !is_full(list) && memtable_next(sums, key, false, &key, &value) == MEMTABLE_PRESENT)
		list_row(list, authority, parent, key, value);
	memtable_free(sums);
	return fits;
}

/* The nation is the same both ways: everything that ever counted stands below it. */
static bool
list_authority(struct figure_list *list, const Mt__AuthorityRecord *authority, struct id parent)
{
	bool sums_up = list->units_now && authority->parent_id[0] != '\0';
	list_counted(list, authority, parent, sums_up);
	return !sums_up || list_summed(list, authority, parent);
}

static bool list_below(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth,
		       struct id parent);

static const Mt__AuthorityRecord *
record_of_row(const struct figure_list *list, const struct store_walk *walk)
{
	bool ambiguous;
	struct id id;
	char text[ID_TEXT_BYTES];
	memcpy(id.bytes, walk->key.data + walk->key.size - ID_BYTES, ID_BYTES);
	id_format(id, text);
	const Mt__AuthorityRecord *record = tree_find(list->call->store, list->call->arena, text, &ambiguous);
	assert(record != NULL);
	return record;
}

/* Those that stand below it. One that came later is listed, as of the time, from the first whole month on. */
static bool
list_children(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth)
{
	struct key prefix = tree_children_key(authority->authority_id);
	struct store_walk walk = store_walk(list->call->store, key_slice(&prefix));
	bool fits = true;
	while (fits && !is_full(list) && store_walk_next(&walk)) {
		uint32_t from = list->from;
		int32_t joined_on = tree_joined_on(walk.value);
		if (!list->units_now && joined_on != DATE_NONE && list->from <= date_month(joined_on - 1))
			list->from = date_month(joined_on - 1) + 1;
		fits = list_below(list, record_of_row(list, &walk), depth, id_of(authority));
		list->from = from;
	}
	return fits;
}

/* Those that left it are listed, as of the time, up to the month of their last day there. */
static bool
list_former(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth)
{
	struct key prefix = tree_former_key(authority->authority_id);
	struct store_walk walk = store_walk(list->call->store, key_slice(&prefix));
	struct figure_list saved = *list;
	bool fits = true;
	list->without_stocks = true;
	while (fits && !is_full(list) && store_walk_next(&walk)) {
		uint32_t last = date_month(tree_last_day(walk.value));
		list->to = last < saved.to ? last : saved.to;
		fits = list_below(list, record_of_row(list, &walk), depth, id_of(authority));
	}
	list->to = saved.to;
	list->without_stocks = saved.without_stocks;
	return fits;
}

/* False if units=now comes to more than may be added up. */
static bool
list_below(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth, struct id parent)
{
	if (!list_authority(list, authority, parent))
		return false;
	if (depth == 0)
		return true;
	return list_children(list, authority, depth - 1) &&
	       (list->units_now || list_former(list, authority, depth - 1));
}

struct figure_place {
	const Mt__Figure *figure;
	const struct id *parent;
	size_t at;
};

static int
by_siblings(const void *a, const void *b)
{
	const struct figure_place *x = a;
	const struct figure_place *y = b;
	int order = memcmp(x->parent->bytes, y->parent->bytes, ID_BYTES);
	if (order == 0)
		order = strcmp(x->figure->metric, y->figure->metric);
	if (order == 0)
		order = strcmp(x->figure->category, y->figure->category);
	if (order == 0)
		order = strcmp(x->figure->month, y->figure->month);
	return order;
}

static void
mask_second(struct figure_list *list, const struct figure_place *siblings, size_t count)
{
	size_t masked = 0;
	Mt__Figure *smallest = NULL;
	for (size_t i = 0; i < count; i++) {
		Mt__Figure *figure = list->figures[siblings[i].at];
		masked += figure->masked;
		if (!figure->masked && (smallest == NULL || figure->value < smallest->value))
			smallest = figure;
	}
	if (masked == 1 && smallest != NULL)
		smallest->masked = true;
}

/* A lone masked sibling could be subtracted from the parent: the next smallest goes with it. */
static void
mask_second_siblings(struct figure_list *list)
{
	static const struct id top;
	struct figure_place *places = arena_alloc(list->call->arena, (list->count + 1) * sizeof(*places));
	for (size_t i = 0; i < list->count; i++)
		places[i] = (struct figure_place){list->figures[i], &list->parents[i], i};
	qsort(places, list->count, sizeof(*places), by_siblings);
	for (size_t begin = 0, end; begin < list->count; begin = end) {
		for (end = begin + 1; end < list->count && by_siblings(&places[begin], &places[end]) == 0;)
			end++;
		if (memcmp(places[begin].parent->bytes, top.bytes, ID_BYTES) != 0)
			mask_second(list, &places[begin], end - begin);
	}
}

static void
hide_masked(struct figure_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->figures[i]->masked)
			list->figures[i]->value = 0;
	}
}

static bool
list_begin(struct figure_list *list, struct call *call, const char *metric)
{
	*list = (struct figure_list){.call = call, .to = UINT32_MAX, .own_rows_left = FIGURES_OWN_ROWS_MAX};
	list->figures = arena_alloc(call->arena, FIGURES_PER_REPLY_MAX * sizeof(*list->figures));
	list->parents = arena_alloc(call->arena, FIGURES_PER_REPLY_MAX * sizeof(*list->parents));
	figures_settle(call->node, call->node->head.seq);
	return metric_by_name(call, metric, &list->metric);
}

static bool
read_month(struct call *call, const char *field, const char *text, uint32_t *month)
{
	if (text[0] == '\0' || month_parse(text, month))
		return true;
	call_refuse_field(call, field, "%s is not a month written YYYY-MM", field);
	return false;
}

static bool
depth_fits(struct call *call, uint32_t depth)
{
	if (depth <= DEPTH_MAX)
		return true;
	call_refuse_field(call, "depth", "depth is more than %d", DEPTH_MAX);
	return false;
}

static bool
read_units(struct call *call, const char *units, bool *now)
{
	*now = strcmp(units, "now") == 0;
	if (*now || units[0] == '\0' || strcmp(units, "then") == 0)
		return true;
	call_refuse_field(call, "units", "units is neither then nor now");
	return false;
}

static void
figures_query(Mt__Figures_Service *service, const Mt__FiguresRequest *in, Mt__FiguresReply_Closure reply,
	      void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	struct figure_list list;
	if (!depth_fits(call, in->depth) || !list_begin(&list, call, in->metric) ||
	    !read_month(call, "from", in->from, &list.from) || !read_month(call, "to", in->to, &list.to) ||
	    !read_units(call, in->units, &list.units_now))
		return;
	const Mt__AuthorityRecord *authority = authority_or_root(call, in->authority);
	if (authority == NULL)
		return;
	if (!list_below(&list, authority, in->depth, (struct id){{0}})) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED,
			    "more than %d counts to add up: name a metric or less depth", FIGURES_OWN_ROWS_MAX);
		return;
	}
	if (is_full(&list)) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "more than %d figures: name a metric or less depth",
			    FIGURES_PER_REPLY_MAX);
		return;
	}
	mask_second_siblings(&list);
	hide_masked(&list);
	Mt__FiguresReply out = MT__FIGURES_REPLY__INIT;
	out.figures = list.figures;
	out.n_figures = list.count;
	out.incarnation = call->node->head.incarnation;
	out.seq = call->node->head.seq;
	reply(&out, call);
}

/* True if id is base or at most depth below it. */
static bool
is_within(const struct store *store, struct id id, struct id base, unsigned depth)
{
	for (unsigned i = 0; i <= depth; i++) {
		if (memcmp(id.bytes, base.bytes, ID_BYTES) == 0)
			return true;
		if (!tree_parent(store, &id))
			return false;
	}
	return false;
}

static void
list_changed(struct figure_list *list, const struct figure_change *change)
{
	struct call *call = list->call;
	bool ambiguous;
	struct id id;
	char text[ID_TEXT_BYTES];
	struct slice value;
	struct slice key = slice_of(change->key, change->key_size);
	memcpy(id.bytes, key.data + 1, ID_BYTES);
	id_format(id, text);
	const Mt__AuthorityRecord *authority = tree_find(call->store, call->arena, text, &ambiguous);
	static const uint8_t zero[8];
	if (authority == NULL)
		return;
	if (!store_get(call->store, key, &value))
		value = slice_of(zero, sizeof(zero)); /* rows of nothing are not kept */
	struct slice rest = slice_of(key.data + 1 + ID_BYTES, key.size - 1 - ID_BYTES);
	Mt__Figure *figure = read_row(list, authority, rest, value);
	if (figure == NULL)
		return;
	figure->masked = is_small(figure) && !call->caller->everywhere &&
			 !tree_covers(call->store, call->caller->authority, authority->authority_id);
	list_add(list, figure, (struct id){{0}});
}

/* False if there is more than one reply may hold: the reader starts again. */
static bool
list_changes(struct figure_list *list, struct id base, unsigned depth, uint64_t after_seq)
{
	const struct figures *figures = &list->call->node->figures;
	uint64_t oldest =
		figures->changes_count > FIGURES_WATCHED_MAX ? figures->changes_count - FIGURES_WATCHED_MAX : 0;
	uint64_t at = figures->changes_count;
	while (at > oldest && figures->changes[(at - 1) % FIGURES_WATCHED_MAX].seq > after_seq)
		at--;
	for (; at < figures->changes_count; at++) {
		const struct figure_change *change = &figures->changes[at % FIGURES_WATCHED_MAX];
		struct id id;
		if (change->key_size == 0)
			continue;
		if (list->count == FIGURES_PER_REPLY_MAX)
			return false;
		memcpy(id.bytes, change->key + 1, ID_BYTES);
		if (is_within(list->call->store, id, base, depth))
			list_changed(list, change);
	}
	return true;
}

static void
figures_watch(Mt__Figures_Service *service, const Mt__WatchFiguresRequest *in, Mt__WatchFiguresReply_Closure reply,
	      void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	struct node *node = call->node;
	struct figure_list list;
	struct id base;
	if (!depth_fits(call, in->depth) || !list_begin(&list, call, in->metric))
		return;
	const Mt__AuthorityRecord *authority = authority_or_root(call, in->authority);
	if (authority == NULL)
		return;
	bool valid = id_parse(authority->authority_id, &base);
	assert(valid);
	Mt__WatchFiguresReply out = MT__WATCH_FIGURES_REPLY__INIT;
	bool starts = in->after_seq == 0 && in->incarnation == 0;
	out.reset = !starts && (in->incarnation != node->head.incarnation ||
				in->after_seq < node->figures.changes_since_seq || in->after_seq > node->head.seq);
	if (!starts && !out.reset)
		out.reset = !list_changes(&list, base, in->depth, in->after_seq);
	call->park_on = PARK_ON_FIGURES;
	if (!starts && !out.reset && list.count == 0 && call_park(call, in->wait_ms))
		return;
	hide_masked(&list);
	out.figures = list.figures;
	out.n_figures = out.reset ? 0 : list.count;
	out.incarnation = node->head.incarnation;
	out.seq = node->head.seq;
	reply(&out, call);
}

static void
figures_definitions(Mt__Figures_Service *service, const Mt__FigureDefinitionsRequest *in,
		    Mt__FigureDefinitionsReply_Closure reply, void *closure_data)
{
	(void)service;
	(void)in;
	struct call *call = closure_data;
	Mt__FigureDefinitionsReply out = MT__FIGURE_DEFINITIONS_REPLY__INIT;
	size_t count = 0;
	while (call->node->module->metrics[count].number != 0)
		count++;
	out.definitions = arena_alloc(call->arena, (count + 1) * sizeof(*out.definitions));
	for (size_t i = 0; i < count; i++) {
		const struct metric *metric = &call->node->module->metrics[i];
		Mt__MetricDefinition *definition = arena_alloc(call->arena, sizeof(*definition));
		mt__metric_definition__init(definition);
		definition->metric = (char *)metric->name;
		definition->kind = (char *)(metric->kind == METRIC_STOCK ? "stock" : "flow");
		definition->unit = (char *)metric->unit;
		definition->counts = (char *)metric->en;
		definition->counts_vi = (char *)metric->vi;
		definition->service = (char *)call->node->module->name;
		out.definitions[out.n_definitions++] = definition;
	}
	reply(&out, call);
}

Mt__Figures_Service figures_service = MT__FIGURES__INIT(figures_);
