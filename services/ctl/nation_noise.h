/* services/ctl/nation_noise.h
 *
 * What the systems of provinces get wrong, at named rates, so that it can be said what a
 * nation's noise ought to come to. A person is hit by one kind at most, and by a name in
 * decomposed letters independently of it. */
#ifndef SERVICES_CTL_NATION_NOISE_H
#define SERVICES_CTL_NATION_NOISE_H

#include "services/ctl/nation.h"

#include "matricula/event.pb-c.h"

/* Why an event was sent. */
enum purpose {
	PURPOSE_PLAIN,
	PURPOSE_DECOMPOSED,   /* a hiring whose name is in NFD */
	PURPOSE_TWICE,        /* the same person hired by another province too, spelt otherwise */
	PURPOSE_EARLY,        /* before the hiring of the person it is about */
	PURPOSE_REPEATED,     /* the same event once more */
	PURPOSE_CHANGED,      /* the same id once more, with another payload */
	PURPOSE_WRONG_SOURCE, /* a hiring by an authority that does not exist */
	PURPOSE_WRONG_TARGET, /* a transfer to one that does not */
	PURPOSE_WRONG_DATE,   /* a day that no calendar has, or another way to write one */
	PURPOSES,
};

struct purpose_facts {
	const char *text;
	uint32_t per_million; /* persons, at --noise 100 */
	Mt__Event__Outcome expected;
};

extern const struct purpose_facts nation_purposes[PURPOSES];

/* percent: of the named rates. PURPOSE_PLAIN, or what else there is about this person. */
enum purpose nation_noise(const struct nation *nation, uint64_t number, uint32_t percent);
bool nation_decomposed(const struct nation *nation, uint64_t number, uint32_t percent);

#endif
