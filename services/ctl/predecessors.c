/* services/ctl/predecessors.c
 *
 * The rows are taken by old unit, in two rounds. First those that keep their code: the
 * body goes on, gets its code in the new version of the list, and its new name. Then
 * the others: into one successor is a merger, into several a split. Where the successor
 * is a body that goes on, it is named by its old code, which it has in any case; else by
 * the new one, so a unit that is new must have been registered before. A body that goes
 * on and gives a part away loses people by later transfers: nothing is to be done here. */
#include "services/ctl/predecessors.h"

#include "services/ctl/csv.h"
#include "services/ctl/progress.h"
#include "services/ctl/tree.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"

#include "matricula/authority.pb-c.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROWS_MAX = 100000, /* ten times the communes there ever were at once */
	PARTS_MAX = 64,    /* as a split may have, see AUTHORITY_SUCCESSORS_MAX */
	REFERENCE_BYTES = 128,
	REFUSALS_SHOWN_MAX = 10,
	SHARE_WHOLE = 1000000,
};

struct row {
	const char *old;
	const char *new;
	const char *date;
	const char *share;
	const char *name; /* "": none is given */
	const char *name_en;
	const char *kind;
};

struct predecessors {
	struct link *link;
	const char *list;
	const char *from_version;
	const char *version;
	struct csv csv;
	struct row *rows; /* by old */
	size_t rows_count;
	struct progress progress;
	size_t done;
	size_t coded, renamed, merged, split, unchanged, refused;
};

/* --- the file ----------------------------------------------------------------------------------------------------- */

static int
by_old(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int order = strcmp(x->old, y->old);
	return order != 0 ? order : strcmp(x->new, y->new);
}

static bool
rows_read(struct predecessors *all, const char *path)
{
	bool broken = false;
	if (!csv_open(&all->csv, path))
		return false;
	struct csv *csv = &all->csv;
	int old = csv_column(csv, "old");
	int new = csv_column(csv, "new");
	int date = csv_column(csv, "date");
	int share = csv_column(csv, "share");
	int name = csv_column_if_any(csv, "name");
	int name_en = csv_column_if_any(csv, "name_en");
	int kind = csv_column_if_any(csv, "kind");
	if (old < 0 || new < 0 || date < 0 || share < 0)
		return false;
	all->rows = calloc(ROWS_MAX, sizeof(*all->rows));
	if (all->rows == NULL)
		fatal("no memory left for predecessors");
	while (csv_next(csv, &broken)) {
		if (all->rows_count == ROWS_MAX) {
			say("file %s has more than %d rows", path, ROWS_MAX);
			return false;
		}
		all->rows[all->rows_count++] = (struct row){
			.old = csv->fields[old],
			.new = csv->fields[new],
			.date = csv->fields[date],
			.share = csv->fields[share],
			.name = name < 0 ? "" : csv->fields[name],
			.name_en = name_en < 0 ? "" : csv->fields[name_en],
			.kind = kind < 0 ? "" : csv->fields[kind],
		};
	}
	qsort(all->rows, all->rows_count, sizeof(*all->rows), by_old);
	return !broken;
}

static bool
goes_on(const struct row *row)
{
	return strcmp(row->old, row->new) == 0;
}

/* The rows of one old unit: from the first, count of them; goes_on tells if one of them keeps the code. */
static size_t
rows_of_unit(const struct predecessors *all, size_t first, bool *unit_goes_on)
{
	size_t count = 0;
	*unit_goes_on = false;
	while (first + count < all->rows_count && strcmp(all->rows[first + count].old, all->rows[first].old) == 0) {
		*unit_goes_on = *unit_goes_on || goes_on(&all->rows[first + count]);
		count++;
	}
	return count;
}

