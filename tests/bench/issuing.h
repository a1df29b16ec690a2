/* tests/bench/issuing.h
 *
 * The certificate node with classes that are approved and wait to be issued; see issuing.c. */
#ifndef TESTS_BENCH_ISSUING_H
#define TESTS_BENCH_ISSUING_H

#include "common/core/node.h"

extern uint64_t issuing_wanted; /* certificates; set before the node is opened */
extern bool issuing_of_kind;    /* of one with rules, an end and reminders, to people who hold a certificate already */
extern uint64_t issuing_done;

/* The certificate service, whose first fact puts the classes into its state. */
const struct module *issuing_module(void);
/* The notification service, which knows all these people from its first fact on. */
const struct module *issuing_follower(void);

#endif
