/* services/gateway/upstream.c
 *
 * Calls on their way stand in a table of slots; a tag is a slot's index and its
 * generation, so a late reply never meets the wrong call. A timer sweeps the table
 * for deadlines. The frames under construction, of queries and of all else, are a buffer
 * each; what one holds is failed together if ZeroMQ does not take it. */
#include "services/gateway/upstream.h"

#include "common/base/fatal.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"
#include "services/gateway/limits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 80, SCRATCH_BYTES = 64 << 10 };

struct slot {
	bool busy;
	bool waits;
	bool undelivered; /* ZeroMQ did not take it: the sweep says so, since nobody is called back while sending */
	uint32_t generation;
	uint32_t next_free; /* index + 1; 0 ends */
	uint64_t sent_ms;
	uint64_t deadline_ms;
	void (*on_reply)(void *context, size_t number, const Mt__Reply *reply);
	void *context;
	size_t number;
};

/* A frame under construction. */
struct draft {
	struct buf frame;
	size_t calls;
	uint64_t tags[FRAME_CALLS_MAX];
};

enum { DRAFT_QUERIES, DRAFT_CALLS, DRAFTS };

struct upstream {
	uv_loop_t *loop;
	enum service service;
	struct bus_socket *socket;
	struct seal_key key;
	uv_timer_t sweep;
	struct slot *slots;
	uint32_t first_free; /* index + 1; 0: take the next one never used */
	uint32_t slots_used; /* slots from here on were never touched, and cost no memory */
	size_t in_flight;
	struct draft drafts[DRAFTS];
	struct buf packed; /* one call */
	struct arena scratch;
	struct upstream_counters counters;

	bool away;
	bool probing;
	uint64_t probed_ms;
	struct arena status_arena;
	Mt__NodeStatus *status;
	char sentences[2][NAME_BYTES];
};

/* --- slots ------------------------------------------------------------------------------------------------------- */

static uint64_t
slot_take(struct upstream *upstream)
{
	assert(upstream->in_flight < UPSTREAM_CALLS_MAX);
	uint32_t index = upstream->first_free == 0 ? upstream->slots_used++ : upstream->first_free - 1;
	struct slot *slot = &upstream->slots[index];
	upstream->first_free = slot->next_free;
	upstream->in_flight++;
	slot->busy = true;
	slot->generation++;
	return (uint64_t)slot->generation << 32 | index;
}

static void
slot_release(struct upstream *upstream, struct slot *slot)
{
	slot->busy = false;
	slot->next_free = upstream->first_free;
	upstream->first_free = (uint32_t)(slot - upstream->slots) + 1;
	upstream->in_flight--;
}

static struct slot *
slot_find(struct upstream *upstream, uint64_t tag)
{
	uint32_t index = (uint32_t)tag;
	if (index >= upstream->slots_used)
		return NULL;
	struct slot *slot = &upstream->slots[index];
	return slot->busy && slot->generation == tag >> 32 ? slot : NULL;
}

static void
slot_answer(struct upstream *upstream, struct slot *slot, const Mt__Reply *reply)
{
	struct slot answered = *slot;
	slot_release(upstream, slot);
	answered.on_reply(answered.context, answered.number, reply);
}

static void
slot_fail(struct upstream *upstream, struct slot *slot, Mt__Status status, const char *sentence)
{
	char message[NAME_BYTES];
	Mt__Reply reply = MT__REPLY__INIT;
	snprintf(message, sizeof(message), "service %s %s", service_name(upstream->service), sentence);
	reply.status = status;
	reply.message = message;
	slot_answer(upstream, slot, &reply);
}

/* --- out --------------------------------------------------------------------------------------------------------- */

