/* services/ctl/nation_door.c
 *
 * A frame is kept until each of its calls has a decision. When one got none (nobody was
 * there, or it was told to come again) all that are under way are sent again as they are, in
 * order, and nothing new until they are decided: what they hold is known by (source, id) and
 * acts once. Tags name the slot, the frame and the place in it, so that a
 * late reply finds its call or nothing. */
#include "services/ctl/nation_door.h"

#include "services/ctl/units.h"

#include "common/base/fatal.h"
#include "common/core/limits.h"
#include "common/host/files.h"
#include "common/host/keys.h"
#include "common/host/probe.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include "matricula/access.pb-c.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLIGHT_MAX = 64,
	FLIGHT_DEFAULT = 16,
	BATCH_MAX = FRAME_CALLS_MAX,
	BATCH_DEFAULT = 500,
	PLACES = 1024,    /* tags of one frame, of which BATCH_MAX are used */
	ANSWER_MS = 5000, /* then a frame is sent again */
	AGAIN_MS = 200,   /* the same for one that was told to come again */
	PATIENCE_MS = 60000,
	KNOCK_MS = 500,
	KNOCKS = 20, /* the gateway learns of keys once a second */
	ARENA_BLOCK_BYTES = 256 << 10,
	PACKED_BYTES_MAX = 64 << 10,
};

struct door_call {
	uint8_t purpose;
	uint8_t kind;
	bool decided;
};

struct door_frame {
	struct buf bytes;
	uint64_t serial;
	size_t count;
	size_t waiting; /* calls without a decision */
	unsigned sendings;
	int64_t again_us; /* when it is sent again */
	struct door_call calls[BATCH_MAX];
};

struct nation_door {
	struct nation_sender sender;
	struct nation_report *report;
	struct link *link;
	const char *endpoint;
	struct curve curve;
	bool registered;
	struct rpc *rpc;
	struct arena arena;
	struct buf request;
	struct buf call;
	size_t batch;
	size_t flight;
	uint64_t serial;
	size_t filling;  /* slot of the frame that is being filled */
	bool recovering; /* something was sent again and is not decided yet */
	int64_t decided_us;
	int64_t heard_us;
	int64_t opened_us;
	struct door_frame frames[FLIGHT_MAX];
};

/* Ctrl-C: what is under way is left, the key is removed, and what was sent so far is told. A second one kills. */
static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void
rpc_renew(struct nation_door *door)
{
	struct host_error error;
	rpc_close(door->rpc);
	door->opened_us = probe_monotonic_us();
	door->rpc = rpc_open(door->endpoint, NULL, &door->curve, &error);
	if (door->rpc == NULL)
		fatal("%s", error.text);
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static void
frame_send(struct nation_door *door, struct door_frame *frame)
{
	frame->sendings++;
	frame->again_us = probe_monotonic_us() + (int64_t)ANSWER_MS * 1000;
	door->report->tally.sent_again += frame->sendings > 1;
	if (!rpc_send_frame(door->rpc, buf_slice(&frame->bytes)))
		frame->again_us = probe_monotonic_us() + (int64_t)AGAIN_MS * 1000;
}

static void
frame_add(struct nation_door *door, const struct nation_event *event)
{
	struct door_frame *frame = &door->frames[door->filling];
	Mt__Call call = MT__CALL__INIT;
	if (frame->count == 0)
		frame->serial = ++door->serial;
	buf_reset(&door->request);
	buf_reset(&door->call);
	pb_pack_into(&door->request, &event->request.base);
	call.tag = (frame->serial * FLIGHT_MAX + door->filling) * PLACES + frame->count + 1;
	call.method = (char *)"Events.Push";
	call.request = (ProtobufCBinaryData){door->request.size, door->request.data};
	call.deadline_ms = ANSWER_MS;
	pb_pack_into(&door->call, &call.base);
	frame_add_call(&frame->bytes, buf_slice(&door->call));
	frame->calls[frame->count++] = (struct door_call){(uint8_t)event->purpose, (uint8_t)event->kind, false};
	frame->waiting++;
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

static bool
is_passing(Mt__Status status)
{
	return status == MT__STATUS__UNAVAILABLE || status == MT__STATUS__RESOURCE_EXHAUSTED ||
	       status == MT__STATUS__DEADLINE_EXCEEDED;
}

static void
again_soon(struct door_frame *frame)
{
	int64_t soon_us = probe_monotonic_us() + (int64_t)AGAIN_MS * 1000;
	if (frame->waiting > 0 && frame->again_us > soon_us)
		frame->again_us = soon_us;
}

static void
decision_take(struct nation_door *door, struct door_frame *frame, struct door_call *call, const Mt__Reply *reply)
{
	enum purpose purpose = (enum purpose)call->purpose;
	enum step_kind kind = (enum step_kind)call->kind;
	call->decided = true;
	frame->waiting--;
	door->decided_us = door->heard_us;
	if (reply->status != MT__STATUS__OK) {
		nation_report_outcome(door->report, purpose, kind, MT__EVENT__OUTCOME__UNSET,
				      status_name(reply->status), reply->message);
		return;
	}
	const Mt__PushEventReply *verdict = (const Mt__PushEventReply *)pb_unpack_trusted(
		&mt__push_event_reply__descriptor, &door->arena, slice_of(reply->reply.data, reply->reply.len));
	if (verdict == NULL) {
		nation_report_outcome(door->report, purpose, kind, MT__EVENT__OUTCOME__UNSET, "unreadable", "");
		return;
	}
	Mt__Event__Outcome outcome = verdict->outcome;
	/* An earlier sending was decided, only its answer was lost. */
	if (frame->sendings > 1 && outcome == MT__EVENT__OUTCOME__DUPLICATE)
		outcome = nation_purposes[purpose].expected;
	nation_report_outcome(door->report, purpose, kind, outcome, verdict->code, verdict->message);
}

/* False, and said, if the door refuses frames for good. */
static bool
reply_take(struct nation_door *door, const Mt__Reply *reply)
{
	if (reply->tag == 0) {
		for (size_t i = 0; i < door->flight; i++)
			again_soon(&door->frames[i]);
		if (!is_passing(reply->status))
			say("a frame was refused: %s: %s", status_name(reply->status), reply->message);
		return is_passing(reply->status);
	}
	uint64_t place = (reply->tag - 1) % PLACES;
	uint64_t slot = (reply->tag - 1) / PLACES % FLIGHT_MAX;
	uint64_t serial = (reply->tag - 1) / PLACES / FLIGHT_MAX;
	struct door_frame *frame = &door->frames[slot];
	if (frame->serial != serial || place >= frame->count || frame->calls[place].decided)
		return true;
	if (is_passing(reply->status))
		again_soon(frame);
	else
		decision_take(door, frame, &frame->calls[place], reply);
	return true;
}

static bool
answers_take(struct nation_door *door, struct slice bytes)
{
	struct frame frame;
	struct slice part;
	struct fault fault;
	bool good = true;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame))
		return true;
	door->heard_us = probe_monotonic_us();
	for (size_t at = 0; good && frame_next(&frame, &at, &part);) {
		arena_reset(&door->arena);
		const Mt__Reply *reply =
			(const Mt__Reply *)pb_unpack(&mt__reply__descriptor, &door->arena, part, false, &fault);
		good = reply == NULL || reply_take(door, reply);
	}
	return good;
}

