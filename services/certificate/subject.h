/* services/certificate/subject.h
 *
 * Subject access: what this service holds of a person; see subject.c. */
#ifndef SERVICES_CERTIFICATE_SUBJECT_H
#define SERVICES_CERTIFICATE_SUBJECT_H

#include "common/core/call.h"

#include "matricula/subject.pb-c.h"

extern Mt__Subjects_Service certificate_subjects;
extern Mt__SubjectReactions_Service certificate_subject_reactions;

void certificate_subject_apply(struct apply *apply, const Mt__SubjectFact *fact);

#endif
