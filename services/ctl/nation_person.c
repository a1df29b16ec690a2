/* services/ctl/nation_person.c
 *
 * One person from a number. Whether and how a career ended is drawn first, and the dates
 * are made to fit: who retired was born so that the law's age falls on that day (Labour
 * Code 2019, article 169: 60 and 55 years until 2020, then three and four months more each
 * year up to 62 and 60). */
#include "services/ctl/nation.h"

#include "services/ctl/nation_draw.h"

#include "common/base/date.h"

#include <assert.h>

enum {
	RETIRED_PERMILLE = 700, /* of those whose career ended */
	RESIGNED_PERMILLE = 220,
	DISMISSED_PERMILLE = 20,
	ENDED_PERMILLE_MAX = 80,   /* of all */
	ENDINGS_FIRST_DAY = 16436, /* 2015-01-01 */
	DAYS_OF_YEAR = 365,
	YEARS_SERVED_MIN = 2, /* by somebody in service on the last day */
	YEARS_ENTERED = 9,    /* the age at entry differs by so much */
	ID_NUMBERS = 1000 * 1000,
	ID_PROVINCE_FIRST = 900, /* real ids begin with 001 to 096: these belong to nobody */
	NO_ID_PERMILLE = 30,
	NO_EMAIL_PERMILLE = 140,
	NO_PHONE_PERMILLE = 90,
	YEAR_ONLY_PERMILLE = 25,
	MONTH_ONLY_PERMILLE = 12,
	QUALIFIED_PERMILLE = 300,
};

/* Half a number is mixed with the other four times; what falls outside goes round again. */
uint64_t
nation_scatter(uint64_t seed, uint64_t number, uint64_t count)
{
	unsigned half = 1;
	assert(number < count);
	while (UINT64_C(1) << 2 * half < count)
		half++;
	uint64_t mask = (UINT64_C(1) << half) - 1;
	do {
		uint64_t left = number >> half;
		uint64_t right = number & mask;
		for (uint64_t round = 0; round < 4; round++) {
			struct random random = {.state = seed + (right << 8 | round) * UINT64_C(0xd1342543de82ef95)};
			uint64_t next = left ^ (random_next(&random) >> 32 & mask);
			left = right;
			right = next;
		}
		number = left << half | right;
	} while (number >= count);
	return number;
}

char *
nation_date(char *at, int32_t date)
{
	int year, month, day;
	date_split(date, &year, &month, &day);
	at = put_number(at, (uint64_t)year, 4);
	*at++ = '-';
	at = put_number(at, (uint64_t)month, 2);
	*at++ = '-';
	return put_number(at, (uint64_t)day, 2);
}

/* In months, for who reaches it in that year. */
static int
retirement_age(bool woman, int year)
{
	int later = year < 2021 ? 0 : year - 2020;
	int months = woman ? 55 * 12 + 4 * later : 60 * 12 + 3 * later;
	int most = woman ? 60 * 12 : 62 * 12;
	return months < most ? months : most;
}

/* Born so as to reach the age on that day. */
static int32_t
born_to_retire(bool woman, int32_t date)
{
	int year, month, day;
	date_split(date, &year, &month, &day);
	int months = year * 12 + month - 1 - retirement_age(woman, year);
	return date_make(months / 12, months % 12 + 1, day > 28 ? 28 : day);
}

static enum ending
ending_draw(const struct nation *nation, struct random *random)
{
	if (!draw_permille(random, nation->ended_permille))
		return ENDING_NONE;
	uint32_t dice = draw_below(random, 1000);
	if (dice < RETIRED_PERMILLE)
		return ENDING_RETIRED;
	if (dice < RETIRED_PERMILLE + RESIGNED_PERMILLE)
		return ENDING_RESIGNED;
	return dice < RETIRED_PERMILLE + RESIGNED_PERMILLE + DISMISSED_PERMILLE ? ENDING_DISMISSED : ENDING_DECEASED;
}

static void
dates_draw(struct nation_person *person, struct random *random)
{
	person->ends = NATION_LAST_DAY;
	if (person->ending != ENDING_NONE)
		person->ends = draw_between(random, ENDINGS_FIRST_DAY, NATION_LAST_DAY);
	if (person->ending == ENDING_RETIRED) {
		person->born = born_to_retire(person->woman, person->ends);
	} else {
		/* Two dice of unlike size: few are very young, few old, and many anything between. */
		int years_max = retirement_age(person->woman, 2026) / 12 - 1;
		int32_t youngest = (person->occupation->age_min + YEARS_SERVED_MIN) * DAYS_OF_YEAR;
		int32_t spread = years_max * DAYS_OF_YEAR - youngest;
		person->born = person->ends - youngest - draw_between(random, 0, spread * 2 / 3) -
			       draw_between(random, 0, spread / 3);
	}
	int32_t first = person->born + person->occupation->age_min * DAYS_OF_YEAR + DAYS_OF_YEAR / 4;
	int32_t last = first + YEARS_ENTERED * DAYS_OF_YEAR;
	if (last > person->ends - NATION_DAYS_SERVED_MIN)
		last = person->ends - NATION_DAYS_SERVED_MIN;
	int32_t entered = draw_between(random, first, last);
	if (entered < NATION_FIRST_DAY)
		entered = NATION_FIRST_DAY + draw_between(random, 0, DAYS_OF_YEAR);
	person->hired = entered;
}

