/* common/credential/jcs.c
 *
 * RFC 8785. The tree is built without recursion over the pull reader, which limits depth;
 * an object's members are merge-sorted when it closes, so hostile orders cost no more than
 * honest ones, and duplicates then stand side by side.
 *
 * Promise: two texts have the same canonical bytes exactly if they say the same as I-JSON
 * (RFC 7493): strings by code points, numbers as doubles. */
#include "common/credential/jcs.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum {
	JCS_TEXT_BYTES_MAX = 8 * JCS_LARGE_BYTES_MAX, /* 1e20 is spelt with 21 digits; nothing grows more */
	EXACT_DIGITS = 15,                            /* any decimal of 15 digits survives a double (DBL_DIG) */
	DIGITS_MAX = 17,
};

/* --- numbers ---------------------------------------------------------------------------------------------------- */

/* The value is 0.DIGITS times ten to the power of point. */
struct decimal {
	char digits[DIGITS_MAX + 1];
	int count;
	int point;
};

/* "e+07" or "e-300": what printf writes. */
static int
exponent_read(const char *at)
{
	int exponent = 0;
	for (const char *digit = at + 2; *digit != '\0'; digit++)
		exponent = exponent * 10 + (*digit - '0');
	return at[1] == '-' ? -exponent : exponent;
}

/* Rounded to that many digits. */
static struct decimal
decimal_round(struct arena *arena, double value, int digits)
{
	struct decimal decimal = {.count = 0};
	const char *text = arena_format(arena, "%.*e", digits - 1, value);
	const char *at = text;
	for (; *at != 'e'; at++) {
		if (*at != '.')
			decimal.digits[decimal.count++] = *at;
	}
	decimal.digits[decimal.count] = '\0';
	decimal.point = exponent_read(at) + 1;
	return decimal;
}

static struct decimal
decimal_trim(struct decimal decimal)
{
	while (decimal.count > 1 && decimal.digits[decimal.count - 1] == '0')
		decimal.count--;
	decimal.digits[decimal.count] = '\0';
	return decimal;
}

static bool
decimal_is(struct arena *arena, const struct decimal *decimal, double value)
{
	const char *text = arena_format(arena, "0.%se%d", decimal->digits, decimal->point);
	return strtod(text, NULL) == value;
}

/* The next larger one of as many digits; false if it would need a carry out of the first. */
static bool
decimal_step(struct decimal *decimal)
{
	for (int i = decimal->count - 1; i >= 0; i--) {
		if (decimal->digits[i] != '9') {
			decimal->digits[i]++;
			return true;
		}
		decimal->digits[i] = '0';
	}
	return false;
}

/* The fewest digits that read back as value, and of those the nearest (ECMA-262, Number::toString,
 * step 5). Rounding to n digits finds them, but for powers of two, where the gap below is half the gap
 * above: there the nearest may fail to read back while the next larger one does. */
static struct decimal
decimal_shortest(struct arena *arena, double value)
{
	const double least_normal = 0x1p-1022;
	for (int digits = value < least_normal ? 1 : EXACT_DIGITS; digits < DIGITS_MAX; digits++) {
		struct decimal decimal = decimal_round(arena, value, digits);
		if (decimal_is(arena, &decimal, value))
			return decimal_trim(decimal);
		if (decimal_step(&decimal) && decimal_is(arena, &decimal, value))
			return decimal_trim(decimal);
	}
	return decimal_trim(decimal_round(arena, value, DIGITS_MAX));
}

static const char *
decimal_text(struct arena *arena, const char *sign, const struct decimal *decimal)
{
	const char *digits = decimal->digits;
	int count = decimal->count;
	int point = decimal->point;
	if (count <= point && point <= 21)
		return arena_format(arena, "%s%s%.*s", sign, digits, point - count, "000000000000000000000");
	if (0 < point && point <= 21)
		return arena_format(arena, "%s%.*s.%s", sign, point, digits, digits + point);
	if (-6 < point && point <= 0)
		return arena_format(arena, "%s0.%.*s%s", sign, -point, "000000", digits);
	const char *dot = count > 1 ? "." : "";
	return arena_format(arena, "%s%c%s%se%+d", sign, digits[0], dot, digits + 1, point - 1);
}

const char *
jcs_number(struct arena *arena, double value)
{
	assert(isfinite(value));
	if (value == 0)
		return "0"; /* minus zero too */
	struct decimal decimal = decimal_shortest(arena, fabs(value));
	return decimal_text(arena, value < 0 ? "-" : "", &decimal);
}

