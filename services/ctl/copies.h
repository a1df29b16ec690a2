/* services/ctl/copies.h
 *
 * Hot copies of one service's journal, state and keys, to be looked at while it runs. Nothing
 * is locked. They lie beside the data while it lasts and need as much space again. */
#ifndef SERVICES_CTL_COPIES_H
#define SERVICES_CTL_COPIES_H

#include "services/ctl/replay_world.h"

struct copies {
	const struct module *module; /* these three by the caller, the rest zero */
	const char *data;
	const char *name; /* of the folder, with our process id behind */
	char home[PATH_BYTES_MAX];
	char state_copy[PATH_BYTES_MAX];
	char journal_copy[PATH_BYTES_MAX];
	char slots_copy[PATH_BYTES_MAX];
	char scratch[PATH_BYTES_MAX];
	char folder[PATH_BYTES_MAX];
	struct state_lmdb *state; /* NULL: there is none yet */
	struct journal_file *journal;
	struct replay_keys keys;
};

/* False, and said, if it cannot be; copies_remove in either case. */
bool copies_open(struct copies *copies);
void copies_remove(struct copies *copies);

/* Which entry the state stands for; 0 if it is empty. False, and said, if journal and state do not belong together. */
bool copies_state_seq(const struct copies *copies, uint64_t *seq);

#endif
