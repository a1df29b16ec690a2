/* tests/unit/tree_test.c
 *
 * The authority tree through mergers, splits and moves, over its rows and in memory:
 * what was merged into what, what a subtree's localities are, which transfer was
 * decreed, and which unit a code means at a date. */
#include "common/core/tree.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "common/base/date.h"
#include "common/core/impl.h"
#include "common/core/tree_memory.h"

enum { ROOT, A, B, C, A1, A2, B1, UNITS };

struct country {
	struct store store;
	struct arena arena;
	struct apply apply;
	char ids[UNITS][ID_TEXT_BYTES];
};

static const struct unit {
	uint32_t locality;
	int parent;
	const char *version;
	const char *code;
	const char *from;
	const char *to;
} units[UNITS] = {
	[ROOT] = {0, -1, "2024", "VN", "", ""},
	[A] = {0x10000, ROOT, "2024", "82", "", "2025-06-30"},
	[B] = {0x20000, ROOT, "2024", "87", "", "2025-06-30"},
	[C] = {0x30000, ROOT, "2025", "82", "2025-07-01", ""},
	[A1] = {0x10001, A, "2024", "A1", "", ""},
	[A2] = {0x10002, A, "2024", "A2", "", ""},
	[B1] = {0x20001, B, "2024", "B1", "", ""},
};

static void
register_unit(struct country *country, int at)
{
	Mt__AuthorityRecord record = MT__AUTHORITY_RECORD__INIT;
	Mt__AuthorityCode code = MT__AUTHORITY_CODE__INIT;
	Mt__AuthorityCode *codes[] = {&code};
	char name[32];
	snprintf(name, sizeof(name), "Unit %d", at);
	id_format(id_make(units[at].locality, 1000, (uint64_t)at), country->ids[at]);
	code.code_list = record.code_list = (char *)"units";
	code.list_version = record.list_version = (char *)units[at].version;
	code.code = record.code = (char *)units[at].code;
	code.valid_from = (char *)units[at].from;
	code.valid_to = (char *)units[at].to;
	record.authority_id = country->ids[at];
	record.parent_id = (char *)(units[at].parent < 0 ? "" : country->ids[units[at].parent]);
	record.name = name;
	record.locality = units[at].locality;
	record.codes = codes;
	record.n_codes = 1;
	apply_authority(&country->apply, &record);
}

static struct country *
country_new(bool in_memory)
{
	struct country *country = test_calloc(1, sizeof(*country));
	country->store.top = memtable_new();
	country->store.tree = in_memory ? tree_memory_new() : NULL;
	arena_init(&country->arena, 4096, 0);
	/* A dry run: there is no node whose figures would follow. */
	country->apply = (struct apply){.store = &country->store, .arena = &country->arena, .scratch = true};
	for (int i = 0; i < UNITS; i++)
		register_unit(country, i);
	return country;
}

static void
country_free(struct country *country)
{
	memtable_free(country->store.top);
	tree_memory_free(country->store.tree);
	arena_free(&country->arena);
	test_free(country);
}

static void
merge(struct country *country, int from, int into)
{
	Mt__AuthorityMerged fact = MT__AUTHORITY_MERGED__INIT;
	fact.authority_id = country->ids[from];
	fact.into_id = country->ids[into];
	fact.effective_date = (char *)"2025-07-01";
	apply_authority_merged(&country->apply, &fact);
}

static void
move(struct country *country, int from, int parent)
{
	Mt__AuthorityMoved fact = MT__AUTHORITY_MOVED__INIT;
	fact.authority_id = country->ids[from];
	fact.parent_id = country->ids[parent];
	fact.effective_date = (char *)"2025-07-01";
	apply_authority_moved(&country->apply, &fact);
}

static void
split(struct country *country, int from, int one, int other)
{
	Mt__AuthoritySplit fact = MT__AUTHORITY_SPLIT__INIT;
	Mt__AuthoritySuccessor parts[] = {MT__AUTHORITY_SUCCESSOR__INIT, MT__AUTHORITY_SUCCESSOR__INIT};
	Mt__AuthoritySuccessor *pointers[] = {&parts[0], &parts[1]};
	parts[0].authority_id = country->ids[one];
	parts[1].authority_id = country->ids[other];
	parts[0].share_millionths = parts[1].share_millionths = SHARE_WHOLE / 2;
	fact.authority_id = country->ids[from];
	fact.successors = pointers;
	fact.n_successors = 2;
	fact.effective_date = (char *)"2025-07-01";
	apply_authority_split(&country->apply, &fact);
}

static void
check_merged(struct country *country, int of, size_t expected)
{
	struct id ids[UNITS];
	char text[ID_TEXT_BYTES];
	assert_int_equal(tree_merged(&country->store, country->ids[of], ids, UNITS), expected);
	id_format(ids[0], text);
	assert_string_equal(text, country->ids[of]);
	assert_int_equal(tree_merged(&country->store, country->ids[of], ids, 1), 1);
}

static void
test_merged(void **state)
{
	struct country *country = country_new(*state != NULL);
	merge(country, A, B);
	check_merged(country, B, 2);
	merge(country, B, C);
	check_merged(country, C, 3); /* A by way of B; no ward is among them */
	check_merged(country, A, 1);
	assert_true(tree_covers(&country->store, country->ids[C], country->ids[A1]));
	assert_false(tree_covers(&country->store, country->ids[A], country->ids[B1]));
	country_free(country);
}

