/* common/credential/merkle.c
 *
 * Appending is counting in binary: a peak is a bit, a carry joins two peaks into the next.
 * Proofs descend from the root to where the leaf, or the end of the smaller tree, is; of each
 * branch not taken the hash is noted. A branch is a range of leaves that begins where a
 * complete node of its width could; if it is not full, as at the right edge, its hash follows
 * from the complete nodes within.
 *
 * Sizes are below 2^MERKLE_LEVELS in all that is asked, so no shift or sum overflows. */
#include "common/credential/merkle.h"

#include "common/base/codec.h"

#include <assert.h>

static const uint64_t SIZE_MAX_LEAVES = UINT64_C(1) << MERKLE_LEVELS;

void
merkle_leaf_hash(struct slice data, uint8_t hash[HASH_BYTES])
{
	const struct slice parts[] = {slice_of("\x00", 1), data};
	hash_sha256_parts(parts, 2, hash);
}

void
merkle_node_hash(const uint8_t left[HASH_BYTES], const uint8_t right[HASH_BYTES], uint8_t hash[HASH_BYTES])
{
	uint8_t bytes[1 + 2 * HASH_BYTES] = {0x01};
	memcpy(bytes + 1, left, HASH_BYTES);
	memcpy(bytes + 1 + HASH_BYTES, right, HASH_BYTES);
	hash_sha256(slice_of(bytes, sizeof(bytes)), hash);
}

static bool
is_same(const uint8_t a[HASH_BYTES], const uint8_t b[HASH_BYTES])
{
	return memcmp(a, b, HASH_BYTES) == 0;
}

/* --- growing ---------------------------------------------------------------------------------------------------- */

bool
merkle_append(struct merkle_frontier *frontier, const uint8_t leaf[HASH_BYTES], merkle_made *made, void *context)
{
	uint8_t hash[HASH_BYTES];
	unsigned level = 0;
	if (frontier->size + 1 >= SIZE_MAX_LEAVES)
		return false;
	memcpy(hash, leaf, HASH_BYTES);
	for (;; level++) {
		if (made != NULL)
			made(context, level, frontier->size >> level, hash);
		if ((frontier->size >> level & 1) == 0)
			break;
		merkle_node_hash(frontier->peaks[level], hash, hash);
	}
	memcpy(frontier->peaks[level], hash, HASH_BYTES);
	frontier->size++;
	return true;
}

void
merkle_root(const struct merkle_frontier *frontier, uint8_t root[HASH_BYTES])
{
	bool begun = false;
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if ((frontier->size >> level & 1) == 0)
			continue;
		if (begun)
			merkle_node_hash(frontier->peaks[level], root, root);
		else
			memcpy(root, frontier->peaks[level], HASH_BYTES);
		begun = true;
	}
	if (!begun)
		hash_sha256(slice_of(NULL, 0), root);
}

struct slice
merkle_frontier_write(struct arena *arena, const struct merkle_frontier *frontier)
{
	uint8_t bytes[MERKLE_FRONTIER_BYTES_MAX];
	size_t size = sizeof(uint64_t);
	assert(frontier->size < SIZE_MAX_LEAVES);
	put_u64(bytes, frontier->size);
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		if ((frontier->size >> level & 1) == 0)
			continue;
		memcpy(bytes + size, frontier->peaks[level], HASH_BYTES);
		size += HASH_BYTES;
	}
	return arena_copy(arena, slice_of(bytes, size));
}

bool
merkle_frontier_read(struct slice bytes, struct merkle_frontier *frontier)
{
	*frontier = (struct merkle_frontier){.size = 0};
	uint64_t size;
	if (!key_read_u64(&bytes, &size) || size >= SIZE_MAX_LEAVES)
		return false;
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		struct slice peak;
		if ((size >> level & 1) == 0)
			continue;
		if (!key_read_bytes(&bytes, HASH_BYTES, &peak))
			return false;
		memcpy(frontier->peaks[level], peak.data, HASH_BYTES);
	}
	frontier->size = size;
	return bytes.size == 0;
}

