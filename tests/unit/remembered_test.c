/* tests/unit/remembered_test.c - what the state answered is answered again, until it is forgotten. */
#include "common/host/remembered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t row[] = "row";

static void
test_rows_and_absences(void **state)
{
	(void)state;
	struct remembered *remembered = remembered_new();
	struct slice value;
	assert_false(remembered_find(remembered, slice_text("a"), &value));
	remembered_note(remembered, slice_text("a"), slice_of(row, sizeof(row)));
	remembered_note(remembered, slice_text("b"), slice_of(NULL, 0));
	assert_true(remembered_find(remembered, slice_text("a"), &value));
	assert_ptr_equal(value.data, row);
	assert_int_equal(value.size, sizeof(row));
	assert_true(remembered_find(remembered, slice_text("b"), &value));
	assert_null(value.data);
	assert_false(remembered_find(remembered, slice_text("ab"), &value));
	remembered_free(remembered);
}

static void
test_forgotten(void **state)
{
	(void)state;
	struct remembered *remembered = remembered_new();
	struct slice value;
	remembered_note(remembered, slice_text("a"), slice_of(row, sizeof(row)));
	remembered_forget(remembered);
	assert_false(remembered_find(remembered, slice_text("a"), &value));
	remembered_free(remembered);
}

/* Many more keys than places: each is answered as it was noted, or not at all. */
static void
test_never_another_key(void **state)
{
	(void)state;
	enum { KEYS = 100000 };
	static uint8_t rows[KEYS];
	struct remembered *remembered = remembered_new();
	struct slice value;
	char key[16];
	size_t found = 0;
	for (uint32_t i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		remembered_note(remembered, slice_text(key), slice_of(&rows[i], 1));
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		if (!remembered_find(remembered, slice_text(key), &value))
			continue;
		assert_ptr_equal(value.data, &rows[i]);
		found++;
	}
	assert_true(found > KEYS / 10);
	assert_true(found < KEYS);
	remembered_free(remembered);
}

static void
test_a_long_key_is_passed_over(void **state)
{
	(void)state;
	struct remembered *remembered = remembered_new();
	struct slice value;
	uint8_t key[64] = {1};
	remembered_note(remembered, slice_of(key, sizeof(key)), slice_of(row, sizeof(row)));
	assert_false(remembered_find(remembered, slice_of(key, sizeof(key)), &value));
	remembered_free(remembered);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_and_absences),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_never_another_key),
		cmocka_unit_test(test_a_long_key_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
