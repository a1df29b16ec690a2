/* common/host/journal_lmdb.c
 *
 * The file is filled with zeros a little ahead of the commits: a commit that does
 * not make the file longer syncs a quarter faster, up to twice as fast if it is small,
 * and a full disk shows while filling, before LMDB has begun to write. For a large
 * batch, which takes its time anyway, space is only set aside: filled, all of it
 * would be written twice.
 *
 * The loop thread keeps one read transaction. It is reset when a commit ends and
 * renewed by the next read, so that an idle reader never keeps old pages from
 * being used again. */
#include "common/host/journal_lmdb.h"

#include "common/base/codec.h"
#include "common/base/fatal.h"
#include "common/host/lmdb_env.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILL_AHEAD_BYTES = 4 << 20, /* some thousand entries; an empty journal stays small */
	FILL_WRITE_BYTES = 64 << 10,
	FILL_BATCH_BYTES_MAX = 256 << 10,
	SPINE_BYTES = 64 << 10, /* pages of the tree above the leaves that a commit writes anew */
	ENTRY_OVERHEAD_BYTES = 32,
	SMALL_ENTRY_BYTES_MAX = 2000, /* larger ones go to pages of their own */
	PAGE_BYTES = 4096,
};

struct journal_lmdb {
	struct lmdb_env lmdb;
	MDB_txn *reading;
	bool reading_live;
	uint64_t head;
	uv_loop_t *loop;
	uv_work_t work;
	bool busy;
	const struct journal_batch *batch;
	enum outcome outcome;
	void (*on_committed)(void *context, enum outcome outcome);
	void *context;
};

static struct journal_lmdb *
journal_new(void)
{
	struct journal_lmdb *journal = calloc(1, sizeof(*journal));
	if (journal == NULL)
		fatal("no memory left for a journal");
	return journal;
}

static MDB_txn *
journal_reading(struct journal_lmdb *journal)
{
	int code = 0;
	if (journal->reading == NULL)
		code = mdb_txn_begin(journal->lmdb.env, NULL, MDB_RDONLY, &journal->reading);
	else if (!journal->reading_live)
		code = mdb_txn_renew(journal->reading);
	if (code != 0)
		fatal("journal %s cannot be read: %s", journal->lmdb.folder, mdb_strerror(code));
	journal->reading_live = true;
	return journal->reading;
}

static void
journal_stop_reading(struct journal_lmdb *journal)
{
	if (!journal->reading_live)
		return;
	mdb_txn_reset(journal->reading);
	journal->reading_live = false;
}

static void
journal_find_head(struct journal_lmdb *journal)
{
	MDB_cursor *cursor;
	int code = mdb_cursor_open(journal_reading(journal), journal->lmdb.table, &cursor);
	if (code != 0)
		fatal("journal %s cannot be read: %s", journal->lmdb.folder, mdb_strerror(code));
	MDB_val key;
	MDB_val value;
	code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	if (code == 0 && key.mv_size == sizeof(uint64_t))
		journal->head = get_u64(key.mv_data);
	else if (code != MDB_NOTFOUND)
		fatal("journal %s is corrupt: its last key", journal->lmdb.folder);
	mdb_cursor_close(cursor);
}

struct journal_lmdb *
journal_lmdb_open(const char *folder, uv_loop_t *loop, void (*on_committed)(void *context, enum outcome outcome),
		  void *context)
{
	struct journal_lmdb *journal = journal_new();
	lmdb_env_open(&journal->lmdb, folder);
	journal->loop = loop;
	journal->on_committed = on_committed;
	journal->context = context;
	journal_find_head(journal);
	return journal;
}

struct journal_lmdb *
journal_lmdb_open_reader(const char *folder, struct host_error *error)
{
	struct journal_lmdb *journal = journal_new();
	if (!lmdb_env_open_reader(&journal->lmdb, folder, error)) {
		free(journal);
		return NULL;
	}
	journal_find_head(journal);
	return journal;
}

void
journal_lmdb_close(struct journal_lmdb *journal)
{
	if (journal == NULL)
		return;
	assert(!journal->busy);
	if (journal->reading != NULL)
		mdb_txn_abort(journal->reading);
	lmdb_env_close(&journal->lmdb);
	free(journal);
}

/* An estimate: too low only means that LMDB makes the file longer itself. */
static uint64_t
batch_bytes_on_disk(const struct journal_batch *batch)
{
	uint64_t bytes = SPINE_BYTES;
	for (uint32_t i = 0; i < batch->count; i++) {
		uint64_t size = batch->sizes[i] + ENTRY_OVERHEAD_BYTES;
		bytes += size <= SMALL_ENTRY_BYTES_MAX ? 2 * size : size + 2 * PAGE_BYTES;
	}
	return bytes;
}

/* Writes zeros from one end to the other; the end reached, errno telling why it is not the wished one. */
static uint64_t
file_fill(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[FILL_WRITE_BYTES];
	errno = 0;
	while (from < to) {
		uint64_t size = to - from < sizeof(zeros) ? to - from : sizeof(zeros);
		ssize_t wrote = pwrite(fd, zeros, size, (off_t)from);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return from;
		from += (uint64_t)wrote;
	}
	return from;
}

