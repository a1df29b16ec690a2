/* common/host/journal_convert.c
 *
 * The new journal is made beside, whole and synced; its renaming is the step that counts. */
#include "common/host/journal_convert.h"

#include "common/base/buf.h"
#include "common/base/codec.h"
#include "common/host/files.h"
#include "common/host/journal_file.h"
#include "common/host/lmdb_env.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BATCH_ENTRIES = 4096, BATCH_BYTES = 4 << 20, BATCH_BYTES_MAX = 64 << 20 };

static bool
journal_flush(struct journal_file *journal, struct journal_batch *batch, struct buf *bytes)
{
	if (batch->count == 0)
		return true;
	batch->first_seq = journal_file_head(journal) + 1;
	batch->bytes = bytes->data;
	bool good = !buf_failed(bytes) && journal_file_commit_now(journal, batch) == OUTCOME_DONE;
	batch->count = 0;
	buf_reset(bytes);
	return good;
}

static bool
entries_take(MDB_cursor *cursor, struct journal_file *journal, struct host_error *error)
{
	size_t sizes[BATCH_ENTRIES];
	struct journal_batch batch = {.sizes = sizes};
	struct buf bytes;
	MDB_val key;
	MDB_val value;
	bool good = true;
	buf_init(&bytes, BATCH_BYTES_MAX);
	int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	for (uint64_t seq = 1; good && code == 0; seq++) {
		good = key.mv_size == sizeof(uint64_t) && get_u64(key.mv_data) == seq;
		sizes[batch.count++] = value.mv_size;
		buf_append(&bytes, slice_of(value.mv_data, value.mv_size));
		if (good && (batch.count == BATCH_ENTRIES || bytes.size >= BATCH_BYTES))
			good = journal_flush(journal, &batch, &bytes);
		code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	good = good && code == MDB_NOTFOUND && journal_flush(journal, &batch, &bytes);
	buf_free(&bytes);
	return good || host_error_set(error, "the journal of the version before cannot be taken over: a full disk, or "
					     "entries are missing");
}

static bool
entries_copy(const struct lmdb_env *lmdb, const char *fresh, struct host_error *error)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	int code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn);
	if (code != 0)
		return host_error_set(error, "%s cannot be read: %s", lmdb->folder, mdb_strerror(code));
	code = mdb_cursor_open(txn, lmdb->table, &cursor);
	if (code != 0) {
		mdb_txn_abort(txn);
		return host_error_set(error, "%s cannot be read: %s", lmdb->folder, mdb_strerror(code));
	}
	struct journal_file *journal = journal_file_open(fresh, NULL, NULL, NULL);
	bool good = entries_take(cursor, journal, error);
	journal_file_close(journal);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return good;
}

/* Its last name decides: until then the next start begins anew. */
static bool
entries_move(const char *fresh, const char *folder, struct host_error *error)
{
	static const char *const names[] = {"index", "entries"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char from[PATH_BYTES_MAX];
		char to[PATH_BYTES_MAX];
		if (!path_format(from, "%s/%s", fresh, names[i]) || !path_format(to, "%s/%s", folder, names[i]))
			return host_error_set(error, "path of journal %s is too long", folder);
		if (rename(from, to) != 0)
			return host_error_set(error, "%s cannot be renamed: %s", from, strerror(errno));
	}
	return folder_sync(folder, error);
}

static void
former_remove(const char *folder)
{
	static const char *const names[] = {"data.mdb", "lock.mdb"};
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (path_format(path, "%s/%s", folder, names[i]))
			unlink(path); /* left behind it only takes room */
	}
}

bool
journal_convert_wanted(const char *folder)
{
	char path[PATH_BYTES_MAX];
	return path_format(path, "%s/data.mdb", folder) && path_exists(path);
}

bool
journal_convert(const char *folder, struct host_error *error)
{
	struct lmdb_env lmdb;
	char fresh[PATH_BYTES_MAX];
	if (!path_format(fresh, "%s.converting", folder))
		return host_error_set(error, "path of journal %s is too long", folder);
	if (!folder_remove(fresh, error) || !lmdb_env_open_reader(&lmdb, folder, error))
		return false;
	bool good = entries_copy(&lmdb, fresh, error);
	lmdb_env_close(&lmdb);
	if (!good || !entries_move(fresh, folder, error))
		return false;
	former_remove(folder);
	return folder_remove(fresh, error);
}
