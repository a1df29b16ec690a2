/* tests/sim/mishap.h
 *
 * What goes wrong in the simulated world, drawn from its one random: the fate of a
 * frame, how long a disk takes, crashes, cuts, full disks and clocks that jump. */
#ifndef TESTS_SIM_MISHAP_H
#define TESTS_SIM_MISHAP_H

#include "tests/sim/world.h"

/* Puts a frame on its way: lost, doubled or late, as the faults have it. Endpoints as in struct route. */
void mishap_deliver(struct sim *sim, uint32_t from, uint32_t to, struct event event, struct slice frame);
int64_t mishap_disk_us(struct sim *sim);
/* The disk's side of a crash. */
void mishap_disk_crash(struct process *process);
/* A dead process comes back after a while. */
void mishap_restart_later(struct process *process);
/* Chooses a point at which this life of the process may end. */
void mishap_arm(struct process *process);
void mishap_next(struct sim *sim); /* plans the next EVENT_FAULT */
/* This is it, or the end of one: number and who as in its event. */
void mishap_happen(struct sim *sim, uint64_t number, uint32_t who);
/* Swarm testing: each fault is on or off by the seed, and how bad it is. */
struct faults mishap_swarm(struct random *random);

#endif
