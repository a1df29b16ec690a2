/* tests/unit/merkle_test.c
 *
 * Roots and proofs are those of the Certificate Transparency reference tree and, for every
 * size up to 70, those of the definitions of RFC 6962 recomputed naively; each proof made
 * verifies, and no changed one does.
 *
 * Source of the vectors: github.com/google/certificate-transparency,
 * cpp/merkletree/merkle_tree_test.cc (its leaves are counted from 1). */
#include "common/credential/merkle.h"

#include "common/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

enum { LEAVES = 70, STORED_LEVELS = 8 };

/* What a log keeps: each complete node, as append told it. */
static struct {
	bool is_there;
	uint8_t hash[HASH_BYTES];
} stored[STORED_LEVELS][LEAVES];

static uint8_t leaves[LEAVES][HASH_BYTES];
static struct merkle_frontier frontier; /* as grown */

static void
store(void *context, unsigned level, uint64_t index, const uint8_t hash[HASH_BYTES])
{
	(void)context;
	assert_true(level < STORED_LEVELS);
	assert_true(index < LEAVES);
	assert_false(stored[level][index].is_there);
	stored[level][index].is_there = true;
	memcpy(stored[level][index].hash, hash, HASH_BYTES);
}

static bool
find(void *context, unsigned level, uint64_t index, uint8_t hash[HASH_BYTES])
{
	unsigned *asked = context;
	if (asked != NULL)
		++*asked;
	if (level >= STORED_LEVELS || index >= LEAVES || !stored[level][index].is_there)
		return false;
	memcpy(hash, stored[level][index].hash, HASH_BYTES);
	return true;
}

static void
grow(size_t count)
{
	frontier = (struct merkle_frontier){.size = 0};
	memset(stored, 0, sizeof(stored));
	for (size_t i = 0; i < count; i++)
		assert_true(merkle_append(&frontier, leaves[i], store, NULL));
}

static void
any_leaves(void)
{
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t byte = (uint8_t)i;
		merkle_leaf_hash(slice_of(&byte, 1), leaves[i]);
	}
}

static void
grow_any(size_t count)
{
	any_leaves();
	grow(count);
}

/* --- the reference tree ----------------------------------------------------------------------------------------- */

enum { REFERENCE = 8 };

static const char *const roots[REFERENCE + 1] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void
reference_leaves(void)
{
	static const char *const inputs[REFERENCE] = {
		"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
	};
	for (size_t i = 0; i < REFERENCE; i++) {
		uint8_t bytes[16];
		assert_true(text_from_hex(inputs[i], bytes, strlen(inputs[i]) / 2));
		merkle_leaf_hash(slice_of(bytes, strlen(inputs[i]) / 2), leaves[i]);
	}
}

static void
assert_hash(const uint8_t hash[HASH_BYTES], const char *expected)
{
	char hex[2 * HASH_BYTES + 1];
	text_hex(slice_of(hash, HASH_BYTES), hex);
	assert_string_equal(hex, expected);
}

struct vector {
	uint64_t first, second; /* index and size; or both sizes */
	size_t count;
	const char *proof[3];
};

typedef const char *prove(uint64_t, uint64_t, merkle_node *, void *, struct merkle_proof *);

static void
assert_proofs(prove *prove_it, const struct vector *vectors, size_t count)
{
	for (const struct vector *vector = vectors; vector < vectors + count; vector++) {
		struct merkle_proof proof;
		assert_null(prove_it(vector->first, vector->second, find, NULL, &proof));
		assert_int_equal(proof.count, vector->count);
		for (size_t i = 0; i < proof.count; i++)
			assert_hash(proof.hashes[i], vector->proof[i]);
	}
}

static void
the_reference_tree_has_its_roots(void **state)
{
	(void)state;
	uint8_t root[HASH_BYTES];
	reference_leaves();
	for (size_t size = 0; size <= REFERENCE; size++) {
		grow(size);
		merkle_root(&frontier, root);
		assert_hash(root, roots[size]);
	}
}

/* By the leaves below. */
#define LEAF_0 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define LEAF_1 "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
#define LEAF_4 "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
#define NODE_01 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define NODE_23 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define NODE_45 "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
#define NODE_67 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define NODE_0123 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
#define NODE_4567 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

