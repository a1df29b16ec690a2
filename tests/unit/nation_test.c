/* tests/unit/nation_test.c
 *
 * The invented nation is the same for the same seed, looks like the tables it is made of,
 * stands in units that exist, and sends what its noise says. The program's files are taken
 * in as they are: they belong to `matricula`, not to a floor that tests are linked with. */
#include "services/ctl/nation_career.c"
#include "services/ctl/nation_dry.c"
#include "services/ctl/nation_event.c"
#include "services/ctl/nation_lists.c"
#include "services/ctl/nation_names.c"
#include "services/ctl/nation_noise.c"
#include "services/ctl/nation_person.c"
#include "services/ctl/nation_play.c"
#include "services/ctl/nation_posts.c"
#include "services/ctl/nation_units.c"

#include "services/ctl/csv.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define UNITS "tests/data/vietnam-units-2025.csv"

enum { PEOPLE = 200000, FEW = 20000 };

static struct nation nation;

/* What csv.c has from main.c. */
void
say(const char *format, ...)
{
	(void)format;
}

static void
begin(uint64_t people, uint64_t seed, double events)
{
	assert_true(nation_init(&nation, UNITS, people, seed, events));
}

static void
play(bool scattered, uint32_t noise_percent, struct nation_tally *tally, uint8_t digest[HASH_BYTES])
{
	struct nation_dry dry;
	*tally = (struct nation_tally){.sent = 0};
	nation_dry_init(&dry);
	const struct nation_play played = {&nation, scattered, noise_percent, &dry.sender, tally};
	assert_true(nation_play(&played));
	assert_int_equal(tally->sent, nation_play_count(&played));
	memcpy(digest, dry.digest, HASH_BYTES);
	dry.sender.close(&dry.sender);
}

static void
the_same_seed_tells_the_same(void **state)
{
	(void)state;
	struct nation_tally tally;
	uint8_t first[HASH_BYTES];
	uint8_t again[HASH_BYTES];
	uint8_t other[HASH_BYTES];
	begin(FEW, 7, 1);
	play(false, 100, &tally, first);
	nation_free(&nation);
	begin(FEW, 7, 1);
	play(false, 100, &tally, again);
	assert_memory_equal(first, again, HASH_BYTES);
	play(true, 100, &tally, other);
	assert_memory_not_equal(first, other, HASH_BYTES);
	nation_free(&nation);
	begin(FEW, 8, 1);
	play(false, 100, &tally, other);
	assert_memory_not_equal(first, other, HASH_BYTES);
	nation_free(&nation);
}

static unsigned
share_of(const unsigned *counts, const char *const *names, const char *name)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return counts[i] * 1000 / PEOPLE;
	}
	return 0;
}

static void
family_names_have_their_shares(void **state)
{
	(void)state;
	static const char *const names[] = {"Nguyễn", "Trần", "Lê",    "Phạm", "Hoàng", "Huỳnh",
					    "Vũ",     "Võ",   "Giàng", "Lò",   NULL};
	unsigned counts[sizeof(names) / sizeof(names[0])] = {0};
	static struct nation_texts texts;
	unsigned words[8] = {0};
	struct nation_person person = {.unit = 0};
	begin(PEOPLE, 1, 1);
	for (uint64_t i = 0; i < PEOPLE; i++) {
		nation_person_make(&nation, i, &person);
		nation_person_texts(&nation, &person, &texts);
		for (size_t n = 0; names[n] != NULL; n++)
			counts[n] += strcmp(texts.parts.family.text, names[n]) == 0;
		unsigned count = 1;
		for (const char *at = texts.name; *at != '\0'; at++)
			count += *at == ' ';
		words[count < 8 ? count : 7]++;
	}
	assert_in_range(share_of(counts, names, "Nguyễn"), 370, 395);
	assert_in_range(share_of(counts, names, "Trần"), 100, 120);
	assert_in_range(share_of(counts, names, "Lê"), 85, 102);
	assert_in_range(share_of(counts, names, "Phạm"), 58, 75);
	assert_in_range(share_of(counts, names, "Hoàng") + share_of(counts, names, "Huỳnh"), 40, 60);
	assert_in_range(share_of(counts, names, "Vũ") + share_of(counts, names, "Võ"), 32, 50);
	assert_in_range(share_of(counts, names, "Giàng"), 1, 8);
	assert_in_range(share_of(counts, names, "Lò"), 1, 10);
	assert_true(words[3] > PEOPLE / 2 && words[4] > PEOPLE / 10 && words[2] > PEOPLE / 100);
	assert_true(words[1] < PEOPLE / 500 && words[5] + words[6] + words[7] < PEOPLE / 100);
	nation_free(&nation);
}

