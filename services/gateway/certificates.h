/* services/gateway/certificates.h
 *
 * What the certificate service answers in a shape of its own: the credential itself,
 * its verification, and the public page. */
#ifndef SERVICES_GATEWAY_CERTIFICATES_H
#define SERVICES_GATEWAY_CERTIFICATES_H

#include "services/gateway/request.h"

/* context is the upstream of certificate. */
void certificate_serve(struct request *request, void *context);
void certificate_verify_serve(struct request *request, void *context);
void certificate_page_serve(struct request *request, void *context);

#endif
