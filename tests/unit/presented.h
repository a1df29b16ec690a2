/* tests/unit/presented.h
 *
 * Credentials as we issue them and as an attacker would like them: a school's key, another school's, and documents
 * that differ from an honest one in named places, really signed. */
#ifndef TESTS_UNIT_PRESENTED_H
#define TESTS_UNIT_PRESENTED_H

#include "common/base/text.h"
#include "common/credential/check.h"
#include "common/credential/proof.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SCHOOL "00000000010000000000000001"
#define OTHER_SCHOOL "00000000010000000000000002"
#define CERTIFICATE "00000000020000000000000003"
#define DID "did:web:cert.example.vn:issuers:" SCHOOL
#define OTHER_DID "did:web:cert.example.vn:issuers:" OTHER_SCHOOL
#define URL "https://cert.example.vn"
#define CONTEXTS "[\"" CREDENTIAL_CONTEXT_V2 "\",\"" CREDENTIAL_CONTEXT_BADGES "\",\"" CREDENTIAL_CONTEXT_TERMS "\"]"
#define ID URL "/v1/certificates/" CERTIFICATE "/editions/1"
#define ENTRY(purpose)                                                                                                 \
	"{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"" purpose "\",\"statusListIndex\":\"7\","          \
	"\"statusListCredential\":\"" LISTS "1/" purpose "\"}"
#define LISTS URL "/v1/status-lists/" SCHOOL "/"

static const char *const subject_text =
	"{\"type\":[\"AchievementSubject\"],\"name\":\"Nguyễn Thị An\",\"licenseNumber\":\"2026/000001\","
	"\"completedOn\":\"2026-03-01\",\"achievement\":{\"type\":[\"Achievement\"],\"name\":\"Quản lý nhà nước\","
	"\"nameEn\":\"State management\",\"kind\":{\"code\":\"default\",\"name\":\"Chứng chỉ\"},\"hours\":16}}";

/* What may differ from an honest credential; NULL is as it should be. */
struct shape {
	const char *contexts, *id, *type, *issuer, *valid_from, *valid_until, *index, *revocation, *more, *statuses;
	const char *proof_contexts, *method, *purpose, *created, *suite, *proof_more;
};

struct fixture {
	struct arena arena;
	uint8_t public_key[PROOF_PUBLIC_BYTES], secret[PROOF_SECRET_BYTES];
	uint8_t other_public[PROOF_PUBLIC_BYTES], other_secret[PROOF_SECRET_BYTES];
	struct check_key key; /* of SCHOOL, key-1 */
	int64_t now_us;
};

static inline int64_t
instant(const char *text)
{
	int64_t us;
	assert_true(instant_parse(text, &us));
	return us;
}

static inline int
open_fixture(void **state)
{
	static struct fixture fixture;
	uint8_t seed[crypto_sign_SEEDBYTES] = {1};
	arena_init(&fixture.arena, 1 << 16, 0);
	crypto_sign_seed_keypair(fixture.public_key, fixture.secret, seed);
	seed[0] = 2;
	crypto_sign_seed_keypair(fixture.other_public, fixture.other_secret, seed);
	fixture.key = (struct check_key){
		.alg = JWT_EDDSA,
		.public_key = slice_of(fixture.public_key, PROOF_PUBLIC_BYTES),
		.active_from_us = instant("2026-01-01T00:00:00Z"),
		.retired_us = INT64_MAX,
		.compromised_since_us = INT64_MAX,
	};
	fixture.now_us = instant("2026-06-01T00:00:00Z");
	*state = &fixture;
	return 0;
}

static inline int
close_fixture(void **state)
{
	struct fixture *fixture = *state;
	arena_free(&fixture->arena);
	return 0;
}

/* Two institutions of one deployment, a key each; the other's is called key-1 as well. */
static inline enum check_key_found
find_key(void *context, const char *did, const char *key_id, struct check_key *key)
{
	struct fixture *fixture = context;
	*key = fixture->key;
	if (strcmp(did, OTHER_DID) == 0)
		key->public_key = slice_of(fixture->other_public, PROOF_PUBLIC_BYTES);
	else if (strcmp(did, DID) != 0)
		return CHECK_ISSUER_UNKNOWN;
	return strcmp(key_id, "key-1") == 0 ? CHECK_KEY_FOUND : CHECK_KEY_UNKNOWN;
}

