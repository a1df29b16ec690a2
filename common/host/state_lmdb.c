/* common/host/state_lmdb.c
 *
 * The loop thread keeps one read transaction and one cursor on it, renewed after
 * each flush. A walk asks for the row behind the one it was just given; the cursor
 * stands there already, so that step costs no search.
 *
 * The worker puts rows in key order through one cursor, which LMDB answers without
 * a search as long as keys fall on the page it stands on. */
#include "common/host/state_lmdb.h"

#include "common/base/fatal.h"
#include "common/host/lmdb_env.h"
#include "common/host/probe.h"
#include "common/host/remembered.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROW_KEY_BYTES_MAX = 511,    /* what LMDB takes */
	REST_US = 15 * 1000 * 1000, /* without a flush: then page buffers are given back */
	REST_ROWS = 2048,           /* of one flush: fewer need no more than some MiB of them */
};

struct state_lmdb {
	struct lmdb_env lmdb;
	MDB_txn *reading;
	MDB_cursor *cursor;
	bool reading_live;
	struct remembered *remembered; /* of this reading */
	size_t at_size;                /* 0: the cursor stands nowhere */
	uint8_t at[ROW_KEY_BYTES_MAX];
	uv_loop_t *loop;
	uv_work_t work;
	bool busy;
	bool grown;         /* LMDB holds page buffers of a large flush */
	int64_t flushed_us; /* monotonic: when the last one ended */
	const struct memtable *frozen;
	enum outcome outcome;
	void (*on_flushed)(void *context, enum outcome outcome);
	void *context;
};

static struct state_lmdb *
state_new(void)
{
	struct state_lmdb *state = calloc(1, sizeof(*state));
	if (state == NULL)
		fatal("no memory left for a state");
	state->remembered = remembered_new();
	return state;
}

struct state_lmdb *
state_lmdb_open(const char *folder, uv_loop_t *loop, void (*on_flushed)(void *context, enum outcome outcome),
		void *context)
{
	struct state_lmdb *state = state_new();
	lmdb_env_open(&state->lmdb, folder);
	state->loop = loop;
	state->on_flushed = on_flushed;
	state->context = context;
	return state;
}

struct state_lmdb *
state_lmdb_open_reader(const char *folder, struct host_error *error)
{
	struct state_lmdb *state = state_new();
	if (!lmdb_env_open_reader(&state->lmdb, folder, error)) {
		remembered_free(state->remembered);
		free(state);
		return NULL;
	}
	return state;
}

static void
state_forget_reading(struct state_lmdb *state)
{
	if (state->reading == NULL)
		return;
	remembered_forget(state->remembered);
	mdb_cursor_close(state->cursor);
	mdb_txn_abort(state->reading);
	state->reading = NULL;
	state->reading_live = false;
	state->at_size = 0;
}

void
state_lmdb_close(struct state_lmdb *state)
{
	if (state == NULL)
		return;
	assert(!state->busy);
	state_forget_reading(state);
	lmdb_env_close(&state->lmdb);
	remembered_free(state->remembered);
	free(state);
}

void
state_lmdb_moved(struct state_lmdb *state, const char *folder)
{
	lmdb_env_moved(&state->lmdb, folder);
}

static void
state_begin_reading(struct state_lmdb *state)
{
	if (state->reading_live)
		return;
	int code;
	if (state->reading == NULL) {
		code = mdb_txn_begin(state->lmdb.env, NULL, MDB_RDONLY, &state->reading);
		if (code == 0)
			code = mdb_cursor_open(state->reading, state->lmdb.table, &state->cursor);
	} else {
		code = mdb_txn_renew(state->reading);
		if (code == 0)
			code = mdb_cursor_renew(state->reading, state->cursor);
	}
	if (code != 0)
		fatal("state %s cannot be read: %s", state->lmdb.folder, mdb_strerror(code));
	state->at_size = 0;
	state->reading_live = true;
}

static void
state_stop_reading(struct state_lmdb *state)
{
	if (!state->reading_live)
		return;
	remembered_forget(state->remembered);
	mdb_txn_reset(state->reading);
	state->at_size = 0;
	state->reading_live = false;
}

/* True if there is a row; anything but a row or none is the end. */
static bool
state_found(const struct state_lmdb *state, int code)
{
	if (code == 0)
		return true;
	if (code != MDB_NOTFOUND)
		fatal("state %s cannot be read: %s", state->lmdb.folder, mdb_strerror(code));
	return false;
}

static bool
state_get(void *context, struct slice key, struct slice *value)
{
	struct state_lmdb *state = context;
	if (remembered_find(state->remembered, key, value))
		return value->data != NULL;
	state_begin_reading(state);
	MDB_val name = {.mv_data = (void *)key.data, .mv_size = key.size};
	MDB_val found = {.mv_data = NULL};
	bool there = state_found(state, mdb_get(state->reading, state->lmdb.table, &name, &found));
	*value = slice_of(found.mv_data, found.mv_size);
	remembered_note(state->remembered, key, *value);
	return there;
}

static bool
state_stands_at(const struct state_lmdb *state, struct slice key)
{
	return state->at_size > 0 && slice_equal(slice_of(state->at, state->at_size), key);
}

