/* tests/bench/following.c */
#include "tests/bench/following.h"

#include <stdio.h>
#include <string.h>

enum { FEED_STEP_US = 20000, RANDOM = 11, ARENA_BLOCK_BYTES = 64 << 10 };

static void
serve(struct alone *producer, const struct alone *follower)
{
	node_receive(producer->node, slice_text("follower"), buf_slice(&follower->sent));
	alone_settle(producer);
}

static void
take(const struct alone *producer, struct alone *follower)
{
	node_receive_reply(follower->node, follower->peer, buf_slice(&producer->reply));
	alone_settle(follower);
}

__attribute__((noinline)) static void
served(struct alone *producer, const struct alone *follower)
{
	serve(producer, follower);
}

__attribute__((noinline)) static void
followed(const struct alone *producer, struct alone *follower)
{
	take(producer, follower);
}

static uint64_t
followed_seq(struct alone *follower, struct arena *arena)
{
	Mt__NodeStatus status = MT__NODE_STATUS__INIT;
	arena_reset(arena);
	node_status(follower->node, arena, &status);
	return status.n_feeds == 0 ? 0 : status.feeds[follower->peer]->seq;
}

static unsigned
peer_of(const struct module *module, const struct alone *producer)
{
	unsigned peer = 0;
	while (strcmp(module->follows[peer].name, producer->module->name) != 0)
		peer++;
	return peer;
}

void
following_run(struct alone *producer, const struct module *module, uint64_t before, uint64_t events)
{
	struct alone follower = {.peer = peer_of(module, producer)};
	struct arena arena;
	double served_s = 0;
	double followed_s = 0;
	uint64_t bytes = 0;
	arena_init(&arena, ARENA_BLOCK_BYTES, 0);
	alone_open(&follower, module, RANDOM);
	for (uint64_t seq = 0; seq < producer->head; seq = followed_seq(&follower, &arena)) {
		if (seq < before) {
			serve(producer, &follower);
			take(producer, &follower);
		} else {
			double began_s = alone_cpu_s(producer);
			served(producer, &follower);
			served_s += alone_cpu_s(producer) - began_s;
			began_s = alone_cpu_s(&follower);
			followed(producer, &follower);
			followed_s += alone_cpu_s(&follower) - began_s;
			bytes += producer->reply.size;
		}
		follower.time_us += FEED_STEP_US;
		alone_settle(&follower); /* asks again */
	}
	printf("%s served_us=%.3f followed_us=%.3f reply_bytes=%.0f its_entries=%llu its_journal_bytes=%llu\n",
	       module->name, served_s * 1e6 / (double)events, followed_s * 1e6 / (double)events,
	       (double)bytes / (double)events, (unsigned long long)follower.head,
	       (unsigned long long)follower.journal_bytes);
	alone_close(&follower);
	arena_free(&arena);
}