/* Most numbers: up to 15 digits and nothing else are spelt as they are. */
static bool
is_short_integer(struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.size <= EXACT_DIGITS;
}

static bool
number_respell(struct jcs_tree *tree, struct arena *arena, struct slice *text)
{
	if (is_short_integer(*text))
		return true;
	if (text->size > JCS_NUMBER_BYTES_MAX) {
		tree->fault = "a number is spelt with too many digits";
		return false;
	}
	double value = strtod(arena_text(arena, *text), NULL);
	if (!isfinite(value)) {
		tree->fault = "a number is too large";
		return false;
	}
	struct slice canonical = slice_text(jcs_number(arena, value));
	tree->respelt |= !slice_equal(*text, canonical);
	*text = canonical;
	return true;
}

/* --- order ------------------------------------------------------------------------------------------------------ */

/* UTF-8 sorts by code point. UTF-16 does too, but for the code points beyond U+FFFF (lead bytes F0 to F4),
 * whose surrogates sort below U+E000 to U+FFFF (lead bytes EE and EF). */
static unsigned
rank(uint8_t byte)
{
	if (byte >= 0xf0)
		return byte - 2u;
	return byte >= 0xee ? byte + 8u : byte;
}

static int
compare_utf16(struct slice a, struct slice b)
{
	size_t shared = a.size < b.size ? a.size : b.size;
	for (size_t i = 0; i < shared; i++) {
		if (a.data[i] != b.data[i])
			return rank(a.data[i]) < rank(b.data[i]) ? -1 : 1;
	}
	return a.size < b.size ? -1 : a.size > b.size;
}

static struct jcs_value *
merge(struct jcs_value *a, struct jcs_value *b)
{
	struct jcs_value *first = NULL;
	struct jcs_value **last = &first;
	while (a != NULL && b != NULL) {
		struct jcs_value **less = compare_utf16(a->name, b->name) <= 0 ? &a : &b;
		*last = *less;
		last = &(*less)->next;
		*less = (*less)->next;
	}
	*last = a != NULL ? a : b;
	return first;
}

/* Bottom up: run i holds a sorted list of 2^i members, or none. */
static struct jcs_value *
sort(struct jcs_value *members)
{
	enum { RUNS = 24 };
	struct jcs_value *runs[RUNS] = {NULL};
	while (members != NULL) {
		struct jcs_value *one = members;
		members = members->next;
		one->next = NULL;
		unsigned run = 0;
		for (; runs[run] != NULL; run++) {
			one = merge(runs[run], one);
			runs[run] = NULL;
			assert(run + 1 < RUNS);
		}
		runs[run] = one;
	}
	struct jcs_value *sorted = NULL;
	for (unsigned run = 0; run < RUNS; run++)
		sorted = merge(runs[run], sorted);
	return sorted;
}

/* --- parsing ---------------------------------------------------------------------------------------------------- */

static bool
object_closes(struct jcs_tree *tree, struct jcs_value *object)
{
	object->first = sort(object->first);
	for (const struct jcs_value *at = object->first; at != NULL && at->next != NULL; at = at->next) {
		if (slice_equal(at->name, at->next->name)) {
			tree->fault = "an object has two members of the same name";
			return false;
		}
	}
	return true;
}

/* Members and items are pushed in front while their parent is open: arrays are turned round at the end. */
static void
array_closes(struct jcs_value *array)
{
	struct jcs_value *turned = NULL;
	while (array->first != NULL) {
		struct jcs_value *one = array->first;
		array->first = one->next;
		one->next = turned;
		turned = one;
	}
	array->first = turned;
}

static struct jcs_value *
value_add(struct arena *arena, struct jcs_value *parent, enum json_kind kind, struct slice name, struct slice text)
{
	struct jcs_value *value = arena_try(arena, sizeof(*value));
	if (value == NULL)
		return NULL;
	*value = (struct jcs_value){.kind = kind, .name = name, .text = text, .parent = parent};
	if (parent != NULL) {
		value->next = parent->first;
		parent->first = value;
	}
	return value;
}

