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
#include "services/certificate/completion.h"
#include "services/certificate/credential.h"
#include "services/certificate/service.h"
#include "services/certificate/tables.h"
#include "services/certificate/verify.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
certificate_key(const char *certificate_id)
{
	struct key key = key_of(TABLE_CERTIFICATE);
	key_id_of(&key, certificate_id);
	return key;
}

static struct key
certificates_of_key(const char *person_id)
{
	struct key key = key_of(TABLE_CERTIFICATE_OF);
	key_id_of(&key, person_id);
	return key;
}

static struct key
register_key(const char *school_id, uint32_t year)
{
	struct key key = key_of(TABLE_REGISTER);
	key_id_of(&key, school_id);
	key_u32(&key, year);
	return key;
}

const Mt__CertificateRecord *
certificate_find(const struct call *call, const char *certificate_id)
{
	struct key key = certificate_key(certificate_id);
	return call_record(call, &key, &mt__certificate_record__descriptor);
}

struct slice
certificate_credential(const Mt__CertificateRecord *certificate)
{
	const Mt__SealedCredential *sealed = certificate->credential;
	return sealed == NULL ? slice_text("") : slice_of(sealed->credential.data, sealed->credential.len);
}

static const Mt__CertificateRecord *
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

uint32_t
register_last(const struct call *call, const char *school_id, int year)
{
	struct key key = register_key(school_id, (uint32_t)year);
	struct slice value;
	if (!store_get(call_store(call), key_slice(&key), &value))
		return 0;
	assert(value.size == sizeof(uint32_t));
	return get_u32(value.data);
}

/* --- issuing ---------------------------------------------------------------------------------------------------- */

static const char *
issued_at(struct call *call)
{
	char *text = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	int64_t now_us = call_now_us(call);
	instant_format(now_us - now_us % SECOND_US, text);
	return text;
}

void
certificate_issue(struct call *call, const struct issuer *issuer, const Mt__CompletionRecord *completion,
		  uint32_t place)
{
	int year;
	int month;
	int day;
	struct id person;
	char today[DATE_TEXT_BYTES];
	date_split(call_today(call), &year, &month, &day);
	date_format(call_today(call), today);
	bool is_id = id_parse(completion->person_id, &person);
	assert(is_id);

	Mt__CertificateRecord certificate = MT__CERTIFICATE_RECORD__INIT;
	certificate.certificate_id = (char *)call_new_id(call, id_locality(person));
	certificate.person_id = completion->person_id;
	certificate.class_id = completion->class_id;
	certificate.school_id = completion->school_id;
	certificate.authority_id = completion->authority_id;
	certificate.state = MT__CERTIFICATE__STATE__VALID;
	certificate.issued_on = today;
	certificate.register_number = arena_format(call_arena(call), "%d/%06u", year, place);
	struct slice credential = credential_make(call_arena(call), issuer, completion, certificate.certificate_id,
						  certificate.register_number, issued_at(call));
	Mt__SealedCredential sealed = MT__SEALED_CREDENTIAL__INIT;
	sealed.credential = (ProtobufCBinaryData){credential.size, (uint8_t *)credential.data};
	certificate.credential = &sealed;

	Mt__CertificateIssued fact = MT__CERTIFICATE_ISSUED__INIT;
	fact.certificate = &certificate;
	fact.programme_title = completion->programme_title;
	call_emit(call, &fact.base);
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
	struct slice credential = certificate_credential(certificate);
	if (credential.size == 0) {
		call_refuse(
			call, MT__STATUS__NOT_FOUND,
			"the credential of certificate %s was erased with its holder's data; register number %s stays",
			in->certificate_id, certificate->register_number);
		return;
	}
	Mt__GetCertificateReply out = MT__GET_CERTIFICATE_REPLY__INIT;
	out.credential = arena_text(call_arena(call), credential);
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

static const Mt__CertificateRecord *
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
certificates_revoke(Mt__Certificates_Service *service, const Mt__RevokeCertificateRequest *in,
		    Mt__RevokeCertificateReply_Closure reply, void *call)
{
	(void)service;
	char today[DATE_TEXT_BYTES];
	const Mt__CertificateRecord *certificate = certificate_or_refuse(call, in->certificate_id);
	if (certificate == NULL || !call_scope(call, certificate->school_id))
		return;
	const char *reason = call_text(call, "reason", in->reason, REASON_BYTES_MAX, false);
	if (reason == NULL)
		return;
	if (certificate->state != MT__CERTIFICATE__STATE__VALID) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate %s was revoked on %s already",
			    in->certificate_id, certificate->revoked_on);
		return;
	}
	date_format(call_today(call), today);
	Mt__CertificateRevoked fact = MT__CERTIFICATE_REVOKED__INIT;
	fact.certificate_id = certificate->certificate_id;
	fact.person_id = certificate->person_id;
	fact.school_id = certificate->school_id;
	fact.reason = (char *)reason;
	fact.revoked_on = today;
	fact.authority_id = certificate->authority_id;
	call_emit(call, &fact.base);

	Mt__RevokeCertificateReply out = MT__REVOKE_CERTIFICATE_REPLY__INIT;
	reply(&out, call);
}