/* Runs on the worker. Error code of the system, or 0. */
static int
journal_fill(const struct journal_lmdb *journal, const struct journal_batch *batch)
{
	mdb_filehandle_t fd;
	MDB_envinfo info;
	MDB_stat stat;
	struct stat file;
	mdb_env_get_fd(journal->lmdb.env, &fd);
	mdb_env_info(journal->lmdb.env, &info);
	mdb_env_stat(journal->lmdb.env, &stat);
	if (fstat(fd, &file) != 0)
		return errno;
	uint64_t size = (uint64_t)file.st_size;
	uint64_t batch_bytes = batch_bytes_on_disk(batch);
	uint64_t wanted = (info.me_last_pgno + 1) * stat.ms_psize + batch_bytes;
	if (wanted <= size)
		return 0;
	/* What the file system cannot set aside is filled after all, and fails there if the disk is full. */
	if (batch_bytes > FILL_BATCH_BYTES_MAX && fallocate(fd, 0, (off_t)size, (off_t)(wanted - size)) == 0)
		return 0;
	uint64_t filled = file_fill(fd, size, wanted + FILL_AHEAD_BYTES);
	if (filled >= wanted)
		return 0;
	int code = errno == 0 ? ENOSPC : errno;
	/* Nothing of LMDB's lies behind the old end. */
	if (ftruncate(fd, (off_t)size) != 0)
		return errno;
	return code;
}

static int
journal_append(const struct journal_lmdb *journal, MDB_txn *txn, const struct journal_batch *batch)
{
	const uint8_t *bytes = batch->bytes;
	for (uint32_t i = 0; i < batch->count; i++) {
		uint8_t seq[sizeof(uint64_t)];
		put_u64(seq, batch->first_seq + i);
		MDB_val key = {.mv_data = seq, .mv_size = sizeof(seq)};
		MDB_val value = {.mv_data = (void *)bytes, .mv_size = batch->sizes[i]};
		int code = mdb_put(txn, journal->lmdb.table, &key, &value, MDB_APPEND);
		if (code != 0)
			return code;
		bytes += batch->sizes[i];
	}
	return 0;
}

static enum outcome
journal_write(const struct journal_lmdb *journal, const struct journal_batch *batch)
{
	enum outcome filled = lmdb_env_outcome(&journal->lmdb, journal_fill(journal, batch), "filling the journal");
	if (filled != OUTCOME_DONE)
		return filled;
	MDB_txn *txn;
	int code = mdb_txn_begin(journal->lmdb.env, NULL, 0, &txn);
	if (code != 0)
		return lmdb_env_outcome(&journal->lmdb, code, "beginning a commit");
	code = journal_append(journal, txn, batch);
	if (code != 0)
		mdb_txn_abort(txn);
	else
		code = mdb_txn_commit(txn); /* aborts by itself when it fails */
	return lmdb_env_outcome(&journal->lmdb, code, "committing");
}

static void
journal_begin(struct journal_lmdb *journal, const struct journal_batch *batch)
{
	assert(!journal->busy);
	assert(batch->count > 0);
	assert(batch->first_seq == journal->head + 1);
	journal->busy = true;
	journal->batch = batch;
}

static void
journal_end(struct journal_lmdb *journal)
{
	if (journal->outcome == OUTCOME_DONE)
		journal->head += journal->batch->count;
	journal_stop_reading(journal);
	journal->busy = false;
	journal->batch = NULL;
}

static void
on_work(uv_work_t *work)
{
	struct journal_lmdb *journal = work->data;
	journal->outcome = journal_write(journal, journal->batch);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct journal_lmdb *journal = work->data;
	assert(status == 0); /* never cancelled */
	journal_end(journal);
	journal->on_committed(journal->context, journal->outcome);
}

void
journal_lmdb_commit(struct journal_lmdb *journal, const struct journal_batch *batch)
{
	journal_begin(journal, batch);
	journal->work.data = journal;
	int code = uv_queue_work(journal->loop, &journal->work, on_work, on_worked);
	assert(code == 0);
}

enum outcome
journal_lmdb_commit_now(struct journal_lmdb *journal, const struct journal_batch *batch)
{
	journal_begin(journal, batch);
	journal->outcome = journal_write(journal, batch);
	journal_end(journal);
	return journal->outcome;
}

bool
journal_lmdb_busy(const struct journal_lmdb *journal)
{
	return journal->busy;
}

bool
journal_lmdb_read(struct journal_lmdb *journal, uint64_t seq, struct slice *entry)
{
	if (seq == 0 || seq > journal->head)
		return false;
	uint8_t name[sizeof(uint64_t)];
	put_u64(name, seq);
	MDB_val key = {.mv_data = name, .mv_size = sizeof(name)};
	MDB_val value;
	int code = mdb_get(journal_reading(journal), journal->lmdb.table, &key, &value);
	if (code != 0)
		fatal("journal %s: entry %llu cannot be read: %s", journal->lmdb.folder, (unsigned long long)seq,
		      mdb_strerror(code));
	*entry = slice_of(value.mv_data, value.mv_size);
	return true;
}

uint64_t
journal_lmdb_head(const struct journal_lmdb *journal)
{
	return journal->head;
}

bool
journal_lmdb_copy(const struct journal_lmdb *journal, const char *folder, struct host_error *error)
{
	return lmdb_env_copy(&journal->lmdb, folder, error);
}