static inline const char * or (const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* Without its closing brace. */
static inline const char *
document_of(struct fixture *fixture, const struct shape *shape)
{
	const char *index = or (shape->index, "94567");
	const char *statuses =
		or (shape->statuses,
		    arena_format(
			    &fixture->arena,
			    "[{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"revocation\","
			    "\"statusListIndex\":\"%s\","
			    "\"statusListCredential\":\"%s\"},{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":"
			    "\"suspension\",\"statusListIndex\":\"%s\",\"statusListCredential\":\"" LISTS
			    "1/suspension\"}]",
			    index, or (shape->revocation, LISTS "1/revocation"), index));
	const char *until = shape->valid_until == NULL
				    ? ""
				    : arena_format(&fixture->arena, ",\"validUntil\":\"%s\"", shape->valid_until);
	return arena_format(
		&fixture->arena,
		"{\"@context\":%s,\"edition\":1,\"id\":\"%s\",\"type\":%s,\"name\":\"Quản lý nhà "
		"nước\",\"issuer\":{\"id\":\"%s\","
		"\"type\":[\"Profile\"],\"name\":\"Học viện\"},\"validFrom\":\"%s\"%s,\"credentialStatus\":%s,"
		"\"credentialSubject\":%s%s",
		or (shape->contexts, CONTEXTS), or (shape->id, ID),
		or (shape->type, "[\"VerifiableCredential\",\"AchievementCredential\"]"), or (shape->issuer, DID),
		or (shape->valid_from, "2026-03-02T08:00:00Z"), until, statuses, subject_text, or (shape->more, ""));
}

static inline const char *
proof_of(struct fixture *fixture, const struct shape *shape)
{
	return arena_format(
		&fixture->arena,
		"{\"@context\":%s,\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"%s\",\"created\":\"%s\","
		"\"verificationMethod\":\"%s\",\"proofPurpose\":\"%s\"%s",
		or (shape->proof_contexts, CONTEXTS), or (shape->suite, "eddsa-jcs-2022"),
		or (shape->created, "2026-03-02T08:00:00Z"), or (shape->method, DID "#key-1"),
		or (shape->purpose, "assertionMethod"), or (shape->proof_more, ""));
}

static inline const struct jcs_value *
closed(struct fixture *fixture, const char *open_object)
{
	const char *text = arena_format(&fixture->arena, "%s}", open_object);
	struct jcs_tree tree = jcs_parse(&fixture->arena, slice_text(text));
	if (tree.root == NULL)
		fail_msg("%s: %s", text, tree.fault);
	return tree.root;
}

static inline const char *
signed_proof(struct fixture *fixture, const struct shape *shape)
{
	const char *proof = proof_of(fixture, shape);
	const char *value = proof_sign(&fixture->arena, closed(fixture, document_of(fixture, shape)),
				       closed(fixture, proof), fixture->secret);
	return arena_format(&fixture->arena, "%s,\"proofValue\":\"%s\"}", proof, value);
}

/* Really signed with the school's key, whatever its shape. */
static inline const char *
credential_of(struct fixture *fixture, const struct shape *shape)
{
	return arena_format(&fixture->arena, "%s,\"proof\":[%s]}", document_of(fixture, shape),
			    signed_proof(fixture, shape));
}

static inline struct credential_check
check(struct fixture *fixture, struct slice presented)
{
	struct credential_check result;
	struct check_issuers issuers = {find_key, fixture};
	credential_check(&result, &fixture->arena, presented, &issuers, fixture->now_us);
	return result;
}

static inline bool
passes(struct fixture *fixture, struct slice presented)
{
	struct credential_check result = check(fixture, presented);
	return result.verdict == VERDICT_UNKNOWN && result.reason == REASON_NONE;
}

static inline void
expect(struct fixture *fixture, const char *name, const char *presented, enum reason reason)
{
	struct credential_check result = check(fixture, slice_text(presented));
	if (result.reason != reason || result.verdict != reason_verdict(reason))
		fail_msg("%s: %s %s, not %s: %s", name, verdict_name(result.verdict),
			 reason_en(&fixture->arena, result.reason, &(struct reason_words){.what = result.what}),
			 reason_en(&fixture->arena, reason, &(struct reason_words){.what = ""}), presented);
}

static inline const char *
replaced(struct fixture *fixture, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	if (at == NULL)
		fail_msg("%s is not in %s", old, text);
	return arena_format(&fixture->arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

#endif
