/* tests/unit/seal_test.c
 *
 * Sealed personal data, from the bytes up: one piece and what it is bound to, and the slots
 * of keys in their file, over a crash and an erasure. The node that uses both:
 * seal_node_test.c. */
#include "common/core/sealed.h"

#include "common/host/slots.h"
#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int
test_begin(void **state)
{
	return sodium_init() < 0 || temp_make(state) != 0;
}

/* --- one piece -------------------------------------------------------------------------------------------------- */

static const struct sealed_label somebody = {.subject = {.bytes = {1, 2, 3}}, .type = "matricula.Personal"};

static struct slice
sealed_with(struct arena *arena, uint8_t first_of_key, const struct sealed_label *label, const char *text)
{
	uint8_t key[SEALED_KEY_BYTES] = {first_of_key};
	return sealed_make(arena, 7, key, label, slice_text(text));
}

static bool
opens_with(struct arena *arena, uint8_t first_of_key, const struct sealed_label *label, struct slice sealed)
{
	uint8_t key[SEALED_KEY_BYTES] = {first_of_key};
	struct slice text;
	return sealed_open(arena, key, label, sealed, &text) && slice_equal(text, slice_text("Nguyễn Văn An"));
}

static void
a_piece_opens_as_what_it_was(void **state)
{
	(void)state;
	struct arena arena;
	uint32_t slot;
	arena_init(&arena, 4096, 0);
	struct slice sealed = sealed_with(&arena, 9, &somebody, "Nguyễn Văn An");
	assert_int_equal(sealed.size, SEALED_OVERHEAD_BYTES + strlen("Nguyễn Văn An"));
	assert_true(sealed_slot(sealed, &slot));
	assert_int_equal(slot, 7);
	assert_true(opens_with(&arena, 9, &somebody, sealed));
	assert_null(memmem(sealed.data, sealed.size, "Văn", strlen("Văn")));
	arena_free(&arena);
}

static void
the_same_text_seals_to_the_same_bytes(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 4096, 0);
	struct slice one = sealed_with(&arena, 9, &somebody, "An");
	struct slice other = sealed_with(&arena, 9, &somebody, "Am");
	assert_true(slice_equal(one, sealed_with(&arena, 9, &somebody, "An")));
	assert_memory_not_equal(one.data + SEALED_SLOT_BYTES, other.data + SEALED_SLOT_BYTES, SEALED_NONCE_BYTES);
	arena_free(&arena);
}

static void
a_piece_opens_nowhere_else(void **state)
{
	(void)state;
	struct arena arena;
	struct sealed_label another = {.subject = {.bytes = {1, 2, 4}}, .type = "matricula.Personal"};
	struct sealed_label another_type = {.subject = somebody.subject, .type = "matricula.MessageText"};
	arena_init(&arena, 4096, 0);
	struct slice sealed = sealed_with(&arena, 9, &somebody, "Nguyễn Văn An");
	assert_false(opens_with(&arena, 8, &somebody, sealed));
	assert_false(opens_with(&arena, 9, &another, sealed));
	assert_false(opens_with(&arena, 9, &another_type, sealed));
	uint8_t *changed = (uint8_t *)arena_copy(&arena, sealed).data;
	for (size_t i = SEALED_SLOT_BYTES; i < sealed.size; i++) {
		changed[i] ^= 1;
		assert_false(opens_with(&arena, 9, &somebody, slice_of(changed, sealed.size)));
		changed[i] ^= 1;
	}
	assert_false(opens_with(&arena, 9, &somebody, slice_of(sealed.data, SEALED_OVERHEAD_BYTES - 1)));
	arena_free(&arena);
}

/* --- the file of slots ------------------------------------------------------------------------------------------ */

struct box {
	uv_loop_t loop;
	struct ledger *ledger;
	struct slots *slots;
	enum outcome made;
	enum outcome erased;
	char path[96];
	char ledger_path[96];
};

static void
on_made(void *context, enum outcome outcome)
{
	((struct box *)context)->made = outcome;
}

static void
on_erased(void *context, enum outcome outcome)
{
	((struct box *)context)->erased = outcome;
}

static const uint8_t secret[32] = {5};

static void
box_open(struct box *box)
{
	struct host_error error;
	struct slots_events events = {box, on_made, on_erased};
	*box = (struct box){.made = OUTCOME_NO_SPACE, .erased = OUTCOME_NO_SPACE};
	snprintf(box->path, sizeof(box->path), "%s/slots", temp);
	snprintf(box->ledger_path, sizeof(box->ledger_path), "%s/x.erasures", temp);
	uv_loop_init(&box->loop);
	box->ledger = ledger_open(box->ledger_path, &error);
	assert_non_null(box->ledger);
	box->slots = slots_open(box->path, secret, box->ledger, &box->loop, &events, &error);
	assert_non_null(box->slots);
}

static void
box_close(struct box *box)
{
	slots_close(box->slots);
	ledger_close(box->ledger);
	assert_int_equal(uv_loop_close(&box->loop), 0);
}

