/* tests/unit/buf_test.c
 *
 * A buffer holds exactly what was appended, up to its limit; past it, it fails
 * and holds a true beginning of what was written. */
#include "common/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
assert_holds(const struct buf *buf, const char *text)
{
	assert_false(buf_failed(buf));
	assert_int_equal(buf->size, strlen(text));
	assert_memory_equal(buf->data, text, strlen(text));
}

static void
appends_follow_each_other(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1000);
	buf_text(&buf, "one");
	buf_byte(&buf, ' ');
	buf_append(&buf, slice_text("two"));
	buf_append(&buf, slice_of(NULL, 0));
	buf_format(&buf, " %d%s", 3, "!");
	assert_holds(&buf, "one two 3!");
	memcpy(buf_extend(&buf, 2), "ab", 2);
	assert_holds(&buf, "one two 3!ab");
	buf_reset(&buf);
	assert_int_equal(buf.size, 0);
	buf_text(&buf, "new");
	assert_holds(&buf, "new");
	buf_free(&buf);
}

static void
growth_keeps_the_bytes(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < 100000; i++)
		buf_byte(&buf, (uint8_t)(i * 7));
	assert_int_equal(buf.size, 100000);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], (uint8_t)(i * 7));
	buf_free(&buf);
}

static void
the_limit_is_exact(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	buf_text(&buf, "0123456789");
	assert_holds(&buf, "0123456789");
	assert_non_null(buf_extend(&buf, 0));
	assert_false(buf_failed(&buf));
	buf_byte(&buf, 'x');
	assert_true(buf_failed(&buf));
	assert_int_equal(buf.size, 10);
	assert_true(buf.capacity <= 11);
	buf_free(&buf);
}

static void
nothing_follows_a_dropped_append(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	buf_text(&buf, "01234");
	buf_text(&buf, "too long");
	buf_byte(&buf, 'x');
	assert_null(buf_extend(&buf, 0));
	buf_format(&buf, "%d", 1);
	assert_true(buf_failed(&buf));
	assert_int_equal(buf.size, 5);
	assert_true(slice_equal(buf_slice(&buf), slice_text("01234")));
	buf_reset(&buf);
	assert_false(buf_failed(&buf));
	buf_text(&buf, "fits");
	assert_holds(&buf, "fits");
	buf_free(&buf);
}

static void
format_fits_to_the_last_byte(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 300);
	buf_format(&buf, "%0300d", 5);
	assert_false(buf_failed(&buf));
	assert_int_equal(buf.size, 300);
	assert_int_equal(buf.data[299], '5');
	buf_reset(&buf);
	buf_text(&buf, "x");
	buf_format(&buf, "%0300d", 5);
	assert_true(buf_failed(&buf));
	assert_int_equal(buf.size, 1);
	buf_free(&buf);
}

/* Formats of every length around the first growth steps, where an off-by-one would live. */
static void
format_survives_every_growth(void **state)
{
	(void)state;
	for (int width = 200; width < 600; width++) {
		struct buf buf;
		buf_init(&buf, 2000);
		buf_text(&buf, "head");
		buf_format(&buf, "%*d", width, 42);
		buf_text(&buf, "tail");
		assert_int_equal(buf.size, width + 8);
		assert_memory_equal(buf.data + buf.size - 6, "42tail", 6);
		buf_free(&buf);
	}
}

static void
a_huge_size_does_not_wrap(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	buf_text(&buf, "abc");
	assert_null(buf_extend(&buf, SIZE_MAX));
	assert_true(buf_failed(&buf));
	buf_free(&buf);
	assert_null(buf.data);
	buf_text(&buf, "again");
	assert_holds(&buf, "again");
	buf_free(&buf);
}

static void
numbers_are_decimal(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	buf_number(&buf, 0);
	buf_byte(&buf, ' ');
	buf_number(&buf, 1090);
	buf_byte(&buf, ' ');
	buf_number(&buf, UINT64_MAX);
	assert_holds(&buf, "0 1090 18446744073709551615");
	buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_follow_each_other),    cmocka_unit_test(growth_keeps_the_bytes),
		cmocka_unit_test(the_limit_is_exact),           cmocka_unit_test(nothing_follows_a_dropped_append),
		cmocka_unit_test(format_fits_to_the_last_byte), cmocka_unit_test(format_survives_every_growth),
		cmocka_unit_test(a_huge_size_does_not_wrap),    cmocka_unit_test(numbers_are_decimal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
