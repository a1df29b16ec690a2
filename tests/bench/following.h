/* tests/bench/following.h
 *
 * A node that follows another one alone, and what either takes for it: served(), the
 * producer answering, and followed(), the follower, for an event each. */
#ifndef TESTS_BENCH_FOLLOWING_H
#define TESTS_BENCH_FOLLOWING_H

#include "tests/bench/alone.h"

/* Follows all of the producer's journal; counted is what comes after entry before, which holds that many events. */
void following_run(struct alone *producer, const struct module *module, uint64_t before, uint64_t events);

#endif
