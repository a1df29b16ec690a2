/* tests/sim/outside.c
 *
 * The functions of struct world, as events of the simulated one. A process that is
 * dying has no outside any more: its last call into the node runs to its end, but
 * whatever it sends, writes or asks for is gone. */
#include "tests/sim/outside.h"

#include <assert.h>
#include <stdio.h>

#include "common/core/crash.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"
#include "tests/sim/mishap.h"

#include "matricula/envelope.pb-c.h"

static const uint64_t SPACE_BYTES = UINT64_C(1) << 40;

static bool
process_gone(const struct process *process)
{
	return process->dying || process->mute;
}

static int64_t
outside_now_us(void *context)
{
	const struct process *process = context;
	return world_now_us(process->sim) + process->clock_ahead_us;
}

static int64_t
outside_monotonic_us(void *context)
{
	const struct process *process = context;
	return process->sim->time_us;
}

static void
outside_random(void *context, void *bytes, size_t size)
{
	struct process *process = context;
	uint8_t *at = bytes;
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)random_next(&process->sim->random);
}

/* No reply leaves before what it saw is durable. */
static void
check_durable(struct process *process, struct slice bytes)
{
	struct frame frame;
	struct arena arena;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame)) {
		world_blame(process->sim, "frames are sound", "%s sent a frame that cannot be read",
			    process->module->name);
		return;
	}
	arena_init(&arena, 4096, 0);
	struct slice part;
	for (size_t at = 0; frame_next(&frame, &at, &part);) {
		arena_reset(&arena);
		const Mt__Reply *reply = (const void *)pb_unpack_trusted(&mt__reply__descriptor, &arena, part);
		if (reply == NULL)
			world_blame(process->sim, "frames are sound", "%s sent a reply that cannot be read",
				    process->module->name);
		else if (reply->seq > process->disk.head)
			world_blame(process->sim, "replies wait for the disk",
				    "%s answered of entry %llu, durable is %llu", process->module->name,
				    (unsigned long long)reply->seq, (unsigned long long)process->disk.head);
	}
	arena_free(&arena);
}

static void
outside_reply(void *context, struct slice route_bytes, struct slice frame)
{
	struct process *process = context;
	struct route route;
	assert(route_bytes.size == sizeof(route));
	memcpy(&route, route_bytes.data, sizeof(route));
	if (process_gone(process))
		return;
	check_durable(process, frame);
	struct event event = {.kind = EVENT_ANSWER, .who = route.endpoint - WORLD_NODES, .route = route};
	if (route.endpoint < WORLD_NODES)
		event = (struct event){.kind = EVENT_REPLY, .who = route.endpoint, .boot = route.boot, .route = route};
	mishap_deliver(process->sim, process->index, route.endpoint, event, frame);
}

static bool
outside_send(void *context, unsigned peer, struct slice frame)
{
	struct process *process = context;
	assert(peer < PRODUCERS_MAX);
	if (process_gone(process))
		return true;
	struct event event = {
		.kind = EVENT_CALL,
		.who = process->peers[peer],
		.route = {.endpoint = process->index, .boot = process->boot, .peer = peer},
	};
	mishap_deliver(process->sim, process->index, process->peers[peer], event, frame);
	return true;
}

static void
outside_later(struct process *process, enum event_kind kind, int64_t in_us)
{
	struct event event = {
		.at_us = process->sim->time_us + in_us,
		.kind = kind,
		.who = process->index,
		.boot = process->boot,
	};
	agenda_push(&process->sim->agenda, event);
}

static void
outside_commit(void *context, const struct journal_batch *batch)
{
	struct process *process = context;
	if (process_gone(process))
		return;
	if (batch->first_seq != process->disk.head + 1) {
		world_blame(process->sim, "the journal is dense and chained", "%s commits entry %llu behind entry %llu",
			    process->module->name, (unsigned long long)batch->first_seq,
			    (unsigned long long)process->disk.head);
		return;
	}
	disk_commit_begin(&process->disk, batch);
	outside_later(process, EVENT_COMMITTED, mishap_disk_us(process->sim));
}

static bool
outside_read(void *context, uint64_t seq, struct slice *entry)
{
	struct process *process = context;
	return disk_read(&process->disk, seq, entry);
}