static size_t
length_of(const char *const *texts, size_t max)
{
	size_t count = 0;
	while (count < max && texts[count] != NULL)
		count++;
	return count;
}

/* A step up for each dozen years, for some. */
static void
rank_draw(struct nation_person *person, struct random *random)
{
	const struct occupation *occupation = person->occupation;
	size_t ranks = length_of(occupation->ranks, OCCUPATION_RANKS_MAX);
	size_t positions = length_of(occupation->positions, OCCUPATION_POSITIONS_MAX);
	uint32_t years = (uint32_t)(person->ends - person->hired) / DAYS_OF_YEAR;
	person->rank = 0;
	while (person->rank + 1U < ranks && person->rank < years / 10 && draw_permille(random, 350 >> person->rank * 2))
		person->rank++;
	person->position = 0;
	if (occupation->category == MT__PERSON__CATEGORY__CADRE)
		person->position = (uint8_t)draw_below(random, (uint32_t)positions);
	while (occupation->category != MT__PERSON__CATEGORY__CADRE && person->position + 1U < positions &&
	       years > 5U * (person->position + 1U) && draw_permille(random, 220))
		person->position++;
}

static const struct occupation *
occupation_draw(const struct nation *nation, bool office, struct random *random)
{
	uint32_t at = draw_below(random, nation->occupation_totals[office]);
	const struct occupation *occupation = nation_occupations;
	for (;; occupation++) {
		uint32_t weight = office ? occupation->office_weight : occupation->commune_weight;
		if (at < weight)
			return occupation;
		at -= weight;
	}
}

void
nation_person_make(const struct nation *nation, uint64_t number, struct nation_person *person)
{
	struct random random = draw_begin(nation->seed, number, STREAM_PERSON);
	uint32_t unit = nation_unit_of(&nation->units, number, person->unit);
	*person = (struct nation_person){.number = number, .unit = unit};
	person->ending = ending_draw(nation, &random);
	person->occupation = occupation_draw(nation, nation->units.units[unit].office, &random);
	person->woman = draw_permille(&random, person->occupation->women_permille);
	dates_draw(person, &random);
	rank_draw(person, &random);
}

unsigned
nation_person_steps(const struct nation *nation, uint64_t number)
{
	struct random person = draw_begin(nation->seed, number, STREAM_PERSON);
	struct random random = draw_begin(nation->seed, number, STREAM_LENGTH);
	unsigned steps = 0;
	uint32_t dice = (uint32_t)(random_next(&random) >> 32);
	while (steps < NATION_STEPS_MAX - 1 && dice < nation->longer_below[steps])
		steps++;
	/* The same first draw as in nation_person_make. */
	return steps + (ending_draw(nation, &person) != ENDING_NONE);
}

char *
nation_staff_code(char *at, const struct nation *nation, const struct nation_person *person, unsigned moves)
{
	const struct nation_unit *unit = &nation->units.units[person->unit];
	if (moves == 0)
		return put_number(put_text(at, person->occupation->prefix), person->number - unit->first + 1, 6);
	at = put_number(put_text(at, "DC"), person->number + 1, 7);
	return put_number(put_text(at, "."), moves, 1);
}

char *
nation_department(char *at, const struct nation_unit *unit, const struct occupation *occupation, size_t position,
		  uint32_t dice)
{
	bool here = occupation->units[!unit->office][0] != NULL;
	const char *const *departments = occupation->units[here ? !unit->office : unit->office];
	size_t count = length_of(departments, OCCUPATION_UNITS_MAX);
	size_t place = occupation->category == MT__PERSON__CATEGORY__CADRE ? position : dice;
	return put_text(put_text(put_text(at, departments[place % count]), " "), unit->name);
}

static enum people
people_draw(const struct province_facts *facts, struct random *random)
{
	uint32_t dice = draw_below(random, 1000);
	for (size_t i = 0; i < PROVINCE_PEOPLES_MAX && facts->others[i].permille > 0; i++) {
		if (dice < facts->others[i].permille)
			return facts->others[i].people;
		dice -= facts->others[i].permille;
	}
	return facts->kinh;
}

