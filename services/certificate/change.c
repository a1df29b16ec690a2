/* services/certificate/change.c
 *
 * The states of a certificate, and who moves it between them: the institution, with a reason.
 *
 *   VALID <-> SUSPENDED;  VALID -> EXPIRED (expiry.c);  all of them, and RECORDED -> REVOKED, for good
 *
 * None of it needs the institution's key, so that nothing is in the way of a revocation: the
 * bit in the status list and the leaf in the log follow from the fact, and the list is signed
 * anew when somebody asks for it. It promises that of a certificate's editions the revocation
 * bit of those superseded is set, and of the present one if it is revoked; and the suspension
 * bit of the present one alone, while it is suspended. Reasons are sealed with the holder. */
#include "services/certificate/change.h"

#include "common/base/date.h"
#include "services/certificate/certificate.h"
#include "services/certificate/correct.h"
#include "services/certificate/expiry.h"
#include "services/certificate/holder.h"
#include "services/certificate/issue.h"
#include "services/certificate/review.h"
#include "services/certificate/tables.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

const char *
change_reason(struct call *call, const char *field, const char *text)
{
	return call_text(call, field, text, REASON_BYTES_MAX, false);
}

const Mt__CertificateRecord *
change_or_refuse(struct call *call, const char *certificate_id)
{
	const Mt__CertificateRecord *certificate = certificate_or_refuse(call, certificate_id);
	return certificate == NULL || !call_scope(call, certificate->school_id) ? NULL : certificate;
}

const Mt__CertificateContent *
change_content(const struct call *call, const Mt__CertificateRecord *certificate)
{
	const Mt__EditionRecord *edition = certificate_edition(call, certificate, 0);
	return edition == NULL || edition->signed_edition == NULL ? NULL : edition->signed_edition->content;
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

/* What each of the three facts tells beside its names. */
struct change {
	const Mt__CertificateRecord *certificate;
	const char *title; /* of the programme; "" once the holder was erased */
	Mt__Reason reason;
	Mt__LogSalt salt;
	Mt__LogEntry leaf;
	char today[DATE_TEXT_BYTES];
};

/* Looks the certificate up and reads the reason; false and refused. */
static bool
change_begin(struct change *change, struct call *call, const Mt__ChangeStateRequest *in)
{
	static const Mt__Reason no_reason = MT__REASON__INIT;
	*change = (struct change){.certificate = change_or_refuse(call, in->certificate_id), .title = ""};
	if (change->certificate == NULL)
		return false;
	change->reason = no_reason;
	change->reason.text = (char *)change_reason(call, "reason", in->reason);
	const Mt__CertificateContent *content = change_content(call, change->certificate);
	if (content != NULL)
		change->title = content->programme_title;
	date_format(call_today(call), change->today);
	return change->reason.text != NULL;
}

/* The leaf that tells of it, under a salt of its own: nothing was signed. */
static bool
change_log(struct change *change, struct call *call, Mt__LogStatement__Kind kind)
{
	static const Mt__LogSalt no_salt = MT__LOG_SALT__INIT;
	static const Mt__LogEntry no_leaf = MT__LOG_ENTRY__INIT;
	struct tlog_places places;
	if (!tlog_begin(call, &places))
		return false;
	change->salt = no_salt;
	change->salt.salt = issue_random(call, LOG_SALT_BYTES);
	change->leaf = no_leaf;
	change->leaf.kind = kind;
	change->leaf.certificate_id = change->certificate->certificate_id;
	change->leaf.person_id = change->certificate->person_id;
	change->leaf.edition = change->certificate->edition;
	change->leaf.at = (char *)issuer_key_now(call);
	change->leaf.salt = &change->salt;
	tlog_leaf(call, &places, &change->leaf, change->salt.salt.data);
	return true;
}

static bool
refuse_state(struct call *call, const Mt__CertificateRecord *certificate, const char *wanted)
{
	static const char *const was[] = {
		[MT__CERTIFICATE__STATE__VALID] = "is valid",
		[MT__CERTIFICATE__STATE__REVOKED] = "was revoked",
		[MT__CERTIFICATE__STATE__SUSPENDED] = "was suspended",
		[MT__CERTIFICATE__STATE__RECORDED] = "was recorded from paper and not confirmed",
		[MT__CERTIFICATE__STATE__EXPIRED] = "expired",
	};
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate %s %s on %s already: %s",
		    certificate->certificate_id, was[certificate->state], certificate->state_on, wanted);
	return false;
}

