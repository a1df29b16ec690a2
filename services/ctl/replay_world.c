/* services/ctl/replay_world.c
 *
 * The node is run until it says it is opened. Monotonic time stands still, so it never
 * flushes by age and never ends a turn for want of time; it only stops when a memtable is
 * full, and goes on when that is put down. */
#include "services/ctl/replay_world.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <string.h>

enum { TURN_US = 1000 };

static int64_t
no_time(void *context)
{
	(void)context;
	return 0;
}

static void
no_random(void *context, void *bytes, size_t size)
{
	(void)context;
	memset(bytes, 0, size);
}

static void
no_reply(void *context, struct slice route, struct slice frame)
{
	(void)context;
	(void)route;
	(void)frame;
}

static bool
no_send(void *context, unsigned peer, struct slice frame)
{
	(void)context;
	(void)peer;
	(void)frame;
	return true;
}

static void
no_commit(void *context, const struct journal_batch *batch)
{
	(void)context;
	fatal("a replay made a new entry %llu", (unsigned long long)batch->first_seq);
}

static bool
journal_read(void *context, uint64_t seq, struct slice *entry)
{
	const struct replay *replay = context;
	return seq <= replay->head && journal_file_read(replay->journal, seq, entry);
}

static uint64_t
journal_head(void *context)
{
	const struct replay *replay = context;
	return replay->head;
}

static void
state_flush(void *context, const struct memtable *frozen)
{
	struct replay *replay = context;
	assert(replay->flushing == NULL);
	replay->flushing = frozen;
}

static struct store_base
state_base(void *context)
{
	const struct replay *replay = context;
	return replay->spilled == NULL ? (struct store_base){.context = NULL} : state_lmdb_base(replay->spilled);
}

static uint64_t
much(void *context)
{
	(void)context;
	return UINT64_MAX / 2;
}

static enum slot_state
slot_key(void *context, uint32_t slot, uint8_t key[32])
{
	const struct replay *replay = context;
	enum slot_state state = slots_key(replay->keys->before, slot, key);
	return state == SLOT_PRESENT ? state : slots_key(replay->keys->after, slot, key);
}

static uint32_t
slots_there(void *context)
{
	const struct replay *replay = context;
	return slots_ready(replay->keys->after);
}

static void
no_slots(void *context)
{
	(void)context;
}

static void
no_erasure(void *context, const struct slot_erasure *erasures, size_t count)
{
	(void)context;
	(void)erasures;
	(void)count;
}

static void
no_wake(void *context, int64_t monotonic_us)
{
	(void)context;
	(void)monotonic_us;
}

static void
no_crash(void *context, const char *name)
{
	(void)context;
	(void)name;
}

static void
put_down(struct replay *replay)
{
	if (replay->spilled == NULL)
		replay->spilled = state_lmdb_open(replay->scratch, NULL, NULL, NULL);
	const struct memtable *frozen = replay->flushing;
	replay->flushing = NULL;
	if (state_lmdb_flush_now(replay->spilled, frozen) != OUTCOME_DONE)
		fatal("no space left in %s", replay->scratch);
	node_flushed(replay->node, OUTCOME_DONE);
}

void
replay_run(struct replay *replay, const struct module *module, struct journal_file *journal,
	   const struct replay_keys *keys, uint64_t head, const char *scratch, uint64_t memory_bytes)
{
	assert(head > 0);
	*replay = (struct replay){.journal = journal, .keys = keys, .head = head};
	bool fits = path_format(replay->scratch, "%s", scratch);
	assert(fits);
	replay->world = (struct world){
		.context = replay,
		.now_us = no_time,
		.monotonic_us = no_time,
		.random = no_random,
		.reply = no_reply,
		.send = no_send,
		.journal_commit = no_commit,
		.journal_read = journal_read,
		.journal_head = journal_head,
		.state_flush = state_flush,
		.state_base = state_base,
		.slot_key = slot_key,
		.slots_ready = slots_there,
		.slots_block = SLOTS_BLOCK,
		.slots_more = no_slots,
		.slots_erase = no_erasure,
		.space_free = much,
		.memory_used = much,
		.wake_at = no_wake,
		.crash_point = no_crash,
	};
	replay->node = node_new(&(struct node_config){
		.module = module,
		.world = &replay->world,
		.memory_bytes = memory_bytes,
		.secret = keys->secret,
	});
	node_open(replay->node);
	while (!node_opened(replay->node)) {
		node_run(replay->node, TURN_US);
		if (replay->flushing != NULL)
			put_down(replay);
	}
	assert(node_seq(replay->node) == head);
}

const struct store *
replay_store(const struct replay *replay)
{
	return node_store(replay->node);
}

void
replay_end(struct replay *replay)
{
	node_free(replay->node);
	state_lmdb_close(replay->spilled);
}
