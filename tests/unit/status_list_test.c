/* tests/unit/status_list_test.c
 *
 * Indexes of status lists as a node gives them: each once, like no order, from the next list
 * before the present one is full, and from another list under another address. */
#include "tests/unit/small_node.h"

#include "services/certificate/service.h"
#include "services/certificate/status_list.h"
#include "services/certificate/tables.h"

#include "matricula/certificate_service.pb-c.h"

static char school[ID_TEXT_BYTES];
static struct small small;
static struct call call;

static int
set_up(void **state)
{
	struct id id = {.bytes = {0, 1, [ID_BYTES - 1] = 7}};
	(void)state;
	id_format(id, school);
	small = (struct small){.now_us = INT64_C(1772438400000000), .slots_ready = SLOTS};
	small_open(&small, &certificate_module);
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
begin(uint32_t url_number, struct status_places *places)
{
	arena_reset(&small.node->call_arena);
	call_begin(&call, small.node, methods_find(small.node, "Issuers.CreateKey"), &caller_node);
	call.scoped = true;
	status_begin(&call, school, url_number, places);
}

/* What the call emitted becomes durable. */
static void
finish(void)
{
	struct entry entry;
	entry_begin(small.node, &entry);
	entry_add(&entry, &call);
	entry_commit(small.node, &entry);
	small_turn(&small);
}

/* As if so many were given already; a million issues would take a while. */
static void
set_given(uint32_t list, uint32_t given)
{
	uint8_t value[sizeof(uint32_t)];
	struct key key = key_of(TABLE_STATUS_GIVEN);
	key_id_of(&key, school);
	key_u32(&key, list);
	put_u32(value, given);
	store_put((struct store *)node_store(small.node), key_slice(&key), slice_of(value, sizeof(value)));
}

static void
an_index_is_given_once_and_tells_no_order(void **state)
{
	static uint8_t seen[STATUS_ENTRIES / 8];
	struct status_places places;
	uint32_t before = 0;
	size_t neighbours = 0;
	(void)state;
	memset(seen, 0, sizeof(seen));
	begin(1, &places);
	for (uint32_t n = 0; n < STATUS_ENTRIES; n++) {
		uint32_t index = status_next(&places);
		assert_in_range(index, 0, STATUS_ENTRIES - 1);
		assert_int_equal(seen[index / 8] >> index % 8 & 1, 0);
		seen[index / 8] |= (uint8_t)(1 << index % 8);
		neighbours += index == before + 1;
		before = index;
	}
	assert_in_range(neighbours, 0, 20); /* about one by chance */
}

static void
the_places_go_on_where_they_were(void **state)
{
	struct status_places first;
	struct status_places places;
	(void)state;
	begin(1, &first);
	assert_int_equal(first.list, 1);
	finish();
	set_given(1, 3);
	for (int i = 0; i < 3; i++)
		status_next(&first);
	begin(1, &places);
	assert_int_equal(call.facts_count, 0);
	assert_int_equal(places.list, 1);
	assert_int_equal(places.given, 3);
	assert_int_equal(status_next(&places), status_next(&first));
}

static void
the_next_list_opens_before_the_present_is_full(void **state)
{
	struct status_places first;
	struct status_places places;
	(void)state;
	begin(1, &first);
	finish();
	set_given(1, STATUS_ENTRIES / 8 * 7 - 1);
	begin(1, &places);
	assert_int_equal(places.list, 1);
	assert_int_equal(call.facts_count, 0);
	set_given(1, STATUS_ENTRIES / 8 * 7);
	begin(1, &places);
	assert_int_equal(places.list, 2);
	assert_int_equal(places.given, 0);
	assert_int_equal(call.facts_count, 1);
	assert_memory_not_equal(places.key, first.key, sizeof(places.key));
}

static void
another_address_opens_another_list(void **state)
{
	struct status_places places;
	(void)state;
	begin(1, &places);
	finish();
	begin(2, &places);
	assert_int_equal(places.list, 2);
	finish();
	begin(2, &places);
	assert_int_equal(places.list, 2);
	assert_int_equal(call.facts_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_index_is_given_once_and_tells_no_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_places_go_on_where_they_were, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_list_opens_before_the_present_is_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_address_opens_another_list, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
