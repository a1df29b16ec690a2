/* common/base/random.c
 *
 * splitmix64, after Guy Steele and others, "Fast splittable pseudorandom number
 * generators" (2014): any seed is a good seed, and the same seed gives the same
 * numbers on every machine, which is what a simulator needs. Not for secrets. */
#include "common/base/random.h"

#include <assert.h>

uint64_t
random_next(struct random *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t mixed = random->state;
	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* The first 2^64 mod bound numbers would make small results likelier: they are drawn again,
 * less than once on average whatever the bound. */
uint64_t
random_below(struct random *random, uint64_t bound)
{
	assert(bound > 0);
	uint64_t surplus = -bound % bound;
	uint64_t number = random_next(random);
	while (number < surplus)
		number = random_next(random);
	return number % bound;
}

bool
random_chance(struct random *random, uint32_t percent)
{
	assert(percent <= 100);
	return random_below(random, 100) < percent;
}
