/* services/certificate/correct.c
 *
 * A correction changes what a certificate says and nothing else: it keeps its place in the
 * register, its dates and its state, and gets the next edition, signed now. The edition
 * before it stays as it was signed, superseded, its revocation bit set, so that whoever
 * holds it hears that there is a newer one. The register and the completion say from then
 * on what the new edition says.
 *
 * The institution corrects what is valid or expired. What is suspended is in question, and
 * says the same until that is decided; what is revoked certifies nothing; recorded paper
 * says what is printed on it. The registry's own corrections (holder.c) reach a suspended
 * one too: its new edition is suspended from its first instant. */
#include "services/certificate/correct.h"

#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/change.h"
#include "services/certificate/completion.h"
#include "services/certificate/content.h"
#include "services/certificate/review.h"

/* --- what it says afterwards -------------------------------------------------------------------------------------- */

static bool
clears(const Mt__CorrectCertificateRequest *in, const char *field)
{
	for (size_t i = 0; i < in->n_clear; i++) {
		if (strcmp(in->clear[i], field) == 0)
			return true;
	}
	return false;
}

static bool
clears_known_fields(struct call *call, const Mt__CorrectCertificateRequest *in)
{
	static const char *const fields[] = {"birthDate",   "programmeTitleEn", "hours",
					     "markPercent", "decisionNumber",   "decisionDate"};
	for (size_t i = 0; i < in->n_clear; i++) {
		bool known = false;
		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			known = known || strcmp(in->clear[i], fields[k]) == 0;
		if (known)
			continue;
		call_refuse_field(call, "clear",
				  "clear names a field that cannot be made empty: birthDate, programmeTitleEn, hours, "
				  "markPercent, decisionNumber and decisionDate can");
		return false;
	}
	return true;
}

struct merging {
	struct call *call;
	const Mt__CorrectCertificateRequest *in;
};

/* The text as it is to be: changed, cleared or as before; NULL and refused if it is given and cleared. */
static char *
merged_text(const struct merging *it, const char *field, char *given, char *before)
{
	static char none[] = "";
	bool cleared = clears(it->in, field);
	if (cleared && given[0] != '\0') {
		call_refuse_field(it->call, "clear", "clear names %s, which is given too", field);
		return none;
	}
	if (cleared)
		return none;
	return given[0] != '\0' ? given : before;
}

static uint32_t
merged_number(const struct merging *it, const char *field, uint32_t given, uint32_t before)
{
	bool cleared = clears(it->in, field);
	if (cleared && given != 0)
		call_refuse_field(it->call, "clear", "clear names %s, which is given too", field);
	if (cleared)
		return 0;
	return given != 0 ? given : before;
}

/* Another programme is another certificate, and its class is what its kind says. */
static bool
check_kept(struct call *call, const Mt__CertificateContent *given, const Mt__CertificateContent *before)
{
	if (given->programme_id[0] != '\0' && strcmp(given->programme_id, before->programme_id) != 0)
		call_refuse_field(call, "content.programme_id",
				  "content.programme_id is not corrected: what was issued for another programme is "
				  "revoked, and the right one issued");
	else if (given->class_of != MT__CERTIFICATE_KIND__CLASS__UNSET && given->class_of != before->class_of)
		call_refuse_field(call, "content.class_of", "content.class_of is what the certificate kind says");
	return !call_refused(call);
}

/* What the kind says stays as it was signed. */
static void
keep_of_kind(Mt__CertificateContent *content, const Mt__CertificateContent *before)
{
	content->programme_id = before->programme_id;
	content->kind_name = before->kind_name;
	content->kind_name_en = before->kind_name_en;
	content->signatory_name = before->signatory_name;
	content->signatory_title = before->signatory_title;
	content->signatory_title_en = before->signatory_title_en;
	content->class_of = before->class_of;
}

static bool
same_content(struct arena *arena, const Mt__CertificateContent *a, const Mt__CertificateContent *b)
{
	return slice_equal(pb_pack(arena, &a->base), pb_pack(arena, &b->base));
}

