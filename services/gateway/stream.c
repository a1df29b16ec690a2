/* services/gateway/stream.c
 *
 * A subscriber's life, for each service on its own: asked for a snapshot (or for what
 * changed since its position), told, and then live, once its position is not behind
 * the feed's. What the feed tells is skipped where the subscriber is ahead of it. */
#include "services/gateway/stream.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"
#include "services/gateway/figure_events.h"
#include "services/gateway/stream_impl.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCRATCH_BYTES = 64 << 10, DEPTH_MAX = 3, EVENTS_TEXT_BYTES_MAX = 4 << 20 };

static void subscriber_ask(struct subscriber *subscriber, enum service service);

static uint64_t
now_of(const struct subscriber *subscriber)
{
	return uv_now(subscriber->feed->streams->loop);
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

static void
on_gone(void *context)
{
	struct subscriber *subscriber = context;
	struct feed *feed = subscriber->feed;
	for (int i = 0; i < SERVICES; i++)
		upstream_cancel(feed->streams->upstreams[i], subscriber->calls[i]);
	feed_leave(feed, subscriber);
	free(subscriber);
}

static void
subscriber_write(struct subscriber *subscriber, const struct buf *text)
{
	subscriber->beat_ms = now_of(subscriber) + STREAM_HEARTBEAT_MS;
	if (buf_failed(text))
		outlet_end(subscriber->outlet); /* more than a stream may hold: it must begin again */
	else
		outlet_write(subscriber->outlet, buf_slice(text));
}

static void
subscriber_start(struct subscriber *subscriber)
{
	struct outlet_owner owner = {.on_gone = on_gone, .context = subscriber};
	struct request *request = subscriber->request;
	if (request == NULL)
		return;
	subscriber->request = NULL;
	subscriber->beat_ms = now_of(subscriber) + STREAM_HEARTBEAT_MS;
	subscriber->outlet = outlet_open(request, "text/event-stream", &owner);
	outlet_write(subscriber->outlet, slice_text("retry: 1000\n\n"));
}

static bool
positions_equal(const struct position *a, const struct position *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void
subscriber_tell(struct subscriber *subscriber, enum service service, const Mt__WatchFiguresReply *heard,
		struct buf *text, struct position *text_from)
{
	struct position old = subscriber->position;
	struct place *place = &subscriber->position.places[service];
	if (place->incarnation == heard->incarnation && place->seq >= heard->seq)
		return;
	*place = (struct place){heard->incarnation, heard->seq};
	if (heard->n_figures == 0)
		return;
	if (text->size == 0 || !positions_equal(text_from, &old)) {
		buf_reset(text);
		*text_from = old;
		figure_events_write(text, heard->figures, heard->n_figures, &old, &subscriber->position);
	}
	subscriber_write(subscriber, text);
}

/* One reset for all services, so that a reader may simply forget everything it holds. */
void
subscriber_reset(struct subscriber *subscriber)
{
	struct streams *streams = subscriber->feed->streams;
	subscriber->position = (struct position){.places = {{0, 0}}};
	buf_reset(&streams->text);
	figure_reset_write(&streams->text);
	subscriber_write(subscriber, &streams->text);
	buf_reset(&streams->text);
	for (int i = 0; i < SERVICES; i++) {
		upstream_cancel(streams->upstreams[i], subscriber->calls[i]);
		subscriber_ask(subscriber, (enum service)i);
	}
}

void
subscriber_end(struct subscriber *subscriber)
{
	if (subscriber->outlet != NULL)
		outlet_end(subscriber->outlet);
}

/* --- being brought up to date ------------------------------------------------------------------------------------ */

/* Nobody asks and nothing came: the request is refused with what was heard last. */
static void
refuse_if_hopeless(struct subscriber *subscriber, const Mt__Reply *reply)
{
	struct request *request = subscriber->request;
	if (request == NULL)
		return;
	for (int i = 0; i < SERVICES; i++) {
		if (subscriber->states[i] == SUBSCRIBER_ASKING)
			return;
	}
	subscriber->request = NULL;
	request_refuse_reply(request, reply);
	on_gone(subscriber);
}

static void
subscriber_refused(struct subscriber *subscriber, enum service service, const Mt__Reply *reply)
{
	bool final = reply->status == MT__STATUS__UNAUTHENTICATED || reply->status == MT__STATUS__PERMISSION_DENIED ||
		     reply->status == MT__STATUS__INVALID_ARGUMENT;
	bool absent = reply->status == MT__STATUS__NOT_FOUND && strcmp(reply->field, "metric") == 0;
	subscriber->states[service] = absent ? SUBSCRIBER_ABSENT : SUBSCRIBER_WAITS;
	subscriber->retry_ms[service] = now_of(subscriber) + FEED_RETRY_AFTER_MS;
	if (final && subscriber->request != NULL) {
		struct request *request = subscriber->request;
		subscriber->request = NULL;
		request_refuse_reply(request, reply);
		on_gone(subscriber);
		return;
	}
	if (final)
		subscriber_end(subscriber);
	refuse_if_hopeless(subscriber, reply);
}

/* Live if the feed is not ahead, which then begins here; else asks for the rest. */
static void
subscriber_join(struct subscriber *subscriber, enum service service)
{
	struct place *place = &subscriber->position.places[service];
	struct place *feed = &subscriber->feed->position.places[service];
	if (feed->incarnation == 0)
		*feed = *place;
	if (place->incarnation != 0 && feed->incarnation == place->incarnation && feed->seq <= place->seq) {
		subscriber->states[service] = SUBSCRIBER_LIVE;
	} else if (place->incarnation != 0 && feed->incarnation == place->incarnation) {
		subscriber_ask(subscriber, service);
	} else { /* the feed has yet to hear of a restored service */
		subscriber->states[service] = SUBSCRIBER_WAITS;
		subscriber->retry_ms[service] = now_of(subscriber) + FEED_RETRY_AFTER_MS;
	}
}

static void
on_caught_up(void *context, size_t number, const Mt__Reply *reply)
{
	struct subscriber *subscriber = context;
	enum service service = (enum service)number;
	bool snapshot = subscriber->position.places[service].incarnation == 0;
	subscriber->calls[service] = 0;
	if (reply->status != MT__STATUS__OK) {
		subscriber_refused(subscriber, service, reply);
		return;
	}
	struct arena arena;
	struct position text_from;
	struct slice bytes = slice_of(reply->reply.data, reply->reply.len);
	Mt__WatchFiguresReply heard = MT__WATCH_FIGURES_REPLY__INIT;
	arena_init(&arena, SCRATCH_BYTES, 0);
	/* A snapshot and a watch are told alike. */
	const Mt__FiguresReply *whole =
		snapshot ? (const Mt__FiguresReply *)pb_unpack_trusted(&mt__figures_reply__descriptor, &arena, bytes)
			 : NULL;
	const Mt__WatchFiguresReply *part = snapshot ? NULL
						     : (const Mt__WatchFiguresReply *)pb_unpack_trusted(
							       &mt__watch_figures_reply__descriptor, &arena, bytes);
	if (whole != NULL) {
		heard.figures = whole->figures;
		heard.n_figures = whole->n_figures;
		heard.incarnation = whole->incarnation;
		heard.seq = whole->seq;
	} else if (part != NULL) {
		heard = *part;
	}
	subscriber_start(subscriber);
	if (heard.reset) {
		subscriber_reset(subscriber);
	} else {
		struct buf *text = &subscriber->feed->streams->text;
		buf_reset(text);
		subscriber_tell(subscriber, service, &heard, text, &text_from);
		buf_reset(text);
		subscriber_join(subscriber, service);
	}
	arena_free(&arena);
}

static void
subscriber_ask(struct subscriber *subscriber, enum service service)
{
	Mt__Status refusal;
	subscriber->states[service] = SUBSCRIBER_ASKING;
	subscriber->calls[service] = feed_ask(subscriber->feed, service, &subscriber->position.places[service], 0,
					      on_caught_up, subscriber, &refusal);
	if (subscriber->calls[service] != 0)
		return;
	subscriber->states[service] = SUBSCRIBER_WAITS;
	subscriber->retry_ms[service] = now_of(subscriber) + FEED_RETRY_AFTER_MS;
}

void
subscriber_tick(struct subscriber *subscriber, uint64_t now_ms)
{
	struct buf *text = &subscriber->feed->streams->text;
	if (subscriber->outlet == NULL)
		return;
	for (int i = 0; i < SERVICES; i++) {
		if (subscriber->states[i] == SUBSCRIBER_WAITS && now_ms >= subscriber->retry_ms[i])
			subscriber_ask(subscriber, (enum service)i);
	}
	if (now_ms < subscriber->beat_ms)
		return;
	buf_reset(text);
	figure_heartbeat_write(text, &subscriber->position);
	subscriber_write(subscriber, text);
	buf_reset(text);
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static bool
question_text(struct request *request, const char *name, char *text, size_t size)
{
	const char *value = request_query(request, name);
	if (value == NULL)
		return true;
	if (strlen(value) < size) {
		memcpy(text, value, strlen(value) + 1);
		return true;
	}
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, name, "query parameter %s is too long", name);
	return false;
}

static bool
question_read(struct request *request, struct feed *wanted, struct position *position)
{
	static const char *const names[] = {"metric", "authority", "depth", NULL};
	const char *last = request_header(request, "Last-Event-ID");
	uint64_t depth = 0;
	if (!request_query_only(request, names) || !request_query_number(request, "depth", DEPTH_MAX, &depth) ||
	    !question_text(request, "metric", wanted->metric, sizeof(wanted->metric)) ||
	    !question_text(request, "authority", wanted->authority, sizeof(wanted->authority)))
		return false;
	wanted->depth = (uint32_t)depth;
	wanted->has_token = request->has_token;
	memcpy(wanted->token_hash, request->token_hash, HASH_BYTES);
	if (last == NULL || last[0] == '\0' || position_parse(last, position))
		return true;
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "the header Last-Event-ID is not an id of this stream");
	return false;
}

void
stream_serve(struct request *request, void *context)
{
	struct streams *streams = context;
	struct feed wanted = {.next = NULL};
	struct position position = {.places = {{0, 0}}};
	if (!question_read(request, &wanted, &position) || outlet_answer_head(request, "text/event-stream"))
		return;
	struct feed *feed = streams->ending || outlets_open() >= STREAMS_MAX ? NULL : feed_find(streams, &wanted);
	if (feed == NULL) {
		request_refuse(request, PROBLEM_UNAVAILABLE, NULL, "there are too many streams, come again");
		return;
	}
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));
	if (subscriber == NULL)
		fatal("no memory left for a subscriber");
	subscriber->feed = feed;
	subscriber->request = request;
	subscriber->position = position;
	subscriber->next = feed->subscribers;
	feed->subscribers = subscriber;
	for (int i = 0; i < SERVICES; i++)
		subscriber_ask(subscriber, (enum service)i);
	Mt__Reply away = MT__REPLY__INIT;
	static char sentence[] = "no service is there";
	away.status = MT__STATUS__UNAVAILABLE;
	away.message = sentence;
	refuse_if_hopeless(subscriber, &away);
}

