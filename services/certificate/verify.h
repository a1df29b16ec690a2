/* services/certificate/verify.h
 *
 * The verdict on a presented credential; see verify.c. */
#ifndef SERVICES_CERTIFICATE_VERIFY_H
#define SERVICES_CERTIFICATE_VERIFY_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

/* Fills in the reply: verdict "valid", "revoked", "invalid" or "unknown", and reasons in plain words. What was
 * presented is never repeated in them. */
void verify_credential(struct call *call, const char *credential, Mt__VerifyCredentialReply *out);

#endif