void
certificates_revoke(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
		    Mt__ChangeStateReply_Closure reply, void *call)
{
	(void)service;
	struct change change;
	Mt__ChangeStateReply out = MT__CHANGE_STATE_REPLY__INIT;
	Mt__CertificateRevoked fact = MT__CERTIFICATE_REVOKED__INIT;
	if (!change_begin(&change, call, in))
		return;
	if (change.certificate->state == MT__CERTIFICATE__STATE__REVOKED) {
		refuse_state(call, change.certificate, "that is for good");
		return;
	}
	if (!change_log(&change, call, MT__LOG_STATEMENT__KIND__REVOKED))
		return;
	fact.certificate_id = change.certificate->certificate_id;
	fact.person_id = change.certificate->person_id;
	fact.school_id = change.certificate->school_id;
	fact.authority_id = change.certificate->authority_id;
	fact.revoked_on = change.today;
	fact.revoked_by = (char *)call_subject(call);
	fact.reason = &change.reason;
	fact.leaf = &change.leaf;
	fact.programme_title = (char *)change.title;
	call_emit(call, &fact.base);
	reply(&out, call);
}

void
certificates_suspend(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
		     Mt__ChangeStateReply_Closure reply, void *call)
{
	(void)service;
	struct change change;
	Mt__ChangeStateReply out = MT__CHANGE_STATE_REPLY__INIT;
	Mt__CertificateSuspended fact = MT__CERTIFICATE_SUSPENDED__INIT;
	if (!change_begin(&change, call, in))
		return;
	if (change.certificate->state != MT__CERTIFICATE__STATE__VALID) {
		refuse_state(call, change.certificate, "only a valid one is suspended");
		return;
	}
	if (!change_log(&change, call, MT__LOG_STATEMENT__KIND__SUSPENDED))
		return;
	fact.certificate_id = change.certificate->certificate_id;
	fact.person_id = change.certificate->person_id;
	fact.school_id = change.certificate->school_id;
	fact.authority_id = change.certificate->authority_id;
	fact.suspended_on = change.today;
	fact.suspended_by = (char *)call_subject(call);
	fact.reason = &change.reason;
	fact.leaf = &change.leaf;
	fact.programme_title = (char *)change.title;
	call_emit(call, &fact.base);
	reply(&out, call);
}

/* One whose last day passed while it was suspended is expired as soon as it is reinstated. */
void
certificates_reinstate(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
		       Mt__ChangeStateReply_Closure reply, void *call)
{
	(void)service;
	struct change change;
	Mt__ChangeStateReply out = MT__CHANGE_STATE_REPLY__INIT;
	Mt__CertificateReinstated fact = MT__CERTIFICATE_REINSTATED__INIT;
	if (!change_begin(&change, call, in))
		return;
	if (change.certificate->state != MT__CERTIFICATE__STATE__SUSPENDED) {
		refuse_state(call, change.certificate, "only a suspended one is reinstated");
		return;
	}
	if (!change_log(&change, call, MT__LOG_STATEMENT__KIND__REINSTATED))
		return;
	fact.certificate_id = change.certificate->certificate_id;
	fact.person_id = change.certificate->person_id;
	fact.school_id = change.certificate->school_id;
	fact.authority_id = change.certificate->authority_id;
	fact.reinstated_on = change.today;
	fact.reinstated_by = (char *)call_subject(call);
	fact.reason = &change.reason;
	fact.leaf = &change.leaf;
	fact.programme_title = (char *)change.title;
	call_emit(call, &fact.base);
	if (expiry_is_past(call, change.certificate))
		expiry_emit_expired(call, change.certificate);
	reply(&out, call);
}

Mt__CertificateTimers_Service certificate_timers = MT__CERTIFICATE_TIMERS__INIT(certificate_timers_);

