/* services/gateway/stream.h
 *
 * GET /v1/figures/stream: figures as they change, as server-sent events. A subscriber
 * is first brought up to date (a snapshot, or what changed since Last-Event-ID), then
 * lives on a feed: one long poll a service, shared by all who ask the same question
 * with the same token, so that a thousand dashboards cost four polls.
 *
 * Promises: absolute values, never an older one after a newer; after `event: reset` a
 * snapshot follows; the event id resumes on any gateway. */
#ifndef SERVICES_GATEWAY_STREAM_H
#define SERVICES_GATEWAY_STREAM_H

#include "services/gateway/request.h"

struct streams;

struct streams *streams_open(uv_loop_t *loop, struct upstream *const upstreams[SERVICES]);
/* context is the struct streams. */
void stream_serve(struct request *request, void *context);
/* Ends every stream, and refuses new ones. */
void streams_end(struct streams *streams);
/* After the HTTP server was closed. */
void streams_close(struct streams *streams);
size_t streams_feeds(const struct streams *streams);

#endif
