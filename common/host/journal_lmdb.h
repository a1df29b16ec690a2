/* common/host/journal_lmdb.h
 *
 * The journal in an LMDB environment of its own: entries under their sequence as
 * 8 big-endian bytes, appended in order, committed by a worker with full sync. The
 * loop thread reads what is durable meanwhile.
 *
 * Promises: a batch is durable as a whole or not at all; head is durable; entries
 * are dense from 1. Without space nothing was written and the same batch may be
 * tried again; any other error of the disk is fatal. */
#ifndef COMMON_HOST_JOURNAL_LMDB_H
#define COMMON_HOST_JOURNAL_LMDB_H

#include "common/core/world.h"
#include "common/host/error.h"

#include <uv.h>

struct journal_lmdb;

/* on_committed runs on the loop thread. loop may be NULL if only commit_now is used. */
struct journal_lmdb *journal_lmdb_open(const char *folder, uv_loop_t *loop,
				       void (*on_committed)(void *context, enum outcome outcome), void *context);
/* For tools: shows what was durable when it was opened, beside a running node too. NULL on error. */
struct journal_lmdb *journal_lmdb_open_reader(const char *folder, struct host_error *error);
/* Not while a commit is under way. */
void journal_lmdb_close(struct journal_lmdb *journal);

/* Begins a commit; at most one at a time. The batch stays untouched until it ends. */
void journal_lmdb_commit(struct journal_lmdb *journal, const struct journal_batch *batch);
/* The same, waiting. */
enum outcome journal_lmdb_commit_now(struct journal_lmdb *journal, const struct journal_batch *batch);
bool journal_lmdb_busy(const struct journal_lmdb *journal);

/* A durable entry; valid until the next read or the end of a commit on the loop. */
bool journal_lmdb_read(struct journal_lmdb *journal, uint64_t seq, struct slice *entry);
uint64_t journal_lmdb_head(const struct journal_lmdb *journal); /* 0 when empty */

/* A compacted, synced copy; a reader may make one while the node runs. To copy a
 * whole node: its state first, then its journal, so that the state is never ahead. */
bool journal_lmdb_copy(const struct journal_lmdb *journal, const char *folder, struct host_error *error);

#endif
