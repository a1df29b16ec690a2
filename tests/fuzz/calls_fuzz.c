/* tests/fuzz/calls_fuzz.c
 *
 * Random call sequences on the pure deployment. The input is a list of calls, each a
 * method, a node, a seal, and bytes for the request that may or may not make sense;
 * some frames are cut or flipped after sealing. Whatever comes, each node must answer
 * or refuse, and afterwards its state must equal a rebuild from its journal and the
 * chain must hold. Also, a frame without a valid seal must change nothing. */
#include "tests/sim/check.h"
#include "tests/sim/standard.h"

#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include <stdlib.h>

enum { CALLS_MAX = 32, CALL_HEAD_BYTES = 6, STEPS_MAX = 100000, SETTLE_US = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_answer(void *context, uint32_t client, struct slice bytes)
{
	struct frame frame;
	(void)context;
	(void)client;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame) || frame.replies == 0)
		abort();
}

static void
on_alarm(void *context, uint64_t number)
{
	(void)context;
	(void)number;
}

static uint64_t
facts_of(const struct sim *sim)
{
	uint64_t seqs = 0;
	for (unsigned i = 0; i < WORLD_NODES; i++)
		seqs += node_seq(sim->processes[i].node);
	return seqs;
}

static void
settle(struct sim *sim)
{
	int64_t until_us = sim->time_us + SETTLE_US;
	for (unsigned i = 0; i < STEPS_MAX && agenda_first(&sim->agenda) != NULL; i++) {
		if (agenda_first(&sim->agenda)->at_us > until_us || !world_step(sim))
			break;
	}
	if (world_blamed(sim))
		abort();
}

/* One call: how = key, fault, dry run and id; which = method; the rest is its request. */
static void
send_call(struct sim *sim, const uint8_t *head, struct slice request)
{
	const struct rule *rule = &rules[get_u32(head) % rules_count];
	uint8_t how = head[4];
	struct arena arena;
	struct buf frame;
	arena_init(&arena, 1 << 16, 0);
	buf_init(&frame, FRAME_BYTES_MAX);
	Mt__Call call = MT__CALL__INIT;
	call.tag = 1;
	call.method = (char *)rule->name;
	call.id = (char *)((how & 1) != 0 ? "fuzz" : "");
	call.dry_run = (how & 2) != 0;
	call.request = (ProtobufCBinaryData){request.size, (uint8_t *)request.data};
	frame_add_call(&frame, pb_pack(&arena, &call.base));
	const struct seal_key *key = world_key(KEY_ID_GATEWAY + (how >> 2) % 3);
	frame_close(&frame, key->key_id, key->key);
	bool broken = (how & 0x40) != 0;
	if (broken)
		frame.data[head[5] * frame.size / 256] ^= (uint8_t)(1 + how % 7);
	uint64_t before = facts_of(sim);
	world_send(sim, 0, how % WORLD_NODES, buf_slice(&frame), 1);
	settle(sim);
	if (broken && facts_of(sim) != before)
		abort();
	buf_free(&frame);
	arena_free(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sim *sim = world_new(1, INT64_C(1772000000000000));
	struct office office;
	sim->audience = (struct audience){.answer = on_answer, .alarm = on_alarm};
	world_start(sim);
	settle(sim);
	for (unsigned i = 0; i < CALLS_MAX && size > CALL_HEAD_BYTES; i++) {
		size_t request_size = data[4] % 64u + (data[5] & 0x3fu);
		if (request_size > size - CALL_HEAD_BYTES)
			request_size = size - CALL_HEAD_BYTES;
		send_call(sim, data, slice_of(data + CALL_HEAD_BYTES, request_size));
		data += CALL_HEAD_BYTES + request_size;
		size -= CALL_HEAD_BYTES + request_size;
	}
	settle(sim);
	memset(&office, 0, sizeof(office));
	check_chain(sim, &office, "chain");
	check_rebuild(sim, &office, "rebuild");
	if (world_blamed(sim))
		abort();
	world_free(sim);
	return 0;
}