/* --- proving ---------------------------------------------------------------------------------------------------- */

static const char absent[] = "a node of the tree is not at hand";

/* A tree as a proof looks at it: the range of leaves it has descended to, and what it noted on the way. */
struct descent {
	merkle_node *node;
	void *context;
	struct merkle_proof *proof;
	uint64_t begin;
	uint64_t end;
};

/* The level of the largest complete node within so many leaves: floor(log2(leaves)). */
static unsigned
level_within(uint64_t leaves)
{
	unsigned level = 0;
	while (leaves >> level > 1)
		level++;
	return level;
}

/* The hash of a range whose begin is a multiple of the next power of two. */
static bool
range_hash(const struct descent *descent, uint64_t begin, uint64_t end, uint8_t hash[HASH_BYTES])
{
	uint8_t complete[MERKLE_LEVELS][HASH_BYTES];
	unsigned count = 0;
	assert(begin < end);
	do {
		unsigned level = level_within(end - begin);
		assert(count < MERKLE_LEVELS);
		if (!descent->node(descent->context, level, begin >> level, complete[count++]))
			return false;
		begin += UINT64_C(1) << level;
	} while (begin < end);
	memcpy(hash, complete[--count], HASH_BYTES);
	while (count > 0)
		merkle_node_hash(complete[--count], hash, hash);
	return true;
}

static bool
note_range(struct descent *descent, uint64_t begin, uint64_t end)
{
	assert(descent->proof->count < MERKLE_PROOF_MAX);
	return range_hash(descent, begin, end, descent->proof->hashes[descent->proof->count++]);
}

/* One level down: where the range splits (RFC 6962: the largest power of two smaller than its width). Goes left if
 * what is looked for is below the split, and notes the other side; is_left says which. */
static bool
descend(struct descent *descent, uint64_t last, bool *is_left)
{
	uint64_t split = descent->begin + (UINT64_C(1) << level_within(descent->end - descent->begin - 1));
	*is_left = last < split;
	if (*is_left) {
		uint64_t end = descent->end;
		descent->end = split;
		return note_range(descent, split, end);
	}
	uint64_t begin = descent->begin;
	descent->begin = split;
	return note_range(descent, begin, split);
}

/* Noted from the root down, told from the leaf up. */
static void
turn_round(struct merkle_proof *proof)
{
	for (size_t i = 0; i < proof->count / 2; i++) {
		uint8_t hash[HASH_BYTES];
		size_t other = proof->count - 1 - i;
		memcpy(hash, proof->hashes[i], HASH_BYTES);
		memcpy(proof->hashes[i], proof->hashes[other], HASH_BYTES);
		memcpy(proof->hashes[other], hash, HASH_BYTES);
	}
}

const char *
merkle_inclusion_prove(uint64_t index, uint64_t size, merkle_node *node, void *context, struct merkle_proof *proof)
{
	struct descent descent = {.node = node, .context = context, .proof = proof, .end = size};
	bool is_left;
	proof->count = 0;
	if (size >= SIZE_MAX_LEAVES || index >= size)
		return "the tree has no such leaf";
	while (descent.end - descent.begin > 1) {
		if (!descend(&descent, index, &is_left))
			return absent;
	}
	turn_round(proof);
	return NULL;
}

const char *
merkle_consistency_prove(uint64_t first, uint64_t second, merkle_node *node, void *context, struct merkle_proof *proof)
{
	struct descent descent = {.node = node, .context = context, .proof = proof, .end = second};
	bool is_first_known = true; /* the smaller tree's own root is what the verifier has already */
	bool is_left;
	proof->count = 0;
	if (second >= SIZE_MAX_LEAVES || first > second)
		return "the smaller tree is larger than the other";
	if (first == 0)
		return NULL;
	while (descent.end > first) {
		if (!descend(&descent, first - 1, &is_left))
			return absent;
		is_first_known &= is_left;
	}
	if (!is_first_known && !note_range(&descent, descent.begin, descent.end))
		return absent;
	turn_round(proof);
	return NULL;
}

