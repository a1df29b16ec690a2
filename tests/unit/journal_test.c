/* tests/unit/journal_test.c
 *
 * The journal on a real disk under a real loop: what was committed is read back, also after
 * reopening and from a copy made meanwhile; what found no space left nothing behind and goes
 * through when tried again; whatever a crash leaves behind the last whole entry is gone, and
 * the index may be lost or wrong. */
#include "common/base/codec.h"
#include "common/base/random.h"
#include "common/host/journal_entry.h"
#include "common/host/journal_file.h"
#include "common/host/lmdb_env.h"
#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCHES = 60, BATCH_ENTRIES = 40, ENTRY_BYTES_MAX = 9000, TINY_DISK_MIB = 12 };

/* --- entries ---------------------------------------------------------------------------------------------------- */

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
	struct journal_file *journal;
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
		.first_seq = journal_file_head(appender->journal) + 1,
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
check_entries(struct journal_file *journal, uint64_t head)
{
	static uint8_t wanted[ENTRY_BYTES_MAX];
	struct slice entry;
	assert_int_equal(journal_file_head(journal), head);
	for (uint64_t seq = 1; seq <= head; seq++) {
		size_t size = entry_size(seq);
		entry_fill(seq, wanted, size);
		assert_true(journal_file_read(journal, seq, &entry));
		assert_int_equal(entry.size, size);
		assert_memory_equal(entry.data, wanted, size);
	}
	for (uint64_t seq = head; seq > 0; seq--) { /* each looked up anew */
		assert_true(journal_file_read(journal, seq, &entry));
		assert_int_equal(entry.size, entry_size(seq));
	}
	assert_false(journal_file_read(journal, 0, &entry));
	assert_false(journal_file_read(journal, head + 1, &entry));
}

static void
on_committed(void *context, enum outcome outcome)
{
	struct appender *appender = context;
	struct slice entry;
	assert_int_equal(outcome, OUTCOME_DONE);
	assert_true(journal_file_read(appender->journal, journal_file_head(appender->journal), &entry));
	appender->batches_left--;
	if (appender->batches_left == 0)
		return;
	batch_make(appender);
	journal_file_commit(appender->journal, &appender->batch);
	/* While a commit is under way, the durable ones can be read. */
	assert_true(journal_file_read(appender->journal, 1, &entry));
}

/* --- kept -------------------------------------------------------------------------------------------------------- */

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
	appender.journal = journal_file_open(path, &loop, on_committed, &appender);
	check_entries(appender.journal, 0);
	appender.batches_left = BATCHES;
	batch_make(&appender);
	journal_file_commit(appender.journal, &appender.batch);
	uv_run(&loop, UV_RUN_DEFAULT);
	check_entries(appender.journal, BATCHES * BATCH_ENTRIES);
	assert_true(journal_file_copy(appender.journal, copy, &error));
	assert_false(journal_file_copy(appender.journal, copy, &error));
	journal_file_close(appender.journal);

	appender.journal = journal_file_open(path, &loop, on_committed, &appender);
	check_entries(appender.journal, BATCHES * BATCH_ENTRIES);
	batch_make(&appender);
	assert_int_equal(journal_file_commit_now(appender.journal, &appender.batch), OUTCOME_DONE);
	check_entries(appender.journal, (BATCHES + 1) * BATCH_ENTRIES);
	journal_file_close(appender.journal);
	assert_int_equal(uv_loop_close(&loop), 0);

	struct journal_file *reader = journal_file_open_reader(copy, &error);
	assert_non_null(reader);
	check_entries(reader, BATCHES * BATCH_ENTRIES);
	journal_file_close(reader);
	assert_null(journal_file_open_reader(temp_path(path, "nowhere"), &error));
}

