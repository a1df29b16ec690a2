/* tests/sim/sim.c
 *
 * The simulator: for each seed a deployment, a random subset of faults (swarm
 * testing), a working day with mishaps, then calm; then everything must settle and
 * every invariant must hold. Each seed runs twice, under two time zones of the host,
 * and both runs must be the same, event by event.
 *
 *     sim-run [--seed N | --seeds A-B] [--steps N] [--crash-points] [--until-failure] [--verbose]
 *
 * A failing seed prints a line with seed, step and invariant. With --crash-points a
 * named point at which no process ever died over all seeds is a failure too. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/core/crash.h"
#include "tests/sim/check.h"
#include "tests/sim/ledger.h"
#include "tests/sim/mishap.h"
#include "tests/sim/settle.h"
#include "tests/sim/workload.h"

#define UNITS_CSV "tests/data/vietnam-units-2025.csv"

enum { STEPS = 8000 };

/* 2026-03-02T01:00:00Z */
static const int64_t EPOCH_US = INT64_C(1772413200) * 1000000;

struct options {
	uint64_t first;
	uint64_t last;
	uint64_t steps;
	bool wants_crash_points;
	bool until_failure;
	bool verbose;
};

struct totals {
	unsigned passed;
	unsigned failed;
	uint64_t steps;
	uint64_t calls;
	uint64_t entries;
	uint64_t crashes;
	uint32_t crashed[CRASH_POINTS_MAX];
	uint32_t reached[CRASH_POINTS_MAX];
	struct memtable *facts; /* name -> how many, over all seeds */
};

static const struct sim *running; /* for the handler below */
static unsigned long long running_seed;

/* An assertion or a fatal error in a node: say which run it was. */
static void
on_abort(int number)
{
	char line[160];
	(void)number;
	int size = snprintf(line, sizeof(line), "not ok seed %llu, step %llu: the process aborted\n", running_seed,
			    running == NULL ? 0 : (unsigned long long)running->steps);
	if (size > 0 && write(STDOUT_FILENO, line, (size_t)size) < 0)
		_exit(3);
	_exit(2);
}

static bool
live_through(struct sim *sim, struct office *office, struct workload *workload, uint64_t steps)
{
	struct standard standard;
	world_start(sim);
	if (!standard_load(&standard, UNITS_CSV)) {
		world_blame(sim, "the standard world can be set up", "%s cannot be read", UNITS_CSV);
		return false;
	}
	if (!standard_add(&standard, office) || !workload_open(workload, office))
		return false;
	sim->faults = mishap_swarm(&sim->random);
	world_rage(sim);
	workload_begin(workload);
	for (uint64_t end = sim->steps + steps; sim->steps < end;) {
		if (!world_step(sim))
			return false;
	}
	workload->stopped = true;
	world_calm(sim);
	return world_settle(sim, office, STANDARD_LIMIT_US) && check_all(sim, office);
}

static void
totals_add_fact(struct totals *totals, const char *name)
{
	struct slice before;
	uint8_t count[8];
	bool had = memtable_get(totals->facts, slice_text(name), &before) == MEMTABLE_PRESENT;
	put_u64(count, (had ? get_u64(before.data) : 0) + 1);
	memtable_put(totals->facts, slice_text(name), slice_of(count, sizeof(count)));
}

static void
totals_add_facts(struct totals *totals, const struct process *process)
{
	struct arena arena;
	arena_init(&arena, 16 << 10, 0);
	for (uint64_t seq = 1; seq <= process->disk.head; seq++) {
		struct ledger_entry entry;
		arena_reset(&arena);
		if (!ledger_read(process->module, &arena, disk_entry(&process->disk, seq), &entry))
			continue;
		for (size_t i = 0; i < entry.facts_count; i++)
			totals_add_fact(totals, ledger_name(entry.facts[i]));
	}
	arena_free(&arena);
}

static void
totals_add(struct totals *totals, const struct sim *sim, const struct office *office)
{
	for (uint32_t i = 0; i < WORLD_NODES && totals->facts != NULL; i++)
		totals_add_facts(totals, &sim->processes[i]);
	totals->steps += sim->steps;
	totals->calls += office->count;
	totals->crashes += sim->crashes;
	for (uint32_t i = 0; i < WORLD_NODES; i++)
		totals->entries += sim->processes[i].disk.head;
	for (size_t i = 0; i < CRASH_POINTS_MAX; i++) {
		totals->crashed[i] += sim->crashed[i];
		totals->reached[i] += sim->reached[i];
	}
}

