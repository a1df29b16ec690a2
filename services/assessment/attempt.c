/* services/assessment/attempt.c
 *
 * An attempt is one person sitting one exam: started, then graded at submission or
 * lapsed when its time is over. It promises that a person holds at most one running
 * attempt at an exam (a second start gives back the first), that there are never more
 * than the exam allows, and that answers count only before the end. Grading is in the
 * write path: whoever handed in sees the mark in the reply. Attempts under all ids of a
 * person count as theirs; a new one is made under the id that is enrolled. */
#include "services/assessment/attempt.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/assessment/exam.h"
#include "services/assessment/service.h"
#include "services/assessment/tables.h"

#define MINUTE_US (60 * SECOND_US)

static const char due_method[] = "AttemptTimers.Due";

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
attempt_key(const char *attempt_id)
{
	struct key key = key_of(TABLE_ATTEMPT);
	key_id_of(&key, attempt_id);
	return key;
}

static struct key
attempts_of_key(const char *exam_id, const char *person_id)
{
	struct key key = key_of(TABLE_ATTEMPT_OF);
	key_id_of(&key, exam_id);
	key_id_of(&key, person_id);
	return key;
}

static const Mt__AttemptRecord *
attempt_or_refuse(struct call *call, const char *attempt_id)
{
	struct id id;
	if (!call_id(call, "attempt_id", attempt_id, &id))
		return NULL;
	struct key key = attempt_key(attempt_id);
	const Mt__AttemptRecord *attempt = call_record(call, &key, &mt__attempt_record__descriptor);
	if (attempt == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "attempt %s is not known", attempt_id);
	return attempt;
}

static bool
attempt_is_open(const struct call *call, const Mt__AttemptRecord *attempt)
{
	return attempt->state == MT__ATTEMPT__STATE__STARTED && call_now_us(call) < attempt->ends_us;
}

/* What a person made of an exam. */
struct attempts_made {
	uint32_t count;
	uint32_t number_last;          /* the highest; more than count if some were split off */
	const Mt__AttemptRecord *open; /* or NULL */
};

/* Adds those under one id: EXAM_ATTEMPTS_MAX rows at most. */
static void
attempts_add(const struct call *call, const char *exam_id, const char *person_id, struct attempts_made *made)
{
	struct key prefix = attempts_of_key(exam_id, person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_of(TABLE_ATTEMPT);
		key_bytes(&key, walk.value);
		const Mt__AttemptRecord *attempt = call_record(call, &key, &mt__attempt_record__descriptor);
		assert(attempt != NULL);
		made->count++;
		if (attempt->number > made->number_last)
			made->number_last = attempt->number;
		if (attempt_is_open(call, attempt))
			made->open = attempt;
	}
}

static struct attempts_made
attempts_made(const struct call *call, const char *exam_id, const char *person_id)
{
	const char *ids[PERSON_IDS_MAX];
	struct attempts_made made = {.open = NULL};
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++)
		attempts_add(call, exam_id, ids[i], &made);
	return made;
}

static const char *
ends_at(struct call *call, int64_t ends_us)
{
	char *text = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	instant_format(ends_us, text);
	return text;
}

/* The person himself, or staff of the school: a learner's own authority opens nothing. */
static bool
allowed(struct call *call, const char *person_id, const char *school_id, uint32_t staff_roles)
{
	if (call_is_self(call, person_id))
		return true;
	for (int role = 0; role < 32; role++) {
		if ((staff_roles & 1u << role) != 0 && call_has_role(call, (Mt__Role)role))
			return call_scope(call, school_id);
	}
	call_refuse(call, MT__STATUS__PERMISSION_DENIED, "a learner may sit and see only exams of his own");
	return false;
}

enum {
	STAFF_EXAMINING = 1 << MT__ROLE__EXAMINER,
	STAFF_READING = 1 << MT__ROLE__EXAMINER | 1 << MT__ROLE__REGISTRAR | 1 << MT__ROLE__AUDITOR,
};

/* --- decisions -------------------------------------------------------------------------------------------------- */