static uint64_t
outside_head(void *context)
{
	const struct process *process = context;
	return process->disk.head;
}

/* The state never stands for more than the journal holds. */
static void
check_not_ahead(struct process *process, const struct memtable *frozen)
{
	struct key key = key_of(TABLE_HEAD);
	struct slice value;
	struct arena arena;
	arena_init(&arena, 1024, 0);
	const Mt__StateHead *head = NULL;
	if (memtable_get(frozen, key_slice(&key), &value) == MEMTABLE_PRESENT)
		head = (const void *)pb_unpack_trusted(&mt__state_head__descriptor, &arena, value);
	if (head == NULL)
		world_blame(process->sim, "state behind journal", "%s flushes a state without its head",
			    process->module->name);
	else if (head->seq > process->disk.head)
		world_blame(process->sim, "state behind journal", "%s flushes the state of entry %llu, durable is %llu",
			    process->module->name, (unsigned long long)head->seq,
			    (unsigned long long)process->disk.head);
	arena_free(&arena);
}

static void
outside_flush(void *context, const struct memtable *frozen)
{
	struct process *process = context;
	if (process->dying)
		return;
	check_not_ahead(process, frozen);
	disk_flush_begin(&process->disk, frozen);
	if (!process->mute)
		outside_later(process, EVENT_FLUSHED, mishap_disk_us(process->sim));
}

static struct store_base
outside_state(void *context)
{
	struct process *process = context;
	return disk_state(&process->disk);
}

static enum slot_state
outside_slot_key(void *context, uint32_t slot, uint8_t key[32])
{
	const struct process *process = context;
	return disk_slot_key(&process->disk, slot, key);
}

static uint32_t
outside_slots_ready(void *context)
{
	const struct process *process = context;
	return process->disk.slots_ready;
}

static void
outside_slots_more(void *context)
{
	struct process *process = context;
	if (process_gone(process))
		return;
	process->disk.slots_making = true;
	outside_later(process, EVENT_SLOTS_MADE, mishap_disk_us(process->sim));
}

static void
outside_slots_erase(void *context, const struct slot_erasure *erasures, size_t count)
{
	struct process *process = context;
	if (process_gone(process))
		return;
	disk_slots_erase_begin(&process->disk, erasures, count);
	outside_later(process, EVENT_SLOTS_ERASED, mishap_disk_us(process->sim));
}

static uint64_t
outside_space(void *context)
{
	const struct process *process = context;
	return process->disk_full && process->disk_warns ? 0 : SPACE_BYTES;
}

static uint64_t
outside_memory(void *context)
{
	(void)context;
	return 1 << 20;
}

static void
outside_wake(void *context, int64_t monotonic_us)
{
	struct process *process = context;
	int64_t now_us = process->sim->time_us;
	if (process_gone(process))
		return;
	if (monotonic_us < now_us)
		monotonic_us = now_us;
	if (monotonic_us >= process->tick_us)
		return;
	process->tick_us = monotonic_us;
	outside_later(process, EVENT_TICK, monotonic_us - now_us);
}

static size_t
crash_point_number(const char *name)
{
	size_t number = 0;
	while (crash_points[number] != NULL && strcmp(crash_points[number], name) != 0)
		number++;
	assert(crash_points[number] != NULL);
	assert(number < CRASH_POINTS_MAX);
	return number;
}

static void
outside_crash_point(void *context, const char *name)
{
	struct process *process = context;
	if (process_gone(process))
		return;
	size_t number = crash_point_number(name);
	process->sim->reached[number]++;
	if (process->crash_at == NULL || strcmp(process->crash_at, name) != 0)
		return;
	if (process->crash_after-- > 0)
		return;
	process->sim->crashed[number]++;
	process->dying = true;
	mishap_disk_crash(process);
}

