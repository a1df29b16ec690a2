/* services/enrollment/subject.c
 *
 * What enrollment holds of a person, for whoever was granted their file (subject_grant.c). A
 * record that was merged into the person is a part of its own, with its own history and
 * rows. Of other people a file names ids only. */
#include "services/enrollment/subject.h"

#include "common/base/hash.h"
#include "common/base/text.h"
#include "services/enrollment/search.h"
#include "services/subject_part.h"

enum { TOKEN_ID_SHOWN_BYTES = 8 };

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* CHANGES_PER_PERSON_MAX bounds them. */
static void
changes_add(struct subject_part *part, Mt__EnrollmentPart *held)
{
	struct arena *arena = call_arena(part->call);
	struct history history = history_of(part->call, part->record_id);
	held->changes = arena_alloc(arena, (history.count + 1) * sizeof(*held->changes));
	for (size_t i = 0; i < history.count; i++) {
		Mt__SubjectChange *change = (Mt__SubjectChange *)pb_new(&mt__subject_change__descriptor, arena);
		change->change = history.rows[i]->change;
		change->recorded_at = subject_instant(part->call, history.rows[i]->recorded_us);
		change->event = history.rows[i]->event;
		held->changes[held->n_changes++] = change;
	}
}

static void
event_take(struct subject_part *part, Mt__EnrollmentPart *held, void *const *views, size_t count)
{
	size_t all = held->n_kept_events + count;
	Mt__SubjectKeptEvent **events = arena_alloc(call_arena(part->call), (all + 1) * sizeof(*events));
	if (held->n_kept_events > 0)
		memcpy(events, held->kept_events, held->n_kept_events * sizeof(*events));
	for (size_t i = 0; i < count; i++)
		events[held->n_kept_events++] = views[i];
	held->kept_events = events;
}

static Mt__SubjectKeptEvent *
view_of_kept(struct call *call, Mt__PushEventRequest *event, Mt__Event__Outcome outcome, int64_t recorded_us)
{
	Mt__SubjectKeptEvent *view =
		(Mt__SubjectKeptEvent *)pb_new(&mt__subject_kept_event__descriptor, call_arena(call));
	view->event = event;
	view->outcome = outcome;
	view->recorded_at = subject_instant(call, recorded_us);
	return view;
}

/* Whoever numbers events anew sends those of one person under the ids of another's: what names another staff code is
 * somebody else's to read. */
static Mt__PushEventRequest *
conflict_shown(struct call *call, const Mt__PersonRecord *person, Mt__PushEventRequest *event)
{
	for (size_t i = 0; i < person->n_staff_codes; i++) {
		if (strcmp(person->staff_codes[i]->code, event->subject) == 0)
			return event;
	}
	Mt__PushEventRequest *named =
		(Mt__PushEventRequest *)pb_new(&mt__push_event_request__descriptor, call_arena(call));
	named->source = event->source;
	named->id = event->id;
	return named;
}

static void
conflicts_of_event(struct subject_part *part, Mt__EnrollmentPart *held, const Mt__PersonRecord *person,
		   uint32_t locality, struct slice event)
{
	struct call *call = part->call;
	struct key prefix = key_of(TABLE_CONFLICT);
	key_u32(&prefix, locality);
	key_bytes(&prefix, event);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__ConflictRecord *record = call_unpack(call, &mt__conflict_record__descriptor, walk.value);
		if (record->kept == NULL || record->kept->event == NULL)
			continue;
		Mt__PushEventRequest *sent = conflict_shown(call, person, record->kept->event);
		void *view = view_of_kept(call, sent, MT__EVENT__OUTCOME__CONFLICT, record->recorded_us);
		event_take(part, held, &view, 1);
	}
}

/* Other payloads that came under the ids of events in the history, from whoever had a staff code for the person; the
 * list of conflicts bounds them. */
static void
conflicts_add(struct subject_part *part, Mt__EnrollmentPart *held, const Mt__PersonRecord *person)
{
	for (size_t i = 0; i < held->n_changes; i++) {
		const ProtobufCBinaryData *event = &held->changes[i]->event;
		for (size_t j = 0; j < person->n_staff_codes && event->len == EVENT_HASH_BYTES; j++)
			conflicts_of_event(part, held, person,
					   id_locality(id_known(person->staff_codes[j]->authority_id)),
					   slice_of(event->data, event->len));
	}
}

