/* tests/unit/check_test.c
 *
 * A credential as we issue it passes every check that needs no record, as JSON and as a
 * token; whatever an attacker makes of it does not, and each attack has its own reason. Any
 * byte of it flipped, and any piece cut out or doubled, is never passed. Every reason has
 * its sentence in both languages. */
#include "common/credential/check.h"

#include "common/base/text.h"
#include "common/credential/proof.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

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

static const char subject_text[] =
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

static int64_t
instant(const char *text)
{
	int64_t us;
	assert_true(instant_parse(text, &us));
	return us;
}

static int
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

static int
close_fixture(void **state)
{
	struct fixture *fixture = *state;
	arena_free(&fixture->arena);
	return 0;
}

/* Two institutions of one deployment, a key each; the other's is called key-1 as well. */
static enum check_key_found
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

static const char * or (const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* Without its closing brace. */
static const char *
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

static const char *
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

static const struct jcs_value *
closed(struct fixture *fixture, const char *open_object)
{
	const char *text = arena_format(&fixture->arena, "%s}", open_object);
	struct jcs_tree tree = jcs_parse(&fixture->arena, slice_text(text));
	if (tree.root == NULL)
		fail_msg("%s: %s", text, tree.fault);
	return tree.root;
}

static const char *
signed_proof(struct fixture *fixture, const struct shape *shape)
{
	const char *proof = proof_of(fixture, shape);
	const char *value = proof_sign(&fixture->arena, closed(fixture, document_of(fixture, shape)),
				       closed(fixture, proof), fixture->secret);
	return arena_format(&fixture->arena, "%s,\"proofValue\":\"%s\"}", proof, value);
}

/* Really signed with the school's key, whatever its shape. */
static const char *
credential_of(struct fixture *fixture, const struct shape *shape)
{
	return arena_format(&fixture->arena, "%s,\"proof\":[%s]}", document_of(fixture, shape),
			    signed_proof(fixture, shape));
}

static struct credential_check
check(struct fixture *fixture, struct slice presented)
{
	struct credential_check result;
	struct check_issuers issuers = {find_key, fixture};
	credential_check(&result, &fixture->arena, presented, &issuers, fixture->now_us);
	return result;
}

static bool
passes(struct fixture *fixture, struct slice presented)
{
	struct credential_check result = check(fixture, presented);
	return result.verdict == VERDICT_UNKNOWN && result.reason == REASON_NONE;
}

static void
expect(struct fixture *fixture, const char *name, const char *presented, enum reason reason)
{
	struct credential_check result = check(fixture, slice_text(presented));
	if (result.reason != reason || result.verdict != reason_verdict(reason))
		fail_msg("%s: %s %s, not %s: %s", name, verdict_name(result.verdict),
			 reason_en(&fixture->arena, result.reason, &(struct reason_words){.what = result.what}),
			 reason_en(&fixture->arena, reason, &(struct reason_words){.what = ""}), presented);
}

static const char *
replaced(struct fixture *fixture, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	if (at == NULL)
		fail_msg("%s is not in %s", old, text);
	return arena_format(&fixture->arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* --- what passes ------------------------------------------------------------------------------------------------ */

static void
what_we_issue_passes_and_is_read(void **state)
{
	struct fixture *fixture = *state;
	const char *text = credential_of(fixture, &(struct shape){.valid_until = "2027-03-01T16:59:59Z"});
	struct credential_check result = check(fixture, slice_text(text));
	assert_int_equal(result.reason, REASON_NONE);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_true(result.signature_holds);
	assert_false(result.key_doubted);
	assert_string_equal(result.issuer, DID);
	assert_string_equal(result.base_url, URL);
	assert_string_equal(result.authority_id, SCHOOL);
	assert_string_equal(result.key_id, "key-1");
	assert_string_equal(result.certificate_id, CERTIFICATE);
	assert_int_equal(result.edition, 1);
	assert_string_equal(result.status[CHECK_REVOCATION].list, LISTS "1/revocation");
	assert_string_equal(result.status[CHECK_SUSPENSION].list, LISTS "1/suspension");
	assert_int_equal(result.status[CHECK_REVOCATION].number, 1);
	assert_int_equal(result.status[CHECK_REVOCATION].index, 94567);
	assert_true(result.signed_us == instant("2026-03-02T08:00:00Z"));
	assert_true(result.valid_until_us == instant("2027-03-01T16:59:59Z"));
	assert_string_equal(result.content.name, "Nguyễn Thị An");
	assert_string_equal(result.content.programme_title_en, "State management");
	assert_string_equal(result.content.register_number, "2026/000001");
	assert_string_equal(result.content.institution, "Học viện");
	assert_int_equal(result.content.hours, 16);
	assert_string_equal(result.content.kind_name, "Chứng chỉ");
}

static void
other_spellings_of_the_same_pass(void **state)
{
	struct fixture *fixture = *state;
	struct shape shape = {NULL};
	const char *document = document_of(fixture, &shape);
	const char *proof = signed_proof(fixture, &shape);
	expect(fixture, "proof as an object", arena_format(&fixture->arena, "%s,\"proof\":%s}", document, proof),
	       REASON_NONE);
	expect(fixture, "proof first",
	       arena_format(&fixture->arena, " {\"proof\" : [%s],\n%s}\r\n", proof, document + 1), REASON_NONE);
	expect(fixture, "escaped letters",
	       replaced(fixture, credential_of(fixture, &shape), "AchievementSubject", "\\u0041chievementSubject"),
	       REASON_NONE);
	expect(fixture, "last index of a list", credential_of(fixture, &(struct shape){.index = "1048575"}),
	       REASON_NONE);
}

/* --- attacks ---------------------------------------------------------------------------------------------------- */

static void
what_is_no_credential_is_invalid(void **state)
{
	struct fixture *fixture = *state;
	char deep[200];
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	expect(fixture, "nothing", "", REASON_NOT_CREDENTIAL);
	expect(fixture, "a word", "hello", REASON_NOT_CREDENTIAL);
	expect(fixture, "an array", "[1, 2]", REASON_NOT_OBJECT);
	expect(fixture, "deep nesting", deep, REASON_NOT_CREDENTIAL);
	expect(fixture, "a lone surrogate", "{\"name\": \"\\ud800\"}", REASON_NOT_CREDENTIAL);
	expect(fixture, "two members of one name", "{\"id\": 1, \"id\": 2}", REASON_NOT_CREDENTIAL);
	expect(fixture, "a number beyond doubles", "{\"id\": 1e999}", REASON_NOT_CREDENTIAL);
	expect(fixture, "another spelling", "{\"id\": 1.0}", REASON_RESPELT);
	expect(fixture, "an empty object", "{}", REASON_NO_ISSUER);
	expect(fixture, "a DID with a NUL", "{\"issuer\":{\"id\":\"" DID "\\u0000\"}}", REASON_ISSUER_FORM);
}

static void
the_text_is_not_to_be_changed(void **state)
{
	struct fixture *fixture = *state;
	const char *honest = credential_of(fixture, &(struct shape){NULL});
	static const struct {
		const char *name, *old, *new;
		enum reason reason;
	} changes[] = {
		{"another holder", "Nguyễn Thị An", "Nguyễn Thị Ân", REASON_SIGNATURE},
		{"an added member", "{\"@context\"", "{\"honours\":true,\"@context\"", REASON_SIGNATURE},
		{"a member moved outwards", ",\"hours\":16}}", "},\"hours\":16}", REASON_SIGNATURE},
		{"a member moved inwards", "\"completedOn\":\"2026-03-01\",\"achievement\":{",
		 "\"achievement\":{\"completedOn\":\"2026-03-01\",", REASON_SIGNATURE},
		{"a doubled member", "\"hours\":16", "\"hours\":16,\"hours\":16", REASON_NOT_CREDENTIAL},
		{"a doubled member, escaped", "\"hours\":16", "\"hours\":16,\"h\\u006furs\":99", REASON_NOT_CREDENTIAL},
		{"another spelling of 16", "\"hours\":16", "\"hours\":1.6e1", REASON_RESPELT},
		{"minus zero", "\"hours\":16", "\"hours\":-0", REASON_RESPELT},
		{"a rounded number", "\"hours\":16", "\"hours\":16.000000000000000001", REASON_RESPELT},
		{"a huge number", "\"hours\":16", "\"hours\":16000000000000000000000", REASON_RESPELT},
		{"a number as text", "\"hours\":16", "\"hours\":\"16\"", REASON_SIGNATURE},
		{"a surrogate in a name", "Nguyễn Thị An", "Nguyễn\\udc00", REASON_NOT_CREDENTIAL},
		{"decomposed letters", "Quản lý", "Qua\u0309n lý", REASON_SIGNATURE},
		{"an added context", "/v2\",\"https://purl", "/v2\",\"https://evil.example\",\"https://purl",
		 REASON_CONTEXT},
		{"another id", CERTIFICATE "/ed", "00000000020000000000000004/ed", REASON_SIGNATURE},
		{"another edition", "/editions/1", "/editions/2", REASON_ID},
		{"another edition in number", "\"edition\":1", "\"edition\":2", REASON_ID},
		{"an id that is none", "/v1/certificates/", "/v1/certificates/../", REASON_ID},
		{"a later end", "\"validFrom\"", "\"validUntil\":\"2099-01-01T00:00:00Z\",\"validFrom\"",
		 REASON_SIGNATURE},
		{"another index", "94567", "94568", REASON_SIGNATURE},
		{"no proof", "\"proof\"", "\"proofs\"", REASON_NO_PROOF},
		{"another key of the issuer", DID "#key-1", DID "#key-2", REASON_KEY},
		{"a key of another issuer", DID "#key-1", OTHER_DID "#key-1", REASON_KEY},
		{"a key that is its own DID", DID "#key-1", "did:key:z6Mk#z6Mk", REASON_KEY},
		{"a key with a path", DID "#key-1", DID "#key-1/x", REASON_KEY},
		{"another issuer", "\"id\":\"" DID "\"", "\"id\":\"" OTHER_DID "\"", REASON_KEY},
		{"an issuer elsewhere", "\"id\":\"" DID "\"", "\"id\":\"did:web:evil.example:issuers:" SCHOOL "\"",
		 REASON_ISSUER_UNKNOWN},
		{"an earlier signing", "\"created\":\"2026-03-02", "\"created\":\"2026-03-01", REASON_SIGNATURE},
		{"a proof value that is none", "\"proofValue\":\"z", "\"proofValue\":\"u", REASON_SIGNATURE},
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *changed = replaced(fixture, honest, changes[i].old, changes[i].new);
		expect(fixture, changes[i].name, changed, changes[i].reason);
	}
}

/* Whoever got the school's key to sign something else: its form gives it away. */
static void
what_the_key_signed_for_another_use_is_no_certificate(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *name;
		struct shape shape;
		enum reason reason;
	} shapes[] = {
		{"other contexts",
		 {.contexts = "[\"" CREDENTIAL_CONTEXT_V2 "\"]", .proof_contexts = "[\"" CREDENTIAL_CONTEXT_V2 "\"]"},
		 REASON_CONTEXT},
		{"a context within",
		 {.contexts = "[\"" CREDENTIAL_CONTEXT_V2 "\",\"" CREDENTIAL_CONTEXT_BADGES "\",{\"name\":\"x\"}]"},
		 REASON_CONTEXT},
		{"a status list",
		 {.type = "[\"VerifiableCredential\",\"BitstringStatusListCredential\"]"},
		 REASON_TYPE},
		{"a third type",
		 {.type = "[\"VerifiableCredential\",\"AchievementCredential\",\"Degree\"]"},
		 REASON_TYPE},
		{"an id elsewhere",
		 {.id = "https://evil.example/v1/certificates/" CERTIFICATE "/editions/1"},
		 REASON_ID},
		{"the proof of other contexts",
		 {.proof_contexts = "[\"" CREDENTIAL_CONTEXT_V2 "\"]"},
		 REASON_PROOF_CONTEXT},
		{"a proof of who one is", {.purpose = "authentication"}, REASON_PROOF_PURPOSE},
		{"another suite", {.suite = "eddsa-rdfc-2022"}, REASON_PROOF_SUITE},
		{"a proof with a domain", {.proof_more = ",\"domain\":\"x\""}, REASON_PROOF_FORM},
		{"a proof that leans on another", {.proof_more = ",\"previousProof\":\"x\""}, REASON_PROOF_FORM},
		{"no instant of signing", {.created = "yesterday"}, REASON_SIGNED_AT},
		{"an index out of range", {.index = "1048576"}, REASON_STATUS_INDEX},
		{"an index far out of range", {.index = "4294967297"}, REASON_STATUS_INDEX},
		{"a negative index", {.index = "-1"}, REASON_STATUS_INDEX},
		{"an index with a zero before it", {.index = "007"}, REASON_STATUS_INDEX},
		{"a list elsewhere",
		 {.revocation = "https://evil.example/v1/status-lists/" SCHOOL "/1/revocation"},
		 REASON_STATUS},
		{"a list of another",
		 {.revocation = URL "/v1/status-lists/" OTHER_SCHOOL "/1/revocation"},
		 REASON_STATUS},
		{"a list of another purpose", {.revocation = LISTS "1/suspension"}, REASON_STATUS},
		{"a list of another number", {.revocation = LISTS "2/revocation"}, REASON_STATUS},
		{"a list without number", {.revocation = LISTS "/revocation"}, REASON_STATUS},
		{"a list by a detour", {.revocation = LISTS "../x/1/revocation"}, REASON_STATUS},
		{"one purpose twice", {.statuses = "[" ENTRY("revocation") "," ENTRY("revocation") "]"}, REASON_STATUS},
		{"one purpose alone", {.statuses = "[" ENTRY("revocation") "]"}, REASON_STATUS},
		{"no status", {.statuses = "[]"}, REASON_STATUS},
		{"a status of another kind",
		 {.statuses = "[{\"type\":\"StatusList2021Entry\",\"statusPurpose\":\"revocation\"}]"},
		 REASON_STATUS},
		{"a purpose that is not known",
		 {.statuses = "[{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"refresh\"}]"},
		 REASON_STATUS},
		{"no beginning", {.valid_from = "2026-13-02T08:00:00Z"}, REASON_PERIOD},
		{"no end", {.valid_until = "never"}, REASON_PERIOD},
		{"a specimen", {.more = ",\"specimen\":true"}, REASON_SPECIMEN},
		{"a specimen that denies it", {.more = ",\"specimen\":false"}, REASON_SPECIMEN},
		{"one of tomorrow", {.valid_from = "2026-06-02T08:00:00Z"}, REASON_NOT_YET},
		{"one signed tomorrow", {.created = "2026-06-02T08:00:00Z"}, REASON_NOT_YET},
		{"one that ended", {.valid_until = "2026-05-31T23:59:59Z"}, REASON_EXPIRED},
	};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		expect(fixture, shapes[i].name, credential_of(fixture, &shapes[i].shape), shapes[i].reason);
}

static void
one_proof_of_this_document(void **state)
{
	struct fixture *fixture = *state;
	struct shape shape = {NULL};
	struct shape other = {.id = URL "/v1/certificates/00000000020000000000000004/editions/1"};
	const char *document = document_of(fixture, &shape);
	const char *proof = signed_proof(fixture, &shape);
	const char *stranger = signed_proof(fixture, &other);
	expect(fixture, "the proof of another document",
	       arena_format(&fixture->arena, "%s,\"proof\":[%s]}", document, stranger), REASON_SIGNATURE);
	expect(fixture, "two proofs", arena_format(&fixture->arena, "%s,\"proof\":[%s,%s]}", document, proof, stranger),
	       REASON_PROOFS);
	expect(fixture, "one proof twice",
	       arena_format(&fixture->arena, "%s,\"proof\":[%s,%s]}", document, proof, proof), REASON_PROOFS);
	expect(fixture, "no proof in the array", arena_format(&fixture->arena, "%s,\"proof\":[]}", document),
	       REASON_PROOFS);
	expect(fixture, "an array in the array", arena_format(&fixture->arena, "%s,\"proof\":[[%s]]}", document, proof),
	       REASON_PROOF_FORM);
	expect(fixture, "a word for a proof", arena_format(&fixture->arena, "%s,\"proof\":\"yes\"}", document),
	       REASON_PROOF_FORM);
	expect(fixture, "the whole within another",
	       arena_format(&fixture->arena, "{\"credential\":%s}", credential_of(fixture, &shape)), REASON_NO_ISSUER);
}

static void
a_key_signs_only_in_its_time(void **state)
{
	struct fixture *fixture = *state;
	const struct check_key key = fixture->key;
	const char *honest = credential_of(fixture, &(struct shape){NULL}); /* signed 2026-03-02T08:00:00Z */
	fixture->key.retired_us = instant("2026-03-02T08:00:01Z");
	expect(fixture, "retired after", honest, REASON_NONE);
	fixture->key.retired_us = instant("2026-03-02T08:00:00Z");
	expect(fixture, "retired before", honest, REASON_KEY_RETIRED);
	fixture->key = key;
	fixture->key.active_from_us = instant("2026-03-02T08:00:01Z");
	expect(fixture, "made after", honest, REASON_KEY_BEFORE);
	fixture->key = key;
	fixture->key.compromised_since_us = instant("2026-03-02T08:00:00Z");
	expect(fixture, "no longer safe", honest, REASON_KEY_COMPROMISED);
	fixture->key.compromised_since_us = instant("2026-03-02T08:00:01Z");
	expect(fixture, "safe still", honest, REASON_NONE);
	assert_true(check(fixture, slice_text(honest)).key_doubted);
	fixture->key = key;
	fixture->key.alg = JWT_RS256;
	expect(fixture, "a key for tokens", honest, REASON_KEY);
	fixture->key = key;
}

/* --- every byte ------------------------------------------------------------------------------------------------- */

/* A byte may change only where JSON does not care: white space stands nowhere in what we issue. */
static void
no_changed_byte_passes(void **state)
{
	struct fixture *fixture = *state;
	const char *honest = credential_of(fixture, &(struct shape){NULL});
	size_t size = strlen(honest);
	struct arena arena = fixture->arena;
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			arena_init(&fixture->arena, 1 << 16, 0);
			char *changed = arena_text(&fixture->arena, slice_of(honest, size));
			changed[i] = (char)(changed[i] ^ 1 << bit);
			if (passes(fixture, slice_of(changed, size)))
				fail_msg("bit %u of byte %zu: %s", bit, i, changed);
			arena_free(&fixture->arena);
		}
	}
	fixture->arena = arena;
}

