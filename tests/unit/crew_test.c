/* tests/unit/crew_test.c - shared work is done once for each index, whoever does it. */
#include "common/host/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

enum { ITEMS = 5000, ROUNDS = 50 };

/* Something that takes a moment and differs for each. */
static void
work(void *context, size_t index)
{
	uint32_t *done = context;
	uint32_t value = (uint32_t)index + 1;
	for (unsigned i = 0; i < 100; i++)
		value = value * 1664525 + 1013904223;
	done[index] += value | 1;
}

static void
test_each_once(void **state)
{
	(void)state;
	static uint32_t shared[ITEMS];
	static uint32_t alone[ITEMS];
	uv_loop_t loop;
	assert_int_equal(uv_loop_init(&loop), 0);
	for (size_t i = 0; i < ITEMS; i++)
		work(alone, i);
	for (unsigned round = 0; round < ROUNDS; round++) {
		memset(shared, 0, sizeof(shared));
		crew_share(&loop, work, shared, ITEMS);
		assert_memory_equal(shared, alone, sizeof(shared));
	}
	crew_share(&loop, work, shared, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
