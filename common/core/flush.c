/* common/core/flush.c
 *
 * From memory to disk. The memtable is frozen by size, entries or age; once the journal is
 * durable up to it, a worker writes it to the state in one step together with the
 * head it stands for. Deciding goes on into a new memtable meanwhile, paced by how
 * long the last flush took, so the loop slows down instead of standing still. */
#include "common/core/impl.h"

enum { PACE_SLACK_SHARE = 8 }; /* of a memtable may be filled at once when a flush begins */

static void
put_head(struct node *node)
{
	Mt__StateHead head = MT__STATE_HEAD__INIT;
	head.incarnation = node->head.incarnation;
	head.seq = node->head.seq;
	head.hash = (ProtobufCBinaryData){HASH_BYTES, node->head.hash};
	head.time_us = node->head.time_us;
	head.apply_version = node->module->apply_version;
	head.zone_minutes = node->head.zone_minutes;
	head.service = (char *)node->module->name;
	head.facts = node->head.facts;
	head.slots_next = node->personal->slots_next;
	struct key key = key_of(TABLE_HEAD);
	store_put(&node->store, key_slice(&key), pb_pack(&node->apply_arena, &head.base));
}

/* While the tail is replayed nothing is flushed until both memtables would be full: what was in memory at the
 * end of the last run fits again, and opening is not held up by a flush of what the next one would write anyway. */
static uint64_t
bytes_to_freeze(const struct node *node)
{
	bool first = !node->opened && node->counts.flushes == 0;
	return first ? 2 * node->memtable_bytes_max : node->memtable_bytes_max;
}

/* The disk rests as long as the last flush took: where it is slow the next one is larger, not sooner. */
static bool
is_long(const struct node *node, int64_t now_us)
{
	return node->head.seq - node->flushed_seq >= MEMTABLE_ENTRIES_MAX &&
	       now_us - node->flush_began_us >= 2 * node->flush_took_us;
}

static bool
is_old(struct node *node, int64_t now_us)
{
	int64_t age_us = now_us - node->top_since_us;
	return age_us >= (int64_t)MEMTABLE_AGE_MS_MAX * 1000 ||
	       (erasures_hurry(node) && age_us >= (int64_t)ERASURE_AGE_MS_MAX * 1000);
}

static bool
wants_freeze(struct node *node, int64_t now_us)
{
	if (node->store.frozen != NULL || memtable_entries(node->store.top) == 0)
		return false;
	if (node->top_since_us == 0)
		node->top_since_us = now_us;
	if (memtable_bytes(node->store.top) >= bytes_to_freeze(node))
		return true;
	return node->opened && (is_long(node, now_us) || is_old(node, now_us));
}

void
flush_maybe(struct node *node)
{
	const struct world *world = node->world;
	int64_t now_us = world->monotonic_us(world->context);
	if (wants_freeze(node, now_us)) {
		figures_settle(node, node->head.seq);
		arena_reset(&node->apply_arena);
		put_head(node);
		node->store.frozen = node->store.top;
		node->store.top = memtable_new_of(&node->pages);
		node->frozen_seq = node->head.seq;
		node->top_since_us = 0;
		world->crash_point(world->context, CRASH_FROZEN);
	}
	if (node->store.frozen == NULL || node->flush_under_way || node->durable_seq < node->frozen_seq ||
	    now_us < node->flush_retry_us)
		return;
	node->flush_under_way = true;
	node->flush_began_us = now_us;
	world->crash_point(world->context, CRASH_FLUSHING);
	world->state_flush(world->context, node->store.frozen);
}

bool
flush_leaves_room(struct node *node)
{
	if (node->store.frozen == NULL)
		return true;
	size_t bytes = memtable_bytes(node->store.top);
	bool large = memtable_bytes(node->store.frozen) > node->memtable_bytes_max; /* of a replay */
	if (bytes >= (large ? node->memtable_bytes_max / 2 : node->memtable_bytes_max))
		return false;
	uint64_t slack = node->memtable_bytes_max / PACE_SLACK_SHARE;
	if (bytes <= slack || node->flush_took_us == 0)
		return true;
	int64_t elapsed_us = node->world->monotonic_us(node->world->context) - node->flush_began_us;
	if (elapsed_us >= node->flush_took_us)
		return true;
	return bytes <=
	       slack + (uint64_t)((double)node->memtable_bytes_max * (double)elapsed_us / (double)node->flush_took_us);
}

void
node_flushed(struct node *node, enum outcome outcome)
{
	const struct world *world = node->world;
	int64_t now_us = world->monotonic_us(world->context);
	node->flush_under_way = false;
	if (outcome == OUTCOME_NO_SPACE) {
		node->flush_retry_us = now_us + (int64_t)NO_SPACE_RETRY_MS * 1000;
		node_wake_in(node, NO_SPACE_RETRY_MS);
		return;
	}
	node->flush_took_us = now_us - node->flush_began_us;
	node->flushed_seq = node->frozen_seq;
	bool full = memtable_bytes(node->store.frozen) >= node->memtable_bytes_max;
	memtable_free(node->store.frozen);
	if (!full) /* the next one will not need them soon */
		arena_pages_free(&node->pages);
	node->store.frozen = NULL;
	node->store.base = world->state_base(world->context);
	node->counts.flushes++;
	world->crash_point(world->context, CRASH_FLUSHED);
}
