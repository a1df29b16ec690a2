/* common/core/replies.c
 *
 * Every reply, a query's too, waits here until the journal is durable up to what the
 * reply saw. Those that wait leave in order; a query that saw nothing newer does not wait
 * behind them. A caller that is gone loses its frame and retries with the same call id. */
#include "common/core/impl.h"

#include <stdlib.h>

#include "common/base/fatal.h"

enum { LATENCY_FIRST_US = 16, LATENCY_STEPS = 4 };

static unsigned
latency_bucket(int64_t us)
{
	unsigned bucket = 0;
	int64_t bound = LATENCY_FIRST_US;
	while (us >= bound * 2 && bucket + LATENCY_STEPS < 64) {
		bound *= 2;
		bucket += LATENCY_STEPS;
	}
	if (us <= bound)
		return bucket;
	unsigned step = (unsigned)((us - bound) * LATENCY_STEPS / bound);
	return bucket + (step < LATENCY_STEPS ? step : LATENCY_STEPS - 1);
}

static uint64_t
latency_of_bucket(unsigned bucket)
{
	uint64_t bound = (uint64_t)LATENCY_FIRST_US << bucket / LATENCY_STEPS;
	return bound + bound * (bucket % LATENCY_STEPS + 1) / LATENCY_STEPS;
}

void
replies_latency(struct replies *replies, uint64_t out[3])
{
	uint64_t total = 0;
	for (unsigned i = 0; i < 64; i++)
		total += replies->latency[i];
	uint64_t seen = 0;
	out[0] = out[1] = out[2] = 0;
	for (unsigned i = 0; i < 64; i++) {
		if (replies->latency[i] == 0)
			continue;
		seen += replies->latency[i];
		out[2] = latency_of_bucket(i);
		if (out[0] == 0 && seen * 2 >= total)
			out[0] = out[2];
		if (out[1] == 0 && seen * 100 >= total * 99)
			out[1] = out[2];
	}
	memset(replies->latency, 0, sizeof(replies->latency));
}

void
replies_send(struct node *node, struct slice route, struct slice frame, int64_t received_us)
{
	const struct world *world = node->world;
	world->reply(world->context, route, frame);
	node->replies.latency[latency_bucket(world->monotonic_us(world->context) - received_us)]++;
	world->crash_point(world->context, CRASH_REPLIED);
}

void
replies_add(struct node *node, struct slice route, struct slice frame, uint64_t seq, int64_t received_us)
{
	if (seq <= node->durable_seq) {
		replies_send(node, route, frame, received_us);
		return;
	}
	struct waiting *waiting = malloc(sizeof(*waiting) + route.size + frame.size);
	if (waiting == NULL)
		fatal("no memory for a waiting reply of %zu bytes", frame.size);
	waiting->next = NULL;
	waiting->seq = seq;
	waiting->received_us = received_us;
	waiting->route_size = route.size;
	waiting->frame_size = frame.size;
	memcpy(waiting->bytes, route.data, route.size);
	memcpy(waiting->bytes + route.size, frame.data, frame.size);
	*node->replies.last = waiting;
	node->replies.last = &waiting->next;
	node->replies.bytes += frame.size;
}

static void
replies_drop_first(struct replies *replies)
{
	struct waiting *waiting = replies->first;
	replies->first = waiting->next;
	if (replies->first == NULL)
		replies->last = &replies->first;
	replies->bytes -= waiting->frame_size;
	free(waiting);
}

void
replies_release(struct node *node)
{
	struct replies *replies = &node->replies;
	while (replies->first != NULL && replies->first->seq <= node->durable_seq) {
		struct waiting *waiting = replies->first;
		replies_send(node, slice_of(waiting->bytes, waiting->route_size),
			     slice_of(waiting->bytes + waiting->route_size, waiting->frame_size), waiting->received_us);
		replies_drop_first(replies);
	}
}

void
replies_clear(struct replies *replies)
{
	while (replies->first != NULL)
		replies_drop_first(replies);
}
