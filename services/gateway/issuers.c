/* services/gateway/issuers.c */
#include "services/gateway/issuers.h"

#include "services/gateway/did.h"
#include "services/gateway/forward.h"

#include "matricula/transparency.pb-c.h"

static void
on_keys(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	if (reply->status == MT__STATUS__INVALID_ARGUMENT) { /* the path names nobody: resolvers look for a 404 */
		request_refuse(request, PROBLEM_NOT_FOUND, "authorityId", "%s", reply->message);
		return;
	}
	const Mt__ListKeysReply *keys = forward_reply(request, reply, &mt__list_keys_reply__descriptor);
	if (keys == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	did_write(&body, keys, did_at_host(&request->arena, keys, request_header(request, "Host")));
	request_answer(request, 200, "application/did+json", &body);
}

/* Without {authorityId} in the path it is the deployment's. */
void
did_serve(struct request *request, void *context)
{
	Mt__ListKeysRequest list = MT__LIST_KEYS_REQUEST__INIT;
	list.authority = (char *)(uintptr_t)request_path_value(request, "authorityId");
	forward_call(request, context, "Issuers.ListKeys", &list.base, on_keys);
}

static void
on_checkpoint(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__CheckpointReply *checkpoint = forward_reply(request, reply, &mt__checkpoint_reply__descriptor);
	if (checkpoint == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	buf_text(&body, checkpoint->note);
	request_answer(request, 200, "text/plain; charset=utf-8", &body);
}

void
checkpoint_serve(struct request *request, void *context)
{
	Mt__CheckpointRequest ask = MT__CHECKPOINT_REQUEST__INIT;
	forward_call(request, context, "TransparencyLog.Checkpoint", &ask.base, on_checkpoint);
}
