/* services/ctl/sample.c
 *
 * Personnel events as a province's system would send them: everybody is hired, some are
 * transferred or retire later. With --units people serve in the communes below the given
 * authorities too. No event takes effect after 2026-06-30. The same seed writes the same lines, so pushing them again
 * is harmless. */
#include "services/ctl/csv.h"
#include "services/ctl/ctl.h"
#include "services/ctl/names.h"

#include "common/base/date.h"
#include "common/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	AUTHORITIES_MAX = 4096,
	PEOPLE_MAX = 10 * 1000 * 1000,
	TEXT_BYTES = 128,
	HOME_PERCENT = 30, /* who serve at the authority itself, not in a commune */
	TRANSFERRED_PERCENT = 4,
	RETIRED_PERCENT = 3,
	CHANGES_BEHIND = 50,    /* people hired in between, so that a change seldom stands beside its hiring */
	FIRST_DAY = 14610,      /* 2010-01-01 */
	DAYS = 4400,            /* until early in 2022, so that changes lie in the past too */
	TRANSFER_DAYS_MIN = 30, /* after the hiring */
	RETIRE_DAYS_MIN = 365,
	CHANGE_DAYS = 900,
	LAST_DAY = 20634,        /* 2026-06-30 */
	BIRTH_FIRST_DAY = -1100, /* 1966-12-27 */
	BIRTH_DAYS = 12500,      /* the youngest were born in 2001 */
};

_Static_assert(FIRST_DAY + DAYS + CHANGE_DAYS + RETIRE_DAYS_MIN <= LAST_DAY, "a retirement after the last day");

struct sample {
	struct random random;
	uint64_t seed;
	size_t given; /* authorities named on the command line, the first ones */
	size_t count;
	const char *codes[AUTHORITIES_MAX];
	size_t above[AUTHORITIES_MAX]; /* of a commune: the given authority it belongs to */
	uint64_t events;
	struct arena arena;
};

struct hire {
	size_t authority;
	int32_t date;
	uint64_t number;
};

static bool
authorities_read(struct sample *sample, char *text)
{
	for (char *code = strsep(&text, ","); code != NULL; code = strsep(&text, ",")) {
		if (code[0] == '\0' || sample->count == AUTHORITIES_MAX)
			return false;
		sample->above[sample->count] = sample->count;
		sample->codes[sample->count++] = code;
	}
	sample->given = sample->count;
	return sample->count > 0;
}

static bool
communes_read(struct sample *sample, struct csv *csv, const char *path)
{
	bool broken = false;
	if (!csv_open(csv, path))
		return false;
	int code = csv_column(csv, "code");
	int parent = csv_column(csv, "parent_code");
	if (code < 0 || parent < 0)
		return false;
	while (csv_next(csv, &broken)) {
		for (size_t i = 0; i < sample->given && sample->count < AUTHORITIES_MAX; i++) {
			if (strcmp(csv->fields[parent], sample->codes[i]) != 0)
				continue;
			sample->above[sample->count] = i;
			sample->codes[sample->count++] = csv->fields[code];
		}
	}
	return !broken;
}

static size_t
authority_pick(struct sample *sample)
{
	if (sample->count == sample->given || random_chance(&sample->random, HOME_PERCENT))
		return random_below(&sample->random, sample->given);
	return sample->given + random_below(&sample->random, sample->count - sample->given);
}

static void
envelope(struct sample *sample, const char *type, const struct hire *hire)
{
	printf("{\"specversion\":\"1.0\",\"id\":\"s%" PRIu64 "-%" PRIu64 "\",\"source\":\"/authorities/%s/hrm\","
	       "\"type\":\"matricula.person.%s.v1\",\"subject\":\"%s-%" PRIu64 "-%06" PRIu64 "\",\"data\":{",
	       sample->seed, ++sample->events, sample->codes[hire->authority], type, sample->codes[hire->authority],
	       sample->seed, hire->number);
}

/* "Lê Thị Hà" at place 7 of 01: "ha.le.7@01.gov.example". */
static void
email_make(struct sample *sample, const char *name, const struct hire *hire, char email[TEXT_BYTES])
{
	char family[TEXT_BYTES];
	arena_reset(&sample->arena);
	const char *folded = text_fold(&sample->arena, name);
	size_t size = strcspn(folded, " ");
	snprintf(family, sizeof(family), "%.*s", (int)size, folded);
	snprintf(email, TEXT_BYTES, "%.40s.%.20s.%" PRIu64 "@%s.gov.example", strrchr(folded, ' ') + 1, family,
		 hire->number, sample->codes[hire->authority]);
}

static const char *
position_pick(struct sample *sample)
{
	static const char *const positions[] = {"CV",   "CV", "CV",  "CV", "CVC", "CVC", "KTV",
						"VTLT", "TP", "PTP", "CT", "PCT", "CS",  "CS"};
	return positions[random_below(&sample->random, sizeof(positions) / sizeof(positions[0]))];
}

