/* common/host/lmdb_env.c
 *
 * LMDB reports a write cut short by a full disk as EIO. That case is told apart by
 * asking the file system: if there is no space left it is a matter of space, and a
 * retry writes every page again; any other EIO has an unknown outcome and ends the
 * process. If the very meta page was hit, LMDB refuses the retry with MDB_PANIC,
 * which is fatal too. */
#include "common/host/lmdb_env.h"

#include "common/base/fatal.h"
#include "common/host/files.h"
#include "common/host/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SPACE_GONE_BYTES = 4 << 20 }; /* file systems keep some of the last blocks for themselves */

/* A service reads rows here and there: around each the kernel would read as much as the disk's read-ahead is, megabytes
 * on some, while its loop waits. Tools read all of it and leave that on. */
enum { SERVICE_FLAGS = MDB_NORDAHEAD };

static char *
folder_copy(const char *folder)
{
	char *copy = strdup(folder);
	if (copy == NULL)
		fatal("no memory left for the path of a folder");
	return copy;
}

static void
folders_sync(const char *folder)
{
	struct host_error error;
	char above[PATH_BYTES_MAX];
	if (!folder_sync(folder, &error))
		fatal("%s", error.text);
	if (!path_format(above, "%s/..", folder) || !folder_sync(above, &error))
		fatal("%s", error.text);
}

/* The unnamed table is always there; a transaction is only needed to name its handle. */
static int
table_open(struct lmdb_env *lmdb, unsigned flags)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(lmdb->env, NULL, flags, &txn);
	if (code != 0)
		return code;
	code = mdb_dbi_open(txn, NULL, 0, &lmdb->table);
	if (code == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return code;
}

static int
env_open(struct lmdb_env *lmdb, const char *folder, unsigned flags)
{
	int code = mdb_env_create(&lmdb->env);
	if (code != 0)
		return code;
	code = mdb_env_set_mapsize(lmdb->env, LMDB_MAP_BYTES);
	if (code == 0)
		code = mdb_env_open(lmdb->env, folder, MDB_NOTLS | flags, 0600);
	if (code == 0)
		code = table_open(lmdb, flags);
	if (code != 0)
		mdb_env_close(lmdb->env);
	return code;
}

void
lmdb_env_open(struct lmdb_env *lmdb, const char *folder)
{
	struct host_error error;
	char file[PATH_BYTES_MAX];
	if (!path_format(file, "%s/data.mdb", folder))
		fatal("path %s is too long", folder);
	if (!folder_make(folder, &error))
		fatal("%s", error.text);
	bool fresh = !path_exists(file);
	int code = env_open(lmdb, folder, SERVICE_FLAGS);
	if (code != 0)
		fatal("%s cannot be opened: %s", folder, mdb_strerror(code));
	if (fresh)
		folders_sync(folder);
	int gone;
	mdb_reader_check(lmdb->env, &gone); /* a tool that was killed would keep pages from being used again */
	lmdb->folder = folder_copy(folder);
}

bool
lmdb_env_open_reader(struct lmdb_env *lmdb, const char *folder, struct host_error *error)
{
	int code = env_open(lmdb, folder, MDB_RDONLY);
	if (code != 0)
		return host_error_set(error, "%s cannot be opened: %s", folder, mdb_strerror(code));
	lmdb->folder = folder_copy(folder);
	return true;
}

void
lmdb_env_moved(struct lmdb_env *lmdb, const char *folder)
{
	free(lmdb->folder);
	lmdb->folder = folder_copy(folder);
}

void
lmdb_env_reopen(struct lmdb_env *lmdb)
{
	mdb_env_close(lmdb->env);
	int code = env_open(lmdb, lmdb->folder, SERVICE_FLAGS);
	if (code != 0)
		fatal("%s cannot be opened again: %s", lmdb->folder, mdb_strerror(code));
}

void
lmdb_env_close(struct lmdb_env *lmdb)
{
	mdb_env_close(lmdb->env);
	free(lmdb->folder);
}

void
lmdb_env_warm(const struct lmdb_env *lmdb, size_t rows)
{
	mdb_filehandle_t fd;
	if (mdb_env_get_fd(lmdb->env, &fd) == 0)
		file_warm(fd, rows);
}

static bool
space_gone(MDB_env *env)
{
	mdb_filehandle_t fd; /* the folder may have been renamed since */
	struct statvfs space;
	if (mdb_env_get_fd(env, &fd) != 0 || fstatvfs(fd, &space) != 0)
		return false;
	return (uint64_t)space.f_bavail * space.f_frsize < SPACE_GONE_BYTES;
}

enum outcome
lmdb_env_outcome(const struct lmdb_env *lmdb, int code, const char *doing)
{
	if (code == 0)
		return OUTCOME_DONE;
	if (code == ENOSPC || code == EDQUOT || code == MDB_MAP_FULL)
		return OUTCOME_NO_SPACE;
	if (code == EIO && space_gone(lmdb->env))
		return OUTCOME_NO_SPACE;
	fatal("%s failed while %s: %s", lmdb->folder, doing, mdb_strerror(code));
}

bool
lmdb_env_copy(const struct lmdb_env *lmdb, const char *folder, struct host_error *error)
{
	char file[PATH_BYTES_MAX];
	if (!path_format(file, "%s/data.mdb", folder))
		return host_error_set(error, "path of the copy is too long");
	if (!folder_make(folder, error))
		return false;
	int code = mdb_env_copy2(lmdb->env, folder, MDB_CP_COMPACT);
	if (code != 0)
		return host_error_set(error, "%s cannot be copied to %s: %s", lmdb->folder, folder, mdb_strerror(code));
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;
	if (!synced)
		host_error_set(error, "%s cannot be synced: %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	return synced && folder_sync(folder, error);
}
