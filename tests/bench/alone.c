/* tests/bench/alone.c
 *
 * The world of alone.h: the clock stands still but for the callers' steps, random bytes
 * are drawn from a seed, and a commit ends when the node rests. */
#include "tests/bench/alone.h"

#include "common/base/codec.h"
#include "common/core/limits.h"
#include "common/wire/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUN_US = 1000000, PAUSE_US = 10, ENTRIES_ROOM = 1 << 10 };

static const uint64_t MEMORY_BYTES = UINT64_C(16) << 30;

const struct seal_key alone_keys[3] = {
	{.key_id = ALONE_GATEWAY_ID, .kind = KEY_GATEWAY, .key = {1}},
	{.key_id = ALONE_OPERATOR_ID, .kind = KEY_OPERATOR, .key = {2}},
	{.key_id = ALONE_NODE_ID, .kind = KEY_NODE, .key = {3}},
};

static int64_t
alone_time(void *context)
{
	const struct alone *alone = context;
	return INT64_C(1790000000000000) + alone->time_us;
}

static void
alone_random(void *context, void *bytes, size_t size)
{
	struct alone *alone = context;
	uint8_t *at = bytes;
	for (size_t i = 0; i < size; i++) {
		if (i % 8 == 0)
			alone->drawn = alone->drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		at[i] = (uint8_t)(alone->drawn >> (i % 8 * 8));
	}
}

static void
alone_reply(void *context, struct slice route, struct slice bytes)
{
	struct alone *alone = context;
	struct frame frame;
	struct slice part;
	size_t at = 0;
	(void)route;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame))
		abort();
	alone->replies += frame.replies;
	buf_reset(&alone->reply);
	buf_append(&alone->reply, bytes);
	while (alone->on_reply != NULL && frame_next(&frame, &at, &part))
		alone->on_reply(alone->reply_context, part);
}

static bool
alone_send(void *context, unsigned peer, struct slice frame)
{
	struct alone *alone = context;
	if (peer != alone->peer)
		return false; /* who else is followed is away */
	buf_reset(&alone->sent);
	buf_append(&alone->sent, frame);
	return true;
}

static double
cpu_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double
alone_cpu_s(const struct alone *alone)
{
	return cpu_s() - alone->kept_s;
}

static void
entry_keep(struct alone *alone, struct slice bytes)
{
	if (alone->head == alone->entries_room) {
		alone->entries_room = alone->entries_room == 0 ? ENTRIES_ROOM : 2 * alone->entries_room;
		alone->entries = realloc(alone->entries, alone->entries_room * sizeof(*alone->entries));
	}
	uint8_t *copy = malloc(bytes.size);
	if (alone->entries == NULL || copy == NULL)
		abort();
	memcpy(copy, bytes.data, bytes.size);
	alone->entries[alone->head++] = slice_of(copy, bytes.size);
	alone->journal_bytes += bytes.size;
}

static void
alone_commit(void *context, const struct journal_batch *batch)
{
	struct alone *alone = context;
	size_t at = 0;
	double began_s = cpu_s();
	for (uint32_t i = 0; i < batch->count; i++) {
		entry_keep(alone, slice_of(batch->bytes + at, batch->sizes[i]));
		at += batch->sizes[i];
	}
	alone->kept_s += cpu_s() - began_s;
	alone->commit_due = true;
}

static bool
alone_read(void *context, uint64_t seq, struct slice *entry)
{
	struct alone *alone = context;
	if (seq == 0 || seq > alone->head)
		return false;
	if (seq == alone->pause_at)
		alone->time_us += PAUSE_US;
	*entry = alone->entries[seq - 1];
	return true;
}

static uint64_t
alone_head(void *context)
{
	return ((const struct alone *)context)->head;
}

static void
alone_flush(void *context, const struct memtable *frozen)
{
	(void)frozen;
	(void)context;
	fprintf(stderr, "node_bench: more events than fit the memtable\n");
	abort();
}

