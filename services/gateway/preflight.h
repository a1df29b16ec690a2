/* services/gateway/preflight.h
 *
 * OPTIONS: what a path takes, and what of it scripts of other sites may use. */
#ifndef SERVICES_GATEWAY_PREFLIGHT_H
#define SERVICES_GATEWAY_PREFLIGHT_H

#include "services/gateway/request.h"

/* The path was found to take other verbs: request->match.allow has them. */
void preflight_answer(struct request *request, const struct routes *routes, const struct endpoint *endpoints,
		      const char *path);

#endif
