/* services/certificate/review.c
 *
 * A mark may change after a certificate was issued on it. Nothing happens to the certificate
 * by that: the institution finds it on a list of what is to be looked at, with a proposal,
 * a revocation where the mark is short of the rules of its kind, else a correction. Whoever
 * corrects its mark or revokes it has decided; whoever lets it stand dismisses the review,
 * with a reason. A certificate is on the list once, with the mark as it is now. */
#include "services/certificate/review.h"

#include "common/base/date.h"
#include "services/certificate/certificate.h"
#include "services/certificate/change.h"
#include "services/certificate/tables.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
reviews_key(const char *school_id)
{
	struct key key = key_of(TABLE_REVIEW);
	key_id_of(&key, school_id);
	return key;
}

static struct key
review_key(const char *school_id, const char *certificate_id)
{
	struct key key = reviews_key(school_id);
	key_id_of(&key, certificate_id);
	return key;
}

const Mt__ReviewRecord *
review_find(const struct call *call, const Mt__CertificateRecord *certificate)
{
	struct key key = review_key(certificate->school_id, certificate->certificate_id);
	return call_record(call, &key, &mt__review_record__descriptor);
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

static void
emit_dismissed(struct call *call, const Mt__CertificateRecord *certificate, Mt__Reason *reason)
{
	Mt__ReviewDismissed fact = MT__REVIEW_DISMISSED__INIT;
	fact.certificate_id = certificate->certificate_id;
	fact.school_id = certificate->school_id;
	fact.person_id = certificate->person_id;
	fact.reason = reason;
	call_emit(call, &fact.base);
}

void
review_propose(struct call *call, const Mt__CertificateRecord *certificate, uint32_t mark_certified,
	       uint32_t mark_percent, bool short_of_rules)
{
	char today[DATE_TEXT_BYTES];
	const Mt__ReviewRecord *known = review_find(call, certificate);
	if (certificate->state == MT__CERTIFICATE__STATE__REVOKED)
		return;
	if (mark_percent == mark_certified) {
		if (known != NULL)
			emit_dismissed(call, certificate, NULL);
		return;
	}
	if (known != NULL && known->mark_percent == mark_percent && known->short_of_rules == short_of_rules)
		return;
	Mt__ReviewRecord review = MT__REVIEW_RECORD__INIT;
	Mt__ReviewProposed fact = MT__REVIEW_PROPOSED__INIT;
	date_format(call_today(call), today);
	review.certificate_id = certificate->certificate_id;
	review.school_id = certificate->school_id;
	review.person_id = certificate->person_id;
	review.mark_percent = mark_percent;
	review.mark_certified = mark_certified;
	review.short_of_rules = short_of_rules;
	review.proposed_on = today;
	fact.review = &review;
	call_emit(call, &fact.base);
}

void
certificates_reviews(Mt__Certificates_Service *service, const Mt__ListReviewsRequest *in,
		     Mt__ListReviewsReply_Closure reply, void *call)
{
	(void)service;
	struct page page;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return;
	struct key prefix = reviews_key(authority->authority_id);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page))
		page_add(&page, call_unpack(call, &mt__review_record__descriptor, page.walk.value));
	Mt__ListReviewsReply out = MT__LIST_REVIEWS_REPLY__INIT;
	out.reviews = (Mt__ReviewRecord **)page.items;
	out.n_reviews = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

void
certificates_dismiss_review(Mt__Certificates_Service *service, const Mt__DismissReviewRequest *in,
			    Mt__DismissReviewReply_Closure reply, void *call)
{
	(void)service;
	Mt__Reason reason = MT__REASON__INIT;
	Mt__DismissReviewReply out = MT__DISMISS_REVIEW_REPLY__INIT;
	const Mt__CertificateRecord *certificate = change_or_refuse(call, in->certificate_id);
	if (certificate == NULL)
		return;
	if (review_find(call, certificate) == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "there is nothing to review of certificate %s",
			    in->certificate_id);
		return;
	}
	reason.text = (char *)change_reason(call, "reason", in->reason);
	if (reason.text == NULL)
		return;
	emit_dismissed(call, certificate, &reason);
	reply(&out, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
review_apply_decided(struct apply *apply, const Mt__CertificateRecord *certificate)
{
	struct key key = review_key(certificate->school_id, certificate->certificate_id);
	if (store_has(apply_store(apply), key_slice(&key)))
		apply_delete(apply, &key);
}

void
review_apply(struct apply *apply, const Mt__CertificateFact *fact)
{
	if (fact->kind_case == MT__CERTIFICATE_FACT__KIND_REVIEW_PROPOSED) {
		const Mt__ReviewRecord *review = fact->review_proposed->review;
		struct key key = review_key(review->school_id, review->certificate_id);
		apply_put(apply, &key, &review->base);
		return;
	}
	const Mt__ReviewDismissed *dismissed = fact->review_dismissed;
	struct key key = review_key(dismissed->school_id, dismissed->certificate_id);
	apply_delete(apply, &key);
}
