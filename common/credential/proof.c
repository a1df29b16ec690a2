/* common/credential/proof.c
 *
 * Both halves of what is signed are canonical texts, hashed apart, so neither can grow
 * into the other. The proof repeats the document's contexts: moved to a document with
 * other contexts it no longer holds. */
#include "common/credential/proof.h"

#include "common/base/hash.h"
#include "common/credential/multibase.h"

#include <assert.h>
#include <sodium.h>

void
proof_hash_texts(struct slice options, struct slice document, uint8_t hash[PROOF_HASH_BYTES])
{
	hash_sha256(options, hash);
	hash_sha256(document, hash + HASH_BYTES);
}

void
proof_sign_hash(const uint8_t hash[PROOF_HASH_BYTES], const uint8_t secret[PROOF_SECRET_BYTES],
		char value[PROOF_VALUE_BYTES])
{
	uint8_t signature[PROOF_SIGNATURE_BYTES];
	static_assert((int)PROOF_VALUE_BYTES == (int)MULTIBASE_TEXT_BYTES, "a signature is as long as can be");
	crypto_sign_detached(signature, NULL, hash, PROOF_HASH_BYTES, secret);
	multibase_format(slice_of(signature, sizeof(signature)), value);
}

const char *
proof_sign_texts(struct arena *arena, struct slice options, struct slice document,
		 const uint8_t secret[PROOF_SECRET_BYTES])
{
	uint8_t hash[PROOF_HASH_BYTES];
	char value[PROOF_VALUE_BYTES];
	proof_hash_texts(options, document, hash);
	proof_sign_hash(hash, secret, value);
	return arena_text(arena, slice_text(value));
}

void
proof_hash(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof,
	   uint8_t hash[PROOF_HASH_BYTES])
{
	proof_hash_texts(jcs_text(arena, proof, "proofValue"), jcs_text(arena, document, "proof"), hash);
}

const char *
proof_sign(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof,
	   const uint8_t secret[PROOF_SECRET_BYTES])
{
	return proof_sign_texts(arena, jcs_text(arena, proof, "proofValue"), jcs_text(arena, document, "proof"),
				secret);
}

static bool
same_contexts(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof)
{
	const struct jcs_value *ours = jcs_member(document, "@context");
	const struct jcs_value *its = jcs_member(proof, "@context");
	return ours != NULL && its != NULL && slice_equal(jcs_text(arena, ours, NULL), jcs_text(arena, its, NULL));
}

const char *
proof_fault(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof,
	    const uint8_t public_key[PROOF_PUBLIC_BYTES])
{
	uint8_t hash[PROOF_HASH_BYTES];
	uint8_t signature[PROOF_SIGNATURE_BYTES];
	if (!jcs_member_is(proof, "type", "DataIntegrityProof") ||
	    !jcs_member_is(proof, "cryptosuite", "eddsa-jcs-2022"))
		return "the proof is not of the kind eddsa-jcs-2022";
	if (!jcs_member_is(proof, "proofPurpose", "assertionMethod"))
		return "the proof was made for another purpose";
	if (!same_contexts(arena, document, proof))
		return "the proof was made for another document";
	const struct jcs_value *value = jcs_member(proof, "proofValue");
	if (value == NULL || value->kind != JSON_STRING || !multibase_decode(value->text, signature, sizeof(signature)))
		return "the proof value is not a signature";
	proof_hash(arena, document, proof, hash);
	if (crypto_sign_verify_detached(signature, hash, sizeof(hash), public_key) != 0)
		return "the signature does not belong to this text: it was changed, or signed by somebody else";
	return NULL;
}
