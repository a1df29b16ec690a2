/* tests/unit/status_cache_test.c
 *
 * A gateway holds the lists of a nation's schools at once; what it holds is what the service
 * said last, whatever it counts, and a list that somebody is being answered with stays. */
#include "services/gateway/status_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROOM = 32 << 20, LIST_BYTES = 1000 };

static struct slice
list_text(char fill)
{
	static uint8_t text[LIST_BYTES];
	for (size_t i = 0; i < LIST_BYTES; i++)
		text[i] = (uint8_t)fill;
	return slice_of(text, LIST_BYTES);
}

static void
keep(struct status_cache *cache, unsigned number, const char *state, char fill)
{
	char name[32];
	snprintf(name, sizeof(name), "school/%u/revocation", number);
	status_cache_keep(cache, name, state, list_text(fill));
}

/* Whether it is held, in that state. */
static bool
holds(struct status_cache *cache, unsigned number, const char *state, char fill)
{
	char name[32];
	snprintf(name, sizeof(name), "school/%u/revocation", number);
	const struct status_held *held = status_cache_use(cache, name);
	bool same = held != NULL && strcmp(held->name, name) == 0 && strcmp(held->state, state) == 0 &&
		    slice_equal(held->text, list_text(fill));
	status_cache_release(cache, held);
	return same;
}

static void
the_lists_of_all_schools_are_held_at_once(void **state)
{
	enum { LISTS = 8000 };
	struct status_cache *cache = status_cache_open(ROOM);
	(void)state;
	for (unsigned i = 0; i < LISTS; i++)
		keep(cache, i, "1", (char)('a' + i % 26));
	for (unsigned i = 0; i < LISTS; i++)
		assert_true(holds(cache, i, "1", (char)('a' + i % 26)));
	assert_false(holds(cache, LISTS, "1", 'a'));
	status_cache_close(cache);
}

static void
what_the_service_said_last_is_held(void **state)
{
	struct status_cache *cache = status_cache_open(ROOM);
	(void)state;
	keep(cache, 1, "10-2026-03-02T08:00:00Z", 'a');
	keep(cache, 1, "7-2026-03-01T08:00:00Z", 'b'); /* it was restored */
	assert_true(holds(cache, 1, "7-2026-03-01T08:00:00Z", 'b'));
	keep(cache, 1, "10-2026-03-03T08:00:00Z", 'c');
	assert_true(holds(cache, 1, "10-2026-03-03T08:00:00Z", 'c'));
	status_cache_close(cache);
}

static void
what_was_not_used_for_the_longest_makes_room(void **state)
{
	struct status_cache *cache = status_cache_open(10 * LIST_BYTES);
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		keep(cache, i, "1", 'a');
	assert_true(holds(cache, 0, "1", 'a'));
	for (unsigned i = 8; i < 12; i++)
		keep(cache, i, "1", 'a');
	assert_true(holds(cache, 0, "1", 'a'));
	assert_false(holds(cache, 1, "1", 'a'));
	assert_true(holds(cache, 11, "1", 'a'));
	status_cache_close(cache);
	cache = status_cache_open(LIST_BYTES);
	keep(cache, 1, "1", 'a'); /* with its name it is larger than all */
	assert_false(holds(cache, 1, "1", 'a'));
	status_cache_close(cache);
}

static void
a_list_in_use_stays_whatever_becomes_of_its_place(void **state)
{
	struct status_cache *cache = status_cache_open(3 * LIST_BYTES);
	(void)state;
	keep(cache, 1, "1", 'a');
	const struct status_held *held = status_cache_use(cache, "school/1/revocation");
	const struct status_held *again = status_cache_use(cache, "school/1/revocation");
	assert_non_null(held);
	keep(cache, 1, "2", 'b');
	for (unsigned i = 2; i < 9; i++)
		keep(cache, i, "1", 'c');
	assert_false(holds(cache, 1, "2", 'b'));
	assert_string_equal(held->state, "1");
	status_cache_release(cache, held);
	assert_true(slice_equal(again->text, list_text('a')));
	status_cache_release(cache, again);
	status_cache_close(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lists_of_all_schools_are_held_at_once),
		cmocka_unit_test(what_the_service_said_last_is_held),
		cmocka_unit_test(what_was_not_used_for_the_longest_makes_room),
		cmocka_unit_test(a_list_in_use_stays_whatever_becomes_of_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
