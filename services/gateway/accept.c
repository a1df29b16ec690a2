/* services/gateway/accept.c
 *
 * What the client would like to have, of the headers that are lists. */
#include "services/gateway/request.h"

#include <string.h>

struct header_lines {
	const char *name;
	struct arena *arena;
	const char *joined;
};

static enum MHD_Result
on_line(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_lines *lines = context;
	(void)kind;
	if (value != NULL && strcasecmp(name, lines->name) == 0)
		lines->joined =
			lines->joined == NULL ? value : arena_format(lines->arena, "%s, %s", lines->joined, value);
	return MHD_YES;
}

const char *
request_header_list(struct request *request, const char *name)
{
	struct header_lines lines = {.name = name, .arena = &request->arena};
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_line, &lines);
	return lines.joined;
}

/* Thousandths of the weight that Accept gives to a range as it is spelt; -1 if it does not name it. */
static long
accept_weight(struct request *request, const char *range)
{
	const char *accept = request_header_list(request, "Accept");
	size_t size = strlen(range);
	for (const char *at = accept == NULL ? "" : accept; *at != '\0'; at += strcspn(at, ",")) {
		at += strspn(at, " \t,");
		if (strncasecmp(at, range, size) == 0 && strchr(" \t,;", at[size]) != NULL)
			return problem_quality(at, strcspn(at, ","));
	}
	return -1;
}

/* The most precise range decides (RFC 9110 section 12.5.1). */
static long
json_weight(struct request *request)
{
	static const char *const ranges[] = {"application/json", "application/*", "*/*"};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		long weight = accept_weight(request, ranges[i]);
		if (weight >= 0)
			return weight;
	}
	return 0;
}

bool
request_accepts(struct request *request, const char *type)
{
	long weight = accept_weight(request, type);
	return weight > 0 && weight >= json_weight(request);
}

bool
request_prefers(struct request *request, const char *type, const char *other)
{
	return request_accepts(request, type) && accept_weight(request, type) > accept_weight(request, other);
}
