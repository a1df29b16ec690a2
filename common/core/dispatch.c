/* common/core/dispatch.c
 *
 * The life of a call: checked unpack into its arena, access, saved reply, decision,
 * and its outcome. A refusal wrote nothing, so it needs no rollback and is not saved. */
#include "common/core/impl.h"

#include "common/base/text.h"

#include <assert.h>
#include <stdlib.h>

/* A call from outside with what it came with. */
struct incoming {
	struct slice route;
	struct slice bytes;
	struct buf *replies; /* the frame that goes back */
	enum key_kind kind;
	int64_t received_us;
	int64_t park_until_us; /* monotonic; 0: not parked before */
	bool last;             /* no more waiting */
	uint64_t saw_seq;      /* by the replies, so far */
	const Mt__Call *in;
	bool repeated;
};

enum {
	REPLY_BYTES_MAX = FRAME_BYTES_MAX - 64, /* leaves room for the frame around it */
	METHOD_SHOWN_BYTES = 64,
	METHOD_BYTES_MAX = 95, /* no name is longer, see methods.c */
};

static void
on_reply(const ProtobufCMessage *reply, void *closure_data)
{
	struct call *call = closure_data;
	assert(call->state == CALL_OPEN);
	assert(call->scoped);
	call->state = CALL_REPLIED;
	call->reply = pb_pack(call->arena, reply);
}

static void
drop_facts(struct call *call)
{
	call->facts = NULL;
	call->facts_last = &call->facts;
	call->facts_count = 0;
}

static void
invoke(struct call *call, const ProtobufCMessage *request)
{
	ProtobufCService *service = call->method->service;
	service->invoke(service, call->method->index, request, on_reply, call);
	assert(call->state != CALL_OPEN);
	if ((!call->slots_short && !call->text_broken) || call->state != CALL_REPLIED)
		return;
	call->state = CALL_OPEN;
	drop_facts(call);
	if (call->text_broken)
		call_refuse(call, MT__STATUS__INTERNAL, "a text of the outcome is not valid UTF-8");
	else
		call_refuse(call, MT__STATUS__UNAVAILABLE, "keys for new persons are being made");
}

bool
dispatch_internal(struct node *node, struct call *call, const struct method *method, const void *input)
{
	(void)node;
	call->method = method;
	call->scoped = true;
	invoke(call, input);
	if (call->state != CALL_REFUSED)
		return true;
	drop_facts(call);
	return false;
}

/* Keyed: a plain hash in the journal would let whoever guesses a request know that he guessed right. */
static void
request_hash(const struct call *call, const Mt__Call *in, uint8_t out[HASH_BYTES])
{
	struct slice method = slice_of(in->method, strlen(in->method) + 1);
	uint8_t *whole = arena_alloc(call->arena, method.size + in->request.len);
	memcpy(whole, method.data, method.size);
	if (in->request.len > 0)
		memcpy(whole + method.size, in->request.data, in->request.len);
	seal_make(slice_of(whole, method.size + in->request.len), call->node->config.secret, out);
}

static bool
is_command(const struct call *call)
{
	return call->method->rule->kind == MT__KIND__COMMAND;
}

/* What can be known before anything is looked up. */
static bool
admit(struct call *call, const struct incoming *incoming)
{
	struct node *node = call->node;
	const Mt__Call *in = incoming->in;
	int64_t now_us = node->world->monotonic_us(node->world->context);
	int64_t deadline_ms = in->deadline_ms != 0 ? in->deadline_ms : CALL_DEADLINE_MS_DEFAULT;
	if (deadline_ms > CALL_DEADLINE_MS_MAX)
		deadline_ms = CALL_DEADLINE_MS_MAX;
	if (!node->opened)
		call_refuse(call, MT__STATUS__UNAVAILABLE, "the service is replaying its journal");
	else if (node->draining && !incoming->last)
		call_refuse(call, MT__STATUS__UNAVAILABLE, "the service is shutting down");
	else if (incoming->park_until_us == 0 && now_us > incoming->received_us + deadline_ms * 1000)
		call_refuse(call, MT__STATUS__DEADLINE_EXCEEDED, "the deadline passed before the call was decided");
	else if (call->method == NULL)
		call_refuse(call, MT__STATUS__UNIMPLEMENTED, "method %.*s is unknown",
			    text_cut(in->method, METHOD_SHOWN_BYTES), in->method);
	else if (strlen(in->id) > CALL_ID_BYTES_MAX)
		call_refuse_field(call, "id", "id is longer than %d bytes", CALL_ID_BYTES_MAX);
	else if (in->request.len > REQUEST_BYTES_MAX)
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "the request is larger than %d bytes",
			    REQUEST_BYTES_MAX);
	else if (in->trace_id.len > TRACE_ID_BYTES_MAX)
		call_refuse_field(call, "trace_id", "trace_id is longer than %d bytes", TRACE_ID_BYTES_MAX);
	else if (is_command(call) && node->filling.bytes.size >= JOURNAL_BATCH_BYTES_MAX + FRAME_BYTES_MAX / 2)
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "the journal has too much waiting");
	else if (is_command(call) && node->space_short)
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "the data disk has no space left for commands");
	return call->state == CALL_OPEN;
}