/* Names an authority, once. */
static void
authority_take(struct subject_part *part, Mt__EnrollmentPart *held, const char *authority_id)
{
	struct arena *arena = call_arena(part->call);
	bool ambiguous;
	for (size_t i = 0; i < held->n_authorities; i++) {
		if (strcmp(held->authorities[i]->authority_id, authority_id) == 0)
			return;
	}
	if (authority_id[0] == '\0' || held->n_authorities == SUBJECT_ROWS_MAX)
		return;
	const Mt__AuthorityRecord *authority = tree_find(call_store(part->call), arena, authority_id, &ambiguous);
	if (authority == NULL)
		return;
	if (held->authorities == NULL)
		held->authorities = arena_alloc(arena, SUBJECT_ROWS_MAX * sizeof(*held->authorities));
	Mt__SubjectAuthority *shown = (Mt__SubjectAuthority *)pb_new(&mt__subject_authority__descriptor, arena);
	shown->authority_id = authority->authority_id;
	shown->code = authority->code;
	shown->name = authority->name;
	held->authorities[held->n_authorities++] = shown;
}

static void
authorities_add(struct subject_part *part, Mt__EnrollmentPart *held, const Mt__PersonRecord *person)
{
	authority_take(part, held, person->authority_id);
	authority_take(part, held, person->seconded_to);
	for (size_t i = 0; i < person->n_staff_codes; i++)
		authority_take(part, held, person->staff_codes[i]->authority_id);
	for (size_t i = 0; i < held->n_changes; i++) {
		authority_take(part, held, held->changes[i]->change->authority_id);
		authority_take(part, held, held->changes[i]->change->from_authority_id);
	}
	for (size_t i = 0; i < held->n_enrolments; i++) {
		authority_take(part, held, held->enrolments[i]->school_id);
		authority_take(part, held, held->enrolments[i]->enrolment->nominated_by);
		authority_take(part, held, held->enrolments[i]->enrolment->authority_id);
	}
}

static void
attendance_add(struct call *call, Mt__SubjectEnrolment *shown, struct id class_id, struct id person_id)
{
	struct key key = key_of_ids(TABLE_PRESENCE, class_id, person_id);
	struct slice marks;
	if (!store_get(call_store(call), key_slice(&key), &marks))
		return;
	shown->attendance = arena_alloc(call_arena(call), (marks.size + 1) * sizeof(*shown->attendance));
	for (size_t i = 0; i < marks.size; i++) {
		if (marks.data[i] == MT__PRESENCE__STATE__UNSET)
			continue;
		Mt__SubjectAttendance *one =
			(Mt__SubjectAttendance *)pb_new(&mt__subject_attendance__descriptor, call_arena(call));
		one->session = (uint32_t)i + 1;
		one->state = (Mt__Presence__State)marks.data[i];
		shown->attendance[shown->n_attendance++] = one;
	}
}

static void
enrolments_add(struct subject_part *part, Mt__EnrollmentPart *held)
{
	struct page page;
	struct id person_id = id_known(part->record_id);
	struct key prefix = subject_rows_key(TABLE_SUBJECT_CLASS, part->record_id);
	if (!subject_list_begin(part, &page, "enrolments", &prefix))
		return;
	while (page_next(&page)) {
		struct id class_id = subject_row_id(page.walk.key);
		const Mt__ClassRecord *class = class_get(part->call, class_id);
		Mt__SubjectEnrolment *shown =
			(Mt__SubjectEnrolment *)pb_new(&mt__subject_enrolment__descriptor, call_arena(part->call));
		shown->enrolment = (Mt__EnrolmentRecord *)enrolment_get(part->call, class_id, person_id);
		shown->class_title = class->title;
		shown->school_id = class->authority_id;
		attendance_add(part->call, shown, class_id, person_id);
		page_add(&page, shown);
	}
	held->enrolments = (Mt__SubjectEnrolment **)page.items;
	held->n_enrolments = page.count;
	subject_list_end(part, &page, "enrolments");
}

