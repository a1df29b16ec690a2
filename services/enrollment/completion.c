/* services/enrollment/completion.c
 *
 * When somebody has completed a class: computed in the write path, the moment attendance
 * or a mark makes it true, never by a periodic job. The rules are the programme's; what
 * the certificate needs travels in the fact.
 *
 * A class is over once each session has been held. Attendance counts against the sessions
 * held less those the learner was excused from; a session without a mark is not attended,
 * and who was excused from everything attended nothing. Whoever no attendance list named
 * is settled by a timer a while after the last session, since a large class sends its
 * lists in several calls.
 *
 * Promise: nobody completes the same class twice, and a completion is not taken back by a
 * later correction; that is a certificate's revocation. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

/* Bridge points of a class across the country send their lists within this. */
static const int64_t SETTLE_AFTER_US = INT64_C(3600) * SECOND_US;

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
emit_completed(struct call *call, const struct progress *progress, const Mt__PersonRecord *person)
{
	char today[DATE_TEXT_BYTES];
	date_format(call_today(call), today);
	Mt__LearnerCompleted fact = MT__LEARNER_COMPLETED__INIT;
	fact.class_id = progress->class->class_id;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.school_id = progress->class->authority_id;
	fact.programme_id = progress->programme->programme_id;
	fact.programme_title = progress->programme->title;
	fact.programme_title_en = progress->programme->title_en;
	fact.hours = progress->programme->hours;
	fact.mark_percent = progress->mark_percent;
	fact.completed_on = today;
	fact.personal = person->personal;
	call_emit(call, &fact.base);
}

static void
emit_fell_short(struct call *call, const struct progress *progress, const Mt__PersonRecord *person,
		uint32_t attendance_percent)
{
	Mt__LearnerFellShort fact = MT__LEARNER_FELL_SHORT__INIT;
	fact.class_id = progress->class->class_id;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.mark_percent = progress->mark_percent;
	fact.attendance_percent = attendance_percent;
	call_emit(call, &fact.base);
}

void
completion_decide(struct call *call, const struct progress *progress, struct id person_id)
{
	bool open = progress->state == MT__ENROLMENT__STATE__ENROLLED;
	if (!open && progress->state != MT__ENROLMENT__STATE__NOT_COMPLETED)
		return;
	const Mt__ProgrammeRecord *programme = progress->programme;
	bool wants_mark = programme->mark_percent_min > 0;
	if (progress->sessions_held < progress->class->n_sessions || (wants_mark && !progress->graded))
		return;
	assert(progress->attended + progress->excused <= progress->sessions_held);
	uint32_t counted = progress->sessions_held - progress->excused;
	uint32_t attendance_percent = counted == 0 ? 0 : progress->attended * 100 / counted;
	bool enough = attendance_percent >= programme->attendance_percent_min &&
		      (!wants_mark || progress->mark_percent >= programme->mark_percent_min);
	/* Said once, and again when a new mark was still not enough. */
	if (!enough && !open && !progress->mark_is_new)
		return;
	const Mt__PersonRecord *person = person_learner(call, person_id);
	if (enough)
		emit_completed(call, progress, person);
	else
		emit_fell_short(call, progress, person, attendance_percent);
}

static struct progress
progress_of(const Mt__ClassRecord *class, const Mt__ProgrammeRecord *programme, const Mt__EnrolmentRecord *enrolment)
{
	return (struct progress){
		.class = class,
		.programme = programme,
		.sessions_held = class->sessions_held,
		.state = enrolment->state,
		.attended = enrolment->attended,
		.excused = enrolment->excused,
		.graded = enrolment->graded,
		.mark_percent = enrolment->mark_percent,
	};
}

/* The best mark counts: a second attempt that went worse takes nothing away. */
static void
reactions_attempt_graded(Mt__EnrolmentReactions_Service *service, const Mt__AttemptGraded *in, Mt__Noted_Closure reply,
			 void *call)
{
	(void)service;
	struct id class_id;
	struct id person_id;
	if (!call_id(call, "class_id", in->class_id, &class_id) ||
	    !call_id(call, "person_id", in->person_id, &person_id))
		return;
	const Mt__EnrolmentRecord *enrolment = enrolment_get(call, class_id, person_id);
	if (enrolment == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is not in class %s", in->person_id, in->class_id);
		return;
	}
	Mt__Noted out = MT__NOTED__INIT;
	if (enrolment->graded && in->mark_percent <= enrolment->mark_percent) {
		reply(&out, call);
		return;
	}
	Mt__MarkNoted fact = MT__MARK_NOTED__INIT;
	fact.class_id = in->class_id;
	fact.person_id = in->person_id;
	fact.mark_percent = in->mark_percent;
	call_emit(call, &fact.base);

	const Mt__ClassRecord *class = class_get(call, class_id);
	assert(class != NULL);
	struct progress progress = progress_of(class, programme_get(call, class->programme_id), enrolment);
	progress.graded = true;
	progress.mark_is_new = true;
	progress.mark_percent = in->mark_percent;
	completion_decide(call, &progress, person_id);
	reply(&out, call);
}

