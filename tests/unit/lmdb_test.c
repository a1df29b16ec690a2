/* tests/unit/lmdb_test.c
 *
 * The state on a real disk under a real loop: what was flushed is read back, also after
 * reopening and from a copy made meanwhile; what found no space left nothing behind and
 * goes through when tried again. */
#include "common/base/random.h"
#include "common/core/store.h"
#include "common/host/state_lmdb.h"
#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <unistd.h>

enum { ROWS = 20000, FLUSHES = 8, TINY_DISK_MIB = 12 };

/* --- the state -------------------------------------------------------------------------------------------------- */

static struct slice
row_key(struct random *random, uint8_t key[16], unsigned rows)
{
	memset(key, 0, 16);
	uint64_t number = random_below(random, rows);
	size_t size = 5 + number % 12;
	for (unsigned i = 0; i < 4; i++)
		key[1 + i] = (uint8_t)(number >> (24 - 8 * i));
	key[0] = (uint8_t)(number % 7);
	return slice_of(key, size);
}

static void
rows_change(struct memtable *table, struct memtable *model, struct random *random, unsigned rows)
{
	static uint8_t value[300];
	for (unsigned i = 0; i < rows / 2; i++) {
		uint8_t key[16];
		struct slice name = row_key(random, key, rows);
		memset(value, (int)random_below(random, 256), sizeof(value));
		struct slice row = slice_of(value, random_below(random, sizeof(value)));
		if (random_chance(random, 25)) {
			memtable_delete(table, name);
			memtable_delete(model, name);
		} else {
			memtable_put(table, name, row);
			memtable_put(model, name, row);
		}
	}
}

static void
check_rows(const struct store *store, const struct memtable *model)
{
	struct slice key;
	struct slice value;
	struct slice got;
	struct store_walk walk = store_walk(store, slice_of("", 0));
	enum memtable_hit hit = memtable_next(model, slice_of("", 0), true, &key, &value);
	for (; hit != MEMTABLE_ABSENT; hit = memtable_next(model, key, false, &key, &value)) {
		if (hit == MEMTABLE_DELETED) {
			assert_false(store_get(store, key, &got));
			continue;
		}
		assert_true(store_walk_next(&walk));
		assert_true(slice_equal(walk.key, key));
		assert_true(slice_equal(walk.value, value));
		assert_true(store_get(store, key, &got));
		assert_true(slice_equal(got, value));
	}
	assert_false(store_walk_next(&walk));
}

static bool
count_row(void *context, struct slice key, struct slice value)
{
	uint64_t *count = context;
	assert_non_null(key.data);
	assert_non_null(value.data);
	(*count)++;
	return true;
}

static void
on_flushed(void *context, enum outcome outcome)
{
	bool *flushed = context;
	assert_int_equal(outcome, OUTCOME_DONE);
	*flushed = true;
}

static void
flush_under_reads(uv_loop_t *loop, struct state_lmdb *lmdb, struct memtable *model, struct random *random,
		  bool *flushed)
{
	struct store store = {.top = memtable_new(), .base = state_lmdb_base(lmdb)};
	rows_change(store.top, model, random, ROWS);
	check_rows(&store, model);
	store.frozen = store.top;
	store.top = memtable_new();
	*flushed = false;
	state_lmdb_flush(lmdb, store.frozen);
	rows_change(store.top, model, random, ROWS);
	check_rows(&store, model);
	while (!*flushed)
		uv_run(loop, UV_RUN_ONCE);
	memtable_free(store.frozen);
	store.frozen = NULL;
	check_rows(&store, model);
	assert_int_equal(state_lmdb_flush_now(lmdb, store.top), OUTCOME_DONE);
	memtable_free(store.top);
	store.top = memtable_new();
	check_rows(&store, model);
	memtable_free(store.top);
}

static void
state_reads_as_the_model(void **unused)
{
	(void)unused;
	char path[PATH_BYTES_MAX];
	char copy[PATH_BYTES_MAX];
	struct host_error error;
	struct random random = {.state = 11};
	struct memtable *model = memtable_new();
	bool flushed = false;
	uint64_t count = 0;
	uint64_t count_copy = 0;
	uv_loop_t loop;
	uv_loop_init(&loop);
	temp_path(path, "state");
	struct state_lmdb *lmdb = state_lmdb_open(path, &loop, on_flushed, &flushed);
	for (unsigned i = 0; i < FLUSHES; i++)
		flush_under_reads(&loop, lmdb, model, &random, &flushed);
	state_lmdb_each(lmdb, count_row, &count);
	assert_true(count > 1000);
	assert_true(state_lmdb_copy(lmdb, temp_path(copy, "copy"), &error));
	state_lmdb_close(lmdb);
	assert_int_equal(uv_loop_close(&loop), 0);

	lmdb = state_lmdb_open_reader(copy, &error);
	assert_non_null(lmdb);
	state_lmdb_each(lmdb, count_row, &count_copy);
	assert_int_equal(count_copy, count);
	struct store store = {.top = memtable_new(), .base = state_lmdb_base(lmdb)};
	check_rows(&store, model);
	memtable_free(store.top);
	state_lmdb_close(lmdb);
	memtable_free(model);
}

/* --- a full disk ------------------------------------------------------------------------------------------------ */

static void
tiny_disk_or_skip(const char *filler)
{
	if (temp_tiny_disk(TINY_DISK_MIB, filler))
		return;
	print_message("skipped: no tmpfs can be mounted here\n");
	skip();
}

static void
state_survives_a_full_disk(void **unused)
{
	(void)unused;
	char path[PATH_BYTES_MAX];
	char filler[PATH_BYTES_MAX];
	struct random random = {.state = 5};
	tiny_disk_or_skip(temp_path(filler, "filler"));
	struct state_lmdb *lmdb = state_lmdb_open(temp_path(path, "state"), NULL, NULL, NULL);
	struct memtable *model = memtable_new();
	enum outcome outcome = OUTCOME_DONE;
	struct memtable *table = NULL;
	for (unsigned i = 0; i < 100 && outcome == OUTCOME_DONE; i++) {
		if (table != NULL)
			memtable_free(table);
		table = memtable_new();
		rows_change(table, model, &random, (i + 1) * 3000);
		outcome = state_lmdb_flush_now(lmdb, table);
	}
	assert_int_equal(outcome, OUTCOME_NO_SPACE);
	struct store store = {.top = memtable_new(), .frozen = table, .base = state_lmdb_base(lmdb)};
	check_rows(&store, model);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(state_lmdb_flush_now(lmdb, table), OUTCOME_DONE);
	store.frozen = NULL;
	check_rows(&store, model);
	memtable_free(store.top);
	memtable_free(table);
	memtable_free(model);
	state_lmdb_close(lmdb);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(state_reads_as_the_model, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(state_survives_a_full_disk, temp_make, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