static void
test_decreed(void **state)
{
	struct country *country = country_new(*state != NULL);
	assert_false(tree_decreed(&country->store, country->ids[A], country->ids[B]));
	split(country, A1, A2, B1);
	merge(country, B1, B);
	assert_true(tree_decreed(&country->store, country->ids[A1], country->ids[A2]));
	assert_true(tree_decreed(&country->store, country->ids[A1], country->ids[B]));
	assert_false(tree_decreed(&country->store, country->ids[A2], country->ids[A1]));
	assert_false(tree_decreed(&country->store, country->ids[A1], country->ids[A1]));
	assert_false(tree_decreed(&country->store, country->ids[A1], "nobody"));
	country_free(country);
}

static void
check_ranges(struct country *country, int of, const struct locality_range *expected, size_t expected_count)
{
	struct locality_range *ranges;
	size_t count;
	assert_true(tree_subtree_localities(&country->store, &country->arena, country->ids[of], &ranges, &count));
	assert_int_equal(count, expected_count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ranges[i].first, expected[i].first);
		assert_int_equal(ranges[i].last, expected[i].last);
	}
}

static void
test_localities(void **state)
{
	struct country *country = country_new(*state != NULL);
	check_ranges(country, ROOT, &(struct locality_range){0, UINT32_MAX}, 1);
	check_ranges(country, A, &(struct locality_range){0x10000, 0x10002}, 1);
	move(country, A1, C);
	check_ranges(country, A, (struct locality_range[]){{0x10000, 0x10000}, {0x10002, 0x10002}}, 2);
	check_ranges(country, C, (struct locality_range[]){{0x10001, 0x10001}, {0x30000, 0x30000}}, 2);
	merge(country, B, A);
	check_ranges(country, A, (struct locality_range[]){{0x10000, 0x10000}, {0x10002, 0x10002}, {0x20000, 0x20001}},
		     3);
	country_free(country);
}

static const char *
found_at(struct country *country, const char *reference, int32_t date, bool *ambiguous)
{
	const Mt__AuthorityRecord *found = tree_find_at(&country->store, &country->arena, reference, date, ambiguous);
	return found != NULL ? found->authority_id : "";
}

static void
test_codes(void **state)
{
	struct country *country = country_new(*state != NULL);
	bool ambiguous;
	assert_string_equal(found_at(country, "87", DATE_NONE, &ambiguous), country->ids[B]);
	assert_string_equal(found_at(country, "87", date_make(2026, 1, 1), &ambiguous), country->ids[B]);
	assert_string_equal(found_at(country, "82", DATE_NONE, &ambiguous), "");
	assert_true(ambiguous);
	assert_string_equal(found_at(country, "82", date_make(2025, 6, 30), &ambiguous), country->ids[A]);
	assert_false(ambiguous);
	assert_string_equal(found_at(country, "82", date_make(2025, 7, 1), &ambiguous), country->ids[C]);
	assert_string_equal(found_at(country, "units:2024:82", DATE_NONE, &ambiguous), country->ids[A]);
	assert_string_equal(found_at(country, "units:2025:82", DATE_NONE, &ambiguous), country->ids[C]);
	const char *const strangers[] = {"units:2026:82", "units:82", ":", "::", "::82", "", "8", "units:2024:82:"};
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		assert_string_equal(found_at(country, strangers[i], DATE_NONE, &ambiguous), "");
	assert_string_equal(tree_ambiguous(&country->store, &country->arena, "82"),
			    "authority code 82 stands for different authorities: Unit 1 (units:2024:82) and Unit 3 "
			    "(units:2025:82)");
	country_free(country);
}

static void
test_memory_is_the_rows(void **state)
{
	(void)state;
	struct country *country = country_new(true);
	merge(country, A, B);
	move(country, B1, A1);
	split(country, A1, A2, C);
	struct tree_memory *kept = country->store.tree;
	country->store.tree = tree_load(&country->store, &country->arena);
	for (int i = 0; i < UNITS; i++) {
		struct id id;
		struct id parents[2];
		struct slice records[2];
		bool roots[2];
		assert_true(id_parse(country->ids[i], &id));
		assert_true(tree_memory_get(kept, id, &records[0], &parents[0], &roots[0]));
		assert_true(tree_memory_get(country->store.tree, id, &records[1], &parents[1], &roots[1]));
		assert_true(slice_equal(records[0], records[1]));
		assert_true(roots[0] == roots[1]);
		if (!roots[0])
			assert_memory_equal(parents[0].bytes, parents[1].bytes, ID_BYTES);
	}
	tree_memory_free(kept);
	country_free(country);
}

static void
test_heights(void **state)
{
	struct country *country = country_new(*state != NULL);
	struct id ids[UNITS];
	struct id root;
	unsigned height;
	assert_true(id_parse(country->ids[ROOT], &root));
	assert_int_equal(tree_subtree(&country->store, root, ids, UNITS, &height), UNITS);
	assert_int_equal(height, 3);
	assert_int_equal(tree_subtree(&country->store, root, ids, UNITS - 1, &height), 0);
	country_free(country);
}

int
main(void)
{
	static int yes;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_merged, NULL),     cmocka_unit_test_prestate(test_merged, &yes),
		cmocka_unit_test_prestate(test_decreed, NULL),    cmocka_unit_test_prestate(test_decreed, &yes),
		cmocka_unit_test_prestate(test_localities, NULL), cmocka_unit_test_prestate(test_localities, &yes),
		cmocka_unit_test_prestate(test_codes, NULL),      cmocka_unit_test_prestate(test_codes, &yes),
		cmocka_unit_test(test_memory_is_the_rows),        cmocka_unit_test_prestate(test_heights, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