/* The content as it is to be; NULL and refused. */
static Mt__CertificateContent *
corrected_content(struct call *call, const Mt__CorrectCertificateRequest *in, const Mt__CertificateContent *before,
		  char *issued_on)
{
	static const Mt__CertificateContent nothing = MT__CERTIFICATE_CONTENT__INIT;
	const Mt__CertificateContent *given = in->content != NULL ? in->content : &nothing;
	const struct merging it = {call, in};
	if (!check_kept(call, given, before) || !clears_known_fields(call, in))
		return NULL;
	Mt__CertificateContent merged = *given; /* with what only the kind may say, to be refused by its name */
	merged.programme_id = before->programme_id;
	merged.name = merged_text(&it, "name", given->name, before->name);
	merged.birth_date = merged_text(&it, "birthDate", given->birth_date, before->birth_date);
	merged.programme_title = merged_text(&it, "programmeTitle", given->programme_title, before->programme_title);
	merged.programme_title_en =
		merged_text(&it, "programmeTitleEn", given->programme_title_en, before->programme_title_en);
	merged.completed_on = merged_text(&it, "completedOn", given->completed_on, before->completed_on);
	merged.decision_number = merged_text(&it, "decisionNumber", given->decision_number, before->decision_number);
	merged.decision_date = merged_text(&it, "decisionDate", given->decision_date, before->decision_date);
	merged.hours = merged_number(&it, "hours", given->hours, before->hours);
	merged.mark_percent = merged_number(&it, "markPercent", given->mark_percent, before->mark_percent);
	bool undated = merged.completed_on[0] == '\0'; /* as some paper is */
	if (undated)
		merged.completed_on = issued_on;
	Mt__CertificateContent *content = call_refused(call) ? NULL : content_checked(call, &merged);
	if (content == NULL)
		return NULL;
	if (undated)
		content->completed_on = before->completed_on;
	keep_of_kind(content, before);
	if (!same_content(call_arena(call), content, before))
		return content;
	call_refuse_field(call, "content", "certificate %s says that already: there is nothing to correct",
			  in->certificate_id);
	return NULL;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

/* What the certificate says now; NULL and refused if it cannot be given another edition. */
static const Mt__CertificateContent *
present_or_refuse(struct call *call, const Mt__CertificateRecord *certificate)
{
	const char *id = certificate->certificate_id;
	if (certificate->state != MT__CERTIFICATE__STATE__VALID &&
	    certificate->state != MT__CERTIFICATE__STATE__EXPIRED) {
		static const char *const why[] = {
			[MT__CERTIFICATE__STATE__REVOKED] = "was revoked",
			[MT__CERTIFICATE__STATE__SUSPENDED] = "is suspended: decide on that first",
			[MT__CERTIFICATE__STATE__RECORDED] = "was recorded from paper: it is confirmed first",
		};
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate %s %s", id, why[certificate->state]);
		return NULL;
	}
	if (certificate->edition >= EDITIONS_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED,
			    "certificate %s has %u editions already: revoke it and issue another", id,
			    certificate->edition);
		return NULL;
	}
	const Mt__CertificateContent *content = change_content(call, certificate);
	if (content == NULL)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "what certificate %s said was erased with its holder's data", id);
	return content;
}

bool
correct_may_sign(const struct issuing *issuing, const Mt__CertificateRecord *certificate)
{
	return certificate->specimen == issuing->issuer.trial;
}

void
correct_emit(struct issuing *issuing, const Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
	     Mt__Reason *reason)
{
	Mt__CertificateRecord next = *certificate;
	Mt__EditionRecord edition = MT__EDITION_RECORD__INIT;
	Mt__RegisterRecord entry = MT__REGISTER_RECORD__INIT;
	Mt__LogEntry leaf = MT__LOG_ENTRY__INIT;
	Mt__CertificateCorrected fact = MT__CERTIFICATE_CORRECTED__INIT;
	next.edition++;
	leaf.kind = MT__LOG_STATEMENT__KIND__CORRECTED;
	issue_edition(issuing, &next, content, &edition, &leaf);
	issue_entry(issuing, &next, content, &entry);
	fact.edition = &edition;
	fact.entry = &entry;
	fact.leaf = &leaf;
	fact.authority_id = certificate->authority_id;
	fact.corrected_on = issuing->today;
	fact.corrected_by = (char *)call_subject(issuing->call);
	fact.reason = reason;
	fact.person_id = certificate->person_id;
	fact.programme_title = content->programme_title;
	fact.completed_on = content->completed_on;
	const Mt__CertificateContent *before = change_content(issuing->call, certificate);
	fact.mark_corrected = before != NULL && before->mark_percent != content->mark_percent;
	call_emit(issuing->call, &fact.base);
}

