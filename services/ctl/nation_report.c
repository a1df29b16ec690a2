/* services/ctl/nation_report.c
 *
 * Counting and printing. */
#include "services/ctl/nation_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const outcome_words[NATION_OUTCOMES] = {"refused", "accepted", "duplicate", "conflict", "parked",
							   "held",    "rejected", "dead",      "discarded"};

static const char *const kind_words[STEP_KINDS] = {
	"hired",    "updated",  "qualification_gained", "promoted",    "appointed", "rotated",  "transferred",
	"seconded", "returned", "leave_begun",          "leave_ended", "retired",   "resigned", "dismissed",
	"deceased",
};

static struct surprise *
surprise_find(struct nation_report *report, enum purpose purpose, enum step_kind kind, Mt__Event__Outcome outcome,
	      const char *code)
{
	for (size_t i = 0; i < report->surprises_count; i++) {
		struct surprise *surprise = &report->surprises[i];
		if (surprise->purpose == purpose && surprise->kind == kind && surprise->outcome == outcome &&
		    strncmp(surprise->code, code, SURPRISE_CODE_BYTES - 1) == 0)
			return surprise;
	}
	if (report->surprises_count == SURPRISES_MAX)
		return NULL;
	struct surprise *surprise = &report->surprises[report->surprises_count++];
	*surprise = (struct surprise){.purpose = purpose, .kind = kind, .outcome = outcome};
	snprintf(surprise->code, sizeof(surprise->code), "%s", code);
	return surprise;
}

void
nation_report_outcome(struct nation_report *report, enum purpose purpose, enum step_kind kind,
		      Mt__Event__Outcome outcome, const char *code, const char *text)
{
	if ((unsigned)outcome >= NATION_OUTCOMES)
		outcome = MT__EVENT__OUTCOME__UNSET;
	report->tally.answered++;
	report->tally.outcomes[purpose][outcome]++;
	progress_show(&report->progress, report->tally.answered);
	if (outcome == nation_purposes[purpose].expected)
		return;
	struct surprise *surprise = surprise_find(report, purpose, kind, outcome, code);
	if (surprise != NULL && surprise->count++ == 0)
		snprintf(surprise->text, sizeof(surprise->text), "%s", text);
}

static void
outcomes_print(const struct nation_tally *tally)
{
	printf("\noutcome%*ssent\n", 22, "");
	for (int outcome = 0; outcome < NATION_OUTCOMES; outcome++) {
		uint64_t count = 0;
		for (int purpose = 0; purpose < PURPOSES; purpose++)
			count += tally->outcomes[purpose][outcome];
		if (count > 0)
			printf("%-20s %12" PRIu64 "\n", outcome_words[outcome], count);
	}
}

static void
noise_print(const struct nation_tally *tally, bool answered)
{
	printf("\n%-24s %10s   %-10s%s\n", "noise", "sent", "expected", answered ? "       came  otherwise" : "");
	for (int purpose = 0; purpose < PURPOSES; purpose++) {
		const struct purpose_facts *facts = &nation_purposes[purpose];
		uint64_t came = tally->outcomes[purpose][facts->expected];
		if (tally->purposes[purpose] == 0)
			continue;
		printf("%-24s %10" PRIu64 "   %-10s", facts->text, tally->purposes[purpose],
		       outcome_words[facts->expected]);
		if (answered)
			printf(" %10" PRIu64 " %10" PRIu64, came, tally->purposes[purpose] - came);
		printf("\n");
	}
}

static void
surprises_print(const struct nation_report *report)
{
	if (report->surprises_count > 0)
		printf("\nnot as expected\n");
	for (size_t i = 0; i < report->surprises_count; i++) {
		const struct surprise *surprise = &report->surprises[i];
		printf("%10" PRIu64 "  %s, %s: %s %s: %s\n", surprise->count, nation_purposes[surprise->purpose].text,
		       kind_words[surprise->kind], outcome_words[surprise->outcome], surprise->code, surprise->text);
	}
	if (report->surprises_count == SURPRISES_MAX)
		printf("and perhaps others\n");
}

bool
nation_report_print(const struct nation_report *report, uint64_t people, double seconds)
{
	const struct nation_tally *tally = &report->tally;
	double rate = seconds > 0 ? 1 / seconds : 0;
	printf("%" PRIu64 " people, %" PRIu64 " events in %.1f s: %.0f people/s, %.0f events/s\n\n", people,
	       tally->sent, seconds, (double)people * rate, (double)tally->sent * rate);
	for (int kind = 0; kind < STEP_KINDS; kind++) {
		if (tally->kinds[kind] > 0)
			printf("%-20s %12" PRIu64 "\n", kind_words[kind], tally->kinds[kind]);
	}
	if (tally->answered > 0)
		outcomes_print(tally);
	noise_print(tally, tally->answered > 0);
	surprises_print(report);
	/* An earlier sending had been decided, its answer was lost. */
	if (tally->sent_again > 0)
		printf("\n%" PRIu64 " frames were sent again; \"duplicate\" in answer to one counts as expected\n",
		       tally->sent_again);
	return tally->outcomes[PURPOSE_PLAIN][MT__EVENT__OUTCOME__ACCEPTED] == tally->purposes[PURPOSE_PLAIN] &&
	       tally->outcomes[PURPOSE_DECOMPOSED][MT__EVENT__OUTCOME__ACCEPTED] == tally->purposes[PURPOSE_DECOMPOSED];
}