static void
draft_send(struct upstream *upstream, struct draft *draft)
{
	size_t count = draft->calls;
	if (count == 0)
		return;
	frame_close(&draft->frame, upstream->key.key_id, upstream->key.key);
	bool sent =
		!buf_failed(&draft->frame) && bus_send(upstream->socket, slice_of(NULL, 0), buf_slice(&draft->frame));
	upstream->counters.frames += sent ? 1 : 0;
	buf_reset(&draft->frame);
	draft->calls = 0;
	for (size_t i = 0; i < count && !sent; i++) {
		struct slot *slot = slot_find(upstream, draft->tags[i]);
		if (slot != NULL)
			slot->undelivered = true;
	}
}

void
upstream_flush(struct upstream *upstream)
{
	for (unsigned i = 0; i < DRAFTS; i++)
		draft_send(upstream, &upstream->drafts[i]);
}

static void
call_pack(struct upstream *upstream, const struct upstream_call *call, uint64_t tag, uint32_t deadline_ms)
{
	static char empty[] = "";
	Mt__Role node = MT__ROLE__NODE;
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	Mt__Call message = MT__CALL__INIT;
	principal.token_hash.data = (uint8_t *)(uintptr_t)call->caller.token_hash.data;
	principal.token_hash.len = call->caller.token_hash.size;
	principal.door_key.data = (uint8_t *)(uintptr_t)call->caller.door_key.data;
	principal.door_key.len = call->caller.door_key.size;
	if (call->caller.is_gateway) {
		static char subject[] = "gateway";
		principal.subject = subject;
		principal.roles = &node;
		principal.n_roles = 1;
	}
	message.tag = tag;
	message.id = call->id == NULL ? empty : (char *)(uintptr_t)call->id;
	message.method = (char *)(uintptr_t)call->method;
	message.request.data = (uint8_t *)(uintptr_t)call->request.data;
	message.request.len = call->request.size;
	message.principal = &principal;
	message.deadline_ms = deadline_ms;
	message.dry_run = call->dry_run;
	message.precondition = call->precondition;
	message.trace_id.data = (uint8_t *)(uintptr_t)call->trace_id.data;
	message.trace_id.len = call->trace_id.size;
	buf_reset(&upstream->packed);
	pb_pack_into(&upstream->packed, &message.base);
}

/* Takes the call whether the service is there or not. */
static uint64_t
call_add(struct upstream *upstream, const struct upstream_call *call)
{
	uint32_t deadline_ms = call->deadline_ms == 0 ? CALL_DEADLINE_MS_DEFAULT : call->deadline_ms;
	uint64_t tag = slot_take(upstream);
	struct slot *slot = slot_find(upstream, tag);
	slot->waits = call->waits;
	slot->undelivered = false;
	slot->sent_ms = uv_now(upstream->loop);
	slot->deadline_ms = slot->sent_ms + deadline_ms + UPSTREAM_SLACK_MS;
	slot->on_reply = call->on_reply;
	slot->context = call->context;
	slot->number = call->number;
	call_pack(upstream, call, tag, deadline_ms);
	struct draft *draft = &upstream->drafts[call->asks ? DRAFT_QUERIES : DRAFT_CALLS];
	if (draft->frame.size > 0 && draft->frame.size + upstream->packed.size > UPSTREAM_FRAME_BYTES)
		draft_send(upstream, draft);
	frame_add_call(&draft->frame, buf_slice(&upstream->packed));
	draft->tags[draft->calls++] = tag;
	upstream->counters.calls++;
	if (draft->calls == FRAME_CALLS_MAX)
		draft_send(upstream, draft);
	return tag;
}

bool
upstream_has_room(const struct upstream *upstream, size_t calls)
{
	return upstream->in_flight + calls + 1 <= UPSTREAM_CALLS_MAX; /* one is kept for the probe */
}

uint64_t
upstream_send(struct upstream *upstream, const struct upstream_call *call, Mt__Status *refusal)
{
	*refusal = MT__STATUS__OK;
	if (upstream->away)
		*refusal = MT__STATUS__UNAVAILABLE;
	else if (!upstream_has_room(upstream, 1))
		*refusal = MT__STATUS__RESOURCE_EXHAUSTED;
	else
		return call_add(upstream, call);
	upstream->counters.refused++;
	return 0;
}

