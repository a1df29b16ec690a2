/* services/gateway/status_lists.h
 *
 * GET /v1/status-lists/{authority}/{number}/{purpose}, and the signed lists as last seen, so that one that did not
 * change is neither signed nor sent anew; see status_lists.c. */
#ifndef SERVICES_GATEWAY_STATUS_LISTS_H
#define SERVICES_GATEWAY_STATUS_LISTS_H

#include "services/gateway/request.h"

struct status_lists;

struct status_lists *status_lists_open(struct upstream *certificate);
void status_lists_close(struct status_lists *lists);
/* context is a struct status_lists. */
void status_list_serve(struct request *request, void *context);

#endif
