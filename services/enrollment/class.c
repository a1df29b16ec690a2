/* services/enrollment/class.c
 *
 * A class is one run of a programme at one school: seats, sessions, people. What changes
 * with every enrolment (seats taken, people waiting, sessions held) stands in a small row
 * of its own, so that an enrolment does not rewrite the timetable; readers get both as one.
 *
 * Promise: sessions are numbered from 1 in the order they begin, for ever. Closing ends
 * enrolment and dissolves the waitlist; who has a seat keeps it. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

enum { TALLY_BYTES = 20 };

struct class_tally
class_tally_get(const struct store *store, struct id class_id)
{
	struct key key = key_of_id(TABLE_CLASS_TALLY, class_id);
	struct slice value;
	bool there = store_get(store, key_slice(&key), &value);
	assert(there && value.size == TALLY_BYTES);
	return (struct class_tally){
		.seats_taken = get_u32(value.data),
		.waitlisted = get_u32(value.data + 4),
		.sessions_held = get_u32(value.data + 8),
		.version = get_u64(value.data + 12),
	};
}

void
class_tally_put(struct apply *apply, struct id class_id, const struct class_tally *tally)
{
	struct key key = key_of_id(TABLE_CLASS_TALLY, class_id);
	uint8_t value[TALLY_BYTES];
	put_u32(value, tally->seats_taken);
	put_u32(value + 4, tally->waitlisted);
	put_u32(value + 8, tally->sessions_held);
	put_u64(value + 12, tally->version);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

static void
class_count(const struct store *store, struct id class_id, Mt__ClassRecord *class)
{
	struct class_tally tally = class_tally_get(store, class_id);
	class->seats_taken = tally.seats_taken;
	class->waitlisted = tally.waitlisted;
	class->sessions_held = tally.sessions_held;
	class->version = tally.version;
}

Mt__ClassRecord *
class_get(const struct call *call, struct id class_id)
{
	struct key key = key_of_id(TABLE_CLASS, class_id);
	Mt__ClassRecord *class = (Mt__ClassRecord *)call_record(call, &key, &mt__class_record__descriptor);
	if (class != NULL)
		class_count(call_store(call), class_id, class);
	return class;
}

Mt__ClassRecord *
class_or_refuse(struct call *call, const char *class_id)
{
	struct id id;
	if (!call_id(call, "class_id", class_id, &id))
		return NULL;
	Mt__ClassRecord *class = class_get(call, id);
	if (class == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "class %s is unknown", class_id);
	return class;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

/* One session of the request, checked, its beginning in UTC; NULL and refused. */
static Mt__Session *
session_check(struct call *call, const Mt__Session *in, int64_t *begins_us)
{
	if (!instant_parse(in->begins_at, begins_us)) {
		call_refuse_field(call, "sessions.begins_at", "begins_at %.*s is not an RFC 3339 time",
				  text_cut(in->begins_at, EVENT_TIME_BYTES_MAX), in->begins_at);
		return NULL;
	}
	if (in->minutes == 0 || in->minutes > SESSION_MINUTES_MAX) {
		call_refuse_field(call, "sessions.minutes", "a session has 1 to %d minutes, not %u",
				  SESSION_MINUTES_MAX, in->minutes);
		return NULL;
	}
	const char *place = call_text(call, "sessions.place", in->place, NAME_BYTES_MAX, true);
	if (place == NULL)
		return NULL;
	Mt__Session *session = (Mt__Session *)pb_new(&mt__session__descriptor, call_arena(call));
	session->begins_at = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	instant_format(*begins_us, session->begins_at);
	session->minutes = in->minutes;
	session->place = (char *)place;
	return session;
}

/* The sessions in order of beginning, numbered; false and refused. */
static bool
sessions_check(struct call *call, const Mt__OpenClassRequest *in, Mt__ClassRecord *record)
{
	if (in->n_sessions == 0 || in->n_sessions > SESSIONS_MAX) {
		call_refuse_field(call, "sessions", "a class has 1 to %d sessions, not %zu", SESSIONS_MAX,
				  in->n_sessions);
		return false;
	}
	int64_t begins_us[SESSIONS_MAX];
	record->sessions = arena_alloc(call_arena(call), in->n_sessions * sizeof(*record->sessions));
	for (size_t i = 0; i < in->n_sessions; i++) {
		int64_t begin;
		Mt__Session *session = session_check(call, in->sessions[i], &begin);
		if (session == NULL)
			return false;
		size_t at = i;
		for (; at > 0 && begins_us[at - 1] > begin; at--) {
			begins_us[at] = begins_us[at - 1];
			record->sessions[at] = record->sessions[at - 1];
		}
		begins_us[at] = begin;
		record->sessions[at] = session;
	}
	record->n_sessions = in->n_sessions;
	for (size_t i = 0; i < record->n_sessions; i++)
		record->sessions[i]->number = (uint32_t)i + 1;
	return true;
}