/* A node that writes all the while never looks damaged to a tool that reads beside it. */
static void
readers_see_whole_journals(void **state)
{
	(void)state;
	enum { WRITTEN = 1500, LOOKS = 300 };
	static struct appender appender;
	char path[PATH_BYTES_MAX];
	struct host_error error;
	struct slice entry;
	temp_path(path, "journal");
	journal_file_close(journal_file_open(path, NULL, NULL, NULL));
	pid_t writer = fork();
	if (writer == 0) {
		appender.journal = journal_file_open(path, NULL, NULL, NULL);
		for (unsigned i = 0; i < WRITTEN; i++) {
			batch_make(&appender);
			journal_file_commit_now(appender.journal, &appender.batch);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < LOOKS; i++) {
		struct journal_file *reader = journal_file_open_reader(path, &error);
		if (reader == NULL)
			fail_msg("%s", error.text);
		uint64_t head = journal_file_head(reader);
		if (head > 0) {
			assert_true(journal_file_read(reader, head, &entry));
			assert_int_equal(entry.size, entry_size(head));
		}
		journal_file_close(reader);
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
}

/* --- what a crash leaves ---------------------------------------------------------------------------------------- */

static void
commit_batches(const char *path, unsigned batches)
{
	static struct appender appender;
	appender.journal = journal_file_open(path, NULL, NULL, NULL);
	for (unsigned i = 0; i < batches; i++) {
		batch_make(&appender);
		assert_int_equal(journal_file_commit_now(appender.journal, &appender.batch), OUTCOME_DONE);
	}
	journal_file_close(appender.journal);
}

/* Where the entry begins in the file, from what the entries before it take. */
static off_t
place_of(uint64_t seq)
{
	off_t at = 16;
	for (uint64_t before = 1; before < seq; before++)
		at += ENTRY_HEAD_BYTES + (off_t)entry_size(before);
	return at;
}

static void
overwrite(const char *path, const char *name, off_t at, const void *bytes, size_t size)
{
	char file[PATH_BYTES_MAX];
	assert_true(path_format(file, "%s/%s", path, name));
	int fd = open(file, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, at), size);
	close(fd);
}

static void
check_journal(const char *path, uint64_t head)
{
	struct journal_file *journal = journal_file_open(path, NULL, NULL, NULL);
	check_entries(journal, head);
	journal_file_close(journal);
}

/* A byte of an entry of the last batch is not there as it was written: it and what follows was never acknowledged. */
static void
a_torn_end_is_cut(void **state)
{
	(void)state;
	char path[PATH_BYTES_MAX];
	struct random random = {.state = 3};
	temp_path(path, "journal");
	for (unsigned round = 0; round < 30; round++) {
		commit_batches(path, 3);
		uint64_t torn = 2 * (uint64_t)BATCH_ENTRIES + 1 + random_below(&random, BATCH_ENTRIES);
		uint8_t other = 0xfe;
		off_t within = (off_t)random_below(&random, ENTRY_HEAD_BYTES + entry_size(torn));
		overwrite(path, "entries", place_of(torn) + within, &other, 1);
		struct host_error error;
		struct journal_file *reader = journal_file_open_reader(path, &error);
		assert_non_null(reader);
		uint64_t head = journal_file_head(reader);
		journal_file_close(reader);
		assert_true(head == torn - 1 || head == 3 * (uint64_t)BATCH_ENTRIES); /* the byte was so before */
		check_journal(path, head);
		commit_batches(path, 1);
		check_journal(path, head + BATCH_ENTRIES);
		temp_remove(NULL);
		assert_int_equal(mkdir(temp, 0700), 0);
	}
}

/* What was acknowledged is never cut off: a changed entry is shown, behind a lost one nothing opens. */
static void
damage_is_no_torn_end(void **state)
{
	(void)state;
	char path[PATH_BYTES_MAX];
	struct host_error error;
	struct slice entry;
	static const uint8_t nothing[ENTRY_HEAD_BYTES];
	uint8_t other = 0xfe;
	commit_batches(temp_path(path, "journal"), 3);
	uint64_t damaged = 70; /* of the second batch, behind the last place of the index */
	overwrite(path, "entries", place_of(damaged) + ENTRY_HEAD_BYTES, &other, 1);
	struct journal_file *journal = journal_file_open_reader(path, &error);
	assert_non_null(journal);
	assert_int_equal(journal_file_head(journal), 3 * BATCH_ENTRIES);
	assert_true(journal_file_read(journal, damaged, &entry));
	assert_int_equal(entry.data[0], other);
	journal_file_close(journal);
	overwrite(path, "entries", place_of(damaged), nothing, sizeof(nothing));
	assert_null(journal_file_open_reader(path, &error));
	assert_non_null(strstr(error.text, "entry 70, which was durable"));
}

/* An older entry, whole, lies just where the next one will end. */
static void
nothing_old_comes_back(void **state)
{
	(void)state;
	char path[PATH_BYTES_MAX];
	static const uint8_t nothing[ENTRY_HEAD_BYTES];
	commit_batches(temp_path(path, "journal"), 2);
	uint64_t cut = BATCH_ENTRIES + 3;
	overwrite(path, "entries", place_of(cut), nothing, sizeof(nothing)); /* the head of one in the middle is lost */
	check_journal(path, cut - 1);
	static struct appender appender;
	appender.journal = journal_file_open(path, NULL, NULL, NULL);
	batch_make(&appender);
	appender.batch.count = 1; /* as large as the one that was lost */
	assert_int_equal(journal_file_commit_now(appender.journal, &appender.batch), OUTCOME_DONE);
	journal_file_close(appender.journal);
	check_journal(path, cut);
}

static void
the_index_may_be_wrong(void **state)
{
	(void)state;
	char path[PATH_BYTES_MAX];
	char index[PATH_BYTES_MAX];
	static const uint8_t nothing[64];
	struct random random = {.state = 4};
	commit_batches(temp_path(path, "journal"), 40);
	temp_path(index, "journal/index");
	assert_int_equal(unlink(index), 0);
	check_journal(path, 40 * BATCH_ENTRIES);
	commit_batches(path, 1);
	for (unsigned round = 1; round < 20; round++) {
		uint64_t wrong = random_next(&random);
		overwrite(path, "index", (off_t)(8 * random_below(&random, 20)),
			  round % 2 == 0 ? (void *)&wrong : (void *)nothing,
			  round % 2 == 0 ? sizeof(wrong) : sizeof(nothing));
		commit_batches(path, 1);
		check_journal(path, (41 + round) * BATCH_ENTRIES);
	}
}

/* More places than two pages of the index, so that some are believed unseen. */
static void
a_long_journal_is_found_by_its_index(void **state)
{
	(void)state;
	enum { ENTRIES = 4096, LONG_BATCHES = 24 };
	static size_t sizes[ENTRIES];
	static uint8_t bytes[ENTRIES * sizeof(uint64_t)];
	char path[PATH_BYTES_MAX];
	struct slice entry;
	struct journal_file *journal = journal_file_open(temp_path(path, "journal"), NULL, NULL, NULL);
	for (unsigned i = 0; i < LONG_BATCHES; i++) {
		struct journal_batch batch = {journal_file_head(journal) + 1, ENTRIES, sizes, bytes};
		for (size_t j = 0; j < ENTRIES; j++) {
			sizes[j] = sizeof(uint64_t);
			put_u64(bytes + j * sizeof(uint64_t), batch.first_seq + j);
		}
		assert_int_equal(journal_file_commit_now(journal, &batch), OUTCOME_DONE);
	}
	journal_file_close(journal);
	journal = journal_file_open(path, NULL, NULL, NULL);
	assert_int_equal(journal_file_head(journal), ENTRIES * LONG_BATCHES);
	for (uint64_t seq = ENTRIES * LONG_BATCHES; seq > 0; seq -= seq > 100 ? 97 : 1) {
		assert_true(journal_file_read(journal, seq, &entry));
		assert_int_equal(get_u64(entry.data), seq);
	}
	journal_file_close(journal);
}

/* --- of the versions before -------------------------------------------------------------------------------------- */

static void
a_journal_in_lmdb_is_taken_over(void **state)
{
	(void)state;
	enum { FORMER = 10000 };
	static uint8_t bytes[ENTRY_BYTES_MAX];
	char path[PATH_BYTES_MAX];
	char former[PATH_BYTES_MAX];
	struct host_error error;
	struct lmdb_env lmdb;
	MDB_txn *txn;
	temp_path(path, "journal");
	lmdb_env_open(&lmdb, path);
	assert_int_equal(mdb_txn_begin(lmdb.env, NULL, 0, &txn), 0);
	for (uint64_t seq = 1; seq <= FORMER; seq++) {
		uint8_t name[sizeof(uint64_t)];
		put_u64(name, seq);
		entry_fill(seq, bytes, entry_size(seq));
		MDB_val key = {sizeof(name), name};
		MDB_val value = {entry_size(seq), bytes};
		assert_int_equal(mdb_put(txn, lmdb.table, &key, &value, 0), 0);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	lmdb_env_close(&lmdb);
	assert_null(journal_file_open_reader(path, &error));
	check_journal(path, FORMER);
	assert_false(path_exists(temp_path(former, "journal/data.mdb")));
	commit_batches(path, 1);
	check_journal(path, FORMER + BATCH_ENTRIES);
}

/* --- a full disk ------------------------------------------------------------------------------------------------ */

static void
journal_survives_a_full_disk(void **unused)
{
	(void)unused;
	static struct appender appender;
	char path[PATH_BYTES_MAX];
	char filler[PATH_BYTES_MAX];
	if (!temp_tiny_disk(TINY_DISK_MIB, temp_path(filler, "filler"))) {
		print_message("skipped: no tmpfs can be mounted here\n");
		skip();
	}
	appender.journal = journal_file_open(temp_path(path, "journal"), NULL, NULL, NULL);
	enum outcome outcome = OUTCOME_DONE;
	for (unsigned i = 0; i < 1000 && outcome == OUTCOME_DONE; i++) {
		batch_make(&appender);
		outcome = journal_file_commit_now(appender.journal, &appender.batch);
	}
	assert_int_equal(outcome, OUTCOME_NO_SPACE);
	uint64_t head = journal_file_head(appender.journal);
	assert_true(head > 0);
	check_entries(appender.journal, head);
	assert_int_equal(journal_file_commit_now(appender.journal, &appender.batch), OUTCOME_NO_SPACE);
	check_entries(appender.journal, head);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(journal_file_commit_now(appender.journal, &appender.batch), OUTCOME_DONE);
	check_entries(appender.journal, head + BATCH_ENTRIES);
	journal_file_close(appender.journal);
	appender.journal = journal_file_open(path, NULL, NULL, NULL);
	check_entries(appender.journal, head + BATCH_ENTRIES);
	journal_file_close(appender.journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(journal_keeps_what_was_committed, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(readers_see_whole_journals, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(a_torn_end_is_cut, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(damage_is_no_torn_end, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(nothing_old_comes_back, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(the_index_may_be_wrong, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(a_long_journal_is_found_by_its_index, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(a_journal_in_lmdb_is_taken_over, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(journal_survives_a_full_disk, temp_make, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