static void
the_reference_tree_has_its_proofs(void **state)
{
	(void)state;
	static const struct vector inclusions[] = {
		{0, 1, 0, {NULL}},    {0, 8, 3, {LEAF_1, NODE_23, NODE_4567}}, {5, 8, 3, {LEAF_4, NODE_67, NODE_0123}},
		{2, 3, 1, {NODE_01}}, {1, 5, 3, {LEAF_0, NODE_23, LEAF_4}},
	};
	static const struct vector consistencies[] = {
		{1, 1, 0, {NULL}},
		{1, 8, 3, {LEAF_1, NODE_23, NODE_4567}},
		{6, 8, 3, {NODE_45, NODE_67, NODE_0123}},
		{2, 5, 2, {NODE_23, LEAF_4}},
	};
	reference_leaves();
	grow(REFERENCE);
	assert_proofs(merkle_inclusion_prove, inclusions, sizeof(inclusions) / sizeof(inclusions[0]));
	assert_proofs(merkle_consistency_prove, consistencies, sizeof(consistencies) / sizeof(consistencies[0]));
}

/* --- against the definitions ------------------------------------------------------------------------------------ */

static size_t
split_of(size_t count)
{
	size_t split = 1;
	while (2 * split < count)
		split *= 2;
	return split;
}

/* MTH of RFC 6962, section 2.1. */
static void
naive_root(size_t from, size_t count, uint8_t root[HASH_BYTES])
{
	uint8_t left[HASH_BYTES], right[HASH_BYTES];
	if (count == 1) {
		memcpy(root, leaves[from], HASH_BYTES);
		return;
	}
	naive_root(from, split_of(count), left);
	naive_root(from + split_of(count), count - split_of(count), right);
	merkle_node_hash(left, right, root);
}

static void
naive_add(struct merkle_proof *proof, size_t from, size_t count)
{
	naive_root(from, count, proof->hashes[proof->count++]);
}

/* PATH, section 2.1.1. */
static void
naive_path(size_t index, size_t from, size_t count, struct merkle_proof *proof)
{
	if (count == 1)
		return;
	size_t split = split_of(count);
	if (index < split) {
		naive_path(index, from, split, proof);
		naive_add(proof, from + split, count - split);
	} else {
		naive_path(index - split, from + split, count - split, proof);
		naive_add(proof, from, split);
	}
}

/* SUBPROOF, section 2.1.2. */
static void
naive_subproof(size_t first, size_t from, size_t count, bool is_known, struct merkle_proof *proof)
{
	if (first == count) {
		if (!is_known)
			naive_add(proof, from, count);
		return;
	}
	size_t split = split_of(count);
	if (first <= split) {
		naive_subproof(first, from, split, is_known, proof);
		naive_add(proof, from + split, count - split);
	} else {
		naive_subproof(first - split, from + split, count - split, false, proof);
		naive_add(proof, from, split);
	}
}

static void
assert_same_proof(const struct merkle_proof *a, const struct merkle_proof *b)
{
	assert_int_equal(a->count, b->count);
	if (a->count > 0)
		assert_memory_equal(a->hashes, b->hashes, a->count * HASH_BYTES);
}

static void
every_root_is_the_defined_one(void **state)
{
	uint8_t root[HASH_BYTES], naive[HASH_BYTES];
	grow_any(0);
	for (size_t size = 1; size <= LEAVES; size++) {
		struct merkle_frontier again;
		assert_true(merkle_append(&frontier, leaves[size - 1], NULL, NULL));
		naive_root(0, size, naive);
		merkle_root(&frontier, root);
		assert_memory_equal(root, naive, HASH_BYTES);
		assert_true(merkle_frontier_read(merkle_frontier_write(*state, &frontier), &again));
		merkle_root(&again, root);
		assert_int_equal(again.size, size);
		assert_memory_equal(root, naive, HASH_BYTES);
	}
}

static void
every_complete_node_is_told_once(void **state)
{
	(void)state;
	uint8_t naive[HASH_BYTES];
	grow_any(LEAVES);
	for (unsigned level = 0; level < STORED_LEVELS; level++) {
		for (size_t index = 0; index < LEAVES; index++) {
			bool is_complete = (index + 1) << level <= LEAVES;
			assert_int_equal(stored[level][index].is_there, is_complete);
			if (is_complete) {
				naive_root(index << level, (size_t)1 << level, naive);
				assert_memory_equal(stored[level][index].hash, naive, HASH_BYTES);
			}
		}
	}
}

