/* tests/unit/json_test.c
 *
 * The JSON reader against RFC 8259: what it takes, what it refuses and where, and
 * that writing and reading a string gives the same bytes. */
#include "common/wire/json.h"

#include "common/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;

static int
arena_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 14, 0);
	return 0;
}

static int
arena_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* Reads a copy that ends where its memory ends, so that a read beyond it shows. */
static const char *
first_fault(struct slice input, size_t *at)
{
	struct json_reader reader;
	struct slice text;
	enum json_kind kind;
	uint8_t *copy = malloc(input.size + 1);
	memcpy(copy + 1, input.data, input.size);
	json_open(&reader, slice_of(copy + 1, input.size), &arena);
	do
		kind = json_next(&reader, &text);
	while (kind != JSON_END && kind != JSON_FAULT);
	if (kind == JSON_FAULT)
		assert_int_equal(json_next(&reader, &text), JSON_FAULT);
	free(copy);
	*at = reader.at;
	return kind == JSON_END ? NULL : reader.fault;
}

static void
reads_a_whole_value(void **state)
{
	(void)state;
	struct json_reader reader;
	struct slice text;
	static const struct {
		enum json_kind kind;
		const char *text;
	} expected[] = {
		{JSON_OBJECT, NULL},     {JSON_NAME, "a"},
		{JSON_ARRAY, NULL},      {JSON_NUMBER, "-1.5e+3"},
		{JSON_TRUE, NULL},       {JSON_FALSE, NULL},
		{JSON_NULL, NULL},       {JSON_ARRAY, NULL},
		{JSON_ARRAY_END, NULL},  {JSON_OBJECT, NULL},
		{JSON_OBJECT_END, NULL}, {JSON_ARRAY_END, NULL},
		{JSON_NAME, ""},         {JSON_STRING, "Nguy\u1ec5n \U0001f600/\n"},
		{JSON_OBJECT_END, NULL}, {JSON_END, NULL},
		{JSON_END, NULL},
	};
	json_open(&reader,
		  slice_text(" {\"a\" : [-1.5e+3,true ,false,null,[ ],{ }]\t,\n\"\":"
			     "\"Nguy\\u1EC5n \\ud83d\\ude00\\/\\n\"} "),
		  &arena);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(json_next(&reader, &text), expected[i].kind);
		if (expected[i].text != NULL)
			assert_true(slice_equal(text, slice_text(expected[i].text)));
	}
}

#define TEXT(text)                                                                                                     \
	{                                                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1                                                              \
	}

