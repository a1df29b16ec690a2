/* services/gateway/stream_impl.h
 *
 * What stream.c (subscribers) and feed.c (their shared polls) share. */
#ifndef SERVICES_GATEWAY_STREAM_IMPL_H
#define SERVICES_GATEWAY_STREAM_IMPL_H

#include "services/gateway/outlet.h"
#include "services/gateway/stream.h"

#include "matricula/figures.pb-c.h"

enum subscriber_state {
	SUBSCRIBER_WAITS,  /* asks again at retry_ms */
	SUBSCRIBER_ASKING, /* a snapshot or a catch-up is on its way */
	SUBSCRIBER_LIVE,   /* hears the feed */
	SUBSCRIBER_ABSENT, /* the service does not count that metric */
};

struct subscriber {
	struct subscriber *next; /* of its feed */
	struct feed *feed;
	struct request *request;  /* until the first figures are there */
	struct outlet *outlet;    /* from then on */
	struct position position; /* what it was told so far; incarnation 0: nothing */
	enum subscriber_state states[SERVICES];
	uint64_t calls[SERVICES];
	uint64_t retry_ms[SERVICES];
	uint64_t beat_ms;
};

struct feed {
	struct feed *next;
	struct streams *streams;
	bool has_token;
	uint8_t token_hash[HASH_BYTES];
	char metric[CODE_BYTES_MAX * 4];
	char authority[CODE_BYTES_MAX * 4];
	uint32_t depth;
	struct subscriber *subscribers;
	struct position position;
	uint64_t calls[SERVICES];
	uint64_t next_ms[SERVICES];
};

struct streams {
	uv_loop_t *loop;
	struct upstream *const *upstreams;
	uv_timer_t tick;
	bool ending;
	struct feed *feeds;
	size_t feeds_count;
	struct buf text; /* events under construction */
};

/* NULL if there are too many. */
struct feed *feed_find(struct streams *streams, const struct feed *wanted);
/* Removes the feed if nobody is left. */
void feed_leave(struct feed *feed, struct subscriber *subscriber);
void feed_tick(struct feed *feed, uint64_t now_ms);
/* One question to a service with the feed's token; the call's number or 0. */
uint64_t
feed_ask(const struct feed *feed, enum service service, const struct place *after, uint32_t wait_ms,
	 void (*on_reply)(void *context, size_t number, const Mt__Reply *reply), void *context, Mt__Status *refusal);

/* The feed heard from a service. */
void subscriber_tell(struct subscriber *subscriber, enum service service, const Mt__WatchFiguresReply *heard,
		     struct buf *text, struct position *text_from);
void subscriber_reset(struct subscriber *subscriber);
void subscriber_end(struct subscriber *subscriber);
void subscriber_tick(struct subscriber *subscriber, uint64_t now_ms);

#endif