void
upstream_cancel(struct upstream *upstream, uint64_t number)
{
	struct slot *slot = slot_find(upstream, number);
	if (slot != NULL)
		slot_release(upstream, slot);
}

/* --- the probe --------------------------------------------------------------------------------------------------- */

static void probe_answered(void *context, size_t number, const Mt__Reply *reply);

static void
probe_send(struct upstream *upstream)
{
	struct upstream_call call = {
		.method = "Node.Status",
		.caller = {.is_gateway = true},
		.deadline_ms = PROBE_DEADLINE_MS,
		.on_reply = probe_answered,
		.context = upstream,
	};
	if (upstream->probing || upstream->in_flight == UPSTREAM_CALLS_MAX)
		return;
	upstream->probing = true;
	upstream->probed_ms = uv_now(upstream->loop);
	call_add(upstream, &call);
}

/* The probe overtook them: they went to a process that is no more, or their replies were dropped. */
static void
lost_fail(struct upstream *upstream)
{
	for (uint32_t i = 0; i < upstream->slots_used; i++) {
		struct slot *slot = &upstream->slots[i];
		if (!slot->busy || slot->waits || slot->sent_ms + UPSTREAM_LOST_MS > upstream->probed_ms)
			continue;
		upstream->counters.lost++;
		slot_fail(upstream, slot, MT__STATUS__UNAVAILABLE,
			  "was restarted, the outcome is not known: ask again");
	}
}

static void
probe_answered(void *context, size_t number, const Mt__Reply *reply)
{
	struct upstream *upstream = context;
	(void)number;
	upstream->probing = false;
	if (reply->status == MT__STATUS__DEADLINE_EXCEEDED)
		upstream->away = true;
	upstream->status = NULL;
	if (reply->status != MT__STATUS__OK)
		return;
	arena_reset(&upstream->status_arena);
	upstream->status = (Mt__NodeStatus *)pb_unpack_trusted(&mt__node_status__descriptor, &upstream->status_arena,
							       slice_of(reply->reply.data, reply->reply.len));
	lost_fail(upstream);
}

static void
on_sweep(uv_timer_t *timer)
{
	struct upstream *upstream = timer->data;
	uint64_t now_ms = uv_now(upstream->loop);
	for (uint32_t i = 0; i < upstream->slots_used && upstream->in_flight > 0; i++) {
		struct slot *slot = &upstream->slots[i];
		if (slot->busy && slot->undelivered) {
			slot_fail(upstream, slot, MT__STATUS__UNAVAILABLE, "takes no more calls");
		} else if (slot->busy && slot->deadline_ms <= now_ms) {
			upstream->counters.timeouts++;
			slot_fail(upstream, slot, MT__STATUS__DEADLINE_EXCEEDED, "did not answer in time");
		}
	}
	if (now_ms >= upstream->probed_ms + PROBE_EVERY_MS)
		probe_send(upstream);
}

