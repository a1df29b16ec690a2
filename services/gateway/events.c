/* services/gateway/events.c
 *
 * Each sound event becomes one call Events.Push, all of a request in one frame; the
 * others have their verdict already. When the last reply is there the answer is
 * written. If a call could not be decided (away, overload, too late) the whole request
 * is refused so: (source, id) is the key, so pushing the same again is harmless. */
#include "services/gateway/events.h"

#include "common/wire/json.h"
#include "services/gateway/cloudevents.h"
#include "services/gateway/event_outcomes.h"
#include "services/gateway/event_types.h"
#include "services/gateway/forward.h"

#include <ctype.h>

enum { HEADER_NAME_BYTES = 64, RESULT_FIELD_BYTES = 128 };

struct push {
	struct request *request;
	struct cloud_event *events;
	struct event_result *results;
	long count;
	bool single;
	bool sending; /* the loop that sends is not through yet */
	size_t waiting;
	Mt__Reply *worst; /* a refusal of the request as a whole; NULL if there is none */
};

/* --- the answer -------------------------------------------------------------------------------------------------- */

static void
result_write(struct buf *body, const struct push *push, long index)
{
	const struct cloud_event *event = &push->events[index];
	buf_format(body, "{\"index\":%ld", index);
	event_member_write(body, ",\"source\":", event->request.source);
	event_member_write(body, ",\"id\":", event->request.id);
	event_result_write(body, &push->results[index]);
	buf_byte(body, '}');
}

static void
push_answer(struct push *push)
{
	struct request *request = push->request;
	struct buf body;
	if (push->worst != NULL) {
		request_refuse_reply(request, push->worst);
		return;
	}
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (push->single) {
		result_write(&body, push, 0);
		buf_byte(&body, '\n');
		request_answer(request, event_result_status(push->results[0].outcome), "application/json", &body);
		return;
	}
	buf_text(&body, "{\"results\":[");
	for (long i = 0; i < push->count; i++) {
		if (i > 0)
			buf_byte(&body, ',');
		result_write(&body, push, i);
	}
	buf_text(&body, "]}\n");
	request_answer(request, 200, "application/json", &body);
}

/* --- replies ----------------------------------------------------------------------------------------------------- */

/* What is no verdict over one event but over the caller, or says: again. */
static bool
concerns_all(const struct push *push, Mt__Status status)
{
	switch (status) {
	case MT__STATUS__UNAUTHENTICATED:
	case MT__STATUS__RESOURCE_EXHAUSTED:
	case MT__STATUS__UNAVAILABLE:
	case MT__STATUS__DEADLINE_EXCEEDED:
	case MT__STATUS__ABORTED:
	case MT__STATUS__INTERNAL:
		return true;
	case MT__STATUS__PERMISSION_DENIED:
		return push->single;
	case MT__STATUS__OK:
	case MT__STATUS__INVALID_ARGUMENT:
	case MT__STATUS__NOT_FOUND:
	case MT__STATUS__ALREADY_EXISTS:
	case MT__STATUS__FAILED_PRECONDITION:
	case MT__STATUS__UNIMPLEMENTED:
		return false;
	}
	return true;
}

static char *
keep(struct push *push, const char *text)
{
	return arena_text(&push->request->arena, slice_text(text));
}

/* The core names the authority by its id, which the sender never saw: what it said itself is told. A refusal that
 * names no authority is of the caller's roles. */
static Mt__Reply
refusal_spelt(struct push *push, size_t number, const Mt__Reply *reply)
{
	static char source_field[] = "source";
	static const char begins[] = "/authorities/";
	const char *source = push->events[number].request.source;
	Mt__Reply spelt = *reply;
	if (reply->status != MT__STATUS__PERMISSION_DENIED || strncmp(reply->message, "authority ", 10) != 0)
		return spelt;
	const char *code = source + (strncmp(source, begins, sizeof(begins) - 1) == 0 ? sizeof(begins) - 1 : 0);
	spelt.field = source_field;
	spelt.message = arena_format(&push->request->arena, "authority %.*s of the source is outside the caller's own",
				     (int)strcspn(code, "/"), code);
	return spelt;
}

