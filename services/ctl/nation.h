/* services/ctl/nation.h
 *
 * A nation that does not exist: from a seed and a number of people it gives the same
 * persons and careers for ever, each made from its number alone, in any order. */
#ifndef SERVICES_CTL_NATION_H
#define SERVICES_CTL_NATION_H

#include "services/ctl/nation_names.h"
#include "services/ctl/nation_posts.h"
#include "services/ctl/nation_units.h"

enum {
	NATION_STEPS_MAX = 24,           /* events of one career behind the hiring */
	NATION_EVENTS_MEAN_MAX = 8,      /* beyond it the longest careers would be cut too often */
	NATION_PEOPLE_MAX = 5000 * 1000, /* no province may outgrow the million numbers of its citizen ids */
	NATION_FIRST_DAY = 5479,         /* 1985-01-01: nobody was hired before */
	NATION_LAST_DAY = 20634,         /* 2026-06-30: nothing takes effect after */
	NATION_DAYS_SERVED_MIN = 400,    /* so that a career has room */
	NATION_TEXT_BYTES = 96,
	NATION_DEPARTMENTS = 60, /* dice for one: any number of them divides it */
};

struct nation {
	uint64_t seed;
	struct nation_units units;
	struct nation_names names;
	uint32_t ended_permille;                 /* whose career is over by the last day */
	uint32_t longer_below[NATION_STEPS_MAX]; /* of 2^32: a draw below [i] means more than i steps */
	uint32_t occupation_totals[2];           /* of a commune, of an office */
};

enum ending { ENDING_NONE, ENDING_RETIRED, ENDING_RESIGNED, ENDING_DISMISSED, ENDING_DECEASED };

/* The parts that careers need; nation_texts makes the rest. */
struct nation_person {
	uint64_t number;
	uint32_t unit;
	const struct occupation *occupation;
	bool woman;
	enum ending ending;
	int32_t born; /* civil date */
	int32_t hired;
	int32_t ends;     /* the day of the ending, or NATION_LAST_DAY */
	uint8_t rank;     /* of the occupation's */
	uint8_t position; /* of the occupation's */
};

struct nation_texts {
	struct nation_name parts;
	char name[NATION_NAME_BYTES];
	char birth_date[16];
	char email[NATION_NAME_BYTES];
	char phone[16];
	char citizen_id[16];
	char unit[NATION_TEXT_BYTES * 2];
	unsigned qualifications_count;
	struct nation_diploma {
		const struct qualification_kind *kind;
		char awarded_on[16];
	} qualifications[2];
};

/* events_mean: how many events a person has behind the hiring, on average. False, and said, if the units file cannot
 * be used. */
bool nation_init(struct nation *nation, const char *units, uint64_t people, uint64_t seed, double events_mean);
void nation_free(struct nation *nation);

/* Number from 0 to people - 1. person->unit may hold a unit to look at first, or 0. */
void nation_person_make(const struct nation *nation, uint64_t number, struct nation_person *person);
void nation_person_texts(const struct nation *nation, const struct nation_person *person, struct nation_texts *texts);
/* Events of the career behind the hiring. */
unsigned nation_person_steps(const struct nation *nation, uint64_t number);

/* "GV000123": unique in the unit that hired; moves counts transfers, whose receivers number anew. */
char *nation_staff_code(char *at, const struct nation *nation, const struct nation_person *person, unsigned moves);
char *nation_date(char *at, int32_t date);
/* Where somebody in that post sits in that unit. */
char *nation_department(char *at, const struct nation_unit *unit, const struct occupation *occupation, size_t position,
			uint32_t dice);

/* A number below count for each below count, one to one, in no order: a Feistel network. */
uint64_t nation_scatter(uint64_t seed, uint64_t number, uint64_t count);

#endif
