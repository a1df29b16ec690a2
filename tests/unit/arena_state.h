/* tests/unit/arena_state.h
 *
 * An arena as the state of a test: cmocka_unit_test_setup_teardown(test, open_arena, close_arena). */
#ifndef TESTS_UNIT_ARENA_STATE_H
#define TESTS_UNIT_ARENA_STATE_H

#include "common/base/arena.h"

static inline int
open_arena(void **state)
{
	static struct arena arena;
	arena_init(&arena, 1 << 16, 0);
	*state = &arena;
	return 0;
}

static inline int
close_arena(void **state)
{
	arena_free(*state);
	return 0;
}

#endif
