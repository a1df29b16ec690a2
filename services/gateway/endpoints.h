/* services/gateway/endpoints.h
 *
 * Everything that HTTP reaches: a route for each rule with a path, and the gateway's own. */
#ifndef SERVICES_GATEWAY_ENDPOINTS_H
#define SERVICES_GATEWAY_ENDPOINTS_H

#include "services/gateway/certificates.h"
#include "services/gateway/door.h"
#include "services/gateway/health.h"
#include "services/gateway/stream.h"
#include "services/gateway/tail.h"

struct endpoints_of {
	struct upstream **upstreams; /* SERVICES of them */
	struct door *door;           /* NULL if there is none */
	struct streams *streams;
	struct tails *tails;
	struct health *health;
	struct verifying *verifying;
	struct status_lists *status_lists;
};

void endpoints_add(struct http *http, const struct endpoints_of *of);

#endif
