/* tests/scenario/web.c
 *
 * Three methods look different over HTTP: Events.Push takes a CloudEvent and leaves
 * out the person's id, which is looked up; Certificates.Get answers the credential
 * itself; the figure stream has a shape of its own. */
#include "tests/scenario/web.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "tests/scenario/bridge.h"
#include "tests/scenario/shell.h"

enum { BODY_BYTES_MAX = 16 << 20, URL_BYTES_MAX = 8192, TRIES_MAX = 150, PAUSE_MS = 200, TIMEOUT_S = 30 };

struct web {
	CURL *curl;
	const char *url;
};

struct response {
	long status;
	bool replayed;
	struct buf body; /* with a NUL behind it */
};

struct web *
web_open(const char *url)
{
	struct web *web = calloc(1, sizeof(*web));
	assert(web != NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	web->url = url;
	web->curl = curl_easy_init();
	assert(web->curl != NULL);
	return web;
}

void
web_close(struct web *web)
{
	curl_easy_cleanup(web->curl);
	curl_global_cleanup();
	free(web);
}

/* A path has no word for what is absent. */
static bool
fills_path(const char *path, const char *json)
{
	json_t *request = json_loads(json, 0, NULL);
	bool full = true;
	for (const char *at = strchr(path, '{'); at != NULL && full; at = strchr(at + 1, '{'))
		full = json_object_getn(request, at + 1, strcspn(at + 1, "}")) != NULL;
	json_decref(request);
	return full;
}

bool
web_reaches(const struct order *order)
{
	return order->service == NULL && order->rule->path[0] != '\0' &&
	       strcmp(order->rule->name, "Figures.Watch") != 0 && fills_path(order->rule->path, order->json);
}

/* --- one exchange ------------------------------------------------------------------------------------------------- */

static size_t
on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct response *response = context;
	buf_append(&response->body, slice_of(bytes, size * count));
	return buf_failed(&response->body) ? 0 : size * count;
}

static bool
header_is(const char *line, size_t size, const char *name)
{
	return size >= strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct response *response = context;
	char line[128];
	snprintf(line, sizeof(line), "%.*s", (int)(size * count), bytes);
	if (header_is(line, size * count, "Idempotent-Replayed: true"))
		response->replayed = true;
	return size * count;
}

static struct curl_slist *
add_header(struct curl_slist *headers, const char *name, const char *value)
{
	char line[512];
	snprintf(line, sizeof(line), "%s: %s", name, value);
	return curl_slist_append(headers, line);
}

struct exchange {
	const char *verb;
	char path[URL_BYTES_MAX];
	char *body; /* NULL: none */
	const char *type;
	const char *token;
	const char *id;
};

