/* tests/bench/alone.h
 *
 * One node alone in a world where a commit takes no time, nothing is on the network and
 * all state stays in memtables: what is left is what the loop thread itself does. Its
 * journal is kept, so that another node may replay or follow it. */
#ifndef TESTS_BENCH_ALONE_H
#define TESTS_BENCH_ALONE_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/core/node.h"

enum { ALONE_GATEWAY_ID = 1, ALONE_OPERATOR_ID, ALONE_NODE_ID };

/* Seals frames for every node here; indexed by id - 1. */
extern const struct seal_key alone_keys[3];

struct alone {
	struct node *node;
	const struct module *module;
	unsigned peer; /* whom it follows; set before it is opened */
	double kept_s; /* what keeping its journal took so far, which a disk does elsewhere */
	struct world world;
	int64_t time_us;
	uint64_t drawn;
	struct slice *entries; /* the journal, from seq 1 */
	uint64_t head;
	uint64_t entries_room;
	uint64_t journal_bytes;
	uint64_t pause_at; /* reading this entry takes long, so that node_run ends soon after; 0: none does */
	bool commit_due;
	uint64_t replies;
	void (*on_reply)(void *context, struct slice part); /* NULL: not looked at */
	void *reply_context;
	struct buf sent;  /* the last frame to a peer; empty: none since it was taken */
	struct buf reply; /* the last frame of replies */
};

/* As many bytes as random says are drawn; the node begins with an empty state. */
void alone_open(struct alone *alone, const struct module *module, uint64_t random);
/* A node on the journal of another that was closed; it does not run yet. */
void alone_open_on(struct alone *alone, const struct module *module, struct alone *former);
/* Time of the process without what keeping the node's journal took: differences of it are the node's own. */
double alone_cpu_s(const struct alone *alone);
/* Runs until there is nothing to do and all is durable. */
void alone_settle(struct alone *alone);
void alone_close(struct alone *alone); /* the node; the journal stays */

#endif
