/* tests/sim/world.c
 *
 * The step: take the next event, hand it to whom it is for, and let the node's loop
 * turn afterwards, as the host does. Everything random comes from sim->random, and
 * everything that happens goes into the digest. */
#include "tests/sim/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/fatal.h"
#include "services/assessment/service.h"
#include "services/certificate/service.h"
#include "services/enrollment/service.h"
#include "services/notification/service.h"
#include "tests/sim/mishap.h"
#include "tests/sim/outside.h"

enum {
	MEMORY_BYTES = 64 << 20,
	RUN_BUDGET_US = 5000,
	SHORT_TURN_PERCENT = 70,
	/* More events than this at one instant, and something asks to be woken for ever. */
	STEPS_AT_AN_INSTANT_MAX = 200000,
};

const struct module *const world_modules[WORLD_NODES] = {
	[ENROLLMENT] = &enrollment_module,
	[ASSESSMENT] = &assessment_module,
	[CERTIFICATE] = &certificate_module,
	[NOTIFICATION] = &notification_module,
};

struct sim *
world_new(uint64_t seed, int64_t epoch_us)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	if (sim == NULL)
		fatal("no memory left for a simulated world");
	sim->random.state = seed;
	sim->epoch_us = epoch_us;
	sim->memory_bytes = MEMORY_BYTES;
	sim->calm = true;
	for (uint32_t i = 0; i < WORLD_NODES; i++)
		process_init(&sim->processes[i], sim, i);
	return sim;
}

void
world_free(struct sim *sim)
{
	if (sim == NULL)
		return;
	for (uint32_t i = 0; i < WORLD_NODES; i++)
		process_clear(&sim->processes[i]);
	agenda_free(&sim->agenda);
	free(sim);
}

void
world_boot(struct sim *sim, uint32_t index)
{
	struct process *process = &sim->processes[index];
	if (process->node != NULL)
		return;
	process_open(process);
	mishap_arm(process);
	process_after(process);
}

void
world_start(struct sim *sim)
{
	for (uint32_t i = 0; i < WORLD_NODES; i++)
		world_boot(sim, i);
}

int64_t
world_now_us(const struct sim *sim)
{
	return sim->clock_stands ? sim->epoch_us : sim->epoch_us + sim->time_us;
}

static void
note(struct sim *sim, const struct event *event)
{
	uint64_t seen[] = {
		sim->digest,
		(uint64_t)event->at_us,
		event->kind,
		event->who,
		event->boot,
		event->number,
		event->size == 0 ? 0 : hash_spread(slice_of(event->bytes, event->size)),
	};
	sim->digest = hash_spread(slice_of(seen, sizeof(seen)));
}

static void
step_committed(struct process *process)
{
	enum outcome outcome = process->disk_full ? OUTCOME_NO_SPACE : OUTCOME_DONE;
	disk_commit_end(&process->disk, outcome);
	node_committed(process->node, outcome);
}

static void
step_flushed(struct process *process)
{
	enum outcome outcome = process->disk_full ? OUTCOME_NO_SPACE : OUTCOME_DONE;
	disk_flush_end(&process->disk, outcome);
	node_flushed(process->node, outcome);
}

static void
step_slots(struct process *process, enum event_kind kind)
{
	enum outcome outcome = process->disk_full ? OUTCOME_NO_SPACE : OUTCOME_DONE;
	if (kind == EVENT_SLOTS_MADE) {
		disk_slots_make_end(&process->disk, outcome);
		node_slots_made(process->node, outcome);
	} else {
		disk_slots_erase_end(&process->disk, outcome);
		node_slots_erased(process->node, outcome);
	}
}

static void
step_run(struct process *process)
{
	struct sim *sim = process->sim;
	/* Virtual time stands still within a turn: one without a budget is how a turn ends half way. */
	bool is_short = sim->faults.short_turns && random_chance(&sim->random, SHORT_TURN_PERCENT);
	process->run_due = false;
	if (!node_run(process->node, is_short ? 0 : RUN_BUDGET_US) && !process->dying)
		return;
	process_after(process);
}

static void
step_tick(struct process *process, const struct event *event)
{
	if (event->number == 0) { /* asked for by the node; a sooner one may have taken its place */
		if (event->at_us != process->tick_us)
			return;
		process->tick_us = INT64_MAX;
	}
	node_tick(process->node);
	process_after(process);
}

static void
step_node(struct process *process, const struct event *event)
{
	bool is_this_life = event->boot == 0 || event->boot == process->boot;
	if (process->node == NULL || !is_this_life)
		return; /* nobody there to take it */
	switch (event->kind) {
	case EVENT_CALL:
		node_receive(process->node, slice_of(&event->route, sizeof(event->route)),
			     slice_of(event->bytes, event->size));
		process_after(process);
		return;
	case EVENT_REPLY:
		node_receive_reply(process->node, event->route.peer, slice_of(event->bytes, event->size));
		process_after(process);
		return;
	case EVENT_COMMITTED:
		step_committed(process);
		process_after(process);
		return;
	case EVENT_FLUSHED:
		step_flushed(process);
		process_after(process);
		return;
	case EVENT_SLOTS_MADE:
	case EVENT_SLOTS_ERASED:
		step_slots(process, event->kind);
		process_after(process);
		return;
	case EVENT_RUN:
		step_run(process);
		return;
	case EVENT_TICK:
		step_tick(process, event);
		return;
	case EVENT_ANSWER:
	case EVENT_START:
	case EVENT_ALARM:
	case EVENT_FAULT:
		assert(false);
	}
}

