/* services/notification/subject.h
 *
 * Subject access: what this service holds of a person; see subject.c. */
#ifndef SERVICES_NOTIFICATION_SUBJECT_H
#define SERVICES_NOTIFICATION_SUBJECT_H

#include "common/core/call.h"

#include "matricula/subject.pb-c.h"

extern Mt__Subjects_Service notification_subjects;
extern Mt__SubjectReactions_Service notification_subject_reactions;

void notification_subject_apply(struct apply *apply, const Mt__SubjectFact *fact);

#endif
