/* common/host/host_world.c
 *
 * The world as the node sees it, each question answered by the part of host that
 * knows. Nothing here waits. */
#include "common/host/crew.h"
#include "common/host/host_inside.h"

#include <assert.h>
#include <sodium.h>

static int64_t
world_now_us(void *context)
{
	(void)context;
	return probe_now_us();
}

static int64_t
world_monotonic_us(void *context)
{
	(void)context;
	return probe_monotonic_us();
}

static void
world_random(void *context, void *bytes, size_t size)
{
	struct host *host = context;
	if (size > sizeof(host->random)) {
		randombytes_buf(bytes, size);
		return;
	}
	if (size > host->random_left) {
		randombytes_buf(host->random, sizeof(host->random));
		host->random_left = sizeof(host->random);
	}
	/* From the end, and gone at once: what was handed out cannot be read here afterwards. */
	host->random_left -= size;
	memcpy(bytes, host->random + host->random_left, size);
	sodium_memzero(host->random + host->random_left, size);
}

static void
world_reply(void *context, struct slice route, struct slice frame)
{
	const struct host *host = context;
	bus_send(host->callers, route, frame); /* dropped ones are counted there */
}

static bool
world_send(void *context, unsigned peer, struct slice frame)
{
	const struct host *host = context;
	assert(peer < PRODUCERS_MAX);
	return bus_send(host->peers[peer].socket, slice_of(NULL, 0), frame);
}

static void
world_journal_commit(void *context, const struct journal_batch *batch)
{
	const struct host *host = context;
	journal_file_commit(host->journal, batch);
}

static bool
world_journal_read(void *context, uint64_t seq, struct slice *entry)
{
	const struct host *host = context;
	return journal_file_read(host->journal, seq, entry);
}

static uint64_t
world_journal_head(void *context)
{
	const struct host *host = context;
	return journal_file_head(host->journal);
}

static void
world_state_flush(void *context, const struct memtable *frozen)
{
	const struct host *host = context;
	state_lmdb_flush(host->state, frozen);
}

static struct store_base
world_state_base(void *context)
{
	const struct host *host = context;
	return state_lmdb_base(host->state);
}

static uint64_t
world_space_free(void *context)
{
	struct host *host = context;
	return probe_space_free(&host->probe);
}

static uint64_t
world_memory_used(void *context)
{
	struct host *host = context;
	return probe_memory_used(&host->probe);
}

static void
world_wake_at(void *context, int64_t monotonic_us)
{
	struct host *host = context;
	if (monotonic_us >= host->wake_us)
		return;
	host->wake_us = monotonic_us;
	host_set_tick(host);
}

static void
world_share(void *context, void (*work)(void *work_context, size_t index), void *work_context, size_t count)
{
	struct host *host = context;
	crew_share(&host->loop, work, work_context, count);
}

static void
world_crash_point(void *context, const char *name)
{
	struct host *host = context;
	probe_crash_point(&host->probe, name);
}

static enum slot_state
world_slot_key(void *context, uint32_t slot, uint8_t key[32])
{
	const struct host *host = context;
	return slots_key(host->slots, slot, key);
}

static uint32_t
world_slots_ready(void *context)
{
	const struct host *host = context;
	return slots_ready(host->slots);
}

static void
world_slots_more(void *context)
{
	const struct host *host = context;
	slots_more(host->slots);
}

static void
world_slots_erase(void *context, const struct slot_erasure *erasures, size_t count)
{
	const struct host *host = context;
	slots_erase(host->slots, erasures, count);
}

void
host_make_world(struct host *host)
{
	host->world = (struct world){
		.context = host,
		.now_us = world_now_us,
		.monotonic_us = world_monotonic_us,
		.random = world_random,
		.reply = world_reply,
		.send = world_send,
		.journal_commit = world_journal_commit,
		.journal_read = world_journal_read,
		.journal_head = world_journal_head,
		.state_flush = world_state_flush,
		.state_base = world_state_base,
		.slot_key = world_slot_key,
		.slots_ready = world_slots_ready,
		.slots_block = SLOTS_BLOCK,
		.slots_more = world_slots_more,
		.slots_erase = world_slots_erase,
		.space_free = world_space_free,
		.memory_used = world_memory_used,
		.wake_at = world_wake_at,
		.share = world_share,
		.crash_point = world_crash_point,
	};
}
