/* services/gateway/door.c
 *
 * A frame of calls comes in; each is checked, given the principal of its connection
 * and passed on; when all have their replies one frame of replies goes back. What
 * cannot be read, or is too much, is answered by a reply with tag 0 that concerns the
 * frame as a whole, and nothing of the frame was passed on. */
#include "services/gateway/door.h"

#include "common/base/fatal.h"
#include "common/wire/frame.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"
#include "services/gateway/door_keys.h"
#include "services/gateway/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUTE_BYTES_MAX = 255, SENTENCE_BYTES = 256, SCRATCH_BYTES = 64 << 10 };

struct batch {
	struct door *door;
	uint8_t route[ROUTE_BYTES_MAX];
	size_t route_size;
	struct buf replies;
	size_t waiting;
	bool sending;
	size_t count;
	uint64_t tags[]; /* as the client gave them */
};

struct door {
	uv_loop_t *loop;
	char endpoint[512];
	struct bus_socket *socket;
	struct door_keys *keys;
	struct upstream *enrollment;
	struct arena scratch;
	struct buf packed; /* one reply */
	char server_key[CURVE_TEXT_BYTES];
	bool stopping;
	struct door_counters counters;
};

/* --- replies ----------------------------------------------------------------------------------------------------- */

static void
reply_add(struct door *door, struct buf *frame, const Mt__Reply *reply)
{
	buf_reset(&door->packed);
	pb_pack_into(&door->packed, &reply->base);
	frame_add_reply(frame, buf_slice(&door->packed));
}

static void
refusal_add(struct door *door, struct buf *frame, uint64_t tag, Mt__Status status, const char *message)
{
	Mt__Reply reply = MT__REPLY__INIT;
	reply.tag = tag;
	reply.status = status;
	reply.message = (char *)(uintptr_t)message;
	if (status == MT__STATUS__RESOURCE_EXHAUSTED || status == MT__STATUS__UNAVAILABLE)
		reply.retry_after_s = 1;
	reply_add(door, frame, &reply);
}

static void
frame_refuse(struct door *door, struct slice route, Mt__Status status, const char *format, ...)
{
	char message[SENTENCE_BYTES];
	struct buf frame;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	buf_init(&frame, FRAME_BYTES_MAX);
	refusal_add(door, &frame, 0, status, message);
	bus_send(door->socket, route, buf_slice(&frame));
	buf_free(&frame);
	door->counters.refused++;
}

static void
batch_finish(struct batch *batch)
{
	struct door *door = batch->door;
	/* A client that is gone, or does not read, loses its replies: pushing again tells it duplicate. */
	bus_send(door->socket, slice_of(batch->route, batch->route_size), buf_slice(&batch->replies));
	door->counters.in_flight--;
	buf_free(&batch->replies);
	free(batch);
}

