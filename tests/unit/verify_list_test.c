/* tests/unit/verify_list_test.c
 *
 * A pile of papers whose institutions are typed by name: however many rows a list has, the institutions are looked
 * through once, so that no list holds the node up. */
#include "tests/unit/small_node.h"

#include "services/certificate/service.h"
#include "services/certificate/tables.h"
#include "services/certificate/verify_inside.h"

enum { INSTITUTIONS = 300, YEAR = 2026 };

static struct small small;
static struct call call;
static unsigned steps;

static bool
counting_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	steps++;
	return small_next(context, from, inclusive, key, value);
}

static struct store_base
counting_base(void *context)
{
	return (struct store_base){.context = context, .get = small_get, .next = counting_next};
}

static int
set_up(void **state)
{
	(void)state;
	small = (struct small){.now_us = INT64_C(1772438400000000), .slots_ready = SLOTS};
	small_open(&small, &certificate_module);
	for (uint32_t i = 0; i < INSTITUTIONS; i++) {
		struct key key = key_of(TABLE_REGISTER_ENTRY);
		struct id id = {.bytes = {0, 1}};
		put_u32(id.bytes + 4, i);
		key_bytes(&key, slice_of(id.bytes, ID_BYTES));
		key_u32(&key, YEAR);
		key_u32(&key, 1);
		memtable_put(small.state, key_slice(&key), slice_text(""));
	}
	small.world.state_base = counting_base;
	small.node->store.base = counting_base(&small);
	call_begin(&call, small.node, methods_find(small.node, "VerificationLists.VerifyList"), &caller_node);
	steps = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	small_close(&small);
	return 0;
}

static void
institutions_are_looked_through_once(void **state)
{
	enum { ROWS = 50 };
	char names[ROWS][32];
	struct verify_institutions all = {.is_read = false};
	Mt__VerifyRequest row = MT__VERIFY_REQUEST__INIT;
	(void)state;
	row.register_number = (char *)"1";
	row.year = YEAR;
	row.name = (char *)"Nguyễn Thị An";
	for (int i = 0; i < ROWS; i++) {
		snprintf(names[i], sizeof(names[i]), "Trường số %d", i);
		row.institution = names[i];
		assert_false(verify_typed_matches(&call, &row, &all));
	}
	assert_true(all.is_read);
	assert_in_range(steps, INSTITUTIONS, 3 * INSTITUTIONS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(institutions_are_looked_through_once, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
