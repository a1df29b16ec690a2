/* tests/unit/issued.h
 *
 * What an institution publishes and issues, small: its DID document, a status list, a
 * certificate, each with what a test wants to be otherwise. Keys follow from a seed. */
#ifndef TESTS_UNIT_ISSUED_H
#define TESTS_UNIT_ISSUED_H

#include "common/credential/bits.h"
#include "common/credential/check.h"
#include "common/credential/multibase.h"
#include "common/credential/proof.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define HOST "cert.example.vn"
#define SCHOOL "00000000010000000000000001"
#define OTHER_SCHOOL "00000000010000000000000002"
#define DID "did:web:" HOST ":issuers:" SCHOOL
#define OTHER_DID "did:web:" HOST ":issuers:" OTHER_SCHOOL
#define LIST "https://" HOST "/v1/status-lists/" SCHOOL "/1/"
#define CERTIFICATE "https://" HOST "/v1/certificates/00000000020000000000000003/editions/1"
#define CONTEXTS "[\"" CREDENTIAL_CONTEXT_V2 "\",\"" CREDENTIAL_CONTEXT_BADGES "\",\"" CREDENTIAL_CONTEXT_TERMS "\"]"
#define SIGNED_AT "2026-03-02T08:00:00Z"

enum { BIT = 500000 };

struct pair {
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
};

static inline struct pair
pair_of(uint8_t number)
{
	struct pair pair;
	uint8_t seed[crypto_sign_SEEDBYTES] = {number};
	crypto_sign_seed_keypair(pair.public_key, pair.secret, seed);
	return pair;
}

/* The document, which is JSON without a proof, with one. */
static inline const char *
with_proof(struct arena *arena, const char *document, const struct pair *pair, const char *method, const char *created)
{
	struct jcs_tree tree = jcs_parse_upto(arena, slice_text(document), JCS_LARGE_BYTES_MAX);
	if (tree.root == NULL)
		fail_msg("%s: %s", tree.fault, document);
	const char *contexts = arena_text(arena, jcs_text(arena, jcs_member(tree.root, "@context"), NULL));
	const char *options =
		arena_format(arena,
			     "{\"@context\":%s,\"created\":\"%s\",\"cryptosuite\":\"eddsa-jcs-2022\",\"proofPurpose\":"
			     "\"assertionMethod\",\"type\":\"DataIntegrityProof\",\"verificationMethod\":\"%s\"",
			     contexts, created, method);
	struct slice canonical = jcs_text(arena, tree.root, NULL);
	const char *value =
		proof_sign_texts(arena, slice_text(arena_format(arena, "%s}", options)), canonical, pair->secret);
	return arena_format(arena, "%.*s,\"proof\":[%s,\"proofValue\":\"%s\"}]}", (int)canonical.size - 1,
			    (const char *)canonical.data, options, value);
}

/* more: further members of the key, each with a comma before it. */
static inline const char *
document_of(struct arena *arena, const char *did, const char *key_id, const struct pair *pair, const char *more)
{
	char key[MULTIKEY_TEXT_BYTES];
	multikey_format(pair->public_key, key);
	return arena_format(arena,
			    "{\"id\":\"%s\",\"verificationMethod\":[{\"id\":\"%s#%s\",\"type\":\"Multikey\","
			    "\"controller\":\"%s\",\"publicKeyMultibase\":\"%s\"%s}],\"assertionMethod\":[\"%s#%s\"]}",
			    did, did, key_id, did, key, more, did, key_id);
}

static inline const char *
list_document(struct arena *arena, const char *did, const char *purpose, struct slice bits)
{
	return arena_format(arena,
			    "{\"@context\":[\"" CREDENTIAL_CONTEXT_V2 "\"],\"id\":\"" LIST "%s\",\"issuer\":\"%s\","
			    "\"type\":[\"VerifiableCredential\",\"BitstringStatusListCredential\"],"
			    "\"validFrom\":\"" SIGNED_AT "\",\"credentialSubject\":{\"type\":\"BitstringStatusList\","
			    "\"statusPurpose\":\"%s\",\"encodedList\":\"%s\"}}",
			    purpose, did, purpose, arena_text(arena, bits_encode(arena, bits)));
}

/* Of SCHOOL; BIT is set or not. */
static inline const char *
list_of(struct arena *arena, const char *purpose, bool is_set, const struct pair *pair, const char *method)
{
	uint8_t *bits = arena_zero(arena, BITS_BYTES);
	bits_set(bits, BIT, is_set);
	return with_proof(arena, list_document(arena, DID, purpose, slice_of(bits, BITS_BYTES)), pair, method,
			  SIGNED_AT);
}

/* more: further members of the certificate, each with a comma before it. */
static inline const char *
certificate_of(struct arena *arena, const struct pair *pair, const char *method, const char *created, const char *more)
{
	const char *entry = "{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"%s\",\"statusListIndex\":"
			    "\"%d\",\"statusListCredential\":\"" LIST "%s\"}";
	const char *revocation = arena_format(arena, entry, "revocation", BIT, "revocation");
	const char *suspension = arena_format(arena, entry, "suspension", BIT, "suspension");
	const char *document = arena_format(
		arena,
		"{\"@context\":" CONTEXTS ",\"edition\":1,\"id\":\"" CERTIFICATE
		"\",\"type\":[\"VerifiableCredential\","
		"\"AchievementCredential\"],\"issuer\":{\"id\":\"" DID
		"\",\"type\":[\"Profile\"],\"name\":\"Học viện\"},"
		"\"validFrom\":\"%s\",\"credentialStatus\":[%s,%s],\"credentialSubject\":{\"type\":["
		"\"AchievementSubject\"],\"name\":\"Nguyễn Thị An\",\"licenseNumber\":\"2026/000001\",\"achievement\":{"
		"\"type\":[\"Achievement\"],\"name\":\"Quản lý nhà nước\",\"hours\":16}}%s}",
		created, revocation, suspension, more);
	return with_proof(arena, document, pair, method, created);
}

#endif