/* Every code of an event that nothing is wrong with stands in the file. */
static void
all_authorities_exist(void **state)
{
	(void)state;
	struct csv csv;
	bool broken;
	size_t rows = 0;
	begin(FEW, 1, 1);
	assert_true(csv_open(&csv, UNITS));
	int code = csv_column(&csv, "code");
	while (csv_next(&csv, &broken)) {
		bool found = false;
		for (uint32_t i = 0; i < nation.units.units_count && !found; i++)
			found = strcmp(nation.units.units[i].code, csv.fields[code]) == 0;
		assert_true(found);
		rows++;
	}
	csv_close(&csv);
	assert_int_equal(rows, nation.units.units_count);
	assert_int_equal(nation.units.provinces_count, 34);
	uint64_t next = 0;
	for (uint32_t i = 0; i < nation.units.units_count; i++) {
		assert_int_equal(nation.units.units[i].first, next);
		next += nation.units.units[i].count;
	}
	assert_int_equal(next, FEW);
	nation_free(&nation);
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
ids_are_unique_and_dates_are_dates(void **state)
{
	(void)state;
	static char ids[PEOPLE][16];
	static struct nation_texts texts;
	size_t count = 0;
	int32_t date;
	char text[16];
	struct nation_person person = {.unit = 0};
	begin(PEOPLE, 3, 1);
	for (uint64_t i = 0; i < PEOPLE; i++) {
		nation_person_make(&nation, i, &person);
		nation_person_texts(&nation, &person, &texts);
		nation_date(text, person.born);
		assert_true(date_parse(text, &date) && date == person.born);
		assert_true(strncmp(text, texts.birth_date, strlen(texts.birth_date)) == 0);
		assert_true(person.hired >= NATION_FIRST_DAY && person.hired + NATION_DAYS_SERVED_MIN <= person.ends);
		assert_true(person.hired - person.born > 20 * 365 && person.ends - person.born < 63 * 366);
		if (texts.citizen_id[0] != '\0') {
			assert_int_equal(strlen(texts.citizen_id), 12);
			put_text(ids[count++], texts.citizen_id);
		}
	}
	assert_in_range(count, PEOPLE * 96 / 100, PEOPLE * 98 / 100);
	qsort(ids, count, sizeof(ids[0]), compare_texts);
	for (size_t i = 1; i < count; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
	nation_free(&nation);
}

static void
careers_follow_from_where_they_led(void **state)
{
	(void)state;
	struct nation_person person = {.unit = 0};
	struct career career;
	struct step step;
	uint64_t steps = 0;
	begin(FEW, 2, 3);
	for (uint64_t i = 0; i < FEW; i++) {
		nation_person_make(&nation, i, &person);
		career_begin(&career, &nation, &person);
		int32_t before = person.hired;
		enum step_kind away = STEP_HIRED;
		while (career_next(&career, &step)) {
			assert_true(step.date > before && step.date <= NATION_LAST_DAY);
			before = step.date;
			assert_true(step.kind != STEP_RETURNED || away == STEP_SECONDED);
			assert_true(step.kind != STEP_LEAVE_ENDED || away == STEP_LEAVE_BEGUN);
			away = step.kind;
			assert_true(step.kind < STEP_RETIRED || step.number + 1 == career.steps);
			assert_non_null(person.occupation->ranks[step.rank]);
			assert_non_null(person.occupation->positions[step.position]);
			steps++;
		}
		assert_true((person.ending != ENDING_NONE) == (before == person.ends && career.steps > 0));
	}
	assert_in_range(steps, FEW * 28 / 10, FEW * 32 / 10);
	nation_free(&nation);
}

static void
noise_comes_at_its_rates(void **state)
{
	(void)state;
	struct nation_tally tally;
	uint8_t digest[HASH_BYTES];
	begin(PEOPLE, 5, 1);
	play(false, 100, &tally, digest);
	assert_in_range(tally.purposes[PURPOSE_DECOMPOSED], PEOPLE * 13 / 1000, PEOPLE * 17 / 1000);
	assert_in_range(tally.purposes[PURPOSE_TWICE], PEOPLE * 35 / 10000, PEOPLE * 45 / 10000);
	assert_in_range(tally.purposes[PURPOSE_WRONG_DATE], PEOPLE * 16 / 10000, PEOPLE * 24 / 10000);
	play(true, 0, &tally, digest);
	assert_int_equal(tally.purposes[PURPOSE_PLAIN], tally.sent);
	assert_int_equal(tally.kinds[STEP_HIRED], PEOPLE);
	nation_free(&nation);
}

static void
scattering_is_one_to_one(void **state)
{
	(void)state;
	static bool seen[1000];
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t place = nation_scatter(9, i, 1000);
		assert_true(place < 1000 && !seen[place]);
		seen[place] = true;
	}
	assert_int_equal(nation_scatter(9, 0, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_tells_the_same),
		cmocka_unit_test(family_names_have_their_shares),
		cmocka_unit_test(all_authorities_exist),
		cmocka_unit_test(ids_are_unique_and_dates_are_dates),
		cmocka_unit_test(careers_follow_from_where_they_led),
		cmocka_unit_test(noise_comes_at_its_rates),
		cmocka_unit_test(scattering_is_one_to_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