/* Every single change to what is verified is noticed. */
static void
assert_inclusion_is_exact(uint64_t index, uint64_t size, struct merkle_proof *proof, const uint8_t root[HASH_BYTES])
{
	assert_null(merkle_inclusion_fault(index, size, leaves[index], proof, root));
	assert_non_null(merkle_inclusion_fault(index + 1, size, leaves[index], proof, root));
	assert_non_null(merkle_inclusion_fault(index ^ 1, size, leaves[index], proof, root));
	assert_non_null(merkle_inclusion_fault(index, 2 * size, leaves[index], proof, root));
	assert_non_null(merkle_inclusion_fault(index, size / 2, leaves[index], proof, root));
	assert_non_null(merkle_inclusion_fault(index, size, leaves[(index + 1) % LEAVES], proof, root));
	for (size_t i = 0; i < proof->count; i++) {
		proof->hashes[i][i % HASH_BYTES] ^= 1;
		assert_non_null(merkle_inclusion_fault(index, size, leaves[index], proof, root));
		proof->hashes[i][i % HASH_BYTES] ^= 1;
	}
	memcpy(proof->hashes[proof->count++], root, HASH_BYTES);
	assert_non_null(merkle_inclusion_fault(index, size, leaves[index], proof, root));
	proof->count--;
	if (proof->count > 0) {
		proof->count--;
		assert_non_null(merkle_inclusion_fault(index, size, leaves[index], proof, root));
		proof->count++;
	}
}

static void
every_inclusion_is_proved_and_no_other(void **state)
{
	(void)state;
	uint8_t root[HASH_BYTES];
	grow_any(LEAVES);
	for (size_t size = 1; size <= LEAVES; size++) {
		naive_root(0, size, root);
		for (size_t index = 0; index < size; index++) {
			unsigned asked = 0;
			struct merkle_proof proof;
			struct merkle_proof naive = {.count = 0};
			assert_null(merkle_inclusion_prove(index, size, find, &asked, &proof));
			naive_path(index, 0, size, &naive);
			assert_same_proof(&proof, &naive);
			assert_true(asked <= 2 * STORED_LEVELS);
			assert_inclusion_is_exact(index, size, &proof, root);
		}
	}
}

static void
assert_consistency_is_exact(uint64_t first, uint64_t second, struct merkle_proof *proof)
{
	uint8_t roots_of[2][HASH_BYTES];
	naive_root(0, first, roots_of[0]);
	naive_root(0, second, roots_of[1]);
	assert_null(merkle_consistency_fault(first, second, roots_of[0], roots_of[1], proof));
	for (int which = 0; which < 2; which++) {
		roots_of[which][3] ^= 1;
		assert_non_null(merkle_consistency_fault(first, second, roots_of[0], roots_of[1], proof));
		roots_of[which][3] ^= 1;
	}
	if (first != second)
		assert_non_null(merkle_consistency_fault(first, second, roots_of[1], roots_of[0], proof));
	assert_non_null(merkle_consistency_fault(second + 1, second, roots_of[0], roots_of[1], proof));
	assert_non_null(merkle_consistency_fault(first, 2 * second, roots_of[0], roots_of[1], proof));
	assert_non_null(merkle_consistency_fault(first, second / 2, roots_of[0], roots_of[1], proof));
	for (size_t i = 0; i < proof->count; i++) {
		proof->hashes[i][i % HASH_BYTES] ^= 1;
		assert_non_null(merkle_consistency_fault(first, second, roots_of[0], roots_of[1], proof));
		proof->hashes[i][i % HASH_BYTES] ^= 1;
	}
	memcpy(proof->hashes[proof->count++], roots_of[1], HASH_BYTES);
	assert_non_null(merkle_consistency_fault(first, second, roots_of[0], roots_of[1], proof));
	proof->count--;
	if (proof->count > 0) {
		proof->count--;
		assert_non_null(merkle_consistency_fault(first, second, roots_of[0], roots_of[1], proof));
		proof->count++;
	}
}

static void
every_consistency_is_proved_and_no_other(void **state)
{
	(void)state;
	grow_any(LEAVES);
	for (size_t second = 1; second <= LEAVES; second++) {
		for (size_t first = 1; first <= second; first++) {
			unsigned asked = 0;
			struct merkle_proof proof;
			struct merkle_proof naive = {.count = 0};
			assert_null(merkle_consistency_prove(first, second, find, &asked, &proof));
			naive_subproof(first, 0, second, true, &naive);
			assert_same_proof(&proof, &naive);
			assert_true(asked <= 2 * STORED_LEVELS);
			assert_consistency_is_exact(first, second, &proof);
		}
	}
}

