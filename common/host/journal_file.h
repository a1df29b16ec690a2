/* common/host/journal_file.h
 *
 * The journal as a file that only grows: entries one behind the other, appended by a
 * worker, one sync a batch. The loop thread reads what is durable meanwhile, from a map.
 *
 *   entries   16 bytes that name the format, then entries as in journal_entry.h, then zeros
 *   index     where every 64th entry begins (8 bytes each): a hint, checked when used, and
 *             made anew where it is wrong
 *
 * Promises: what was committed is durable; a crash leaves whole entries, dense from 1, with
 * perhaps some of a batch that was not committed yet behind them. Without space nothing
 * counts as written and the same batch may be tried again; any other error of the disk is
 * fatal. What was durable and is damaged is never taken for what a crash left: a changed entry
 * is handed out as it is, for the chain of hashes to tell, and behind a lost one nothing opens. */
#ifndef COMMON_HOST_JOURNAL_FILE_H
#define COMMON_HOST_JOURNAL_FILE_H

#include "common/core/world.h"
#include "common/host/error.h"

#include <uv.h>

struct journal_file;

/* For the one process that writes; makes the folder. A journal of the versions before, an LMDB environment, is
 * taken over first. on_committed runs on the loop thread. loop may be NULL if only commit_now is used. */
struct journal_file *journal_file_open(const char *folder, uv_loop_t *loop,
				       void (*on_committed)(void *context, enum outcome outcome), void *context);
/* For tools: shows the whole entries that were there when it was opened, beside a running node too; the last ones
 * may be on their way to the disk. NULL on error. */
struct journal_file *journal_file_open_reader(const char *folder, struct host_error *error);
/* Not while a commit is under way. */
void journal_file_close(struct journal_file *journal);
bool journal_file_exists(const char *folder);

/* Begins a commit; at most one at a time. The batch stays untouched until it ends. */
void journal_file_commit(struct journal_file *journal, const struct journal_batch *batch);
/* The same, waiting. */
enum outcome journal_file_commit_now(struct journal_file *journal, const struct journal_batch *batch);
bool journal_file_busy(const struct journal_file *journal);

/* An entry; valid as long as the journal is open. */
bool journal_file_read(struct journal_file *journal, uint64_t seq, struct slice *entry);
uint64_t journal_file_head(const struct journal_file *journal); /* 0 when empty */

/* A synced copy in a folder that holds none yet; a reader may make one while the node runs. To copy a
 * whole node: its state first, then its journal, so that the state is never ahead. */
bool journal_file_copy(const struct journal_file *journal, const char *folder, struct host_error *error);

#endif