static void
no_piece_cut_out_or_doubled_passes(void **state)
{
	enum { PIECE_MAX = 24 };
	struct fixture *fixture = *state;
	const char *honest = credential_of(fixture, &(struct shape){NULL});
	size_t size = strlen(honest);
	struct arena arena = fixture->arena;
	for (size_t i = 0; i < size; i++) {
		size_t piece = 1 + i % PIECE_MAX < size - i ? 1 + i % PIECE_MAX : size - i;
		arena_init(&fixture->arena, 1 << 16, 0);
		const char *cut = arena_format(&fixture->arena, "%.*s%s", (int)i, honest, honest + i + piece);
		const char *twice = arena_format(&fixture->arena, "%.*s%s", (int)(i + piece), honest, honest + i);
		if (passes(fixture, slice_text(cut)) || passes(fixture, slice_text(twice)))
			fail_msg("%zu bytes at %zu", piece, i);
		arena_free(&fixture->arena);
	}
	fixture->arena = arena;
}

/* --- tokens ----------------------------------------------------------------------------------------------------- */

static const char *
token_signed(struct fixture *fixture, const char *header, const char *payload, const uint8_t *secret)
{
	struct arena *arena = &fixture->arena;
	char *first = arena_alloc(arena, TEXT_BASE64_BYTES(strlen(header)));
	char *second = arena_alloc(arena, TEXT_BASE64_BYTES(strlen(payload)));
	uint8_t signature[crypto_sign_BYTES];
	char third[TEXT_BASE64_BYTES(sizeof(signature))];
	text_base64url(slice_text(header), first);
	text_base64url(slice_text(payload), second);
	const char *input = arena_format(arena, "%s.%s", first, second);
	crypto_sign_detached(signature, NULL, (const uint8_t *)input, strlen(input), secret);
	text_base64url(slice_of(signature, sizeof(signature)), third);
	return arena_format(arena, "%s.%s", input, third);
}

