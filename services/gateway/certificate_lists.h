/* services/gateway/certificate_lists.h
 *
 * Certificates in spreadsheets: an institution's register, its older paper certificates, and
 * the pile of papers that an HR officer has to check. */
#ifndef SERVICES_GATEWAY_CERTIFICATE_LISTS_H
#define SERVICES_GATEWAY_CERTIFICATE_LISTS_H

#include "services/gateway/request.h"

/* The endpoints' context is the upstream of certificate. */

/* GET /v1/authorities/{authority}/register/{year}/register.csv?separator= */
void register_csv_serve(struct request *request, void *context);
/* POST /v1/authorities/{authority}/paper-certificates.csv: each row's outcome as CSV. */
void paper_csv_serve(struct request *request, void *context);
/* POST /v1/certificates:verify-list: CSV in, the same rows with their verdicts out. */
void verify_csv_serve(struct request *request, void *context);

#endif
