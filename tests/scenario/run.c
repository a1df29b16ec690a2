/* tests/scenario/run.c
 *
 * The scenario runner: plays stories (story.h) one of three ways and says of each
 * whether it came true.
 *
 *     scenario-run [--way pure] FILE...
 *     scenario-run --way sim [--seeds N] FILE...
 *     scenario-run --way live --http URL --data DIR [--clock FILE] [--address FILE] FILE...
 *
 * One line a story: "ok NAME", "not ok NAME: line N: why" or "skip NAME: why"; last a
 * line "N passed, N failed, N skipped". Exits with 0 if none failed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenario/play.h"

enum way { WAY_PURE, WAY_SIM, WAY_LIVE };

struct options {
	enum way way;
	uint64_t seeds;
	const char *http;
	const char *data;
	const char *clock;   /* of a deployment under faketime */
	const char *address; /* what its public URL is read from at each start */
	char **files;
	int files_count;
};

struct counts {
	unsigned passed;
	unsigned failed;
	unsigned skipped;
};

/* For the handler: an assertion in a node ends the process, and must not end it nameless. */
static const char *playing_name = "";
static unsigned long long playing_seed;

static void
on_abort(int number)
{
	char line[160];
	(void)number;
	int size = snprintf(line, sizeof(line), "not ok %s: aborted, seed %llu\n", playing_name, playing_seed);
	if (size > 0 && write(STDOUT_FILENO, line, (size_t)size) < 0)
		_exit(3);
	_exit(2);
}

static bool
usage(void)
{
	fputs("scenario-run [--way pure|sim|live] [--seeds N] [--http URL --data DIR [--clock FILE] [--address FILE]] "
	      "FILE...\n",
	      stderr);
	return false;
}

static bool
parse_way(const char *text, enum way *way)
{
	static const char *const names[] = {[WAY_PURE] = "pure", [WAY_SIM] = "sim", [WAY_LIVE] = "live"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*way = (enum way)i;
		return true;
	}
	return false;
}

static bool
parse_options(struct options *options, int count, char **words)
{
	*options = (struct options){.seeds = 20};
	int at = 1;
	for (; at + 1 < count && strncmp(words[at], "--", 2) == 0; at += 2) {
		char *value = words[at + 1];
		if (strcmp(words[at], "--way") == 0 && parse_way(value, &options->way))
			continue;
		if (strcmp(words[at], "--seeds") == 0)
			options->seeds = strtoull(value, NULL, 10);
		else if (strcmp(words[at], "--http") == 0)
			options->http = value;
		else if (strcmp(words[at], "--data") == 0)
			options->data = value;
		else if (strcmp(words[at], "--clock") == 0)
			options->clock = value;
		else if (strcmp(words[at], "--address") == 0)
			options->address = value;
		else
			return usage();
	}
	options->files = words + at;
	options->files_count = count - at;
	bool complete = options->way != WAY_LIVE || (options->http != NULL && options->data != NULL);
	return (complete && options->files_count > 0) || usage();
}

static void
report(struct counts *counts, const struct story *story, bool came_true, int line, const char *why)
{
	if (came_true) {
		counts->passed++;
		printf("ok %s\n", story->name);
	} else {
		counts->failed++;
		printf("not ok %s: line %d: %s\n", story->name, line, why);
	}
	fflush(stdout);
}

/* Plays a story once more on a host in another time zone: every byte of every journal must be the same. */
static bool
same_elsewhere(const struct story *story, const uint8_t journals[HASH_BYTES])
{
	const char *home = getenv("TZ");
	char *kept = home != NULL ? strdup(home) : NULL;
	int line = 0;
	struct driver *driver = driver_pure_new(1, false);
	setenv("TZ", "America/St_Johns", 1);
	tzset();
	bool same = play(driver, story, &line) && memcmp(driver->journals, journals, HASH_BYTES) == 0;
	driver_pure_free(driver);
	if (kept != NULL)
		setenv("TZ", kept, 1);
	else
		unsetenv("TZ");
	tzset();
	free(kept);
	return same;
}

static void
play_simulated(const struct options *options, const struct story *story, struct counts *counts)
{
	uint64_t seeds = options->way == WAY_SIM ? options->seeds : 1;
	bool came_true = true;
	int line = 0;
	char why[WHY_BYTES] = "";
	for (uint64_t seed = 1; seed <= seeds && came_true; seed++) {
		struct driver *driver = driver_pure_new(seed, options->way == WAY_SIM);
		playing_seed = seed;
		came_true = play(driver, story, &line);
		if (!came_true && options->way == WAY_SIM && strncmp(driver->why, "seed ", 5) != 0)
			snprintf(why, sizeof(why), "seed %llu: %.600s", (unsigned long long)seed, driver->why);
		else
			snprintf(why, sizeof(why), "%s", driver->why);
		if (came_true && options->way == WAY_PURE && !same_elsewhere(story, driver->journals)) {
			came_true = false;
			snprintf(why, sizeof(why), "the journals differ on a host in another time zone");
		}
		driver_pure_free(driver);
	}
	report(counts, story, came_true, line, why);
}

static void
play_live(struct driver *driver, const struct story *story, struct counts *counts)
{
	int line = 0;
	const char *reason = driver->skips(driver, story);
	if (reason != NULL) {
		counts->skipped++;
		printf("skip %s: %s\n", story->name, reason);
		return;
	}
	bool came_true = play(driver, story, &line);
	report(counts, story, came_true, line, driver->why);
}

int
main(int count, char **words)
{
	struct options options;
	struct counts counts = {0};
	struct driver *live = NULL;
	if (!parse_options(&options, count, words))
		return 2;
	signal(SIGABRT, on_abort);
	const struct deployment deployment = {options.http, options.data, options.clock, options.address};
	if (options.way == WAY_LIVE && (live = driver_live_new(&deployment)) == NULL)
		return 2;
	for (int i = 0; i < options.files_count; i++) {
		struct story story;
		bool readable = story_read(&story, options.files[i]);
		playing_name = story.name;
		if (!readable)
			report(&counts, &story, false, story.bad_line, story.why);
		else if (live != NULL)
			play_live(live, &story, &counts);
		else
			play_simulated(&options, &story, &counts);
		story_free(&story);
	}
	if (live != NULL)
		driver_live_free(live);
	printf("%u passed, %u failed, %u skipped\n", counts.passed, counts.failed, counts.skipped);
	return counts.failed == 0 ? 0 : 1;
}
