/* tests/unit/jcs_test.c
 *
 * Canonical JSON gives the bytes that RFC 8785 and its published test data give.
 *
 * Sources: RFC 8785 section 3.2 and appendix B; github.com/cyberphone/json-canonicalization,
 * testdata (input and output of arrays, french, structures, unicode, values, weird). */
#include "common/credential/jcs.h"

#include "common/base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

enum { ROUNDS = 20000 };

static const char *
canonical(struct arena *arena, const char *text)
{
	struct jcs_tree tree = jcs_parse(arena, slice_text(text));
	if (tree.root == NULL)
		fail_msg("%s: %s", text, tree.fault);
	return arena_text(arena, jcs_text(arena, tree.root, NULL));
}

static void
the_published_examples_come_out_byte_by_byte(void **state)
{
	static const struct {
		const char *name, *input, *output;
	} examples[] = {
		{"arrays", "[\n  56,\n  {\n    \"d\": true,\n    \"10\": null,\n    \"1\": [ ]\n  }\n]",
		 "[56,{\"1\":[],\"10\":null,\"d\":true}]"},
		{"french",
		 "{\n  \"peach\": \"This sorting order\",\n  \"péché\": \"is wrong according to French\",\n"
		 "  \"pêche\": \"but canonicalization MUST\",\n  \"sin\":   \"ingnore locale\"\n}\n",
		 "{\"peach\":\"This sorting order\",\"péché\":\"is wrong according to French\","
		 "\"pêche\":\"but canonicalization MUST\",\"sin\":\"ingnore locale\"}"},
		{"structures",
		 "{\n  \"1\": {\"f\": {\"f\": \"hi\",\"F\": 5} ,\"\\n\": 56.0},\n  \"10\": { },\n  \"\": \"empty\",\n"
		 "  \"a\": { },\n  \"111\": [ { } ],\n  \"A\": { }\n}",
		 "{\"\":\"empty\",\"1\":{\"\\n\":56,\"f\":{\"F\":5,\"f\":\"hi\"}},\"10\":{},\"111\":[{}],\"A\":{},"
		 "\"a\":{}}"},
		{"unicode", "{\n  \"Unnormalized Unicode\":\"\\u1e0d\\u0307\"\n}\n",
		 "{\"Unnormalized Unicode\":\"\xe1\xb8\x8d\xcc\x87\"}"},
		{"values",
		 "{\n  \"numbers\": [1E30, 4.50, 333333333.33333329, 2e-3, 0.000000000000000000000000001],\n"
		 "  \"escaping\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
		 "  \"literals\": [null, true, false]\n}",
		 "{\"escaping\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",\"literals\":[null,true,false],"
		 "\"numbers\":[1e+30,4.5,333333333.3333333,0.002,1e-27]}"},
		{"weird",
		 "{\n  \"\\u20ac\": \"Euro Sign\",\n  \"\\r\": \"Carriage Return\",\n  \"1\": \"One\",\n"
		 "  \"\\u0080\": \"Control\\u007f\",\n  \"\\ud83d\\ude02\": \"Smiley\",\n"
		 "  \"\\u00f6\": \"Latin Small Letter O With Diaeresis\",\n"
		 "  \"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\",\n  \"</script>\": \"Browser Challenge\"\n}\n",
		 "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"</script>\":\"Browser Challenge\",\"\xc2\x80\":"
		 "\"Control\x7f\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😂\":\"Smiley\","
		 "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}"},
	};
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const char *once = canonical(*state, examples[i].input);
		print_message("%s\n", examples[i].name);
		assert_string_equal(once, examples[i].output);
		assert_string_equal(canonical(*state, once), once);
	}
}

