/* tests/unit/store_test.c
 *
 * A store read as one although its rows lie in three layers, against a model that
 * holds one array: freezes, flushes and dry runs must never show. */
#include "common/core/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/random.h"

enum {
	TABLES = 3,   /* first byte of a key */
	GROUPS = 4,   /* second byte */
	MEMBERS = 40, /* third byte, and then a tail */
	KEYS = TABLES * GROUPS * MEMBERS,
	KEY_BYTES = 3,
	OPERATIONS = 20000,
};

/* The key of a number; numbers and keys have the same order. The last member of a group
 * has a key of the largest size. */
struct key {
	size_t size;
	uint8_t bytes[511];
};

static struct key
key_of(size_t number)
{
	struct key key = {.size = number % MEMBERS == MEMBERS - 1 ? sizeof(key.bytes) : KEY_BYTES + number % 7};
	memset(key.bytes, 0xff, key.size);
	key.bytes[0] = (uint8_t)(number / MEMBERS / GROUPS);
	key.bytes[1] = (uint8_t)(number / MEMBERS % GROUPS * 85); /* up to 0xff */
	key.bytes[2] = (uint8_t)(number % MEMBERS);
	return key;
}

static size_t
key_number(struct slice bytes)
{
	assert_true(bytes.size >= KEY_BYTES);
	size_t number = ((size_t)bytes.data[0] * GROUPS + bytes.data[1] / 85) * MEMBERS + bytes.data[2];
	struct key key = key_of(number);
	assert_true(slice_equal(bytes, slice_of(key.bytes, key.size)));
	return number;
}

/* One value a key, 0 when there is no row. Also serves as the base below the memtables. */
struct rows {
	uint32_t value[KEYS];
	struct key scratch; /* the key last handed out: a base promises no more */
};

static bool
rows_get(void *context, struct slice key, struct slice *value)
{
	const struct rows *rows = context;
	size_t number = key_number(key);
	*value = slice_of(&rows->value[number], sizeof(rows->value[0]));
	return rows->value[number] != 0;
}

static bool
rows_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	struct rows *rows = context;
	for (size_t number = 0; number < KEYS; number++) {
		struct key candidate = key_of(number);
		int order = slice_compare(slice_of(candidate.bytes, candidate.size), from);
		if (rows->value[number] == 0 || order < 0 || (order == 0 && !inclusive))
			continue;
		rows->scratch = candidate;
		*key = slice_of(rows->scratch.bytes, rows->scratch.size);
		*value = slice_of(&rows->value[number], sizeof(rows->value[0]));
		return true;
	}
	return false;
}

static void
put(struct store *store, size_t number, uint32_t value)
{
	struct key key = key_of(number);
	store_put(store, slice_of(key.bytes, key.size), slice_of(&value, sizeof(value)));
}

static void delete (struct store *store, size_t number)
{
	struct key key = key_of(number);
	store_delete(store, slice_of(key.bytes, key.size));
}

static uint32_t
value_number(struct slice value)
{
	uint32_t number;
	assert_int_equal(value.size, sizeof(number));
	memcpy(&number, value.data, sizeof(number));
	return number;
}

static void
check_get(const struct store *store, const struct rows *model, size_t number)
{
	struct key key = key_of(number);
	struct slice value;
	bool expected = model->value[number] != 0;
	assert_int_equal(store_get(store, slice_of(key.bytes, key.size), &value), expected);
	assert_int_equal(store_has(store, slice_of(key.bytes, key.size)), expected);
	if (expected)
		assert_int_equal(value_number(value), model->value[number]);
}

/* Walks all rows under the first prefix_size bytes of a key, from the key itself when after. */
static void
check_walk(const struct store *store, const struct rows *model, size_t number, size_t prefix_size, bool after)
{
	struct key key = key_of(number);
	struct slice prefix = slice_of(key.bytes, prefix_size);
	size_t expected = after ? number + 1 : 0;
	struct store_walk walk =
		after ? store_walk_after(store, prefix, slice_of(key.bytes, key.size)) : store_walk(store, prefix);
	for (;;) {
		for (; expected < KEYS; expected++) {
			struct key next = key_of(expected);
			if (model->value[expected] != 0 && slice_begins(slice_of(next.bytes, next.size), prefix))
				break;
		}
		if (!store_walk_next(&walk))
			break;
		assert_true(expected < KEYS);
		assert_int_equal(key_number(walk.key), expected);
		assert_int_equal(value_number(walk.value), model->value[expected]);
		expected++;
	}
	assert_int_equal(expected, KEYS);
	assert_false(store_walk_next(&walk));
}

/* Changes while it walks: rows behind must not return, rows ahead must show as they are. */
static void
check_walk_under_writes(struct store *store, struct rows *model, struct random *random)
{
	struct store_walk walk = store_walk(store, slice_of(NULL, 0));
	size_t expected = 0;
	for (;;) {
		while (expected < KEYS && model->value[expected] == 0)
			expected++;
		if (!store_walk_next(&walk))
			break;
		assert_true(expected < KEYS);
		assert_int_equal(key_number(walk.key), expected);
		assert_int_equal(value_number(walk.value), model->value[expected]);
		size_t changed = random_chance(random, 40) ? expected : random_below(random, KEYS);
		model->value[changed] = random_chance(random, 50) ? (uint32_t)random_next(random) | 1 : 0;
		if (model->value[changed] != 0)
			put(store, changed, model->value[changed]);
		else
			delete (store, changed);
		expected++;
	}
	assert_int_equal(expected, KEYS);
}

