/* services/certificate/certificate.h
 *
 * Certificates: issued, served, listed, revoked; see certificate.c. */
#ifndef SERVICES_CERTIFICATE_CERTIFICATE_H
#define SERVICES_CERTIFICATE_CERTIFICATE_H

#include "services/certificate/issuer.h"
#include "services/certificate/service.h"

#include "matricula/certificate.pb-c.h"

enum { REASON_BYTES_MAX = 1000 };

extern Mt__Certificates_Service certificates;

struct key certificate_key(const char *certificate_id);
/* Prefix of a person's certificates; the rest is the certificate. */
struct key certificates_of_key(const char *person_id);
struct key edition_key(const char *certificate_id, uint32_t edition);

/* NULL if there is none. The id was checked. */
const Mt__CertificateRecord *certificate_find(const struct call *call, const char *certificate_id);
/* NULL and refused: the id is none (field certificate_id), or unknown. */
const Mt__CertificateRecord *certificate_or_refuse(struct call *call, const char *certificate_id);
/* Of a row whose key ends with the certificate's id, such as those of certificates_of_key. */
const Mt__CertificateRecord *certificate_of_row(const struct call *call, struct slice row_key);
/* edition 0: the present one. NULL if there is none. */
const Mt__EditionRecord *
certificate_edition(const struct call *call, const Mt__CertificateRecord *certificate, uint32_t edition);

/* For whoever has the code of the verification URL (token, may be ""), the holder, and staff over the holder's authority
 * or the institution. NULL and refused otherwise, in the same words whether or not there is such a certificate; also
 * without that edition (0: the present one). */
const Mt__CertificateRecord *certificate_for_reader(struct call *call, const char *certificate_id, uint32_t number,
					       const char *token, const Mt__EditionRecord **edition);
/* What is told of a certificate; of an edition (NULL: the present one) its title and the code of its verification
 * URL, for the holder and staff. */
Mt__CertificateView *
certificate_view(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition);

/* Counts where the holder served at issue; on is a civil date. */
void certificate_count(struct apply *apply, enum certificate_metric metric, const char *authority_id, const char *on,
		       int64_t delta);
void certificate_apply(struct apply *apply, const Mt__CertificateFact *fact);
/* Credentials of the person are no more; see struct module. */
void certificate_apply_erased(struct apply *apply, const char *person_id);

#endif
