/* tests/unit/small_node.h
 *
 * A world of one node: everything is done at once, time moves when it is told to. */
#ifndef TESTS_UNIT_SMALL_NODE_H
#define TESTS_UNIT_SMALL_NODE_H

#include "common/core/impl.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>

static const uint8_t secret[32] = {5};

enum { SLOTS = 8, ENTRIES_MAX = 64 };

struct small {
	struct world world;
	struct node *node;
	struct slice entries[ENTRIES_MAX];
	uint64_t head;
	const struct journal_batch *committing;
	const struct memtable *flushing;
	struct memtable *state;
	int64_t now_us;
	uint32_t slots_ready;
	bool destroyed[SLOTS];
	size_t ledger_count;
	bool erasing;
};

static int64_t
small_now(void *context)
{
	return ((struct small *)context)->now_us;
}

static void
small_random(void *context, void *bytes, size_t size)
{
	(void)context;
	randombytes_buf(bytes, size);
}

static void
small_reply(void *context, struct slice route, struct slice frame)
{
	(void)context;
	(void)route;
	(void)frame;
}

static bool
small_send(void *context, unsigned peer, struct slice frame)
{
	(void)context;
	(void)peer;
	(void)frame;
	return false;
}

static void
small_commit(void *context, const struct journal_batch *batch)
{
	((struct small *)context)->committing = batch;
}

static bool
small_read(void *context, uint64_t seq, struct slice *entry)
{
	struct small *small = context;
	if (seq == 0 || seq > small->head)
		return false;
	*entry = small->entries[seq - 1];
	return true;
}

static uint64_t
small_head(void *context)
{
	return ((struct small *)context)->head;
}

static void
small_flush(void *context, const struct memtable *frozen)
{
	((struct small *)context)->flushing = frozen;
}

static bool
small_get(void *context, struct slice key, struct slice *value)
{
	return memtable_get(((struct small *)context)->state, key, value) == MEMTABLE_PRESENT;
}

static bool
small_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	const struct memtable *state = ((struct small *)context)->state;
	enum memtable_hit hit = memtable_next(state, from, inclusive, key, value);
	while (hit == MEMTABLE_DELETED)
		hit = memtable_next(state, *key, false, key, value);
	return hit == MEMTABLE_PRESENT;
}

static struct store_base
small_base(void *context)
{
	return (struct store_base){.context = context, .get = small_get, .next = small_next};
}

static bool
small_flush_row(void *context, struct slice key, struct slice value)
{
	struct small *small = context;
	if (value.data == NULL)
		memtable_delete(small->state, key);
	else
		memtable_put(small->state, key, value);
	return true;
}

static uint64_t
small_much(void *context)
{
	(void)context;
	return UINT64_MAX / 2;
}

static void
small_wake(void *context, int64_t monotonic_us)
{
	(void)context;
	(void)monotonic_us;
}

static void
small_crash_point(void *context, const char *name)
{
	(void)context;
	(void)name;
}

static enum slot_state
small_slot_key(void *context, uint32_t slot, uint8_t key[32])
{
	const struct small *small = context;
	if (slot >= small->slots_ready)
		return SLOT_NONE;
	memset(key, (int)slot + 1, 32);
	return small->destroyed[slot] ? SLOT_DESTROYED : SLOT_PRESENT;
}

static uint32_t
small_slots_ready(void *context)
{
	return ((struct small *)context)->slots_ready;
}

static void
small_slots_more(void *context)
{
	(void)context; /* never done */
}

static void
small_slots_erase(void *context, const struct slot_erasure *erasures, size_t count)
{
	struct small *small = context;
	for (size_t i = 0; i < count; i++)
		small->destroyed[erasures[i].slot] = true;
	small->ledger_count += count;
	small->erasing = true;
}

static void
small_turn(struct small *small)
{
	node_run(small->node, 1000);
	if (small->committing != NULL) {
		const uint8_t *at = small->committing->bytes;
		for (uint32_t i = 0; i < small->committing->count; i++) {
			uint8_t *copy = malloc(small->committing->sizes[i]);
			memcpy(copy, at, small->committing->sizes[i]);
			assert_in_range(small->head, 0, ENTRIES_MAX - 1);
			small->entries[small->head++] = slice_of(copy, small->committing->sizes[i]);
			at += small->committing->sizes[i];
		}
		small->committing = NULL;
		node_committed(small->node, OUTCOME_DONE);
	}
	if (small->flushing != NULL) {
		memtable_each(small->flushing, small_flush_row, small);
		small->flushing = NULL;
		node_flushed(small->node, OUTCOME_DONE);
	}
	if (small->erasing) {
		small->erasing = false;
		node_slots_erased(small->node, OUTCOME_DONE);
	}
}

static void
small_open(struct small *small, const struct module *module)
{
	static struct seal_key peers[PRODUCERS_MAX];
	small->state = memtable_new();
	small->world = (struct world){
		.context = small,
		.now_us = small_now,
		.monotonic_us = small_now,
		.random = small_random,
		.reply = small_reply,
		.send = small_send,
		.journal_commit = small_commit,
		.journal_read = small_read,
		.journal_head = small_head,
		.state_flush = small_flush,
		.state_base = small_base,
		.slot_key = small_slot_key,
		.slots_ready = small_slots_ready,
		.slots_block = SLOTS,
		.slots_more = small_slots_more,
		.slots_erase = small_slots_erase,
		.space_free = small_much,
		.memory_used = small_much,
		.wake_at = small_wake,
		.crash_point = small_crash_point,
	};
	small->node = node_new(&(struct node_config){.module = module,
						     .world = &small->world,
						     .peer_keys = peers,
						     .memory_bytes = 64 << 20,
						     .secret = secret});
	node_open(small->node);
	while (!node_opened(small->node))
		small_turn(small);
}

static void
small_close(struct small *small)
{
	node_free(small->node);
	memtable_free(small->state);
	for (uint64_t i = 0; i < small->head; i++)
		free((void *)small->entries[i].data);
}

#endif
