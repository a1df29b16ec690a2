/* services/gateway/event_outcomes.c
 *
 * Outcomes are told, and asked for, in lower case. Why an event was not accepted is told
 * in both languages: those who read it are not those who sent it. */
#include "services/gateway/event_outcomes.h"

#include "common/wire/json.h"
#include "services/gateway/forward.h"

#include <ctype.h>

static const char *
outcome_word(Mt__Event__Outcome outcome)
{
	switch (outcome) {
	case MT__EVENT__OUTCOME__ACCEPTED:
		return "accepted";
	case MT__EVENT__OUTCOME__DUPLICATE:
		return "duplicate";
	case MT__EVENT__OUTCOME__CONFLICT:
		return "conflict";
	case MT__EVENT__OUTCOME__PARKED:
		return "parked";
	case MT__EVENT__OUTCOME__HELD:
		return "held";
	case MT__EVENT__OUTCOME__DEAD:
		return "dead";
	case MT__EVENT__OUTCOME__DISCARDED:
		return "discarded";
	case MT__EVENT__OUTCOME__REJECTED:
	case MT__EVENT__OUTCOME__UNSET:
		return "rejected";
	}
	return "rejected";
}

unsigned
event_result_status(Mt__Event__Outcome outcome)
{
	switch (outcome) {
	case MT__EVENT__OUTCOME__ACCEPTED:
	case MT__EVENT__OUTCOME__DUPLICATE:
		return 200;
	case MT__EVENT__OUTCOME__PARKED:
	case MT__EVENT__OUTCOME__HELD:
		return 202;
	case MT__EVENT__OUTCOME__DEAD:
	case MT__EVENT__OUTCOME__DISCARDED:
		return 200; /* in lists only */
	case MT__EVENT__OUTCOME__CONFLICT:
		return 409;
	case MT__EVENT__OUTCOME__REJECTED:
	case MT__EVENT__OUTCOME__UNSET:
		return 422;
	}
	return 422;
}

void
event_member_write(struct buf *body, const char *name, const char *value)
{
	buf_text(body, name);
	json_write_string(body, slice_text(value));
}

void
event_result_write(struct buf *body, const struct event_result *result)
{
	event_member_write(body, ",\"outcome\":", outcome_word(result->outcome));
	event_member_write(body, ",\"field\":", result->field);
	event_member_write(body, ",\"code\":", result->code);
	event_member_write(body, ",\"message\":", result->message);
	event_member_write(body, ",\"messageVi\":", result->message_vi);
}

/* --- what became of them ------------------------------------------------------------------------------------------ */

/* The first member has no comma before it. */
static void
view_write(struct buf *body, const Mt__EventView *event)
{
	const struct event_result result = {
		.outcome = event->outcome,
		.field = event->field,
		.code = event->code,
		.message = event->message,
		.message_vi = event->message_vi,
	};
	event_member_write(body, "{\"source\":", event->source);
	event_member_write(body, ",\"id\":", event->id);
	event_member_write(body, ",\"subject\":", event->subject);
	event_result_write(body, &result);
	event_member_write(body, ",\"personId\":", event->person_id);
	event_member_write(body, ",\"recordedAt\":", event->recorded_at);
	buf_byte(body, '}');
}

static void
one_write(struct buf *body, const Mt__GetEventReply *reply)
{
	Mt__EventView event = MT__EVENT_VIEW__INIT;
	event.source = reply->source;
	event.id = reply->id;
	event.subject = reply->subject;
	event.outcome = reply->outcome;
	event.person_id = reply->person_id;
	event.field = reply->field;
	event.code = reply->code;
	event.message = reply->message;
	event.message_vi = reply->message_vi;
	event.recorded_at = reply->recorded_at;
	view_write(body, &event);
}

static void
many_write(struct buf *body, const Mt__GetEventReply *reply)
{
	buf_text(body, "{\"events\":[");
	for (size_t i = 0; i < reply->n_events; i++) {
		if (i > 0)
			buf_byte(body, ',');
		view_write(body, reply->events[i]);
	}
	buf_byte(body, ']');
	event_member_write(body, ",\"nextPageToken\":", reply->next_page_token);
	buf_byte(body, '}');
}

static void
on_events(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__GetEventReply *found = forward_reply(request, reply, &mt__get_event_reply__descriptor);
	if (found == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (found->id[0] != '\0')
		one_write(&body, found);
	else
		many_write(&body, found);
	buf_byte(&body, '\n');
	request_answer(request, 200, "application/json", &body);
}

/* Outcomes are asked for in the words in which they are told. */
static void
outcome_spell(struct request *request)
{
	for (size_t i = 0; i < request->query_count; i++) {
		struct request_parameter *parameter = &request->query[i];
		if (strcmp(parameter->name, "outcome") != 0)
			continue;
		char *upper = arena_text(&request->arena, slice_text(parameter->value));
		for (size_t j = 0; upper[j] != '\0'; j++)
			upper[j] = (char)toupper((unsigned char)upper[j]);
		parameter->value = upper;
	}
}

void
event_serve(struct request *request, void *context)
{
	bool dry_run;
	outcome_spell(request);
	const ProtobufCMessage *message = forward_message(request, &dry_run);
	if (message != NULL)
		forward_call(request, context, "Events.Get", message, on_events);
}
