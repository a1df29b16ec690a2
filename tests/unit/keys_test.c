/* tests/unit/keys_test.c
 *
 * The keys folder: made once and never overwritten, closed to others, rotated with
 * one former key still accepted, and refused by name when damaged. Beside it, the
 * lock on a data folder. */
#include "common/host/files.h"
#include "common/host/keys.h"
#include "common/host/lock.h"
#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char keys[96];

static int
test_begin(void **state)
{
	if (temp_make(state) != 0)
		return 1;
	snprintf(keys, sizeof(keys), "%s/keys", temp);
	return 0;
}

static unsigned
mode_of(const char *path)
{
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 0777;
}

static void
keys_are_made_once(void **state)
{
	(void)state;
	struct host_error error;
	struct keys_accepted first;
	struct keys_accepted second;
	struct seal_key sending;
	uint8_t secret[KEYS_SECRET_BYTES];
	uint8_t again[KEYS_SECRET_BYTES];
	char path[PATH_BYTES_MAX];
	assert_true(keys_create(keys, &error));
	assert_int_equal(mode_of(keys), 0700);
	path_format(path, "%s/gateway-enrollment.seal", keys);
	assert_int_equal(mode_of(path), 0600);
	assert_true(keys_load_accepted(keys, "certificate", &first, &error));
	assert_int_equal(first.count, 6); /* gateway, operator, and the four services */
	assert_int_equal(first.keys[0].kind, KEY_GATEWAY);
	assert_int_equal(first.keys[1].kind, KEY_OPERATOR);
	assert_int_equal(first.keys[2].kind, KEY_NODE);
	assert_true(keys_load_sending(keys, "gateway", "certificate", &sending, &error));
	assert_int_equal(sending.key_id, first.keys[0].key_id);
	assert_memory_equal(sending.key, first.keys[0].key, SEAL_KEY_BYTES);
	assert_true(keys_load_secret(keys, "certificate", secret, &error));
	/* What is missing is made; what is there stays. */
	assert_int_equal(unlink(path), 0);
	assert_true(keys_create(keys, &error));
	assert_true(path_exists(path));
	assert_true(keys_load_accepted(keys, "certificate", &second, &error));
	assert_memory_equal(first.keys, second.keys, sizeof(first.keys[0]) * first.count);
	assert_true(keys_load_secret(keys, "certificate", again, &error));
	assert_memory_equal(secret, again, sizeof(secret));
}

static void
rotation_keeps_the_former_key(void **state)
{
	(void)state;
	struct host_error error;
	struct keys_accepted accepted;
	struct seal_key sending[4];
	assert_true(keys_create(keys, &error));
	assert_true(keys_load_sending(keys, "operator", "assessment", &sending[0], &error));
	for (unsigned i = 1; i < 4; i++) {
		assert_true(keys_rotate(keys, "operator-assessment", &error));
		assert_true(keys_load_sending(keys, "operator", "assessment", &sending[i], &error));
		assert_true(keys_load_accepted(keys, "assessment", &accepted, &error));
		assert_int_equal(accepted.count, 7);
		assert_int_not_equal(sending[i].key_id, sending[i - 1].key_id);
		assert_int_equal(accepted.keys[1].key_id, sending[i].key_id);
		assert_int_equal(accepted.keys[2].key_id, sending[i - 1].key_id);
		assert_memory_equal(accepted.keys[2].key, sending[i - 1].key, SEAL_KEY_BYTES);
	}
	assert_false(keys_rotate(keys, "operator-nobody", &error));
	assert_false(keys_rotate(keys, "../keys/operator-assessment", &error));
}

static void
curve_keys_are_found(void **state)
{
	(void)state;
	struct host_error error;
	struct curve_pair pair;
	struct keys_curves curves;
	char public_text[CURVE_TEXT_BYTES];
	uint8_t key[CURVE_KEY_BYTES];
	assert_true(keys_create(keys, &error));
	assert_true(keys_load_curve(keys, "door", &pair, &error));
	assert_true(keys_load_curve_public(keys, "door", public_text, &error));
	assert_string_equal(public_text, pair.public_text);
	assert_true(keys_load_curves(keys, &curves, &error));
	assert_int_equal(curves.count, 7);
	assert_true(curve_key_parse(public_text, key));
	assert_true(keys_curves_hold(&curves, key));
	curve_pair_make(&pair);
	assert_true(curve_key_parse(pair.public_text, key));
	assert_false(keys_curves_hold(&curves, key));
	assert_false(keys_load_curve(keys, "nobody", &pair, &error));
}

static void
damaged_files_are_refused(void **state)
{
	(void)state;
	static const char *const damaged[] = {"", "\n", "0 00\n", "12\n", "12 zz\n", "x\ny\n", "99999999999 00\n"};
	struct host_error error;
	struct keys_accepted accepted;
	char path[PATH_BYTES_MAX];
	assert_true(keys_create(keys, &error));
	path_format(path, "%s/gateway-notification.seal", keys);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		assert_true(file_replace(path, damaged[i], 0600, &error));
		assert_false(keys_load_accepted(keys, "notification", &accepted, &error));
		assert_non_null(strstr(error.text, "gateway-notification.seal"));
	}
	assert_false(keys_load_accepted(temp, "notification", &accepted, &error));
}

static void
one_process_holds_a_folder(void **state)
{
	(void)state;
	struct host_error error;
	char pid[24];
	int lock = lock_take(temp, 0, &error);
	assert_true(lock >= 0);
	assert_int_equal(lock_take(temp, 0, &error), -1);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(error.text, pid));
	assert_non_null(strstr(error.text, temp));
	lock_release(lock);
	lock = lock_take(temp, 0, &error);
	assert_true(lock >= 0);
	lock_release(lock);
}

/* A node that starts again finds the one that was killed still ending. */
static void
a_killed_holder_is_waited_for(void **state)
{
	(void)state;
	struct host_error error;
	int ready[2];
	char byte = 0;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool taken = lock_take(temp, 0, &error) >= 0 && write(ready[1], "x", 1) == 1;
		pause();
		_exit(taken ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(lock_take(temp, 0, &error), -1);
	assert_int_equal(kill(child, SIGKILL), 0);
	int lock = lock_take(temp, 60000, &error);
	assert_true(lock >= 0);
	lock_release(lock);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_are_made_once, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(rotation_keeps_the_former_key, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(curve_keys_are_found, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(damaged_files_are_refused, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(one_process_holds_a_folder, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(a_killed_holder_is_waited_for, test_begin, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
