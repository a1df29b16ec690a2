/* services/certificate/verify.h
 *
 * What is to be said of a presented credential; see verify.c. */
#ifndef SERVICES_CERTIFICATE_VERIFY_H
#define SERVICES_CERTIFICATE_VERIFY_H

#include "common/core/call.h"

#include "matricula/verification.pb-c.h"

extern Mt__Verifications_Service verifications;
extern Mt__VerificationLists_Service verification_lists;

#endif