/* --- verifying -------------------------------------------------------------------------------------------------- */

static const char too_long[] = "the proof is longer than the tree is high";
static const char too_short[] = "the proof is shorter than the tree is high";

const char *
merkle_inclusion_fault(uint64_t index, uint64_t size, const uint8_t leaf[HASH_BYTES], const struct merkle_proof *proof,
		       const uint8_t root[HASH_BYTES])
{
	uint8_t hash[HASH_BYTES];
	if (index >= size)
		return "the tree has no such leaf";
	uint64_t at = index;      /* fn of RFC 9162: the index of what hash stands for, on its level */
	uint64_t last = size - 1; /* sn: the last index on that level */
	memcpy(hash, leaf, HASH_BYTES);
	for (size_t i = 0; i < proof->count; i++) {
		if (last == 0)
			return too_long;
		if ((at & 1) == 1 || at == last) {
			merkle_node_hash(proof->hashes[i], hash, hash);
			for (; (at & 1) == 0 && at != 0; at >>= 1)
				last >>= 1;
		} else {
			merkle_node_hash(hash, proof->hashes[i], hash);
		}
		at >>= 1;
		last >>= 1;
	}
	if (last != 0)
		return too_short;
	return is_same(hash, root) ? NULL : "the leaf is not in the tree of this root";
}

/* Both roots at once, climbing from where the trees part. */
static const char *
climb(uint64_t first, uint64_t second, const uint8_t first_root[HASH_BYTES], const uint8_t second_root[HASH_BYTES],
      const struct merkle_proof *proof)
{
	uint8_t ours[HASH_BYTES];
	uint8_t its[HASH_BYTES];
	uint64_t at = first - 1;
	uint64_t last = second - 1;
	size_t i = 0;
	for (; (at & 1) == 1; at >>= 1)
		last >>= 1;
	/* A smaller tree that is complete is a node of the larger one: the proof leaves its hash out. */
	bool is_node = (first & (first - 1)) == 0;
	memcpy(ours, is_node ? first_root : proof->hashes[i++], HASH_BYTES);
	memcpy(its, ours, HASH_BYTES);
	for (; i < proof->count; i++) {
		if (last == 0)
			return too_long;
		if ((at & 1) == 1 || at == last) {
			merkle_node_hash(proof->hashes[i], ours, ours);
			merkle_node_hash(proof->hashes[i], its, its);
			for (; (at & 1) == 0 && at != 0; at >>= 1)
				last >>= 1;
		} else {
			merkle_node_hash(its, proof->hashes[i], its);
		}
		at >>= 1;
		last >>= 1;
	}
	if (last != 0)
		return too_short;
	if (!is_same(ours, first_root))
		return "the proof does not lead to the smaller tree's root";
	return is_same(its, second_root) ? NULL : "the proof does not lead to the larger tree's root";
}

const char *
merkle_consistency_fault(uint64_t first, uint64_t second, const uint8_t first_root[HASH_BYTES],
			 const uint8_t second_root[HASH_BYTES], const struct merkle_proof *proof)
{
	uint8_t nothing[HASH_BYTES];
	if (first > second)
		return "the smaller tree is larger than the other";
	if (first != 0 && first != second)
		return proof->count == 0 ? too_short : climb(first, second, first_root, second_root, proof);
	if (proof->count != 0)
		return too_long;
	if (first == second)
		return is_same(first_root, second_root) ? NULL : "two trees of one size have different roots";
	hash_sha256(slice_of(NULL, 0), nothing);
	return is_same(first_root, nothing) ? NULL : "the empty tree has another root";
}
