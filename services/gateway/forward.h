/* services/gateway/forward.h
 *
 * A request that is one call: the rule's route says which, path, query and body fill
 * its message by descriptor, and the reply goes back as ProtoJSON. */
#ifndef SERVICES_GATEWAY_FORWARD_H
#define SERVICES_GATEWAY_FORWARD_H

#include "services/gateway/request.h"

/* context is an array of SERVICES upstreams. */
void forward_serve(struct request *request, void *context);

/* The request message of the endpoint's rule, from path, query and body; NULL if the request was
 * refused. */
ProtobufCMessage *forward_message(struct request *request, bool *dry_run);

/* One call on behalf of the request's caller; on_reply gets the request as its context. Refuses
 * the request if the call is not taken. */
void
forward_call(struct request *request, struct upstream *upstream, const char *method, const ProtobufCMessage *message,
	     void (*on_reply)(void *context, size_t number, const Mt__Reply *reply));

/* The reply's message in the request's arena; NULL, and the request refused, if it is a refusal. */
const void *forward_reply(struct request *request, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type);

/* The Idempotency-Key as a call's id, NULL if there is none; false, and the request refused, if it is no key. */
bool forward_key(struct request *request, const char **id);

#endif
