/* common/core/node.c
 *
 * The node itself: what it holds, how it opens, and the order in which it works. Each
 * round takes what is queued, then what feeds brought, then due timers; a round ends by
 * handing what gathered to the journal's worker. Deciding stops, and releasing replies
 * goes on, while there is no room in the batch, in the memtable or on the disk. */
#include "common/core/node.h"

#include "common/base/fatal.h"
#include "common/core/impl.h"
#include "common/core/tree_memory.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	CALL_ARENA_BLOCK_BYTES = 256 << 10,
	APPLY_ARENA_BLOCK_BYTES = 64 << 10,
};

struct node *
node_new(const struct node_config *config)
{
	struct node *node = calloc(1, sizeof(*node));
	if (node == NULL)
		fatal("no memory for a node");
	node->config = *config;
	node->module = config->module;
	node->world = config->world;
	node->memtable_bytes_max = config->memory_bytes / MEMTABLE_BUDGET_SHARE;
	if (node->memtable_bytes_max < 2 * MEMTABLE_BYTES_MIN)
		node->memtable_bytes_max = 2 * MEMTABLE_BYTES_MIN;
	node->space_reserve = config->space_reserve_bytes != 0 ? config->space_reserve_bytes
							       : JOURNAL_BATCH_BYTES_MAX + 2 * node->memtable_bytes_max;
	queue_init(&node->queue);
	node->replies.last = &node->replies.first;
	node->access_version = 1;
	hash_key_derive(config->secret, node->token_key);
	node->personal = calloc(1, sizeof(*node->personal));
	node->recent = calloc(1, sizeof(*node->recent));
	if (node->personal == NULL || node->recent == NULL)
		fatal("no memory for a node");
	node->store.top = memtable_new_of(&node->pages);
	node->store.base = config->world->state_base(config->world->context);
	arena_init(&node->call_arena, CALL_ARENA_BLOCK_BYTES, CALL_ARENA_BYTES_MAX);
	arena_init(&node->feed_arena, CALL_ARENA_BLOCK_BYTES, 0);
	arena_init(&node->apply_arena, APPLY_ARENA_BLOCK_BYTES, 0);
	buf_init(&node->reply_frame, FRAME_BYTES_MAX);
	buf_init(&node->send_frame, FRAME_BYTES_MAX);
	journal_init(node);
	figures_init(&node->figures);
	methods_collect(node);
	return node;
}

void
node_free(struct node *node)
{
	queue_clear(&node->queue);
	replies_clear(&node->replies);
	park_clear(node);
	feeds_clear(node);
	journal_clear(node);
	figures_free(&node->figures);
	tree_memory_free(node->store.tree);
	sodium_memzero(node->personal, sizeof(*node->personal));
	free(node->personal);
	free(node->recent);
	sodium_memzero(node->token_key, sizeof(node->token_key));
	memtable_free(node->store.top);
	if (node->store.frozen != NULL)
		memtable_free(node->store.frozen);
	arena_pages_free(&node->pages);
	arena_free(&node->call_arena);
	arena_free(&node->feed_arena);
	arena_free(&node->apply_arena);
	buf_free(&node->reply_frame);
	buf_free(&node->send_frame);
	free(node->methods);
	free(node);
}

int64_t
node_now_us(const struct node *node)
{
	int64_t now_us = node->world->now_us(node->world->context);
	return now_us > node->head.time_us ? now_us : node->head.time_us;
}

void
node_wake_in(struct node *node, int64_t ms)
{
	const struct world *world = node->world;
	world->wake_at(world->context, world->monotonic_us(world->context) + ms * 1000);
}

/* --- opening -------------------------------------------------------------------------------------------------- */

