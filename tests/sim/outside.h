/* tests/sim/outside.h
 *
 * What one simulated process has around it: the struct world of its node, and the
 * birth and death of the process. Shared by world.c and mishap.c. */
#ifndef TESTS_SIM_OUTSIDE_H
#define TESTS_SIM_OUTSIDE_H

#include "tests/sim/world.h"

void process_init(struct process *process, struct sim *sim, uint32_t index);
/* The node is made and opened; replay goes on in its runs. */
void process_open(struct process *process);
/* The process is gone; what it had begun to write may or may not be on its disk. */
void process_die(struct process *process);
/* After every call into the node: buries it if it died inside, else lets its loop turn. */
void process_after(struct process *process);
/* Node and disk end. */
void process_clear(struct process *process);

#endif
