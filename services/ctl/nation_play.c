/* services/ctl/nation_play.c
 *
 * Passes over a range of places; which person stands at a place is the number itself, or
 * scattered. */
#include "services/ctl/nation_play.h"

#include <assert.h>

/* Passes of which most find nothing to do would cost more than they are worth. */
enum { ROUNDS_APART = 6 };

struct playing {
	const struct nation_play *play;
	struct nation_person person; /* made last; its unit is where the next is looked for first */
	struct nation_event event;
	unsigned round;  /* of steps */
	unsigned rounds; /* of the range */
};

static bool
event_send(struct playing *playing)
{
	struct nation_tally *tally = playing->play->tally;
	tally->sent++;
	tally->kinds[playing->event.kind]++;
	tally->purposes[playing->event.purpose]++;
	return playing->play->sender->send(playing->play->sender, &playing->event);
}

static enum purpose
noise_of(const struct playing *playing, uint64_t number)
{
	return nation_noise(playing->play->nation, number, playing->play->noise_percent);
}

/* Nobody's event is early who has none. */
static bool
comes_early(const struct playing *playing, uint64_t number)
{
	return noise_of(playing, number) == PURPOSE_EARLY && nation_person_steps(playing->play->nation, number) > 0;
}

static bool
hired_send(struct playing *playing, enum purpose purpose)
{
	nation_event_hired(&playing->event, playing->play->nation, &playing->person, purpose);
	return event_send(playing);
}

static bool
step_send(struct playing *playing, uint64_t number, unsigned wanted, enum purpose purpose)
{
	struct career career;
	struct step step;
	nation_person_make(playing->play->nation, number, &playing->person);
	career_begin(&career, playing->play->nation, &playing->person);
	for (unsigned i = 0; i <= wanted; i++) {
		bool there = career_next(&career, &step);
		assert(there);
	}
	nation_event_step(&playing->event, playing->play->nation, &playing->person, &step);
	playing->event.purpose = purpose;
	return event_send(playing);
}

static bool
pass_early(struct playing *playing, uint64_t number)
{
	return !comes_early(playing, number) || step_send(playing, number, 0, PURPOSE_EARLY);
}

static bool
pass_hired(struct playing *playing, uint64_t number)
{
	const struct nation *nation = playing->play->nation;
	enum purpose noise = noise_of(playing, number);
	unsigned steps = nation_person_steps(nation, number);
	if (steps > playing->rounds)
		playing->rounds = steps;
	nation_person_make(nation, number, &playing->person);
	if ((noise == PURPOSE_WRONG_SOURCE || noise == PURPOSE_WRONG_DATE) && !hired_send(playing, noise))
		return false;
	bool decomposed = nation_decomposed(nation, number, playing->play->noise_percent);
	return hired_send(playing, decomposed ? PURPOSE_DECOMPOSED : PURPOSE_PLAIN);
}

static bool
pass_again(struct playing *playing, uint64_t number)
{
	const struct nation *nation = playing->play->nation;
	enum purpose noise = noise_of(playing, number);
	if (noise != PURPOSE_TWICE && noise != PURPOSE_REPEATED && noise != PURPOSE_CHANGED &&
	    noise != PURPOSE_WRONG_TARGET)
		return true;
	nation_person_make(nation, number, &playing->person);
	if (noise == PURPOSE_TWICE || noise == PURPOSE_CHANGED)
		return hired_send(playing, noise);
	if (noise == PURPOSE_WRONG_TARGET) {
		nation_event_astray(&playing->event, nation, &playing->person);
		return event_send(playing);
	}
	bool decomposed = nation_decomposed(nation, number, playing->play->noise_percent);
	nation_event_hired(&playing->event, nation, &playing->person, decomposed ? PURPOSE_DECOMPOSED : PURPOSE_PLAIN);
	playing->event.purpose = PURPOSE_REPEATED;
	return event_send(playing);
}

/* One step of those who have one, in the last round all that are left. */
static bool
pass_step(struct playing *playing, uint64_t number)
{
	unsigned steps = nation_person_steps(playing->play->nation, number);
	unsigned end = playing->round + 1 == ROUNDS_APART ? steps : playing->round + 1;
	bool good = true;
	if (steps <= playing->round || (playing->round == 0 && comes_early(playing, number)))
		return true;
	for (unsigned wanted = playing->round; good && wanted < end; wanted++)
		good = step_send(playing, number, wanted, PURPOSE_PLAIN);
	return good;
}

static bool
range_pass(struct playing *playing, uint64_t first, uint64_t count,
	   bool (*pass)(struct playing *playing, uint64_t number))
{
	const struct nation *nation = playing->play->nation;
	bool good = true;
	for (uint64_t i = first; i < first + count && good; i++) {
		uint64_t number = i;
		if (playing->play->scattered)
			number = nation_scatter(nation->seed, i, nation->units.people);
		good = pass(playing, number);
	}
	return good;
}

static bool
range_play(struct playing *playing, uint64_t first, uint64_t count)
{
	playing->rounds = 0;
	bool good = range_pass(playing, first, count, pass_early) && range_pass(playing, first, count, pass_hired) &&
		    range_pass(playing, first, count, pass_again);
	if (playing->rounds > ROUNDS_APART)
		playing->rounds = ROUNDS_APART;
	for (playing->round = 0; good && playing->round < playing->rounds; playing->round++)
		good = range_pass(playing, first, count, pass_step);
	return good;
}

bool
nation_play(const struct nation_play *play)
{
	static struct playing playing;
	const struct nation_units *units = &play->nation->units;
	bool good = true;
	playing = (struct playing){.play = play};
	if (play->scattered)
		good = range_play(&playing, 0, units->people);
	for (uint32_t i = 0; i < units->provinces_count && good && !play->scattered; i++)
		good = range_play(&playing, units->provinces[i].first, units->provinces[i].count);
	return good && play->sender->finish(play->sender);
}

uint64_t
nation_play_count(const struct nation_play *play)
{
	uint64_t count = play->nation->units.people;
	for (uint64_t i = 0; i < play->nation->units.people; i++) {
		enum purpose noise = nation_noise(play->nation, i, play->noise_percent);
		count += nation_person_steps(play->nation, i);
		count += noise != PURPOSE_PLAIN && noise != PURPOSE_EARLY;
	}
	return count;
}
