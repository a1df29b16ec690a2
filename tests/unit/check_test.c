/* tests/unit/check_test.c
 *
 * A credential as we issue it passes every check that needs no record; whatever an attacker
 * makes of it does not, and each attack has its own reason. Any byte of it flipped, and any
 * piece cut out or doubled, is never passed. Every reason has its sentence in both languages. */
#include "tests/unit/presented.h"

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
	struct shape shape = {.id = NULL};
	const char *document = document_of(fixture, &shape);
	const char *proof = signed_proof(fixture, &shape);
	expect(fixture, "proof as an object", arena_format(&fixture->arena, "%s,\"proof\":%s}", document, proof),
	       REASON_NONE);
	expect(fixture, "proof first",
	       arena_format(&fixture->arena, " {\"proof\" : [%s],\n%s}\r\n", proof, document + 1), REASON_NONE);
	expect(fixture, "an editor's byte order mark",
	       arena_format(&fixture->arena, "\xef\xbb\xbf%s", credential_of(fixture, &shape)), REASON_NONE);
	expect(fixture, "two of them",
	       arena_format(&fixture->arena, "\xef\xbb\xbf\xef\xbb\xbf%s", credential_of(fixture, &shape)),
	       REASON_NOT_CREDENTIAL);
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
	const char *honest = credential_of(fixture, &(struct shape){.id = NULL});
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
		{"one purpose twice beside the other",
		 {.statuses = "[" ENTRY("revocation") "," ENTRY("suspension") "," ENTRY("revocation") "]"},
		 REASON_STATUS},
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
	struct shape shape = {.id = NULL};
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
	const char *honest = credential_of(fixture, &(struct shape){.id = NULL}); /* signed 2026-03-02T08:00:00Z */
	fixture->key.retired_us = instant("2026-03-02T08:00:00Z");
	expect(fixture, "retired in that second", honest, REASON_NONE);
	fixture->key.retired_us = instant("2026-03-02T07:59:59Z");
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
	const char *honest = credential_of(fixture, &(struct shape){.id = NULL});
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
	const char *honest = credential_of(fixture, &(struct shape){.id = NULL});
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
		cmocka_unit_test(addresses_follow_from_dids),
		cmocka_unit_test(every_reason_has_its_sentence_in_both_languages),
	};
	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
