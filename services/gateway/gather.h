/* services/gateway/gather.h
 *
 * The same question to all four services at once, for one request. */
#ifndef SERVICES_GATEWAY_GATHER_H
#define SERVICES_GATEWAY_GATHER_H

#include "services/gateway/request.h"

/* Asks on behalf of the request's caller; on_done gets a reply for each service, never NULL,
 * in the request's arena. */
void gather_begin(struct request *request, struct upstream *const upstreams[SERVICES], const char *method,
		  const ProtobufCMessage *message,
		  void (*on_done)(struct request *request, const Mt__Reply *const replies[SERVICES]));

/* The refusal that decides: NULL if the replies that are OK say enough. A service that does not
 * know the thing asked for (NOT_FOUND) is left out, unless none knows it. */
const Mt__Reply *gather_refusal(const Mt__Reply *const replies[SERVICES], bool one_is_enough);

#endif
