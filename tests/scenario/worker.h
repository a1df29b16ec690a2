/* tests/scenario/worker.h
 *
 * The worker beside the certificate node (services/certificate/signer.c) as the simulated world has it: every key it
 * makes is the one of tests/data, so that the same seed gives the same journals. */
#ifndef TESTS_SCENARIO_WORKER_H
#define TESTS_SCENARIO_WORKER_H

#include "tests/scenario/driver.h"
#include "tests/sim/clerk.h"

/* Until nothing is to be made or signed. NULL, or what went wrong. */
const char *worker_work(struct office *office);

/* The same of a real one: waits until every key and JWT that was asked for since the story began is there. */
bool worker_await(struct driver *driver);

#endif