static void
on_reply(void *context, size_t number, const Mt__Reply *reply)
{
	struct batch *batch = context;
	Mt__Reply answer = *reply;
	answer.tag = batch->tags[number];
	reply_add(batch->door, &batch->replies, &answer);
	batch->waiting--;
	if (batch->waiting == 0 && !batch->sending)
		batch_finish(batch);
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

static void
call_pass(struct batch *batch, size_t number, struct slice part, struct slice door_key)
{
	struct door *door = batch->door;
	struct fault fault;
	Mt__Status refusal;
	arena_reset(&door->scratch);
	const Mt__Call *asked = (const Mt__Call *)pb_unpack(&mt__call__descriptor, &door->scratch, part, false, &fault);
	if (asked == NULL) {
		refusal_add(door, &batch->replies, 0, MT__STATUS__INVALID_ARGUMENT, fault.message);
		return;
	}
	batch->tags[number] = asked->tag;
	if (strcmp(asked->method, "Events.Push") != 0) {
		refusal_add(door, &batch->replies, asked->tag, MT__STATUS__PERMISSION_DENIED,
			    "the door takes Events.Push only");
		return;
	}
	struct upstream_call call = {
		.method = "Events.Push",
		.request = slice_of(asked->request.data, asked->request.len),
		.caller = {.door_key = door_key},
		.trace_id = slice_of(asked->trace_id.data, asked->trace_id.len == TRACE_ID_BYTES ? TRACE_ID_BYTES : 0),
		.deadline_ms = asked->deadline_ms > CALL_DEADLINE_MS_MAX ? CALL_DEADLINE_MS_MAX : asked->deadline_ms,
		.dry_run = asked->dry_run,
		.on_reply = on_reply,
		.context = batch,
		.number = number,
	};
	door->counters.calls++;
	if (upstream_send(door->enrollment, &call, &refusal) != 0)
		batch->waiting++;
	else
		refusal_add(door, &batch->replies, asked->tag, refusal, upstream_refusal(door->enrollment, refusal));
}

static void
batch_begin(struct door *door, struct slice route, const struct frame *frame, struct slice door_key)
{
	struct batch *batch = calloc(1, sizeof(*batch) + frame->calls * sizeof(batch->tags[0]));
	struct slice part;
	size_t at = 0;
	if (batch == NULL)
		fatal("no memory left for a frame");
	batch->door = door;
	memcpy(batch->route, route.data, route.size);
	batch->route_size = route.size;
	buf_init(&batch->replies, FRAME_BYTES_MAX);
	door->counters.in_flight++;
	batch->sending = true;
	while (frame_next(frame, &at, &part))
		call_pass(batch, batch->count++, part, door_key);
	batch->sending = false;
	if (batch->waiting == 0)
		batch_finish(batch);
}

static void
on_frame(void *context, struct slice route, struct slice bytes, struct slice client_key)
{
	struct door *door = context;
	struct frame frame;
	const char *door_key = client_key.data == NULL ? NULL : door_keys_text(door->keys, client_key.data);
	door->counters.frames++;
	if (door_key == NULL || route.size > ROUTE_BYTES_MAX) {
		frame_refuse(door, route, MT__STATUS__UNAUTHENTICATED, "the key is not registered");
	} else if (!frame_read(bytes, FRAME_CALLS_MAX, &frame)) {
		frame_refuse(door, route, MT__STATUS__INVALID_ARGUMENT,
			     "the message is no matricula.Frame of at most %d calls", FRAME_CALLS_MAX);
	} else if (frame.calls == 0) {
		frame_refuse(door, route, MT__STATUS__INVALID_ARGUMENT, "the frame holds no calls");
	} else if (door->stopping || upstream_away(door->enrollment)) {
		frame_refuse(door, route, MT__STATUS__UNAVAILABLE, "%s",
			     door->stopping ? "the gateway is stopping" : "service enrollment is away");
	} else if (door->counters.in_flight >= DOOR_FRAMES_MAX || !upstream_has_room(door->enrollment, frame.calls)) {
		frame_refuse(door, route, MT__STATUS__RESOURCE_EXHAUSTED,
			     "too many frames are on their way, come again");
	} else {
		batch_begin(door, route, &frame, slice_text(door_key));
	}
}

/* A sender that is told nothing would send the same again for ever. */
static void
on_unfit(void *context, struct slice route, enum bus_unfit why)
{
	struct door *door = context;
	door->counters.frames++;
	switch (why) {
	case BUS_UNFIT_KEY:
		frame_refuse(door, route, MT__STATUS__UNAUTHENTICATED, "the key is not registered");
		break;
	case BUS_UNFIT_PARTS:
		frame_refuse(door, route, MT__STATUS__INVALID_ARGUMENT,
			     "the message has several parts, a frame is one (a DEALER sends it, a REQ does not)");
		break;
	}
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static bool
allow(void *context, const uint8_t key[CURVE_KEY_BYTES])
{
	const struct door *door = context;
	return door_keys_text(door->keys, key) != NULL;
}

struct door *
door_open(uv_loop_t *loop, struct bus *bus, const char *endpoint, const struct curve_pair *server,
	  struct upstream *enrollment, struct host_error *error)
{
	struct door *door = calloc(1, sizeof(*door));
	if (door == NULL)
		fatal("no memory left for the door");
	struct curve curve = {.own = *server, .allow = allow, .context = door};
	struct bus_options options = {
		.kind = BUS_ROUTER, .curve = &curve, .on_frame = on_frame, .on_unfit = on_unfit, .context = door};
	door->loop = loop;
	door->enrollment = enrollment;
	door->keys = door_keys_open(loop, enrollment);
	snprintf(door->endpoint, sizeof(door->endpoint), "%s", endpoint);
	memcpy(door->server_key, server->public_text, CURVE_TEXT_BYTES);
	arena_init(&door->scratch, SCRATCH_BYTES, CALL_ARENA_BYTES_MAX);
	buf_init(&door->packed, FRAME_BYTES_MAX);
	door->socket = bus_bind(bus, endpoint, &options, error);
	if (door->socket != NULL)
		return door;
	door_close(door);
	return NULL;
}

void
door_stop(struct door *door)
{
	if (door != NULL)
		door->stopping = true;
}

void
door_close(struct door *door)
{
	if (door == NULL)
		return;
	door_keys_close(door->keys);
	arena_free(&door->scratch);
	buf_free(&door->packed);
	free(door);
}

void
door_serve(struct request *request, void *context)
{
	const struct door *door = context;
	struct buf body;
	if (door == NULL) {
		request_refuse(request, PROBLEM_NOT_FOUND, NULL, "this gateway has no door");
		return;
	}
	buf_init(&body, RESPONSE_BYTES_MAX);
	buf_text(&body, "{\"endpoint\":");
	json_write_string(&body, slice_text(door->endpoint));
	buf_text(&body, ",\"serverKey\":");
	json_write_string(&body, slice_text(door->server_key));
	buf_format(&body,
		   ",\"socket\":\"DEALER\",\"security\":\"CURVE\",\"frame\":\"matricula.Frame\",\"method\":\"Events."
		   "Push\","
		   "\"request\":\"matricula.PushEventRequest\",\"callsMax\":%d,\"bytesMax\":%d}\n",
		   FRAME_CALLS_MAX, FRAME_BYTES_MAX);
	request_answer(request, 200, "application/json", &body);
}

struct door_counters
door_counters(const struct door *door)
{
	struct door_counters counters = door->counters;
	counters.keys = door_keys_count(door->keys);
	return counters;
}

struct bus_counters
door_bus_counters(const struct door *door)
{
	return bus_counters(door->socket);
}
