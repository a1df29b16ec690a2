/* services/gateway/freshness.h
 *
 * GET /v1/freshness: the scoreboard as JSON or, with Accept: text/csv, as a table. */
#ifndef SERVICES_GATEWAY_FRESHNESS_H
#define SERVICES_GATEWAY_FRESHNESS_H

#include "services/gateway/request.h"

/* context is the upstream of enrollment. */
void freshness_serve(struct request *request, void *context);

#endif