static bool
find_saved(struct call *call, struct incoming *incoming, const uint8_t hash[HASH_BYTES])
{
	switch (saved_find(call, incoming->in->id, hash, &call->reply)) {
	case SAVED_NONE:
		return false;
	case SAVED_SAME:
		call->state = CALL_REPLIED;
		incoming->repeated = true;
		return true;
	case SAVED_OTHER:
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "call id %.*s was used for another request",
			    text_cut(incoming->in->id, CALL_ID_BYTES_MAX), incoming->in->id);
		call->field = "id";
		return true;
	}
	return false;
}

static void
commit(struct call *call, const struct incoming *incoming, const uint8_t hash[HASH_BYTES], bool saves)
{
	const Mt__Call *in = incoming->in;
	struct entry entry;
	entry_begin(call->node, &entry);
	entry_add(&entry, call);
	/* The reply is kept for whoever asks again with the same id; else nobody could ask the journal for it. */
	if (saves)
		entry.reply = call->reply;
	entry.header.authority = (char *)call->caller->authority;
	entry.header.subject = (char *)call->caller->subject;
	entry.header.method = in->method;
	entry.header.trace_id = in->trace_id;
	if (saves) {
		entry.header.call_id = in->id;
		entry.header.request_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)hash};
	}
	entry_commit(call->node, &entry);
}

/* Applies to an overlay that is thrown away, so that what a real run would stumble over shows. */
static void
rehearse(struct call *call)
{
	struct node *node = call->node;
	struct store scratch = {.top = memtable_new(), .base = store_as_base(&node->store)};
	struct entry entry;
	entry_begin(node, &entry);
	entry_add(&entry, call);
	entry_apply(node, &scratch, true, &entry);
	memtable_free(scratch.top);
}

static void
decide(struct call *call, struct incoming *incoming, struct caller *caller)
{
	const Mt__Call *in = incoming->in;
	uint8_t hash[HASH_BYTES];
	struct fault fault;
	if (!access_resolve(call, caller, incoming->kind, in->principal) || !access_allow_role(call))
		return;
	const ProtobufCMessage *request = pb_unpack(call->method->rule->input, call->arena,
						    slice_of(in->request.data, in->request.len), true, &fault);
	if (request == NULL) {
		call_refuse_field(call, fault.field, "%s", fault.message);
		return;
	}
	bool saves = is_command(call) && in->id[0] != '\0' && !call->method->rule->open && !in->dry_run;
	if (!access_allow_scope(call, request))
		return;
	if (saves) {
		request_hash(call, in, hash);
		if (find_saved(call, incoming, hash))
			return;
	}
	if (in->precondition != NULL && !precondition_holds(call, in->precondition))
		return;
	call->may_park = !incoming->last;
	call->from_node = incoming->kind == KEY_NODE;
	invoke(call, request);
	if (call->state != CALL_REPLIED || !is_command(call))
		return;
	if (in->dry_run)
		rehearse(call);
	else if (call->facts_count > 0 || saves)
		commit(call, incoming, hash, saves);
}

/* A query saw rows, each as an entry left it. What it did not see may be newer and as lost: had it been asked before
 * that, it would have said the same. A command is told once it is durable itself. */
uint64_t
call_saw(const struct call *call)
{
	const struct node *node = call->node;
	const struct recent *recent = node->recent;
	bool is_query = call->method != NULL && call->method->rule->kind == MT__KIND__QUERY;
	if (!is_query || call->saw_all || node->store.recent == NULL)
		return node->head.seq;
	uint64_t saw_seq = recent->seen_seq > recent->copies_seq ? recent->seen_seq : recent->copies_seq;
	if (saw_seq > node->head.seq) /* a rehearsal took a number that no entry has */
		saw_seq = node->head.seq;
	return saw_seq > node->durable_seq ? saw_seq : node->durable_seq;
}

