/* services/enrollment/service.c
 *
 * The enrollment service: authorities, access, persons and their events, programmes,
 * classes, enrolments, attendance. Each noun has a file of its own; here they are put
 * together, and here stands what all of them use: keys of ids, and the scope of
 * methods that may be reached in more than one way.
 *
 * It follows assessment for the marks that completion needs. */
#include "services/enrollment/service.h"

#include "common/wire/pb.h"
#include "services/enrollment/enrollment.h"
#include "services/enrollment/subject.h"

#include "matricula/assessment_service.pb-c.h"

#include <assert.h>

struct id
id_known(const char *text)
{
	struct id id;
	bool parsed = id_parse(text, &id);
	assert(parsed);
	return id;
}

char *
id_text(struct arena *arena, struct slice bytes)
{
	struct id id;
	assert(bytes.size == ID_BYTES);
	memcpy(id.bytes, bytes.data, ID_BYTES);
	char *text = arena_alloc(arena, ID_TEXT_BYTES);
	id_format(id, text);
	return text;
}

struct key
key_of_id(uint8_t table, struct id id)
{
	struct key key = key_of(table);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

struct key
key_of_ids(uint8_t table, struct id first, struct id second)
{
	struct key key = key_of_id(table, first);
	key_bytes(&key, slice_of(second.bytes, ID_BYTES));
	return key;
}

bool
caller_has(const struct call *call, uint32_t roles)
{
	for (unsigned role = MT__ROLE__PROVINCE_SYSTEM; role <= MT__ROLE__PRIVACY_OFFICER; role++) {
		if ((roles & 1u << role) != 0 && call_has_role(call, (Mt__Role)role))
			return true;
	}
	return false;
}

bool
scope_one_of(struct call *call, const struct scope_way *ways, size_t count)
{
	const char *last = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!caller_has(call, ways[i].roles))
			continue;
		last = ways[i].authority_id;
		if (tree_covers(call_store(call), call_authority(call), last))
			break;
	}
	if (last != NULL)
		return call_scope(call, last);
	call_refuse(call, MT__STATUS__PERMISSION_DENIED, "only the person itself may do this with that role");
	return false;
}

bool
span_shows(struct span *span, struct page *page, const struct key *prefix, uint32_t locality)
{
	while (span->at < span->count && span->ranges[span->at].last < locality)
		span->at++;
	if (span->at == span->count)
		return false;
	if (span->ranges[span->at].first <= locality)
		return true;
	struct key from = *prefix;
	key_u32(&from, span->ranges[span->at].first);
	page->walk = store_walk_from(call_store(page->call), key_slice(prefix), key_slice(&from));
	return false;
}

static void
apply_fact(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__EnrollmentServiceFact *fact = (const Mt__EnrollmentServiceFact *)message;
	enrollment_subject_index(apply, fact);
	switch (fact->noun_case) {
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_ACCESS:
		access_apply(apply, fact->access);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_AUTHORITY:
		authority_apply(apply, fact->authority);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_PERSON:
		person_apply(apply, fact->person);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_EVENT:
		event_apply(apply, fact->event);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_ROSTER:
		roster_apply(apply, fact->roster);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_BRAKE:
		brake_apply(apply, fact->brake);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_CODE_LIST:
		code_list_apply(apply, fact->code_list);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_PROGRAMME:
		programme_apply(apply, fact->programme);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_CLASSES:
		class_apply(apply, fact->classes);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_ENROLMENT:
		enrolment_apply(apply, fact->enrolment);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_ATTENDANCE:
		attendance_apply(apply, fact->attendance);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_DUPLICATE:
		duplicate_apply(apply, fact->duplicate);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_TEAM:
		team_apply(apply, fact->team);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_SUBJECT:
		enrollment_subject_apply(apply, fact->subject);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN_CORE:
		core_apply(apply, &fact->core->base);
		return;
	case MT__ENROLLMENT_SERVICE_FACT__NOUN__NOT_SET:
		break;
	}
	assert(!"a fact of no noun");
}

static ProtobufCService *const handlers[] = {
	&access_handlers.base,
	&authorities_handlers.base,
	&persons_handlers.base,
	&person_timers_handlers.base,
	&erasures_handlers.base,
	&events_handlers.base,
	&event_timers_handlers.base,
	&brake_handlers.base,
	&brake_timers_handlers.base,
	&freshness_handlers.base,
	&rosters_handlers.base,
	&roster_timers_handlers.base,
	&code_lists_handlers.base,
	&programmes_handlers.base,
	&classes_handlers.base,
	&enrolments_handlers.base,
	&enrolment_reactions_handlers.base,
	&enrolment_timers_handlers.base,
	&attendance_handlers.base,
	&person_search_handlers.base,
	&duplicates_handlers.base,
	&provisional_persons_handlers.base,
	&teams_handlers.base,
	&enrollment_subject_exports.base,
	&enrollment_subjects.base,
	NULL,
};

static const struct producer follows[] = {
	{.name = "assessment", .facts = &mt__assessment_service_fact__descriptor},
	{.name = NULL},
};

const struct module enrollment_module = {
	.name = "enrollment",
	.facts = &mt__enrollment_service_fact__descriptor,
	.handlers = handlers,
	.apply = apply_fact,
	.follows = follows,
	.metrics = enrollment_metrics,
	.erase = person_erase_rows,
	.apply_version = 6,
};
