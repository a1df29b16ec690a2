/* services/assessment/subject.c
 *
 * What this service holds of a person, for whoever was granted their file: the classes
 * whose exams they may sit, and every attempt with answers and result. The rows that lead
 * from a person to these are written here, from the facts that exam.c and attempt.c apply. */
#include "services/assessment/subject.h"

#include "services/assessment/exam.h"
#include "services/assessment/tables.h"
#include "services/subject_part.h"

#include "matricula/attempt.pb-c.h"

static void
classes_add(struct subject_part *part, Mt__AssessmentPart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_SUBJECT_CLASS, part->record_id);
	if (!subject_list_begin(part, &page, "classes", &prefix))
		return;
	while (page_next(&page)) {
		char class_id[ID_TEXT_BYTES];
		id_format(subject_row_id(page.walk.key), class_id);
		page_add(&page, (void *)roster_find(part->call, class_id, part->record_id));
	}
	held->classes = (Mt__RosterRecord **)page.items;
	held->n_classes = page.count;
	subject_list_end(part, &page, "classes");
}

static void
attempts_add(struct subject_part *part, Mt__AssessmentPart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_SUBJECT_ATTEMPT, part->record_id);
	if (!subject_list_begin(part, &page, "attempts", &prefix))
		return;
	while (page_next(&page)) {
		struct id id = subject_row_id(page.walk.key);
		struct key key = key_of(TABLE_ATTEMPT);
		key_bytes(&key, slice_of(id.bytes, ID_BYTES));
		Mt__SubjectAttempt *attempt =
			(Mt__SubjectAttempt *)pb_new(&mt__subject_attempt__descriptor, call_arena(part->call));
		attempt->attempt = (Mt__AttemptRecord *)call_record(part->call, &key, &mt__attempt_record__descriptor);
		attempt->exam_title = exam_or_refuse(part->call, attempt->attempt->exam_id)->title;
		page_add(&page, attempt);
	}
	held->attempts = (Mt__SubjectAttempt **)page.items;
	held->n_attempts = page.count;
	subject_list_end(part, &page, "attempts");
}

static void
subjects_part(Mt__Subjects_Service *service, const Mt__SubjectPartRequest *in, Mt__SubjectPart_Closure reply,
	      void *call)
{
	(void)service;
	struct subject_part part;
	Mt__AssessmentPart held = MT__ASSESSMENT_PART__INIT;
	if (!subject_part_begin(&part, call, TABLE_SUBJECT_EXPORT, in))
		return;
	classes_add(&part, &held);
	attempts_add(&part, &held);
	part.out.assessment = &held;
	if (!call_refused(call))
		reply(&part.out, call);
}

Mt__Subjects_Service assessment_subjects = MT__SUBJECTS__INIT(subjects_);

static void
subject_reactions_subject_exported(Mt__SubjectReactions_Service *service, const Mt__SubjectExported *in,
				   Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	subject_grant_note(call, TABLE_SUBJECT_EXPORT, in->granted);
	reply(&noted, call);
}

Mt__SubjectReactions_Service assessment_subject_reactions = MT__SUBJECT_REACTIONS__INIT(subject_reactions_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static struct key
class_row(const char *person_id, const char *class_id)
{
	struct key key = subject_key_of(TABLE_SUBJECT_CLASS, person_id);
	key_id_of(&key, class_id);
	return key;
}

void
assessment_subject_apply_exam(struct apply *apply, const Mt__ExamFact *fact)
{
	if (fact->kind_case == MT__EXAM_FACT__KIND_ROSTER_JOINED) {
		const Mt__RosterRecord *roster = fact->roster_joined->roster;
		struct key key = class_row(roster->person_id, roster->class_id);
		apply_put_bytes(apply, &key, slice_text(""));
	} else if (fact->kind_case == MT__EXAM_FACT__KIND_ROSTER_LEFT) {
		struct key key = class_row(fact->roster_left->person_id, fact->roster_left->class_id);
		apply_delete(apply, &key);
	}
}

void
assessment_subject_apply_attempt(struct apply *apply, const Mt__AttemptFact *fact)
{
	if (fact->kind_case != MT__ATTEMPT_FACT__KIND_ATTEMPT_STARTED)
		return;
	const Mt__AttemptRecord *attempt = fact->attempt_started->attempt;
	struct key key = subject_key_of(TABLE_SUBJECT_ATTEMPT, attempt->person_id);
	key_id_of(&key, attempt->attempt_id);
	apply_put_bytes(apply, &key, slice_text(""));
}

void
assessment_subject_apply(struct apply *apply, const Mt__SubjectFact *fact)
{
	assert(fact->kind_case == MT__SUBJECT_FACT__KIND_SUBJECT_EXPORT_NOTED);
	subject_grant_put(apply, TABLE_SUBJECT_EXPORT, fact->subject_export_noted->granted);
}
