/* tests/unit/arena_test.c
 *
 * The arena hands out aligned, separate pieces, refuses beyond its limit and
 * nowhere below it, and keeps over a reset what the last rounds needed. */
#include "common/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { BLOCK_BYTES = 1024 };

static void
pieces_are_aligned_and_do_not_overlap(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	uint8_t *pieces[100];
	for (size_t i = 0; i < 100; i++) {
		pieces[i] = arena_alloc(&arena, i);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		memset(pieces[i], (int)i, i);
		arena_text(&arena, slice_text("x"));
	}
	for (size_t i = 0; i < 100; i++) {
		for (size_t at = 0; at < i; at++)
			assert_int_equal(pieces[i][at], i);
	}
	arena_free(&arena);
	assert_int_equal(arena_held(&arena), 0);
}

static void
the_limit_is_exact(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 100);
	assert_null(arena_try(&arena, 101));
	assert_int_equal(arena.used, 0);
	assert_int_equal(arena_held(&arena), 0);
	assert_non_null(arena_try(&arena, 64));
	assert_null(arena_try(&arena, 37));
	assert_non_null(arena_try(&arena, 36));
	assert_int_equal(arena.used, 100);
	assert_null(arena_try(&arena, 1));
	assert_null(arena_try(&arena, SIZE_MAX));
	arena_reset(&arena);
	assert_non_null(arena_try(&arena, 100));
	arena_free(&arena);
}

static void
small_pieces_pay_their_padding(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 64, 1000);
	size_t handed_out = 0;
	while (handed_out < 10000 && arena_try(&arena, 1) != NULL)
		handed_out++;
	assert_in_range(handed_out, 62, 300);
	assert_true(arena_held(&arena) < 2500);
	arena_free(&arena);
}

static void
own_needs_ignore_the_limit(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 100);
	assert_non_null(arena_alloc(&arena, 5000));
	assert_int_equal(arena.used, 5000);
	assert_null(arena_try(&arena, 1));
	uint8_t *zeroed = arena_zero(&arena, 300);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(zeroed[i], 0);
	arena_free(&arena);
}

static void
zero_means_zero_in_a_reused_block(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	memset(arena_alloc(&arena, 500), 0xff, 500);
	arena_reset(&arena);
	uint8_t *zeroed = arena_zero(&arena, 500);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(zeroed[i], 0);
	arena_free(&arena);
}

static void
fill(struct arena *arena, int blocks)
{
	for (int i = 0; i < blocks; i++)
		arena_alloc(arena, 900);
}

/* Ordinary blocks stay while one of the last 32 rounds needed them; then all but one go. */
static void
resets_keep_the_blocks_that_rounds_need(void **state)
{
	(void)state;
	enum { ROUNDS = 32 };
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	arena_alloc(&arena, 10);
	size_t one_block = arena_held(&arena);
	arena_reset(&arena);
	fill(&arena, 20);
	size_t twenty_blocks = arena_held(&arena);
	assert_int_equal(twenty_blocks, 20 * one_block);
	arena_alloc(&arena, 50000);
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	for (int round = 0; round < 10 * ROUNDS; round++) {
		assert_int_equal(arena_held(&arena), twenty_blocks);
		fill(&arena, round % 16 == 0 ? 20 : 1);
		assert_int_equal(arena_held(&arena), twenty_blocks);
		arena_reset(&arena);
	}
	for (int round = 0; round < 2 * ROUNDS; round++)
		arena_reset(&arena);
	assert_int_equal(arena_held(&arena), one_block);
	fill(&arena, 2);
	assert_int_equal(arena_held(&arena), 2 * one_block);
	arena_free(&arena);
	assert_int_equal(arena_held(&arena), 0);
}

static void
reset_after_only_a_large_piece_keeps_nothing(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	arena_alloc(&arena, BLOCK_BYTES + 1);
	arena_reset(&arena);
	assert_int_equal(arena_held(&arena), 0);
	assert_non_null(arena_alloc(&arena, 1));
	arena_free(&arena);
}

static void
a_large_piece_leaves_the_current_block_in_use(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	arena_alloc(&arena, 16);
	arena_alloc(&arena, 10 * BLOCK_BYTES);
	size_t held = arena_held(&arena);
	arena_alloc(&arena, BLOCK_BYTES - 16);
	assert_int_equal(arena_held(&arena), held);
	arena_free(&arena);
}

static void
copies_are_copies(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, BLOCK_BYTES, 0);
	char source[] = "lớp học";
	struct slice copy = arena_copy(&arena, slice_text(source));
	char *text = arena_text(&arena, slice_text(source));
	source[0] = 'X';
	assert_true(slice_equal(copy, slice_text("lớp học")));
	assert_string_equal(text, "lớp học");
	assert_string_equal(arena_text(&arena, slice_of(NULL, 0)), "");
	assert_null(arena_copy(&arena, slice_of(NULL, 0)).data);
	assert_non_null(arena_copy(&arena, slice_text("")).data);
	arena_free(&arena);
}

static void
format_measures_before_it_writes(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 64, 0);
	assert_string_equal(arena_format(&arena, "class %s has %d seats", "K12", 40), "class K12 has 40 seats");
	char *wide = arena_format(&arena, "%500d", 7);
	assert_int_equal(strlen(wide), 500);
	assert_int_equal(wide[499], '7');
	assert_string_equal(arena_format(&arena, "%s", ""), "");
	arena_free(&arena);
}

static void
huge_pages_go_from_one_arena_to_the_next(void **state)
{
	(void)state;
	struct arena_pages pages = {.first = NULL};
	struct arena one;
	struct arena other;
	arena_init(&one, ARENA_HUGE_BYTES, 0);
	one.pages = &pages;
	uint8_t *first = arena_alloc(&one, 1000);
	memset(arena_alloc(&one, ARENA_HUGE_BYTES - 1000), 7, ARENA_HUGE_BYTES - 1000);
	assert_null(pages.first);
	arena_free(&one);
	assert_non_null(pages.first);
	arena_init(&other, ARENA_HUGE_BYTES, 0);
	other.pages = &pages;
	assert_true(arena_alloc(&other, 10) == first || arena_alloc(&other, ARENA_HUGE_BYTES - 100) == first);
	uint8_t *zero = arena_zero(&other, 50);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(zero[i], 0);
	arena_free(&other);
	arena_pages_free(&pages);
	assert_null(pages.first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(small_pieces_pay_their_padding),
		cmocka_unit_test(own_needs_ignore_the_limit),
		cmocka_unit_test(zero_means_zero_in_a_reused_block),
		cmocka_unit_test(resets_keep_the_blocks_that_rounds_need),
		cmocka_unit_test(reset_after_only_a_large_piece_keeps_nothing),
		cmocka_unit_test(a_large_piece_leaves_the_current_block_in_use),
		cmocka_unit_test(huge_pages_go_from_one_arena_to_the_next),
		cmocka_unit_test(copies_are_copies),
		cmocka_unit_test(format_measures_before_it_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
