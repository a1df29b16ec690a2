/* services/gateway/certificates.h
 *
 * What the certificate service answers in a shape of its own: the credential itself, and the
 * verification of whatever is presented. Pages stand in verify_page.h. */
#ifndef SERVICES_GATEWAY_CERTIFICATES_H
#define SERVICES_GATEWAY_CERTIFICATES_H

#include "services/gateway/request.h"
#include "services/gateway/visitors.h"

/* What asks the certificate service on behalf of strangers. */
struct verifying {
	struct upstream *upstream;
	struct visitors *visitors;
};

/* GET /v1/certificates/{certificateId}; context is the upstream of certificate. */
void certificate_serve(struct request *request, void *context);
/* POST /v1/certificates:verify; context is a struct verifying. */
void certificate_verify_serve(struct request *request, void *context);

#endif
