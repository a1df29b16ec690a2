/* services/certificate/certificate.c
 *
 * A certificate is a place in a register with a signed credential for each edition of it. Here it is served: to its
 * holder, to staff over where the holder served or over the institution, and to whoever has the token of its
 * verification URL, who sees what the paper shows and nothing beside it. issue.c makes it, change.c and its like change
 * it. It promises that the stored credential never changes, and that who may not see one is not told whether it exists.
 */
#include "services/certificate/certificate.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/credential/jcs.h"
#include "common/wire/pb.h"
#include "services/certificate/change.h"
#include "services/certificate/completion.h"
#include "services/certificate/correct.h"
#include "services/certificate/issue.h"
#include "services/certificate/issuer_jwt.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/register.h"
#include "services/certificate/review.h"
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

/* Who asks, and so how much is told. */
enum reader { READER_NOBODY, READER_OF_TOKEN, READER_HOLDER_OR_STAFF };

Mt__CertificateView *
certificate_view(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition)
{
	struct arena *arena = call_arena(call);
	Mt__CertificateView *view = (Mt__CertificateView *)pb_new(&mt__certificate_view__descriptor, arena);
	view->certificate_id = certificate->certificate_id;
	view->person_id = certificate->person_id;
	view->class_id = certificate->class_id;
	view->state = certificate->state;
	view->issued_on = certificate->issued_on;
	view->register_number = certificate->register_number;
	view->kind_code = certificate->kind_code;
	view->edition = certificate->edition;
	view->valid_until = certificate->valid_until;
	view->blank_serial = certificate->blank_serial;
	view->school_id = certificate->school_id;
	view->specimen = certificate->specimen;
	view->origin = certificate->origin;
	view->state_on = certificate->state_on;
	view->renews = certificate->renews;
	view->reason = certificate->reason;
	if (edition == NULL)
		edition = certificate_edition(call, certificate, 0);
	const Mt__SealedEdition *sealed = edition == NULL ? NULL : edition->signed_edition;
	if (sealed == NULL)
		return view;
	if (sealed->content != NULL) {
		view->programme_title = sealed->content->programme_title;
		view->programme_title_en = sealed->content->programme_title_en;
	}
	if (sealed->token.len == TOKEN_BYTES)
		view->verification_url = arena_format(arena, "%s" TOKEN_PATH "%s", public_url_now(call).url,
						      token_code(arena, sealed->token.data, edition->log_index));
	return view;
}

/* To whoever has only the token: not more than the certificate shows. */
static void
hide_from_stranger(Mt__CertificateView *view)
{
	static char none[] = "";
	view->person_id = none;
	view->class_id = none;
	view->blank_serial = none;
	view->renews = none;
	view->reason = NULL;
}

static bool
has_token(const Mt__EditionRecord *edition, const char *text)
{
	uint8_t token[TOKEN_BYTES];
	uint64_t log_index;
	return edition != NULL && edition->signed_edition != NULL &&
	       edition->signed_edition->token.len == TOKEN_BYTES && token_parse(text, token, &log_index) &&
	       log_index == edition->log_index && token_equal(token, edition->signed_edition->token.data);
}

static enum reader
reader_of(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition,
	  const char *token)
{
	if (certificate == NULL)
		return READER_NOBODY;
	if (call_is_self(call, certificate->person_id) || (is_staff(call) && staff_sees(call, certificate)))
		return READER_HOLDER_OR_STAFF;
	return token[0] != '\0' && has_token(edition, token) ? READER_OF_TOKEN : READER_NOBODY;
}

/* Whether there is such a certificate is told only to whom it is shown. */
static const Mt__CertificateRecord *
shown_to(struct call *call, const char *certificate_id, uint32_t number, const char *token,
	 const Mt__EditionRecord **edition, enum reader *reader)
{
	struct id id;
	if (!call_id(call, "certificate_id", certificate_id, &id))
		return NULL;
	const Mt__CertificateRecord *certificate = certificate_find(call, certificate_id);
	*edition = certificate == NULL ? NULL : certificate_edition(call, certificate, number);
	*reader = reader_of(call, certificate, *edition, token);
	if (*reader == READER_NOBODY)
		call_refuse(call, MT__STATUS__NOT_FOUND,
			    "certificate %s is not known, or not for who asks: its holder, staff, or whoever has the "
			    "token of its verification URL",
			    certificate_id);
	else if (*edition == NULL)
		call_refuse_field(call, "edition", "certificate %s has no such edition", certificate_id);
	return *reader == READER_NOBODY || *edition == NULL ? NULL : certificate;
}

