/* tests/bench/deed_call.h
 *
 * A deed as a call of Events.Push, as a province sends it to the door and the gateway
 * passes it on. */
#ifndef TESTS_BENCH_DEED_CALL_H
#define TESTS_BENCH_DEED_CALL_H

#include "tests/bench/people.h"

/* The packed Mt__Call replaces what is in the buffer. door_key: whose connection it came by, as the gateway
 * says it; data NULL for a province. */
void deed_call(struct buf *packed, const struct deed *deed, uint64_t tag, struct slice door_key);

#endif