Mt__CertificateReactions_Service certificate_reactions = MT__CERTIFICATE_REACTIONS__INIT(certificate_reactions_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

/* The present edition's bit; of paper that nobody confirmed there is none. */
static void
set_bit(struct apply *apply, const Mt__CertificateRecord *certificate, Mt__StatusList__Purpose purpose, bool on,
	const char *at)
{
	if (certificate->edition == 0)
		return;
	struct key key = edition_key(certificate->certificate_id, certificate->edition);
	const Mt__EditionRecord *edition = apply_record(apply, &key, &mt__edition_record__descriptor);
	assert(edition != NULL);
	status_apply_set(apply, edition, purpose, on, at);
}

/* The metric that a certificate is counted in for its state, or none. */
static void
count_state(struct apply *apply, const Mt__CertificateRecord *certificate, int64_t delta)
{
	if (certificate->state == MT__CERTIFICATE__STATE__VALID)
		certificate_count(apply, METRIC_CERTIFICATES_VALID, certificate->authority_id, certificate->state_on,
				  delta);
	else if (certificate->state == MT__CERTIFICATE__STATE__SUSPENDED)
		certificate_count(apply, METRIC_CERTIFICATES_SUSPENDED, certificate->authority_id,
				  certificate->state_on, delta);
}

struct new_state {
	const char *certificate_id;
	Mt__Certificate__State state;
	char *on;
	char *by;
	Mt__Reason *reason;
};

static const Mt__CertificateRecord *
put_state(struct apply *apply, const struct new_state *new_state)
{
	struct key key = certificate_key(new_state->certificate_id);
	Mt__CertificateRecord *certificate = apply_record(apply, &key, &mt__certificate_record__descriptor);
	assert(certificate != NULL);
	count_state(apply, certificate, -1);
	certificate->state = new_state->state;
	certificate->state_on = new_state->on;
	certificate->state_by = new_state->by;
	certificate->reason = new_state->reason;
	certificate->version++;
	count_state(apply, certificate, 1);
	apply_put(apply, &key, &certificate->base);
	return certificate;
}

static void
apply_revoked(struct apply *apply, const Mt__CertificateRevoked *fact)
{
	const struct new_state state = {.certificate_id = fact->certificate_id,
					.state = MT__CERTIFICATE__STATE__REVOKED,
					.on = fact->revoked_on,
					.by = fact->revoked_by,
					.reason = fact->reason};
	const Mt__CertificateRecord *certificate = put_state(apply, &state);
	set_bit(apply, certificate, MT__STATUS_LIST__PURPOSE__REVOCATION, true, fact->leaf->at);
	set_bit(apply, certificate, MT__STATUS_LIST__PURPOSE__SUSPENSION, false, fact->leaf->at);
	tlog_apply(apply, fact->leaf);
	review_apply_decided(apply, certificate);
	certificate_count(apply, METRIC_CERTIFICATES_REVOKED, fact->authority_id, fact->revoked_on, 1);
}

static void
apply_suspended(struct apply *apply, const Mt__CertificateSuspended *fact)
{
	const struct new_state state = {.certificate_id = fact->certificate_id,
					.state = MT__CERTIFICATE__STATE__SUSPENDED,
					.on = fact->suspended_on,
					.by = fact->suspended_by,
					.reason = fact->reason};
	const Mt__CertificateRecord *certificate = put_state(apply, &state);
	set_bit(apply, certificate, MT__STATUS_LIST__PURPOSE__SUSPENSION, true, fact->leaf->at);
	tlog_apply(apply, fact->leaf);
}

static void
apply_reinstated(struct apply *apply, const Mt__CertificateReinstated *fact)
{
	const struct new_state state = {.certificate_id = fact->certificate_id,
					.state = MT__CERTIFICATE__STATE__VALID,
					.on = fact->reinstated_on,
					.by = fact->reinstated_by};
	const Mt__CertificateRecord *certificate = put_state(apply, &state);
	set_bit(apply, certificate, MT__STATUS_LIST__PURPOSE__SUSPENSION, false, fact->leaf->at);
	tlog_apply(apply, fact->leaf);
}

static void
apply_expired(struct apply *apply, const Mt__CertificateExpired *fact)
{
	static char clock[] = "";
	const struct new_state state = {.certificate_id = fact->certificate_id,
					.state = MT__CERTIFICATE__STATE__EXPIRED,
					.on = fact->expired_on,
					.by = clock};
	put_state(apply, &state);
	certificate_count(apply, METRIC_CERTIFICATES_EXPIRED, fact->authority_id, fact->expired_on, 1);
}

void
change_apply(struct apply *apply, const Mt__CertificateFact *fact)
{
	switch (fact->kind_case) {
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REVOKED:
		apply_revoked(apply, fact->certificate_revoked);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_SUSPENDED:
		apply_suspended(apply, fact->certificate_suspended);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REINSTATED:
		apply_reinstated(apply, fact->certificate_reinstated);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_EXPIRED:
		apply_expired(apply, fact->certificate_expired);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_EXPIRING:
		return; /* told to the holder; nothing is kept of it */
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_CORRECTED:
		correct_apply(apply, fact->certificate_corrected);
		return;
	case MT__CERTIFICATE_FACT__KIND_REVIEW_PROPOSED:
	case MT__CERTIFICATE_FACT__KIND_REVIEW_DISMISSED:
		review_apply(apply, fact);
		return;
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTED:
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTION_CONTINUED:
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTION_DONE:
		holder_apply(apply, fact);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_ISSUED:
	case MT__CERTIFICATE_FACT__KIND_BLANK_FORM_USED:
	case MT__CERTIFICATE_FACT__KIND_JWT_SIGNED:
	case MT__CERTIFICATE_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* certificate.c applies them */
}