/* False if nobody answered. */
static bool
exchange_once(struct web *web, const struct exchange *exchange, struct response *response)
{
	char url[URL_BYTES_MAX + 256];
	char bearer[300];
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	snprintf(url, sizeof(url), "%s%s", web->url, exchange->path);
	if (exchange->body != NULL)
		headers = add_header(headers, "Content-Type", exchange->type);
	if (exchange->token != NULL) {
		snprintf(bearer, sizeof(bearer), "Bearer %s", exchange->token);
		headers = add_header(headers, "Authorization", bearer);
	}
	if (exchange->id[0] != '\0')
		headers = add_header(headers, "Idempotency-Key", exchange->id);
	buf_reset(&response->body);
	response->replayed = false;
	curl_easy_reset(web->curl);
	curl_easy_setopt(web->curl, CURLOPT_URL, url);
	curl_easy_setopt(web->curl, CURLOPT_CUSTOMREQUEST, exchange->verb);
	curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(web->curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(web->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(web->curl, CURLOPT_WRITEDATA, response);
	curl_easy_setopt(web->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(web->curl, CURLOPT_HEADERDATA, response);
	if (exchange->body != NULL)
		curl_easy_setopt(web->curl, CURLOPT_POSTFIELDS, exchange->body);
	CURLcode code = curl_easy_perform(web->curl);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return false;
	curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &response->status);
	buf_byte(&response->body, 0);
	return !buf_failed(&response->body);
}

static bool
ask_ready(struct web *web, struct response *response)
{
	struct exchange exchange = {.verb = "GET", .path = "/readyz", .id = ""};
	buf_init(&response->body, BODY_BYTES_MAX);
	bool ready = exchange_once(web, &exchange, response) && response->status == 200;
	buf_free(&response->body);
	return ready;
}

bool
web_ready(struct web *web)
{
	struct response response = {0};
	return ask_ready(web, &response);
}

/* --- the request -------------------------------------------------------------------------------------------------- */

/* A scalar of the request as text in path or query; false if it is none. */
static bool
scalar_text(json_t *value, char *out, size_t size)
{
	if (json_is_string(value))
		snprintf(out, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
	else
		return false;
	return true;
}

static void
append_encoded(struct web *web, char *path, const char *text)
{
	char *encoded = curl_easy_escape(web->curl, text, 0);
	size_t size = strlen(path);
	snprintf(path + size, URL_BYTES_MAX - size, "%s", encoded);
	curl_free(encoded);
}

static void
append_plain(char *path, const char *text, size_t count)
{
	size_t size = strlen(path);
	snprintf(path + size, URL_BYTES_MAX - size, "%.*s", (int)count, text);
}

/* The template with {jsonName} filled in; what the path takes leaves the request. */
static void
fill_path(struct web *web, struct exchange *exchange, const char *pattern, json_t *request)
{
	while (*pattern != '\0') {
		char name[64];
		char text[512] = "";
		size_t plain = strcspn(pattern, "{");
		append_plain(exchange->path, pattern, plain);
		pattern += plain;
		if (*pattern == '\0')
			return;
		size_t size = strcspn(pattern, "}");
		snprintf(name, sizeof(name), "%.*s", (int)size - 1, pattern + 1);
		scalar_text(json_object_get(request, name), text, sizeof(text));
		append_encoded(web, exchange->path, text);
		json_object_del(request, name);
		pattern += size + 1;
	}
}

static void
append_parameter(struct web *web, char *path, const char *name, json_t *value)
{
	char text[URL_BYTES_MAX];
	if (!scalar_text(value, text, sizeof(text)))
		return;
	append_plain(path, strchr(path, '?') == NULL ? "?" : "&", 1);
	append_encoded(web, path, name);
	append_plain(path, "=", 1);
	append_encoded(web, path, text);
}

static void
fill_query(struct web *web, struct exchange *exchange, json_t *request)
{
	const char *name;
	json_t *value;
	size_t i;
	json_t *element;
	json_object_foreach(request, name, value)
	{
		if (!json_is_array(value))
			append_parameter(web, exchange->path, name, value);
		json_array_foreach(value, i, element) append_parameter(web, exchange->path, name, element);
	}
}

/* "leaveBegun", as JSON spells a field, is "leave_begun" in the .proto and in event types. */
static void
field_spelling(const char *json, char *out, size_t size)
{
	size_t at = 0;
	for (; *json != '\0' && at + 2 < size; json++) {
		if (isupper((unsigned char)*json))
			out[at++] = '_';
		out[at++] = (char)tolower((unsigned char)*json);
	}
	out[at] = '\0';
}

/* {"data": {"hired": {...}}} becomes type matricula.person.hired.v1 with the inner data. */
static json_t *
cloud_event(json_t *request)
{
	json_t *event = json_deep_copy(request);
	json_t *kinds = json_object_get(request, "data");
	const char *kind;
	json_t *data;
	char type[96];
	json_object_set_new(event, "specversion", json_string("1.0"));
	json_object_del(event, "data");
	json_object_foreach(kinds, kind, data)
	{
		char field[64];
		field_spelling(kind, field, sizeof(field));
		snprintf(type, sizeof(type), "matricula.person.%s.v1", field);
		json_object_set_new(event, "type", json_string(type));
		json_object_set(event, "data", data);
	}
	return event;
}

static bool
has_body(const char *verb)
{
	return strcmp(verb, "POST") == 0 || strcmp(verb, "PUT") == 0 || strcmp(verb, "PATCH") == 0;
}

static void
exchange_make(struct web *web, const struct order *order, const char *token, json_t *request, struct exchange *exchange)
{
	bool is_event = strcmp(order->rule->name, "Events.Push") == 0;
	*exchange = (struct exchange){.verb = order->rule->verb, .token = token, .id = order->id};
	fill_path(web, exchange, order->rule->path, request);
	if (!has_body(exchange->verb))
		fill_query(web, exchange, request);
	if (order->dry_run)
		append_parameter(web, exchange->path, "dryRun", json_true());
	if (!has_body(exchange->verb))
		return;
	json_t *event = is_event ? cloud_event(request) : NULL;
	exchange->body = json_dumps(is_event ? event : request, JSON_COMPACT);
	exchange->type = is_event ? "application/cloudevents+json" : "application/json";
	json_decref(event);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static Mt__Status
status_of_code(const char *code)
{
	if (strcmp(code, "IDEMPOTENCY_KEY_REUSED") == 0)
		return MT__STATUS__FAILED_PRECONDITION;
	if (strcmp(code, "CONTENT_TOO_LARGE") == 0)
		return MT__STATUS__RESOURCE_EXHAUSTED;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(&mt__status__descriptor, code);
	return value == NULL ? MT__STATUS__INTERNAL : (Mt__Status)value->value;
}

static void
take_text(json_t *problem, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(problem, name));
	snprintf(out, size, "%s", text == NULL ? "" : text);
}

/* The verdict over one event: outcome as an enum's name, and the person looked up by staff code. */
static void
take_event(struct web *web, const struct order *order, const char *token, json_t *request, json_t *reply)
{
	char outcome[32];
	take_text(reply, "outcome", outcome, sizeof(outcome));
	for (size_t i = 0; outcome[i] != '\0'; i++)
		outcome[i] = (char)toupper((unsigned char)outcome[i]);
	json_object_set_new(reply, "outcome", json_string(outcome));
	const char *source = json_string_value(json_object_get(request, "source"));
	if (source == NULL || strncmp(source, "/authorities/", 13) != 0)
		return;
	(void)order;
	struct exchange exchange = {.verb = "GET", .path = "/v1/persons?authority=", .token = token, .id = ""};
	append_plain(exchange.path, source + 13, strcspn(source + 13, "/"));
	append_parameter(web, exchange.path, "staffCode", json_object_get(request, "subject"));
	struct response response = {0};
	buf_init(&response.body, BODY_BYTES_MAX);
	if (exchange_once(web, &exchange, &response) && response.status == 200) {
		json_t *found = json_loads((const char *)response.body.data, 0, NULL);
		json_t *person = json_array_get(json_object_get(found, "persons"), 0);
		json_object_set(reply, "personId", json_object_get(person, "personId"));
		json_decref(found);
	}
	buf_free(&response.body);
}

static void
answer_make(struct web *web, const struct order *order, const char *token, json_t *request, struct response *response,
	    struct answer *answer)
{
	json_t *body = json_loads((const char *)response->body.data, 0, NULL);
	bool is_event = strcmp(order->rule->name, "Events.Push") == 0 && json_object_get(body, "outcome") != NULL;
	answer->repeated = response->replayed;
	if ((response->status >= 200 && response->status < 300) || is_event) {
		answer->status = MT__STATUS__OK;
		answer->reply = body == NULL ? json_object() : body;
		if (is_event)
			take_event(web, order, token, request, body);
		if (strcmp(order->rule->name, "Certificates.Get") == 0) {
			answer->reply = json_pack("{s:s,s:s}", "credential", (const char *)response->body.data,
						  "sealed", "the rest is for the gateway, see match.h");
			json_decref(body);
		}
		return;
	}
	char code[64];
	take_text(body, "code", code, sizeof(code));
	take_text(body, "detail", answer->message, sizeof(answer->message));
	take_text(body, "field", answer->field, sizeof(answer->field));
	answer->status = status_of_code(code);
	json_decref(body);
}

static bool
is_not_now(const struct order *order, const struct response *response)
{
	bool later = response->status == 503 || response->status == 504 || response->status == 429;
	bool expected = order->refusal_expected && (order->expected == MT__STATUS__UNAVAILABLE ||
						    order->expected == MT__STATUS__RESOURCE_EXHAUSTED ||
						    order->expected == MT__STATUS__DEADLINE_EXCEEDED);
	return later && !expected;
}

bool
web_call(struct web *web, const struct order *order, const char *token, struct answer *answer, char *why)
{
	struct exchange exchange;
	struct response response = {0};
	json_t *request = json_loads(order->json, 0, NULL);
	json_t *rest = json_deep_copy(request);
	bool answered = false;
	if (request == NULL) {
		snprintf(why, WHY_BYTES, "the request is no JSON");
		return false;
	}
	buf_init(&response.body, BODY_BYTES_MAX);
	exchange_make(web, order, token, rest, &exchange);
	for (unsigned tries = 0; tries < TRIES_MAX && !answered; tries++) {
		if (tries > 0)
			shell_sleep_ms(PAUSE_MS);
		answered = exchange_once(web, &exchange, &response) && !is_not_now(order, &response);
	}
	if (answered)
		answer_make(web, order, token, request, &response, answer);
	else
		snprintf(why, WHY_BYTES, "%s %.200s: nobody answers", exchange.verb, exchange.path);
	buf_free(&response.body);
	free(exchange.body);
	json_decref(rest);
	json_decref(request);
	return answered;
}
