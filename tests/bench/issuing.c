/* tests/bench/issuing.c
 *
 * What enrollment would have told before is put into the state with the node's first fact: a nation with one school,
 * classes of CLASS_SIZE people who completed them, and their lists approved. It goes through the service's own
 * apply functions, so rows are as they always are; the journal lacks them, so this state is not to be rebuilt. */
#include "tests/bench/issuing.h"

#include "common/base/codec.h"
#include "common/core/call.h"
#include "common/core/personal.h"
#include "common/core/tree.h"
#include "services/certificate/certificate.h"
#include "services/certificate/completion.h"
#include "services/certificate/kind.h"
#include "services/certificate/service.h"
#include "services/certificate/tables.h"
#include "services/notification/message.h"
#include "services/notification/service.h"

#include "matricula/certificate_service.pb-c.h"
#include "matricula/notification_service.pb-c.h"

#include <assert.h>

enum { CLASS_SIZE = 1000, SCHOOL_LOCALITY = 1, PEOPLE_LOCALITY = 2, FIRST_US = 1790000000, HELD_FROM = 100000000 };

uint64_t issuing_wanted;
bool issuing_of_kind;
uint64_t issuing_done;

static char director[] = "director";
static char kind_code[] = "officer";

static char *
id_text(struct apply *apply, uint32_t locality, uint64_t number)
{
	char *text = arena_alloc(apply_arena(apply), ID_TEXT_BYTES);
	id_format(id_make(locality, (int64_t)FIRST_US * 1000000 + (int64_t)number * 1000, number), text);
	return text;
}

static void
authority_add(struct apply *apply, char *id, char *parent, const char *name)
{
	Mt__AuthorityRecord authority = MT__AUTHORITY_RECORD__INIT;
	authority.authority_id = id;
	authority.parent_id = parent;
	authority.name = (char *)name;
	authority.kind = (char *)"school";
	apply_authority(apply, &authority);
}

/* A person whom the node knows. */
static char *
person_add(struct apply *apply, uint64_t number, Mt__Personal *personal)
{
	struct id person;
	char *person_id = id_text(apply, PEOPLE_LOCALITY, number);
	bool is_id = id_parse(person_id, &person);
	assert(is_id);
	subject_note(apply, person, (uint32_t)number);
	personal->name = arena_format(apply_arena(apply), "Nguyễn Thị Học Viên %llu", (unsigned long long)number);
	return person_id;
}

/* A certificate of another programme that the person holds already. */
static void
held_add(struct apply *apply, char *person_id, char *school_id, uint64_t number)
{
	Mt__CertificateRecord held = MT__CERTIFICATE_RECORD__INIT;
	held.certificate_id = id_text(apply, PEOPLE_LOCALITY, number + HELD_FROM);
	held.person_id = person_id;
	held.school_id = school_id;
	held.authority_id = school_id;
	held.state = MT__CERTIFICATE__STATE__VALID;
	held.issued_on = held.state_on = held.completed_on = (char *)"2025-06-30";
	held.register_number = arena_format(apply_arena(apply), "2025/%06llu", (unsigned long long)number);
	held.kind_code = (char *)"default";
	held.edition = 1;
	held.programme_id = id_text(apply, SCHOOL_LOCALITY, HELD_FROM);
	held.version = 1;
	struct key key = certificate_key(held.certificate_id);
	struct key of = certificates_of_key(person_id);
	key_id_of(&of, held.certificate_id);
	apply_put(apply, &key, &held.base);
	apply_put_bytes(apply, &of, slice_text(""));
}

static void
kind_add(struct apply *apply, char *school_id)
{
	uint32_t remind_days[] = {90, 30};
	Mt__Signatory signatory = MT__SIGNATORY__INIT;
	Mt__Signatory *signatories[] = {&signatory};
	Mt__CertificateKindRecord kind = MT__CERTIFICATE_KIND_RECORD__INIT;
	Mt__CertificateKindSet set = MT__CERTIFICATE_KIND_SET__INIT;
	Mt__CertificateKindFact fact = MT__CERTIFICATE_KIND_FACT__INIT;
	signatory.subject = director;
	signatory.name = (char *)"Trần Văn Giám";
	signatory.title = (char *)"Giám đốc";
	signatory.title_en = (char *)"Director";
	kind.authority_id = school_id;
	kind.kind_code = kind_code;
	kind.name = (char *)"Chứng chỉ bồi dưỡng ngạch chuyên viên";
	kind.name_en = (char *)"Officer's certificate";
	kind.programme_ids = &school_id; /* of all completions, see there */
	kind.n_programme_ids = 1;
	kind.hours_min = 40;
	kind.valid_months = 60;
	kind.remind_days = remind_days;
	kind.n_remind_days = sizeof(remind_days) / sizeof(remind_days[0]);
	kind.signatories = signatories;
	kind.n_signatories = 1;
	kind.points_per_10_hours = 5;
	kind.version = 1;
	set.kind = &kind;
	fact.kind_case = MT__CERTIFICATE_KIND_FACT__KIND_CERTIFICATE_KIND_SET;
	fact.certificate_kind_set = &set;
	kind_apply(apply, &fact);
}

