/* services/ctl/nation_noise.c
 *
 * One draw a person, cut into the rates. */
#include "services/ctl/nation_noise.h"

#include "services/ctl/nation_draw.h"

enum { MILLION = 1000 * 1000 };

const struct purpose_facts nation_purposes[PURPOSES] = {
	[PURPOSE_PLAIN] = {"plain", 0, MT__EVENT__OUTCOME__ACCEPTED},
	[PURPOSE_DECOMPOSED] = {"name decomposed (NFD)", 15000, MT__EVENT__OUTCOME__ACCEPTED},
	[PURPOSE_TWICE] = {"person hired twice", 4000, MT__EVENT__OUTCOME__ACCEPTED},
	[PURPOSE_EARLY] = {"before the hiring", 3000, MT__EVENT__OUTCOME__PARKED},
	[PURPOSE_REPEATED] = {"sent again", 3000, MT__EVENT__OUTCOME__DUPLICATE},
	[PURPOSE_CHANGED] = {"sent again, changed", 200, MT__EVENT__OUTCOME__CONFLICT},
	[PURPOSE_WRONG_SOURCE] = {"unknown source", 1000, MT__EVENT__OUTCOME__REJECTED},
	[PURPOSE_WRONG_TARGET] = {"transfer to nowhere", 500, MT__EVENT__OUTCOME__REJECTED},
	[PURPOSE_WRONG_DATE] = {"wrong date", 2000, MT__EVENT__OUTCOME__REJECTED},
};

enum purpose
nation_noise(const struct nation *nation, uint64_t number, uint32_t percent)
{
	struct random random = draw_begin(nation->seed, number, STREAM_NOISE);
	uint32_t dice = draw_below(&random, MILLION);
	for (int purpose = PURPOSE_TWICE; purpose < PURPOSES; purpose++) {
		uint32_t rate = nation_purposes[purpose].per_million * percent / 100;
		if (dice < rate)
			return (enum purpose)purpose;
		dice -= rate;
	}
	return PURPOSE_PLAIN;
}

bool
nation_decomposed(const struct nation *nation, uint64_t number, uint32_t percent)
{
	struct random random = draw_begin(~nation->seed, number, STREAM_NOISE);
	return draw_below(&random, MILLION) < nation_purposes[PURPOSE_DECOMPOSED].per_million * percent / 100;
}
