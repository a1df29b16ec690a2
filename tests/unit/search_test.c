/* tests/unit/search_test.c
 *
 * Names taken apart, and the walk over several lists of postings against a plain
 * intersection: ranges, words that are only begun, pages that stop anywhere. */
#include "services/enrollment/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/random.h"

enum { WORDS = 6, PEOPLE = 400, LOCALITIES = 8, RANDOM_ROUNDS = 300 };

static struct arena arena;

static struct words
words_in(const char *name)
{
	struct words words;
	assert_true(words_of(&arena, name, NAME_WORDS_MAX, &words));
	return words;
}

static void
assert_words(const char *name, size_t count, const char *const *expected)
{
	struct words words = words_in(name);
	assert_int_equal(words.count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(slice_equal(words.at[i], slice_text(expected[i])));
}

static void
test_a_name_has_its_words(void **state)
{
	(void)state;
	assert_words("Nguyễn Thị  Minh-Khai", 4, (const char *[]){"nguyen", "thi", "minh", "khai"});
	assert_words("  ĐỖ đ’Ấn (cha)\xc2\xa0", 4, (const char *[]){"do", "d", "an", "cha"});
	assert_words("Nguye\xcc\x82\xcc\x83n", 1, (const char *[]){"nguyen"});
	assert_words("ΑΒΓ Straße", 2, (const char *[]){"αβγ", "strasse"});
	assert_words("", 0, NULL);
	assert_words(" . ", 0, NULL);
	assert_words("An an AN", 3, (const char *[]){"an", "an\x02", "an\x03"});
	assert_true(words_in("Lan").last_is_open);
	assert_false(words_in("Lan ").last_is_open);
	assert_false(words_in("").last_is_open);
}

static void
test_too_many_words_are_said(void **state)
{
	(void)state;
	struct words words;
	assert_true(words_of(&arena, "a b c", 3, &words));
	assert_false(words_of(&arena, "a b c d", 3, &words));
	assert_int_equal(words.count, 3);
	assert_false(words_of(&arena, "\xff", 3, &words));
	assert_int_equal(words.count, 0);
}

static void
test_a_prefix_is_counted_in_letters(void **state)
{
	(void)state;
	assert_int_equal(word_prefix(slice_text("nguyen"), 3).size, 3);
	assert_int_equal(word_prefix(slice_text("an"), 6).size, 2);
	assert_int_equal(word_prefix(slice_text("an\x02"), 6).size, 2);
	assert_int_equal(word_prefix(slice_text("αβγ"), 2).size, 4);
}

/* Who has which words, and where; the same as rows. */
struct model {
	struct store store;
	bool has[PEOPLE][WORDS];
	struct place place[PEOPLE];
};

static struct token
token_of(size_t word)
{
	struct token token = {.bytes = {0}};
	put_u32(token.bytes, (uint32_t)(word * 1000));
	return token;
}

static int
place_order(const void *a, const void *b)
{
	return memcmp(a, b, PLACE_BYTES);
}

static void
model_post(struct model *model, uint8_t table, size_t word, const struct place *place)
{
	struct key key = key_of(table);
	key_bytes(&key, slice_of(token_of(word).bytes, TOKEN_BYTES));
	key_bytes(&key, slice_of(place->bytes, PLACE_BYTES));
	store_put(&model->store, key_slice(&key), slice_text(""));
}

static void
model_begins(struct model *model, size_t begins, size_t word)
{
	struct key key = key_of(TABLE_NAME_WORD);
	key_bytes(&key, slice_of(token_of(begins).bytes, TOKEN_BYTES));
	key_bytes(&key, slice_of(token_of(word).bytes, TOKEN_BYTES));
	store_put(&model->store, key_slice(&key), slice_text(""));
}

/* past: a posting is of today, of the past or of both. */
static void
model_fill(struct model *model, struct random *random, bool past)
{
	model->store = (struct store){.top = memtable_new()};
	for (size_t i = 0; i < PEOPLE; i++) {
		put_u32(model->place[i].bytes, (uint32_t)random_below(random, LOCALITIES) * 10);
		for (size_t at = 4; at < PLACE_BYTES; at++)
			model->place[i].bytes[at] = (uint8_t)random_below(random, 256);
	}
	qsort(model->place, PEOPLE, PLACE_BYTES, place_order);
	for (size_t i = 0; i < PEOPLE; i++) {
		for (size_t word = 0; word < WORDS; word++) {
			model->has[i][word] = random_below(random, word + 2) == 0;
			if (!model->has[i][word])
				continue;
			uint64_t which = past ? random_below(random, 3) : 0;
			if (which != 1)
				model_post(model, TABLE_NAME_POSTING, word, &model->place[i]);
			if (which > 0)
				model_post(model, TABLE_PAST_POSTING, word, &model->place[i]);
		}
	}
	/* All words but the first begin alike. */
	for (size_t word = 1; word < WORDS; word++)
		model_begins(model, WORDS, word);
}

/* Has both words, and one of the others if any_other. */
static bool
model_fits(const struct model *model, size_t person, size_t first, size_t second, bool any_other)
{
	bool other = false;
	for (size_t word = 1; word < WORDS; word++)
		other = other || (word != first && word != second && model->has[person][word]);
	return model->has[person][first] && model->has[person][second] && (other || !any_other);
}

static void
lists_meet(bool past)
{
	struct random random = {.state = 7};
	struct model model;
	model_fill(&model, &random, past);
	for (size_t round = 0; round < RANDOM_ROUNDS; round++) {
		size_t first = random_below(&random, WORDS);
		size_t second = random_below(&random, WORDS);
		bool begun = random_below(&random, 2) == 0;
		uint32_t low = (uint32_t)random_below(&random, LOCALITIES) * 10;
		const struct locality_range ranges[] = {{low, low + 10}, {low + 30, low + 31}};
		struct place from = {.bytes = {0}};
		for (size_t person = 0; person < PEOPLE; person++) {
			uint32_t locality = get_u32(model.place[person].bytes);
			bool within = (locality >= low && locality <= low + 10) || locality == low + 30;
			if (!within || !model_fits(&model, person, first, second, begun))
				continue;
			/* Each page is a walk of its own from where the last one stopped. */
			struct search search = {
				.store = &model.store, .ranges = ranges, .ranges_count = 2, .from = from, .past = past};
			const struct token tokens[] = {token_of(first), token_of(second)};
			struct place found;
			search_add_word(&search, &arena, tokens[0]);
			search_add_word(&search, &arena, tokens[1]);
			if (begun)
				assert_true(search_add_prefix(&search, &arena, token_of(WORDS), tokens, 2));
			assert_true(search_next(&search, &found));
			assert_memory_equal(found.bytes, model.place[person].bytes, PLACE_BYTES);
			from = search.from;
		}
		arena_reset(&arena);
	}
	memtable_free(model.store.top);
}

static void
test_lists_meet_where_all_have_the_person(void **state)
{
	(void)state;
	lists_meet(false);
}

static void
test_lists_of_the_past_are_of_two_tables(void **state)
{
	(void)state;
	lists_meet(true);
}

/* As many words as a prefix may have, each of them of both tables: a page gets on all the same. */
static void
test_many_words_of_the_past_are_not_too_many(void **state)
{
	(void)state;
	struct model model = {.store = {.top = memtable_new()}};
	const struct locality_range ranges[] = {{0, UINT32_MAX}};
	struct place from = {.bytes = {0}};
	struct place found;
	size_t count = 0;
	for (size_t word = 0; word < PREFIX_WORDS_MAX; word++) {
		struct place place = {.bytes = {0, 0, 0, 1, (uint8_t)(word >> 8), (uint8_t)word}};
		model_begins(&model, PREFIX_WORDS_MAX, word);
		model_post(&model, TABLE_NAME_POSTING, word, &place);
		model_post(&model, TABLE_PAST_POSTING, word, &place);
	}
	for (size_t pages = 0; pages < PREFIX_WORDS_MAX; pages++) {
		struct search search = {
			.store = &model.store, .ranges = ranges, .ranges_count = 1, .from = from, .past = true};
		arena_reset(&arena);
		assert_true(search_add_prefix(&search, &arena, token_of(PREFIX_WORDS_MAX), NULL, 0));
		while (search_next(&search, &found))
			count++;
		from = search.from;
		if (!search.tired)
			break;
	}
	assert_int_equal(count, PREFIX_WORDS_MAX);
	arena_reset(&arena);
	memtable_free(model.store.top);
}

static void
test_a_tired_walk_goes_on_where_it_stopped(void **state)
{
	(void)state;
	struct random random = {.state = 8};
	struct model model;
	model_fill(&model, &random, false);
	const struct locality_range ranges[] = {{0, UINT32_MAX}};
	struct search search = {.store = &model.store, .ranges = ranges, .ranges_count = 1};
	search_add_word(&search, &arena, token_of(0));
	search_add_word(&search, &arena, token_of(WORDS - 1));
	size_t expected = 0;
	size_t count = 0;
	for (size_t person = 0; person < PEOPLE; person++)
		expected += model_fits(&model, person, 0, WORDS - 1, false);
	for (size_t steps = 0; steps < 10 * PEOPLE; steps++) {
		struct place found;
		search.seeks = SEARCH_SEEKS_MAX - 1; /* one more row */
		if (search_next(&search, &found))
			count++;
		else if (!search.tired)
			break;
	}
	assert_false(search.tired);
	assert_int_equal(count, expected);
	memtable_free(model.store.top);
}

static void
test_a_place_is_a_person(void **state)
{
	(void)state;
	struct id id = id_make(7, INT64_C(1770000000000000), 0x123456789abc);
	struct key key = person_key(id);
	struct id back = person_of_rest(person_rest(&key));
	assert_memory_equal(back.bytes, id.bytes, ID_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_has_its_words),
		cmocka_unit_test(test_too_many_words_are_said),
		cmocka_unit_test(test_a_prefix_is_counted_in_letters),
		cmocka_unit_test(test_lists_meet_where_all_have_the_person),
		cmocka_unit_test(test_lists_of_the_past_are_of_two_tables),
		cmocka_unit_test(test_many_words_of_the_past_are_not_too_many),
		cmocka_unit_test(test_a_tired_walk_goes_on_where_it_stopped),
		cmocka_unit_test(test_a_place_is_a_person),
	};
	arena_init(&arena, 1 << 16, 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
