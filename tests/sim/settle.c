/* tests/sim/settle.c
 *
 * Quiet is defined by what is visible from outside: disks, stores and node_status. */
#include "tests/sim/settle.h"

#include <stdio.h>

#include "common/core/tables.h"
#include "tests/sim/ledger.h"

/* When the first timer of a node is due; INT64_MAX if it has none. */
static int64_t
timer_due_us(const struct process *process)
{
	struct key table = key_of(TABLE_TIMER);
	struct store_walk walk = store_walk(node_store(process->node), key_slice(&table));
	int64_t due_us;
	if (!store_walk_next(&walk))
		return INT64_MAX;
	struct slice rest = slice_of(walk.key.data + 1, walk.key.size - 1);
	return key_read_i64(&rest, &due_us) ? due_us : INT64_MAX;
}

/* The last entry that means something to followers. */
static uint64_t
last_with_facts(const struct disk *disk)
{
	uint64_t seq = disk->head;
	while (seq > 0 && !ledger_has_facts(disk_entry(disk, seq)))
		seq--;
	return seq;
}

static bool
node_quiet(const struct sim *sim, const struct process *process)
{
	if (process->node == NULL || process->run_due || !node_opened(process->node))
		return false;
	if (node_seq(process->node) != process->disk.head || node_durable_seq(process->node) != process->disk.head)
		return false;
	return timer_due_us(process) > world_now_us(sim) + process->clock_ahead_us;
}

static bool
feeds_quiet(struct sim *sim, struct process *process)
{
	struct arena arena;
	bool quiet = true;
	arena_init(&arena, 4096, 0);
	Mt__NodeStatus status = MT__NODE_STATUS__INIT;
	node_status(process->node, &arena, &status);
	for (size_t i = 0; i < status.n_feeds; i++) {
		const Mt__FeedStatus *feed = status.feeds[i];
		const struct process *producer = &sim->processes[world_owner(feed->producer)];
		if (strcmp(feed->state, "stopped") == 0)
			world_blame(sim, "feeds go on", "%s stopped following %s: %s", process->module->name,
				    feed->producer, feed->reason);
		quiet = quiet && feed->seq >= last_with_facts(&producer->disk);
	}
	arena_free(&arena);
	return quiet;
}

bool
world_settled(struct sim *sim, const struct office *office)
{
	if (office != NULL && office->answered < office->count)
		return false;
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		if (!node_quiet(sim, &sim->processes[i]))
			return false;
	}
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		if (!feeds_quiet(sim, &sim->processes[i]))
			return false;
	}
	return true;
}

/* What is in the way, for the report. */
static void
blame_unsettled(struct sim *sim, const struct office *office)
{
	for (uint64_t i = 0; office != NULL && i < office->count; i++) {
		const struct errand *errand = office->files[i];
		if (!errand->answered) {
			world_blame(sim, "everything settles", "call %s of %s has no answer after %u tries", errand->id,
				    errand->rule->name, errand->tries);
			return;
		}
	}
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		const struct process *process = &sim->processes[i];
		if (process->node == NULL || !node_opened(process->node)) {
			world_blame(sim, "everything settles", "%s does not come up", process->module->name);
			return;
		}
		if (!node_quiet(sim, process)) {
			world_blame(sim, "everything settles",
				    "%s is at entry %llu, durable %llu, on disk %llu, timer due in %lld us",
				    process->module->name, (unsigned long long)node_seq(process->node),
				    (unsigned long long)node_durable_seq(process->node),
				    (unsigned long long)process->disk.head,
				    (long long)(timer_due_us(process) - world_now_us(sim)));
			return;
		}
	}
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		if (!feeds_quiet(sim, &sim->processes[i]))
			world_blame(sim, "everything settles", "%s does not catch up", world_modules[i]->name);
	}
}

bool
world_settle(struct sim *sim, const struct office *office, int64_t limit_us)
{
	int64_t end_us = sim->time_us + limit_us;
	while (!world_blamed(sim) && !world_settled(sim, office)) {
		/* Some seeds' storms leave no moment in which all four are up. */
		if (!sim->calm && sim->time_us > end_us - limit_us / 2)
			world_calm(sim);
		if (sim->time_us <= end_us && world_step(sim))
			continue;
		blame_unsettled(sim, office);
		return false;
	}
	return !world_blamed(sim);
}

bool
world_advance(struct sim *sim, const struct office *office, int64_t us, int64_t limit_us)
{
	int64_t target_us = world_now_us(sim) + us;
	if (!world_settle(sim, office, limit_us))
		return false;
	for (int64_t now_us = world_now_us(sim); now_us < target_us; now_us = world_now_us(sim)) {
		int64_t next_us = target_us;
		for (uint32_t i = 0; i < WORLD_NODES; i++) {
			int64_t due_us = timer_due_us(&sim->processes[i]);
			if (due_us > now_us && due_us < next_us)
				next_us = due_us;
		}
		world_move_clock(sim, next_us - now_us);
		if (!world_settle(sim, office, limit_us))
			return false;
	}
	return true;
}