static bool
is_survivor(const struct predecessors *all, const char *code)
{
	const struct row wanted = {.old = code, .new = code};
	return bsearch(&wanted, all->rows, all->rows_count, sizeof(*all->rows), by_old) != NULL;
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

static char *
reference(const struct predecessors *all, const char *version, const char *code)
{
	return arena_format(&all->link->arena, "%s:%s:%s", all->list, version, code);
}

static char *
successor_reference(const struct predecessors *all, const char *code)
{
	return reference(all, is_survivor(all, code) ? all->from_version : all->version, code);
}

/* Counts what came of it; false if there was no answer at all. */
static bool
run(struct predecessors *all, const char *method, const ProtobufCMessage *request, size_t *changed)
{
	const Mt__Reply *reply = link_ask(all->link, &(struct link_ask){.method = method}, request);
	if (reply == NULL)
		return false;
	if (reply->status != MT__STATUS__OK) {
		if (all->refused++ < REFUSALS_SHOWN_MAX)
			link_say_refusal(all->link, method, reply);
		return true;
	}
	const Mt__ChangeAuthorityReply *change = (const Mt__ChangeAuthorityReply *)pb_unpack_trusted(
		&mt__change_authority_reply__descriptor, &all->link->arena,
		slice_of(reply->reply.data, reply->reply.len));
	if (change == NULL || !change->unchanged)
		(*changed)++;
	else
		all->unchanged++;
	return true;
}

static bool
run_survivor(struct predecessors *all, const struct row *row)
{
	Mt__CodeAuthorityRequest code = MT__CODE_AUTHORITY_REQUEST__INIT;
	code.authority = reference(all, all->from_version, row->old);
	code.code_list = (char *)(uintptr_t)all->list;
	code.list_version = (char *)(uintptr_t)all->version;
	code.code = (char *)(uintptr_t)row->new;
	code.effective_date = (char *)(uintptr_t)row->date;
	if (!run(all, "Authorities.Code", &code.base, &all->coded))
		return false;
	if (row->name[0] == '\0')
		return true;
	Mt__RenameAuthorityRequest rename = MT__RENAME_AUTHORITY_REQUEST__INIT;
	rename.authority = code.authority;
	rename.name = (char *)(uintptr_t)row->name;
	rename.name_en = (char *)(uintptr_t)row->name_en;
	rename.kind = (char *)(uintptr_t)row->kind;
	rename.effective_date = (char *)(uintptr_t)row->date;
	return run(all, "Authorities.Rename", &rename.base, &all->renamed);
}

static bool
run_merger(struct predecessors *all, const struct row *row)
{
	Mt__MergeAuthorityRequest merge = MT__MERGE_AUTHORITY_REQUEST__INIT;
	merge.authority = reference(all, all->from_version, row->old);
	merge.into = successor_reference(all, row->new);
	merge.effective_date = (char *)(uintptr_t)row->date;
	return run(all, "Authorities.Merge", &merge.base, &all->merged);
}

/* Shares written as decimals, such as thirds, may come to a little less or more than the whole. */
static void
shares_round(Mt__SplitPart *parts, size_t count)
{
	int64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += parts[i].share_millionths;
	int64_t missing = SHARE_WHOLE - sum;
	if (missing >= -(int64_t)count && missing <= (int64_t)count)
		parts[count - 1].share_millionths = (uint32_t)(parts[count - 1].share_millionths + missing);
}

static bool
run_split(struct predecessors *all, const struct row *rows, size_t count)
{
	Mt__SplitPart parts[PARTS_MAX];
	Mt__SplitPart *pointers[PARTS_MAX];
	Mt__SplitAuthorityRequest split = MT__SPLIT_AUTHORITY_REQUEST__INIT;
	if (count > PARTS_MAX) {
		say("unit %s has more than %d successors", rows[0].old, PARTS_MAX);
		all->refused++;
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		double share = strtod(rows[i].share, NULL);
		mt__split_part__init(&parts[i]);
		parts[i].authority = successor_reference(all, rows[i].new);
		parts[i].share_millionths = share > 0 && share <= 1 ? (uint32_t)lround(share * SHARE_WHOLE) : 0;
		pointers[i] = &parts[i];
	}
	shares_round(parts, count);
	split.authority = reference(all, all->from_version, rows[0].old);
	split.parts = pointers;
	split.n_parts = count;
	split.effective_date = (char *)(uintptr_t)rows[0].date;
	return run(all, "Authorities.Split", &split.base, &all->split);
}

static bool
run_unit(struct predecessors *all, const struct row *rows, size_t count, bool unit_goes_on, bool first_round)
{
	if (first_round != unit_goes_on)
		return true;
	all->done += count;
	if (!unit_goes_on)
		return count == 1 ? run_merger(all, rows) : run_split(all, rows, count);
	for (size_t i = 0; i < count; i++) {
		if (goes_on(&rows[i]))
			return run_survivor(all, &rows[i]);
	}
	return true;
}

static bool
run_round(struct predecessors *all, bool first_round)
{
	size_t count;
	for (size_t at = 0; at < all->rows_count; at += count) {
		bool unit_goes_on;
		count = rows_of_unit(all, at, &unit_goes_on);
		link_reset(all->link);
		if (!run_unit(all, &all->rows[at], count, unit_goes_on, first_round))
			return false;
		progress_show(&all->progress, all->done);
	}
	return true;
}

bool
predecessors_load(const struct args *args, struct link *link, const char *path)
{
	struct predecessors all = {
		.link = link,
		.list = args_get(args, "list", UNITS_LIST),
		.from_version = args_get(args, "from-version", UNITS_VERSION_BEFORE),
		.version = args_get(args, "version", UNITS_VERSION),
	};
	bool good = rows_read(&all, path);
	if (good) {
		progress_begin(&all.progress, "predecessors", all.rows_count, args_has(args, "quiet"));
		good = run_round(&all, true) && run_round(&all, false);
		progress_end(&all.progress, all.done);
		printf("%zu coded, %zu renamed, %zu merged, %zu split, %zu unchanged, %zu refused\n", all.coded,
		       all.renamed, all.merged, all.split, all.unchanged, all.refused);
	}
	csv_close(&all.csv);
	free(all.rows);
	return good && all.refused == 0;
}
