/* services/ctl/units.c
 *
 * Authorities of a CSV file: code, name, name_en, parent_code, kind, in an order where a
 * parent stands before those below it; without a parent they stand below VN, which is
 * registered if it is missing. The same file again changes nothing. */
#include "services/ctl/bulk.h"
#include "services/ctl/csv.h"
#include "services/ctl/progress.h"
#include "services/ctl/spawn.h"
#include "services/ctl/tree.h"

#include "common/wire/pb.h"

#include "matricula/authority.pb-c.h"

#include <stdio.h>
#include <string.h>

enum { REFUSALS_SHOWN_MAX = 10 };

struct unit_columns {
	int code, name, name_en, parent, kind;
};

struct units {
	const struct args *args;
	struct link *link;
	struct csv csv;
	struct unit_columns columns;
	size_t total;
	size_t added;
	size_t unchanged;
	size_t refused;
};

static bool
units_open(struct units *units, const char *path)
{
	struct unit_columns *columns = &units->columns;
	bool broken;
	if (!csv_open(&units->csv, path))
		return false;
	/* Once to count: the file is small, and the bar wants to know. */
	while (csv_next(&units->csv, &broken))
		units->total++;
	csv_close(&units->csv);
	if (broken || !csv_open(&units->csv, path))
		return false;
	columns->code = csv_column(&units->csv, "code");
	columns->name = csv_column(&units->csv, "name");
	columns->name_en = csv_column(&units->csv, "name_en");
	columns->parent = csv_column(&units->csv, "parent_code");
	columns->kind = csv_column(&units->csv, "kind");
	return columns->code >= 0 && columns->name >= 0 && columns->name_en >= 0 && columns->parent >= 0 &&
	       columns->kind >= 0;
}

static struct slice
unit_request(const struct units *units)
{
	const char *const *fields = units->csv.fields;
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	const char *parent = fields[units->columns.parent];
	request.parent = (char *)(parent[0] == '\0' ? ROOT_CODE : parent);
	request.code_list = (char *)args_get(units->args, "list", UNITS_LIST);
	request.list_version = (char *)args_get(units->args, "version", UNITS_VERSION);
	request.code = (char *)fields[units->columns.code];
	request.name = (char *)fields[units->columns.name];
	request.name_en = (char *)fields[units->columns.name_en];
	request.kind = (char *)fields[units->columns.kind];
	return pb_pack(&units->link->arena, &request.base);
}

static void
count_reply(struct units *units, const Mt__Reply *reply)
{
	if (reply->status != MT__STATUS__OK) {
		if (units->refused++ < REFUSALS_SHOWN_MAX)
			link_say_refusal(units->link, "Authorities.Add", reply);
		return;
	}
	const Mt__AddAuthorityReply *added = (const Mt__AddAuthorityReply *)pb_unpack_trusted(
		&mt__add_authority_reply__descriptor, &units->link->arena,
		slice_of(reply->reply.data, reply->reply.len));
	if (added != NULL && added->unchanged)
		units->unchanged++;
	else
		units->added++;
}

/* One frame; false if it found no decision. *last tells that the file is at its end. */
static bool
units_frame(struct units *units, struct bulk *bulk, bool *last)
{
	static struct bulk_call calls[BULK_CALLS_MAX];
	size_t count = 0;
	bool broken = false;
	link_reset(units->link);
	*last = false;
	while (count < BULK_CALLS_MAX && !*last) {
		*last = !csv_next(&units->csv, &broken);
		if (!*last)
			calls[count++] = (struct bulk_call){
				.id = "", .method = "Authorities.Add", .request = unit_request(units)};
	}
	if (broken || !bulk_run(bulk, calls, count))
		return false;
	for (size_t i = 0; i < count; i++)
		count_reply(units, calls[i].reply);
	return true;
}

static int
units_load(struct units *units)
{
	struct bulk bulk = {.rpc = units->link->rpc,
			    .key = &units->link->key,
			    .arena = &units->link->arena,
			    .tag = UINT64_C(1) << 32};
	struct progress progress;
	bool last = false;
	bool good = tree_ensure_root(units->link);
	progress_begin(&progress, "units", units->total, args_has(units->args, "quiet"));
	while (good && !last) {
		good = units_frame(units, &bulk, &last);
		progress_show(&progress, units->added + units->unchanged + units->refused);
	}
	progress_end(&progress, units->added + units->unchanged + units->refused);
	if (!good)
		return EXIT_FAILED;
	printf("%zu added, %zu unchanged, %zu refused\n", units->added, units->unchanged, units->refused);
	return units->refused == 0 ? EXIT_DONE : EXIT_FAILED;
}

int
command_units(const struct args *args)
{
	struct link link;
	struct units units = {.args = args, .link = &link};
	pid_t server = 0;
	int exit_code = EXIT_FAILED;
	if (!data_prepare(args_data(args)))
		return EXIT_FAILED;
	if (!link_is_there(args, "enrollment"))
		server = server_start(args, "enrollment");
	if (server < 0)
		return EXIT_FAILED;
	if (units_open(&units, args->values[0]) && link_open(&link, args, "enrollment")) {
		exit_code = units_load(&units);
		link_close(&link);
	}
	csv_close(&units.csv);
	server_stop(server);
	return exit_code;
}