static Mt__SubjectTeam *
team_shown(struct call *call, struct id team_id, struct id person_id)
{
	struct key key = key_of_id(TABLE_TEAM, team_id);
	const Mt__TeamRecord *team = call_record(call, &key, &mt__team_record__descriptor);
	struct key prefix = key_of_ids(TABLE_TEAM_MEMBER, team_id, person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	Mt__SubjectTeam *shown = (Mt__SubjectTeam *)pb_new(&mt__subject_team__descriptor, call_arena(call));
	assert(team != NULL);
	shown->team_id = team->team_id;
	shown->name = team->name;
	shown->memberships = arena_alloc(call_arena(call), SUBJECT_ROWS_MAX * sizeof(*shown->memberships));
	while (shown->n_memberships < SUBJECT_ROWS_MAX && store_walk_next(&walk))
		shown->memberships[shown->n_memberships++] =
			call_unpack(call, &mt__team_member__descriptor, walk.value);
	return shown;
}

static void
teams_add(struct subject_part *part, Mt__EnrollmentPart *held)
{
	struct page page;
	struct id person_id = id_known(part->record_id);
	struct key prefix = subject_rows_key(TABLE_SUBJECT_TEAM, part->record_id);
	if (!subject_list_begin(part, &page, "teams", &prefix))
		return;
	while (page_next(&page))
		page_add(&page, team_shown(part->call, subject_row_id(page.walk.key), person_id));
	held->teams = (Mt__SubjectTeam **)page.items;
	held->n_teams = page.count;
	subject_list_end(part, &page, "teams");
}

/* A code may have had another holder: what is known to be about somebody else is not shown. */
static bool
is_about(const Mt__EventRecord *record, const char *person_id)
{
	struct id id = id_known(person_id);
	return record->person.len != ID_BYTES || memcmp(record->person.data, id.bytes, ID_BYTES) == 0;
}

/* NULL if it acted after all, or was erased. */
static Mt__SubjectKeptEvent *
event_shown(struct call *call, const Mt__EventRecord *record)
{
	if (record->kept == NULL || record->kept->event == NULL)
		return NULL;
	Mt__SubjectKeptEvent *view = view_of_kept(call, record->kept->event, record->outcome, record->recorded_us);
	view->field = record->field;
	view->code = record->code;
	view->message = record->message;
	return view;
}

/* The events of one staff code are a list of their own. Whatever was kept of a code stands in a row whose key goes on
 * with 1 and the event's hash; those that wait have another before it. */
static void
code_events_add(struct subject_part *part, Mt__EnrollmentPart *held, const Mt__PersonRecord *person,
		const Mt__StaffCode *code, const char *list)
{
	struct page page;
	struct key prefix = key_of(TABLE_PARKED_EVENT);
	uint32_t locality = id_locality(id_known(code->authority_id));
	person_key_staff(&prefix, locality, code->code);
	key_u8(&prefix, 1);
	if (!subject_list_begin(part, &page, list, &prefix))
		return;
	while (page_next(&page)) {
		struct id hash = subject_row_id(page.walk.key);
		struct key key = event_key(locality, hash.bytes);
		const Mt__EventRecord *record = call_record(part->call, &key, &mt__event_record__descriptor);
		if (record == NULL || !is_about(record, part->record_id))
			continue;
		Mt__SubjectKeptEvent *view = event_shown(part->call, record);
		if (view != NULL)
			page_add(&page, view);
		if (record->outcome != MT__EVENT__OUTCOME__ACCEPTED) /* else it is in the history */
			conflicts_of_event(part, held, person, locality, slice_of(hash.bytes, EVENT_HASH_BYTES));
	}
	subject_list_end(part, &page, list);
	event_take(part, held, page.items, page.count);
}

static Mt__SubjectLink *
link_shown(struct call *call, struct id other, Mt__Duplicate__Kind kind)
{
	Mt__SubjectLink *link = (Mt__SubjectLink *)pb_new(&mt__subject_link__descriptor, call_arena(call));
	link->other_id = id_text(call_arena(call), slice_of(other.bytes, ID_BYTES));
	link->kind = kind;
	return link;
}

static void
links_take(Mt__EnrollmentPart *held, struct arena *arena, const struct page *page)
{
	Mt__SubjectLink **all = arena_alloc(arena, (held->n_links + page->count + 1) * sizeof(*all));
	if (held->n_links > 0)
		memcpy(all, held->links, held->n_links * sizeof(*all));
	for (size_t i = 0; i < page->count; i++)
		all[held->n_links++] = page->items[i];
	held->links = all;
}

static void
links_add(struct subject_part *part, Mt__EnrollmentPart *held, const Mt__PersonRecord *person)
{
	struct page page;
	struct key key = person_key(id_known(person->person_id));
	struct key pairs = key_of(TABLE_PAIR);
	key_u32(&pairs, search_locality(person));
	key_bytes(&pairs, person_rest(&key));
	if (subject_list_begin(part, &page, "links", &pairs)) {
		while (page_next(&page)) {
			struct slice rest = slice_of(page.walk.key.data + pairs.size, PERSON_KEY_BYTES);
			page_add(&page, link_shown(part->call, person_of_rest(rest), MT__DUPLICATE__KIND__SAME_PERSON));
		}
		subject_list_end(part, &page, "links");
		links_take(held, call_arena(part->call), &page);
	}
	struct key adoptions = subject_rows_key(TABLE_SUBJECT_ADOPTION, person->person_id);
	if (subject_list_begin(part, &page, "adoptions", &adoptions)) {
		while (page_next(&page))
			page_add(&page,
				 link_shown(part->call, subject_row_id(page.walk.key), MT__DUPLICATE__KIND__ADOPTION));
		subject_list_end(part, &page, "adoptions");
		links_take(held, call_arena(part->call), &page);
	}
}

static Mt__TokenView *
token_shown(struct call *call, struct slice hash)
{
	const Mt__TokenRecord *token = access_token(call_store(call), call_arena(call), hash);
	assert(token != NULL);
	Mt__TokenView *view = (Mt__TokenView *)pb_new(&mt__token_view__descriptor, call_arena(call));
	view->token_id = arena_alloc(call_arena(call), 2 * TOKEN_ID_SHOWN_BYTES + 1);
	text_hex(slice_of(hash.data, TOKEN_ID_SHOWN_BYTES), view->token_id);
	view->roles = token->roles;
	view->n_roles = token->n_roles;
	view->authority_id = token->authority_id;
	view->subject = token->subject;
	view->expires_at = subject_instant(call, token->expires_us);
	return view;
}

static void
tokens_add(struct subject_part *part, Mt__EnrollmentPart *held)
{
	struct page page;
	struct key prefix = subject_rows_key(TABLE_SUBJECT_TOKEN, part->record_id);
	if (!subject_list_begin(part, &page, "tokens", &prefix))
		return;
	while (page_next(&page))
		page_add(&page, token_shown(part->call, slice_of(page.walk.key.data + prefix.size, HASH_BYTES)));
	held->tokens = (Mt__TokenView **)page.items;
	held->n_tokens = page.count;
	subject_list_end(part, &page, "tokens");
}

static void
exports_add(struct subject_part *part, Mt__EnrollmentPart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_SUBJECT_EXPORT, part->record_id);
	if (!subject_list_begin(part, &page, "exports", &prefix))
		return;
	while (page_next(&page)) {
		const Mt__SubjectExport *granted =
			call_unpack(part->call, &mt__subject_export__descriptor, page.walk.value);
		Mt__SubjectExportView *view =
			(Mt__SubjectExportView *)pb_new(&mt__subject_export_view__descriptor, call_arena(part->call));
		view->by = granted->by;
		view->exported_at = subject_instant(part->call, granted->exported_us);
		page_add(&page, view);
	}
	held->exports = (Mt__SubjectExportView **)page.items;
	held->n_exports = page.count;
	subject_list_end(part, &page, "exports");
}