static void
classes_open(Mt__Classes_Service *service, const Mt__OpenClassRequest *in, Mt__OpenClassReply_Closure reply, void *call)
{
	(void)service;
	struct id programme_id;
	if (!call_id(call, "programme_id", in->programme_id, &programme_id))
		return;
	const Mt__ProgrammeRecord *programme = programme_get(call, in->programme_id);
	if (programme == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "programme %s is unknown", in->programme_id);
		return;
	}
	if (!call_scope(call, programme->authority_id))
		return;
	Mt__ClassRecord record = MT__CLASS_RECORD__INIT;
	const char *title = call_text(call, "title", in->title, NAME_BYTES_MAX, true);
	if (title == NULL)
		return;
	if (in->seats == 0 || in->seats > SEATS_MAX) {
		call_refuse_field(call, "seats", "a class has 1 to %d seats, not %u", SEATS_MAX, in->seats);
		return;
	}
	if (!sessions_check(call, in, &record))
		return;
	record.class_id = (char *)call_new_id(call, id_locality(programme_id));
	record.programme_id = programme->programme_id;
	record.authority_id = programme->authority_id;
	record.title = title[0] != '\0' ? (char *)title : programme->title;
	record.seats = in->seats;
	record.state = MT__CLASS__STATE__OPEN;
	Mt__ClassOpened fact = MT__CLASS_OPENED__INIT;
	fact.opened = &record;
	call_emit(call, &fact.base);
	Mt__OpenClassReply out = MT__OPEN_CLASS_REPLY__INIT;
	out.class_id = record.class_id;
	reply(&out, call);
}

static void
classes_close(Mt__Classes_Service *service, const Mt__CloseClassRequest *in, Mt__CloseClassReply_Closure reply,
	      void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL || !call_scope(call, class->authority_id))
		return;
	if (class->state != MT__CLASS__STATE__OPEN) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "class %s is closed already", in->class_id);
		return;
	}
	struct id class_id = id_known(class->class_id);
	struct key prefix = waitlist_key(class_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct id person_id;
		memcpy(person_id.bytes, walk.value.data, ID_BYTES);
		enrolment_leave_waitlist(call, class, enrolment_get(call, class_id, person_id), "class closed");
	}
	Mt__ClassClosed fact = MT__CLASS_CLOSED__INIT;
	fact.class_id = class->class_id;
	call_emit(call, &fact.base);
	Mt__CloseClassReply out = MT__CLOSE_CLASS_REPLY__INIT;
	reply(&out, call);
}

static void
classes_rename(Mt__Classes_Service *service, const Mt__RenameClassRequest *in, Mt__RenameClassReply_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL || !call_scope(call, class->authority_id))
		return;
	const char *title = call_text(call, "title", in->title, NAME_BYTES_MAX, false);
	if (title == NULL)
		return;
	Mt__ClassRenamed fact = MT__CLASS_RENAMED__INIT;
	fact.class_id = class->class_id;
	fact.title = (char *)title;
	call_emit(call, &fact.base);
	Mt__RenameClassReply out = MT__RENAME_CLASS_REPLY__INIT;
	out.version = class->version + 1;
	reply(&out, call);
}

static void
classes_get(Mt__Classes_Service *service, const Mt__GetClassRequest *in, Mt__ClassRecord_Closure reply, void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL)
		return;
	reply(class, call);
}

static void
classes_list(Mt__Classes_Service *service, const Mt__ListClassesRequest *in, Mt__ListClassesReply_Closure reply,
	     void *call)
{
	(void)service;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL)
		return;
	struct page page;
	struct key prefix = key_of(TABLE_CLASS);
	key_u32(&prefix, school->locality);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		Mt__ClassRecord *class = (Mt__ClassRecord *)pb_unpack_trusted(&mt__class_record__descriptor,
									      call_arena(call), page.walk.value);
		assert(class != NULL);
		class_count(call_store(call), id_known(class->class_id), class);
		page_add(&page, class);
	}
	Mt__ListClassesReply out = MT__LIST_CLASSES_REPLY__INIT;
	out.classes = (Mt__ClassRecord **)page.items;
	out.n_classes = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

Mt__Classes_Service classes_handlers = MT__CLASSES__INIT(classes_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static void
apply_opened(struct apply *apply, const Mt__ClassRecord *class)
{
	struct id id = id_known(class->class_id);
	struct key key = key_of_id(TABLE_CLASS, id);
	struct class_tally tally = {.version = 1};
	apply_put(apply, &key, &class->base);
	class_tally_put(apply, id, &tally);
	metric_stock(apply, METRIC_CLASSES_OPEN, class->authority_id, "", 1);
}

static Mt__ClassRecord *
class_known(struct apply *apply, const char *class_id)
{
	struct key key = key_of_id(TABLE_CLASS, id_known(class_id));
	Mt__ClassRecord *class = apply_record(apply, &key, &mt__class_record__descriptor);
	assert(class != NULL);
	return class;
}

static void
class_change(struct apply *apply, const Mt__ClassRecord *class)
{
	struct id id = id_known(class->class_id);
	struct key key = key_of_id(TABLE_CLASS, id);
	apply_put(apply, &key, &class->base);
	struct class_tally tally = class_tally_get(apply_store(apply), id);
	tally.version++;
	class_tally_put(apply, id, &tally);
}

static void
apply_renamed(struct apply *apply, const Mt__ClassRenamed *fact)
{
	Mt__ClassRecord *class = class_known(apply, fact->class_id);
	class->title = fact->title;
	class_change(apply, class);
}

static void
apply_closed(struct apply *apply, const Mt__ClassClosed *fact)
{
	Mt__ClassRecord *class = class_known(apply, fact->class_id);
	class->state = MT__CLASS__STATE__CLOSED;
	class_change(apply, class);
	metric_stock(apply, METRIC_CLASSES_OPEN, class->authority_id, "", -1);
}

void
class_apply(struct apply *apply, const Mt__ClassFact *fact)
{
	switch (fact->kind_case) {
	case MT__CLASS_FACT__KIND_CLASS_OPENED:
		apply_opened(apply, fact->class_opened->opened);
		return;
	case MT__CLASS_FACT__KIND_CLASS_CLOSED:
		apply_closed(apply, fact->class_closed);
		return;
	case MT__CLASS_FACT__KIND_CLASS_RENAMED:
		apply_renamed(apply, fact->class_renamed);
		return;
	case MT__CLASS_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a class fact of no kind");
}
