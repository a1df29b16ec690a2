/* services/gateway/request.c
 *
 * What was asked: the header is checked once, before any body is read, and refused by
 * name where two readers could understand it differently (RFC 9112 section 11.2).
 * The bearer token is hashed here and forgotten: who it belongs to is for the service
 * to say. */
#include "services/gateway/request.h"

#include "common/base/fatal.h"
#include "common/base/text.h"
#include "services/gateway/forward.h"
#include "services/gateway/http_impl.h"
#include "services/gateway/preflight.h"

#include <stdlib.h>

enum { REQUEST_ARENA_BLOCK_BYTES = 4096 };

struct request *
request_new(struct http *http, struct MHD_Connection *connection, const char *verb)
{
	struct request *request = calloc(1, sizeof(*request));
	if (request == NULL)
		fatal("no memory left for a request");
	request->http = http;
	request->connection = connection;
	request->began_us = uv_hrtime() / 1000;
	arena_init(&request->arena, REQUEST_ARENA_BLOCK_BYTES, REQUEST_ARENA_BYTES_MAX);
	request->verb = arena_text(&request->arena, slice_text(verb));
	buf_init(&request->body, EVENTS_BYTES_MAX);
	return request;
}

void
request_free(struct request *request)
{
	if (request->response != NULL)
		MHD_destroy_response(request->response);
	buf_free(&request->body);
	arena_free(&request->arena);
	free(request);
}

/* --- the header -------------------------------------------------------------------------------------------------- */

struct header_counts {
	unsigned host;
	unsigned length;
	unsigned encoding;
	unsigned authorization;
	unsigned type;
	unsigned key;
	unsigned content_encoding;
	unsigned if_match;
	bool blank_in_name;
	bool encoding_other;
};

/* Blanks behind a value are not of it (RFC 9112 section 5.1). libmicrohttpd 0.9.75 leaves them there, in the memory of
 * the connection, where it put a NUL behind each value too. */
static void
value_trim(const char *value)
{
	char *text = (char *)(uintptr_t)value;
	size_t size = text == NULL ? 0 : strlen(text);
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		text[--size] = '\0';
}

static enum MHD_Result
on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_counts *counts = context;
	const struct {
		const char *name;
		unsigned *count;
	} counted[] = {
		{"Host", &counts->host},
		{"Content-Length", &counts->length},
		{"Transfer-Encoding", &counts->encoding},
		{"Authorization", &counts->authorization},
		{"Content-Type", &counts->type},
		{"Idempotency-Key", &counts->key},
		{"Content-Encoding", &counts->content_encoding},
		{"If-Match", &counts->if_match},
	};
	(void)kind;
	/* As libmicrohttpd saw it, which then reads the body so: with a blank behind it, chunked is none to it. */
	if (strcasecmp(name, "Transfer-Encoding") == 0 && (value == NULL || strcasecmp(value, "chunked") != 0))
		counts->encoding_other = true;
	value_trim(value);
	counts->blank_in_name = counts->blank_in_name || strpbrk(name, " \t") != NULL;
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		*counted[i].count += strcasecmp(name, counted[i].name) == 0 ? 1 : 0;
	return MHD_YES;
}

static bool
header_refuse(struct request *request, const char *what)
{
	request_header_add(request, "Connection", "close");
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "the header %s", what);
	return false;
}

/* Sound headers that ask for what is not done here; to ignore them would do something else instead. If-Match is for
 * forward_serve to judge, and for nobody else. */
static bool
demands_check(struct request *request)
{
	const char *encoding = request_header(request, "Content-Encoding");
	if (encoding != NULL && strcasecmp(encoding, "identity") != 0) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, "Content-Encoding %.64s is not taken",
			       encoding);
		return false;
	}
	return true;
}

/* What no name of a host, address or port has (RFC 9112 section 3.2 wants such refused). */
static bool
host_is_sound(const char *host)
{
	for (const char *at = host; *at != '\0'; at++) {
		if ((uint8_t)*at <= ' ' || (uint8_t)*at >= 0x7f || strchr("/?#@\\\"<>^`{|}", *at) != NULL)
			return false;
	}
	return true;
}

