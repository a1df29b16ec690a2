/* services/ctl/nation_report.h
 *
 * What was sent, what became of it, and what surprised. */
#ifndef SERVICES_CTL_NATION_REPORT_H
#define SERVICES_CTL_NATION_REPORT_H

#include "services/ctl/nation_play.h"
#include "services/ctl/progress.h"

enum { SURPRISES_MAX = 24, SURPRISE_CODE_BYTES = 48, SURPRISE_TEXT_BYTES = 160 };

/* Outcomes other than expected, added up by code. */
struct surprise {
	enum purpose purpose;
	enum step_kind kind;
	Mt__Event__Outcome outcome;
	char code[SURPRISE_CODE_BYTES];
	char text[SURPRISE_TEXT_BYTES]; /* of the first one */
	uint64_t count;
};

struct nation_report {
	struct nation_tally tally;
	struct progress progress;
	size_t surprises_count;
	struct surprise surprises[SURPRISES_MAX];
};

void nation_report_outcome(struct nation_report *report, enum purpose purpose, enum step_kind kind,
			   Mt__Event__Outcome outcome, const char *code, const char *text);

/* On standard output. False if an event that nothing was wrong with was not accepted. */
bool nation_report_print(const struct nation_report *report, uint64_t people, double seconds);

#endif