static void
send_replies(struct node *node, const struct incoming *incoming)
{
	if (incoming->replies->size > 0)
		replies_add(node, incoming->route, buf_slice(incoming->replies), incoming->saw_seq,
			    incoming->received_us);
	buf_reset(incoming->replies);
}

static void
add_reply(struct node *node, const struct call *call, struct incoming *incoming)
{
	Mt__Reply reply = MT__REPLY__INIT;
	reply.tag = incoming->in != NULL ? incoming->in->tag : 0;
	reply.incarnation = node->head.incarnation;
	reply.seq = call_saw(call);
	reply.repeated = incoming->repeated;
	if (call->state == CALL_REFUSED) {
		node->counts.refusals++;
		reply.status = call->status;
		reply.message = (char *)call->message;
		reply.field = (char *)call->field;
		if (call->status == MT__STATUS__UNAVAILABLE || call->status == MT__STATUS__RESOURCE_EXHAUSTED)
			reply.retry_after_s = RETRY_AFTER_S;
	} else {
		reply.reply = (ProtobufCBinaryData){call->reply.size, (uint8_t *)call->reply.data};
	}
	struct slice packed = pb_pack(&node->call_arena, &reply.base);
	if (packed.size > REPLY_BYTES_MAX) { /* a query's: a command's reply holds ids only */
		reply.reply = (ProtobufCBinaryData){0, NULL};
		reply.status = MT__STATUS__RESOURCE_EXHAUSTED;
		reply.message = (char *)"the reply is larger than a frame, ask for less";
		packed = pb_pack(&node->call_arena, &reply.base);
	}
	if (incoming->replies->size + packed.size > FRAME_BYTES_MAX / 2)
		send_replies(node, incoming);
	if (reply.seq > incoming->saw_seq)
		incoming->saw_seq = reply.seq;
	frame_add_reply(incoming->replies, packed);
	assert(!buf_failed(incoming->replies));
}

static void
shorten_park(struct call *call, const struct incoming *incoming)
{
	if (incoming->park_until_us == 0)
		return;
	int64_t now_us = call->node->world->monotonic_us(call->node->world->context);
	int64_t left_ms = (incoming->park_until_us - now_us) / 1000;
	call->park_ms = left_ms > 0 ? (uint32_t)left_ms : 0;
}

static void
one_call(struct node *node, struct incoming *incoming)
{
	struct call call;
	struct caller caller = {.roles = 0};
	struct fault fault;
	arena_reset(&node->call_arena);
	node->counts.calls++;
	call_begin(&call, node, NULL, &caller);
	node->recent->seen_seq = 0;
	incoming->in =
		(const Mt__Call *)pb_unpack(&mt__call__descriptor, &node->call_arena, incoming->bytes, false, &fault);
	if (incoming->in == NULL) {
		call_refuse_field(&call, fault.field, "the call cannot be read: %s", fault.message);
	} else {
		call.method = methods_find(node, incoming->in->method);
		if (admit(&call, incoming))
			decide(&call, incoming, &caller);
	}
	if (call.state == CALL_PARKED) {
		shorten_park(&call, incoming);
		if (park_add(node, incoming->route, incoming->bytes, incoming->kind, &call))
			return;
		call.state = CALL_OPEN;
		call_refuse(&call, MT__STATUS__RESOURCE_EXHAUSTED, "too many calls are waiting, at most %d may",
			    PARKED_CALLS_MAX);
	}
	add_reply(node, &call, incoming);
}

static const struct seal_key *
find_seal(const struct node *node, const struct frame *frame)
{
	for (size_t i = 0; i < node->config.keys_count; i++) {
		const struct seal_key *key = &node->config.keys[i];
		if (key->key_id == frame->key_id && seal_check(frame->sealed, key->key, frame->seal))
			return key;
	}
	return NULL;
}

