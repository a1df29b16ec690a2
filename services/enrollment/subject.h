/* services/enrollment/subject.h
 *
 * Subject access: who may read a person's whole file (subject_grant.c), and what enrollment
 * holds of it (subject.c). */
#ifndef SERVICES_ENROLLMENT_SUBJECT_H
#define SERVICES_ENROLLMENT_SUBJECT_H

#include "services/enrollment/enrollment.h"

#include "matricula/subject.pb-c.h"

extern Mt__SubjectExports_Service enrollment_subject_exports;
extern Mt__Subjects_Service enrollment_subjects;

/* What the keys of a person's rows begin with, in the tables TABLE_SUBJECT_CLASS to TABLE_SUBJECT_ADOPTION. */
struct key subject_rows_key(uint8_t table, const char *person_id);

void enrollment_subject_apply(struct apply *apply, const Mt__SubjectFact *fact);
/* Keeps the rows that lead from a person to classes, teams, tokens and proposed adoptions. Before the fact is applied.
 */
void enrollment_subject_index(struct apply *apply, const Mt__EnrollmentServiceFact *fact);

#endif