/* The place of the person in the exam's class, under whichever id; NULL and refused. */
static const Mt__RosterRecord *
roster_or_refuse(struct call *call, const Mt__ExamRecord *exam, const char *person_id)
{
	const char *ids[PERSON_IDS_MAX];
	const Mt__RosterRecord *roster = NULL;
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count && roster == NULL; i++)
		roster = roster_find(call, exam->class_id, ids[i]);
	if (roster == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is not enrolled in class %s", person_id,
			    exam->class_id);
		return NULL;
	}
	if (strcmp(roster->school_id, exam->authority_id) != 0) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "exam %s was made by a school that does not run class %s", exam->exam_id, exam->class_id);
		return NULL;
	}
	return roster;
}

static const char *
start_new(struct call *call, const Mt__ExamRecord *exam, const char *person_id, uint32_t number, int64_t ends_us)
{
	struct id exam_id;
	bool is_id = id_parse(exam->exam_id, &exam_id);
	assert(is_id);
	Mt__AttemptRecord attempt = MT__ATTEMPT_RECORD__INIT;
	attempt.attempt_id = (char *)call_new_id(call, id_locality(exam_id));
	attempt.exam_id = exam->exam_id;
	attempt.class_id = exam->class_id;
	attempt.person_id = (char *)person_id;
	attempt.state = MT__ATTEMPT__STATE__STARTED;
	attempt.number = number;
	attempt.ends_us = ends_us;
	attempt.points_max = exam_points_max(exam);
	attempt.authority_id = exam->authority_id;

	Mt__AttemptStarted fact = MT__ATTEMPT_STARTED__INIT;
	fact.attempt = &attempt;
	call_emit(call, &fact.base);
	return attempt.attempt_id;
}

static void
attempts_start(Mt__Attempts_Service *service, const Mt__StartAttemptRequest *in, Mt__StartAttemptReply_Closure reply,
	       void *call)
{
	(void)service;
	struct id person_id;
	const Mt__ExamRecord *exam = exam_or_refuse(call, in->exam_id);
	if (exam == NULL || !call_id(call, "person_id", in->person_id, &person_id))
		return;
	if (!allowed(call, in->person_id, exam->authority_id, STAFF_EXAMINING))
		return;
	const Mt__RosterRecord *roster = roster_or_refuse(call, exam, in->person_id);
	if (roster == NULL)
		return;

	Mt__StartAttemptReply out = MT__START_ATTEMPT_REPLY__INIT;
	struct attempts_made made = attempts_made(call, in->exam_id, in->person_id);
	if (made.open != NULL) {
		out.attempt_id = made.open->attempt_id;
		out.ends_at = (char *)ends_at(call, made.open->ends_us);
		reply(&out, call);
		return;
	}
	if (made.count >= exam->attempts_max) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s has used all %u attempts at exam %s",
			    in->person_id, exam->attempts_max, in->exam_id);
		return;
	}
	int64_t ends_us = call_now_us(call) + exam->minutes * MINUTE_US;
	out.attempt_id = (char *)start_new(call, exam, roster->person_id, made.number_last + 1, ends_us);
	out.ends_at = (char *)ends_at(call, ends_us);
	reply(&out, call);
}

static bool
open_or_refuse(struct call *call, const Mt__AttemptRecord *attempt)
{
	if (attempt->state == MT__ATTEMPT__STATE__GRADED) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "attempt %s is graded already", attempt->attempt_id);
		return false;
	}
	if (!attempt_is_open(call, attempt)) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the time of attempt %s was over at %s",
			    attempt->attempt_id, ends_at(call, attempt->ends_us));
		return false;
	}
	return true;
}

