/* services/ctl/codes.c
 *
 * Codes of a CSV file: list, code, name, name_en, and optionally valid_from and valid_to,
 * in any order, put into one version of their lists, up to a thousand in a call. A list's
 * version counts once its last call is answered; the same file again changes nothing, so
 * one that was cut off is simply run again. */
#include "services/ctl/csv.h"
#include "services/ctl/link.h"
#include "services/ctl/progress.h"
#include "services/ctl/spawn.h"
#include "services/ctl/tree.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"

#include "matricula/code_list.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CODES_PER_CALL = 1000, /* the most that the service takes */
	ROWS_MAX = 500000,     /* nine lists of as many codes as one may have */
	REFUSALS_SHOWN_MAX = 10,
};

struct row {
	size_t line;
	const char *list;
	const char *code;
	const char *name;
	const char *name_en;
	const char *valid_from; /* "" for none */
	const char *valid_to;
};

struct codes {
	const struct args *args;
	struct link *link;
	struct csv csv;
	struct row *rows; /* by list, then as in the file */
	size_t rows_count;
	size_t added;
	size_t unchanged;
	size_t refused;
	size_t refusals;
};

/* --- the file ----------------------------------------------------------------------------------------------------- */

static int
by_list(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int order = strcmp(x->list, y->list);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static bool
rows_read(struct codes *codes, const char *path)
{
	bool broken = false;
	struct csv *csv = &codes->csv;
	if (!csv_open(csv, path))
		return false;
	int list = csv_column(csv, "list");
	int code = csv_column(csv, "code");
	int name = csv_column(csv, "name");
	int name_en = csv_column(csv, "name_en");
	int valid_from = csv_column_if_any(csv, "valid_from");
	int valid_to = csv_column_if_any(csv, "valid_to");
	if (list < 0 || code < 0 || name < 0 || name_en < 0)
		return false;
	codes->rows = calloc(ROWS_MAX, sizeof(*codes->rows));
	if (codes->rows == NULL)
		fatal("no memory left for codes");
	while (csv_next(csv, &broken)) {
		if (codes->rows_count == ROWS_MAX) {
			say("file %s has more than %d rows", path, ROWS_MAX);
			return false;
		}
		codes->rows[codes->rows_count++] = (struct row){
			.line = csv->line,
			.list = csv->fields[list],
			.code = csv->fields[code],
			.name = csv->fields[name],
			.name_en = csv->fields[name_en],
			.valid_from = valid_from < 0 ? "" : csv->fields[valid_from],
			.valid_to = valid_to < 0 ? "" : csv->fields[valid_to],
		};
	}
	qsort(codes->rows, codes->rows_count, sizeof(*codes->rows), by_list);
	return !broken;
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

static bool
same_list(const struct codes *codes, size_t a, size_t b)
{
	return b < codes->rows_count && strcmp(codes->rows[a].list, codes->rows[b].list) == 0;
}

/* Puts the rows of one call; false, and said, if no answer came. */
static bool
codes_put(struct codes *codes, size_t first, size_t count)
{
	static Mt__ListCode items[CODES_PER_CALL];
	static Mt__ListCode *pointers[CODES_PER_CALL];
	Mt__PutCodesRequest request = MT__PUT_CODES_REQUEST__INIT;
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &codes->rows[first + i];
		items[i] = (Mt__ListCode)MT__LIST_CODE__INIT;
		items[i].code = (char *)(uintptr_t)row->code;
		items[i].name = (char *)(uintptr_t)row->name;
		items[i].name_en = (char *)(uintptr_t)row->name_en;
		items[i].valid_from = (char *)(uintptr_t)row->valid_from;
		items[i].valid_to = (char *)(uintptr_t)row->valid_to;
		pointers[i] = &items[i];
	}
	request.list = (char *)(uintptr_t)codes->rows[first].list;
	request.version = (char *)(uintptr_t)args_get(codes->args, "version", "");
	request.valid_from = (char *)(uintptr_t)args_get(codes->args, "valid-from", "");
	request.codes = pointers;
	request.n_codes = count;
	request.more = same_list(codes, first, first + count);
	link_reset(codes->link);
	const Mt__Reply *reply = link_ask(codes->link, &(struct link_ask){.method = "CodeLists.Put"}, &request.base);
	if (reply == NULL)
		return false;
	if (reply->status != MT__STATUS__OK) {
		codes->refused += count;
		if (codes->refusals++ < REFUSALS_SHOWN_MAX)
			link_say_refusal(codes->link, "CodeLists.Put", reply);
		return true;
	}
	const Mt__PutCodesReply *put = (const Mt__PutCodesReply *)pb_unpack_trusted(
		&mt__put_codes_reply__descriptor, &codes->link->arena, slice_of(reply->reply.data, reply->reply.len));
	if (put == NULL)
		return false;
	codes->added += put->added;
	codes->unchanged += put->unchanged;
	return true;
}

static int
codes_load(struct codes *codes)
{
	struct progress progress;
	bool good = tree_ensure_root(codes->link);
	size_t done = 0;
	progress_begin(&progress, "codes", codes->rows_count, args_has(codes->args, "quiet"));
	while (good && done < codes->rows_count) {
		size_t count = 1;
		while (count < CODES_PER_CALL && same_list(codes, done, done + count))
			count++;
		good = codes_put(codes, done, count);
		done += good ? count : 0;
		progress_show(&progress, done);
	}
	progress_end(&progress, done);
	if (!good)
		return EXIT_FAILED;
	printf("%zu added, %zu unchanged, %zu refused\n", codes->added, codes->unchanged, codes->refused);
	return codes->refused == 0 ? EXIT_DONE : EXIT_FAILED;
}

int
command_codes(const struct args *args)
{
	struct link link;
	struct codes codes = {.args = args, .link = &link};
	pid_t server = 0;
	int exit_code = EXIT_FAILED;
	if (!args_has(args, "version") || !args_has(args, "valid-from")) {
		say("codes wants --version V and --valid-from YYYY-MM-DD");
		return EXIT_USED_WRONGLY;
	}
	if (rows_read(&codes, args->values[0]) && data_prepare(args_data(args))) {
		if (!link_is_there(args, "enrollment"))
			server = server_start(args, "enrollment");
		if (server >= 0 && link_open(&link, args, "enrollment")) {
			exit_code = codes_load(&codes);
			link_close(&link);
		}
	}
	free(codes.rows);
	csv_close(&codes.csv);
	if (server > 0)
		server_stop(server);
	return exit_code;
}