static void
step_event(struct sim *sim, const struct event *event)
{
	switch (event->kind) {
	case EVENT_CALL:
	case EVENT_REPLY:
	case EVENT_RUN:
	case EVENT_TICK:
	case EVENT_COMMITTED:
	case EVENT_FLUSHED:
	case EVENT_SLOTS_MADE:
	case EVENT_SLOTS_ERASED:
		step_node(&sim->processes[event->who], event);
		return;
	case EVENT_ANSWER:
		if (sim->audience.answer != NULL)
			sim->audience.answer(sim->audience.context, event->who, slice_of(event->bytes, event->size));
		return;
	case EVENT_ALARM:
		if (sim->audience.alarm != NULL)
			sim->audience.alarm(sim->audience.context, event->number);
		return;
	case EVENT_START:
		world_boot(sim, event->who);
		return;
	case EVENT_FAULT:
		mishap_happen(sim, event->number, event->who);
		return;
	}
}

bool
world_step(struct sim *sim)
{
	struct event event;
	if (world_blamed(sim) || !agenda_pop(&sim->agenda, &event))
		return false;
	sim->steps_now = event.at_us > sim->time_us ? 0 : sim->steps_now + 1;
	if (sim->steps_now > STEPS_AT_AN_INSTANT_MAX)
		world_blame(sim, "time goes on", "%u events at one instant, the last of kind %d for %u",
			    STEPS_AT_AN_INSTANT_MAX, (int)event.kind, event.who);
	if (event.at_us > sim->time_us)
		sim->time_us = event.at_us;
	sim->steps++;
	note(sim, &event);
	step_event(sim, &event);
	free(event.bytes);
	return !world_blamed(sim);
}

void
world_rage(struct sim *sim)
{
	sim->calm = false;
	for (uint32_t i = 0; i < WORLD_NODES; i++)
		mishap_arm(&sim->processes[i]);
	mishap_next(sim);
}

void
world_calm(struct sim *sim)
{
	sim->calm = true;
	memset(sim->cut, 0, sizeof(sim->cut));
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		struct process *process = &sim->processes[i];
		process->crash_at = NULL;
		process->disk_full = false;
		process->clock_ahead_us = 0;
		world_boot(sim, i);
	}
}

void
world_move_clock(struct sim *sim, int64_t us)
{
	sim->epoch_us += us;
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		struct event event = {
			.at_us = sim->time_us,
			.kind = EVENT_TICK,
			.who = i,
			.boot = sim->processes[i].boot,
			.number = 1,
		};
		agenda_push(&sim->agenda, event);
	}
}

void
world_send(struct sim *sim, uint32_t client, uint32_t to, struct slice frame, uint64_t tag)
{
	assert(client < WORLD_CLIENTS_MAX);
	struct event event = {
		.kind = EVENT_CALL,
		.who = to,
		.number = tag,
		.route = {.endpoint = WORLD_NODES + client},
	};
	mishap_deliver(sim, WORLD_NODES + client, to, event, frame);
}

void
world_alarm(struct sim *sim, int64_t in_us, uint64_t number)
{
	struct event event = {.at_us = sim->time_us + in_us, .kind = EVENT_ALARM, .number = number};
	agenda_push(&sim->agenda, event);
}

static bool
is_call_of(void *context, const struct event *event)
{
	const uint64_t *tag = context;
	return event->kind == EVENT_CALL && event->number == *tag;
}

void
world_forget(struct sim *sim, uint64_t tag)
{
	assert(tag != 0);
	agenda_remove(&sim->agenda, is_call_of, &tag);
}

void
world_crash(struct sim *sim, uint32_t index)
{
	struct process *process = &sim->processes[index];
	if (process->node == NULL)
		return;
	process_die(process);
	mishap_restart_later(process);
}

void
world_restart(struct sim *sim, uint32_t index)
{
	struct process *process = &sim->processes[index];
	if (process->node != NULL)
		process_die(process);
	world_boot(sim, index);
}

/* The keys of all who were erased, also of those whose turn has not come yet. */
static void
destroy_erased(struct disk *disk, const struct store *store)
{
	struct key table = key_of(TABLE_ERASED);
	struct store_walk walk = store_walk(store, key_slice(&table));
	while (store_walk_next(&walk)) {
		uint32_t slot = get_u32(walk.value.data);
		if (slot < disk->slots_ready)
			disk->slots[slot].destroyed = true;
	}
}

struct process *
world_twin(struct sim *sim, uint32_t index)
{
	struct process *twin = calloc(1, sizeof(*twin));
	if (twin == NULL)
		fatal("no memory left for a twin");
	process_init(twin, sim, index);
	disk_copy_journal(&twin->disk, &sim->processes[index].disk);
	destroy_erased(&twin->disk, node_store(sim->processes[index].node));
	twin->mute = true;
	process_open(twin);
	while (!node_opened(twin->node)) {
		node_run(twin->node, RUN_BUDGET_US);
		if (twin->disk.flushing == NULL)
			continue;
		disk_flush_end(&twin->disk, OUTCOME_DONE);
		node_flushed(twin->node, OUTCOME_DONE);
	}
	return twin;
}

void
world_twin_free(struct process *twin)
{
	process_clear(twin);
	free(twin);
}

uint32_t
world_owner(const char *owner)
{
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		if (strcmp(world_modules[i]->name, owner) == 0)
			return i;
	}
	return ENROLLMENT;
}

void
world_blame(struct sim *sim, const char *invariant, const char *format, ...)
{
	if (world_blamed(sim))
		return;
	int size = snprintf(sim->blame, sizeof(sim->blame), "%s: ", invariant);
	va_list args;
	va_start(args, format);
	vsnprintf(sim->blame + size, sizeof(sim->blame) - (size_t)size, format, args);
	va_end(args);
}
