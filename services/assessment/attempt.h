/* services/assessment/attempt.h
 *
 * Attempts: one person sitting one exam; see attempt.c. */
#ifndef SERVICES_ASSESSMENT_ATTEMPT_H
#define SERVICES_ASSESSMENT_ATTEMPT_H

#include "common/core/call.h"

#include "matricula/attempt.pb-c.h"

extern Mt__Attempts_Service attempts;
extern Mt__AttemptTimers_Service attempt_timers;

void attempt_apply(struct apply *apply, const Mt__AttemptFact *fact);

#endif
