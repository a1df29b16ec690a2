/* services/gateway/paper_page.h
 *
 * Certificates and passports as PDF. They are drawn in a worker, at most PAPERS_MAX at a
 * time, from what the certificate service answers; see services/paper. */
#ifndef SERVICES_GATEWAY_PAPER_PAGE_H
#define SERVICES_GATEWAY_PAPER_PAGE_H

#include "services/gateway/request.h"

/* GET /v1/certificates/{certificateId}/certificate.pdf?token=&edition=; context is a struct verifying. */
void certificate_paper_serve(struct request *request, void *context);
/* GET /v1/persons/{personId}/passport.pdf?authority=; context is the upstream of certificate. */
void passport_paper_serve(struct request *request, void *context);

#endif
