/* services/ctl/replay_world.h
 *
 * A world of nothing but a journal and its keys: a node opened in it replays up to a
 * position and stops. No clock runs, nothing is sent, nothing is committed. Rows beyond the
 * memory budget are put down in a scratch folder. */
#ifndef SERVICES_CTL_REPLAY_WORLD_H
#define SERVICES_CTL_REPLAY_WORLD_H

#include "common/core/node.h"
#include "common/host/files.h"
#include "common/host/journal_file.h"
#include "common/host/slots.h"
#include "common/host/state_lmdb.h"

/* The service's secret and its slots: a copy from before the journal's, and the file as it was behind
 * it, which has what was made in between and lacks what was destroyed. */
struct replay_keys {
	uint8_t secret[32];
	struct slots *before;
	struct slots *after;
};

struct replay {
	struct world world;
	struct journal_file *journal; /* the caller's */
	uint64_t head;                /* as the node sees it: replayed up to here */
	const struct replay_keys *keys;
	char scratch[PATH_BYTES_MAX];
	struct state_lmdb *spilled; /* NULL while everything fits */
	const struct memtable *flushing;
	struct node *node;
};

/* Replays entries 1 to head, head > 0, through the module's own apply. Ends the process, as a
 * node would, if an entry cannot be applied. */
void replay_run(struct replay *replay, const struct module *module, struct journal_file *journal,
		const struct replay_keys *keys, uint64_t head, const char *scratch, uint64_t memory_bytes);
const struct store *replay_store(const struct replay *replay);
void replay_end(struct replay *replay);

#endif
