/* tests/scenario/play.h
 *
 * Plays a story with a driver. */
#ifndef TESTS_SCENARIO_PLAY_H
#define TESTS_SCENARIO_PLAY_H

#include "tests/scenario/driver.h"

/* False: *line is the statement that did not come true, and driver->why says in what. */
bool play(struct driver *driver, const struct story *story, int *line);

#endif
