/* services/gateway/health.h
 *
 * What operators ask: is it alive, is it ready, how is it doing, what can it do. */
#ifndef SERVICES_GATEWAY_HEALTH_H
#define SERVICES_GATEWAY_HEALTH_H

#include "services/gateway/door.h"
#include "services/gateway/stream.h"

struct health {
	struct upstream *const *upstreams; /* SERVICES of them */
	const struct http *http;
	const struct door *door; /* NULL if there is none */
	const struct streams *streams;
	bool draining;
	struct slice openapi; /* made at the start, see openapi.h */
};

/* context is the struct health. */
void livez_serve(struct request *request, void *context);
void readyz_serve(struct request *request, void *context);
void metrics_serve(struct request *request, void *context);
void openapi_serve(struct request *request, void *context);

#endif