/* All without a decision, in the order they were filled. */
static void
frames_again(struct nation_door *door)
{
	uint64_t after = 0;
	struct door_frame *next;
	do {
		next = NULL;
		for (size_t i = 0; i < door->flight; i++) {
			struct door_frame *frame = &door->frames[i];
			if (frame->waiting > 0 && frame->sendings > 0 && frame->serial > after &&
			    (next == NULL || frame->serial < next->serial))
				next = frame;
		}
		if (next != NULL) {
			after = next->serial;
			frame_send(door, next);
		}
	} while (next != NULL);
	door->recovering = true;
}

/* Sends again when something is due; how long until then, in *wait_ms. */
static bool
frames_look(struct nation_door *door, int *wait_ms)
{
	int64_t now_us = probe_monotonic_us();
	int64_t next_us = now_us + (int64_t)ANSWER_MS * 1000;
	if (interrupted) {
		say("interrupted");
		return false;
	}
	if (now_us - door->decided_us > (int64_t)PATIENCE_MS * 1000) {
		say("the door found no decision within %d s", PATIENCE_MS / 1000);
		return false;
	}
	/* A connection whose handshake was refused never comes back by itself. */
	if (now_us - door->heard_us > (int64_t)ANSWER_MS * 1000 && now_us - door->opened_us > (int64_t)ANSWER_MS * 1000)
		rpc_renew(door);
	for (size_t i = 0; i < door->flight; i++) {
		const struct door_frame *frame = &door->frames[i];
		if (frame->waiting > 0 && frame->sendings > 0 && frame->again_us < next_us)
			next_us = frame->again_us;
	}
	*wait_ms = AGAIN_MS;
	if (next_us <= now_us)
		frames_again(door);
	else
		*wait_ms = (int)((next_us - now_us) / 1000) + 1;
	return true;
}

static size_t
frames_under_way(const struct nation_door *door)
{
	size_t count = 0;
	for (size_t i = 0; i < door->flight; i++)
		count += door->frames[i].waiting > 0;
	return count;
}

/* Until no more than that many frames are under way; none, once one was sent again, or what is behind it would
 * overtake it. */
