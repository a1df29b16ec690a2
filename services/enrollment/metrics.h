/* services/enrollment/metrics.h
 *
 * The figures of enrollment. Numbers are for ever: they stand in the keys. */
#ifndef SERVICES_ENROLLMENT_METRICS_H
#define SERVICES_ENROLLMENT_METRICS_H

#include "common/core/figures.h"

#include "matricula/person.pb-c.h"

enum enrollment_metric {
	METRIC_PERSONS_ACTIVE,
	METRIC_PERSONS_HIRED,
	METRIC_PERSONS_TRANSFERRED,
	METRIC_PERSONS_RETIRED,
	METRIC_CLASSES_OPEN,
	METRIC_ENROLMENTS_ACTIVE,
	METRIC_ENROLMENTS_WAITLISTED,
	METRIC_COMPLETIONS,
	METRIC_ATTENDANCE_PRESENT,
	METRIC_WARNINGS,
	METRIC_PERSONS_LEFT,
	METRIC_DUPLICATES_OPEN,
	METRIC_PERSONS_PROVISIONAL,
	METRIC_EVENTS_ACCEPTED,
	METRIC_EVENTS_DELAY_DAYS,
	METRIC_EVENTS_LATE,
	METRIC_EVENTS_CONFLICTS,
	METRIC_EVENTS_PARKED,
	METRIC_EVENTS_HELD,
	METRIC_EVENTS_REJECTED,
	METRIC_EVENTS_DEAD,
	METRIC_PERSONS_LACKING,
	METRICS_COUNT,
};

extern const struct metric enrollment_metrics[METRICS_COUNT + 1]; /* ends with number 0 */

/* A stock goes up or down. */
void metric_stock(struct apply *apply, enum enrollment_metric metric, const char *authority_id, const char *category,
		  int64_t delta);
/* A flow of the month that a civil date (YYYY-MM-DD) or an entry belongs to. */
void metric_flow_on(struct apply *apply, enum enrollment_metric metric, const char *authority_id, const char *category,
		    const char *date, int64_t delta);
void metric_flow_at(struct apply *apply, enum enrollment_metric metric, const char *authority_id, int64_t at_us,
		    int64_t delta);
/* What the rows of the figures say, as of the last batch, at an authority with all below it. */
int64_t metric_value(const struct store *store, enum enrollment_metric metric, const char *authority_id,
		     const char *category, uint32_t month);
/* Of a stock: all categories together. */
int64_t metric_total(const struct store *store, enum enrollment_metric metric, const char *authority_id);
/* The same at exactly that authority. */
int64_t metric_own_total(const struct store *store, enum enrollment_metric metric, const char *authority_id);
/* The category's name in the code list: "civil_servant". */
const char *metric_category(Mt__Person__Category category);

#endif