static void
read_state_head(struct node *node)
{
	struct key key = key_of(TABLE_HEAD);
	struct slice value;
	if (!store_get(&node->store, key_slice(&key), &value))
		return;
	const Mt__StateHead *head =
		(const Mt__StateHead *)pb_unpack_trusted(&mt__state_head__descriptor, &node->call_arena, value);
	if (head == NULL || head->hash.len != HASH_BYTES)
		fatal("%s: the head of the state cannot be read", node->module->name);
	if (strcmp(head->service, node->module->name) != 0)
		fatal("this is the state of %s, not of %s", head->service, node->module->name);
	if (head->apply_version != node->module->apply_version)
		fatal("%s: the state was built by apply version %u, this binary has %u", node->module->name,
		      head->apply_version, node->module->apply_version);
	node->head.incarnation = head->incarnation;
	node->head.seq = head->seq;
	node->head.time_us = head->time_us;
	node->head.facts = head->facts;
	node->head.zone_minutes = head->zone_minutes;
	node->personal->slots_next = head->slots_next;
	memcpy(node->head.hash, head->hash.data, HASH_BYTES);
}

static void
check_state_against_journal(struct node *node)
{
	struct entry_parts parts;
	if (node->head.seq == 0)
		return;
	if (node->head.seq > node->replay_to)
		fatal("%s: the state stands for entry %llu, the journal ends at %llu", node->module->name,
		      (unsigned long long)node->head.seq, (unsigned long long)node->replay_to);
	if (!entry_read(node, node->head.seq, &parts) || memcmp(parts.hash.data, node->head.hash, HASH_BYTES) != 0)
		fatal("%s: state and journal differ at entry %llu", node->module->name,
		      (unsigned long long)node->head.seq);
}

void
node_open(struct node *node)
{
	const struct world *world = node->world;
	arena_reset(&node->call_arena);
	node->replay_to = world->journal_head(world->context);
	node->durable_seq = node->replay_to;
	node->head.zone_minutes = node->config.zone_minutes;
	read_state_head(node);
	node->flushed_seq = node->head.seq;
	check_state_against_journal(node);
	slots_check(node);
	node->store.tree = tree_load(&node->store, &node->call_arena);
	node_wake_in(node, 0);
}

void
node_commit_own(struct node *node, const ProtobufCMessage *fact)
{
	struct emitted emitted = {.bytes = fact_wrap(node->module, &node->call_arena, fact)};
	struct entry entry;
	entry_begin(node, &entry);
	*entry.facts_last = &emitted;
	entry.facts_last = &emitted.next;
	entry.facts_count = 1;
	entry_commit(node, &entry);
}

static uint64_t
new_incarnation(struct node *node)
{
	uint32_t value = 0;
	while (value == 0)
		node->world->random(node->world->context, &value, sizeof(value));
	return value;
}

static void
found(struct node *node)
{
	Mt__NodeFounded fact = MT__NODE_FOUNDED__INIT;
	node->head.incarnation = new_incarnation(node);
	fact.service = (char *)node->module->name;
	fact.incarnation = node->head.incarnation;
	fact.zone_minutes = node->config.zone_minutes;
	node_commit_own(node, &fact.base);
}

static void
note_restored(struct node *node)
{
	Mt__NodeRestored fact = MT__NODE_RESTORED__INIT;
	fact.former_incarnation = node->head.incarnation;
	node->head.incarnation = new_incarnation(node);
	fact.incarnation = node->head.incarnation;
	node_commit_own(node, &fact.base);
}

static void
count_refused(struct node *node)
{
	struct key table = key_of(TABLE_REFUSED);
	struct store_walk walk = store_walk(&node->store, key_slice(&table));
	node->counts.refused_reactions = 0;
	while (store_walk_next(&walk))
		node->counts.refused_reactions++;
}

static void
opened(struct node *node)
{
	arena_reset(&node->call_arena);
	if (node->head.seq == 0)
		found(node);
	else if (node->config.restored)
		note_restored(node);
	erasures_ledger(node);
	erasures_init(node);
	figures_begin(node);
	feeds_init(node);
	count_refused(node);
	node->timer_due_us = 0;
	node->opened = true;
	/* A new incarnation stands in every reply. */
	node->store.recent = node->recent;
	node->recent->writing_seq = node->head.seq;
	store_copies_changed(&node->store);
}

