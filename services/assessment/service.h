/* services/assessment/service.h
 *
 * What the assessment service is made of, and what it counts. */
#ifndef SERVICES_ASSESSMENT_SERVICE_H
#define SERVICES_ASSESSMENT_SERVICE_H

#include "common/core/node.h"

enum assessment_metric { METRIC_EXAMS, METRIC_ATTEMPTS_GRADED, METRIC_ATTEMPTS_LAPSED };

extern const struct metric assessment_metrics[]; /* by enum assessment_metric */
extern const struct module assessment_module;

#endif
