/* services/certificate/issue_by_hand.c
 *
 * One certificate for what no class here led to: a course elsewhere that the institution answers for, or a list that
 * came too late. A leader says why, and who signs by the kind must be the one who issues. The reason is for how it
 * came, not for what was reached: hours and mark hold to the kind's rules as those of a class do, also where the kind
 * is named without its programme, for the certificate bears the kind's name. It goes through the same register, status
 * list and log as all others. */
#include "services/certificate/issue.h"

#include "services/certificate/certificate.h"
#include "services/certificate/content.h"

/* The kind that was asked for; a programme that a kind names is certified as that kind only. */
static const Mt__CertificateKindRecord *
kind_or_refuse(struct call *call, const char *school_id, const Mt__IssueByHandRequest *in)
{
	const char *programme_id = in->content == NULL ? "" : in->content->programme_id;
	const Mt__CertificateKindRecord *binds = kind_binding(call, school_id, programme_id);
	if (binds != NULL && (in->kind_code[0] == '\0' || strcmp(in->kind_code, binds->kind_code) == 0))
		return binds;
	if (binds != NULL) {
		call_refuse_field(call, "kind_code", "programme %s is certified as kind %s", programme_id,
				  binds->kind_code);
		return NULL;
	}
	const char *code = in->kind_code[0] == '\0' ? KIND_DEFAULT : in->kind_code;
	const Mt__CertificateKindRecord *kind = kind_find(call, school_id, code);
	if (kind == NULL)
		call_refuse_field(call, "kind_code", "no certificate kind %.*s is in force for the institution",
				  KIND_CODE_BYTES_MAX, code);
	return kind;
}

static bool
rules_check(struct call *call, const Mt__CertificateKindRecord *kind, const Mt__CertificateContent *content)
{
	Mt__CompletionRecord reached = MT__COMPLETION_RECORD__INIT;
	reached.hours = content->hours;
	reached.mark_percent = content->mark_percent;
	const char *short_of = kind_short_of(call_arena(call), kind, &reached);
	if (short_of == NULL)
		return true;
	call_refuse_field(call, content->hours < kind->hours_min ? "content.hours" : "content.mark_percent", "%s",
			  short_of);
	return false;
}

/* The same course is certified once: what was wrong with it is corrected. */
static bool
is_new(struct call *call, const char *person_id, const Mt__CertificateContent *content)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = content->programme_id[0] == '\0' ? 0 : call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct key prefix = certificates_of_key(ids[i]);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			const Mt__CertificateRecord *one = certificate_of_row(call, walk.key);
			if (strcmp(one->programme_id, content->programme_id) != 0 ||
			    strcmp(one->completed_on, content->completed_on) != 0 ||
			    one->state == MT__CERTIFICATE__STATE__REVOKED)
				continue;
			call_refuse(call, MT__STATUS__ALREADY_EXISTS,
				    "certificate %s is of the same programme, completed on the same day",
				    one->certificate_id);
			return false;
		}
	}
	return true;
}

/* Who gets it: NULL and refused if that is nobody who can have one. */
static const char *
holder_or_refuse(struct call *call, const char *person_id)
{
	struct id id;
	if (!call_id(call, "person_id", person_id, &id))
		return NULL;
	const char *holder = call_person(call, person_id);
	if (!call_erased(call, holder))
		return holder;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the data of person %s was erased", person_id);
	return NULL;
}

static const char *
reason_text(struct call *call, const Mt__Reason *reason)
{
	return content_text(call, "reason.text", reason == NULL ? "" : reason->text, false);
}

void
certificates_issue_by_hand(Mt__Certificates_Service *service, const Mt__IssueByHandRequest *in,
			   Mt__IssueByHandReply_Closure reply, void *call)
{
	(void)service;
	struct issuing issuing;
	uint32_t signatory;
	Mt__Reason reason = MT__REASON__INIT;
	Mt__CertificateRecord certificate = MT__CERTIFICATE_RECORD__INIT;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL || !call_scope(call, school->authority_id))
		return;
	const char *holder = holder_or_refuse(call, in->person_id);
	if (holder == NULL)
		return;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "person_authority", in->person_authority);
	const Mt__CertificateKindRecord *kind =
		authority == NULL ? NULL : kind_or_refuse(call, school->authority_id, in);
	if (kind == NULL || !kind_signatory(call, kind, &signatory))
		return;
	Mt__CertificateContent *content = content_checked(call, in->content);
	reason.text = content == NULL ? NULL : (char *)reason_text(call, in->reason);
	if (reason.text == NULL || !rules_check(call, kind, content) || !is_new(call, holder, content))
		return;
	content_of_kind(content, kind, signatory);
	certificate.person_id = (char *)holder;
	certificate.authority_id = authority->authority_id;
	certificate.origin = MT__CERTIFICATE__ORIGIN__BY_HAND;
	certificate.state_by = (char *)call_subject(call);
	if (!issue_begin(&issuing, call, school->authority_id))
		return;
	issue_of_kind(&issuing, &certificate, kind, content, &reason);
	issue_end(&issuing);

	Mt__IssueByHandReply out = MT__ISSUE_BY_HAND_REPLY__INIT;
	out.certificate_id = certificate.certificate_id;
	out.register_number = certificate.register_number;
	reply(&out, call);
}