static void
hired(struct sample *sample, struct hire *hire)
{
	static const char *const categories[] = {"CADRE",         "CIVIL_SERVANT",   "CIVIL_SERVANT",
						 "CIVIL_SERVANT", "PUBLIC_EMPLOYEE", "PUBLIC_EMPLOYEE"};
	char name[TEXT_BYTES];
	char email[TEXT_BYTES];
	char date[DATE_TEXT_BYTES];
	char birth[DATE_TEXT_BYTES];
	hire->authority = authority_pick(sample);
	hire->date = (int32_t)(FIRST_DAY + random_below(&sample->random, DAYS));
	name_make(&sample->random, name, sizeof(name));
	email_make(sample, name, hire, email);
	date_format(hire->date, date);
	date_format((int32_t)(BIRTH_FIRST_DAY + (int64_t)random_below(&sample->random, BIRTH_DAYS) / 2 +
			      (hire->date - FIRST_DAY)),
		    birth);
	envelope(sample, "hired", hire);
	printf("\"name\":\"%s\",\"birthDate\":\"%s\",\"email\":\"%s\",\"category\":\"%s\",\"position\":\"%s\","
	       "\"effectiveDate\":\"%s\"}}\n",
	       name, birth, email, categories[random_below(&sample->random, 6)], position_pick(sample), date);
}

/* To another authority below the same given one, or to another given one. */
static void
transferred(struct sample *sample, const struct hire *hire)
{
	char date[DATE_TEXT_BYTES];
	size_t to = authority_pick(sample);
	for (int tries = 0; tries < 8 && sample->above[to] != sample->above[hire->authority]; tries++)
		to = authority_pick(sample);
	if (to == hire->authority)
		return;
	date_format(hire->date + (int32_t)random_below(&sample->random, CHANGE_DAYS) + TRANSFER_DAYS_MIN, date);
	envelope(sample, "transferred", hire);
	printf("\"toAuthority\":\"%s\",\"toStaffCode\":\"%s-%" PRIu64 "-T%06" PRIu64
	       "\",\"position\":\"%s\",\"effectiveDate\":\"%s\"}}\n",
	       sample->codes[to], sample->codes[to], sample->seed, hire->number, position_pick(sample), date);
}

static void
retired(struct sample *sample, const struct hire *hire)
{
	char date[DATE_TEXT_BYTES];
	date_format(hire->date + (int32_t)random_below(&sample->random, CHANGE_DAYS) + RETIRE_DAYS_MIN, date);
	envelope(sample, "retired", hire);
	printf("\"effectiveDate\":\"%s\"}}\n", date);
}

static void
changed(struct sample *sample, const struct hire *hire)
{
	uint64_t dice = random_below(&sample->random, 100);
	if (dice < TRANSFERRED_PERCENT)
		transferred(sample, hire);
	else if (dice < TRANSFERRED_PERCENT + RETIRED_PERCENT)
		retired(sample, hire);
}

static void
sample_write(struct sample *sample, uint64_t people, bool changes)
{
	static struct hire recent[CHANGES_BEHIND];
	for (uint64_t number = 1; number <= people; number++) {
		struct hire *hire = &recent[number % CHANGES_BEHIND];
		if (changes && number > CHANGES_BEHIND)
			changed(sample, hire);
		hire->number = number;
		hired(sample, hire);
	}
	for (uint64_t i = 0; changes && i < CHANGES_BEHIND && i < people; i++)
		changed(sample, &recent[(people - i) % CHANGES_BEHIND]);
}

int
command_sample(const struct args *args)
{
	static struct sample sample;
	static char authorities[AUTHORITIES_MAX * 8];
	long long people;
	long long seed;
	struct csv csv = {.text = NULL};
	const char *units = args_get(args, "units", NULL);
	if (!args_number(args, "people", 0, PEOPLE_MAX, 1000, &people) ||
	    !args_number(args, "seed", 0, INT64_MAX, 1, &seed))
		return EXIT_USED_WRONGLY;
	snprintf(authorities, sizeof(authorities), "%s", args_get(args, "authority", ""));
	if (!authorities_read(&sample, authorities)) {
		say("a sample wants --authority CODE[,CODE]");
		return EXIT_USED_WRONGLY;
	}
	if (units != NULL && !communes_read(&sample, &csv, units))
		return EXIT_FAILED;
	sample.seed = (uint64_t)seed;
	sample.random.state = sample.seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	arena_init(&sample.arena, 4096, 0);
	sample_write(&sample, (uint64_t)people, strcmp(args_get(args, "changes", "yes"), "no") != 0);
	arena_free(&sample.arena);
	csv_close(&csv);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : fail("the lines cannot be written");
}