#define HEADER_OF(kid) "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" kid "\"}"
#define HEADER HEADER_OF(DID "#key-1")

static void
tokens_are_checked_as_strictly(void **state)
{
	struct fixture *fixture = *state;
	const char *document = document_of(fixture, &(struct shape){NULL});
	const char *payload = arena_format(&fixture->arena, "%s}", document);
	static const struct {
		const char *name, *header, *more; /* more: members behind the document's */
		enum reason reason;
	} tokens[] = {
		{"an honest one", HEADER, "", REASON_NONE},
		{"an honest one with claims", HEADER,
		 ",\"iss\":\"" DID "\",\"jti\":\"" ID "\",\"nbf\":1772438400,\"iat\":1772438400", REASON_NONE},
		{"another issuer claimed", HEADER, ",\"iss\":\"" OTHER_DID "\"", REASON_TOKEN_CLAIMS},
		{"another id claimed", HEADER, ",\"jti\":\"urn:x\"", REASON_TOKEN_CLAIMS},
		{"another subject claimed", HEADER, ",\"sub\":\"did:example:somebody\"", REASON_TOKEN_CLAIMS},
		{"another beginning claimed", HEADER, ",\"nbf\":1772438401", REASON_TOKEN_CLAIMS},
		{"an end claimed that it has not", HEADER, ",\"exp\":1872438400", REASON_TOKEN_CLAIMS},
		{"another credential in a claim", HEADER, ",\"vc\":{\"type\":[\"VerifiableCredential\"]}",
		 REASON_TOKEN_CLAIMS},
		{"a proof as well", HEADER, ",\"proof\":[]", REASON_PROOFS},
		{"signed when its key was not there", HEADER, ",\"iat\":1672438400", REASON_KEY_BEFORE},
		{"an instant that is none", HEADER, ",\"iat\":\"now\"", REASON_SIGNED_AT},
		{"alg none", "{\"alg\":\"none\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\"}", "", REASON_TOKEN},
		{"alg HS256", "{\"alg\":\"HS256\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\"}", "", REASON_TOKEN},
		{"alg of another key", "{\"alg\":\"RS256\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\"}", "",
		 REASON_KEY},
		{"a key of its own",
		 "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\",\"jwk\":{\"kty\":\"OKP\"}}", "",
		 REASON_TOKEN},
		{"a key to be fetched",
		 "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\",\"jku\":\"https://evil.example\"}",
		 "", REASON_TOKEN},
		{"something critical",
		 "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"" DID "#key-1\",\"crit\":[\"exp\"],\"exp\":1}", "",
		 REASON_TOKEN},
		{"no key named", "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\"}", "", REASON_KEY},
		{"the key of another issuer", HEADER_OF(OTHER_DID "#key-1"), "", REASON_KEY},
		{"a key without issuer", HEADER_OF("key-1"), "", REASON_KEY},
		{"a login token", "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"" DID "#key-1\"}", "",
		 REASON_TOKEN_TYPE},
		{"a presentation", "{\"alg\":\"EdDSA\",\"typ\":\"vp+jwt\",\"kid\":\"" DID "#key-1\"}", "",
		 REASON_TOKEN_TYPE},
	};
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const char *text = arena_format(&fixture->arena, "%s%s}", document, tokens[i].more);
		expect(fixture, tokens[i].name, token_signed(fixture, tokens[i].header, text, fixture->secret),
		       tokens[i].reason);
	}
	expect(fixture, "another's signature", token_signed(fixture, HEADER, payload, fixture->other_secret),
	       REASON_SIGNATURE);
	const char *honest = token_signed(fixture, HEADER, payload, fixture->secret);
	expect(fixture, "no signature",
	       arena_format(&fixture->arena, "%.*s", (int)(strrchr(honest, '.') - honest + 1), honest), REASON_TOKEN);
	expect(fixture, "four parts", arena_format(&fixture->arena, "%s.e30", honest), REASON_TOKEN);
}