/* Twelve digits: province, century and sex, year of birth, six more that are a person's own in the province. */
static void
citizen_id_put(char *at, const struct nation *nation, const struct nation_province *province,
	       const struct nation_person *person, int year)
{
	uint64_t own = nation_scatter(nation->seed + province->first, person->number - province->first, ID_NUMBERS);
	uint64_t place = (uint64_t)(province - nation->units.provinces) + 1;
	at = put_number(at, ID_PROVINCE_FIRST + place, 3);
	at = put_number(at, (year < 2000 ? 0U : 2U) + person->woman, 1);
	put_number(put_number(at, (uint64_t)year % 100, 2), own, 6);
}

static void
qualifications_draw(const struct nation_person *person, struct random *random, struct nation_texts *texts)
{
	texts->qualifications_count = 0;
	if (!draw_permille(random, QUALIFIED_PERMILLE))
		return;
	unsigned count = 1 + draw_below(random, 2);
	for (unsigned i = 0; i < count; i++) {
		struct nation_diploma *diploma = &texts->qualifications[texts->qualifications_count];
		diploma->kind = &nation_qualifications[draw_below(random, (uint32_t)nation_qualifications_count)];
		if (i > 0 && diploma->kind->axis == texts->qualifications[0].kind->axis)
			continue;
		nation_date(diploma->awarded_on, person->hired - draw_between(random, 30, 900));
		texts->qualifications_count++;
	}
}

void
nation_person_texts(const struct nation *nation, const struct nation_person *person, struct nation_texts *texts)
{
	struct random random = draw_begin(nation->seed, person->number, STREAM_NAME);
	const struct nation_unit *unit = &nation->units.units[person->unit];
	const struct nation_province *province = &nation->units.provinces[unit->province];
	int year, month, day;
	date_split(person->born, &year, &month, &day);
	nation_name_draw(&nation->names, people_draw(province->facts, &random), person->woman, &random, &texts->parts);
	nation_name_put(texts->name, &texts->parts);
	nation_date(texts->birth_date, person->born);
	uint32_t dice = draw_below(&random, 1000);
	if (dice < YEAR_ONLY_PERMILLE)
		texts->birth_date[4] = '\0';
	else if (dice < YEAR_ONLY_PERMILLE + MONTH_ONLY_PERMILLE)
		texts->birth_date[7] = '\0';
	char *at = texts->email;
	*at = '\0';
	if (!draw_permille(&random, NO_EMAIL_PERMILLE)) {
		at = nation_name_put_account(at, &texts->parts);
		at = put_number(at, person->number + 1, 1);
		put_text(put_text(put_text(at, "@"), province->host), ".gov.example");
	}
	texts->phone[0] = '\0';
	/* No network of Viet Nam begins with 00. */
	if (!draw_permille(&random, NO_PHONE_PERMILLE))
		put_number(put_text(texts->phone, "0000"), draw_below(&random, ID_NUMBERS), 6);
	texts->citizen_id[0] = '\0';
	if (!draw_permille(&random, NO_ID_PERMILLE))
		citizen_id_put(texts->citizen_id, nation, province, person, year);
	nation_department(texts->unit, unit, person->occupation, person->position,
			  draw_below(&random, NATION_DEPARTMENTS));
	qualifications_draw(person, &random, texts);
}

/* Geometric: after each step there is one more with the same chance. */
static void
lengths_init(struct nation *nation, double mean)
{
	double more = mean / (1 + mean);
	double chance = 1;
	for (int i = 0; i < NATION_STEPS_MAX; i++) {
		chance *= more;
		nation->longer_below[i] = (uint32_t)(chance * 4294967295.0);
	}
}

bool
nation_init(struct nation *nation, const char *units, uint64_t people, uint64_t seed, double events_mean)
{
	assert(people <= NATION_PEOPLE_MAX);
	assert(events_mean <= NATION_EVENTS_MEAN_MAX);
	*nation = (struct nation){.seed = seed};
	if (!nation_units_read(&nation->units, units, people, seed))
		return false;
	/* A quiet nation has few endings too. */
	nation->ended_permille = (uint32_t)(events_mean * 1000 / 4);
	if (nation->ended_permille > ENDED_PERMILLE_MAX)
		nation->ended_permille = ENDED_PERMILLE_MAX;
	lengths_init(nation, events_mean - nation->ended_permille / 1000.0);
	for (size_t i = 0; i < nation_occupations_count; i++) {
		nation->occupation_totals[0] += nation_occupations[i].commune_weight;
		nation->occupation_totals[1] += nation_occupations[i].office_weight;
	}
	nation_names_init(&nation->names);
	return true;
}

void
nation_free(struct nation *nation)
{
	nation_names_free(&nation->names);
}