static void
on_tick(uv_timer_t *timer)
{
	struct streams *streams = timer->data;
	uint64_t now_ms = uv_now(streams->loop);
	for (struct feed *feed = streams->feeds; feed != NULL; feed = feed->next)
		feed_tick(feed, now_ms);
}

struct streams *
streams_open(uv_loop_t *loop, struct upstream *const upstreams[SERVICES])
{
	struct streams *streams = calloc(1, sizeof(*streams));
	if (streams == NULL)
		fatal("no memory left for streams");
	streams->loop = loop;
	streams->upstreams = upstreams;
	buf_init(&streams->text, EVENTS_TEXT_BYTES_MAX);
	uv_timer_init(loop, &streams->tick);
	streams->tick.data = streams;
	uv_timer_start(&streams->tick, on_tick, FEED_PAUSE_MS, FEED_PAUSE_MS);
	return streams;
}

void
streams_end(struct streams *streams)
{
	streams->ending = true;
	for (struct feed *feed = streams->feeds; feed != NULL; feed = feed->next) {
		for (struct subscriber *at = feed->subscribers; at != NULL; at = at->next)
			subscriber_end(at);
	}
}

static void
on_closed(uv_handle_t *handle)
{
	struct streams *streams = handle->data;
	buf_free(&streams->text);
	free(streams);
}

void
streams_close(struct streams *streams)
{
	uv_close((uv_handle_t *)&streams->tick, on_closed);
}

size_t
streams_feeds(const struct streams *streams)
{
	return streams->feeds_count;
}
