/* services/certificate/certificate.c
 *
 * A certificate is a signed credential on record. Issuing is driven by completion.c; here
 * it gets its register number, its signature and its rows. It promises register numbers
 * per school and year without gaps (a step is one entry: all of its numbers or none are
 * taken), that the stored credential never changes, and that a revocation is for good. */
#include "services/certificate/certificate.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/change.h"
#include "services/certificate/completion.h"
#include "services/certificate/issue.h"
#include "services/certificate/issuer_jwt.h"
#include "services/certificate/service.h"
#include "services/certificate/tables.h"
#include "services/certificate/token.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

struct key
certificate_key(const char *certificate_id)
{
	struct key key = key_of(TABLE_CERTIFICATE);
	key_id_of(&key, certificate_id);
	return key;
}

struct key
certificates_of_key(const char *person_id)
{
	struct key key = key_of(TABLE_CERTIFICATE_OF);
	key_id_of(&key, person_id);
	return key;
}

struct key
edition_key(const char *certificate_id, uint32_t edition)
{
	struct key key = key_of(TABLE_EDITION);
	key_id_of(&key, certificate_id);
	key_u32(&key, edition);
	return key;
}

const Mt__CertificateRecord *
certificate_find(const struct call *call, const char *certificate_id)
{
	struct key key = certificate_key(certificate_id);
	return call_record(call, &key, &mt__certificate_record__descriptor);
}

const Mt__EditionRecord *
certificate_edition(const struct call *call, const Mt__CertificateRecord *certificate, uint32_t edition)
{
	struct key key = edition_key(certificate->certificate_id, edition == 0 ? certificate->edition : edition);
	return call_record(call, &key, &mt__edition_record__descriptor);
}

