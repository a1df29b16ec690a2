/* services/enrollment/attendance.c
 *
 * Who was there, session by session. What was marked last counts: marking again corrects
 * the counts exactly, marking the same again changes nothing. Each learner's marks are one
 * small row, a byte a session; the counts stand in the enrolment.
 *
 * Promises: nobody is marked before the session begins, nor without a seat; the warning
 * for too many absences is raised once an enrolment, in the same decision. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"

#include <assert.h>

/* A mark against what was marked before. */
struct marking {
	struct id person_id;
	const Mt__EnrolmentRecord *enrolment;
	Mt__Presence__State before;
	Mt__Presence__State after;
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

/* The marks of a learner, a byte a session; how many there are. */
static size_t
presence_get(const struct store *store, struct id class_id, struct id person_id, uint8_t marks[SESSIONS_MAX])
{
	struct key key = key_of_ids(TABLE_PRESENCE, class_id, person_id);
	struct slice value;
	memset(marks, 0, SESSIONS_MAX);
	if (!store_get(store, key_slice(&key), &value))
		return 0;
	assert(value.size <= SESSIONS_MAX);
	memcpy(marks, value.data, value.size);
	return value.size;
}

static struct key
session_held_key(struct id class_id, uint32_t session)
{
	struct key key = key_of_id(TABLE_SESSION_HELD, class_id);
	key_u16(&key, (uint16_t)session);
	return key;
}

static uint32_t
recount(uint32_t count, Mt__Presence__State counted, Mt__Presence__State before, Mt__Presence__State after)
{
	assert(before != counted || count > 0);
	return count + (after == counted) - (before == counted);
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static bool
session_check(struct call *call, const Mt__ClassRecord *class, uint32_t session)
{
	if (session == 0 || session > class->n_sessions) {
		call_refuse_field(call, "session", "class %s has sessions 1 to %zu, not %u", class->class_id,
				  class->n_sessions, session);
		return false;
	}
	const char *begins_at = class->sessions[session - 1]->begins_at;
	int64_t begins_us;
	bool is_instant = instant_parse(begins_at, &begins_us);
	assert(is_instant);
	if (call_now_us(call) >= begins_us)
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "session %u of class %s does not begin before %s", session,
		    class->class_id, begins_at);
	return false;
}

static bool
named_twice(const struct marking *markings, size_t count)
{
	const struct marking *last = &markings[count - 1];
	for (size_t i = 0; i + 1 < count; i++) {
		if (memcmp(markings[i].person_id.bytes, last->person_id.bytes, ID_BYTES) == 0)
			return true;
	}
	return false;
}

static bool
marks_check(struct call *call, const Mt__TakeAttendanceRequest *in, struct id class_id, struct marking *markings)
{
	if (in->n_marks == 0 || in->n_marks > MARKS_PER_CALL_MAX) {
		call_refuse_field(call, "marks", "a call takes 1 to %d marks, not %zu", MARKS_PER_CALL_MAX,
				  in->n_marks);
		return false;
	}
	for (size_t i = 0; i < in->n_marks; i++) {
		const Mt__PresenceMark *mark = in->marks[i];
		struct marking *marking = &markings[i];
		if (!call_id(call, "marks", mark->person_id, &marking->person_id))
			return false;
		if (mark->state == MT__PRESENCE__STATE__UNSET) {
			call_refuse_field(call, "marks", "the mark of person %s has no state", mark->person_id);
			return false;
		}
		if (named_twice(markings, i + 1)) {
			call_refuse_field(call, "marks", "person %s is marked twice", mark->person_id);
			return false;
		}
		marking->enrolment = enrolment_get(call, class_id, marking->person_id);
		if (marking->enrolment == NULL || !enrolment_holds_seat(marking->enrolment)) {
			call_refuse_field(call, "marks", "person %s has no seat in class %s", mark->person_id,
					  in->class_id);
			return false;
		}
		uint8_t before[SESSIONS_MAX];
		presence_get(call_store(call), class_id, marking->person_id, before);
		marking->before = (Mt__Presence__State)before[in->session - 1];
		marking->after = mark->state;
	}
	return true;
}

/* The marks that change something; false if none does. */
static bool
emit_taken(struct call *call, const Mt__TakeAttendanceRequest *in, const Mt__ClassRecord *class,
	   const struct marking *markings)
{
	Mt__AttendanceTaken fact = MT__ATTENDANCE_TAKEN__INIT;
	fact.marks = arena_alloc(call_arena(call), in->n_marks * sizeof(*fact.marks));
	for (size_t i = 0; i < in->n_marks; i++) {
		if (markings[i].before != markings[i].after)
			fact.marks[fact.n_marks++] = in->marks[i];
	}
	if (fact.n_marks == 0)
		return false;
	fact.class_id = class->class_id;
	fact.session = in->session;
	fact.taken_by = (char *)call_subject(call);
	fact.authority_id = class->authority_id;
	call_emit(call, &fact.base);
	return true;
}

/* The early warning, if this mark brings it; true then. */
static bool
warn(struct call *call, const Mt__ClassRecord *class, const Mt__ProgrammeRecord *programme,
     const struct marking *marking)
{
	const Mt__EnrolmentRecord *enrolment = marking->enrolment;
	uint32_t absent = recount(enrolment->absent, MT__PRESENCE__STATE__ABSENT, marking->before, marking->after);
	if (programme->absences_warned_at == 0 || absent < programme->absences_warned_at || enrolment->warned ||
	    enrolment->state != MT__ENROLMENT__STATE__ENROLLED)
		return false;
	const Mt__PersonRecord *person = person_learner(call, marking->person_id);
	Mt__LearnerWarned fact = MT__LEARNER_WARNED__INIT;
	fact.class_id = class->class_id;
	fact.person_id = enrolment->person_id;
	fact.authority_id = person->authority_id;
	fact.absences = absent;
	fact.class_title = class->title;
	call_emit(call, &fact.base);
	return true;
}

static void
complete(struct call *call, const Mt__ClassRecord *class, const Mt__ProgrammeRecord *programme, uint32_t sessions_held,
	 const struct marking *marking)
{
	const Mt__EnrolmentRecord *enrolment = marking->enrolment;
	struct progress progress = {
		.class = class,
		.programme = programme,
		.sessions_held = sessions_held,
		.state = enrolment->state,
		.attended = recount(enrolment->attended, MT__PRESENCE__STATE__PRESENT, marking->before, marking->after),
		.excused = recount(enrolment->excused, MT__PRESENCE__STATE__EXCUSED, marking->before, marking->after),
		.graded = enrolment->graded,
		.mark_percent = enrolment->mark_percent,
	};
	completion_decide(call, &progress, marking->person_id);
}

static void
attendance_take(Mt__Attendance_Service *service, const Mt__TakeAttendanceRequest *in,
		Mt__TakeAttendanceReply_Closure reply, void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL || !call_scope(call, class->authority_id) || !session_check(call, class, in->session))
		return;
	struct id class_id = id_known(class->class_id);
	struct marking *markings = arena_zero(call_arena(call), MARKS_PER_CALL_MAX * sizeof(*markings));
	if (!marks_check(call, in, class_id, markings))
		return;
	Mt__TakeAttendanceReply out = MT__TAKE_ATTENDANCE_REPLY__INIT;
	out.marked = (uint32_t)in->n_marks;
	if (!emit_taken(call, in, class, markings)) {
		reply(&out, call);
		return;
	}
	struct key held = session_held_key(class_id, in->session);
	uint32_t sessions_held = class->sessions_held + (store_has(call_store(call), key_slice(&held)) ? 0 : 1);
	const Mt__ProgrammeRecord *programme = programme_get(call, class->programme_id);
	assert(programme != NULL);
	out.warned_person_ids = arena_alloc(call_arena(call), in->n_marks * sizeof(*out.warned_person_ids));
	for (size_t i = 0; i < in->n_marks; i++) {
		if (markings[i].before == markings[i].after)
			continue;
		if (warn(call, class, programme, &markings[i]))
			out.warned_person_ids[out.n_warned_person_ids++] = in->marks[i]->person_id;
		complete(call, class, programme, sessions_held, &markings[i]);
	}
	reply(&out, call);
}

