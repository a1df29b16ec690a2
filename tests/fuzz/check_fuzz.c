/* tests/fuzz/check_fuzz.c
 *
 * Presented credentials. An honest one, JSON or token, is signed here; the input is a list
 * of edits of it, or a text of its own. Whatever comes: no crash, never "valid", and what
 * passes is canonically the honest one: the issuer's keys sign nothing else. Sentences are
 * made of every outcome. */
#include "common/base/text.h"
#include "common/credential/check.h"
#include "common/credential/proof.h"

#include <sodium.h>
#include <stdlib.h>

#define SCHOOL "00000000010000000000000001"
#define DID "did:web:cert.example.vn:issuers:" SCHOOL
#define URL "https://cert.example.vn"
#define CONTEXTS "[\"" CREDENTIAL_CONTEXT_V2 "\",\"" CREDENTIAL_CONTEXT_BADGES "\",\"" CREDENTIAL_CONTEXT_TERMS "\"]"
#define ENTRY(purpose)                                                                                                 \
	"{\"statusListCredential\":\"" URL "/v1/status-lists/" SCHOOL "/1/" purpose "\",\"statusListIndex\":\"7\","    \
	"\"statusPurpose\":\"" purpose "\",\"type\":\"BitstringStatusListEntry\"}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1800000000, TEXT_BYTES_MAX = 1 << 16 };

static const char document[] = "{\"@context\":" CONTEXTS ",\"credentialStatus\":[" ENTRY("revocation") "," ENTRY(
	"suspension") "],"
		      "\"credentialSubject\":{\"achievement\":{\"hours\":16,\"name\":\"B\"},\"name\":\"A\"},"
		      "\"edition\":1,"
		      "\"id\":\"" URL
		      "/v1/certificates/00000000020000000000000003/editions/1\",\"issuer\":{\"id\":\"" DID "\"},"
		      "\"type\":[\"VerifiableCredential\",\"AchievementCredential\"],\"validFrom\":\"2026-03-02T08:00:"
		      "00Z\"}";
static const char proof[] =
	"{\"@context\":" CONTEXTS ",\"created\":\"2026-03-02T08:00:00Z\",\"cryptosuite\":\"eddsa-jcs-2022\","
	"\"proofPurpose\":\"assertionMethod\",\"type\":\"DataIntegrityProof\","
	"\"verificationMethod\":\"" DID "#key-1\"}";

/* Made once. */
static struct {
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
	char json[8 << 10];
	char token[8 << 10];
} honest;

static void
make_honest(struct arena *arena)
{
	uint8_t seed[crypto_sign_SEEDBYTES] = {7};
	struct slice token;
	crypto_sign_seed_keypair(honest.public_key, honest.secret, seed);
	const char *value = proof_sign_texts(arena, slice_text(proof), slice_text(document), honest.secret);
	const char *json = arena_format(arena, "%.*s,\"proof\":[%.*s,\"proofValue\":\"%s\"}]}",
					(int)sizeof(document) - 2, document, (int)sizeof(proof) - 2, proof, value);
	struct jwt_header header = {.alg = JWT_EDDSA, .typ = "vc+jwt", .kid = DID "#key-1"};
	struct slice input = jwt_input(arena, &header, slice_text(document));
	if (jwt_sign(arena, JWT_EDDSA, slice_of(honest.secret, PROOF_SECRET_BYTES), input, &token) != NULL)
		abort();
	memcpy(honest.json, json, strlen(json) + 1);
	memcpy(honest.token, token.data, token.size);
}

static enum check_key_found
find_key(void *context, const char *did, const char *key_id, struct check_key *key)
{
	(void)context;
	*key = (struct check_key){
		.alg = JWT_EDDSA,
		.public_key = slice_of(honest.public_key, PROOF_PUBLIC_BYTES),
		.retired_us = INT64_MAX,
		.compromised_since_us = INT64_MAX,
	};
	if (strcmp(did, DID) != 0)
		return CHECK_ISSUER_UNKNOWN;
	return strcmp(key_id, "key-1") == 0 ? CHECK_KEY_FOUND : CHECK_KEY_UNKNOWN;
}

/* Three bytes an edit: where, and by what: a letter replaced, a piece cut out, a piece doubled. */
static size_t
edit(char *text, size_t size, const uint8_t *data, size_t count)
{
	for (; count >= 4; data += 4, count -= 4) {
		size_t at = ((size_t)data[0] << 8 | data[1]) % size;
		size_t wanted = 1 + (size_t)data[2] / 4;
		size_t piece = wanted < size - at ? wanted : size - at;
		if (data[2] % 4 < 2) {
			text[at] = (char)data[3];
		} else if (data[2] % 4 == 2 && size > piece) {
			memmove(text + at, text + at + piece, size - at - piece);
			size -= piece;
		} else if (size + piece < TEXT_BYTES_MAX) {
			memmove(text + at + piece, text + at, size - at);
			size += piece;
		}
	}
	return size;
}

static void
check_outcome(struct arena *arena, const struct credential_check *check)
{
	struct reason_words words = {.by = check->content.institution, .since = check->issuer, .what = check->what};
	if (check->verdict == VERDICT_VALID || check->verdict != reason_verdict(check->reason))
		abort();
	if (reason_en(arena, check->reason, &words)[0] == '\0' || reason_vi(arena, check->reason, &words)[0] == '\0')
		abort();
	if (check->reason != REASON_NONE)
		return;
	if (!check->signature_holds || !slice_equal(jcs_text(arena, check->document, "proof"), slice_text(document)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_BYTES_MAX];
	struct arena arena;
	struct credential_check check;
	struct check_issuers issuers = {.find = find_key};
	arena_init(&arena, 1 << 16, 4 << 20);
	if (honest.json[0] == '\0')
		make_honest(&arena);
	struct slice presented = slice_of(data, size);
	if (size > 0 && data[0] < 2) {
		const char *base = data[0] == 0 ? honest.json : honest.token;
		size_t length = strlen(base);
		memcpy(text, base, length);
		presented = slice_of(text, edit(text, length, data + 1, size - 1));
	}
	credential_check(&check, &arena, presented, &issuers, NOW_S * SECOND_US);
	check_outcome(&arena, &check);
	if (size == 1 && data[0] < 2 && check.reason != REASON_NONE)
		abort(); /* unedited it passes: the target tests something */
	arena_free(&arena);
	return 0;
}
