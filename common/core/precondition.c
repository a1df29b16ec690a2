/* common/core/precondition.c
 *
 * Whoever changes what he read may ask that it still be what he read (If-Match). The
 * loop decides one call at a time, so a query that is answered here, right before the
 * command, says what the command will find: nobody comes between the two. */
#include "common/core/impl.h"

#include "common/base/hash.h"

static bool
is_asked_for(const Mt__Precondition *precondition, struct slice reply)
{
	uint8_t hash[HASH_BYTES];
	hash_sha256(reply, hash);
	bool known = precondition->any;
	for (size_t i = 0; i < precondition->n_reply_hashes; i++) {
		const ProtobufCBinaryData *one = &precondition->reply_hashes[i];
		known = known || (one->len == PRECONDITION_HASH_BYTES && memcmp(one->data, hash, one->len) == 0);
	}
	return known;
}

/* Answered, or refused in the words of the query: who may not read it is told no more by a command. */
static bool
ask(struct call *call, struct call *query, const Mt__Precondition *precondition)
{
	struct fault fault;
	struct slice request = slice_of(precondition->request.data, precondition->request.len);
	call_begin(query, call->node, methods_find(call->node, precondition->method), call->caller);
	if (query->method == NULL || query->method->rule->kind != MT__KIND__QUERY) {
		call_refuse_field(call, "precondition", "the precondition names no query");
		return false;
	}
	const ProtobufCMessage *message = pb_unpack(query->method->rule->input, call->arena, request, true, &fault);
	if (message == NULL) {
		call_refuse_field(call, "precondition", "%s", fault.message);
		return false;
	}
	if (access_allow_role(query) && access_allow_scope(query, message) &&
	    dispatch_internal(call->node, query, query->method, message))
		return true;
	call_refuse(call, query->status, "%s", query->message);
	return false;
}

bool
precondition_holds(struct call *call, const Mt__Precondition *precondition)
{
	struct call query;
	if (!ask(call, &query, precondition))
		return false;
	if (is_asked_for(precondition, query.reply))
		return true;
	call_refuse(call, MT__STATUS__ABORTED, "it is not as it was read: somebody changed it since");
	return false;
}
