/* services/ctl/units.c
 *
 * Authorities of a CSV file: code, name, name_en, parent_code, kind, in an order where a
 * parent stands before those below it; without a parent they stand below VN, which is
 * registered if it is missing, or below --parent. The same file again changes nothing.
 *
 * A parent's code is one of the same list if the file has it, else of any list. With
 * --bodies the list is another by default; with --predecessors the file tells what
 * became of an older list, see predecessors.h. */
#include "services/ctl/units.h"

#include "services/ctl/bulk.h"
#include "services/ctl/csv.h"
#include "services/ctl/predecessors.h"
#include "services/ctl/progress.h"
#include "services/ctl/spawn.h"
#include "services/ctl/tree.h"

#include "common/core/limits.h"
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
	const char *path;
	const char *list;
	const char *version;
	char parent_asked[CODE_BYTES_MAX + 1]; /* the parent code looked for in the file last: parents come in rows */
	bool parent_is_here;
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
	bool bodies = args_has(units->args, "bodies");
	units->path = path;
	units->list = args_get(units->args, "list", bodies ? BODIES_LIST : UNITS_LIST);
	units->version = args_get(units->args, "version", bodies ? BODIES_VERSION : UNITS_VERSION);
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

static bool
file_has(const char *path, const char *authority)
{
	struct csv csv;
	bool broken;
	bool found = false;
	if (!csv_open(&csv, path))
		return false;
	int code = csv_column(&csv, "code");
	while (code >= 0 && !found && csv_next(&csv, &broken))
		found = strcmp(csv.fields[code], authority) == 0;
	csv_close(&csv);
	return found;
}

static const char *
parent_reference(struct units *units, const char *parent)
{
	if (parent[0] == '\0')
		return args_get(units->args, "parent", ROOT_CODE);
	if (strlen(parent) > CODE_BYTES_MAX)
		return parent; /* to be refused by the service */
	if (strcmp(units->parent_asked, parent) != 0) {
		snprintf(units->parent_asked, sizeof(units->parent_asked), "%s", parent);
		units->parent_is_here = file_has(units->path, parent);
	}
	return units->parent_is_here
		       ? arena_format(&units->link->arena, "%s:%s:%s", units->list, units->version, parent)
		       : parent;
}

static struct slice
unit_request(struct units *units)
{
	const char *const *fields = units->csv.fields;
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	request.parent = (char *)(uintptr_t)parent_reference(units, fields[units->columns.parent]);
	request.code_list = (char *)(uintptr_t)units->list;
	request.list_version = (char *)(uintptr_t)units->version;
	request.valid_from = (char *)(uintptr_t)args_get(units->args, "valid-from", "");
	request.valid_to = (char *)(uintptr_t)args_get(units->args, "valid-to", "");
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

static bool
units_register(struct units *units, bool quiet)
{
	struct bulk bulk = {.rpc = units->link->rpc,
			    .key = &units->link->key,
			    .arena = &units->link->arena,
			    .tag = UINT64_C(1) << 32};
	struct progress progress;
	bool last = false;
	bool good = tree_ensure_root(units->link);
	progress_begin(&progress, "units", units->total, quiet);
	while (good && !last) {
		good = units_frame(units, &bulk, &last);
		progress_show(&progress, units->added + units->unchanged + units->refused);
	}
	progress_end(&progress, units->added + units->unchanged + units->refused);
	return good;
}

static int
units_load(struct units *units)
{
	if (!units_register(units, args_has(units->args, "quiet")))
		return EXIT_FAILED;
	printf("%zu added, %zu unchanged, %zu refused\n", units->added, units->unchanged, units->refused);
	return units->refused == 0 ? EXIT_DONE : EXIT_FAILED;
}

enum known { KNOWN_NOT, KNOWN, KNOWN_UNCLEAR };

/* Unclear, and said, if enrollment gave no answer to the question. */
static enum known
authority_ask(struct link *link, const char *authority)
{
	Mt__GetAuthorityRequest request = MT__GET_AUTHORITY_REQUEST__INIT;
	request.authority = (char *)(uintptr_t)authority;
	const Mt__Reply *reply = link_ask(link, &(struct link_ask){.method = "Authorities.Get"}, &request.base);
	if (reply == NULL)
		return KNOWN_UNCLEAR;
	if (reply->status == MT__STATUS__OK)
		return KNOWN;
	if (reply->status == MT__STATUS__INVALID_ARGUMENT || reply->status == MT__STATUS__NOT_FOUND)
		return KNOWN_NOT;
	link_say_refusal(link, "Authorities.Get", reply);
	return KNOWN_UNCLEAR;
}

/* True if there is the root at most. */
static bool
is_bare(struct link *link)
{
	Mt__ListAuthoritiesRequest request = MT__LIST_AUTHORITIES_REQUEST__INIT;
	struct fault fault;
	request.authority = (char *)ROOT_CODE;
	request.page_size = 1;
	enum known root = authority_ask(link, ROOT_CODE);
	if (root != KNOWN)
		return root == KNOWN_NOT;
	const Mt__Reply *reply = link_ask(link, &(struct link_ask){.method = "Authorities.List"}, &request.base);
	if (reply == NULL || reply->status != MT__STATUS__OK)
		return false;
	const Mt__ListAuthoritiesReply *list = (const Mt__ListAuthoritiesReply *)pb_unpack(
		&mt__list_authorities_reply__descriptor, &link->arena, slice_of(reply->reply.data, reply->reply.len),
		false, &fault);
	return list != NULL && list->n_authorities == 0;
}

static bool
units_bring(const struct args *args, struct link *link, const char *path)
{
	struct units units = {.args = args, .link = link};
	bool good = units_open(&units, path) && units_register(&units, true);
	csv_close(&units.csv);
	if (good)
		say("the tree was empty: %zu units of %s are registered", units.added, path);
	return good;
}

bool
units_ensure(const struct args *args, struct link *link, const char *authority)
{
	char path[PATH_BYTES_MAX];
	if (strcmp(authority, ROOT_CODE) == 0)
		return tree_ensure_root(link);
	enum known known = authority_ask(link, authority);
	if (known != KNOWN_NOT)
		return known == KNOWN;
	if (units_path(path) && file_has(path, authority) && is_bare(link))
		return units_bring(args, link, path);
	say("authority %s is unknown; load the units first: matricula units FILE.csv", authority);
	return false;
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
	if (link_open(&link, args, "enrollment")) {
		if (args_has(args, "predecessors"))
			exit_code = predecessors_load(args, &link, args->values[0]) ? EXIT_DONE : EXIT_FAILED;
		else if (units_open(&units, args->values[0]))
			exit_code = units_load(&units);
		link_close(&link);
	}
	csv_close(&units.csv);
	server_stop(server);
	return exit_code;
}
