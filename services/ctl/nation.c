/* services/ctl/nation.c
 *
 * The command `matricula nation`: makes a nation of people who do not exist and plays it
 * through the ingest, or writes it to files, or only counts it (--dry). */
#include "services/ctl/nation.h"

#include "services/ctl/ctl.h"
#include "services/ctl/nation_csv.h"
#include "services/ctl/nation_door.h"
#include "services/ctl/nation_dry.h"
#include "services/ctl/nation_report.h"
#include "services/ctl/spawn.h"
#include "services/ctl/units.h"

#include "common/base/text.h"
#include "common/host/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOISE_PERCENT_MAX = 1000, PEOPLE_DEFAULT = 2500 * 1000 };

struct telling {
	const struct args *args;
	struct nation nation;
	struct nation_play play;
	struct nation_report report;
};

static int
tell_dry(struct telling *telling)
{
	struct nation_dry dry;
	char digest[2 * HASH_BYTES + 1];
	nation_dry_init(&dry);
	telling->play.sender = &dry.sender;
	int64_t began_us = probe_monotonic_us();
	nation_play(&telling->play);
	double seconds = (double)(probe_monotonic_us() - began_us) / 1e6;
	text_hex(slice_of(dry.digest, HASH_BYTES), digest);
	nation_report_print(&telling->report, telling->nation.units.people, seconds);
	printf("\n%" PRIu64 " bytes packed, SHA-256 %s\n", dry.bytes, digest);
	dry.sender.close(&dry.sender);
	return EXIT_DONE;
}

static int
tell_to(struct telling *telling, struct nation_sender *sender)
{
	struct nation_report *report = &telling->report;
	if (sender == NULL)
		return EXIT_FAILED;
	telling->play.sender = sender;
	progress_begin(&report->progress, "events", nation_play_count(&telling->play),
		       args_has(telling->args, "quiet"));
	int64_t began_us = probe_monotonic_us();
	bool good = nation_play(&telling->play);
	double seconds = (double)(probe_monotonic_us() - began_us) / 1e6;
	progress_end(&report->progress, report->tally.answered);
	sender->close(sender);
	if (!nation_report_print(report, telling->nation.units.people, seconds) && good)
		good = fail("not everything was taken that nothing was wrong with") == EXIT_DONE;
	return good ? EXIT_DONE : EXIT_FAILED;
}

static int
tell_door(struct telling *telling)
{
	struct link link;
	if (!link_open(&link, telling->args, "enrollment"))
		return EXIT_FAILED;
	/* The first unit stands for all: in an empty tree they come together. */
	int exit_code = EXIT_FAILED;
	if (units_ensure(telling->args, &link, telling->nation.units.units[0].code))
		exit_code = tell_to(telling, nation_door_open(telling->args, &link, &telling->report));
	link_close(&link);
	return exit_code;
}

static int
tell_csv(const struct telling *telling, const char *folder)
{
	if (!nation_csv_write(&telling->nation, folder, telling->play.noise_percent))
		return EXIT_FAILED;
	printf("%" PRIu64 " people in %" PRIu32 " files in %s\n", telling->nation.units.people,
	       telling->nation.units.provinces_count, folder);
	return EXIT_DONE;
}

static int
tell(struct telling *telling)
{
	const struct args *args = telling->args;
	if (args_has(args, "csv"))
		return tell_csv(telling, args_get(args, "csv", ""));
	if (args_has(args, "dry"))
		return tell_dry(telling);
	if (args_has(args, "http"))
		return tell_to(telling, nation_http_open(args, &telling->report));
	return tell_door(telling);
}

static bool
mean_read(const struct args *args, double *mean)
{
	const char *text = args_get(args, "events", "1");
	char *end;
	*mean = strtod(text, &end);
	if (end != text && *end == '\0' && *mean >= 0 && *mean <= NATION_EVENTS_MEAN_MAX)
		return true;
	say("option --events: %s is no number from 0 to %d", text, NATION_EVENTS_MEAN_MAX);
	return false;
}

int
command_nation(const struct args *args)
{
	static struct telling telling;
	char own_units[PATH_BYTES_MAX];
	const char *units = args_get(args, "units", NULL);
	long long people;
	long long seed;
	long long noise;
	double mean;
	if (!args_number(args, "people", 1, NATION_PEOPLE_MAX, PEOPLE_DEFAULT, &people) ||
	    !args_number(args, "seed", 0, INT32_MAX, 1, &seed) ||
	    !args_number(args, "noise", 0, NOISE_PERCENT_MAX, 100, &noise) || !mean_read(args, &mean))
		return EXIT_USED_WRONGLY;
	if (units == NULL && !units_path(own_units))
		return fail("the units that came with this program are not there: --units FILE.csv");
	telling.args = args;
	telling.play = (struct nation_play){.nation = &telling.nation,
					    .scattered = args_has(args, "scatter"),
					    .noise_percent = (uint32_t)noise,
					    .tally = &telling.report.tally};
	if (!nation_init(&telling.nation, units == NULL ? own_units : units, (uint64_t)people, (uint64_t)seed, mean))
		return EXIT_FAILED;
	int exit_code = tell(&telling);
	nation_free(&telling.nation);
	return exit_code;
}
