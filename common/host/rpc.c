/* common/host/rpc.c
 *
 * A DEALER in a ZeroMQ context of its own. It reconnects by itself, so a server that
 * restarts costs the calls under way and nothing else. */
#include "common/host/rpc.h"

#include "common/base/fatal.h"
#include "common/core/limits.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

enum {
	LINGER_MS = 500,
	RECONNECT_MS = 20,
	QUEUE_FRAMES = 16384,
	SCRATCH_BLOCK_BYTES = 64 << 10,
};

struct rpc {
	void *zmq;
	void *socket;
	bool sealed;
	struct seal_key key;
	uint64_t last_tag; /* of rpc_request */
	zmq_msg_t received;
	struct buf frame;
	struct arena scratch;
};

static int64_t
monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
socket_set(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool
rpc_connect(struct rpc *rpc, const char *endpoint, const struct curve *curve)
{
	int64_t frame_bytes_max = FRAME_BYTES_MAX;
	rpc->socket = zmq_socket(rpc->zmq, ZMQ_DEALER);
	return rpc->socket != NULL && socket_set(rpc->socket, ZMQ_LINGER, LINGER_MS) &&
	       socket_set(rpc->socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
	       socket_set(rpc->socket, ZMQ_SNDHWM, QUEUE_FRAMES) && socket_set(rpc->socket, ZMQ_RCVHWM, QUEUE_FRAMES) &&
	       zmq_setsockopt(rpc->socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof(frame_bytes_max)) == 0 &&
	       (curve == NULL || curve_connect(rpc->socket, curve)) && zmq_connect(rpc->socket, endpoint) == 0;
}

struct rpc *
rpc_open(const char *endpoint, const struct seal_key *key, const struct curve *curve, struct host_error *error)
{
	struct rpc *rpc = calloc(1, sizeof(*rpc));
	void *zmq = zmq_ctx_new();
	if (rpc == NULL || zmq == NULL)
		fatal("no memory left for a client");
	rpc->zmq = zmq;
	zmq_msg_init(&rpc->received);
	buf_init(&rpc->frame, FRAME_BYTES_MAX);
	arena_init(&rpc->scratch, SCRATCH_BLOCK_BYTES, 0);
	if (key != NULL) {
		rpc->sealed = true;
		rpc->key = *key;
	}
	if (rpc_connect(rpc, endpoint, curve))
		return rpc;
	host_error_set(error, "endpoint %s cannot be connected: %s", endpoint, zmq_strerror(zmq_errno()));
	rpc_close(rpc);
	return NULL;
}

void
rpc_close(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	zmq_msg_close(&rpc->received);
	if (rpc->socket != NULL)
		zmq_close(rpc->socket);
	zmq_ctx_term(rpc->zmq);
	buf_free(&rpc->frame);
	arena_free(&rpc->scratch);
	free(rpc);
}

bool
rpc_send_frame(struct rpc *rpc, struct slice frame)
{
	return zmq_send(rpc->socket, frame.data, frame.size, ZMQ_DONTWAIT) >= 0;
}

bool
rpc_receive_frame(struct rpc *rpc, int timeout_ms, struct slice *frame)
{
	int64_t deadline_ms = monotonic_ms() + timeout_ms;
	for (;;) {
		if (zmq_msg_recv(&rpc->received, rpc->socket, ZMQ_DONTWAIT) >= 0)
			break;
		int64_t left_ms = deadline_ms - monotonic_ms();
		if (left_ms < 0 || (zmq_errno() != EAGAIN && zmq_errno() != EINTR))
			return false;
		zmq_pollitem_t item = {.socket = rpc->socket, .events = ZMQ_POLLIN};
		zmq_poll(&item, 1, left_ms);
	}
	*frame = slice_of(zmq_msg_data(&rpc->received), zmq_msg_size(&rpc->received));
	return true;
}

/* The reply with that tag in a received frame, in the caller's arena. */
static Mt__Reply *
frame_find_reply(struct slice bytes, uint64_t tag, struct arena *arena)
{
	struct frame frame;
	struct slice part;
	struct fault fault;
	size_t at = 0;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame))
		return NULL;
	while (frame_next(&frame, &at, &part)) {
		ProtobufCMessage *message = pb_unpack(&mt__reply__descriptor, arena, part, false, &fault);
		if (message != NULL && ((Mt__Reply *)message)->tag == tag)
			return (Mt__Reply *)message;
	}
	return NULL;
}

static bool
call_tag(struct rpc *rpc, struct slice call, uint64_t *tag)
{
	arena_reset(&rpc->scratch);
	const ProtobufCMessage *message = pb_unpack_trusted(&mt__call__descriptor, &rpc->scratch, call);
	if (message == NULL)
		return false;
	*tag = ((const Mt__Call *)message)->tag;
	return true;
}

bool
rpc_call(struct rpc *rpc, struct slice call, int timeout_ms, struct arena *arena, Mt__Reply **reply)
{
	int64_t deadline_ms = monotonic_ms() + timeout_ms;
	uint64_t tag;
	*reply = NULL;
	if (!call_tag(rpc, call, &tag))
		return false;
	buf_reset(&rpc->frame);
	frame_add_call(&rpc->frame, call);
	if (rpc->sealed)
		frame_close(&rpc->frame, rpc->key.key_id, rpc->key.key);
	if (buf_failed(&rpc->frame) || !rpc_send_frame(rpc, buf_slice(&rpc->frame)))
		return false;
	while (*reply == NULL) {
		struct slice frame;
		int64_t left_ms = deadline_ms - monotonic_ms();
		if (left_ms < 0 || !rpc_receive_frame(rpc, (int)left_ms, &frame))
			return false;
		*reply = frame_find_reply(frame, tag, arena);
	}
	return true;
}

bool
rpc_request(struct rpc *rpc, const char *method, const char *id, const ProtobufCMessage *request,
	    const Mt__Principal *principal, int timeout_ms, struct arena *arena, Mt__Reply **reply)
{
	struct slice packed = pb_pack(arena, request);
	Mt__Call call = MT__CALL__INIT;
	call.tag = ++rpc->last_tag;
	call.id = (char *)id;
	call.method = (char *)method;
	call.request.data = (uint8_t *)packed.data;
	call.request.len = packed.size;
	call.principal = (Mt__Principal *)principal;
	call.deadline_ms = timeout_ms > 0 ? (uint32_t)timeout_ms : 0;
	return rpc_call(rpc, pb_pack(arena, &call.base), timeout_ms, arena, reply);
}
