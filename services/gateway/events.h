/* services/gateway/events.h
 *
 * POST /v1/events: CloudEvents over HTTP, one outcome for each, after the commit. */
#ifndef SERVICES_GATEWAY_EVENTS_H
#define SERVICES_GATEWAY_EVENTS_H

#include "services/gateway/request.h"

/* context is the upstream of enrollment. */
void events_serve(struct request *request, void *context);
void event_types_serve(struct request *request, void *context);
void event_type_serve(struct request *request, void *context);

#endif
