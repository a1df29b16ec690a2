/* tests/scenario/clock.h
 *
 * The clock of a deployment that runs under faketime: libfaketime adds to the host's
 * clock the seconds that stand in a file (FAKETIME_TIMESTAMP_FILE, without a cache), so
 * a story can set and move it while the processes run. */
#ifndef TESTS_SCENARIO_CLOCK_H
#define TESTS_SCENARIO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* From now on it shows wanted_us, microseconds since 1970 UTC. False if the file cannot be written. */
bool clock_set(const char *path, int64_t wanted_us);
bool clock_advance(const char *path, int64_t us);

#endif
