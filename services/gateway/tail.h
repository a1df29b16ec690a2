/* services/gateway/tail.h
 *
 * GET /v1/journal/{service}: the facts of a service after a sequence number, as lines
 * of JSON that end at the head (after waiting for `wait` seconds if there is nothing),
 * or as server-sent events that follow it, resumed by Last-Event-ID. */
#ifndef SERVICES_GATEWAY_TAIL_H
#define SERVICES_GATEWAY_TAIL_H

#include "services/gateway/request.h"

struct tails;

struct tails *tails_open(struct upstream *const upstreams[SERVICES]);
/* context is the struct tails. */
void tail_serve(struct request *request, void *context);
/* Ends every one, and refuses new ones. */
void tails_end(struct tails *tails);
void tails_close(struct tails *tails);

#endif