static bool
header_check(struct request *request)
{
	struct header_counts counts = {.host = 0};
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_header, &counts);
	if (counts.blank_in_name)
		return header_refuse(request, "has a blank before a colon, or in a name");
	if (counts.host == 0 && !request->is_http_1_0)
		return header_refuse(request, "names no Host");
	if (counts.host > 1)
		return header_refuse(request, "names Host twice");
	if (counts.host == 1 && !host_is_sound(request_header(request, "Host")))
		return header_refuse(request, "names a Host that is none");
	if (counts.length > 1)
		return header_refuse(request, "names Content-Length twice");
	if (counts.encoding > 1)
		return header_refuse(request, "names Transfer-Encoding twice");
	if (counts.length > 0 && counts.encoding > 0)
		return header_refuse(request, "names Content-Length beside Transfer-Encoding");
	if (counts.encoding > 0 && request->is_http_1_0)
		return header_refuse(request, "names Transfer-Encoding, which HTTP/1.0 does not know");
	if (counts.encoding_other)
		return header_refuse(request, "names a Transfer-Encoding other than chunked");
	if (counts.authorization > 1)
		return header_refuse(request, "names Authorization twice");
	if (counts.type > 1)
		return header_refuse(request, "names Content-Type twice");
	if (counts.if_match > 1)
		return header_refuse(request, "names If-Match twice");
	if (counts.key > 1)
		return header_refuse(request, "names Idempotency-Key twice");
	if (counts.content_encoding > 1)
		return header_refuse(request, "names Content-Encoding twice");
	request->drains = true;
	return demands_check(request);
}

struct query_reading {
	struct request *request;
	const char *wrong;
};

static enum MHD_Result
on_parameter(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct query_reading *reading = context;
	struct request *request = reading->request;
	(void)kind;
	if (name[0] == '\0' && (value == NULL || value[0] == '\0'))
		return MHD_YES; /* between two &, or behind the last */
	if (request->query_count == QUERY_PARAMETERS_MAX) {
		reading->wrong = "the query has too many parameters";
		return MHD_NO;
	}
	if (name[0] == '\0') {
		reading->wrong = "the query has a parameter without a name";
		return MHD_NO;
	}
	struct request_parameter *parameter = &request->query[request->query_count++];
	parameter->name = route_decode(&request->arena, slice_text(name));
	parameter->value = route_decode(&request->arena, slice_text(value == NULL ? "" : value));
	if (parameter->name == NULL || parameter->value == NULL) {
		reading->wrong = "the query is not percent-encoded UTF-8";
		return MHD_NO;
	}
	return MHD_YES;
}

static bool
query_read(struct request *request)
{
	struct query_reading reading = {.request = request};
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_parameter, &reading);
	if (reading.wrong == NULL)
		return true;
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "%s", reading.wrong);
	return false;
}

static bool
token_read(struct request *request)
{
	const char *value = request_header(request, "Authorization");
	if (value == NULL)
		return true;
	size_t size = strncasecmp(value, "Bearer ", 7) == 0 ? strlen(value + 7) : 0;
	while (size > 0 && (value[7 + size - 1] == ' ' || value[7 + size - 1] == '\t'))
		size--;
	if (size == 0 || size > TOKEN_BYTES_MAX || strcspn(value + 7, " \t") < size) {
		request_refuse(request, PROBLEM_UNAUTHENTICATED, NULL,
			       "the header Authorization is not Bearer and one token");
		return false;
	}
	hash_sha256(slice_of(value + 7, size), request->token_hash);
	request->has_token = true;
	return true;
}

/* W3C Trace Context: 00-32 hex digits-16 hex digits-flags. What does not fit is ignored, as it says. */
static void
trace_read(struct request *request)
{
	static const uint8_t none[TRACE_ID_BYTES];
	char hex[2 * TRACE_ID_BYTES + 1];
	const char *value = request_header(request, "traceparent");
	if (value == NULL || strlen(value) < 55 || value[2] != '-' || value[35] != '-')
		return;
	memcpy(hex, value + 3, 2 * TRACE_ID_BYTES);
	hex[2 * TRACE_ID_BYTES] = '\0';
	request->has_trace = text_from_hex(hex, request->trace_id, TRACE_ID_BYTES) &&
			     memcmp(request->trace_id, none, TRACE_ID_BYTES) != 0;
}

/* A target may be written with scheme and authority (RFC 9112 section 3.2.2); Host was looked at already. */
static const char *
path_of(const char *target)
{
	size_t scheme = strncasecmp(target, "http://", 7) == 0 ? 7 : strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
	if (scheme == 0)
		return target;
	const char *path = strchr(target + scheme, '/');
	return path == NULL ? "/" : path;
}

static bool
endpoint_find(struct request *request, const struct routes *routes, struct endpoint *endpoints, const char *target)
{
	const char *path = path_of(target);
	if (strlen(path) > PATH_BYTES_LIMIT) {
		request_refuse(request, PROBLEM_URI_TOO_LONG, NULL, "the path is longer than %d bytes",
			       PATH_BYTES_LIMIT);
		return false;
	}
	switch (route_find(routes, &request->arena, request->verb, path, &request->match)) {
	case ROUTE_FOUND:
		request->endpoint = &endpoints[request->match.endpoint];
		return true;
	case ROUTE_NO_SUCH_PATH:
		if (strcmp(request->verb, "OPTIONS") == 0 && strcmp(path, "*") == 0) {
			request_answer_static(request, 204, NULL, slice_text("")); /* RFC 9110 section 9.3.7: a ping */
			return false;
		}
		request_refuse(request, PROBLEM_NO_SUCH_ROUTE, NULL, "no route has this path, see /openapi.json");
		return false;
	case ROUTE_OTHER_VERB:
		if (strcmp(request->verb, "OPTIONS") == 0) {
			preflight_answer(request, routes, endpoints, path);
			return false;
		}
		request_header_add(request, "Allow", request->match.allow);
		request_refuse(request, PROBLEM_METHOD_NOT_ALLOWED, NULL, "this path takes %s", request->match.allow);
		return false;
	case ROUTE_MALFORMED:
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "the path is not percent-encoded UTF-8");
		return false;
	}
	return false;
}

