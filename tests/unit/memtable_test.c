/* tests/unit/memtable_test.c
 *
 * The memtable against a model so simple that it is right by sight: all keys that
 * may ever occur, sorted, and beside each what was last done to it. */
#include "common/core/memtable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/random.h"

enum {
	MODEL_KEYS = 4000,
	KEY_BYTES_MAX = 511,
	VALUE_BYTES_MAX = 3000, /* beyond what shares a chunk */
	OPERATIONS = 60000,
};

struct model_key {
	size_t size;
	uint8_t bytes[KEY_BYTES_MAX];
	enum memtable_hit hit;
	size_t value_size;
	uint8_t value_seed; /* byte i of the value is value_seed + i */
};

struct model {
	size_t count;
	size_t entries; /* keys not absent */
	struct model_key *keys;
	uint8_t value[VALUE_BYTES_MAX];
};

enum key_shape { KEYS_RANDOM, KEYS_SHORT, KEYS_SAME_PREFIX, KEYS_LONGEST, KEY_SHAPES };

static void
key_make(struct model_key *key, struct random *random, enum key_shape shape)
{
	static const uint8_t few[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	memset(key, 0, sizeof(*key));
	switch (shape) {
	case KEYS_RANDOM:
		key->size = 1 + random_below(random, 40);
		for (size_t i = 0; i < key->size; i++)
			key->bytes[i] = (uint8_t)random_next(random);
		break;
	case KEYS_SHORT: /* around the size of the prefix, zeros at the end as often as not */
		key->size = 1 + random_below(random, 11);
		for (size_t i = 0; i < key->size; i++)
			key->bytes[i] = few[random_below(random, sizeof(few))];
		break;
	case KEYS_SAME_PREFIX:
		key->size = 8 + random_below(random, 12);
		memset(key->bytes, 'p', 8);
		for (size_t i = 8; i < key->size; i++)
			key->bytes[i] = few[random_below(random, sizeof(few))];
		break;
	case KEYS_LONGEST: /* all alike up to the last two bytes */
		key->size = KEY_BYTES_MAX - random_below(random, 2);
		memset(key->bytes, 'q', key->size);
		key->bytes[key->size - 2] = (uint8_t)random_next(random);
		key->bytes[key->size - 1] = (uint8_t)random_next(random);
		break;
	case KEY_SHAPES:
		fail();
	}
}

static struct slice
key_slice(const struct model_key *key)
{
	return slice_of(key->bytes, key->size);
}

static int
key_order(const void *a, const void *b)
{
	return slice_compare(key_slice(a), key_slice(b));
}

static struct model
model_new(struct random *random, enum key_shape shape)
{
	struct model model = {.keys = calloc(MODEL_KEYS, sizeof(model.keys[0]))};
	assert_non_null(model.keys);
	for (size_t i = 0; i < MODEL_KEYS; i++)
		key_make(&model.keys[i], random, shape);
	qsort(model.keys, MODEL_KEYS, sizeof(model.keys[0]), key_order);
	for (size_t i = 0; i < MODEL_KEYS; i++) {
		if (model.count == 0 || key_order(&model.keys[model.count - 1], &model.keys[i]) != 0)
			model.keys[model.count++] = model.keys[i];
	}
	return model;
}

static struct slice
value_fill(uint8_t *value, size_t size, uint8_t seed)
{
	for (size_t i = 0; i < size; i++)
		value[i] = (uint8_t)(seed + i);
	return slice_of(value, size);
}

static void
value_check(const struct model_key *key, struct slice value)
{
	if (key->hit != MEMTABLE_PRESENT) {
		assert_null(value.data);
		return;
	}
	assert_non_null(value.data);
	assert_int_equal(value.size, key->value_size);
	for (size_t i = 0; i < value.size; i++)
		assert_int_equal(value.data[i], (uint8_t)(key->value_seed + i));
}

static void
model_put(struct model *model, struct memtable *table, struct random *random, struct model_key *key)
{
	size_t bound = random_chance(random, 2) ? VALUE_BYTES_MAX : 48;
	model->entries += key->hit == MEMTABLE_ABSENT;
	key->hit = MEMTABLE_PRESENT;
	key->value_size = random_below(random, bound + 1);
	key->value_seed = (uint8_t)random_next(random);
	memtable_put(table, key_slice(key), value_fill(model->value, key->value_size, key->value_seed));
}

static void
model_delete(struct model *model, struct memtable *table, struct model_key *key)
{
	model->entries += key->hit == MEMTABLE_ABSENT;
	key->hit = MEMTABLE_DELETED;
	memtable_delete(table, key_slice(key));
}

static void
model_check_next(const struct model *model, const struct memtable *table, size_t from, bool inclusive)
{
	size_t expected = inclusive ? from : from + 1;
	while (expected < model->count && model->keys[expected].hit == MEMTABLE_ABSENT)
		expected++;
	struct slice key;
	struct slice value;
	enum memtable_hit hit = memtable_next(table, key_slice(&model->keys[from]), inclusive, &key, &value);
	if (expected == model->count) {
		assert_int_equal(hit, MEMTABLE_ABSENT);
		return;
	}
	assert_int_equal(hit, model->keys[expected].hit);
	assert_true(slice_equal(key, key_slice(&model->keys[expected])));
	value_check(&model->keys[expected], value);
}

/* Where a pass over the whole table stands. */
struct pass {
	const struct model *model;
	size_t at;
	size_t seen;
};

static bool
pass_visit(void *context, struct slice key, struct slice value)
{
	struct pass *pass = context;
	while (pass->at < pass->model->count && pass->model->keys[pass->at].hit == MEMTABLE_ABSENT)
		pass->at++;
	assert_true(pass->at < pass->model->count);
	const struct model_key *expected = &pass->model->keys[pass->at++];
	assert_true(slice_equal(key, key_slice(expected)));
	value_check(expected, value);
	pass->seen++;
	return true;
}

static void
model_check_all(const struct model *model, const struct memtable *table)
{
	struct pass pass = {.model = model};
	memtable_each(table, pass_visit, &pass);
	assert_int_equal(pass.seen, model->entries);
	assert_int_equal(memtable_entries(table), model->entries);

	pass = (struct pass){.model = model};
	struct slice key = slice_of(NULL, 0);
	struct slice value;
	while (memtable_next(table, key, false, &key, &value) != MEMTABLE_ABSENT)
		pass_visit(&pass, key, value);
	assert_int_equal(pass.seen, model->entries);
}

/* What is looked for in order to be changed is there; what is not is put where it was missed, or something else is. */
static void
model_write_in_place(struct model *model, struct memtable *table, struct random *random, struct model_key *key)
{
	uint8_t *value;
	size_t size;
	assert_int_equal(memtable_writable(table, key_slice(key), &value, &size), key->hit);
	if (key->hit == MEMTABLE_PRESENT) {
		key->value_seed++;
		assert_int_equal(size, key->value_size);
		value_fill(value, size, key->value_seed);
	} else {
		assert_null(value);
		model_put(model, table, random,
			  random_below(random, 2) == 0 ? key : &model->keys[random_below(random, model->count)]);
	}
}

static void
run_against_model(enum key_shape shape, uint64_t seed)
{
	struct random random = {.state = seed};
	struct model model = model_new(&random, shape);
	struct memtable *table = memtable_new();
	model_check_all(&model, table);
	for (size_t i = 0; i < OPERATIONS; i++) {
		size_t at = random_below(&random, model.count);
		struct model_key *key = &model.keys[at];
		struct slice value;
		uint64_t kind = random_below(&random, 100);
		if (kind < 30) {
			model_put(&model, table, &random, key);
		} else if (kind < 40) {
			model_delete(&model, table, key);
		} else if (kind < 50) {
			model_write_in_place(&model, table, &random, key);
		} else if (kind < 70) {
			assert_int_equal(memtable_get(table, key_slice(key), &value), key->hit);
			value_check(key, value);
		} else {
			model_check_next(&model, table, at, kind % 2 == 0);
		}
		if (i % (OPERATIONS / 10) == 0)
			model_check_all(&model, table);
	}
	model_check_all(&model, table);
	memtable_free(table);
	free(model.keys);
}

static void
test_random_operations_match_the_model(void **state)
{
	(void)state;
	for (enum key_shape shape = KEYS_RANDOM; shape < KEY_SHAPES; shape++) {
		for (uint64_t seed = 1; seed <= 3; seed++)
			run_against_model(shape, seed);
	}
}

static void
test_an_empty_table_has_nothing(void **state)
{
	(void)state;
	struct memtable *table = memtable_new();
	struct slice key = slice_text("k");
	struct slice value;
	assert_int_equal(memtable_get(table, key, &value), MEMTABLE_ABSENT);
	assert_int_equal(memtable_next(table, slice_of(NULL, 0), true, &key, &value), MEMTABLE_ABSENT);
	assert_int_equal(memtable_entries(table), 0);
	assert_true(memtable_bytes(table) > 0);
	memtable_free(table);
}

static void
test_an_empty_value_is_present_and_a_tombstone_is_not(void **state)
{
	(void)state;
	struct memtable *table = memtable_new();
	struct slice value;
	memtable_put(table, slice_text("k"), slice_of(NULL, 0));
	assert_int_equal(memtable_get(table, slice_text("k"), &value), MEMTABLE_PRESENT);
	assert_non_null(value.data);
	assert_int_equal(value.size, 0);
	memtable_delete(table, slice_text("k"));
	assert_int_equal(memtable_get(table, slice_text("k"), &value), MEMTABLE_DELETED);
	assert_null(value.data);
	assert_int_equal(memtable_entries(table), 1);
	memtable_free(table);
}

static void
test_a_key_is_not_its_own_padding(void **state)
{
	(void)state;
	static const uint8_t zeros[10] = {0};
	struct memtable *table = memtable_new();
	struct slice key;
	struct slice value;
	for (uint8_t size = sizeof(zeros); size > 0; size--)
		memtable_put(table, slice_of(zeros, size), slice_of(&size, 1));
	key = slice_of(NULL, 0);
	for (uint8_t size = 1; size <= sizeof(zeros); size++) {
		assert_int_equal(memtable_next(table, key, false, &key, &value), MEMTABLE_PRESENT);
		assert_int_equal(key.size, size);
		assert_int_equal(value.data[0], size);
	}
	assert_int_equal(memtable_next(table, key, false, &key, &value), MEMTABLE_ABSENT);
	memtable_free(table);
}

static void
test_a_row_written_often_holds_one_row(void **state)
{
	(void)state;
	struct memtable *table = memtable_new();
	uint64_t count = 0;
	memtable_put(table, slice_text("figure"), slice_of(&count, sizeof(count)));
	size_t before = memtable_bytes(table);
	for (count = 1; count <= 1000000; count++) {
		memtable_put(table, slice_text("figure"), slice_of(&count, 1 + count % sizeof(count)));
		if (count % 3 == 0)
			memtable_delete(table, slice_text("figure"));
	}
	assert_int_equal(memtable_bytes(table), before);
	assert_int_equal(memtable_entries(table), 1);
	memtable_free(table);
}

static void
test_a_row_that_grows_wastes_a_bounded_share(void **state)
{
	(void)state;
	static uint8_t bytes[200000];
	struct memtable *table = memtable_new();
	size_t before = memtable_bytes(table);
	value_fill(bytes, sizeof(bytes), 7);
	for (size_t size = 0; size <= sizeof(bytes); size += 40)
		memtable_put(table, slice_text("list"), slice_of(bytes, size));
	struct slice value;
	assert_int_equal(memtable_get(table, slice_text("list"), &value), MEMTABLE_PRESENT);
	assert_true(slice_equal(value, slice_of(bytes, sizeof(bytes))));
	assert_true(memtable_bytes(table) - before < 8 * sizeof(bytes));
	memtable_free(table);
}

static void
test_a_value_may_come_from_the_table_itself(void **state)
{
	(void)state;
	struct memtable *table = memtable_new();
	struct slice value;
	memtable_put(table, slice_text("a"), slice_text("0123456789"));
	memtable_get(table, slice_text("a"), &value);
	memtable_put(table, slice_text("a"), slice_of(value.data + 2, value.size - 2));
	memtable_get(table, slice_text("a"), &value);
	assert_true(slice_equal(value, slice_text("23456789")));
	memtable_put(table, slice_text("b"), value);
	memtable_get(table, slice_text("b"), &value);
	assert_true(slice_equal(value, slice_text("23456789")));
	memtable_free(table);
}

static bool
visit_three(void *context, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	return ++*(size_t *)context < 3;
}

/* Rows of one list arrive in order: their nodes must stay full, not half full. */
static void
test_rows_in_order_fill_their_nodes(void **state)
{
	(void)state;
	enum { ROWS = 200000, ROW_BYTES = 8 + 4 };
	struct memtable *table = memtable_new();
	for (uint32_t i = 0; i < ROWS; i++) {
		uint64_t key = __builtin_bswap64((uint64_t)i * 3);
		memtable_put(table, slice_of(&key, sizeof(key)), slice_of(&i, sizeof(i)));
	}
	assert_int_equal(memtable_entries(table), ROWS);
	assert_true(memtable_bytes(table) / ROWS < ROW_BYTES + 34);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint64_t key = __builtin_bswap64((uint64_t)i * 3);
		struct slice value;
		assert_int_equal(memtable_get(table, slice_of(&key, sizeof(key)), &value), MEMTABLE_PRESENT);
		assert_memory_equal(value.data, &i, sizeof(i));
	}
	size_t seen = 0;
	memtable_each(table, visit_three, &seen);
	assert_int_equal(seen, 3);
	memtable_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_table_has_nothing),
		cmocka_unit_test(test_an_empty_value_is_present_and_a_tombstone_is_not),
		cmocka_unit_test(test_a_key_is_not_its_own_padding),
		cmocka_unit_test(test_a_row_written_often_holds_one_row),
		cmocka_unit_test(test_a_row_that_grows_wastes_a_bounded_share),
		cmocka_unit_test(test_a_value_may_come_from_the_table_itself),
		cmocka_unit_test(test_rows_in_order_fill_their_nodes),
		cmocka_unit_test(test_random_operations_match_the_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
