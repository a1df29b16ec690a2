/* proto/gen/openapi.h
 *
 * The OpenAPI 3.1 document of all methods with a path. */
#ifndef PROTO_GEN_OPENAPI_H
#define PROTO_GEN_OPENAPI_H

#include "proto/gen/model.h"

#include <jansson.h>

/* Wants a model that check_model did not refuse; may still refuse a name. New reference. */
json_t *openapi_build(struct model *model);

#endif
