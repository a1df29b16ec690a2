/* services/gateway/verify_page.h
 *
 * Public pages about certificates: what the QR code leads to, and the place to check anything
 * that somebody holds in hand. */
#ifndef SERVICES_GATEWAY_VERIFY_PAGE_H
#define SERVICES_GATEWAY_VERIFY_PAGE_H

#include "services/gateway/certificates.h"

/* GET /v/{code}: a page that runs nothing; context is a struct verifying. */
void verify_code_serve(struct request *request, void *context);
/* GET /verify: paste, upload, scan, type. */
void verify_page_serve(struct request *request, void *context);

#endif