static void
attempts_get_paper(Mt__Attempts_Service *service, const Mt__GetPaperRequest *in, Mt__GetPaperReply_Closure reply,
		   void *call)
{
	(void)service;
	const Mt__AttemptRecord *attempt = attempt_or_refuse(call, in->attempt_id);
	if (attempt == NULL || !allowed(call, attempt->person_id, attempt->authority_id, STAFF_EXAMINING))
		return;
	if (!open_or_refuse(call, attempt))
		return;
	const Mt__ExamRecord *exam = exam_or_refuse(call, attempt->exam_id);
	if (exam == NULL)
		return;
	Mt__GetPaperReply out = MT__GET_PAPER_REPLY__INIT;
	out.attempt_id = attempt->attempt_id;
	out.title = exam->title;
	out.ends_at = (char *)ends_at(call, attempt->ends_us);
	out.n_items = exam->n_items;
	out.items = arena_zero(call_arena(call), exam->n_items * sizeof(*out.items));
	for (size_t i = 0; i < exam->n_items; i++) {
		Mt__PaperItem *item = (Mt__PaperItem *)pb_new(&mt__paper_item__descriptor, call_arena(call));
		item->number = exam->items[i]->number;
		item->stem = exam->items[i]->stem;
		item->choices = exam->items[i]->choices;
		item->n_choices = exam->items[i]->n_choices;
		item->points = exam->items[i]->points;
		out.items[i] = item;
	}
	reply(&out, call);
}

static bool
answers_fit(struct call *call, const Mt__ExamRecord *exam, const Mt__SubmitAttemptRequest *in)
{
	if (in->n_answers != exam->n_items) {
		call_refuse_field(call, "answers", "exam %s has %zu items, %zu answers came", exam->exam_id,
				  exam->n_items, in->n_answers);
		return false;
	}
	for (size_t i = 0; i < in->n_answers; i++) {
		if (in->answers[i] <= exam->items[i]->n_choices)
			continue;
		call_refuse_field(call, arena_format(call_arena(call), "answers[%zu]", i),
				  "answer %zu is %u, the item has choices 1 to %zu (0: not answered)", i + 1,
				  in->answers[i], exam->items[i]->n_choices);
		return false;
	}
	return true;
}

static uint32_t
points_of(const Mt__ExamRecord *exam, const uint32_t *answers)
{
	uint32_t points = 0;
	for (size_t i = 0; i < exam->n_items; i++) {
		if (answers[i] == exam->items[i]->key)
			points += exam->items[i]->points;
	}
	return points;
}

static void
attempts_submit(Mt__Attempts_Service *service, const Mt__SubmitAttemptRequest *in, Mt__SubmitAttemptReply_Closure reply,
		void *call)
{
	(void)service;
	const Mt__AttemptRecord *attempt = attempt_or_refuse(call, in->attempt_id);
	if (attempt == NULL || !allowed(call, attempt->person_id, attempt->authority_id, STAFF_EXAMINING))
		return;
	if (!open_or_refuse(call, attempt))
		return;
	const Mt__ExamRecord *exam = exam_or_refuse(call, attempt->exam_id);
	if (exam == NULL || !answers_fit(call, exam, in))
		return;

	Mt__AnswersSubmitted submitted = MT__ANSWERS_SUBMITTED__INIT;
	submitted.attempt_id = attempt->attempt_id;
	submitted.answers = in->answers;
	submitted.n_answers = in->n_answers;
	call_emit(call, &submitted.base);

	Mt__AttemptGraded graded = MT__ATTEMPT_GRADED__INIT;
	graded.attempt_id = attempt->attempt_id;
	graded.exam_id = attempt->exam_id;
	graded.class_id = attempt->class_id;
	graded.person_id = attempt->person_id;
	graded.points = points_of(exam, in->answers);
	graded.points_max = attempt->points_max;
	graded.mark_percent = graded.points * 100 / graded.points_max;
	graded.authority_id = attempt->authority_id;
	call_emit(call, &graded.base);

	Mt__SubmitAttemptReply out = MT__SUBMIT_ATTEMPT_REPLY__INIT;
	out.points = graded.points;
	out.points_max = graded.points_max;
	out.mark_percent = graded.mark_percent;
	reply(&out, call);
}

static void
attempts_get(Mt__Attempts_Service *service, const Mt__GetAttemptRequest *in, Mt__AttemptRecord_Closure reply,
	     void *call)
{
	(void)service;
	const Mt__AttemptRecord *attempt = attempt_or_refuse(call, in->attempt_id);
	if (attempt == NULL || !allowed(call, attempt->person_id, attempt->authority_id, STAFF_READING))
		return;
	reply(attempt, call);
}