static bool
flush_visit(void *context, struct slice key, struct slice value)
{
	struct rows *base = context;
	base->value[key_number(key)] = value.data == NULL ? 0 : value_number(value);
	return true;
}

/* As a node does it: the frozen table goes down, the top one freezes. */
static void
freeze(struct store *store, struct rows *base)
{
	if (store->frozen != NULL) {
		memtable_each(store->frozen, flush_visit, base);
		memtable_free(store->frozen);
	}
	store->frozen = store->top;
	store->top = memtable_new();
}

static void
store_end(struct store *store)
{
	memtable_free(store->top);
	if (store->frozen != NULL)
		memtable_free(store->frozen);
}

static void
random_write(struct store *store, struct rows *model, struct random *random)
{
	size_t number = random_below(random, KEYS);
	uint64_t before = store->rows_written;
	if (random_chance(random, 50)) {
		model->value[number] = (uint32_t)random_next(random) | 1;
		put(store, number, model->value[number]);
	} else {
		model->value[number] = 0;
		delete (store, number);
	}
	assert_int_equal(store->rows_written, before + 1);
}

static void
check_all(const struct store *store, const struct rows *model, struct random *random)
{
	size_t number = random_below(random, KEYS);
	for (size_t prefix_size = 0; prefix_size <= KEY_BYTES; prefix_size++) {
		check_walk(store, model, number, prefix_size, false);
		check_walk(store, model, number, prefix_size, true);
	}
	for (number = 0; number < KEYS; number++)
		check_get(store, model, number);
}

/* A dry run: an overlay sees its own writes over the store, and the store sees nothing. */
static void
check_dry_run(const struct store *store, const struct rows *model, struct random *random)
{
	struct rows overlaid = *model;
	struct store overlay = {.top = memtable_new(), .base = store_as_base(store)};
	for (size_t i = 0; i < 100; i++)
		random_write(&overlay, &overlaid, random);
	check_all(&overlay, &overlaid, random);
	check_walk_under_writes(&overlay, &overlaid, random);
	store_end(&overlay);
	check_all(store, model, random);
}

static void
run_against_model(uint64_t seed, uint64_t freeze_every)
{
	struct random random = {.state = seed};
	static struct rows base;
	static struct rows model;
	base = (struct rows){0};
	model = (struct rows){0};
	struct store store = {.top = memtable_new(), .base = {.context = &base, .get = rows_get, .next = rows_next}};
	for (size_t i = 1; i <= OPERATIONS; i++) {
		random_write(&store, &model, &random);
		check_get(&store, &model, random_below(&random, KEYS));
		if (random_below(&random, freeze_every) == 0)
			freeze(&store, &base);
		if (i % (OPERATIONS / 10) != 0)
			continue;
		check_all(&store, &model, &random);
		check_walk_under_writes(&store, &model, &random);
		check_dry_run(&store, &model, &random);
	}
	store_end(&store);
}

static void
test_layers_read_as_one(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		run_against_model(seed, 20);
		run_against_model(seed, 300);
	}
}

static void
test_a_store_needs_nothing_below(void **state)
{
	(void)state;
	struct rows model = {.value = {0}};
	struct random random = {.state = 9};
	struct store store = {.top = memtable_new()};
	check_all(&store, &model, &random);
	for (size_t i = 0; i < 300; i++)
		random_write(&store, &model, &random);
	check_all(&store, &model, &random);
	store_end(&store);
}

/* The newest layer decides each key: a tombstone hides what is below, a put uncovers nothing old. */
static void
test_the_newest_layer_decides(void **state)
{
	(void)state;
	struct rows base = {.value = {0}};
	struct rows model = {.value = {0}};
	struct random random = {.state = 10};
	struct store store = {.top = memtable_new(), .base = {.context = &base, .get = rows_get, .next = rows_next}};
	base.value[5] = base.value[6] = base.value[7] = base.value[8] = 1;
	delete (&store, 5);
	delete (&store, 6);
	put(&store, 7, 2);
	freeze(&store, &base);
	put(&store, 6, 3);
	delete (&store, 7);
	delete (&store, 400); /* never was */
	model.value[6] = 3;
	model.value[8] = 1;
	check_all(&store, &model, &random);
	assert_int_equal(store.rows_written, 6);
	freeze(&store, &base); /* the first frozen table went down, nothing to see */
	check_all(&store, &model, &random);
	store_end(&store);
}

static void
test_a_list_is_read_in_pages(void **state)
{
	(void)state;
	struct store store = {.top = memtable_new()};
	for (size_t number = 0; number < KEYS; number += 2)
		put(&store, number, (uint32_t)number + 1);
	struct slice prefix = slice_of("\1", 1);
	struct key after = {.size = 1, .bytes = {1}};
	size_t rows = 0;
	for (size_t page = 1; page > 0;) {
		struct store_walk walk = store_walk_after(&store, prefix, slice_of(after.bytes, after.size));
		for (page = 0; page < 7 && store_walk_next(&walk); page++) {
			assert_int_equal(key_number(walk.key), (size_t)GROUPS * MEMBERS + 2 * rows++);
			after.size = walk.key.size;
			memcpy(after.bytes, walk.key.data, walk.key.size);
		}
		/* The next page goes on past a key that is gone. */
		delete (&store, key_number(slice_of(after.bytes, after.size)));
	}
	assert_int_equal(rows, GROUPS * MEMBERS / 2);
	store_end(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_store_needs_nothing_below),
		cmocka_unit_test(test_the_newest_layer_decides),
		cmocka_unit_test(test_a_list_is_read_in_pages),
		cmocka_unit_test(test_layers_read_as_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