static const struct world outside = {
	.now_us = outside_now_us,
	.monotonic_us = outside_monotonic_us,
	.random = outside_random,
	.reply = outside_reply,
	.send = outside_send,
	.journal_commit = outside_commit,
	.journal_read = outside_read,
	.journal_head = outside_head,
	.state_flush = outside_flush,
	.state_base = outside_state,
	.slot_key = outside_slot_key,
	.slots_ready = outside_slots_ready,
	.slots_block = DISK_SLOTS_BLOCK,
	.slots_more = outside_slots_more,
	.slots_erase = outside_slots_erase,
	.space_free = outside_space,
	.memory_used = outside_memory,
	.wake_at = outside_wake,
	.crash_point = outside_crash_point,
};

static uint32_t
index_of_module(const char *name)
{
	uint32_t index = 0;
	while (strcmp(world_modules[index]->name, name) != 0) {
		index++;
		assert(index < WORLD_NODES);
	}
	return index;
}

static struct seal_key
key_made_up(uint32_t key_id, enum key_kind kind)
{
	struct seal_key key = {.key_id = key_id, .kind = kind};
	char name[32];
	int length = snprintf(name, sizeof(name), "key %u of the simulated world", key_id);
	assert(length > 0 && (size_t)length < sizeof(name));
	hash_sha256(slice_text(name), key.key);
	return key;
}

const struct seal_key *
world_key(uint32_t key_id)
{
	static const enum key_kind kinds[] = {
		[KEY_ID_GATEWAY] = KEY_GATEWAY, [KEY_ID_OPERATOR] = KEY_OPERATOR, [KEY_ID_COURIER] = KEY_NODE};
	static struct seal_key keys[KEY_ID_COURIER + 1];
	assert(key_id >= KEY_ID_GATEWAY && key_id <= KEY_ID_COURIER);
	keys[key_id] = key_made_up(key_id, kinds[key_id]);
	return &keys[key_id];
}

void
process_init(struct process *process, struct sim *sim, uint32_t index)
{
	*process = (struct process){.sim = sim, .index = index, .module = world_modules[index], .tick_us = INT64_MAX};
	process->world = outside;
	process->world.context = process;
	hash_sha256(slice_text(process->module->name), process->secret);
	for (uint32_t id = KEY_ID_GATEWAY; id <= KEY_ID_COURIER; id++)
		process->keys[id - KEY_ID_GATEWAY] = *world_key(id);
	for (uint32_t asking = 0; asking < WORLD_NODES; asking++)
		process->keys[KEY_ID_COURIER + asking] =
			key_made_up(KEY_ID_PEERS + asking * WORLD_NODES + index, KEY_NODE);
	for (uint32_t i = 0; process->module->follows[i].name != NULL; i++) {
		assert(i < PRODUCERS_MAX);
		process->peers[i] = index_of_module(process->module->follows[i].name);
		process->peer_keys[i] = key_made_up(KEY_ID_PEERS + index * WORLD_NODES + process->peers[i], KEY_NODE);
	}
	snprintf(process->public_url, sizeof(process->public_url), "https://matricula.example");
	disk_open(&process->disk, index);
}

void
process_open(struct process *process)
{
	assert(process->node == NULL);
	struct node_config config = {
		.module = process->module,
		.world = &process->world,
		.keys = process->keys,
		.keys_count = KEYS_MAX,
		.peer_keys = process->peer_keys,
		.memory_bytes = process->sim->memory_bytes,
		.secret = process->secret,
		.ledger = process->disk.ledger,
		.ledger_count = process->disk.ledger_count,
		.zone_minutes = 7 * 60,
		.public_url = process->public_url,
	};
	process->boot++;
	process->dying = false;
	process->run_due = false;
	process->tick_us = INT64_MAX;
	process->node = node_new(&config);
	node_open(process->node);
}

void
process_die(struct process *process)
{
	assert(process->node != NULL);
	if (!process->dying)
		mishap_disk_crash(process);
	process->dying = true; /* node_free reaches nobody either */
	node_free(process->node);
	process->node = NULL;
	process->crash_at = NULL;
	process->sim->crashes++;
}

void
process_after(struct process *process)
{
	if (process->dying) {
		process_die(process);
		mishap_restart_later(process);
		return;
	}
	if (process->run_due)
		return;
	process->run_due = true;
	outside_later(process, EVENT_RUN, 0);
}

void
process_clear(struct process *process)
{
	if (process->node != NULL) {
		process->dying = true;
		node_free(process->node);
	}
	disk_free(&process->disk);
}