static void
slots_are_made_in_blocks_and_kept(void **state)
{
	(void)state;
	struct box box;
	uint8_t first[32], last[32], again[32];
	box_open(&box);
	assert_int_equal(slots_ready(box.slots), SLOTS_BLOCK);
	assert_int_equal(slots_key(box.slots, 0, first), SLOT_PRESENT);
	assert_int_equal(slots_key(box.slots, SLOTS_BLOCK, last), SLOT_NONE);
	slots_more(box.slots);
	assert_true(slots_busy(box.slots));
	uv_run(&box.loop, UV_RUN_DEFAULT);
	assert_int_equal(box.made, OUTCOME_DONE);
	assert_int_equal(slots_ready(box.slots), 2 * SLOTS_BLOCK);
	assert_int_equal(slots_key(box.slots, 2 * SLOTS_BLOCK - 1, last), SLOT_PRESENT);
	assert_memory_not_equal(first, last, 32);
	box_close(&box);

	box_open(&box);
	assert_int_equal(slots_ready(box.slots), 2 * SLOTS_BLOCK);
	assert_int_equal(slots_key(box.slots, 0, again), SLOT_PRESENT);
	assert_memory_equal(first, again, 32);
	assert_int_equal(slots_key(box.slots, 2 * SLOTS_BLOCK - 1, again), SLOT_PRESENT);
	assert_memory_equal(last, again, 32);
	box_close(&box);
}

/* What lies behind the count was never synced, or was cut short: it is made anew. */
static void
a_block_that_was_not_counted_is_not_there(void **state)
{
	(void)state;
	struct box box;
	uint8_t key[32];
	box_open(&box);
	box_close(&box);
	FILE *file = fopen(box.path, "a");
	for (int i = 0; i < 1000; i++)
		fputc(i, file);
	fclose(file);
	box_open(&box);
	assert_int_equal(slots_ready(box.slots), SLOTS_BLOCK);
	slots_more(box.slots);
	uv_run(&box.loop, UV_RUN_DEFAULT);
	assert_int_equal(slots_key(box.slots, SLOTS_BLOCK, key), SLOT_PRESENT);
	box_close(&box);
}

/* The map of the file has no memory where the file has none. */
static void
a_file_that_lacks_what_it_counts_is_refused(void **state)
{
	(void)state;
	enum { RECORD_BYTES = 64 };
	struct box box;
	struct host_error error;
	box_open(&box);
	box_close(&box);
	const off_t whole = (off_t)(SLOTS_BLOCK + 1) * RECORD_BYTES;
	assert_int_equal(truncate(box.path, whole - 1), 0);
	assert_null(slots_open_reader(box.path, secret, &error));
	assert_non_null(strstr(error.text, "cut short"));
	assert_int_equal(truncate(box.path, whole), 0);
	struct slots *slots = slots_open_reader(box.path, secret, &error);
	assert_non_null(slots);
	slots_close(slots);
}

static void
a_key_is_destroyed_and_the_ledger_says_so(void **state)
{
	(void)state;
	struct box box;
	uint8_t key[32];
	size_t count;
	struct slot_erasure erasures[] = {{.slot = 3, .in_ledger = true}, {.slot = 9}};
	struct id id = id_make(4, 1700000000000000, 77);
	memcpy(erasures[0].subject, id.bytes, ID_BYTES);
	box_open(&box);
	assert_int_equal(slots_key(box.slots, 3, key), SLOT_PRESENT);
	slots_erase(box.slots, erasures, 2);
	uv_run(&box.loop, UV_RUN_DEFAULT);
	assert_int_equal(box.erased, OUTCOME_DONE);
	assert_int_equal(slots_key(box.slots, 3, key), SLOT_DESTROYED);
	assert_int_equal(slots_key(box.slots, 9, key), SLOT_DESTROYED);
	assert_int_equal(slots_key(box.slots, 2, key), SLOT_PRESENT);
	assert_int_equal(slots_key(box.slots, 4, key), SLOT_PRESENT);
	box_close(&box);

	FILE *file = fopen(box.ledger_path, "a"); /* a line that a crash cut short */
	fputs("0004", file);
	fclose(file);
	box_open(&box);
	assert_int_equal(slots_key(box.slots, 3, key), SLOT_DESTROYED);
	const struct slot_erasure *all = ledger_all(box.ledger, &count);
	assert_int_equal(count, 1);
	assert_memory_equal(all[0].subject, id.bytes, ID_BYTES);
	assert_int_equal(all[0].slot, 3);
	box_close(&box);
}

static void
slots_want_the_secret_they_were_made_under(void **state)
{
	(void)state;
	struct box box;
	struct host_error error;
	static const uint8_t another[32] = {6};
	box_open(&box);
	box_close(&box);
	assert_null(slots_open_reader(box.path, another, &error));
	assert_non_null(strstr(error.text, "another secret"));
}

static void
a_copy_has_every_key(void **state)
{
	(void)state;
	struct box box;
	struct host_error error;
	char path[96];
	uint8_t key[32], copied[32];
	snprintf(path, sizeof(path), "%s/copy", temp);
	box_open(&box);
	assert_true(slots_copy(box.path, path, &error));
	struct slots *copy = slots_open_reader(path, secret, &error);
	assert_non_null(copy);
	assert_int_equal(slots_ready(copy), SLOTS_BLOCK);
	for (uint32_t slot = 0; slot < SLOTS_BLOCK; slot += 999) {
		assert_int_equal(slots_key(box.slots, slot, key), SLOT_PRESENT);
		assert_int_equal(slots_key(copy, slot, copied), SLOT_PRESENT);
		assert_memory_equal(key, copied, 32);
	}
	slots_close(copy);
	box_close(&box);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_opens_as_what_it_was),
		cmocka_unit_test(the_same_text_seals_to_the_same_bytes),
		cmocka_unit_test(a_piece_opens_nowhere_else),
		cmocka_unit_test_setup_teardown(slots_are_made_in_blocks_and_kept, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(a_block_that_was_not_counted_is_not_there, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(a_file_that_lacks_what_it_counts_is_refused, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(a_key_is_destroyed_and_the_ledger_says_so, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(slots_want_the_secret_they_were_made_under, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(a_copy_has_every_key, test_begin, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
