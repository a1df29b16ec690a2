/* common/core/figures.h
 *
 * Counting in the write path: (metric, authority, category, month) -> int64, added
 * to the authority and all its ancestors with the fact, so that a national figure is
 * one read, exact and never stale. Changes are gathered per batch of calls and
 * written once; what changed since a position is kept in memory, bounded, for Watch. */
#ifndef COMMON_CORE_FIGURES_H
#define COMMON_CORE_FIGURES_H

#include "common/core/store.h"

enum metric_kind {
	METRIC_STOCK, /* how many there are; month 0 */
	METRIC_FLOW,  /* how many happened in a civil month of the deployment's zone */
};

/* A metric's number is its name in the keys: never reused, never changed. */
struct metric {
	uint16_t number;
	enum metric_kind kind;
	const char *name; /* "persons.active" */
	const char *unit; /* "person" */
	const char *en;   /* what is counted, one sentence */
	const char *vi;
};

struct apply;

/* In apply only. authority is an authority id; category "" or a value of a code list.
 * month as date_month gives it; for a stock 0. */
void figures_add(struct apply *apply, const struct metric *metric, const char *authority, const char *category,
		 uint32_t month, int64_t delta);

#endif
