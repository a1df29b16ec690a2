/* services/certificate/signer.h
 *
 * The worker beside the certificate node that makes RS256 keys and signs JWTs with them: a second for a key, two
 * milliseconds for a signature. It opens the sealed secrets with the service's own secret, which it reads from the keys
 * folder; what it is told to do, and what it brings back, are calls of the node. */
#ifndef SERVICES_CERTIFICATE_SIGNER_H
#define SERVICES_CERTIFICATE_SIGNER_H

#include "common/host/error.h"

struct signer;

/* NULL and a sentence on error. Says in the log if the deployment is on trial. */
struct signer *signer_start(int argc, char **argv, struct host_error *error);
/* When the node has ended. */
void signer_stop(struct signer *signer, int exit_code);

#endif
