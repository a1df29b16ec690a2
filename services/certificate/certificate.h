/* services/certificate/certificate.h
 *
 * Certificates: issued, served, listed, revoked; see certificate.c. */
#ifndef SERVICES_CERTIFICATE_CERTIFICATE_H
#define SERVICES_CERTIFICATE_CERTIFICATE_H

#include "services/certificate/issuer.h"

#include "matricula/certificate.pb-c.h"

enum { REASON_BYTES_MAX = 1000 };

extern Mt__Certificates_Service certificates;

/* The last place taken in the school's register of the year; 0 at its beginning. */
uint32_t register_last(const struct call *call, const char *school_id, int year);
/* Issues one certificate: makes and signs the credential, emits CertificateIssued. place follows the last one
 * taken, counting those issued earlier in the same call. */
void certificate_issue(struct call *call, const struct issuer *issuer, const Mt__CompletionRecord *completion,
		       uint32_t place);

/* The bytes as signed; none if their holder was erased. */
struct slice certificate_credential(const Mt__CertificateRecord *certificate);
/* NULL if there is none. The id was checked. */
const Mt__CertificateRecord *certificate_find(const struct call *call, const char *certificate_id);

void certificate_apply(struct apply *apply, const Mt__CertificateFact *fact);
/* Credentials of the person are no more; see struct module. */
void certificate_apply_erased(struct apply *apply, const char *person_id);

#endif