static void
worst_keep(struct push *push, const Mt__Reply *reply)
{
	if (push->worst != NULL)
		return;
	push->worst = arena_alloc(&push->request->arena, sizeof(*push->worst));
	*push->worst = *reply;
	push->worst->message = keep(push, reply->message);
	push->worst->field = keep(push, reply->field);
}

static void
refusal_keep(struct push *push, struct event_result *result, const Mt__Reply *reply)
{
	char field[RESULT_FIELD_BYTES];
	problem_field_name(reply->field, field, sizeof(field));
	result->outcome = MT__EVENT__OUTCOME__REJECTED;
	result->field = keep(push, field);
	result->code = problem_status_word(reply->status);
	result->message = keep(push, reply->message);
	result->message_vi = "";
}

static struct event_result
result_of(const Mt__PushEventReply *verdict)
{
	return (struct event_result){
		.outcome = verdict->outcome,
		.field = verdict->field,
		.code = verdict->code,
		.message = verdict->message,
		.message_vi = verdict->message_vi,
	};
}

static void
verdict_keep(struct push *push, struct event_result *result, const Mt__Reply *reply)
{
	const Mt__PushEventReply *verdict =
		(const Mt__PushEventReply *)pb_unpack_trusted(&mt__push_event_reply__descriptor, &push->request->arena,
							      slice_of(reply->reply.data, reply->reply.len));
	if (verdict == NULL) {
		result->outcome = MT__EVENT__OUTCOME__REJECTED;
		result->code = "internal";
		result->message = "the service's reply cannot be read";
		return;
	}
	*result = result_of(verdict);
}

static void
on_reply(void *context, size_t number, const Mt__Reply *reply)
{
	struct push *push = context;
	struct event_result *result = &push->results[number];
	const Mt__Reply refusal = refusal_spelt(push, number, reply);
	if (concerns_all(push, reply->status))
		worst_keep(push, &refusal);
	else if (reply->status != MT__STATUS__OK)
		refusal_keep(push, result, &refusal);
	else
		verdict_keep(push, result, reply);
	push->waiting--;
	if (push->waiting == 0 && !push->sending)
		push_answer(push);
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

static void
event_send(struct push *push, struct upstream *upstream, long index)
{
	struct request *request = push->request;
	struct cloud_event *event = &push->events[index];
	Mt__Status refusal;
	event->request.data = &event->data;
	struct upstream_call call = {
		.method = "Events.Push",
		.request = pb_pack(&request->arena, &event->request.base),
		.caller = request_caller(request),
		.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0),
		.on_reply = on_reply,
		.context = push,
		.number = (size_t)index,
	};
	if (upstream_send(upstream, &call, &refusal) != 0) {
		push->waiting++;
		return;
	}
	Mt__Reply reply = MT__REPLY__INIT;
	reply.status = refusal;
	reply.message = (char *)(uintptr_t)upstream_refusal(upstream, refusal);
	worst_keep(push, &reply);
}

static void
push_begin(struct request *request, struct upstream *upstream, struct cloud_event *events, long count, bool single)
{
	struct push *push = arena_zero(&request->arena, sizeof(*push));
	push->request = request;
	push->events = events;
	push->count = count;
	push->single = single;
	push->results = arena_zero(&request->arena, (size_t)(count > 0 ? count : 1) * sizeof(*push->results));
	if (!upstream_away(upstream) && !upstream_has_room(upstream, (size_t)count)) {
		request_refuse_upstream(request, upstream, MT__STATUS__RESOURCE_EXHAUSTED);
		return;
	}
	request->arena.limit = 0; /* what follows grows with the events read, no further */
	push->sending = true;
	for (long i = 0; i < count; i++) {
		const struct cloud_event *event = &events[i];
		bool sound = event->code == NULL;
		push->results[i].outcome = MT__EVENT__OUTCOME__REJECTED;
		push->results[i].field = sound ? "" : event->field;
		push->results[i].code = sound ? "" : event->code;
		push->results[i].message = sound ? "" : event->message;
		push->results[i].message_vi = sound ? "" : event->message_vi;
		if (sound && push->worst == NULL)
			event_send(push, upstream, i);
	}
	push->sending = false;
	if (push->waiting == 0)
		push_answer(push);
}