Mt__EnrolmentReactions_Service enrolment_reactions_handlers = MT__ENROLMENT_REACTIONS__INIT(reactions_);

static void
emit_continued(struct call *call, const char *class_id, struct id last)
{
	char after[ID_TEXT_BYTES];
	id_format(last, after);
	Mt__ClassSettlingContinued fact = MT__CLASS_SETTLING_CONTINUED__INIT;
	fact.class_id = (char *)class_id;
	fact.after_person_id = after;
	call_emit(call, &fact.base);
}

static void
timers_settle_class(Mt__EnrolmentTimers_Service *service, const Mt__ClassSettlingDue *in, Mt__Noted_Closure reply,
		    void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL)
		return;
	const Mt__ProgrammeRecord *programme = programme_get(call, class->programme_id);
	assert(programme != NULL);
	struct id class_id = id_known(class->class_id);
	struct key prefix = key_of_id(TABLE_ENROLMENT, class_id);
	struct key after = prefix;
	if (in->after_person_id[0] != '\0')
		after = key_of_ids(TABLE_ENROLMENT, class_id, id_known(in->after_person_id));
	struct store_walk walk = store_walk_after(call_store(call), key_slice(&prefix), key_slice(&after));
	for (unsigned settled = 0; store_walk_next(&walk); settled++) {
		struct id person_id;
		memcpy(person_id.bytes, walk.key.data + prefix.size, ID_BYTES);
		const Mt__EnrolmentRecord *enrolment = enrolment_get(call, class_id, person_id);
		struct progress progress = progress_of(class, programme, enrolment);
		completion_decide(call, &progress, person_id);
		if (settled + 1 == SETTLED_PER_CALL_MAX) {
			emit_continued(call, class->class_id, person_id);
			break;
		}
	}
	Mt__Noted out = MT__NOTED__INIT;
	reply(&out, call);
}

Mt__EnrolmentTimers_Service enrolment_timers_handlers = MT__ENROLMENT_TIMERS__INIT(timers_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static void
settle_at(struct apply *apply, int64_t due_us, const char *class_id, const char *after_person_id)
{
	Mt__ClassSettlingDue due = MT__CLASS_SETTLING_DUE__INIT;
	due.class_id = (char *)class_id;
	due.after_person_id = (char *)after_person_id;
	const char *name = arena_format(apply_arena(apply), "%s%s", class_id, after_person_id);
	apply_timer_set(apply, due_us, "EnrolmentTimers.SettleClass", name, &due.base);
}

void
completion_settle_later(struct apply *apply, const char *class_id)
{
	settle_at(apply, apply_time_us(apply) + SETTLE_AFTER_US, class_id, "");
}

void
completion_apply_continued(struct apply *apply, const Mt__ClassSettlingContinued *fact)
{
	settle_at(apply, apply_time_us(apply), fact->class_id, fact->after_person_id);
}

/* Over for this person, one way or the other: the seat is kept, the enrolment is no longer under way. */
static void
leave_active(struct apply *apply, const Mt__EnrolmentRecord *enrolment)
{
	if (enrolment->state == MT__ENROLMENT__STATE__ENROLLED)
		metric_stock(apply, METRIC_ENROLMENTS_ACTIVE, enrolment->authority_id, "", -1);
}

void
completion_apply_completed(struct apply *apply, const Mt__LearnerCompleted *fact)
{
	Mt__EnrolmentRecord *enrolment = enrolment_known(apply, fact->class_id, fact->person_id);
	leave_active(apply, enrolment);
	enrolment->state = MT__ENROLMENT__STATE__COMPLETED;
	enrolment->completed_on = fact->completed_on;
	enrolment_put(apply, enrolment);
	metric_flow_on(apply, METRIC_COMPLETIONS, fact->authority_id, "", fact->completed_on, 1);
}

void
completion_apply_fell_short(struct apply *apply, const Mt__LearnerFellShort *fact)
{
	Mt__EnrolmentRecord *enrolment = enrolment_known(apply, fact->class_id, fact->person_id);
	leave_active(apply, enrolment);
	enrolment->state = MT__ENROLMENT__STATE__NOT_COMPLETED;
	enrolment_put(apply, enrolment);
}

void
completion_apply_mark(struct apply *apply, const Mt__MarkNoted *fact)
{
	Mt__EnrolmentRecord *enrolment = enrolment_known(apply, fact->class_id, fact->person_id);
	enrolment->graded = true;
	enrolment->mark_percent = fact->mark_percent;
	enrolment_put(apply, enrolment);
}
