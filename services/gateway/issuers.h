/* services/gateway/issuers.h
 *
 * What verifiers fetch and keep beside status lists: DID documents and the log's checkpoint. All of it is public and
 * may be asked for from any page. */
#ifndef SERVICES_GATEWAY_ISSUERS_H
#define SERVICES_GATEWAY_ISSUERS_H

#include "services/gateway/request.h"

/* context is the upstream of certificate. An institution's document, and the deployment's own. */
void did_serve(struct request *request, void *context);
void checkpoint_serve(struct request *request, void *context);

#endif
