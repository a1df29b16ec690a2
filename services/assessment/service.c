/* services/assessment/service.c
 *
 * The assessment service: exams and attempts. It follows enrollment, which says who is
 * in which class; enrollment follows it, to learn the marks. */
#include "services/assessment/service.h"

#include "common/core/call.h"
#include "common/core/mirror.h"
#include "services/assessment/attempt.h"
#include "services/assessment/exam.h"
#include "services/assessment/subject.h"

#include "matricula/assessment_service.pb-c.h"
#include "matricula/enrollment_service.pb-c.h"

#include <assert.h>

static ProtobufCService *const handlers[] = {
	&exams.base,
	&exam_reactions.base,
	&attempts.base,
	&attempt_timers.base,
	&mirror_reactions.base,
	&assessment_subjects.base,
	&assessment_subject_reactions.base,
	NULL,
};

static const struct producer follows[] = {
	{"enrollment", &mt__enrollment_service_fact__descriptor},
	{NULL, NULL},
};

const struct metric assessment_metrics[] = {
	[METRIC_EXAMS] =
		{
			.number = 201,
			.kind = METRIC_STOCK,
			.name = "exams.total",
			.unit = "exam",
			.en = "Exams created, counted at the school.",
			.vi = "Số bài thi đã tạo, tính theo cơ sở đào tạo.",
		},
	[METRIC_ATTEMPTS_GRADED] =
		{
			.number = 202,
			.kind = METRIC_FLOW,
			.name = "attempts.graded",
			.unit = "attempt",
			.en = "Attempts handed in and graded, counted at the school in the month of grading.",
			.vi = "Số lượt thi đã nộp và chấm, tính theo cơ sở đào tạo và tháng chấm.",
		},
	[METRIC_ATTEMPTS_LAPSED] =
		{
			.number = 203,
			.kind = METRIC_FLOW,
			.name = "attempts.lapsed",
			.unit = "attempt",
			.en = "Attempts whose time ran out without answers, counted at the school.",
			.vi = "Số lượt thi hết giờ mà không nộp bài, tính theo cơ sở đào tạo.",
		},
	{.number = 0},
};

static void
assessment_apply(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__AssessmentServiceFact *fact = (const Mt__AssessmentServiceFact *)message;
	switch (fact->noun_case) {
	case MT__ASSESSMENT_SERVICE_FACT__NOUN_EXAM:
		exam_apply(apply, fact->exam);
		assessment_subject_apply_exam(apply, fact->exam);
		return;
	case MT__ASSESSMENT_SERVICE_FACT__NOUN_ATTEMPT:
		attempt_apply(apply, fact->attempt);
		assessment_subject_apply_attempt(apply, fact->attempt);
		return;
	case MT__ASSESSMENT_SERVICE_FACT__NOUN_SUBJECT:
		assessment_subject_apply(apply, fact->subject);
		return;
	case MT__ASSESSMENT_SERVICE_FACT__NOUN_CORE:
		core_apply(apply, &fact->core->base);
		return;
	case MT__ASSESSMENT_SERVICE_FACT__NOUN__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}

const struct module assessment_module = {
	.name = "assessment",
	.facts = &mt__assessment_service_fact__descriptor,
	.handlers = handlers,
	.apply = assessment_apply,
	.follows = follows,
	.metrics = assessment_metrics,
	.apply_version = 2,
};
