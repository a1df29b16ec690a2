/* common/host/state_lmdb.h
 *
 * The state in an LMDB environment of its own: one unnamed table of rows. A frozen
 * memtable is written by a worker in one fully synced transaction; the loop thread
 * reads the rows of the last flush meanwhile.
 *
 * Promises: a flush shows as a whole or not at all. Without space nothing was
 * written and the same table may be tried again; any other error is fatal. */
#ifndef COMMON_HOST_STATE_LMDB_H
#define COMMON_HOST_STATE_LMDB_H

#include "common/core/world.h"
#include "common/host/error.h"

#include <uv.h>

struct state_lmdb;

/* on_flushed runs on the loop thread. loop may be NULL if only flush_now is used. */
struct state_lmdb *state_lmdb_open(const char *folder, uv_loop_t *loop,
				   void (*on_flushed)(void *context, enum outcome outcome), void *context);
/* For tools: shows what was committed at the first read, beside a running node too. NULL on error. */
struct state_lmdb *state_lmdb_open_reader(const char *folder, struct host_error *error);
/* Its folder was renamed while it is open. */
void state_lmdb_moved(struct state_lmdb *state, const char *folder);
/* Not while a flush is under way. */
void state_lmdb_close(struct state_lmdb *state);

/* Begins a flush; at most one at a time. The table stays untouched until it ends. */
void state_lmdb_flush(struct state_lmdb *state, const struct memtable *frozen);
/* The same, waiting. */
enum outcome state_lmdb_flush_now(struct state_lmdb *state, const struct memtable *frozen);
/* Called now and then: gives memory back after a time without flushes, which takes milliseconds. */
void state_lmdb_rest(struct state_lmdb *state);
bool state_lmdb_busy(const struct state_lmdb *state);

/* Reads of the rows; slices are valid until the end of a flush on the loop, after which the
 * environment may have been opened anew. */
struct store_base state_lmdb_base(struct state_lmdb *state);

/* All rows in order; stops when visit answers false. */
void state_lmdb_each(struct state_lmdb *state, bool (*visit)(void *context, struct slice key, struct slice value),
		     void *context);

/* A compacted, synced copy; a reader may make one while the node runs. */
bool state_lmdb_copy(const struct state_lmdb *state, const char *folder, struct host_error *error);

#endif
