/* tests/unit/lmdb_test.c
 *
 * The journal and the state on a real disk under a real loop: what was committed is
 * read back, also after reopening and from a copy made meanwhile; what found no
 * space left nothing behind and goes through when tried again. */
#include "common/base/random.h"
#include "common/core/store.h"
#include "common/host/files.h"
#include "common/host/journal_lmdb.h"
#include "common/host/state_lmdb.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

enum { BATCHES = 60, BATCH_ENTRIES = 40, ENTRY_BYTES_MAX = 9000, ROWS = 20000, FLUSHES = 8, TINY_DISK_MIB = 12 };

static char temp[64];

static int
remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static int
temp_make(void **state)
{
	(void)state;
	snprintf(temp, sizeof(temp), "/tmp/matricula-lmdb-XXXXXX");
	return mkdtemp(temp) == NULL;
}

static int
temp_remove(void **state)
{
	(void)state;
	umount2(temp, MNT_DETACH); /* only one test mounts; elsewhere this fails and does nothing */
	return nftw(temp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *
temp_path(char path[PATH_BYTES_MAX], const char *name)
{
	assert_true(path_format(path, "%s/%s", temp, name));
	return path;
}

/* --- the journal ------------------------------------------------------------------------------------------------ */

/* An entry's size and bytes follow from its sequence. */
static size_t
entry_size(uint64_t seq)
{
	struct random random = {.state = seq};
	size_t limit = random_chance(&random, 10) ? ENTRY_BYTES_MAX : 700;
	return 1 + (size_t)random_below(&random, limit);
}

static void
entry_fill(uint64_t seq, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(seq * 31 + i);
}

struct appender {
	struct journal_lmdb *journal;
	unsigned batches_left;
	struct journal_batch batch;
	size_t sizes[BATCH_ENTRIES];
	uint8_t bytes[BATCH_ENTRIES * ENTRY_BYTES_MAX];
};

static void
batch_make(struct appender *appender)
{
	uint8_t *at = appender->bytes;
	appender->batch = (struct journal_batch){
		.first_seq = journal_lmdb_head(appender->journal) + 1,
		.count = BATCH_ENTRIES,
		.sizes = appender->sizes,
		.bytes = appender->bytes,
	};
	for (uint32_t i = 0; i < BATCH_ENTRIES; i++) {
		uint64_t seq = appender->batch.first_seq + i;
		appender->sizes[i] = entry_size(seq);
		entry_fill(seq, at, appender->sizes[i]);
		at += appender->sizes[i];
	}
}

static void
check_entries(struct journal_lmdb *journal, uint64_t head)
{
	static uint8_t wanted[ENTRY_BYTES_MAX];
	struct slice entry;
	assert_int_equal(journal_lmdb_head(journal), head);
	for (uint64_t seq = 1; seq <= head; seq++) {
		size_t size = entry_size(seq);
		entry_fill(seq, wanted, size);
		assert_true(journal_lmdb_read(journal, seq, &entry));
		assert_int_equal(entry.size, size);
		assert_memory_equal(entry.data, wanted, size);
	}
	assert_false(journal_lmdb_read(journal, 0, &entry));
	assert_false(journal_lmdb_read(journal, head + 1, &entry));
}

static void
on_committed(void *context, enum outcome outcome)
{
	struct appender *appender = context;
	struct slice entry;
	assert_int_equal(outcome, OUTCOME_DONE);
	assert_true(journal_lmdb_read(appender->journal, journal_lmdb_head(appender->journal), &entry));
	appender->batches_left--;
	if (appender->batches_left == 0)
		return;
	batch_make(appender);
	journal_lmdb_commit(appender->journal, &appender->batch);
	/* While a commit is under way, the durable ones can be read. */
	assert_true(journal_lmdb_read(appender->journal, 1, &entry));
}

static void
journal_keeps_what_was_committed(void **state)
{
	(void)state;
	static struct appender appender;
	char path[PATH_BYTES_MAX];
	char copy[PATH_BYTES_MAX];
	struct host_error error;
	uv_loop_t loop;
	uv_loop_init(&loop);
	temp_path(path, "journal");
	temp_path(copy, "copy");
	appender.journal = journal_lmdb_open(path, &loop, on_committed, &appender);
	check_entries(appender.journal, 0);
	appender.batches_left = BATCHES;
	batch_make(&appender);
	journal_lmdb_commit(appender.journal, &appender.batch);
	uv_run(&loop, UV_RUN_DEFAULT);
	check_entries(appender.journal, BATCHES * BATCH_ENTRIES);
	assert_true(journal_lmdb_copy(appender.journal, copy, &error));
	assert_false(journal_lmdb_copy(appender.journal, copy, &error));
	journal_lmdb_close(appender.journal);

	appender.journal = journal_lmdb_open(path, &loop, on_committed, &appender);
	check_entries(appender.journal, BATCHES * BATCH_ENTRIES);
	batch_make(&appender);
	assert_int_equal(journal_lmdb_commit_now(appender.journal, &appender.batch), OUTCOME_DONE);
	check_entries(appender.journal, (BATCHES + 1) * BATCH_ENTRIES);
	journal_lmdb_close(appender.journal);
	assert_int_equal(uv_loop_close(&loop), 0);

	struct journal_lmdb *reader = journal_lmdb_open_reader(copy, &error);
	assert_non_null(reader);
	check_entries(reader, BATCHES * BATCH_ENTRIES);
	journal_lmdb_close(reader);
	assert_null(journal_lmdb_open_reader(temp_path(path, "nowhere"), &error));
}

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
	char options[32];
	snprintf(options, sizeof(options), "size=%dm", TINY_DISK_MIB);
	if (mount("tmpfs", temp, "tmpfs", 0, options) != 0) {
		print_message("skipped: no tmpfs can be mounted here: %s\n", strerror(errno));
		skip();
	}
	int fd = open(filler, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, 6 << 20), 0);
	close(fd);
}

static void
journal_survives_a_full_disk(void **unused)
{
	(void)unused;
	static struct appender appender;
	char path[PATH_BYTES_MAX];
	char filler[PATH_BYTES_MAX];
	tiny_disk_or_skip(temp_path(filler, "filler"));
	appender.journal = journal_lmdb_open(temp_path(path, "journal"), NULL, NULL, NULL);
	enum outcome outcome = OUTCOME_DONE;
	for (unsigned i = 0; i < 1000 && outcome == OUTCOME_DONE; i++) {
		batch_make(&appender);
		outcome = journal_lmdb_commit_now(appender.journal, &appender.batch);
	}
	assert_int_equal(outcome, OUTCOME_NO_SPACE);
	uint64_t head = journal_lmdb_head(appender.journal);
	assert_true(head > 0);
	check_entries(appender.journal, head);
	assert_int_equal(journal_lmdb_commit_now(appender.journal, &appender.batch), OUTCOME_NO_SPACE);
	check_entries(appender.journal, head);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(journal_lmdb_commit_now(appender.journal, &appender.batch), OUTCOME_DONE);
	check_entries(appender.journal, head + BATCH_ENTRIES);
	journal_lmdb_close(appender.journal);
	appender.journal = journal_lmdb_open(path, NULL, NULL, NULL);
	check_entries(appender.journal, head + BATCH_ENTRIES);
	journal_lmdb_close(appender.journal);
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
		cmocka_unit_test_setup_teardown(journal_keeps_what_was_committed, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(state_reads_as_the_model, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(journal_survives_a_full_disk, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(state_survives_a_full_disk, temp_make, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
