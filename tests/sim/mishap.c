/* tests/sim/mishap.c
 *
 * Mishaps have an end: a cut heals, a full disk is emptied, a dead process is
 * restarted, after a time drawn here. What is switched off in struct faults never
 * happens; in the calm nothing does. */
#include "tests/sim/mishap.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/fatal.h"
#include "common/core/crash.h"
#include "tests/sim/outside.h"

enum {
	DOWN_US_MAX = 2000 * 1000,
	CUT_US_MAX = 3000 * 1000,
	FULL_US_MAX = 3000 * 1000,
	CRASH_SHARE = 4, /* of the passes seen so far, at most this part is let pass */
	CRASH_AFTER_MAX = 48,
};

/* number of an EVENT_FAULT: 0 is the plan's next mishap, others are ends of one. */
enum { FAULT_NEXT, FAULT_HEAL, FAULT_EMPTY };

static int64_t
random_us(struct sim *sim, int64_t us_max)
{
	return us_max == 0 ? 0 : (int64_t)random_below(&sim->random, (uint64_t)us_max + 1);
}

static void
frame_push(struct sim *sim, uint32_t from, uint32_t to, struct event event, struct slice frame)
{
	event.at_us = sim->time_us + random_us(sim, sim->faults.delay_us_max);
	if (!sim->faults.reorder && event.at_us < sim->link_us[from][to])
		event.at_us = sim->link_us[from][to];
	sim->link_us[from][to] = event.at_us;
	event.bytes = malloc(frame.size > 0 ? frame.size : 1);
	if (event.bytes == NULL)
		fatal("no memory left for a simulated frame");
	if (frame.size > 0)
		memcpy(event.bytes, frame.data, frame.size);
	event.size = frame.size;
	agenda_push(&sim->agenda, event);
}

void
mishap_deliver(struct sim *sim, uint32_t from, uint32_t to, struct event event, struct slice frame)
{
	assert(from < WORLD_ENDPOINTS);
	assert(to < WORLD_ENDPOINTS);
	if (from < WORLD_NODES && to < WORLD_NODES && sim->cut[from][to])
		return;
	if (!sim->calm && random_chance(&sim->random, sim->faults.drop_percent))
		return;
	frame_push(sim, from, to, event, frame);
	if (!sim->calm && random_chance(&sim->random, sim->faults.duplicate_percent))
		frame_push(sim, from, to, event, frame);
}

int64_t
mishap_disk_us(struct sim *sim)
{
	return random_us(sim, sim->faults.disk_us_max);
}

void
mishap_disk_crash(struct process *process)
{
	struct random *random = &process->sim->random;
	bool commit_survives = random_chance(random, 50);
	/* A flush is begun behind the commit of what it holds, yet the disk may finish it first. */
	disk_crash(&process->disk, commit_survives, random_chance(random, 50));
	disk_slots_crash(&process->disk, (unsigned)random_below(random, 8));
}

static void
fault_later(struct sim *sim, int64_t in_us, uint64_t number, uint32_t who)
{
	struct event event = {.at_us = sim->time_us + in_us, .kind = EVENT_FAULT, .number = number, .who = who};
	agenda_push(&sim->agenda, event);
}

void
mishap_restart_later(struct process *process)
{
	struct sim *sim = process->sim;
	struct event event = {.at_us = sim->time_us, .kind = EVENT_START, .who = process->index};
	if (!sim->calm)
		event.at_us += random_us(sim, DOWN_US_MAX);
	agenda_push(&sim->agenda, event);
}

/* Half the time, of two the one that was passed less, so that rare points get their turn. */
static size_t
choose_point(struct sim *sim)
{
	size_t points = 0;
	while (crash_points[points] != NULL)
		points++;
	size_t one = random_below(&sim->random, points);
	size_t other = random_below(&sim->random, points);
	bool is_rarer = sim->reached[other] < sim->reached[one];
	return is_rarer && random_chance(&sim->random, 50) ? other : one;
}