/* Goes on replaying; true if there is more. */
static bool
replay(struct node *node, int64_t until_us)
{
	const struct world *world = node->world;
	while (node->head.seq < node->replay_to) {
		if (!flush_leaves_room(node))
			return false;
		entry_replay(node);
		if (node->head.seq % 64 == 0) {
			flush_maybe(node);
			if (world->monotonic_us(world->context) >= until_us)
				return true;
		}
	}
	opened(node);
	return true;
}

bool
node_opened(const struct node *node)
{
	return node->opened;
}

/* --- working -------------------------------------------------------------------------------------------------- */

void
node_receive(struct node *node, struct slice route, struct slice frame)
{
	int64_t now_us = node->world->monotonic_us(node->world->context);
	if (queue_push(&node->queue, dispatch_lane(node, frame), route, frame, now_us))
		return;
	node->counts.overloads++;
	dispatch_refuse_frame(node, route, frame, MT__STATUS__RESOURCE_EXHAUSTED, "the service has too much waiting");
}

void
node_receive_reply(struct node *node, unsigned peer, struct slice frame)
{
	if (node->opened)
		feeds_receive(node, peer, frame);
}

static void
check_space(struct node *node, int64_t now_us)
{
	if (node->space_checked_us != 0 && now_us - node->space_checked_us < (int64_t)SPACE_CHECK_MS * 1000)
		return;
	node->space_checked_us = now_us;
	node->space_short = node->world->space_free(node->world->context) < node->space_reserve;
}

bool
node_may_decide(struct node *node)
{
	return node->commit_retry_us == 0 && node->filling.bytes.size < JOURNAL_BATCH_BYTES_MAX &&
	       node->filling.count < JOURNAL_BATCH_ENTRIES_MAX - FRAME_CALLS_MAX &&
	       node->replies.bytes < REPLIES_WAITING_BYTES_MAX && flush_leaves_room(node);
}

/* One call, or what a feed brought; false if there is neither. */
static bool
work(struct node *node)
{
	if (dispatch_next(node, LANE_CALLS))
		return true;
	if (node->draining || node->space_short)
		return false;
	return feeds_work(node);
}

/* Queries write nothing: they need no room but that of their replies, and go on while deciding stops. */
static bool
answer(struct node *node)
{
	return node->replies.bytes < REPLIES_WAITING_BYTES_MAX && dispatch_next(node, LANE_QUERIES);
}

static bool
timers_may_fire(struct node *node)
{
	return node->opened && !node->draining && !node->space_short && slots_leave_room(node) && node_may_decide(node);
}

static void
fire_timers(struct node *node, int64_t until_us)
{
	const struct world *world = node->world;
	for (unsigned i = 0; i < TIMERS_PER_RUN_MAX && timers_may_fire(node); i++) {
		if (!timers_fire(node) || world->monotonic_us(world->context) >= until_us)
			return; /* callers have their turn between the steps of a long issue */
	}
}

/* Half of a large frame is decided, more may be at once, and nobody waits for what is: it is settled as a whole. */
static bool
is_half_way(struct node *node)
{
	return node->queue.lanes[LANE_CALLS].under_way != NULL && node->replies.first == NULL && node_may_decide(node);
}

/* What ends a round: sums, batch, flush, questions to producers, the next awakening. */
static void
settle_round(struct node *node)
{
	bool half_way = is_half_way(node);
	if (!half_way)
		figures_settle(node, node->head.seq);
	flush_maybe(node);
	if (!half_way)
		journal_begin_commit(node);
	feeds_pump(node);
	figures_wake(node);
	slots_pump(node);
	erasures_pump(node);
}

static void
plan_wake(struct node *node)
{
	const struct world *world = node->world;
	int64_t now_us = world->monotonic_us(world->context);
	int64_t next_us = now_us + (int64_t)TICK_MS_MAX * 1000;
	int64_t feed_us = feeds_next_us(node);
	int64_t park_us = park_next_us(node);
	int64_t timer_in_us = node->timer_due_us - node_now_us(node);
	if (feed_us < next_us)
		next_us = feed_us;
	if (park_us < next_us)
		next_us = park_us;
	if (!flush_leaves_room(node)) /* paced: a little more may be decided soon */
		next_us = now_us + PACE_US;
	if (timers_may_fire(node) && node->timer_due_us != INT64_MAX && now_us + timer_in_us < next_us)
		next_us = now_us + (timer_in_us > 0 ? timer_in_us : 0);
	world->wake_at(world->context, next_us);
}

