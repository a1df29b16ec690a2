/* tests/sim/settle.h
 *
 * Waiting in virtual time: until nothing is under way, and over days without
 * stepping through each long poll of them. */
#ifndef TESTS_SIM_SETTLE_H
#define TESTS_SIM_SETTLE_H

#include "tests/sim/clerk.h"

/* All errands answered, all nodes up and durable, all feeds caught up, no timer due. */
bool world_settled(struct sim *sim, const struct office *office);
/* Steps until then. If that takes more than limit_us of virtual time, or nothing more can
 * happen, the world is blamed and false comes back. */
bool world_settle(struct sim *sim, const struct office *office, int64_t limit_us);
/* Moves the wall clocks by us, halting at each timer that falls due on the way. */
bool world_advance(struct sim *sim, const struct office *office, int64_t us, int64_t limit_us);

#endif