/* A tree of one leaf has no branches, whatever root is claimed for it. */
static void
a_proof_cannot_reach_over_the_root(void **state)
{
	(void)state;
	struct merkle_proof proof = {.count = 1};
	uint8_t root[HASH_BYTES];
	any_leaves();
	naive_root(0, 2, root);
	memcpy(proof.hashes[0], leaves[0], HASH_BYTES);
	assert_null(merkle_inclusion_fault(1, 2, leaves[1], &proof, root));
	assert_string_equal(merkle_inclusion_fault(0, 1, leaves[1], &proof, root),
			    "the proof is longer than the tree is high");
}

/* --- edges ------------------------------------------------------------------------------------------------------ */

static void
the_empty_tree_precedes_every_tree(void **state)
{
	(void)state;
	struct merkle_proof proof;
	uint8_t nothing[HASH_BYTES], root[HASH_BYTES];
	grow_any(0);
	merkle_root(&frontier, nothing);
	naive_root(0, 5, root);
	assert_null(merkle_consistency_prove(0, 5, find, NULL, &proof));
	assert_int_equal(proof.count, 0);
	assert_null(merkle_consistency_fault(0, 5, nothing, root, &proof));
	assert_null(merkle_consistency_fault(0, 0, nothing, nothing, &proof));
	assert_non_null(merkle_consistency_fault(0, 5, root, root, &proof));
	assert_non_null(merkle_consistency_fault(1, 5, leaves[0], root, &proof));
	assert_string_equal(merkle_inclusion_prove(0, 0, find, NULL, &proof), "the tree has no such leaf");
	assert_string_equal(merkle_inclusion_fault(0, 0, leaves[0], &proof, nothing), "the tree has no such leaf");
}

static void
what_cannot_be_proved_is_said(void **state)
{
	(void)state;
	struct merkle_proof proof;
	grow_any(7);
	assert_string_equal(merkle_inclusion_prove(7, 7, find, NULL, &proof), "the tree has no such leaf");
	assert_string_equal(merkle_inclusion_prove(3, 8, find, NULL, &proof), "a node of the tree is not at hand");
	assert_string_equal(merkle_consistency_prove(3, 8, find, NULL, &proof), "a node of the tree is not at hand");
	assert_string_equal(merkle_consistency_prove(5, 4, find, NULL, &proof),
			    "the smaller tree is larger than the other");
	assert_non_null(merkle_inclusion_prove(0, UINT64_MAX, find, NULL, &proof));
	assert_non_null(merkle_consistency_prove(1, UINT64_MAX, find, NULL, &proof));
}

static void
a_frontier_is_read_exactly(void **state)
{
	struct merkle_frontier again;
	grow_any(13);
	struct slice bytes = merkle_frontier_write(*state, &frontier);
	assert_int_equal(bytes.size, 8 + 3 * HASH_BYTES);
	for (size_t size = 0; size < bytes.size; size++)
		assert_false(merkle_frontier_read(slice_of(bytes.data, size), &again));
	uint8_t longer[8 + 3 * HASH_BYTES + 1];
	memcpy(longer, bytes.data, bytes.size);
	longer[bytes.size] = 0;
	assert_false(merkle_frontier_read(slice_of(longer, sizeof(longer)), &again));
	memset(longer, 0xff, 8);
	assert_false(merkle_frontier_read(slice_of(longer, bytes.size), &again));
}

static void
a_full_tree_takes_no_more(void **state)
{
	(void)state;
	frontier.size = (UINT64_C(1) << MERKLE_LEVELS) - 2;
	any_leaves();
	assert_true(merkle_append(&frontier, leaves[0], NULL, NULL));
	assert_false(merkle_append(&frontier, leaves[0], NULL, NULL));
	assert_true(frontier.size == (UINT64_C(1) << MERKLE_LEVELS) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_tree_has_its_roots),
		cmocka_unit_test(the_reference_tree_has_its_proofs),
		cmocka_unit_test(every_root_is_the_defined_one),
		cmocka_unit_test(every_complete_node_is_told_once),
		cmocka_unit_test(every_inclusion_is_proved_and_no_other),
		cmocka_unit_test(every_consistency_is_proved_and_no_other),
		cmocka_unit_test(a_proof_cannot_reach_over_the_root),
		cmocka_unit_test(the_empty_tree_precedes_every_tree),
		cmocka_unit_test(what_cannot_be_proved_is_said),
		cmocka_unit_test(a_frontier_is_read_exactly),
		cmocka_unit_test(a_full_tree_takes_no_more),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