static void
certificates_verify(Mt__Certificates_Service *service, const Mt__VerifyCredentialRequest *in,
		    Mt__VerifyCredentialReply_Closure reply, void *call)
{
	(void)service;
	if (in->credential[0] == '\0') {
		call_refuse_field(call, "credential", "credential is missing");
		return;
	}
	Mt__VerifyCredentialReply out = MT__VERIFY_CREDENTIAL_REPLY__INIT;
	verify_credential(call, in->credential, &out);
	reply(&out, call);
}

static void
certificates_list_keys(Mt__Certificates_Service *service, const Mt__ListKeysRequest *in,
		       Mt__ListKeysReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__ListKeysReply out = MT__LIST_KEYS_REPLY__INIT;
	if (issuer_keys_list(call, &out))
		reply(&out, call);
}

Mt__Certificates_Service certificates = MT__CERTIFICATES__INIT(certificates_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
count(struct apply *apply, enum certificate_metric metric, const char *authority_id, const char *on, int64_t delta)
{
	int32_t date = DATE_NONE;
	bool is_date = date_parse(on, &date);
	assert(is_date);
	const struct metric *counted = &certificate_metrics[metric];
	figures_add(apply, counted, authority_id, "", counted->kind == METRIC_FLOW ? date_month(date) : 0, delta);
}

static uint32_t
read_digits(const char **at)
{
	uint32_t number = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		number = number * 10 + (uint32_t)(**at - '0');
	return number;
}

/* "2026/000001" */
static void
apply_register(struct apply *apply, const Mt__CertificateRecord *certificate)
{
	uint8_t place[sizeof(uint32_t)];
	const char *at = certificate->register_number;
	uint32_t year = read_digits(&at);
	assert(*at == '/');
	at++;
	put_u32(place, read_digits(&at));
	struct key key = register_key(certificate->school_id, year);
	apply_put_bytes(apply, &key, slice_of(place, sizeof(place)));
}

static void
apply_issued(struct apply *apply, const Mt__CertificateIssued *fact)
{
	const Mt__CertificateRecord *certificate = fact->certificate;
	struct key key = certificate_key(certificate->certificate_id);
	apply_put(apply, &key, &certificate->base);
	struct key of = certificates_of_key(certificate->person_id);
	key_id_of(&of, certificate->certificate_id);
	apply_put_bytes(apply, &of, slice_text(""));
	apply_register(apply, certificate);
	completion_apply_certified(apply, certificate);
	count(apply, METRIC_CERTIFICATES_VALID, certificate->authority_id, certificate->issued_on, 1);
	count(apply, METRIC_CERTIFICATES_ISSUED, certificate->authority_id, certificate->issued_on, 1);
}

static void
apply_revoked(struct apply *apply, const Mt__CertificateRevoked *fact)
{
	struct key key = certificate_key(fact->certificate_id);
	Mt__CertificateRecord *certificate = apply_record(apply, &key, &mt__certificate_record__descriptor);
	assert(certificate != NULL);
	certificate->state = MT__CERTIFICATE__STATE__REVOKED;
	certificate->revoked_on = fact->revoked_on;
	certificate->revocation_reason = fact->reason;
	apply_put(apply, &key, &certificate->base);
	count(apply, METRIC_CERTIFICATES_VALID, fact->authority_id, fact->revoked_on, -1);
	count(apply, METRIC_CERTIFICATES_REVOKED, fact->authority_id, fact->revoked_on, 1);
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
		certificate->credential = NULL;
		apply_put(apply, &key, &certificate->base);
	}
}

void
certificate_apply(struct apply *apply, const Mt__CertificateFact *fact)
{
	switch (fact->kind_case) {
	case MT__CERTIFICATE_FACT__KIND_ISSUER_KEY_CREATED:
		issuer_apply_created(apply, fact->issuer_key_created);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_ISSUED:
		apply_issued(apply, fact->certificate_issued);
		return;
	case MT__CERTIFICATE_FACT__KIND_CERTIFICATE_REVOKED:
		apply_revoked(apply, fact->certificate_revoked);
		return;
	case MT__CERTIFICATE_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