void
mishap_arm(struct process *process)
{
	struct sim *sim = process->sim;
	process->crash_at = NULL;
	if (sim->calm || !sim->faults.crashes_at_points)
		return;
	size_t point = choose_point(sim);
	uint64_t passes = sim->reached[point] / CRASH_SHARE;
	process->crash_at = crash_points[point];
	process->crash_after =
		(uint32_t)random_below(&sim->random, 1 + (passes < CRASH_AFTER_MAX ? passes : CRASH_AFTER_MAX));
}

void
mishap_next(struct sim *sim)
{
	if (sim->faults.mishap_us_mean > 0)
		fault_later(sim, random_us(sim, 2 * sim->faults.mishap_us_mean), FAULT_NEXT, 0);
}

static void
mishap_crash(struct sim *sim, struct process *process)
{
	if (!sim->faults.crashes || process->node == NULL)
		return;
	process_die(process);
	mishap_restart_later(process);
}

static void
mishap_cut(struct sim *sim, uint32_t one)
{
	uint32_t other = (uint32_t)random_below(&sim->random, WORLD_NODES);
	if (!sim->faults.partitions || one == other)
		return;
	sim->cut[one][other] = true;
	sim->cut[other][one] = random_chance(&sim->random, 70); /* some cuts are one way */
	fault_later(sim, random_us(sim, CUT_US_MAX), FAULT_HEAL, one);
}

static void
mishap_fill(struct sim *sim, struct process *process)
{
	if (!sim->faults.full_disks)
		return;
	process->disk_full = true;
	process->disk_warns = random_chance(&sim->random, 50);
	fault_later(sim, random_us(sim, FULL_US_MAX), FAULT_EMPTY, process->index);
}

static void
mishap_clock(struct sim *sim, struct process *process)
{
	int64_t jump_us = sim->faults.clock_jump_us_max;
	if (jump_us > 0)
		process->clock_ahead_us = random_us(sim, 2 * jump_us) - jump_us;
}

static void
cut_heal(struct sim *sim, uint32_t one)
{
	for (uint32_t other = 0; other < WORLD_NODES; other++) {
		sim->cut[one][other] = false;
		sim->cut[other][one] = false;
	}
}

void
mishap_happen(struct sim *sim, uint64_t number, uint32_t who)
{
	struct process *process = &sim->processes[who];
	if (number == FAULT_HEAL) {
		cut_heal(sim, who);
		return;
	}
	if (number == FAULT_EMPTY) {
		process->disk_full = false;
		return;
	}
	if (sim->calm)
		return;
	process = &sim->processes[random_below(&sim->random, WORLD_NODES)];
	switch (random_below(&sim->random, 4)) {
	case 0:
		mishap_crash(sim, process);
		break;
	case 1:
		mishap_cut(sim, process->index);
		break;
	case 2:
		mishap_fill(sim, process);
		break;
	default:
		mishap_clock(sim, process);
		break;
	}
	mishap_next(sim);
}

struct faults
mishap_swarm(struct random *random)
{
	struct faults faults = {0};
	if (random_chance(random, 60))
		faults.drop_percent = 1 + (uint32_t)random_below(random, 10);
	if (random_chance(random, 60))
		faults.duplicate_percent = 1 + (uint32_t)random_below(random, 20);
	if (random_chance(random, 80))
		faults.delay_us_max = INT64_C(1) << random_below(random, 20);
	faults.reorder = random_chance(random, 50);
	if (random_chance(random, 80))
		faults.disk_us_max = INT64_C(1) << random_below(random, 18);
	faults.short_turns = random_chance(random, 50);
	faults.mishap_us_mean = INT64_C(50000) << random_below(random, 5);
	faults.crashes = random_chance(random, 60);
	faults.crashes_at_points = random_chance(random, 75);
	faults.partitions = random_chance(random, 50);
	faults.full_disks = random_chance(random, 40);
	if (random_chance(random, 40))
		faults.clock_jump_us_max = INT64_C(1000) << random_below(random, 13);
	return faults;
}