/* --- the three modes --------------------------------------------------------------------------------------------- */

static void
serve_batch(struct request *request, struct upstream *upstream)
{
	struct fault fault = {.message = "the batch is too large"};
	struct cloud_event *events = arena_try(&request->arena, EVENTS_PER_REQUEST_MAX * sizeof(*events));
	long count = events == NULL ? -1
				    : cloudevents_read_batch(&request->arena, buf_slice(&request->body), events,
							     EVENTS_PER_REQUEST_MAX, &fault);
	if (count < 0)
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "%s", fault.message);
	else if (count > EVENTS_PER_REQUEST_MAX)
		request_refuse(request, PROBLEM_CONTENT_TOO_LARGE, NULL, "the batch holds more than %d events",
			       EVENTS_PER_REQUEST_MAX);
	else
		push_begin(request, upstream, events, count, false);
}

static void
serve_structured(struct request *request, struct upstream *upstream)
{
	struct fault fault;
	struct cloud_event *event = arena_zero(&request->arena, sizeof(*event));
	if (cloudevents_read_one(&request->arena, buf_slice(&request->body), event, &fault))
		push_begin(request, upstream, event, 1, true);
	else
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "%s", fault.message);
}

struct header_reading {
	struct request *request;
	struct cloud_attributes attributes;
};

static enum MHD_Result
on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_reading *reading = context;
	char lower[HEADER_NAME_BYTES];
	size_t size = strlen(name);
	(void)kind;
	if (size < 4 || size >= sizeof(lower) || strncasecmp(name, "ce-", 3) != 0)
		return MHD_YES;
	for (size_t i = 0; i <= size; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	struct arena *arena = &reading->request->arena;
	cloudevents_header(arena, &reading->attributes, arena_text(arena, slice_text(lower + 3)), slice_text(value));
	return MHD_YES;
}

static void
serve_binary(struct request *request, struct upstream *upstream)
{
	struct header_reading reading = {.request = request};
	struct cloud_event *event = arena_zero(&request->arena, sizeof(*event));
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_header, &reading);
	if (request->body.size > 0)
		reading.attributes.payload = buf_slice(&request->body);
	cloudevents_judge(&request->arena, &reading.attributes, event);
	push_begin(request, upstream, event, 1, true);
}

/* In binary mode the body is the data. What says to be an event as a whole, in a format that is not ours, is none. */
static bool
content_is_data(const struct request *request)
{
	static const char event_types[] = "application/cloudevents";
	const char *type = request_header(request, "Content-Type");
	return type != NULL && strncasecmp(type, event_types, sizeof(event_types) - 1) != 0 &&
	       cloudevents_type_is_json(slice_text(type));
}

void
events_serve(struct request *request, void *context)
{
	static const char *const none[] = {NULL};
	if (!request_query_only(request, none))
		return;
	if (request_content_is(request, "application/cloudevents-batch+json"))
		serve_batch(request, context);
	else if (request_content_is(request, "application/cloudevents+json"))
		serve_structured(request, context);
	else if (content_is_data(request))
		serve_binary(request, context);
	else
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL,
			       "the body is not application/cloudevents+json, application/cloudevents-batch+json, or "
			       "application/json with ce- headers");
}

/* --- event types ------------------------------------------------------------------------------------------------- */

void
event_types_serve(struct request *request, void *context)
{
	struct buf body;
	(void)context;
	buf_init(&body, RESPONSE_BYTES_MAX);
	event_types_write(&body);
	request_answer(request, 200, "application/json", &body);
}

void
event_type_serve(struct request *request, void *context)
{
	struct buf body;
	const char *type = request_path_value(request, "type");
	const ProtobufCFieldDescriptor *field = event_type_find(slice_text(type));
	(void)context;
	if (field == NULL) {
		request_refuse(request, PROBLEM_NOT_FOUND, "type",
			       "event type %.128s is not known, see /v1/event-types", type);
		return;
	}
	buf_init(&body, RESPONSE_BYTES_MAX);
	event_type_write(&body, field);
	buf_byte(&body, '\n');
	request_answer(request, 200, "application/json", &body);
}