static size_t
body_limit(const struct request *request)
{
	if (request->endpoint != NULL && request->endpoint->sink != NULL)
		return SIZE_MAX - BODY_EXCESS_MAX;
	return request->endpoint == NULL ? 0 : request->endpoint->body_bytes_max;
}

static unsigned long long
body_length(const struct request *request)
{
	const char *length = request_header(request, "Content-Length");
	return length == NULL ? 0 : strtoull(length, NULL, 10);
}

static bool
length_check(struct request *request)
{
	size_t limit = body_limit(request);
	if (body_length(request) <= limit)
		return true;
	if (limit == 0)
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "this request takes no body");
	else
		request_refuse(request, PROBLEM_CONTENT_TOO_LARGE, NULL, "the body is larger than %zu bytes", limit);
	return false;
}

/* Methods know their own parameters, and so do the few routes that say so. */
static bool
query_allowed(struct request *request)
{
	static const char *const none[] = {NULL};
	return request->endpoint->rule != NULL || request->endpoint->reads_query || request_query_only(request, none);
}

static bool
target_check(struct request *request)
{
	const struct connection *record = connection_of(request->connection);
	if (record == NULL || !record->target_has_space)
		return true;
	request_header_add(request, "Connection", "close");
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "the request target holds a space");
	return false;
}

static bool
if_match_check(struct request *request)
{
	if (request_header(request, "If-Match") == NULL || request->endpoint->serve == forward_serve)
		return true;
	request_refuse(request, PROBLEM_UNIMPLEMENTED, NULL, "If-Match is not taken here");
	return false;
}

bool
request_begin(struct request *request, const struct routes *routes, struct endpoint *endpoints, const char *path)
{
	if (!target_check(request) || !header_check(request))
		return false;
	if (!endpoint_find(request, routes, endpoints, path) || !if_match_check(request) || !length_check(request))
		return false;
	trace_read(request);
	return query_read(request) && query_allowed(request) && token_read(request);
}

/* A connection that is closed while its client still sends loses the answer on the way (RFC 9112 section 9.6). */
bool
request_drains(const struct request *request)
{
	return request->drains && request_header(request, "Expect") == NULL &&
	       body_length(request) <= body_limit(request) + BODY_EXCESS_MAX;
}

/* --- looking at it ----------------------------------------------------------------------------------------------- */

const char *
request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *
request_query(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->query_count; i++) {
		if (strcmp(request->query[i].name, name) == 0)
			return request->query[i].value;
	}
	return NULL;
}

const char *
request_path_value(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->match.count; i++) {
		if (strcmp(request->match.values[i].name, name) == 0)
			return request->match.values[i].value;
	}
	return "";
}

static bool
name_is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

bool
request_query_only(struct request *request, const char *const *names)
{
	for (size_t i = 0; i < request->query_count; i++) {
		const char *name = request->query[i].name;
		if (!name_is_among(name, names)) {
			request_refuse(request, PROBLEM_INVALID_ARGUMENT, name, "query parameter %s is not known",
				       name);
			return false;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(request->query[j].name, name) != 0)
				continue;
			request_refuse(request, PROBLEM_INVALID_ARGUMENT, name, "query parameter %s is given twice",
				       name);
			return false;
		}
	}
	return true;
}

bool
request_query_number(struct request *request, const char *name, uint64_t max, uint64_t *value)
{
	const char *text = request_query(request, name);
	if (text == NULL)
		return true;
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > max) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, name, "query parameter %s is not a number up to %llu",
			       name, (unsigned long long)max);
		return false;
	}
	*value = number;
	return true;
}

bool
request_content_is(const struct request *request, const char *type)
{
	const char *value = request_header(request, "Content-Type");
	size_t size = strlen(type);
	return value != NULL && strncasecmp(value, type, size) == 0 && strchr(" \t;", value[size]) != NULL;
}

struct caller
request_caller(const struct request *request)
{
	struct caller caller = {.is_gateway = false};
	if (request->has_token)
		caller.token_hash = slice_of(request->token_hash, HASH_BYTES);
	return caller;
}