void
upstream_give_up(struct upstream *upstream)
{
	upstream->away = true; /* nothing is taken any more */
	for (uint32_t i = 0; i < upstream->slots_used && upstream->in_flight > 0; i++) {
		struct slot *slot = &upstream->slots[i];
		if (slot->busy)
			slot_fail(upstream, slot, MT__STATUS__UNAVAILABLE, "did not answer before the gateway ended");
	}
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

static void
on_frame(void *context, struct slice route, struct slice bytes, struct slice client_key)
{
	struct upstream *upstream = context;
	struct frame frame;
	struct slice part;
	size_t at = 0;
	(void)route;
	(void)client_key;
	if (!frame_read(bytes, UPSTREAM_CALLS_MAX, &frame)) {
		upstream->counters.malformed++;
		return;
	}
	if (upstream->away) { /* it speaks: ask how it is, at once */
		upstream->away = false;
		probe_send(upstream);
	}
	while (frame_next(&frame, &at, &part)) {
		arena_reset(&upstream->scratch);
		const Mt__Reply *reply =
			(const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &upstream->scratch, part);
		struct slot *slot = reply == NULL ? NULL : slot_find(upstream, reply->tag);
		upstream->counters.malformed += reply == NULL ? 1 : 0;
		upstream->counters.late += reply != NULL && slot == NULL ? 1 : 0;
		if (slot != NULL)
			slot_answer(upstream, slot, reply);
	}
}

/* --- life -------------------------------------------------------------------------------------------------------- */

struct upstream *
upstream_open(uv_loop_t *loop, struct bus *bus, enum service service, const char *endpoint, const struct curve *curve,
	      const struct seal_key *key, struct host_error *error)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));
	struct slot *slots = calloc(UPSTREAM_CALLS_MAX, sizeof(*slots));
	if (upstream == NULL || slots == NULL)
		fatal("no memory left for a service's calls");
	struct bus_options options = {.kind = BUS_DEALER, .curve = curve, .on_frame = on_frame, .context = upstream};
	upstream->socket = bus_connect(bus, endpoint, &options, error);
	if (upstream->socket == NULL) {
		free(slots);
		free(upstream);
		return NULL;
	}
	upstream->loop = loop;
	upstream->service = service;
	upstream->key = *key;
	upstream->slots = slots;
	upstream->away = true;
	for (unsigned i = 0; i < DRAFTS; i++)
		buf_init(&upstream->drafts[i].frame, FRAME_BYTES_MAX);
	buf_init(&upstream->packed, FRAME_BYTES_MAX);
	arena_init(&upstream->scratch, SCRATCH_BYTES, 0);
	arena_init(&upstream->status_arena, 4096, 0);
	snprintf(upstream->sentences[0], NAME_BYTES, "service %s is away", service_name(service));
	snprintf(upstream->sentences[1], NAME_BYTES, "service %s has too many calls on their way",
		 service_name(service));
	uv_timer_init(loop, &upstream->sweep);
	upstream->sweep.data = upstream;
	uv_timer_start(&upstream->sweep, on_sweep, 0, UPSTREAM_SWEEP_MS);
	return upstream;
}

static void
on_closed(uv_handle_t *handle)
{
	struct upstream *upstream = handle->data;
	for (unsigned i = 0; i < DRAFTS; i++)
		buf_free(&upstream->drafts[i].frame);
	buf_free(&upstream->packed);
	arena_free(&upstream->scratch);
	arena_free(&upstream->status_arena);
	free(upstream->slots);
	free(upstream);
}

/* The socket closes with the bus. */
void
upstream_close(struct upstream *upstream)
{
	if (upstream != NULL)
		uv_close((uv_handle_t *)&upstream->sweep, on_closed);
}

/* --- to be seen -------------------------------------------------------------------------------------------------- */

const char *
upstream_name(const struct upstream *upstream)
{
	return service_name(upstream->service);
}

bool
upstream_away(const struct upstream *upstream)
{
	return upstream->away;
}

const Mt__NodeStatus *
upstream_status(const struct upstream *upstream)
{
	return upstream->away ? NULL : upstream->status;
}

const char *
upstream_refusal(const struct upstream *upstream, Mt__Status refusal)
{
	return upstream->sentences[refusal == MT__STATUS__RESOURCE_EXHAUSTED ? 1 : 0];
}

struct upstream_counters
upstream_counters(const struct upstream *upstream)
{
	return upstream->counters;
}

struct bus_counters
upstream_bus_counters(const struct upstream *upstream)
{
	return bus_counters(upstream->socket);
}

size_t
upstream_in_flight(const struct upstream *upstream)
{
	return upstream->in_flight;
}
