/* services/ctl/nation_play.h
 *
 * The order in which a nation's events are sent. Province by province, as rosters come, or
 * scattered over the nation (with the nation for one great province): first what comes too
 * early, then the hirings, then what is sent again, then everybody's first step, everybody's
 * second, and so on, with all that is left of long careers in the last round. So the events
 * of one person keep their order and mostly lie far apart. Nothing is held: whoever's turn it
 * is is made again from the number. */
#ifndef SERVICES_CTL_NATION_PLAY_H
#define SERVICES_CTL_NATION_PLAY_H

#include "services/ctl/nation_event.h"

enum { NATION_OUTCOMES = MT__EVENT__OUTCOME__DISCARDED + 1 };

struct nation_tally {
	uint64_t sent;
	uint64_t answered;
	uint64_t kinds[STEP_KINDS];
	uint64_t purposes[PURPOSES];
	uint64_t outcomes[PURPOSES][NATION_OUTCOMES];
	uint64_t sent_again; /* frames or requests that got no decision at first */
};

/* Takes events in order; false, and said, when one found no decision in time. Answers may come later, at the latest
 * in finish; both count them into the tally. */
struct nation_sender {
	bool (*send)(struct nation_sender *sender, const struct nation_event *event);
	bool (*finish)(struct nation_sender *sender);
	void (*close)(struct nation_sender *sender);
};

struct nation_play {
	const struct nation *nation;
	bool scattered;
	uint32_t noise_percent;
	struct nation_sender *sender;
	struct nation_tally *tally;
};

bool nation_play(const struct nation_play *play);

/* How many events nation_play will send. */
uint64_t nation_play_count(const struct nation_play *play);

#endif
