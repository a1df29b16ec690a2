/* tests/sim/check.h
 *
 * The invariants: what must hold of a deployment that has settled, whatever went
 * wrong before. Each is a function of its own that blames the world by its name. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "tests/sim/clerk.h"

struct check {
	const char *name;
	void (*run)(struct sim *sim, const struct office *office, const char *name);
};

extern const struct check checks[]; /* ends with a NULL name */

/* Runs all of them; false if the world is to blame. */
bool check_all(struct sim *sim, const struct office *office);

/* check_journal.c */
void check_chain(struct sim *sim, const struct office *office, const char *name);
void check_time(struct sim *sim, const struct office *office, const char *name);
void check_acknowledged(struct sim *sim, const struct office *office, const char *name);
void check_once(struct sim *sim, const struct office *office, const char *name);
void check_cursors(struct sim *sim, const struct office *office, const char *name);
/* check_sealed.c */
void check_sealed(struct sim *sim, const struct office *office, const char *name);
/* check_state.c */
void check_rebuild(struct sim *sim, const struct office *office, const char *name);
void check_mirrors(struct sim *sim, const struct office *office, const char *name);
/* check_reactions.c */
void check_reactions(struct sim *sim, const struct office *office, const char *name);
/* check_log.c */
void check_log(struct sim *sim, const struct office *office, const char *name);
/* check_domain.c */
void check_seats(struct sim *sim, const struct office *office, const char *name);
void check_figures(struct sim *sim, const struct office *office, const char *name);
/* check_certificates.c */
void check_registers(struct sim *sim, const struct office *office, const char *name);
/* check_editions.c */
void check_editions(struct sim *sim, const struct office *office, const char *name);

#endif