static void
takes_good_texts(void **state)
{
	(void)state;
	static const struct slice good[] = {
		TEXT("0"),
		TEXT("-0"),
		TEXT("10"),
		TEXT("0.0"),
		TEXT("1E9"),
		TEXT("1e-07"),
		TEXT(" true\r\n"),
		TEXT("null"),
		TEXT("\"\""),
		TEXT("\"\x7f\""),
		TEXT("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
		TEXT("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
		TEXT("\"\\u0000\\uffff\\uD800\\uDC00\\udbff\\udfff\""),
		TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
		TEXT("[]"),
		TEXT("{}"),
		TEXT("[[],[1],{\"a\":{\"a\":[]}}]"),
		TEXT("{\"a\":1,\"a\":1}"),
		TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		size_t at;
		const char *fault = first_fault(good[i], &at);
		if (fault != NULL)
			fail_msg("row %zu was refused at %zu: %s", i, at, fault);
	}
}

static const struct {
	struct slice text;
	size_t at;
	const char *fault;
} bad_texts[] = {
	{TEXT(""), 0, "the text ends early"},
	{TEXT("  "), 2, "the text ends early"},
	{TEXT("["), 1, "the text ends early"},
	{TEXT("[1"), 2, "the text ends early"},
	{TEXT("[1,"), 3, "the text ends early"},
	{TEXT("{\"a\":"), 5, "the text ends early"},
	{TEXT("{"), 1, "a member's name was expected"},
	{TEXT("{\"a\""), 4, "a colon was expected"},
	{TEXT("{\"a\":1,}"), 7, "a comma has nothing behind it"},
	{TEXT("[1,]"), 3, "a comma has nothing behind it"},
	{TEXT("[,1]"), 1, "a value was expected"},
	{TEXT("[1 2]"), 3, "a comma was expected"},
	{TEXT("[1}"), 2, "a comma was expected"},
	{TEXT("{\"a\":1]"), 6, "a comma was expected"},
	{TEXT("{\"a\":}"), 5, "a value was expected"},
	{TEXT("{\"a\",1}"), 4, "a colon was expected"},
	{TEXT("{1:1}"), 1, "a member's name was expected"},
	{TEXT("]"), 0, "a value was expected"},
	{TEXT("1 1"), 2, "there is more behind the value"},
	{TEXT("01"), 1, "there is more behind the value"},
	{TEXT("1\0"), 1, "there is more behind the value"},
	{TEXT("+1"), 0, "a value was expected"},
	{TEXT(".5"), 0, "a value was expected"},
	{TEXT("-"), 1, "a number is not spelt as JSON has it"},
	{TEXT("-a"), 1, "a number is not spelt as JSON has it"},
	{TEXT("1."), 2, "a number is not spelt as JSON has it"},
	{TEXT("1.e1"), 2, "a number is not spelt as JSON has it"},
	{TEXT("1e"), 2, "a number is not spelt as JSON has it"},
	{TEXT("1e+"), 3, "a number is not spelt as JSON has it"},
	{TEXT("NaN"), 0, "a value was expected"},
	{TEXT("nul"), 0, "a value was expected"},
	{TEXT("truefalse"), 4, "there is more behind the value"},
	{TEXT("'a'"), 0, "a value was expected"},
	{TEXT("\xef\xbb\xbf"
	      "1"),
	 0, "a value was expected, not a byte order mark"},
	{TEXT("/**/1"), 0, "a value was expected"},
	{TEXT("\"a"), 2, "a string has no end"},
	{TEXT("\"12345678"), 9, "a string has no end"},
	{TEXT("\"a\nb\""), 2, "a string holds a control character"},
	{TEXT("\"1234\0"
	      "678\""),
	 5, "a string holds a control character"},
	{TEXT("\"\\"), 1, "a string holds a bad escape"},
	{TEXT("\"\\x41\""), 1, "a string holds a bad escape"},
	{TEXT("\"\\\0\""), 1, "a string holds a bad escape"},
	{TEXT("\"\\u12g4\""), 1, "a string holds a bad escape"},
	{TEXT("\"\\u123"), 1, "a string holds a bad escape"},
	{TEXT("\"\\ud800\""), 1, "a string holds an unpaired surrogate"},
	{TEXT("\"\\ud800\\u0041\""), 1, "a string holds an unpaired surrogate"},
	{TEXT("\"\\ud800\\ud800\""), 1, "a string holds an unpaired surrogate"},
	{TEXT("\"x\\udfff\""), 2, "a string holds an unpaired surrogate"},
	{TEXT("\"\\udc00\\ud800\""), 1, "a string holds an unpaired surrogate"},
	{TEXT("\"\x80\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xc0\x80\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xc1\xbf\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xc3\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xe0\x9f\xbf\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xed\xa0\x80\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xe1\xbb\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xf0\x8f\xbf\xbf\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xf4\x90\x80\x80\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xf5\x80\x80\x80\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xff\""), 1, "a string is not valid UTF-8"},
	{TEXT("\"\xe1\xbb"), 1, "a string is not valid UTF-8"},
	{TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), 32, "values nest too deep"},
};

static void
refuses_bad_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_texts / sizeof *bad_texts; i++) {
		size_t at;
		const char *fault = first_fault(bad_texts[i].text, &at);
		if (fault == NULL || strcmp(fault, bad_texts[i].fault) != 0 || at != bad_texts[i].at)
			fail_msg("row %zu: \"%s\" at %zu", i, fault == NULL ? "taken" : fault, at);
	}
}

static void
a_million_brackets_cost_nothing(void **state)
{
	(void)state;
	size_t size = 1000000;
	size_t at;
	uint8_t *bomb = malloc(size);
	memset(bomb, '[', size);
	assert_string_equal(first_fault(slice_of(bomb, size), &at), "values nest too deep");
	for (size_t i = 0; i + 5 <= size; i += 5)
		memcpy(bomb + i, "{\"a\":", 5);
	assert_string_equal(first_fault(slice_of(bomb, size), &at), "values nest too deep");
	free(bomb);
}

static void
every_cut_text_is_refused(void **state)
{
	(void)state;
	static const char whole[] =
		"{\"id\":\"v\\u00e9\",\"list\":[1,-2.5e3,true,null,{\"x\":\"\xe1\xbb\x85\"}],\"o\":{}}";
	for (size_t size = 0; size < sizeof whole - 1; size++) {
		size_t at;
		assert_non_null(first_fault(slice_of(whole, size), &at));
		assert_true(at <= size);
	}
}