static bool
frames_await(struct nation_door *door, size_t most)
{
	door->decided_us = probe_monotonic_us();
	door->heard_us = door->decided_us;
	while (frames_under_way(door) > (door->recovering ? 0 : most)) {
		struct slice bytes;
		int wait_ms;
		if (!frames_look(door, &wait_ms))
			return false;
		if (rpc_receive_frame(door->rpc, wait_ms, &bytes) && !answers_take(door, bytes))
			return false;
	}
	door->recovering = false;
	return true;
}

/* --- sender ------------------------------------------------------------------------------------------------------- */

/* Sends the frame that was filled and finds room for the next. */
static bool
frame_next_fill(struct nation_door *door)
{
	frame_send(door, &door->frames[door->filling]);
	if (!frames_await(door, door->flight - 1))
		return false;
	while (door->frames[door->filling].waiting > 0)
		door->filling = (door->filling + 1) % door->flight;
	struct door_frame *frame = &door->frames[door->filling];
	buf_reset(&frame->bytes);
	frame->count = 0;
	frame->sendings = 0;
	return true;
}

static bool
door_send(struct nation_sender *sender, const struct nation_event *event)
{
	struct nation_door *door = (struct nation_door *)sender;
	frame_add(door, event);
	return door->frames[door->filling].count < door->batch || frame_next_fill(door);
}

static bool
door_finish(struct nation_sender *sender)
{
	struct nation_door *door = (struct nation_door *)sender;
	if (door->frames[door->filling].count > 0)
		frame_send(door, &door->frames[door->filling]);
	return frames_await(door, 0);
}

static bool
key_register(struct nation_door *door)
{
	Mt__RegisterDoorKeyRequest request = MT__REGISTER_DOOR_KEY_REQUEST__INIT;
	request.authority = (char *)"VN";
	request.name = (char *)"matricula nation";
	request.door_key = door->curve.own.public_text;
	curve_pair_make(&door->curve.own);
	door->registered =
		link_call(door->link, &(struct link_ask){.method = "Access.RegisterDoorKey"}, &request.base) != NULL;
	return door->registered;
}

static void
door_close(struct nation_sender *sender)
{
	struct nation_door *door = (struct nation_door *)sender;
	Mt__RemoveDoorKeyRequest request = MT__REMOVE_DOOR_KEY_REQUEST__INIT;
	request.door_key = door->curve.own.public_text;
	if (door->registered)
		link_call(door->link, &(struct link_ask){.method = "Access.RemoveDoorKey"}, &request.base);
	for (size_t i = 0; i < FLIGHT_MAX; i++)
		buf_free(&door->frames[i].bytes);
	buf_free(&door->request);
	buf_free(&door->call);
	arena_free(&door->arena);
	rpc_close(door->rpc);
	free(door);
}

/* True once somebody answers who lets our key in. Any reply will do, a refusal too. */
static bool
door_knock(struct nation_door *door)
{
	Mt__Reply *reply = NULL;
	Mt__GetEventRequest request = MT__GET_EVENT_REQUEST__INIT;
	for (int i = 0; i < KNOCKS; i++) {
		rpc_renew(door);
		arena_reset(&door->arena);
		if (rpc_request(door->rpc, "Events.Get", "", &request.base, NULL, KNOCK_MS, &door->arena, &reply))
			return true;
	}
	say("the door at %s does not answer", door->endpoint);
	return false;
}

struct nation_sender *
nation_door_open(const struct args *args, struct link *link, struct nation_report *report)
{
	char keys[PATH_BYTES_MAX];
	struct host_error error;
	long long flight;
	long long batch;
	if (!args_number(args, "flight", 1, FLIGHT_MAX, FLIGHT_DEFAULT, &flight) ||
	    !args_number(args, "batch", 1, BATCH_MAX, BATCH_DEFAULT, &batch))
		return NULL;
	struct nation_door *door = calloc(1, sizeof(*door));
	if (door == NULL)
		fatal("no memory left for a connection");
	door->sender = (struct nation_sender){.send = door_send, .finish = door_finish, .close = door_close};
	door->report = report;
	door->link = link;
	door->endpoint = args_get(args, "door", "tcp://127.0.0.1:5570");
	door->flight = (size_t)flight;
	door->batch = (size_t)batch;
	arena_init(&door->arena, ARENA_BLOCK_BYTES, 0);
	buf_init(&door->request, PACKED_BYTES_MAX);
	buf_init(&door->call, PACKED_BYTES_MAX);
	for (size_t i = 0; i < FLIGHT_MAX; i++)
		buf_init(&door->frames[i].bytes, FRAME_BYTES_MAX);
	const struct sigaction once = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &once, NULL);
	sigaction(SIGTERM, &once, NULL);
	bool there = path_format(keys, "%s/keys", args_data(args)) &&
		     keys_load_curve_public(keys, "door", door->curve.server_text, &error);
	if (!there)
		say("the door's public key is not in %s/keys", args_data(args));
	if (there && key_register(door) && door_knock(door))
		return &door->sender;
	door_close(&door->sender);
	return NULL;
}
