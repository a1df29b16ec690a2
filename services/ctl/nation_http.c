/* services/ctl/nation_http.c
 *
 * Batches of CloudEvents through the sender of `matricula push`, one at a time. */
#include "services/ctl/nation_door.h"

#include "services/ctl/push.h"

#include "common/base/fatal.h"
#include "common/wire/pb_json.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_DEFAULT = 500, ARENA_BLOCK_BYTES = 1 << 20, LINE_BYTES_MAX = 64 << 10 };

struct nation_http {
	struct nation_sender sender;
	struct nation_report *report;
	struct push_sender *push;
	struct arena arena;
	struct buf line;
	size_t batch;
	size_t count;
	enum purpose purposes[PUSH_EVENTS_MAX];
	enum step_kind kinds[PUSH_EVENTS_MAX];
	struct push_event events[PUSH_EVENTS_MAX];
};

static bool
batch_send(struct nation_http *http)
{
	if (http->count > 0 && !http->push->send(http->push, &http->arena, http->events, http->count))
		return false;
	for (size_t i = 0; i < http->count; i++)
		nation_report_outcome(http->report, http->purposes[i], http->kinds[i], http->events[i].outcome,
				      http->events[i].code, http->events[i].message);
	http->count = 0;
	arena_reset(&http->arena);
	return true;
}

/* Attributes are our own codes and numbers: nothing in them needs escaping. */
static struct slice
line_make(struct nation_http *http, const struct nation_event *event)
{
	const Mt__PushEventRequest *request = &event->request;
	/* All members of the oneof lie at the same place. */
	const ProtobufCMessage *data = &event->data.hired->base;
	buf_reset(&http->line);
	buf_format(&http->line,
		   "{\"specversion\":\"1.0\",\"source\":\"%s\",\"id\":\"%s\",\"type\":\"matricula.person.%s.v1\","
		   "\"subject\":\"%s\",\"time\":\"%s\",",
		   request->source, request->id, nation_event_word(event), request->subject, request->time);
	if (request->sequence[0] != '\0')
		buf_format(&http->line, "\"sequence\":\"%s\",", request->sequence);
	buf_text(&http->line, "\"data\":");
	pb_to_json(&http->line, data);
	buf_byte(&http->line, '}');
	return arena_copy(&http->arena, buf_slice(&http->line));
}

static bool
http_send(struct nation_sender *sender, const struct nation_event *event)
{
	struct nation_http *http = (struct nation_http *)sender;
	http->purposes[http->count] = event->purpose;
	http->kinds[http->count] = event->kind;
	http->events[http->count++] = (struct push_event){.line = line_make(http, event)};
	return http->count < http->batch || batch_send(http);
}

static bool
http_finish(struct nation_sender *sender)
{
	return batch_send((struct nation_http *)sender);
}

static void
http_close(struct nation_sender *sender)
{
	struct nation_http *http = (struct nation_http *)sender;
	if (http->push != NULL)
		http->push->close(http->push);
	buf_free(&http->line);
	arena_free(&http->arena);
	free(http);
}

struct nation_sender *
nation_http_open(const struct args *args, struct nation_report *report)
{
	long long batch;
	if (!args_number(args, "batch", 1, PUSH_EVENTS_MAX, BATCH_DEFAULT, &batch))
		return NULL;
	struct nation_http *http = calloc(1, sizeof(*http));
	if (http == NULL)
		fatal("no memory left for a connection");
	http->sender = (struct nation_sender){.send = http_send, .finish = http_finish, .close = http_close};
	http->report = report;
	http->batch = (size_t)batch;
	arena_init(&http->arena, ARENA_BLOCK_BYTES, 0);
	buf_init(&http->line, LINE_BYTES_MAX);
	http->push = push_http_open(args);
	if (http->push != NULL)
		return &http->sender;
	http_close(&http->sender);
	return NULL;
}