const Mt__CertificateRecord *
certificate_or_refuse(struct call *call, const char *certificate_id)
{
	struct id id;
	if (!call_id(call, "certificate_id", certificate_id, &id))
		return NULL;
	const Mt__CertificateRecord *certificate = certificate_find(call, certificate_id);
	if (certificate == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "certificate %s is not known", certificate_id);
	return certificate;
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

static void
certificates_get(Mt__Certificates_Service *service, const Mt__GetCertificateRequest *in,
		 Mt__GetCertificateReply_Closure reply, void *call)
{
	(void)service;
	const Mt__CertificateRecord *certificate = certificate_or_refuse(call, in->certificate_id);
	if (certificate == NULL)
		return;
	const Mt__EditionRecord *edition = certificate_edition(call, certificate, in->edition);
	if (edition == NULL || edition->signed_edition == NULL) {
		call_refuse(
			call, MT__STATUS__NOT_FOUND,
			"the credential of certificate %s was erased with its holder's data; register number %s stays",
			in->certificate_id, certificate->register_number);
		return;
	}
	Mt__GetCertificateReply out = MT__GET_CERTIFICATE_REPLY__INIT;
	const ProtobufCBinaryData *credential = &edition->signed_edition->credential;
	out.credential = arena_text(call_arena(call), slice_of(credential->data, credential->len));
	reply(&out, call);
}

static bool
is_staff(const struct call *call)
{
	return call_has_role(call, MT__ROLE__HR_OFFICER) || call_has_role(call, MT__ROLE__REGISTRAR) ||
	       call_has_role(call, MT__ROLE__LEADER) || call_has_role(call, MT__ROLE__AUDITOR);
}

/* Staff see what was issued to people of their authority, or by a school of theirs. */
static bool
staff_sees(const struct call *call, const Mt__CertificateRecord *certificate)
{
	return tree_covers(call_store(call), call_authority(call), certificate->authority_id) ||
	       tree_covers(call_store(call), call_authority(call), certificate->school_id);
}

static bool
has_token(const Mt__EditionRecord *edition, const char *text)
{
	uint8_t token[TOKEN_BYTES];
	uint64_t log_index;
	const Mt__SealedEdition *sealed = edition->signed_edition;
	return token_parse(text, token, &log_index) && log_index == edition->log_index && sealed != NULL &&
	       sealed->token.len == TOKEN_BYTES && token_equal(token, sealed->token.data);
}

bool
certificate_visible(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition,
		    const char *token)
{
	if (token[0] != '\0' && has_token(edition, token))
		return true;
	return call_is_self(call, certificate->person_id) || (is_staff(call) && staff_sees(call, certificate));
}

static Mt__CertificateView *
view_of(struct call *call, const Mt__CertificateRecord *certificate)
{
	Mt__CertificateView *view = (Mt__CertificateView *)pb_new(&mt__certificate_view__descriptor, call_arena(call));
	view->certificate_id = certificate->certificate_id;
	view->person_id = certificate->person_id;
	view->class_id = certificate->class_id;
	view->state = certificate->state;
	view->issued_on = certificate->issued_on;
	view->register_number = certificate->register_number;
	return view;
}

const Mt__CertificateRecord *
certificate_of_row(const struct call *call, struct slice row_key)
{
	struct key key = key_of(TABLE_CERTIFICATE);
	key_bytes(&key, slice_of(row_key.data + row_key.size - ID_BYTES, ID_BYTES));
	const Mt__CertificateRecord *certificate = call_record(call, &key, &mt__certificate_record__descriptor);
	assert(certificate != NULL);
	return certificate;
}

static void
certificates_list(Mt__Certificates_Service *service, const Mt__ListCertificatesRequest *in,
		  Mt__ListCertificatesReply_Closure reply, void *call)
{
	(void)service;
	struct id person_id;
	struct page page;
	if (!call_id(call, "person_id", in->person_id, &person_id))
		return;
	bool own = call_is_self(call, in->person_id);
	if (!own && !is_staff(call)) {
		call_refuse(call, MT__STATUS__PERMISSION_DENIED, "a learner may list only certificates of his own");
		return;
	}
	/* Where the person serves today is not known here; the scope is checked row by row below. */
	if (!own && !call_scope(call, call_authority(call)))
		return;
	if (!page_begin_person(&page, call, TABLE_CERTIFICATE_OF, in->person_id, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		const Mt__CertificateRecord *certificate = certificate_of_row(call, page.walk.key);
		if (own || staff_sees(call, certificate))
			page_add(&page, view_of(call, certificate));
	}
	Mt__ListCertificatesReply out = MT__LIST_CERTIFICATES_REPLY__INIT;
	out.certificates = (Mt__CertificateView **)page.items;
	out.n_certificates = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static void
certificates_issue_by_hand(Mt__Certificates_Service *service, const Mt__IssueByHandRequest *in,
			   Mt__IssueByHandReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

static void
certificates_print_on_blank(Mt__Certificates_Service *service, const Mt__PrintOnBlankRequest *in,
			    Mt__PrintOnBlankReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

static void
certificates_read_register(Mt__Certificates_Service *service, const Mt__RegisterRequest *in,
			   Mt__RegisterReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

/* The rest of the service stands in change.c, review.c and issuer_jwt.c. */
Mt__Certificates_Service certificates = MT__CERTIFICATES__INIT(certificates_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
certificate_count(struct apply *apply, enum certificate_metric metric, const char *authority_id, const char *on,
		  int64_t delta)
{
	int32_t date = DATE_NONE;
	bool is_date = date_parse(on, &date);
	assert(is_date);
	const struct metric *counted = &certificate_metrics[metric];
	figures_add(apply, counted, authority_id, "", counted->kind == METRIC_FLOW ? date_month(date) : 0, delta);
}

void
certificate_apply_erased(struct apply *apply, const char *person_id)
{
	struct key prefix = certificates_of_key(person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_of(TABLE_CERTIFICATE);
		key_bytes(&key, slice_of(walk.key.data + walk.key.size - ID_BYTES, ID_BYTES));
		Mt__CertificateRecord *certificate = apply_record(apply, &key, &mt__certificate_record__descriptor);
		assert(certificate != NULL);
		certificate->reason = NULL;
		apply_put(apply, &key, &certificate->base);
		for (uint32_t number = 1; number <= certificate->edition; number++) {
			struct key row = edition_key(certificate->certificate_id, number);
			Mt__EditionRecord *edition = apply_record(apply, &row, &mt__edition_record__descriptor);
			assert(edition != NULL);
			edition->signed_edition = NULL;
			edition->jwt = NULL;
			issuer_jwt_apply_erased(apply, edition);
			apply_put(apply, &row, &edition->base);
		}
		tlog_apply_erased(apply, certificate->certificate_id);
	}
}

void
certificate_apply(struct apply *apply, const Mt__CertificateFact *fact)
{
	switch (fact->kind_case) {
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_ISSUED:
		issue_apply_issued(apply, fact->certificate_issued);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REVOKED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_CORRECTED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_SUSPENDED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REINSTATED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_EXPIRING:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_EXPIRED:
	case MT__CERTIFICATE_FACT__KIND_BLANK_FORM_USED:
	case MT__CERTIFICATE_FACT__KIND_REVIEW_PROPOSED:
	case MT__CERTIFICATE_FACT__KIND_REVIEW_DISMISSED:
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTED:
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTION_DONE:
		change_apply(apply, fact);
		return;
	case MT__CERTIFICATE_FACT__KIND_JWT_SIGNED:
		issuer_jwt_apply_signed(apply, fact->jwt_signed);
		return;
	case MT__CERTIFICATE_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
