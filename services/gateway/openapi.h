/* services/gateway/openapi.h
 *
 * The generated OpenAPI document with the gateway's own routes put in, so that what is
 * served is what is described. */
#ifndef SERVICES_GATEWAY_OPENAPI_H
#define SERVICES_GATEWAY_OPENAPI_H

#include "services/gateway/http.h"

/* The document as JSON text in the arena. */
struct slice openapi_make(struct arena *arena, const struct endpoint *endpoints, size_t count);

#endif