static void
strings_come_back_as_they_were(void **state)
{
	(void)state;
	struct random random = {.state = 11};
	static const char *const bits[] = {"a",    "\"",     "\\",         "\n", "\x01",       "\x1f",
					   "\x7f", "\u1ec5", "\U0001f600", "/",  "plain text "};
	for (int round = 0; round < 3000; round++) {
		struct buf plain, written;
		struct json_reader reader;
		struct slice text;
		buf_init(&plain, 1 << 16);
		buf_init(&written, 1 << 16);
		for (uint64_t left = random_below(&random, 20); left > 0; left--) {
			uint64_t pick = random_below(&random, 12);
			if (pick == 11)
				buf_byte(&plain, 0);
			else
				buf_text(&plain, bits[pick]);
		}
		json_write_string(&written, buf_slice(&plain));
		json_open(&reader, buf_slice(&written), &arena);
		assert_int_equal(json_next(&reader, &text), JSON_STRING);
		assert_true(slice_equal(text, buf_slice(&plain)));
		assert_int_equal(json_next(&reader, &text), JSON_END);
		buf_free(&plain);
		buf_free(&written);
		arena_reset(&arena);
	}
}

static void
escapes_are_short_where_json_has_a_letter(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	json_write_string(&buf, slice_text("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9"));
	assert_true(slice_equal(buf_slice(&buf), slice_text("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"")));
	buf_free(&buf);
	buf_init(&buf, 4);
	json_write_string(&buf, slice_text("abc"));
	assert_true(buf_failed(&buf));
	buf_free(&buf);
}

static void
skip_gives_the_bytes_of_one_value(void **state)
{
	(void)state;
	static const char *const values[] = {"1",    "\"a\\\"b\"", "{\"a\":[1, 2],\"b\":{}}", "[]", "[[ ] ]",
					     "null", "-1.5"};
	struct buf list;
	struct json_reader reader;
	struct slice text;
	buf_init(&list, 1000);
	for (size_t i = 0; i < 7; i++)
		buf_format(&list, "%s %s \n", i == 0 ? "[" : ",", values[i]);
	buf_text(&list, "]");
	json_open(&reader, buf_slice(&list), &arena);
	assert_int_equal(json_next(&reader, &text), JSON_ARRAY);
	for (size_t i = 0; i < 7; i++) {
		assert_true(json_skip(&reader, &text));
		assert_true(slice_equal(text, slice_text(values[i])));
	}
	assert_int_equal(json_next(&reader, &text), JSON_ARRAY_END);
	assert_int_equal(json_next(&reader, &text), JSON_END);
	buf_free(&list);

	json_open(&reader, slice_text("{\"a\": [1],\"b\":[1,}"), &arena);
	assert_int_equal(json_next(&reader, &text), JSON_OBJECT);
	assert_int_equal(json_next(&reader, &text), JSON_NAME);
	assert_true(json_skip(&reader, &text));
	assert_true(slice_equal(text, slice_text("[1]")));
	assert_int_equal(json_next(&reader, &text), JSON_NAME);
	assert_false(json_skip(&reader, &text));
	assert_string_equal(reader.fault, "a value was expected");

	json_open(&reader, slice_text("[]"), &arena);
	assert_int_equal(json_next(&reader, &text), JSON_ARRAY);
	assert_false(json_skip(&reader, &text));
	assert_int_equal(json_next(&reader, &text), JSON_FAULT);

	json_open(&reader, slice_text(" {\"a\":1} "), &arena);
	assert_true(json_skip(&reader, &text));
	assert_true(slice_equal(text, slice_text("{\"a\":1}")));
	assert_int_equal(json_next(&reader, &text), JSON_END);
}

static void
plain_strings_point_into_the_input(void **state)
{
	(void)state;
	struct json_reader reader;
	struct slice input = slice_text("\"Hu\xe1\xba\xbf\"");
	struct slice text;
	struct arena small;
	arena_init(&small, 64, 4);
	json_open(&reader, input, &small);
	assert_int_equal(json_next(&reader, &text), JSON_STRING);
	assert_ptr_equal(text.data, input.data + 1);
	json_open(&reader, slice_text("\"long\\ntext\""), &small);
	assert_int_equal(json_next(&reader, &text), JSON_FAULT);
	assert_string_equal(reader.fault, "the text needs more memory than a call may use");
	arena_free(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_value),
		cmocka_unit_test(takes_good_texts),
		cmocka_unit_test(refuses_bad_texts),
		cmocka_unit_test(a_million_brackets_cost_nothing),
		cmocka_unit_test(every_cut_text_is_refused),
		cmocka_unit_test(strings_come_back_as_they_were),
		cmocka_unit_test(escapes_are_short_where_json_has_a_letter),
		cmocka_unit_test(skip_gives_the_bytes_of_one_value),
		cmocka_unit_test(plain_strings_point_into_the_input),
	};
	return cmocka_run_group_tests(tests, arena_up, arena_down);
}