static void
no_changed_byte_of_a_token_passes(void **state)
{
	struct fixture *fixture = *state;
	const char *payload = arena_format(&fixture->arena, "%s}", document_of(fixture, &(struct shape){NULL}));
	const char *honest = token_signed(fixture, HEADER, payload, fixture->secret);
	size_t size = strlen(honest);
	struct arena arena = fixture->arena;
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			arena_init(&fixture->arena, 1 << 16, 0);
			char *changed = arena_text(&fixture->arena, slice_of(honest, size));
			changed[i] = (char)(changed[i] ^ 1 << bit);
			if (passes(fixture, slice_of(changed, size)))
				fail_msg("bit %u of byte %zu: %s", bit, i, changed);
			arena_free(&fixture->arena);
		}
	}
	fixture->arena = arena;
}

/* --- issuers and reasons ---------------------------------------------------------------------------------------- */

static void
addresses_follow_from_dids(void **state)
{
	struct fixture *fixture = *state;
	const char *url, *authority;
	assert_true(check_issuer_split(&fixture->arena, "did:web:localhost%3A8443:issuers:" SCHOOL, &url, &authority));
	assert_string_equal(url, "https://localhost:8443");
	assert_string_equal(authority, SCHOOL);
	assert_true(check_issuer_split(&fixture->arena, "did:web:gov.vn:training:issuers:" SCHOOL, &url, &authority));
	assert_string_equal(url, "https://gov.vn/training");
	static const char *const none[] = {
		"",
		"did:web:gov.vn",
		"did:web::issuers:" SCHOOL,
		"did:key:gov.vn:issuers:" SCHOOL,
		"did:web:gov.vn:issuers:" SCHOOL "x",
		"did:web:gov.vn/x:issuers:" SCHOOL,
		"did:web:gov.vn%2Fx:issuers:" SCHOOL,
		"did:web:gov.vn:issuer:" SCHOOL,
		"did:web:GOV.vn:issuers:" SCHOOL,
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (check_issuer_split(&fixture->arena, none[i], &url, &authority))
			fail_msg("%s", none[i]);
	}
}

