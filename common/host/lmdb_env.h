/* common/host/lmdb_env.h
 *
 * How this house opens LMDB: one unnamed table, MDB_NOTLS, full sync always (never
 * MDB_NOSYNC, MDB_NOMETASYNC or MDB_WRITEMAP), and a map of 1 TiB from the start,
 * because resizing under a live reader crashed; address space costs nothing. */
#ifndef COMMON_HOST_LMDB_ENV_H
#define COMMON_HOST_LMDB_ENV_H

#include "common/core/world.h"
#include "common/host/error.h"

#include <lmdb.h>

#ifdef __SANITIZE_THREAD__
#define LMDB_MAP_BYTES (UINT64_C(8) << 30) /* its shadow memory leaves no room for a terabyte */
#else
#define LMDB_MAP_BYTES (UINT64_C(1) << 40)
#endif

struct lmdb_env {
	MDB_env *env;
	MDB_dbi table;
	char *folder;
};

/* For the one process that writes; makes the folder. Fatal if it cannot be. */
void lmdb_env_open(struct lmdb_env *lmdb, const char *folder);
/* For tools: reads what is there, beside a running writer or not. */
bool lmdb_env_open_reader(struct lmdb_env *lmdb, const char *folder, struct host_error *error);
void lmdb_env_close(struct lmdb_env *lmdb);
/* Its folder was renamed while it is open. */
void lmdb_env_moved(struct lmdb_env *lmdb, const char *folder);
/* Closed and opened again, with no transaction open: gives its page buffers back. */
void lmdb_env_reopen(struct lmdb_env *lmdb);

/* Before so many rows are written: see common/host/warm.h. */
void lmdb_env_warm(const struct lmdb_env *lmdb, size_t rows);

/* What an error code of a write means: space, or the end of the process. A failed
 * transaction must be aborted by the caller where LMDB has not done so. */
enum outcome lmdb_env_outcome(const struct lmdb_env *lmdb, int code, const char *doing);

/* A compacted copy of what is committed now, synced; the folder must not hold one yet.
 * While it runs no page of the original is reused. */
bool lmdb_env_copy(const struct lmdb_env *lmdb, const char *folder, struct host_error *error);

#endif
