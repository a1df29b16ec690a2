/* common/credential/merkle.h
 *
 * The Merkle tree of a transparency log (RFC 6962, section 2.1): SHA-256, leaves hashed as
 * H(0x00 || data), nodes as H(0x01 || left || right). A node is named by its level, leaves
 * being level 0, and its index there; it stands for the leaves from index << level on, as many as
 * 1 << level, and is complete once all of them are there. Complete nodes never change: a log
 * keeps them, and proves with them.
 *
 * Verifying follows RFC 9162, sections 2.1.3.2 and 2.1.4.2. Sizes count leaves. */
#ifndef COMMON_CREDENTIAL_MERKLE_H
#define COMMON_CREDENTIAL_MERKLE_H

#include "common/base/arena.h"
#include "common/base/hash.h"

enum {
	MERKLE_LEVELS = 40, /* 2^40 leaves: 200,000 years of 5 million certificates */
	MERKLE_PROOF_MAX = MERKLE_LEVELS + 1,
	MERKLE_FRONTIER_BYTES_MAX = 8 + MERKLE_LEVELS * HASH_BYTES,
};

void merkle_leaf_hash(struct slice data, uint8_t hash[HASH_BYTES]);
void merkle_node_hash(const uint8_t left[HASH_BYTES], const uint8_t right[HASH_BYTES], uint8_t hash[HASH_BYTES]);

/* --- growing ---------------------------------------------------------------------------------------------------- */

/* All that is needed to append, and to tell the root: the largest complete nodes, at most one a level, namely where
 * size has a bit. An empty one is all zeros. */
struct merkle_frontier {
	uint64_t size;
	uint8_t peaks[MERKLE_LEVELS][HASH_BYTES];
};

/* Told of each node that became complete, the leaf itself first. */
typedef void merkle_made(void *context, unsigned level, uint64_t index, const uint8_t hash[HASH_BYTES]);

/* False if the tree is full. made may be NULL. */
bool merkle_append(struct merkle_frontier *frontier, const uint8_t leaf[HASH_BYTES], merkle_made *made, void *context);
/* Of the empty tree: the hash of nothing. */
void merkle_root(const struct merkle_frontier *frontier, uint8_t root[HASH_BYTES]);

/* Big-endian size, then the peaks from the highest level down; in the arena. */
struct slice merkle_frontier_write(struct arena *arena, const struct merkle_frontier *frontier);
bool merkle_frontier_read(struct slice bytes, struct merkle_frontier *frontier);

/* --- proving ---------------------------------------------------------------------------------------------------- */

/* From the leaf's end to the root's, as RFC 6962 orders them. */
struct merkle_proof {
	size_t count;
	uint8_t hashes[MERKLE_PROOF_MAX][HASH_BYTES];
};

/* The hash of a complete node; false if it is not at hand. */
typedef bool merkle_node(void *context, unsigned level, uint64_t index, uint8_t hash[HASH_BYTES]);

/* Each returns NULL and the proof, or why there is none. Asks for at most 2 * MERKLE_LEVELS nodes. */
const char *
merkle_inclusion_prove(uint64_t index, uint64_t size, merkle_node *node, void *context, struct merkle_proof *proof);
/* That the tree of size first is the beginning of the tree of size second; nothing needs proof of an empty one. */
const char *
merkle_consistency_prove(uint64_t first, uint64_t second, merkle_node *node, void *context, struct merkle_proof *proof);

/* --- verifying -------------------------------------------------------------------------------------------------- */

/* NULL if the leaf stands at index in the tree of that size and root, else what is wrong, a sentence. */
const char *merkle_inclusion_fault(uint64_t index, uint64_t size, const uint8_t leaf[HASH_BYTES],
				   const struct merkle_proof *proof, const uint8_t root[HASH_BYTES]);
const char *merkle_consistency_fault(uint64_t first, uint64_t second, const uint8_t first_root[HASH_BYTES],
				     const uint8_t second_root[HASH_BYTES], const struct merkle_proof *proof);

#endif