static void
every_reason_has_its_sentence_in_both_languages(void **state)
{
	struct fixture *fixture = *state;
	struct reason_words words = {.by = "BY", .since = "SINCE", .what = "WHAT"};
	for (int i = 0; i < REASONS; i++) {
		const char *en = reason_en(&fixture->arena, (enum reason)i, &words);
		const char *vi = reason_vi(&fixture->arena, (enum reason)i, &words);
		if (strlen(en) < 10 || strlen(vi) < 10 || strcmp(en, vi) == 0 || strchr(en, '{') || strchr(vi, '{'))
			fail_msg("reason %d: '%s' '%s'", i, en, vi);
		assert_true((strstr(en, "SINCE") == NULL) == (strstr(vi, "SINCE") == NULL));
		assert_true((strstr(en, "BY") == NULL) == (strstr(vi, "BY") == NULL));
	}
	for (int i = 0; i < VERDICTS; i++)
		assert_non_null(verdict_name((enum verdict)i));
	assert_string_equal(reason_en(&fixture->arena, REASON_REVOKED,
				      &(struct reason_words){.by = "{since}", .since = "2026-01-01"}),
			    "revoked by {since} on 2026-01-01");
	assert_string_equal(reason_en(&fixture->arena, REASON_REVOKED, &(struct reason_words){.by = NULL}),
			    "revoked by - on -");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_issue_passes_and_is_read),
		cmocka_unit_test(other_spellings_of_the_same_pass),
		cmocka_unit_test(what_is_no_credential_is_invalid),
		cmocka_unit_test(the_text_is_not_to_be_changed),
		cmocka_unit_test(what_the_key_signed_for_another_use_is_no_certificate),
		cmocka_unit_test(one_proof_of_this_document),
		cmocka_unit_test(a_key_signs_only_in_its_time),
		cmocka_unit_test(no_changed_byte_passes),
		cmocka_unit_test(no_piece_cut_out_or_doubled_passes),
		cmocka_unit_test(tokens_are_checked_as_strictly),
		cmocka_unit_test(no_changed_byte_of_a_token_passes),
		cmocka_unit_test(addresses_follow_from_dids),
		cmocka_unit_test(every_reason_has_its_sentence_in_both_languages),
	};
	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