static void
numbers_are_spelt_as_the_rfc_lists_them(void **state)
{
	static const struct {
		uint64_t bits;
		const char *text;
	} numbers[] = {
		{0x0000000000000000, "0"},
		{0x8000000000000000, "0"},
		{0x0000000000000001, "5e-324"},
		{0x8000000000000001, "-5e-324"},
		{0x7fefffffffffffff, "1.7976931348623157e+308"},
		{0xffefffffffffffff, "-1.7976931348623157e+308"},
		{0x4340000000000000, "9007199254740992"},
		{0xc340000000000000, "-9007199254740992"},
		{0x4430000000000000, "295147905179352830000"},
		{0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{0x44b52d02c7e14af6, "1e+23"},
		{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		{0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{0x444b1ae4d6e2ef50, "1e+21"},
		{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{0x3eb0c6f7a0b5ed8d, "0.000001"},
		{0x41b3de4355555553, "333333333.3333332"},
		{0x41b3de4355555554, "333333333.33333325"},
		{0x41b3de4355555555, "333333333.3333333"},
		{0x41b3de4355555556, "333333333.3333334"},
		{0x41b3de4355555557, "333333333.33333343"},
		{0xbecbf647612f3696, "-0.0000033333333333333333"},
		{0x43143ff3c1cb0959, "1424953923781206.2"},
		{0x3d30000000000000, "5.684341886080802e-14"}, /* 2^-44: the nearest of 16 digits would not read back */
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		double value;
		memcpy(&value, &numbers[i].bits, sizeof(value));
		assert_string_equal(jcs_number(*state, value), numbers[i].text);
	}
}

static void
a_number_reads_back_as_itself(void **state)
{
	struct random random = {.state = 8785};
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t bits = random_next(&random);
		double value;
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		assert_true(strtod(jcs_number(*state, value), NULL) == value);
		arena_reset(*state);
	}
}

static void
another_spelling_of_a_number_is_noticed(void **state)
{
	assert_false(jcs_parse(*state, slice_text("{\"a\":16,\"b\":[0,-1,1.5,1e+30]}")).respelt);
	static const char *const respelt[] = {"16.0", "1e1", "1.50", "-0", "1E+30", "9007199254740993"};
	for (size_t i = 0; i < sizeof(respelt) / sizeof(respelt[0]); i++) {
		struct jcs_tree tree = jcs_parse(*state, slice_text(respelt[i]));
		assert_non_null(tree.root);
		assert_true(tree.respelt);
	}
}

static void
what_has_no_one_meaning_is_refused(void **state)
{
	static const struct {
		const char *text, *fault;
	} bad[] = {
		{"{\"a\":1,\"b\":2,\"a\":1}", "an object has two members of the same name"},
		{"{\"x\":{\"\\u0061\":1,\"a\":2}}", "an object has two members of the same name"},
		{"1e400", "a number is too large"},
		{"[1,2", NULL},
		{"{\"a\":1}{", NULL},
		{"\"\\ud800\"", NULL},
		{"NaN", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct jcs_tree tree = jcs_parse(*state, slice_text(bad[i].text));
		assert_null(tree.root);
		assert_non_null(tree.fault);
		if (bad[i].fault != NULL)
			assert_string_equal(tree.fault, bad[i].fault);
	}
}

/* An array of count times the same value. */
static struct slice
many(struct arena *arena, const char *value, size_t count)
{
	char *text = arena_alloc(arena, count * (strlen(value) + 1) + 2);
	char *at = text;
	*at++ = '[';
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s%s", i == 0 ? "" : ",", value);
	*at++ = ']';
	return slice_of(text, (size_t)(at - text));
}

static void
hostile_sizes_are_refused(void **state)
{
	struct arena *arena = *state;
	assert_non_null(jcs_parse(arena, many(arena, "1", JCS_VALUES_MAX - 1)).root);
	assert_string_equal(jcs_parse(arena, many(arena, "1", JCS_VALUES_MAX)).fault, "the text holds too many values");
	struct slice large = many(arena, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", JCS_VALUES_MAX - 1);
	assert_true(large.size > JCS_INPUT_BYTES_MAX);
	assert_string_equal(jcs_parse(arena, large).fault, "the text is too large");
	assert_null(jcs_parse(arena, slice_text("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]")).root);
	const char *digits = arena_format(arena, "0.%0*d", JCS_NUMBER_BYTES_MAX, 1);
	assert_string_equal(jcs_parse(arena, slice_text(digits)).fault, "a number is spelt with too many digits");
}

static void
members_in_any_order_are_sorted(void **state)
{
	struct random random = {.state = 1};
	for (int round = 0; round < 50; round++) {
		struct arena *arena = *state;
		unsigned names[100];
		for (unsigned i = 0; i < 100; i++)
			names[i] = i;
		const char *text = "{";
		for (unsigned left = 100; left > 0; left--) {
			unsigned pick = (unsigned)random_below(&random, left);
			text = arena_format(arena, "%s%s\"%02u\":0", text, left == 100 ? "" : ",", names[pick]);
			names[pick] = names[left - 1];
		}
		struct jcs_tree tree = jcs_parse(arena, slice_text(arena_format(arena, "%s}", text)));
		unsigned at = 0;
		for (const struct jcs_value *member = tree.root->first; member != NULL; member = member->next)
			assert_true(slice_equal(member->name, slice_text(arena_format(arena, "%02u", at++))));
		assert_int_equal(at, 100);
		arena_reset(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_examples_come_out_byte_by_byte),
		cmocka_unit_test(numbers_are_spelt_as_the_rfc_lists_them),
		cmocka_unit_test(a_number_reads_back_as_itself),
		cmocka_unit_test(another_spelling_of_a_number_is_noticed),
		cmocka_unit_test(what_has_no_one_meaning_is_refused),
		cmocka_unit_test(hostile_sizes_are_refused),
		cmocka_unit_test(members_in_any_order_are_sorted),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
