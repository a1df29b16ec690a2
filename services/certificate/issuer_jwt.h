/* services/certificate/issuer_jwt.h
 *
 * Credentials as signed JWTs, vc+jwt; see issuer_jwt.c. */
#ifndef SERVICES_CERTIFICATE_ISSUER_JWT_H
#define SERVICES_CERTIFICATE_ISSUER_JWT_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/issuer.pb-c.h"

/* The edition as a compact JWT, in the arena: signed with RS256 where the institution had such a key at issue, else
 * with EdDSA, now and always to the same bytes. NULL and refused: UNAVAILABLE while the worker has not signed it yet.
 * The edition has its credential. */
const char *issuer_jwt(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition);

void issuers_signing_work(Mt__Issuers_Service *service, const Mt__SigningWorkRequest *in,
			  Mt__SigningWorkReply_Closure reply, void *call);
void certificates_jwt_signed(Mt__Certificates_Service *service, const Mt__JwtSignedRequest *in,
			     Mt__JwtSignedReply_Closure reply, void *call);

/* The worker is asked for the edition's JWT, if its institution has an RS256 key. */
void issuer_jwt_apply_edition(struct apply *apply, const Mt__EditionRecord *edition);
void issuer_jwt_apply_signed(struct apply *apply, const Mt__JwtSigned *fact);
/* Nobody will ask for it any more. */
void issuer_jwt_apply_erased(struct apply *apply, const Mt__EditionRecord *edition);

#endif
