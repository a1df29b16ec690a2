/* common/credential/proof.h
 *
 * Data Integrity proofs by cryptosuite eddsa-jcs-2022 (W3C Data Integrity EdDSA
 * Cryptosuites 1.0, section 3.3): Ed25519 over
 *     SHA-256(JCS(proof options)) || SHA-256(JCS(document without proof)) */
#ifndef COMMON_CREDENTIAL_PROOF_H
#define COMMON_CREDENTIAL_PROOF_H

#include "common/credential/jcs.h"

enum {
	PROOF_HASH_BYTES = 64,
	PROOF_SIGNATURE_BYTES = 64,
	PROOF_PUBLIC_BYTES = 32,
	PROOF_SECRET_BYTES = 64,
	PROOF_VALUE_BYTES = 91, /* a proofValue with its NUL */
};

/* What is signed. proof is the proof object, with or without its proofValue. */
void proof_hash(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof,
		uint8_t hash[PROOF_HASH_BYTES]);

/* The same of texts that are canonical already, so that whoever wrote them canonically need not parse them: the proof
 * options without proofValue, and the document without proof. Of texts that are not, nothing verifies. */
void proof_hash_texts(struct slice options, struct slice document, uint8_t hash[PROOF_HASH_BYTES]);
const char *proof_sign_texts(struct arena *arena, struct slice options, struct slice document,
			     const uint8_t secret[PROOF_SECRET_BYTES]);
/* And of the two hashes, for whoever has them already; may run in any thread. */
void proof_sign_hash(const uint8_t hash[PROOF_HASH_BYTES], const uint8_t secret[PROOF_SECRET_BYTES],
		     char value[PROOF_VALUE_BYTES]);

/* The proofValue: multibase of the signature. secret as libsodium has it (seed, then public key). */
const char *proof_sign(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof,
		       const uint8_t secret[PROOF_SECRET_BYTES]);

/* NULL if the proof holds; else what is wrong with it, a sentence. Checks the suite, that the proof speaks of
 * the document's own contexts, and the signature; whose key it is, the caller has to know. */
const char *proof_fault(struct arena *arena, const struct jcs_value *document, const struct jcs_value *proof,
			const uint8_t public_key[PROOF_PUBLIC_BYTES]);

#endif