static void
completion_add(struct apply *apply, char *class_id, char *school_id, uint64_t number)
{
	Mt__Personal personal = MT__PERSONAL__INIT;
	Mt__CompletionRecord completion = MT__COMPLETION_RECORD__INIT;
	Mt__CompletionListed listed = MT__COMPLETION_LISTED__INIT;
	Mt__CompletionFact fact = MT__COMPLETION_FACT__INIT;
	completion.class_id = class_id;
	completion.school_id = school_id;
	completion.authority_id = school_id;
	completion.person_id = person_add(apply, number, &personal);
	completion.programme_title = (char *)"Bồi dưỡng kiến thức quản lý nhà nước ngạch chuyên viên";
	completion.programme_title_en = (char *)"State management for officers";
	completion.programme_id = school_id;
	completion.hours = 240;
	completion.mark_percent = 85;
	completion.completed_on = (char *)"2026-03-01";
	completion.personal = &personal;
	personal.birth_date = (char *)"1990-05-01";
	listed.completion = &completion;
	fact.kind_case = MT__COMPLETION_FACT__KIND_COMPLETION_LISTED;
	fact.completion_listed = &listed;
	completion_apply(apply, &fact);
	if (issuing_of_kind)
		held_add(apply, completion.person_id, school_id, number);
}

static void
class_add(struct apply *apply, char *school_id, uint64_t first, uint64_t size)
{
	char *class_id = id_text(apply, SCHOOL_LOCALITY, first + 1000);
	Mt__ListApproved approved = MT__LIST_APPROVED__INIT;
	Mt__CompletionFact fact = MT__COMPLETION_FACT__INIT;
	for (uint64_t i = 0; i < size; i++)
		completion_add(apply, class_id, school_id, first + i);
	approved.class_id = class_id;
	approved.school_id = school_id;
	approved.approved_by = director;
	approved.decision_number = (char *)"12/QĐ-HV";
	approved.decision_date = (char *)"2026-03-02";
	approved.kind_code = issuing_of_kind ? kind_code : (char *)"default";
	approved.kind_authority_id = issuing_of_kind ? school_id : (char *)"";
	approved.signatory = issuing_of_kind ? 1 : 0;
	approved.approved = (uint32_t)size;
	fact.kind_case = MT__COMPLETION_FACT__KIND_LIST_APPROVED;
	fact.list_approved = &approved;
	completion_apply(apply, &fact);
}

/* Returns the school's id. */
static char *
authorities_add(struct apply *apply)
{
	char *nation_id = id_text(apply, 0, 0);
	char *school_id = id_text(apply, SCHOOL_LOCALITY, 1);
	authority_add(apply, nation_id, (char *)"", "Việt Nam");
	authority_add(apply, school_id, nation_id, "Học viện Hành chính Quốc gia");
	return school_id;
}

static void
issuing_apply(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__CertificateServiceFact *fact = (const Mt__CertificateServiceFact *)message;
	certificate_module.apply(apply, message);
	if (fact->noun_case == MT__CERTIFICATE_SERVICE_FACT__NOUN_CERTIFICATE)
		issuing_done += fact->certificate->kind_case == MT__CERTIFICATE_FACT__KIND_CERTIFICATE_ISSUED;
	if (fact->noun_case != MT__CERTIFICATE_SERVICE_FACT__NOUN_CORE ||
	    fact->core->kind_case != MT__CORE_FACT__KIND_NODE_FOUNDED)
		return;
	char *school_id = authorities_add(apply);
	if (issuing_of_kind)
		kind_add(apply, school_id);
	for (uint64_t first = 0; first < issuing_wanted; first += CLASS_SIZE)
		class_add(apply, school_id, first,
			  issuing_wanted - first < CLASS_SIZE ? issuing_wanted - first : CLASS_SIZE);
}

const struct module *
issuing_module(void)
{
	static struct module module;
	module = certificate_module;
	module.apply = issuing_apply;
	return &module;
}

static void
contact_add(struct apply *apply, char *school_id, uint64_t number)
{
	Mt__Personal personal = MT__PERSONAL__INIT;
	Mt__ContactRecord contact = MT__CONTACT_RECORD__INIT;
	Mt__ContactNoted noted = MT__CONTACT_NOTED__INIT;
	Mt__MessageFact fact = MT__MESSAGE_FACT__INIT;
	contact.person_id = person_add(apply, number, &personal);
	contact.authority_id = school_id;
	contact.personal = &personal;
	noted.contact = &contact;
	fact.kind_case = MT__MESSAGE_FACT__KIND_CONTACT_NOTED;
	fact.contact_noted = &noted;
	message_apply(apply, &fact);
}

static void
following_apply(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__NotificationServiceFact *fact = (const Mt__NotificationServiceFact *)message;
	notification_module.apply(apply, message);
	if (fact->noun_case != MT__NOTIFICATION_SERVICE_FACT__NOUN_CORE ||
	    fact->core->kind_case != MT__CORE_FACT__KIND_NODE_FOUNDED)
		return;
	char *school_id = authorities_add(apply);
	for (uint64_t number = 0; number < issuing_wanted; number++)
		contact_add(apply, school_id, number);
}

const struct module *
issuing_follower(void)
{
	static struct module module;
	module = notification_module;
	module.apply = following_apply;
	return &module;
}