void
dispatch_refuse_frame(struct node *node, struct slice route, struct slice bytes, Mt__Status status, const char *message)
{
	struct frame frame;
	struct incoming incoming = {
		.route = route,
		.replies = &node->reply_frame,
		.received_us = node->world->monotonic_us(node->world->context),
	};
	struct fault fault;
	size_t at = 0;
	buf_reset(&node->reply_frame);
	bool readable = frame_read(bytes, FRAME_CALLS_MAX, &frame);
	bool more = !readable || frame_next(&frame, &at, &incoming.bytes);
	while (more) {
		struct call call;
		struct caller caller = {.roles = 0};
		arena_reset(&node->call_arena);
		call_begin(&call, node, NULL, &caller);
		incoming.in = readable ? (const Mt__Call *)pb_unpack(&mt__call__descriptor, &node->call_arena,
								     incoming.bytes, false, &fault)
				       : NULL;
		call_refuse(&call, status, "%s", message);
		add_reply(node, &call, &incoming);
		more = readable && frame_next(&frame, &at, &incoming.bytes);
	}
	/* A refusal saw no state, so it need not wait for the disk: nothing piles up when that is full. */
	replies_send(node, route, buf_slice(&node->reply_frame), incoming.received_us);
}

static struct slice
queued_route(const struct queued *queued)
{
	return slice_of(queued->bytes, queued->route_size);
}

static struct slice
queued_frame(const struct queued *queued)
{
	return slice_of(queued->bytes + queued->route_size, queued->frame_size);
}

/* False, and refused, if the frame under way is none of ours. */
static bool
frame_begin(struct node *node, struct lane *lane)
{
	struct slice route = queued_route(lane->under_way);
	struct slice bytes = queued_frame(lane->under_way);
	if (!frame_read(bytes, FRAME_CALLS_MAX, &lane->frame) || lane->frame.replies > 0) {
		dispatch_refuse_frame(node, route, bytes, MT__STATUS__INVALID_ARGUMENT,
				      "the frame cannot be read as a frame of calls");
		return false;
	}
	const struct seal_key *key = find_seal(node, &lane->frame);
	if (key == NULL) {
		dispatch_refuse_frame(node, route, bytes, MT__STATUS__UNAUTHENTICATED,
				      "the frame is not sealed with a key of this service");
		return false;
	}
	lane->kind = key->kind;
	lane->saw_seq = 0;
	return true;
}

bool
dispatch_next(struct node *node, enum lane_kind kind)
{
	struct lane *lane = &node->queue.lanes[kind];
	if (lane->under_way == NULL) {
		if (!queue_take(&node->queue, kind))
			return false;
		if (!frame_begin(node, lane)) {
			queue_done(&node->queue, kind);
			return true;
		}
	}
	struct incoming incoming = {
		.route = queued_route(lane->under_way),
		.replies = &lane->replies,
		.kind = lane->kind,
		.received_us = lane->under_way->received_us,
		.saw_seq = lane->saw_seq,
	};
	if (frame_next(&lane->frame, &lane->at, &incoming.bytes))
		one_call(node, &incoming);
	lane->saw_seq = incoming.saw_seq;
	size_t ahead = lane->at;
	if (frame_next(&lane->frame, &ahead, &incoming.bytes))
		return true;
	send_replies(node, &incoming);
	queue_done(&node->queue, kind);
	return true;
}

/* --- lanes -------------------------------------------------------------------------------------------------------- */

/* What may overtake calls that came before. Not the question how the node is: who asks that learns from the time
 * it took how long calls wait, and that those sent before it were lost if it is answered and they are not. */
static bool
may_overtake(const struct node *node, struct slice call)
{
	char name[METHOD_BYTES_MAX + 1];
	struct slice said = frame_call_method(call);
	if (said.size > METHOD_BYTES_MAX)
		return false;
	memcpy(name, said.data, said.size);
	name[said.size] = '\0';
	const struct method *method = methods_find(node, name);
	return method != NULL && method->rule->kind == MT__KIND__QUERY && method->service != &node_service.base;
}

enum lane_kind
dispatch_lane(const struct node *node, struct slice bytes)
{
	struct frame frame;
	struct slice call;
	size_t at = 0;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame) || frame.replies > 0)
		return LANE_CALLS; /* to be refused in its turn */
	while (frame_next(&frame, &at, &call)) {
		if (!may_overtake(node, call))
			return LANE_CALLS;
	}
	return LANE_QUERIES;
}

void
dispatch_parked(struct node *node, struct parked *parked, bool last)
{
	struct incoming incoming = {
		.route = slice_of(parked->bytes, parked->route_size),
		.bytes = slice_of(parked->bytes + parked->route_size, parked->call_size),
		.replies = &node->reply_frame,
		.kind = parked->kind,
		.received_us = node->world->monotonic_us(node->world->context),
		.park_until_us = parked->until_us,
		.last = last,
	};
	buf_reset(&node->reply_frame);
	one_call(node, &incoming);
	send_replies(node, &incoming);
}
