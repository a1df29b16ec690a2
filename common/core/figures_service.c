/* common/core/figures_service.c
 *
 * Reading figures: an authority and those below it, and a long poll for what changed. */
#include "common/core/figures_list.h"

#include "common/base/date.h"
#include "common/base/text.h"

#include <assert.h>

enum { DEPTH_MAX = 3 };

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
	call_refuse(call, MT__STATUS__NOT_FOUND, "metric %.*s is not counted by %s", text_cut(name, CODE_BYTES_MAX),
		    name, call->node->module->name);
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
	if (!figure_list_below(&list, authority, in->depth, (struct id){{0}})) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED,
			    "more than %d counts to add up: name a metric or less depth", FIGURES_OWN_ROWS_MAX);
		return;
	}
	if (figure_list_full(&list)) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "more than %d figures: name a metric or less depth",
			    FIGURES_PER_REPLY_MAX);
		return;
	}
	figure_list_mask_siblings(&list);
	figure_list_hide(&list);
	Mt__FiguresReply out = MT__FIGURES_REPLY__INIT;
	out.figures = list.figures;
	out.n_figures = list.count;
	out.incarnation = call->node->head.incarnation;
	out.seq = call_saw(call);
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
	figure_list_row(list, authority, (struct id){{0}}, rest, value);
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
	call->saw_all = true; /* changes are remembered beside the rows */
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
	figure_list_hide(&list);
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
