/* services/certificate/change.h
 *
 * What happens to a certificate after its issue; see change.c, expiry.c and review.c. */
#ifndef SERVICES_CERTIFICATE_CHANGE_H
#define SERVICES_CERTIFICATE_CHANGE_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

/* Handlers of the service certificates, in certificate.c's table. */
void certificates_correct(Mt__Certificates_Service *service, const Mt__CorrectCertificateRequest *in,
			  Mt__CorrectCertificateReply_Closure reply, void *call);
void certificates_reissue(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			  Mt__CorrectCertificateReply_Closure reply, void *call);
void certificates_revoke(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			 Mt__ChangeStateReply_Closure reply, void *call);
void certificates_suspend(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			  Mt__ChangeStateReply_Closure reply, void *call);
void certificates_reinstate(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
			    Mt__ChangeStateReply_Closure reply, void *call);
void certificates_reviews(Mt__Certificates_Service *service, const Mt__ListReviewsRequest *in,
			  Mt__ListReviewsReply_Closure reply, void *call);
void certificates_dismiss_review(Mt__Certificates_Service *service, const Mt__DismissReviewRequest *in,
				 Mt__DismissReviewReply_Closure reply, void *call);

extern Mt__CertificateTimers_Service certificate_timers;
extern Mt__CertificateReactions_Service certificate_reactions;

/* A mark came after the certificate was issued: emits ReviewProposed if it speaks against what was certified.
 * Called by the reaction to MarkNoted. */
void review_propose(struct call *call, const Mt__CertificateRecord *certificate, uint32_t mark_certified,
		    uint32_t mark_percent, bool short_of_rules);

/* Sets the timers of reminders and of the end, for one just issued with an end. */
void expiry_apply_issued(struct apply *apply, const Mt__CertificateRecord *certificate);
/* The facts of CertificateFact that are not issuing. */
void change_apply(struct apply *apply, const Mt__CertificateFact *fact);

#endif
