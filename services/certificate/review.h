/* services/certificate/review.h
 *
 * Marks that come after issue; see review.c. */
#ifndef SERVICES_CERTIFICATE_REVIEW_H
#define SERVICES_CERTIFICATE_REVIEW_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

/* Handlers of the service certificates, in certificate.c's table. */
void certificates_reviews(Mt__Certificates_Service *service, const Mt__ListReviewsRequest *in,
			  Mt__ListReviewsReply_Closure reply, void *call);
void certificates_dismiss_review(Mt__Certificates_Service *service, const Mt__DismissReviewRequest *in,
				 Mt__DismissReviewReply_Closure reply, void *call);

/* What waits to be decided of it, or NULL. */
const Mt__ReviewRecord *review_find(const struct call *call, const Mt__CertificateRecord *certificate);
/* A mark came after the certificate was issued: emits ReviewProposed if it speaks against what was certified, and
 * ReviewDismissed if it no longer does. Called by the reaction to MarkNoted. */
void review_propose(struct call *call, const Mt__CertificateRecord *certificate, uint32_t mark_certified,
		    uint32_t mark_percent, bool short_of_rules);

/* The certificate's mark was corrected, or it was revoked: nothing waits to be decided of it. */
void review_apply_decided(struct apply *apply, const Mt__CertificateRecord *certificate);
void review_apply(struct apply *apply, const Mt__CertificateFact *fact);

#endif