static struct store_base
alone_base(void *context)
{
	(void)context;
	return (struct store_base){.context = NULL};
}

static uint64_t
alone_space(void *context)
{
	(void)context;
	return UINT64_C(1) << 50;
}

static uint64_t
alone_memory(void *context)
{
	(void)context;
	return 0;
}

static void
alone_wake(void *context, int64_t monotonic_us)
{
	(void)context;
	(void)monotonic_us;
}

static void
alone_crash_point(void *context, const char *name)
{
	(void)context;
	(void)name;
}

/* As many keys as wanted, each made of its number: wrapping and reading them is the host's. */
static enum slot_state
alone_slot_key(void *context, uint32_t slot, uint8_t key[32])
{
	(void)context;
	memset(key, 7, 32);
	put_u32(key, slot);
	return SLOT_PRESENT;
}

static uint32_t
alone_slots_ready(void *context)
{
	(void)context;
	return UINT32_MAX - 1;
}

static void
alone_slots_more(void *context)
{
	(void)context;
}

static void
alone_slots_erase(void *context, const struct slot_erasure *erasures, size_t count)
{
	(void)context;
	(void)erasures;
	(void)count;
}

static void
alone_make_world(struct alone *alone)
{
	alone->world = (struct world){
		.context = alone,
		.now_us = alone_time,
		.monotonic_us = alone_time,
		.random = alone_random,
		.reply = alone_reply,
		.send = alone_send,
		.journal_commit = alone_commit,
		.journal_read = alone_read,
		.journal_head = alone_head,
		.state_flush = alone_flush,
		.state_base = alone_base,
		.slot_key = alone_slot_key,
		.slots_ready = alone_slots_ready,
		.slots_block = 65536,
		.slots_more = alone_slots_more,
		.slots_erase = alone_slots_erase,
		.space_free = alone_space,
		.memory_used = alone_memory,
		.wake_at = alone_wake,
		.crash_point = alone_crash_point,
	};
}

static void
alone_begin(struct alone *alone, const struct module *module)
{
	static const uint8_t secret[32] = {3};
	static struct seal_key peer_keys[PRODUCERS_MAX];
	for (size_t i = 0; i < PRODUCERS_MAX; i++)
		peer_keys[i] = alone_keys[ALONE_NODE_ID - 1];
	struct node_config config = {
		.module = module,
		.world = &alone->world,
		.keys = alone_keys,
		.keys_count = sizeof(alone_keys) / sizeof(alone_keys[0]),
		.peer_keys = peer_keys,
		.memory_bytes = MEMORY_BYTES,
		.secret = secret,
		.zone_minutes = 420,
	};
	alone_make_world(alone);
	buf_init(&alone->sent, FRAME_BYTES_MAX);
	buf_init(&alone->reply, FRAME_BYTES_MAX);
	alone->module = module;
	alone->node = node_new(&config);
	node_open(alone->node);
}

void
alone_open(struct alone *alone, const struct module *module, uint64_t random)
{
	*alone = (struct alone){.drawn = random, .peer = alone->peer};
	alone_begin(alone, module);
	alone_settle(alone);
}

void
alone_open_on(struct alone *alone, const struct module *module, struct alone *former)
{
	*alone = (struct alone){.drawn = former->drawn,
				.entries = former->entries,
				.head = former->head,
				.entries_room = former->entries_room};
	alone_begin(alone, module);
}

void
alone_settle(struct alone *alone)
{
	bool more = true;
	while (more || alone->commit_due) {
		more = node_run(alone->node, RUN_US);
		if (!alone->commit_due)
			continue;
		alone->commit_due = false;
		node_committed(alone->node, OUTCOME_DONE);
		more = true;
	}
}

void
alone_close(struct alone *alone)
{
	node_free(alone->node);
	alone->node = NULL;
	buf_free(&alone->sent);
	buf_free(&alone->reply);
}