static bool
run_opened(struct node *node, int64_t until_us)
{
	const struct world *world = node->world;
	int64_t half_us = (world->monotonic_us(world->context) + until_us) / 2;
	bool asked;
	bool more = true;
	/* Queries have the first half of a round, so they never wait for a whole frame of calls, nor calls for ever. */
	do {
		asked = answer(node);
	} while (asked && world->monotonic_us(world->context) < half_us);
	fire_timers(node, until_us);
	/* A feed has its turn in every round: a revoked token arrives by one. */
	if (!node->draining && !node->space_short && node_may_decide(node))
		feeds_work(node);
	while (more && node_may_decide(node)) {
		more = work(node);
		if (more && world->monotonic_us(world->context) >= until_us)
			break;
	}
	settle_round(node);
	return asked || (more && node_may_decide(node));
}

bool
node_run(struct node *node, int64_t budget_us)
{
	const struct world *world = node->world;
	int64_t now_us = world->monotonic_us(world->context);
	bool more;
	check_space(node, now_us);
	if (node->opened) {
		more = run_opened(node, now_us + budget_us);
	} else {
		more = replay(node, now_us + budget_us);
		while (!node->opened && (dispatch_next(node, LANE_QUERIES) || dispatch_next(node, LANE_CALLS)))
			;
		flush_maybe(node);
		journal_begin_commit(node);
	}
	plan_wake(node);
	return more;
}

void
node_committed(struct node *node, enum outcome outcome)
{
	const struct world *world = node->world;
	assert(node->commit_under_way);
	node->commit_under_way = false;
	if (outcome == OUTCOME_NO_SPACE) {
		/* The same batch is tried again; nothing is decided and nobody is told meanwhile. */
		node->commit_retry_us = world->monotonic_us(world->context) + (int64_t)NO_SPACE_RETRY_MS * 1000;
		node_wake_in(node, NO_SPACE_RETRY_MS);
		return;
	}
	node->durable_seq = node->committing.first_seq + node->committing.count - 1;
	node->committing.count = 0;
	buf_reset(&node->committing.bytes);
	node->counts.commits++;
	world->crash_point(world->context, CRASH_COMMITTED);
	journal_begin_commit(node);
	replies_release(node);
	park_wake(node, PARK_ON_JOURNAL);
	flush_maybe(node);
}

static void
retry_commit(struct node *node)
{
	const struct world *world = node->world;
	if (node->commit_retry_us == 0 || world->monotonic_us(world->context) < node->commit_retry_us)
		return;
	node->commit_retry_us = 0;
	journal_commit_batch(node);
}

void
node_tick(struct node *node)
{
	retry_commit(node);
	if (!node->opened)
		return;
	park_expire(node);
	figures_wake(node);
}

void
node_drain(struct node *node)
{
	node->draining = true;
	park_wake(node, PARK_ON_JOURNAL);
	park_wake(node, PARK_ON_FIGURES);
}

bool
node_drained(const struct node *node)
{
	return node->draining && queue_is_idle(&node->queue) && node->replies.first == NULL &&
	       !node->commit_under_way && node->filling.count == 0 && !node->flush_under_way;
}

bool
node_ready(const struct node *node)
{
	return node->opened && !node->draining && !node->space_short && node->commit_retry_us == 0;
}

void
node_reveal(struct node *node, struct arena *arena, ProtobufCMessage *message)
{
	personal_open(node, &node->store, arena, message);
}

const struct store *
node_store(const struct node *node)
{
	return &node->store;
}

uint64_t
node_seq(const struct node *node)
{
	return node->head.seq;
}

uint64_t
node_durable_seq(const struct node *node)
{
	return node->durable_seq;
}
