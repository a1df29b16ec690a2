/* tests/bench/node_bench.c
 *
 * The enrollment node alone: frames of 500 events go in, durable replies come out, in a
 * world where a commit takes no time, nothing is on the network and all state stays in
 * memtables. What is left is what the loop thread itself does for an event; callgrind
 * counts it (profile.sh), and without callgrind the time is printed.
 *
 *   node_bench WORK EVENTS PEOPLE UNITS_FILE       WORK as in people.h
 *   node_bench certificates COUNT                  the certificate node alone; see issuing.h
 *
 * Only measured() is profiled: people and authorities are there before it. */
#include "tests/bench/deed_call.h"

#include "common/base/codec.h"
#include "common/core/limits.h"
#include "common/core/node.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"
#include "services/enrollment/service.h"
#include "tests/bench/issuing.h"

#include "matricula/access.pb-c.h"
#include "matricula/authority.pb-c.h"
#include "matricula/envelope.pb-c.h"
#include "matricula/event.pb-c.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH = 500, KEY_GATEWAY_ID = 1, KEY_OPERATOR_ID = 2, RUN_US = 1000000, FRAME_STEP_US = 100 };

static const char DOOR_KEY[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const uint64_t MEMORY_BYTES = UINT64_C(16) << 30;

struct alone {
	struct node *node;
	struct world world;
	struct nation nation;
	int64_t time_us;
	uint64_t drawn;
	bool committing;
	uint64_t head;
	uint64_t journal_bytes;
	bool commit_due;
	uint64_t replies;
	uint64_t accepted;
	uint64_t refused;
	bool looks; /* at each reply: not while it is measured */
	struct arena arena;
	struct buf frame;
	struct buf packed;
};

static const struct seal_key keys[] = {
	{.key_id = KEY_GATEWAY_ID, .kind = KEY_GATEWAY, .key = {1}},
	{.key_id = KEY_OPERATOR_ID, .kind = KEY_OPERATOR, .key = {2}},
};

/* --- the world --------------------------------------------------------------------------------------------------- */

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
reply_look(struct alone *alone, struct slice part)
{
	arena_reset(&alone->arena);
	const Mt__Reply *reply = (const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &alone->arena, part);
	if (reply->status != MT__STATUS__OK) {
		alone->refused++;
		fprintf(stderr, "refused: %d %s %s\n", (int)reply->status, reply->field, reply->message);
		return;
	}
	const Mt__PushEventReply *outcome = (const Mt__PushEventReply *)pb_unpack_trusted(
		&mt__push_event_reply__descriptor, &alone->arena, slice_of(reply->reply.data, reply->reply.len));
	alone->accepted += outcome != NULL && outcome->outcome == MT__EVENT__OUTCOME__ACCEPTED;
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
	while (alone->looks && frame_next(&frame, &at, &part))
		reply_look(alone, part);
}

static bool
alone_send(void *context, unsigned peer, struct slice frame)
{
	(void)context;
	(void)peer;
	(void)frame;
	return true;
}

static void
alone_commit(void *context, const struct journal_batch *batch)
{
	struct alone *alone = context;
	alone->head = batch->first_seq + batch->count - 1;
	for (uint32_t i = 0; i < batch->count; i++)
		alone->journal_bytes += batch->sizes[i];
	alone->commit_due = true;
}

static bool
alone_read(void *context, uint64_t seq, struct slice *entry)
{
	(void)context;
	(void)seq;
	(void)entry;
	return false;
}

static uint64_t
alone_head(void *context)
{
	return ((const struct alone *)context)->head;
}

static void
alone_flush(void *context, const struct memtable *frozen)
{
	(void)context;
	(void)frozen;
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

/* --- frames ------------------------------------------------------------------------------------------------------ */

static void
settle(struct alone *alone)
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

static void
frame_send(struct alone *alone, const struct seal_key *key)
{
	frame_close(&alone->frame, key->key_id, key->key);
	node_receive(alone->node, slice_text("route"), buf_slice(&alone->frame));
	buf_reset(&alone->frame);
	alone->time_us += FRAME_STEP_US;
	settle(alone);
}

static void
operate(struct alone *alone, const char *method, const ProtobufCMessage *request)
{
	Mt__Call call = MT__CALL__INIT;
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	Mt__Role role = MT__ROLE__OPERATOR;
	uint8_t bytes[1024];
	principal.subject = (char *)"operator";
	principal.roles = &role;
	principal.n_roles = 1;
	call.tag = 1;
	call.method = (char *)(uintptr_t)method;
	call.request = (ProtobufCBinaryData){protobuf_c_message_pack(request, bytes), bytes};
	call.principal = &principal;
	buf_reset(&alone->packed);
	pb_pack_into(&alone->packed, &call.base);
	frame_add_call(&alone->frame, buf_slice(&alone->packed));
	frame_send(alone, &keys[1]);
}

static void
authorities_add(struct alone *alone)
{
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	Mt__RegisterDoorKeyRequest door = MT__REGISTER_DOOR_KEY_REQUEST__INIT;
	request.code_list = (char *)"vn-units";
	request.list_version = (char *)"2025";
	request.code = request.name = (char *)"VN";
	request.kind = (char *)"nation";
	operate(alone, "Authorities.Add", &request.base);
	request.parent = (char *)"VN";
	request.code = request.name = (char *)"01";
	request.kind = (char *)"city";
	operate(alone, "Authorities.Add", &request.base);
	request.parent = (char *)"01";
	request.kind = (char *)"ward";
	for (size_t i = 0; i < alone->nation.units_count; i++) {
		request.code = request.name = alone->nation.units[i];
		operate(alone, "Authorities.Add", &request.base);
	}
	door.door_key = (char *)(uintptr_t)DOOR_KEY;
	door.authority = (char *)"VN";
	operate(alone, "Access.RegisterDoorKey", &door.base);
}

static void
frame_fill(struct alone *alone, const char *work, uint64_t first)
{
	struct deed deed;
	for (uint64_t i = 0; i < BATCH; i++) {
		if (!deed_make(&alone->nation, work, first + i, &deed))
			abort();
		deed_call(&alone->packed, &deed, i + 1, slice_text(DOOR_KEY));
		frame_add_call(&alone->frame, buf_slice(&alone->packed));
	}
	frame_close(&alone->frame, keys[0].key_id, keys[0].key);
}

/* What callgrind counts: a frame from its arrival until its replies left. */
__attribute__((noinline)) static void
measured(struct alone *alone)
{
	node_receive(alone->node, slice_text("route"), buf_slice(&alone->frame));
	settle(alone);
}

/* The same for the people who are there before. */
__attribute__((noinline)) static void
prepared(struct alone *alone)
{
	node_receive(alone->node, slice_text("before"), buf_slice(&alone->frame));
	settle(alone);
}

static double
push(struct alone *alone, const char *work, uint64_t first, uint64_t events, bool measures)
{
	struct timespec began;
	struct timespec ended;
	double seconds = 0;
	for (uint64_t done = 0; done < events; done += BATCH) {
		buf_reset(&alone->frame);
		frame_fill(alone, work, first + done);
		alone->time_us += FRAME_STEP_US;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
		if (measures)
			measured(alone);
		else
			prepared(alone);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
		seconds += (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
	}
	buf_reset(&alone->frame);
	return seconds;
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
alone_open(struct alone *alone, const struct module *module)
{
	static const uint8_t secret[32] = {3};
	static struct seal_key peer_keys[PRODUCERS_MAX];
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
	struct node_config config = {
		.module = module,
		.world = &alone->world,
		.keys = keys,
		.keys_count = 2,
		.peer_keys = peer_keys,
		.memory_bytes = MEMORY_BYTES,
		.secret = secret,
		.zone_minutes = 420,
	};
	arena_init(&alone->arena, 64 << 10, 16 << 20);
	buf_init(&alone->frame, FRAME_BYTES_MAX);
	buf_init(&alone->packed, FRAME_BYTES_MAX);
	alone->node = node_new(&config);
	node_open(alone->node);
}

/* The timers that issue are due as soon as the node runs. */
__attribute__((noinline)) static void
measured_issuing(struct alone *alone)
{
	for (int64_t end_us = alone->time_us + RUN_US; alone->time_us < end_us; alone->time_us += FRAME_STEP_US)
		settle(alone);
}

static int
issue(struct alone *alone, uint64_t count)
{
	struct timespec began;
	struct timespec ended;
	issuing_wanted = count;
	alone_open(alone, issuing_module());
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
	measured_issuing(alone);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	double seconds = (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
	printf("work=certificates events=%llu cpu_us=%.3f journal_bytes=%.0f\n", (unsigned long long)issuing_done,
	       seconds * 1e6 / (double)issuing_done, (double)alone->journal_bytes / (double)issuing_done);
	node_free(alone->node);
	return issuing_done == count ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct alone alone = {.drawn = 7, .nation = {.run = "node"}};
	if (argc == 3 && strcmp(argv[1], "certificates") == 0)
		return sodium_init() < 0 ? 1 : issue(&alone, strtoull(argv[2], NULL, 10));
	if (argc != 5 || !nation_read(&alone.nation, argv[4])) {
		fprintf(stderr, "used as: node_bench WORK EVENTS PEOPLE UNITS_FILE\n");
		return 2;
	}
	if (sodium_init() < 0) /* picks the fast functions, as the host does */
		return 1;
	const char *work = argv[1];
	uint64_t events = strtoull(argv[2], NULL, 10) / BATCH * BATCH;
	alone.nation.people = strtoull(argv[3], NULL, 10) / BATCH * BATCH;
	alone_open(&alone, &enrollment_module);
	settle(&alone);
	authorities_add(&alone);
	alone.nation.run = "base";
	push(&alone, "hired", 0, alone.nation.people, false);
	alone.nation.run = "node";
	alone.looks = getenv("LOOK") != NULL;
	uint64_t replies = alone.replies;
	uint64_t bytes = alone.journal_bytes;
	uint64_t first = work[0] == 'h' ? alone.nation.people : 0;
	double seconds = push(&alone, work, first, events, true);
	assert(alone.replies - replies == events);
	printf("work=%s events=%llu cpu_us=%.3f journal_bytes=%.0f refused=%llu accepted=%llu\n", work,
	       (unsigned long long)events, seconds * 1e6 / (double)events,
	       (double)(alone.journal_bytes - bytes) / (double)events, (unsigned long long)alone.refused,
	       (unsigned long long)alone.accepted);
	node_free(alone.node);
	return 0;
}
