/* services/certificate/change.h
 *
 * What becomes of a certificate after its issue: revoked, suspended, reinstated; see change.c. Corrections are in
 * correct.c, the end of its validity in expiry.c, later marks in review.c, corrections of the registry in holder.c. */
#ifndef SERVICES_CERTIFICATE_CHANGE_H
#define SERVICES_CERTIFICATE_CHANGE_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

/* Handlers of the service certificates, in certificate.c's table. */
void certificates_revoke(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			 Mt__ChangeStateReply_Closure reply, void *call);
void certificates_suspend(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			  Mt__ChangeStateReply_Closure reply, void *call);
void certificates_reinstate(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			    Mt__ChangeStateReply_Closure reply, void *call);

extern Mt__CertificateTimers_Service certificate_timers;
extern Mt__CertificateReactions_Service certificate_reactions;

/* Why, as the caller gave it; NULL and refused by that field: it is missing or too long. */
const char *change_reason(struct call *call, const char *field, const char *text);
/* A certificate that the caller may change, being over its institution; NULL and refused. */
const Mt__CertificateRecord *change_or_refuse(struct call *call, const char *certificate_id);
/* What a certificate says at present; NULL if its holder was erased. */
const Mt__CertificateContent *change_content(const struct call *call, const Mt__CertificateRecord *certificate);

/* The facts of CertificateFact that are neither issuing nor signing. */
void change_apply(struct apply *apply, const Mt__CertificateFact *fact);

#endif