/* One token; false at a fault. open is the innermost object or array that is not closed yet. */
static bool
token_take(struct jcs_tree *tree, struct arena *arena, enum json_kind kind, struct slice name, struct slice text,
	   struct jcs_value **open)
{
	if (kind == JSON_OBJECT_END || kind == JSON_ARRAY_END) {
		struct jcs_value *closed = *open;
		*open = closed->parent;
		if (kind == JSON_OBJECT_END)
			return object_closes(tree, closed);
		array_closes(closed);
		return true;
	}
	if (kind == JSON_NUMBER && !number_respell(tree, arena, &text))
		return false;
	if (++tree->values > JCS_VALUES_MAX) {
		tree->fault = "the text holds too many values";
		return false;
	}
	struct jcs_value *value = value_add(arena, *open, kind, name, text);
	if (value == NULL) {
		tree->fault = "the text needs more memory than a call may use";
		return false;
	}
	if (tree->root == NULL)
		tree->root = value;
	if (kind == JSON_OBJECT || kind == JSON_ARRAY)
		*open = value;
	return true;
}

static struct jcs_tree
no_tree(const char *fault)
{
	return (struct jcs_tree){.root = NULL, .fault = fault};
}

struct jcs_tree
jcs_parse(struct arena *arena, struct slice input)
{
	return jcs_parse_upto(arena, input, JCS_INPUT_BYTES_MAX);
}

struct jcs_tree
jcs_parse_upto(struct arena *arena, struct slice input, size_t bytes_max)
{
	assert(bytes_max <= JCS_LARGE_BYTES_MAX);
	if (input.size > bytes_max)
		return no_tree("the text is too large");
	struct jcs_tree tree = {.root = NULL};
	struct jcs_value *open = NULL;
	struct slice name = {.data = NULL};
	struct json_reader reader;
	json_open(&reader, input, arena);
	for (;;) {
		struct slice text = {.data = NULL};
		enum json_kind kind = json_next(&reader, &text);
		if (kind == JSON_FAULT)
			return no_tree(reader.fault);
		if (kind == JSON_END)
			return tree;
		if (kind == JSON_NAME)
			name = text;
		else if (!token_take(&tree, arena, kind, name, text, &open))
			return no_tree(tree.fault);
	}
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void value_write(struct buf *buf, const struct jcs_value *value, const char *without);

static void
nest_write(struct buf *buf, const struct jcs_value *nest, const char *without)
{
	bool is_object = nest->kind == JSON_OBJECT;
	const char *comma = "";
	buf_text(buf, is_object ? "{" : "[");
	for (const struct jcs_value *at = nest->first; at != NULL; at = at->next) {
		if (is_object && without != NULL && slice_equal(at->name, slice_text(without)))
			continue;
		buf_text(buf, comma);
		comma = ",";
		if (is_object) {
			json_write_string(buf, at->name);
			buf_text(buf, ":");
		}
		value_write(buf, at, NULL);
	}
	buf_text(buf, is_object ? "}" : "]");
}

/* Nests no deeper than the reader let the tree be: JSON_DEPTH_MAX. */
static void
value_write(struct buf *buf, const struct jcs_value *value, const char *without)
{
	if (value->kind == JSON_OBJECT || value->kind == JSON_ARRAY)
		nest_write(buf, value, without);
	else if (value->kind == JSON_STRING)
		json_write_string(buf, value->text);
	else if (value->kind == JSON_NUMBER)
		buf_append(buf, value->text);
	else if (value->kind == JSON_NULL)
		buf_text(buf, "null");
	else
		buf_text(buf, value->kind == JSON_TRUE ? "true" : "false");
}

struct slice
jcs_text(struct arena *arena, const struct jcs_value *value, const char *without)
{
	struct buf buf;
	buf_init(&buf, JCS_TEXT_BYTES_MAX);
	value_write(&buf, value, without);
	assert(!buf_failed(&buf));
	struct slice text = arena_copy(arena, buf_slice(&buf));
	buf_free(&buf);
	return text;
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

const struct jcs_value *
jcs_member(const struct jcs_value *object, const char *name)
{
	if (object->kind != JSON_OBJECT)
		return NULL;
	for (const struct jcs_value *at = object->first; at != NULL; at = at->next) {
		if (slice_equal(at->name, slice_text(name)))
			return at;
	}
	return NULL;
}

bool
jcs_member_is(const struct jcs_value *object, const char *name, const char *text)
{
	const struct jcs_value *member = jcs_member(object, name);
	return member != NULL && member->kind == JSON_STRING && slice_equal(member->text, slice_text(text));
}
