/* services/certificate/service.c
 *
 * The certificate service: completion lists, issuing, verification. It follows
 * enrollment, which says who completed what; notification follows it. */
#include "services/certificate/service.h"

#include "common/core/call.h"
#include "common/core/mirror.h"
#include "services/certificate/certificate.h"
#include "services/certificate/change.h"
#include "services/certificate/completion.h"
#include "services/certificate/holder.h"
#include "services/certificate/issuer.h"
#include "services/certificate/kind.h"
#include "services/certificate/paper.h"
#include "services/certificate/passport.h"
#include "services/certificate/status_list.h"
#include "services/certificate/subject.h"
#include "services/certificate/verify.h"
#include "services/certificate/transparency.h"

#include "matricula/certificate_service.pb-c.h"
#include "matricula/enrollment_service.pb-c.h"

#include <assert.h>

static ProtobufCService *const handlers[] = {
	&certificate_kinds.base,
	&completion_lists.base,
	&completion_timers.base,
	&completion_reactions.base,
	&certificates.base,
	&certificate_timers.base,
	&certificate_reactions.base,
	&issuers.base,
	&status_lists.base,
	&transparency_log.base,
	&mirror_reactions.base,
	&certificate_subjects.base,
	&certificate_subject_reactions.base,
	&verifications.base,
	&verification_lists.base,
	&papers.base,
	&passports.base,
	NULL,
};

static const struct producer follows[] = {
	{"enrollment", &mt__enrollment_service_fact__descriptor},
	{NULL, NULL},
};

const struct metric certificate_metrics[] = {
	[METRIC_CERTIFICATES_VALID] =
		{
			.number = 301,
			.kind = METRIC_STOCK,
			.name = "certificates.valid",
			.unit = "certificate",
			.en = "Certificates that are valid: not suspended, expired or revoked; counted where the "
			      "holder served at issue.",
			.vi = "Số chứng chỉ đang có hiệu lực (không bị đình chỉ, hết hạn hay thu hồi), tính theo nơi "
			      "công tác khi cấp.",
		},
	[METRIC_CERTIFICATES_ISSUED] =
		{
			.number = 302,
			.kind = METRIC_FLOW,
			.name = "certificates.issued",
			.unit = "certificate",
			.en = "Certificates issued in the month, counted where the holder served then.",
			.vi = "Số chứng chỉ cấp trong tháng, tính theo nơi công tác khi cấp.",
		},
	[METRIC_CERTIFICATES_REVOKED] =
		{
			.number = 303,
			.kind = METRIC_FLOW,
			.name = "certificates.revoked",
			.unit = "certificate",
			.en = "Certificates revoked in the month, counted where the holder served at issue.",
			.vi = "Số chứng chỉ thu hồi trong tháng, tính theo nơi công tác khi cấp.",
		},
	[METRIC_CERTIFICATES_SUSPENDED] =
		{
			.number = 304,
			.kind = METRIC_STOCK,
			.name = "certificates.suspended",
			.unit = "certificate",
			.en = "Certificates that are suspended, counted where the holder served at issue.",
			.vi = "Số chứng chỉ đang bị đình chỉ hiệu lực, tính theo nơi công tác khi cấp.",
		},
	[METRIC_CERTIFICATES_CORRECTED] =
		{
			.number = 305,
			.kind = METRIC_FLOW,
			.name = "certificates.corrected",
			.unit = "certificate",
			.en = "Certificates corrected or issued anew in the month, counted where the holder served at "
			      "issue.",
			.vi = "Số lần đính chính, cấp lại chứng chỉ trong tháng, tính theo nơi công tác khi cấp.",
		},
	[METRIC_CERTIFICATES_EXPIRED] =
		{
			.number = 306,
			.kind = METRIC_FLOW,
			.name = "certificates.expired",
			.unit = "certificate",
			.en = "Certificates whose last day passed in the month, counted where the holder served at "
			      "issue.",
			.vi = "Số chứng chỉ hết hạn trong tháng, tính theo nơi công tác khi cấp.",
		},
	{.number = 0},
};

static void
certificate_service_apply(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__CertificateServiceFact *fact = (const Mt__CertificateServiceFact *)message;
	switch (fact->noun_case) {
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_COMPLETION:
		completion_apply(apply, fact->completion);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_CERTIFICATE:
		certificate_apply(apply, fact->certificate);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_CERTIFICATE_KIND:
		kind_apply(apply, fact->certificate_kind);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_ISSUER:
		issuer_apply(apply, fact->issuer);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_STATUS_LIST:
		status_list_apply(apply, fact->status_list);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_PAPER:
		paper_apply(apply, fact->paper);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_PASSPORT:
		passport_apply(apply, fact->passport);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_SUBJECT:
		certificate_subject_apply(apply, fact->subject);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN_CORE:
		core_apply(apply, &fact->core->base);
		if (fact->core->kind_case == MT__CORE_FACT__KIND_PERSONS_SPLIT)
			completion_apply_split(apply, fact->core->persons_split);
		return;
	case MT__CERTIFICATE_SERVICE_FACT__NOUN__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}

/* What the law keeps stays: the register's number, dates and states, under the person's id. */
static void
certificate_service_erase(struct apply *apply, const char *person_id)
{
	completion_apply_erased(apply, person_id);
	certificate_apply_erased(apply, person_id);
	holder_apply_erased(apply, person_id);
	paper_apply_erased(apply, person_id);
	passport_apply_erased(apply, person_id);
}

/* Their rows take as it was sealed what is personal: of a certificate some KiB. */
static const ProtobufCMessageDescriptor *const facts_closed[] = {
	&mt__certificate_issued__descriptor,
	&mt__completion_listed__descriptor,
	NULL,
};

const struct module certificate_module = {
	.name = "certificate",
	.facts = &mt__certificate_service_fact__descriptor,
	.handlers = handlers,
	.apply = certificate_service_apply,
	.facts_closed = facts_closed,
	.follows = follows,
	.metrics = certificate_metrics,
	.erase = certificate_service_erase,
	.apply_version = 4,
};