const Mt__CertificateRecord *
certificate_for_reader(struct call *call, const char *certificate_id, uint32_t number, const char *token,
		       const Mt__EditionRecord **edition)
{
	enum reader reader;
	return shown_to(call, certificate_id, number, token, edition, &reader);
}

/* The text that was asked for; NULL and refused if there is none. */
static const char *
credential_text(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition, bool jwt)
{
	const char *id = certificate->certificate_id;
	if (edition->signed_edition == NULL || edition->signed_edition->credential.len == 0) {
		call_refuse(call, MT__STATUS__NOT_FOUND,
			    certificate->state == MT__CERTIFICATE__STATE__RECORDED
				    ? "certificate %s is recorded from paper; there is no credential until its issuer "
				      "confirms it, register number %s"
				    : "the credential of certificate %s was erased with its holder's data; register "
				      "number %s stays",
			    id, certificate->register_number);
		return NULL;
	}
	if (jwt)
		return issuer_jwt(call, certificate, edition);
	const ProtobufCBinaryData *credential = &edition->signed_edition->credential;
	return arena_text(call_arena(call), slice_of(credential->data, credential->len));
}

/* The institution's name on the day of signing: it may have been renamed since. */
static const char *
institution_signed(struct arena *arena, const ProtobufCBinaryData *credential)
{
	struct jcs_tree tree = jcs_parse(arena, slice_of(credential->data, credential->len));
	const struct jcs_value *issuer = tree.root == NULL ? NULL : jcs_member(tree.root, "issuer");
	const struct jcs_value *name = issuer == NULL ? NULL : jcs_member(issuer, "name");
	return name == NULL || name->kind != JSON_STRING ? "" : arena_text(arena, name->text);
}

static void
certificates_get(Mt__Certificates_Service *service, const Mt__GetCertificateRequest *in,
		 Mt__GetCertificateReply_Closure reply, void *call)
{
	(void)service;
	const Mt__EditionRecord *edition;
	enum reader reader;
	const Mt__CertificateRecord *certificate =
		shown_to(call, in->certificate_id, in->edition, in->token, &edition, &reader);
	if (certificate == NULL)
		return;
	Mt__GetCertificateReply out = MT__GET_CERTIFICATE_REPLY__INIT;
	out.credential = (char *)credential_text(call, certificate, edition, in->jwt);
	if (out.credential == NULL)
		return;
	out.certificate = certificate_view(call, certificate, edition);
	out.content = edition->signed_edition->content;
	out.institution = (char *)institution_signed(call_arena(call), &edition->signed_edition->credential);
	out.issued_at = edition->issued_at;
	if (reader == READER_OF_TOKEN)
		hide_from_stranger(out.certificate);
	reply(&out, call);
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
			page_add(&page, certificate_view(call, certificate, NULL));
	}
	Mt__ListCertificatesReply out = MT__LIST_CERTIFICATES_REPLY__INIT;
	out.certificates = (Mt__CertificateView **)page.items;
	out.n_certificates = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

/* The rest of the service stands in change.c, correct.c, review.c, issue_by_hand.c, register.c and issuer_jwt.c. */
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
	case MT__CERTIFICATE_FACT__KIND_BLANK_FORM_USED:
		register_apply_blank(apply, fact->blank_form_used);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REVOKED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_CORRECTED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_SUSPENDED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REINSTATED:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_EXPIRING:
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_EXPIRED:
	case MT__CERTIFICATE_FACT__KIND_REVIEW_PROPOSED:
	case MT__CERTIFICATE_FACT__KIND_REVIEW_DISMISSED:
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTED:
	case MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTION_CONTINUED:
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
