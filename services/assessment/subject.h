/* services/assessment/subject.h
 *
 * Subject access: what this service holds of a person; see subject.c. */
#ifndef SERVICES_ASSESSMENT_SUBJECT_H
#define SERVICES_ASSESSMENT_SUBJECT_H

#include "common/core/call.h"

#include "matricula/attempt.pb-c.h"
#include "matricula/exam.pb-c.h"
#include "matricula/subject.pb-c.h"

extern Mt__Subjects_Service assessment_subjects;
extern Mt__SubjectReactions_Service assessment_subject_reactions;

void assessment_subject_apply(struct apply *apply, const Mt__SubjectFact *fact);
/* Keeps the rows that lead from a person to classes and attempts. */
void assessment_subject_apply_exam(struct apply *apply, const Mt__ExamFact *fact);
void assessment_subject_apply_attempt(struct apply *apply, const Mt__AttemptFact *fact);

#endif
