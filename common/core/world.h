/* common/core/world.h
 *
 * The outside as a node sees it. A node is a state machine: the world calls
 * node_receive, node_run, node_committed, node_flushed and node_tick; the node
 * calls what stands here. The real world is common/host; the simulated one is
 * tests/sim; a pure test answers everything at once.
 *
 * Nothing here blocks, except the reads, which touch memory-mapped pages only.
 * Commit, flush and what changes slots are begun here and end in a call back into the
 * node, later and on the loop thread. At most one of each is under way at a time. */
#ifndef COMMON_CORE_WORLD_H
#define COMMON_CORE_WORLD_H

#include "common/core/store.h"

/* Entries to be appended to the journal in one durable step, dense from first_seq. */
struct journal_batch {
	uint64_t first_seq;
	uint32_t count;
	const size_t *sizes;  /* count of them: bytes of each entry */
	const uint8_t *bytes; /* the entries, one behind the other */
};

enum outcome {
	OUTCOME_DONE,
	OUTCOME_NO_SPACE, /* nothing was written; try the same again */
};                        /* any other error of the disk is fatal() in host */

/* A key to be destroyed, and whose it was. */
struct slot_erasure {
	uint8_t subject[16]; /* id */
	uint32_t slot;
	bool in_ledger; /* for good: no restored backup may bring it back */
};

enum slot_state {
	SLOT_NONE, /* not made yet */
	SLOT_PRESENT,
	SLOT_DESTROYED,
};

struct world {
	void *context;

	int64_t (*now_us)(void *context);       /* wall clock, UTC; may jump */
	int64_t (*monotonic_us)(void *context); /* for deadlines and rates */
	void (*random)(void *context, void *bytes, size_t size);

	/* Sends a frame back to whom route names (as node_receive got it). Never waits;
	 * a caller that is gone or does not read loses the frame and retries. */
	void (*reply)(void *context, struct slice route, struct slice frame);
	/* Sends a frame to the peer of that index in module->follows. Never waits; may be lost.
	 * False if the peer is known to be away. */
	bool (*send)(void *context, unsigned peer, struct slice frame);

	/* Makes the batch durable; ends in node_committed. The batch stays untouched until then. */
	void (*journal_commit)(void *context, const struct journal_batch *batch);
	/* A durable entry; valid until the next journal_read. False if there is none. */
	bool (*journal_read)(void *context, uint64_t seq, struct slice *entry);
	uint64_t (*journal_head)(void *context); /* last durable seq; 0 when empty */

	/* Writes a frozen memtable to the state in one durable step; ends in node_flushed.
	 * The memtable stays untouched until then. */
	void (*state_flush)(void *context, const struct memtable *frozen);
	struct store_base (*state_base)(void *context);
	/* After node_flushed the base shows the new rows. */

	/* The keys of subjects: 32 random bytes in each slot, numbered from 0, in a place of their own, so
	 * that one can be destroyed while journal, state and their backups stay as they are. */
	enum slot_state (*slot_key)(void *context, uint32_t slot, uint8_t key[32]);
	/* The slots below this are durable. The first block is there before the node opens. */
	uint32_t (*slots_ready)(void *context);
	uint32_t slots_block; /* how many are made at once */
	/* Begins making another block; ends in node_slots_made. At most one is under way. */
	void (*slots_more)(void *context);
	/* Begins destroying keys; ends in node_slots_erased. First the subjects that say so are made durable in
	 * the ledger, a list outside data and backups (see node_config), then the keys are overwritten; a crash leaves
	 * the first without the second, never the other way round. The list stays untouched until then; at most one is
	 * under way. */
	void (*slots_erase)(void *context, const struct slot_erasure *erasures, size_t count);

	uint64_t (*space_free)(void *context);  /* bytes left for journal and state */
	uint64_t (*memory_used)(void *context); /* private bytes of the process */

	/* Asks for node_tick no later than that monotonic time. */
	void (*wake_at)(void *context, int64_t monotonic_us);
	/* Has the work done, 0 to count - 1, by several threads at once if cores are free, and waits for it: pure
	 * computing, some milliseconds of it. NULL: there is one thread. */
	void (*share)(void *context, void (*work)(void *work_context, size_t index), void *work_context, size_t count);
	/* A step of the life of a call is reached; a test may end the process here. */
	void (*crash_point)(void *context, const char *name);
};

#endif
