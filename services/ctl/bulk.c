/* services/ctl/bulk.c
 *
 * Tags are dense within a round, so a reply finds its call by subtraction; replies with
 * tags of an earlier round are late and dropped. */
#include "services/ctl/bulk.h"

#include "services/ctl/link.h"

#include "common/core/limits.h"
#include "common/host/probe.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include <assert.h>
#include <poll.h>

enum { ROUND_MS = 5000, PAUSE_MS = 50, FRAME_FILL_BYTES = FRAME_BYTES_MAX / 2 };

struct round {
	uint64_t first_tag;
	size_t count;
	struct bulk_call *calls[BULK_CALLS_MAX]; /* by tag - first_tag */
	size_t waiting;
	const Mt__Reply *refusal; /* of the frame as a whole: tag 0 */
};

static bool
is_passing(Mt__Status status)
{
	return status == MT__STATUS__UNAVAILABLE || status == MT__STATUS__RESOURCE_EXHAUSTED ||
	       status == MT__STATUS__DEADLINE_EXCEEDED;
}

static bool
is_decision(const Mt__Reply *reply)
{
	return reply != NULL && !is_passing(reply->status);
}

static void
frame_add(struct bulk *bulk, struct buf *frame, const struct bulk_call *call, uint64_t tag)
{
	Mt__Call message = MT__CALL__INIT;
	message.tag = tag;
	message.id = (char *)call->id;
	message.method = (char *)call->method;
	message.request = (ProtobufCBinaryData){call->request.size, (uint8_t *)call->request.data};
	message.deadline_ms = ROUND_MS;
	frame_add_call(frame, pb_pack(bulk->arena, &message.base));
}

/* As many calls without a decision as a frame holds, in order. */
static bool
round_send(struct bulk *bulk, struct round *round, struct bulk_call *calls, size_t count)
{
	struct buf frame;
	buf_init(&frame, FRAME_BYTES_MAX);
	*round = (struct round){.first_tag = bulk->tag + 1};
	for (size_t i = 0; i < count && round->count < BULK_CALLS_MAX && frame.size < FRAME_FILL_BYTES; i++) {
		if (is_decision(calls[i].reply))
			continue;
		round->calls[round->count++] = &calls[i];
		frame_add(bulk, &frame, &calls[i], ++bulk->tag);
	}
	round->waiting = round->count;
	if (bulk->key != NULL)
		frame_close(&frame, bulk->key->key_id, bulk->key->key);
	bool sent = !buf_failed(&frame) && rpc_send_frame(bulk->rpc, buf_slice(&frame));
	buf_free(&frame);
	return sent;
}

static void
round_take(struct bulk *bulk, struct round *round, struct slice bytes)
{
	struct frame frame;
	struct slice part;
	struct fault fault;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame))
		return;
	for (size_t at = 0; frame_next(&frame, &at, &part);) {
		const Mt__Reply *reply =
			(const Mt__Reply *)pb_unpack(&mt__reply__descriptor, bulk->arena, part, false, &fault);
		if (reply != NULL && reply->tag == 0)
			round->refusal = reply;
		if (reply == NULL || reply->tag < round->first_tag || reply->tag - round->first_tag >= round->count)
			continue;
		struct bulk_call *call = round->calls[reply->tag - round->first_tag];
		if (call->reply == NULL || call->reply->tag != reply->tag)
			round->waiting--;
		call->reply = reply;
	}
}

/* Until every call of the round was answered, whatever the answer, or nothing comes any more. */
static void
round_receive(struct bulk *bulk, struct round *round)
{
	int64_t until_us = probe_monotonic_us() + (int64_t)ROUND_MS * 1000;
	while (round->waiting > 0 && round->refusal == NULL) {
		struct slice frame;
		int64_t left_ms = (until_us - probe_monotonic_us()) / 1000;
		if (left_ms <= 0 || !rpc_receive_frame(bulk->rpc, (int)left_ms, &frame))
			return;
		round_take(bulk, round, frame);
	}
}

bool
bulk_run(struct bulk *bulk, struct bulk_call *calls, size_t count)
{
	int64_t until_us = probe_monotonic_us() + (int64_t)BULK_PATIENCE_MS * 1000;
	static struct round round;
	size_t undecided = count;
	for (size_t i = 0; i < count; i++)
		calls[i].reply = NULL;
	while (undecided > 0) {
		size_t before = undecided;
		if (round_send(bulk, &round, calls, count))
			round_receive(bulk, &round);
		if (round.refusal != NULL && !is_passing(round.refusal->status)) {
			say("a frame was refused: %s: %s", status_name(round.refusal->status), round.refusal->message);
			return false;
		}
		undecided = 0;
		for (size_t i = 0; i < count; i++)
			undecided += !is_decision(calls[i].reply);
		if (undecided < before)
			until_us = probe_monotonic_us() + (int64_t)BULK_PATIENCE_MS * 1000;
		else if (probe_monotonic_us() > until_us) {
			say("%zu calls found no decision within %d s", undecided, BULK_PATIENCE_MS / 1000);
			return false;
		}
		if (undecided == before) {
			poll(NULL, 0, PAUSE_MS);
			if (bulk->reopen != NULL && round.waiting == round.count)
				bulk->rpc = bulk->reopen(bulk->context);
		}
	}
	return true;
}
