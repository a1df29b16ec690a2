/* common/base/random.h
 *
 * A small seeded generator (splitmix64) for simulators, sample data and id
 * suffixes. True randomness reaches the code only through struct world. */
#ifndef COMMON_BASE_RANDOM_H
#define COMMON_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* bound > 0, unbiased */
bool random_chance(struct random *random, uint32_t percent);

#endif
