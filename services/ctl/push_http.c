/* services/ctl/push_http.c
 *
 * Over HTTP: POST /v1/events in batch mode with a bearer token. What may pass (no
 * connection, 429, 502, 503, 504) is tried again; any other refusal ends the push. */
#include "services/ctl/push.h"

#include "common/base/buf.h"
#include "common/base/fatal.h"
#include "common/host/probe.h"

#include <curl/curl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES_MAX = 4 << 20, ANSWER_BYTES_MAX = 16 << 20, REQUEST_S_MAX = 30, URL_BYTES = 1024 };

struct push_http {
	struct push_sender sender;
	CURL *curl;
	struct curl_slist *headers;
	struct buf body;
	struct buf answer;
	char error[CURL_ERROR_SIZE];
};

static size_t
on_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct push_http *http = context;
	buf_append(&http->answer, slice_of(bytes, size * count));
	return buf_failed(&http->answer) ? 0 : size * count;
}

static bool
body_make(struct push_http *http, const struct push_event *events, size_t count)
{
	buf_reset(&http->body);
	for (size_t i = 0; i < count; i++) {
		buf_byte(&http->body, i == 0 ? '[' : ',');
		buf_append(&http->body, events[i].line);
	}
	buf_byte(&http->body, ']');
	if (buf_failed(&http->body))
		say("a batch is larger than %d bytes: use a smaller --batch", BODY_BYTES_MAX);
	return !buf_failed(&http->body);
}

/* The HTTP status, or 0 when there was no answer. */
static long
request_once(struct push_http *http)
{
	long status = 0;
	buf_reset(&http->answer);
	curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, (const char *)http->body.data);
	curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->body.size);
	http->error[0] = '\0';
	if (curl_easy_perform(http->curl) != CURLE_OK)
		return 0;
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool
is_passing(long status)
{
	return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static const char *
text_member(struct arena *arena, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return arena_format(arena, "%s", text == NULL ? "" : text);
}

static bool
outcomes_take(struct push_http *http, struct arena *arena, struct push_event *events, size_t count)
{
	json_t *answer = json_loadb((const char *)http->answer.data, http->answer.size, 0, NULL);
	const json_t *results = json_object_get(answer, "results");
	bool good = json_array_size(results) == count;
	for (size_t i = 0; good && i < count; i++) {
		const json_t *result = json_array_get(results, i);
		events[i].outcome = push_outcome_of(text_member(arena, result, "outcome"));
		events[i].field = text_member(arena, result, "field");
		events[i].code = text_member(arena, result, "code");
		events[i].message = text_member(arena, result, "message");
	}
	json_decref(answer);
	if (!good)
		say("the answer does not hold one result for each event");
	return good;
}

static bool
http_send(struct push_sender *sender, struct arena *arena, struct push_event *events, size_t count)
{
	struct push_http *http = (struct push_http *)sender;
	int64_t until_us = probe_monotonic_us() + (int64_t)PUSH_PATIENCE_MS * 1000;
	if (!body_make(http, events, count))
		return false;
	long status = request_once(http);
	while (is_passing(status) && probe_monotonic_us() < until_us) {
		poll(NULL, 0, PUSH_PAUSE_MS);
		status = request_once(http);
	}
	if (status == 200)
		return outcomes_take(http, arena, events, count);
	if (status == 0)
		say("there is no answer: %s", http->error);
	else
		say("the gateway answered %ld: %.*s", status, (int)http->answer.size, (const char *)http->answer.data);
	return false;
}

static void
http_close(struct push_sender *sender)
{
	struct push_http *http = (struct push_http *)sender;
	curl_easy_cleanup(http->curl);
	curl_slist_free_all(http->headers);
	curl_global_cleanup();
	buf_free(&http->body);
	buf_free(&http->answer);
	free(http);
}

struct push_sender *
push_http_open(const struct args *args)
{
	char url[URL_BYTES];
	char authorization[URL_BYTES];
	struct push_http *http = calloc(1, sizeof(*http));
	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (http->curl = curl_easy_init()) == NULL)
		fatal("no memory left for a connection");
	http->sender = (struct push_sender){.send = http_send, .close = http_close};
	buf_init(&http->body, BODY_BYTES_MAX);
	buf_init(&http->answer, ANSWER_BYTES_MAX);
	snprintf(url, sizeof(url), "%s/v1/events", args_get(args, "http", ""));
	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", args_get(args, "token", ""));
	http->headers = curl_slist_append(NULL, "Content-Type: application/cloudevents-batch+json");
	http->headers = curl_slist_append(http->headers, "Expect:");
	if (args_has(args, "token"))
		http->headers = curl_slist_append(http->headers, authorization);
	curl_easy_setopt(http->curl, CURLOPT_URL, url);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->headers);
	curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, http->error);
	curl_easy_setopt(http->curl, CURLOPT_TIMEOUT, (long)REQUEST_S_MAX);
	curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
	return &http->sender;
}
