/* services/gateway/feed.c
 *
 * A feed polls a service as long as a subscriber lives on it. Between two polls lies a
 * short pause, so that a busy service answers a handful of times a second, with what
 * changed in between as one. Texts are written once for all who stand at one position. */
#include "services/gateway/stream_impl.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"

#include <stdlib.h>

enum { QUESTION_BYTES_MAX = 1024, SCRATCH_BYTES = 64 << 10 };

struct feed *
feed_find(struct streams *streams, const struct feed *wanted)
{
	for (struct feed *feed = streams->feeds; feed != NULL; feed = feed->next) {
		if (feed->has_token == wanted->has_token && feed->depth == wanted->depth &&
		    memcmp(feed->token_hash, wanted->token_hash, HASH_BYTES) == 0 &&
		    strcmp(feed->metric, wanted->metric) == 0 && strcmp(feed->authority, wanted->authority) == 0)
			return feed;
	}
	if (streams->feeds_count == FEEDS_MAX)
		return NULL;
	struct feed *feed = malloc(sizeof(*feed));
	if (feed == NULL)
		fatal("no memory left for a feed");
	*feed = *wanted;
	feed->streams = streams;
	feed->next = streams->feeds;
	streams->feeds = feed;
	streams->feeds_count++;
	return feed;
}

static void
feed_free(struct feed *feed)
{
	struct streams *streams = feed->streams;
	struct feed **at = &streams->feeds;
	while (*at != feed)
		at = &(*at)->next;
	*at = feed->next;
	streams->feeds_count--;
	for (int i = 0; i < SERVICES; i++)
		upstream_cancel(streams->upstreams[i], feed->calls[i]);
	free(feed);
}

void
feed_leave(struct feed *feed, struct subscriber *subscriber)
{
	struct subscriber **at = &feed->subscribers;
	while (*at != subscriber)
		at = &(*at)->next;
	*at = subscriber->next;
	if (feed->subscribers == NULL)
		feed_free(feed);
}

uint64_t
feed_ask(const struct feed *feed, enum service service, const struct place *after, uint32_t wait_ms,
	 void (*on_reply)(void *context, size_t number, const Mt__Reply *reply), void *context, Mt__Status *refusal)
{
	uint8_t packed[QUESTION_BYTES_MAX];
	struct upstream_call call = {
		.asks = true,
		.waits = wait_ms > 0,
		.on_reply = on_reply,
		.context = context,
		.number = service,
	};
	if (feed->has_token)
		call.caller.token_hash = slice_of(feed->token_hash, HASH_BYTES);
	if (after->incarnation == 0) {
		Mt__FiguresRequest query = MT__FIGURES_REQUEST__INIT;
		query.metric = (char *)(uintptr_t)feed->metric;
		query.authority = (char *)(uintptr_t)feed->authority;
		query.depth = feed->depth;
		call.method = "Figures.Query";
		call.request = slice_of(packed, mt__figures_request__pack(&query, packed));
	} else {
		Mt__WatchFiguresRequest watch = MT__WATCH_FIGURES_REQUEST__INIT;
		watch.metric = (char *)(uintptr_t)feed->metric;
		watch.authority = (char *)(uintptr_t)feed->authority;
		watch.depth = feed->depth;
		watch.incarnation = after->incarnation;
		watch.after_seq = after->seq;
		watch.wait_ms = wait_ms;
		call.method = "Figures.Watch";
		/* A poll that a restarted service lost is asked again soon; a catch-up may take its time. */
		call.deadline_ms = wait_ms > 0 ? wait_ms + FEED_GRACE_MS : CALL_DEADLINE_MS_DEFAULT;
		call.request = slice_of(packed, mt__watch_figures_request__pack(&watch, packed));
	}
	return upstream_send(feed->streams->upstreams[service], &call, refusal);
}

static bool
is_live(const struct subscriber *subscriber, enum service service)
{
	return subscriber->states[service] == SUBSCRIBER_LIVE;
}

static void
feed_tell(struct feed *feed, enum service service, const Mt__WatchFiguresReply *heard)
{
	struct buf *text = &feed->streams->text;
	struct position text_from = {.places = {{0, 0}}};
	buf_reset(text);
	for (struct subscriber *at = feed->subscribers; at != NULL; at = at->next) {
		if (!is_live(at, service))
			continue;
		if (heard->reset)
			subscriber_reset(at);
		else
			subscriber_tell(at, service, heard, text, &text_from);
	}
	feed->position.places[service] = (struct place){heard->reset ? 0 : heard->incarnation, heard->seq};
}

static void
feed_end(const struct feed *feed)
{
	for (struct subscriber *at = feed->subscribers; at != NULL; at = at->next)
		subscriber_end(at);
}

static void
on_poll(void *context, size_t number, const Mt__Reply *reply)
{
	struct feed *feed = context;
	enum service service = (enum service)number;
	feed->calls[service] = 0;
	if (reply->status == MT__STATUS__UNAUTHENTICATED || reply->status == MT__STATUS__PERMISSION_DENIED) {
		feed_end(feed);
		return;
	}
	if (reply->status != MT__STATUS__OK) {
		feed->next_ms[service] = uv_now(feed->streams->loop) + FEED_RETRY_AFTER_MS;
		return;
	}
	struct arena arena;
	arena_init(&arena, SCRATCH_BYTES, 0);
	const Mt__WatchFiguresReply *heard = (const Mt__WatchFiguresReply *)pb_unpack_trusted(
		&mt__watch_figures_reply__descriptor, &arena, slice_of(reply->reply.data, reply->reply.len));
	if (heard != NULL)
		feed_tell(feed, service, heard);
	arena_free(&arena);
}

static bool
anyone_lives(const struct feed *feed, enum service service)
{
	for (const struct subscriber *at = feed->subscribers; at != NULL; at = at->next) {
		if (is_live(at, service))
			return true;
	}
	return false;
}

void
feed_tick(struct feed *feed, uint64_t now_ms)
{
	for (int i = 0; i < SERVICES; i++) {
		enum service service = (enum service)i;
		Mt__Status refusal;
		if (feed->calls[service] != 0 || now_ms < feed->next_ms[service])
			continue;
		if (!anyone_lives(feed, service)) {
			feed->position.places[service] = (struct place){0, 0};
			continue;
		}
		feed->next_ms[service] = now_ms + FEED_PAUSE_MS;
		feed->calls[service] =
			feed_ask(feed, service, &feed->position.places[service], FEED_POLL_MS, on_poll, feed, &refusal);
		if (feed->calls[service] == 0)
			feed->next_ms[service] = now_ms + FEED_RETRY_AFTER_MS;
	}
	for (struct subscriber *at = feed->subscribers; at != NULL; at = at->next)
		subscriber_tick(at, now_ms);
}
