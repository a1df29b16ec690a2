/* tests/fuzz/note_fuzz.c
 *
 * Bytes presented as a note, a checkpoint, a verifier key, a proof in a tree. What is taken is
 * written again to the same bytes; what nobody signed never verifies; the text of a note signed
 * by us verifies. Proofs of any count and content end in a fault or hold. */
#include "common/credential/merkle.h"
#include "common/credential/note.h"

#include "common/base/codec.h"

#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
check_checkpoint(struct arena *arena, struct slice text)
{
	struct note_checkpoint checkpoint;
	if (note_checkpoint_parse(text, &checkpoint) != NULL)
		return;
	hold(slice_equal(note_checkpoint_format(arena, &checkpoint), text));
	struct slice time = note_checkpoint_extension(&checkpoint, "time");
	hold(time.data == NULL || time.size < checkpoint.extensions.size);
}

static void
check_key(struct arena *arena, struct slice text)
{
	struct note_key key;
	if (note_key_parse(text, &key) == NULL)
		hold(slice_equal(slice_text(note_key_format(arena, &key)), text));
}

static void
check_note(struct arena *arena, struct slice bytes)
{
	struct note note;
	uint8_t public_key[NOTE_PUBLIC_BYTES];
	uint8_t secret[NOTE_SECRET_BYTES];
	const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
	if (note_parse(bytes, &note) != NULL)
		return;
	crypto_sign_seed_keypair(public_key, secret, seed);
	struct note_key key = note_key_make(slice_text("fuzz.example/log"), public_key);
	hold(note.text.size + 1 + note.signatures.size == bytes.size);
	hold(note_fault(&note, &key) != NULL);
	check_checkpoint(arena, note.text);
	if (bytes.size > NOTE_BYTES_MAX / 2)
		return;
	struct slice ours = note_sign(arena, note.text, key.name, secret);
	struct slice text = note.text;
	hold(note_parse(ours, &note) == NULL);
	hold(slice_equal(note.text, text));
	hold(note_fault(&note, &key) == NULL);
}

static void
check_proof(struct arena *arena, struct slice bytes)
{
	static struct merkle_proof proof;
	static struct merkle_frontier frontier;
	struct slice root, leaf, hash;
	uint64_t first, second;
	if (merkle_frontier_read(bytes, &frontier))
		hold(slice_equal(merkle_frontier_write(arena, &frontier), bytes));
	if (!key_read_u64(&bytes, &first) || !key_read_u64(&bytes, &second) ||
	    !key_read_bytes(&bytes, HASH_BYTES, &root) || !key_read_bytes(&bytes, HASH_BYTES, &leaf))
		return;
	for (proof.count = 0; proof.count < MERKLE_PROOF_MAX && key_read_bytes(&bytes, HASH_BYTES, &hash);
	     proof.count++)
		memcpy(proof.hashes[proof.count], hash.data, HASH_BYTES);
	(void)merkle_inclusion_fault(first, second, leaf.data, &proof, root.data);
	(void)merkle_consistency_fault(first, second, leaf.data, root.data, &proof);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct slice bytes = slice_of(data, size);
	arena_init(&arena, 1 << 16, 0);
	check_note(&arena, bytes);
	check_checkpoint(&arena, bytes);
	check_key(&arena, bytes);
	check_proof(&arena, bytes);
	arena_free(&arena);
	return 0;
}
