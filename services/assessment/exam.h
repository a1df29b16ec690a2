/* services/assessment/exam.h
 *
 * Exams and the roster of who may sit them; see exam.c. */
#ifndef SERVICES_ASSESSMENT_EXAM_H
#define SERVICES_ASSESSMENT_EXAM_H

#include "common/core/call.h"

#include "matricula/exam.pb-c.h"

enum {
	EXAM_ITEMS_MAX = 200, /* the request limit allows no more with full texts */
	EXAM_CHOICES_MIN = 2,
	EXAM_CHOICES_MAX = 10, /* a to k on a printed sheet */
	EXAM_STEM_BYTES_MAX = 4096,
	EXAM_CHOICE_BYTES_MAX = 1024,
	EXAM_POINTS_MAX = 100,      /* of one item; 200 of them fit a uint32 by far */
	EXAM_MINUTES_MAX = 24 * 60, /* an attempt ends within a day */
	EXAM_ATTEMPTS_MAX = 20,
};

extern Mt__Exams_Service exams;
extern Mt__ExamReactions_Service exam_reactions;

/* NULL and refused: the id is none (field exam_id), or no exam has it. */
const Mt__ExamRecord *exam_or_refuse(struct call *call, const char *exam_id);
/* NULL if the person is not on the class's roster. */
const Mt__RosterRecord *roster_find(const struct call *call, const char *class_id, const char *person_id);
uint32_t exam_points_max(const Mt__ExamRecord *exam);

void exam_apply(struct apply *apply, const Mt__ExamFact *fact);

#endif