/* One run; the digest is 0 if a promise was broken, which is said here. */
static uint64_t
run_once(const struct options *options, uint64_t seed, const char *zone, struct totals *totals)
{
	struct workload workload = {0};
	struct office office;
	setenv("TZ", zone, 1);
	tzset();
	struct sim *sim = world_new(seed, EPOCH_US);
	running = sim;
	running_seed = seed;
	office_open(&office, sim);
	uint64_t digest = 0;
	if (live_through(sim, &office, &workload, options->steps))
		digest = sim->digest | 1;
	else
		printf("not ok seed %llu, step %llu: %s\n", (unsigned long long)seed, (unsigned long long)sim->steps,
		       world_blamed(sim) ? sim->blame : "time goes on: there are no more events");
	if (options->verbose)
		printf("seed %llu: digest %016llx, %llu steps, %llu calls, %llu crashes, %lld ms\n",
		       (unsigned long long)seed, (unsigned long long)sim->digest, (unsigned long long)sim->steps,
		       (unsigned long long)office.count, (unsigned long long)sim->crashes,
		       (long long)sim->time_us / 1000);
	totals_add(totals, sim, &office);
	if (workload.office != NULL)
		workload_close(&workload);
	office_close(&office);
	running = NULL;
	world_free(sim);
	return digest;
}

static void
run_seed(const struct options *options, uint64_t seed, struct totals *totals)
{
	uint64_t first = run_once(options, seed, "Asia/Ho_Chi_Minh", totals);
	uint64_t second = first == 0 ? 0 : run_once(options, seed, "America/New_York", totals);
	bool passed = first != 0 && first == second;
	if (first != 0 && second != 0 && first != second)
		printf("not ok seed %llu: the same seed runs the same way: the second run differs\n",
		       (unsigned long long)seed);
	if (passed)
		printf("ok seed %llu\n", (unsigned long long)seed);
	totals->passed += passed;
	totals->failed += !passed;
	fflush(stdout);
}

static void
report_crash_points(const struct options *options, struct totals *totals)
{
	for (size_t i = 0; crash_points[i] != NULL; i++) {
		if (options->verbose)
			printf("crash point %s: reached %u times, crashed at %u times\n", crash_points[i],
			       totals->reached[i], totals->crashed[i]);
		if (!options->wants_crash_points)
			continue;
		bool crashed = totals->crashed[i] > 0;
		printf("%s crash point %s%s\n", crashed ? "ok" : "not ok", crash_points[i],
		       crashed ? "" : ": no process ever died there");
		totals->passed += crashed;
		totals->failed += !crashed;
	}
}

static bool
report_fact(void *context, struct slice name, struct slice count)
{
	(void)context;
	printf("fact %.*s: %llu\n", (int)name.size, (const char *)name.data, (unsigned long long)get_u64(count.data));
	return true;
}

static bool
parse_flag(struct options *options, const char *word)
{
	if (strcmp(word, "--crash-points") == 0)
		options->wants_crash_points = true;
	else if (strcmp(word, "--until-failure") == 0)
		options->until_failure = true;
	else if (strcmp(word, "--verbose") == 0)
		options->verbose = true;
	else
		return false;
	return true;
}

static bool
parse_number(struct options *options, const char *word, const char *value)
{
	char *rest;
	uint64_t number = strtoull(value, &rest, 10);
	if (rest == value)
		return false;
	if (strcmp(word, "--steps") == 0)
		options->steps = number;
	else if (strcmp(word, "--seed") == 0)
		options->first = options->last = number;
	else if (strcmp(word, "--seeds") == 0)
		options->first = number;
	else
		return false;
	if (strcmp(word, "--seeds") == 0)
		options->last = *rest == '-' ? strtoull(rest + 1, NULL, 10) : number;
	return true;
}

static bool
parse_options(struct options *options, int count, char **words)
{
	*options = (struct options){.first = 1, .last = 10, .steps = STEPS};
	for (int at = 1; at < count; at++) {
		if (parse_flag(options, words[at]))
			continue;
		if (at + 1 == count || !parse_number(options, words[at], words[at + 1]))
			return false;
		at++;
	}
	return options->first <= options->last;
}

int
main(int count, char **words)
{
	struct options options;
	struct totals totals = {0};
	if (!parse_options(&options, count, words)) {
		fputs("sim [--seed N | --seeds A-B] [--steps N] [--crash-points] [--until-failure] [--verbose]\n",
		      stderr);
		return 2;
	}
	signal(SIGABRT, on_abort);
	if (options.verbose)
		totals.facts = memtable_new();
	for (uint64_t seed = options.first; seed <= options.last; seed++) {
		run_seed(&options, seed, &totals);
		if (options.until_failure && totals.failed > 0)
			break;
	}
	if (options.verbose) {
		memtable_each(totals.facts, report_fact, NULL);
		memtable_free(totals.facts);
	}
	report_crash_points(&options, &totals);
	printf("sim: %llu steps, %llu calls, %llu entries, %llu crashes\n", (unsigned long long)totals.steps,
	       (unsigned long long)totals.calls, (unsigned long long)totals.entries,
	       (unsigned long long)totals.crashes);
	printf("%u passed, %u failed\n", totals.passed, totals.failed);
	return totals.failed == 0 ? 0 : 1;
}
