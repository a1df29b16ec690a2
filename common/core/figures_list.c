/* common/core/figures_list.c
 *
 * Flows are read as of the time (units=then): the rows, counted in the tree of their month,
 * and below an authority also those that have left it, each for its months; or as of today (units=now): what was
 * counted at exactly those that stand there now, added up. See figures.proto.
 *
 * Numbers under FIGURE_MASKED_BELOW are hidden from readers outside the authority, and
 * where only one of several siblings would be hidden, so that it could be subtracted
 * from the parent's, the next smallest is hidden with it. */
#include "common/core/figures_list.h"

#include "common/base/date.h"

#include <assert.h>
#include <stdlib.h>

enum { FIGURE_MASKED_BELOW = 5 };

static const struct metric *
metric_by_number(const struct node *node, uint16_t number)
{
	for (const struct metric *metric = node->module->metrics; metric->number != 0; metric++) {
		if (metric->number == number)
			return metric;
	}
	return NULL;
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

bool
figure_list_full(const struct figure_list *list)
{
	return list->count == FIGURES_PER_REPLY_MAX;
}

void
figure_list_row(struct figure_list *list, const Mt__AuthorityRecord *authority, struct id parent, struct slice rest,
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
	while (!figure_list_full(list) && store_walk_next(&walk)) {
		struct slice rest = slice_of(walk.key.data + 1 + ID_BYTES, walk.key.size - 1 - ID_BYTES);
		bool is_stock = get_u32(walk.key.data + walk.key.size - sizeof(uint32_t)) == 0;
		if ((!stocks_only || is_stock) && get_u64(walk.value.data) != 0)
			figure_list_row(list, authority, parent, rest, walk.value);
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
	while (fits && !figure_list_full(list) && memtable_next(sums, key, false, &key, &value) == MEMTABLE_PRESENT)
		figure_list_row(list, authority, parent, key, value);
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

/* Those that stand below it. One that came later is listed, as of the time, from its first month there on. */
static bool
list_children(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth)
{
	struct key prefix = tree_children_key(authority->authority_id);
	struct store_walk walk = store_walk(list->call->store, key_slice(&prefix));
	bool fits = true;
	while (fits && !figure_list_full(list) && store_walk_next(&walk)) {
		uint32_t from = list->from;
		int32_t joined_on = tree_joined_on(walk.value);
		if (!list->units_now && joined_on != DATE_NONE && list->from < tree_first_month(joined_on))
			list->from = tree_first_month(joined_on);
		fits = figure_list_below(list, record_of_row(list, &walk), depth, id_of(authority));
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
	while (fits && !figure_list_full(list) && store_walk_next(&walk)) {
		uint32_t last = date_month(tree_last_day(walk.value));
		list->to = last < saved.to ? last : saved.to;
		fits = figure_list_below(list, record_of_row(list, &walk), depth, id_of(authority));
	}
	list->to = saved.to;
	list->without_stocks = saved.without_stocks;
	return fits;
}

bool
figure_list_below(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth, struct id parent)
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
void
figure_list_mask_siblings(struct figure_list *list)
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

void
figure_list_hide(struct figure_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->figures[i]->masked)
			list->figures[i]->value = 0;
	}
}
