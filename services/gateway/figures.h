/* services/gateway/figures.h
 *
 * GET /v1/figures and /v1/figures/definitions: all four services asked, one answer. */
#ifndef SERVICES_GATEWAY_FIGURES_H
#define SERVICES_GATEWAY_FIGURES_H

#include "services/gateway/request.h"

/* context is an array of SERVICES upstreams. */
void figures_serve(struct request *request, void *context);
void figure_definitions_serve(struct request *request, void *context);

#endif