static void
correct_and_reply(struct call *call, const Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
		  const char *why, Mt__CorrectCertificateReply_Closure reply)
{
	struct issuing issuing;
	Mt__Reason reason = MT__REASON__INIT;
	Mt__CorrectCertificateReply out = MT__CORRECT_CERTIFICATE_REPLY__INIT;
	if (!issue_begin(&issuing, call, certificate->school_id))
		return;
	reason.text = (char *)why;
	bool same = correct_may_sign(&issuing, certificate);
	if (same)
		correct_emit(&issuing, certificate, content, &reason);
	issue_end(&issuing);
	if (!same) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "certificate %s is a specimen from before there was a public address: issue another",
			    certificate->certificate_id);
		return;
	}
	out.edition = certificate->edition + 1;
	reply(&out, call);
}

void
certificates_correct(Mt__Certificates_Service *service, const Mt__CorrectCertificateRequest *in,
		     Mt__CorrectCertificateReply_Closure reply, void *call)
{
	(void)service;
	const Mt__CertificateRecord *certificate = change_or_refuse(call, in->certificate_id);
	if (certificate == NULL)
		return;
	const Mt__CertificateContent *before = present_or_refuse(call, certificate);
	if (before == NULL)
		return;
	const char *why = change_reason(call, "reason.text", in->reason == NULL ? "" : in->reason->text);
	if (why == NULL)
		return;
	Mt__CertificateContent *content = corrected_content(call, in, before, certificate->issued_on);
	if (content != NULL)
		correct_and_reply(call, certificate, content, why, reply);
}

void
certificates_reissue(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in,
		     Mt__CorrectCertificateReply_Closure reply, void *call)
{
	(void)service;
	const Mt__CertificateRecord *certificate = change_or_refuse(call, in->certificate_id);
	if (certificate == NULL)
		return;
	const Mt__CertificateContent *before = present_or_refuse(call, certificate);
	if (before == NULL)
		return;
	const char *why = change_reason(call, "reason", in->reason);
	if (why == NULL)
		return;
	Mt__CertificateContent content = *before;
	correct_and_reply(call, certificate, &content, why, reply);
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

/* The edition that was the present one. */
static void
supersede(struct apply *apply, const Mt__CertificateRecord *certificate, char *at)
{
	struct key key = edition_key(certificate->certificate_id, certificate->edition);
	Mt__EditionRecord *edition = apply_record(apply, &key, &mt__edition_record__descriptor);
	assert(edition != NULL);
	edition->superseded_at = at;
	apply_put(apply, &key, &edition->base);
	status_apply_set(apply, edition, MT__STATUS_LIST__PURPOSE__REVOCATION, true, at);
	status_apply_set(apply, edition, MT__STATUS_LIST__PURPOSE__SUSPENSION, false, at);
}

void
correct_apply(struct apply *apply, const Mt__CertificateCorrected *fact)
{
	const Mt__EditionRecord *edition = fact->edition;
	struct key key = certificate_key(edition->certificate_id);
	Mt__CertificateRecord *certificate = apply_record(apply, &key, &mt__certificate_record__descriptor);
	assert(certificate != NULL);
	assert(edition->edition == certificate->edition + 1);
	supersede(apply, certificate, edition->issued_at);
	certificate->edition = edition->edition;
	certificate->version++;
	certificate->completed_on = fact->completed_on;
	apply_put(apply, &key, &certificate->base);
	issue_apply_edition(apply, edition, fact->leaf);
	issue_apply_entry(apply, fact->entry);
	if (certificate->state == MT__CERTIFICATE__STATE__SUSPENDED)
		status_apply_set(apply, edition, MT__STATUS_LIST__PURPOSE__SUSPENSION, true, edition->issued_at);
	const Mt__CertificateContent *content =
		edition->signed_edition == NULL ? NULL : edition->signed_edition->content;
	if (certificate->class_id[0] != '\0' && content != NULL) /* its holder was not erased since */
		completion_apply_corrected(apply, certificate, content);
	certificate_count(apply, METRIC_CERTIFICATES_CORRECTED, fact->authority_id, fact->corrected_on, 1);
	if (fact->mark_corrected)
		review_apply_decided(apply, certificate);
}