static int
state_seek(const struct state_lmdb *state, struct slice from, bool inclusive, MDB_val *key, MDB_val *value)
{
	if (!inclusive && state_stands_at(state, from))
		return mdb_cursor_get(state->cursor, key, value, MDB_NEXT);
	if (from.size == 0)
		return mdb_cursor_get(state->cursor, key, value, MDB_FIRST);
	*key = (MDB_val){.mv_data = (void *)from.data, .mv_size = from.size};
	int code = mdb_cursor_get(state->cursor, key, value, MDB_SET_RANGE);
	if (code == 0 && !inclusive && slice_equal(slice_of(key->mv_data, key->mv_size), from))
		code = mdb_cursor_get(state->cursor, key, value, MDB_NEXT);
	return code;
}

static bool
state_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	struct state_lmdb *state = context;
	MDB_val name;
	MDB_val found;
	state_begin_reading(state);
	int code = state_seek(state, from, inclusive, &name, &found);
	state->at_size = 0;
	if (!state_found(state, code))
		return false;
	assert(name.mv_size <= sizeof(state->at));
	memcpy(state->at, name.mv_data, name.mv_size);
	state->at_size = name.mv_size;
	*key = slice_of(name.mv_data, name.mv_size);
	*value = slice_of(found.mv_data, found.mv_size);
	return true;
}

struct store_base
state_lmdb_base(struct state_lmdb *state)
{
	return (struct store_base){.context = state, .get = state_get, .next = state_next};
}

void
state_lmdb_each(struct state_lmdb *state, bool (*visit)(void *context, struct slice key, struct slice value),
		void *context)
{
	MDB_val key;
	MDB_val value;
	state_begin_reading(state);
	state->at_size = 0;
	int code = mdb_cursor_get(state->cursor, &key, &value, MDB_FIRST);
	while (state_found(state, code)) {
		if (!visit(context, slice_of(key.mv_data, key.mv_size), slice_of(value.mv_data, value.mv_size)))
			return;
		code = mdb_cursor_get(state->cursor, &key, &value, MDB_NEXT);
	}
}

struct flushing {
	MDB_cursor *cursor;
	int code;
};

static int
row_delete(MDB_cursor *cursor, MDB_val *key)
{
	MDB_val old;
	int code = mdb_cursor_get(cursor, key, &old, MDB_SET);
	if (code == 0)
		return mdb_cursor_del(cursor, 0);
	return code == MDB_NOTFOUND ? 0 : code;
}

static bool
row_write(void *context, struct slice key, struct slice value)
{
	struct flushing *flushing = context;
	MDB_val name = {.mv_data = (void *)key.data, .mv_size = key.size};
	MDB_val row = {.mv_data = (void *)value.data, .mv_size = value.size};
	if (value.data == NULL)
		flushing->code = row_delete(flushing->cursor, &name);
	else
		flushing->code = mdb_cursor_put(flushing->cursor, &name, &row, 0);
	return flushing->code == 0;
}

/* Runs on the worker. */
static enum outcome
state_write(const struct state_lmdb *state, const struct memtable *frozen)
{
	MDB_txn *txn;
	lmdb_env_warm(&state->lmdb, memtable_entries(frozen));
	int code = mdb_txn_begin(state->lmdb.env, NULL, 0, &txn);
	if (code != 0)
		return lmdb_env_outcome(&state->lmdb, code, "beginning a flush");
	struct flushing flushing = {.code = 0};
	code = mdb_cursor_open(txn, state->lmdb.table, &flushing.cursor);
	if (code == 0) {
		memtable_each(frozen, row_write, &flushing);
		code = flushing.code;
		mdb_cursor_close(flushing.cursor);
	}
	if (code != 0)
		mdb_txn_abort(txn);
	else
		code = mdb_txn_commit(txn); /* aborts by itself when it fails */
	return lmdb_env_outcome(&state->lmdb, code, "flushing");
}

static void
state_begin(struct state_lmdb *state, const struct memtable *frozen)
{
	assert(!state->busy);
	state->busy = true;
	state->frozen = frozen;
}

static void
state_end(struct state_lmdb *state)
{
	state_stop_reading(state);
	state->busy = false;
	state->frozen = NULL;
}

static void
on_work(uv_work_t *work)
{
	struct state_lmdb *state = work->data;
	state->outcome = state_write(state, state->frozen);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct state_lmdb *state = work->data;
	assert(status == 0); /* never cancelled */
	state->grown = state->grown || memtable_entries(state->frozen) >= REST_ROWS;
	state->flushed_us = probe_monotonic_us();
	state_end(state);
	state->on_flushed(state->context, state->outcome);
}

/* LMDB keeps the page buffers of its largest transaction for as long as it is open, up to 512 MiB.
 * The next flush uses them again, so they go only once there was none for a while: whoever reads then waits for
 * the pages of a large state to be mapped anew. */
void
state_lmdb_rest(struct state_lmdb *state)
{
	if (!state->grown || state->busy || probe_monotonic_us() - state->flushed_us < REST_US)
		return;
	state->grown = false;
	state_forget_reading(state);
	lmdb_env_reopen(&state->lmdb);
	malloc_trim(0);
}

void
state_lmdb_flush(struct state_lmdb *state, const struct memtable *frozen)
{
	state_begin(state, frozen);
	state->work.data = state;
	int code = uv_queue_work(state->loop, &state->work, on_work, on_worked);
	assert(code == 0);
}

enum outcome
state_lmdb_flush_now(struct state_lmdb *state, const struct memtable *frozen)
{
	state_begin(state, frozen);
	state->outcome = state_write(state, frozen);
	state_end(state);
	return state->outcome;
}

bool
state_lmdb_busy(const struct state_lmdb *state)
{
	return state->busy;
}

bool
state_lmdb_copy(const struct state_lmdb *state, const char *folder, struct host_error *error)
{
	return lmdb_env_copy(&state->lmdb, folder, error);
}
