/* services/certificate/service.h
 *
 * What the certificate service is made of, and what it counts. */
#ifndef SERVICES_CERTIFICATE_SERVICE_H
#define SERVICES_CERTIFICATE_SERVICE_H

#include "common/core/node.h"

enum certificate_metric {
	METRIC_CERTIFICATES_VALID, /* not while it is suspended, nor once it is expired or revoked */
	METRIC_CERTIFICATES_ISSUED,
	METRIC_CERTIFICATES_REVOKED,
	METRIC_CERTIFICATES_SUSPENDED,
	METRIC_CERTIFICATES_CORRECTED,
	METRIC_CERTIFICATES_EXPIRED,
};

extern const struct metric certificate_metrics[]; /* by enum certificate_metric */
extern const struct module certificate_module;

#endif