Mt__Attendance_Service attendance_handlers = MT__ATTENDANCE__INIT(attendance_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

/* The learner's row and counts; what was marked before. */
static Mt__Presence__State
apply_mark(struct apply *apply, const Mt__AttendanceTaken *fact, const Mt__PresenceMark *mark)
{
	struct id class_id = id_known(fact->class_id);
	struct id person_id = id_known(mark->person_id);
	uint8_t marks[SESSIONS_MAX];
	size_t size = presence_get(apply_store(apply), class_id, person_id, marks);
	Mt__Presence__State before = (Mt__Presence__State)marks[fact->session - 1];
	marks[fact->session - 1] = (uint8_t)mark->state;
	if (size < fact->session)
		size = fact->session;
	struct key key = key_of_ids(TABLE_PRESENCE, class_id, person_id);
	apply_put_bytes(apply, &key, slice_of(marks, size));

	Mt__EnrolmentRecord *enrolment = enrolment_known(apply, fact->class_id, mark->person_id);
	enrolment->attended = recount(enrolment->attended, MT__PRESENCE__STATE__PRESENT, before, mark->state);
	enrolment->absent = recount(enrolment->absent, MT__PRESENCE__STATE__ABSENT, before, mark->state);
	enrolment->excused = recount(enrolment->excused, MT__PRESENCE__STATE__EXCUSED, before, mark->state);
	enrolment_put(apply, enrolment);
	return before;
}

static void
apply_held(struct apply *apply, const Mt__AttendanceTaken *fact, const Mt__ClassRecord *class)
{
	struct id class_id = id_known(fact->class_id);
	struct key held = session_held_key(class_id, fact->session);
	struct class_tally tally = class_tally_get(apply_store(apply), class_id);
	tally.version++;
	if (!store_has(apply_store(apply), key_slice(&held))) {
		uint8_t seq[sizeof(uint64_t)];
		put_u64(seq, apply_seq(apply));
		apply_put_bytes(apply, &held, slice_of(seq, sizeof(seq)));
		tally.sessions_held++;
		if (tally.sessions_held == class->n_sessions)
			completion_settle_later(apply, class->class_id);
	}
	class_tally_put(apply, class_id, &tally);
}

static void
apply_taken(struct apply *apply, const Mt__AttendanceTaken *fact)
{
	struct key key = key_of_id(TABLE_CLASS, id_known(fact->class_id));
	const Mt__ClassRecord *class = apply_record(apply, &key, &mt__class_record__descriptor);
	assert(class != NULL);
	assert(fact->session >= 1 && fact->session <= class->n_sessions);
	int64_t present = 0;
	for (size_t i = 0; i < fact->n_marks; i++) {
		Mt__Presence__State before = apply_mark(apply, fact, fact->marks[i]);
		present += (fact->marks[i]->state == MT__PRESENCE__STATE__PRESENT) -
			   (before == MT__PRESENCE__STATE__PRESENT);
	}
	int64_t begins_us;
	bool is_instant = instant_parse(class->sessions[fact->session - 1]->begins_at, &begins_us);
	assert(is_instant);
	if (present != 0)
		metric_flow_at(apply, METRIC_ATTENDANCE_PRESENT, fact->authority_id, begins_us, present);
	apply_held(apply, fact, class);
}

void
attendance_apply(struct apply *apply, const Mt__AttendanceFact *fact)
{
	switch (fact->kind_case) {
	case MT__ATTENDANCE_FACT__KIND_ATTENDANCE_TAKEN:
		apply_taken(apply, fact->attendance_taken);
		return;
	case MT__ATTENDANCE_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an attendance fact of no kind");
}