/* Here it is known where everybody serves: who was granted nothing is told what a stranger is told. */
static bool
may_ask(struct call *call, const char *person_id)
{
	struct id id;
	if (!call_id(call, "person_id", person_id, &id))
		return false;
	if (subject_grant_find(call, TABLE_SUBJECT_EXPORT, person_id, call_subject(call)) != NULL)
		return true;
	const Mt__PersonRecord *person = person_or_refuse(call, person_id);
	return person != NULL && (call_is_self(call, person_id) || call_scope(call, person->authority_id));
}

static void
subjects_part(Mt__Subjects_Service *service, const Mt__SubjectPartRequest *in, Mt__SubjectPart_Closure reply,
	      void *call)
{
	(void)service;
	struct subject_part part;
	Mt__EnrollmentPart held = MT__ENROLLMENT_PART__INIT;
	if (!may_ask(call, in->person_id) || !subject_part_begin(&part, call, TABLE_SUBJECT_EXPORT, in))
		return;
	Mt__PersonRecord *person = person_or_refuse(call, part.record_id);
	if (person == NULL)
		return;
	if (subject_part_first(&part)) {
		held.person = person;
		changes_add(&part, &held);
		conflicts_add(&part, &held, person);
	}
	enrolments_add(&part, &held);
	teams_add(&part, &held);
	for (size_t i = 0; i < person->n_staff_codes; i++)
		code_events_add(&part, &held, person, person->staff_codes[i],
				arena_format(call_arena(call), "keptEvents.%zu", i));
	links_add(&part, &held, person);
	tokens_add(&part, &held);
	exports_add(&part, &held);
	authorities_add(&part, &held, person);
	part.out.enrollment = &held;
	if (!call_refused(call))
		reply(&part.out, call);
}

Mt__Subjects_Service enrollment_subjects = MT__SUBJECTS__INIT(subjects_);
