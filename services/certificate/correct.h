/* services/certificate/correct.h
 *
 * New editions of a certificate; see correct.c. */
#ifndef SERVICES_CERTIFICATE_CORRECT_H
#define SERVICES_CERTIFICATE_CORRECT_H

#include "services/certificate/issue.h"

#include "matricula/certificate.pb-c.h"

/* By command: an erasure empties all editions with one fact, and an export shows all of them in one row. */
enum { EDITIONS_MAX = 50 };

/* Handlers of the service certificates, in certificate.c's table. */
void certificates_correct(Mt__Certificates_Service *service, const Mt__CorrectCertificateRequest *in,
			  Mt__CorrectCertificateReply_Closure reply, void *call);
void certificates_reissue(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			  Mt__CorrectCertificateReply_Closure reply, void *call);

/* False of a specimen once the trial is over: what is signed then would be no specimen. */
bool correct_may_sign(const struct issuing *issuing, const Mt__CertificateRecord *certificate);
/* Emits CertificateCorrected with the certificate's next edition, which says content. The reason may be NULL. */
void correct_emit(struct issuing *issuing, const Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
		  Mt__Reason *reason);

void correct_apply(struct apply *apply, const Mt__CertificateCorrected *fact);

#endif