Mt__Attempts_Service attempts = MT__ATTEMPTS__INIT(attempts_);

static void
attempt_timers_due(Mt__AttemptTimers_Service *service, const Mt__AttemptDue *in, Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__AttemptRecord *attempt = attempt_or_refuse(call, in->attempt_id);
	if (attempt == NULL)
		return;
	if (attempt->state == MT__ATTEMPT__STATE__STARTED) {
		Mt__AttemptLapsed fact = MT__ATTEMPT_LAPSED__INIT;
		fact.attempt_id = attempt->attempt_id;
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

Mt__AttemptTimers_Service attempt_timers = MT__ATTEMPT_TIMERS__INIT(attempt_timers_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

static Mt__AttemptRecord *
record_of(struct apply *apply, const struct key *key)
{
	Mt__AttemptRecord *attempt = apply_record(apply, key, &mt__attempt_record__descriptor);
	assert(attempt != NULL);
	return attempt;
}

static void
count(struct apply *apply, enum assessment_metric metric, const Mt__AttemptRecord *attempt)
{
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	figures_add(apply, &assessment_metrics[metric], attempt->authority_id, "", date_month(today), 1);
}

static void
apply_started(struct apply *apply, const Mt__AttemptStarted *fact)
{
	const Mt__AttemptRecord *attempt = fact->attempt;
	struct key key = attempt_key(attempt->attempt_id);
	apply_put(apply, &key, &attempt->base);

	struct id id;
	bool is_id = id_parse(attempt->attempt_id, &id);
	assert(is_id);
	struct key of = attempts_of_key(attempt->exam_id, attempt->person_id);
	key_u32(&of, attempt->number);
	apply_put_bytes(apply, &of, slice_of(id.bytes, ID_BYTES));

	Mt__AttemptDue due = MT__ATTEMPT_DUE__INIT;
	due.attempt_id = attempt->attempt_id;
	apply_timer_set(apply, attempt->ends_us, due_method, attempt->attempt_id, &due.base);
}

static void
apply_submitted(struct apply *apply, const Mt__AnswersSubmitted *fact)
{
	struct key key = attempt_key(fact->attempt_id);
	Mt__AttemptRecord *attempt = record_of(apply, &key);
	attempt->answers = fact->answers;
	attempt->n_answers = fact->n_answers;
	apply_put(apply, &key, &attempt->base);
}

static void
apply_graded(struct apply *apply, const Mt__AttemptGraded *fact)
{
	struct key key = attempt_key(fact->attempt_id);
	Mt__AttemptRecord *attempt = record_of(apply, &key);
	attempt->state = MT__ATTEMPT__STATE__GRADED;
	attempt->points = fact->points;
	attempt->mark_percent = fact->mark_percent;
	apply_put(apply, &key, &attempt->base);
	apply_timer_clear(apply, attempt->ends_us, due_method, attempt->attempt_id);
	count(apply, METRIC_ATTEMPTS_GRADED, attempt);
}

static void
apply_lapsed(struct apply *apply, const Mt__AttemptLapsed *fact)
{
	struct key key = attempt_key(fact->attempt_id);
	Mt__AttemptRecord *attempt = record_of(apply, &key);
	attempt->state = MT__ATTEMPT__STATE__LAPSED;
	apply_put(apply, &key, &attempt->base);
	count(apply, METRIC_ATTEMPTS_LAPSED, attempt);
}

void
attempt_apply(struct apply *apply, const Mt__AttemptFact *fact)
{
	switch (fact->kind_case) {
	case MT__ATTEMPT_FACT__KIND_ATTEMPT_STARTED:
		apply_started(apply, fact->attempt_started);
		return;
	case MT__ATTEMPT_FACT__KIND_ANSWERS_SUBMITTED:
		apply_submitted(apply, fact->answers_submitted);
		return;
	case MT__ATTEMPT_FACT__KIND_ATTEMPT_GRADED:
		apply_graded(apply, fact->attempt_graded);
		return;
	case MT__ATTEMPT_FACT__KIND_ATTEMPT_LAPSED:
		apply_lapsed(apply, fact->attempt_lapsed);
		return;
	case MT__ATTEMPT_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
