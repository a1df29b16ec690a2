/* services/gateway/gather.c
 *
 * Replies are copied into the request's arena as they come; the last one completes. */
#include "services/gateway/gather.h"

#include "common/wire/pb.h"

struct gather {
	struct request *request;
	void (*on_done)(struct request *request, const Mt__Reply *const replies[SERVICES]);
	const Mt__Reply *replies[SERVICES];
	unsigned waiting;
	bool sending;
};

static void
reply_keep(struct gather *gather, size_t number, const Mt__Reply *reply)
{
	struct arena *arena = &gather->request->arena;
	Mt__Reply *kept = arena_alloc(arena, sizeof(*kept));
	*kept = *reply;
	kept->message = arena_text(arena, slice_text(reply->message));
	kept->field = arena_text(arena, slice_text(reply->field));
	kept->reply.data = (uint8_t *)(uintptr_t)arena_copy(arena, slice_of(reply->reply.data, reply->reply.len)).data;
	gather->replies[number] = kept;
}

static void
on_reply(void *context, size_t number, const Mt__Reply *reply)
{
	struct gather *gather = context;
	reply_keep(gather, number, reply);
	gather->waiting--;
	if (gather->waiting == 0 && !gather->sending)
		gather->on_done(gather->request, gather->replies);
}

void
gather_begin(struct request *request, struct upstream *const upstreams[SERVICES], const char *method,
	     const ProtobufCMessage *message,
	     void (*on_done)(struct request *request, const Mt__Reply *const replies[SERVICES]))
{
	struct gather *gather = arena_zero(&request->arena, sizeof(*gather));
	struct upstream_call call = {
		.method = method,
		.asks = true,
		.request = pb_pack(&request->arena, message),
		.caller = request_caller(request),
		.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0),
		.on_reply = on_reply,
		.context = gather,
	};
	request->arena.limit = 0;
	gather->request = request;
	gather->on_done = on_done;
	gather->sending = true;
	for (call.number = 0; call.number < SERVICES; call.number++) {
		struct upstream *upstream = upstreams[call.number];
		Mt__Reply refused = MT__REPLY__INIT;
		gather->waiting++;
		if (upstream_send(upstream, &call, &refused.status) != 0)
			continue;
		refused.message = (char *)(uintptr_t)upstream_refusal(upstream, refused.status);
		on_reply(gather, call.number, &refused);
	}
	gather->sending = false;
	if (gather->waiting == 0)
		on_done(request, gather->replies);
}

const Mt__Reply *
gather_refusal(const Mt__Reply *const replies[SERVICES], bool one_is_enough)
{
	const Mt__Reply *not_found = NULL;
	const Mt__Reply *refusal = NULL;
	bool any = false;
	for (int i = 0; i < SERVICES; i++) {
		const Mt__Reply *reply = replies[i];
		bool decisive = reply->status == MT__STATUS__UNAUTHENTICATED ||
				reply->status == MT__STATUS__PERMISSION_DENIED ||
				reply->status == MT__STATUS__INVALID_ARGUMENT;
		if (decisive)
			return reply;
		if (reply->status == MT__STATUS__OK)
			any = true;
		else if (reply->status == MT__STATUS__NOT_FOUND)
			not_found = not_found == NULL ? reply : not_found;
		else
			refusal = refusal == NULL ? reply : refusal;
	}
	if (any && one_is_enough)
		return NULL;
	if (refusal != NULL)
		return refusal;
	return any ? NULL : not_found;
}
