/* tests/unit/credential_test.c
 *
 * The credential is canonical JSON as it is written, whatever stands in it, its proof holds, and it has what W3C's data
 * model 2.0 and Open Badges 3.0 require (ob_v3p0_achievementcredential_schema.json: "required" of
 * AchievementCredential, AchievementSubject, Achievement, IdentityObject, Profile, Result and ResultDescription). */
#include "services/certificate/credential.h"

#include "common/base/text.h"
#include "common/credential/jcs.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

static uint8_t public_key[PROOF_PUBLIC_BYTES];

static struct issuer
issuer_of(const char *name, bool trial)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = {1, 2, 3};
	struct issuer issuer = {.school_id = "00000000000000000000000001",
				.name = name,
				.key_id = "key-1",
				.url = "https://training.example.vn",
				.did = "did:web:training.example.vn:issuers:00000000000000000000000001",
				.trial = trial};
	crypto_sign_seed_keypair(public_key, issuer.secret, seed);
	return issuer;
}

struct paper {
	Mt__CertificateRecord certificate;
	Mt__CertificateContent content;
	Mt__EditionRecord edition;
};

/* Everything that may be absent is. */
static struct paper
bare_paper(void)
{
	struct paper paper = {MT__CERTIFICATE_RECORD__INIT, MT__CERTIFICATE_CONTENT__INIT, MT__EDITION_RECORD__INIT};
	paper.certificate.certificate_id = (char *)"0000000000000000000000000a";
	paper.certificate.issued_on = (char *)"2026-03-02";
	paper.certificate.register_number = (char *)"2026/000001";
	paper.certificate.kind_code = (char *)"default";
	paper.content.name = (char *)"Nguyễn Thị An";
	paper.content.programme_title = (char *)"Quản lý nhà nước";
	paper.content.completed_on = (char *)"2026-03-01";
	paper.edition.edition = 1;
	paper.edition.status_list = 1;
	paper.edition.issued_at = (char *)"2026-03-02T08:00:00Z";
	return paper;
}

static struct paper
full_paper(void)
{
	struct paper paper = bare_paper();
	paper.certificate.valid_until = (char *)"2031-03-01";
	paper.content.birth_date = (char *)"1990-05";
	paper.content.programme_title_en = (char *)"State management";
	paper.content.programme_id = (char *)"0000000000000000000000000b";
	paper.content.hours = 240;
	paper.content.mark_percent = 85;
	paper.content.decision_number = (char *)"12/QĐ-HV";
	paper.content.decision_date = (char *)"2026-03-02";
	paper.content.kind_name = (char *)"Chứng chỉ bồi dưỡng ngạch chuyên viên";
	paper.content.kind_name_en = (char *)"Certificate";
	paper.content.signatory_name = (char *)"Lê Thu Cúc";
	paper.content.signatory_title = (char *)"Giám đốc";
	paper.content.signatory_title_en = (char *)"Director";
	paper.content.class_of = MT__CERTIFICATE_KIND__CLASS__DEGREE_EQUIVALENT;
	paper.edition.edition = 12;
	paper.edition.status_list = 4294967295;
	paper.edition.status_index = 1048575;
	return paper;
}

/* The tree of what was made, after its bytes were held against the canonicaliser and its proof was checked. */
static const struct jcs_value *
made(struct arena *arena, struct issuer *issuer, const struct paper *paper)
{
	uint8_t hash[HASH_BYTES];
	credential_begin(arena, issuer, paper->edition.issued_at);
	struct credential credential;
	credential_write(&credential, arena, issuer, &paper->certificate, &paper->content, &paper->edition, 7 * 60);
	credential_sign(&credential, issuer);
	struct slice text = credential.text;
	hash_sha256(text, hash);
	assert_memory_equal(credential.hash, hash, HASH_BYTES);
	struct jcs_tree tree = jcs_parse(arena, text);
	if (tree.root == NULL)
		fail_msg("%s: %.*s", tree.fault, (int)text.size, (const char *)text.data);
	assert_false(tree.respelt);
	struct slice canonical = jcs_text(arena, tree.root, NULL);
	assert_string_equal(arena_text(arena, text), arena_text(arena, canonical));
	const struct jcs_value *proofs = jcs_member(tree.root, "proof");
	assert_non_null(proofs);
	assert_int_equal(proofs->kind, JSON_ARRAY);
	assert_null(proofs->first->next);
	assert_null(proof_fault(arena, tree.root, proofs->first, public_key));
	return tree.root;
}

static void
hard_texts_are_canonical(void **state)
{
	static const char *const texts[] = {
		"Nguyễn Thị An",
		"Đỗ \"Út\" \\ Mười / \\u0041",
		"Nguye\xcc\x82\xcc\x83n Thi\xcc\xa3 An", /* NFD */
		"😀 \xf0\xa9\xb8\xbd \xef\xbf\xbd \xee\x80\x80",
		"\x7f\xc2\x80 \xe2\x80\xa8 \xe2\x80\xa9 \xef\xbb\xbf",
		"<script>&amp;'\"</script>",
		"a\tb\nc\rd\be\ff\x01g\x1fh",
		"\"",
		"\\",
		"{}[],:",
		" ",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *nfc = text_nfc(*state, texts[i]);
		struct issuer issuer = issuer_of(nfc, false);
		struct paper paper = full_paper();
		paper.content.name = (char *)nfc;
		paper.content.programme_title = (char *)nfc;
		paper.content.programme_title_en = (char *)nfc;
		paper.content.decision_number = (char *)nfc;
		paper.content.kind_name = (char *)nfc;
		paper.content.kind_name_en = (char *)nfc;
		paper.content.signatory_name = (char *)nfc;
		paper.content.signatory_title = (char *)nfc;
		paper.content.signatory_title_en = (char *)nfc;
		const struct jcs_value *root = made(*state, &issuer, &paper);
		assert_true(jcs_member_is(jcs_member(root, "credentialSubject"), "name", nfc));
	}
}

static void
what_is_absent_is_left_out(void **state)
{
	static const char *const optional[] = {"decision", "signatory", "specimen", "validUntil"};
	struct issuer issuer = issuer_of("Học viện", false);
	struct paper paper = bare_paper();
	const struct jcs_value *root = made(*state, &issuer, &paper);
	for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++)
		assert_null(jcs_member(root, optional[i]));
	const struct jcs_value *subject = jcs_member(root, "credentialSubject");
	assert_null(jcs_member(subject, "birthDate"));
	assert_null(jcs_member(subject, "result"));
	assert_null(jcs_member(jcs_member(subject, "achievement"), "resultDescription"));
	assert_true(jcs_member_is(root, "name", "Quản lý nhà nước"));
}

static void
assert_members(const struct jcs_value *object, const char *const names[])
{
	assert_non_null(object);
	for (size_t i = 0; names[i] != NULL; i++) {
		if (jcs_member(object, names[i]) == NULL)
			fail_msg("%s is missing", names[i]);
	}
}

static void
what_the_standards_require_is_there(void **state)
{
	static const char *const credential[] = {
		"@context",         "id",        "type",   "name",  "credentialSubject",
		"credentialStatus", "validFrom", "issuer", "proof", NULL};
	static const char *const subject[] = {"type", "achievement", "identifier", NULL};
	static const char *const achievement[] = {"id", "type", "criteria", "description", "name", NULL};
	static const char *const identity[] = {"type", "hashed", "identityHash", "identityType", NULL};
	static const char *const profile[] = {"id", "type", NULL};
	static const char *const description[] = {"id", "type", "name", "resultType", NULL};
	static const char *const result[] = {"type", "resultDescription", "value", NULL};
	static const char *const status[] = {"id", "type", "statusPurpose", "statusListIndex", "statusListCredential",
					     NULL};
	struct issuer issuer = issuer_of("Học viện", false);
	struct paper paper = full_paper();
	const struct jcs_value *root = made(*state, &issuer, &paper);
	const struct jcs_value *of = jcs_member(root, "credentialSubject");
	assert_members(root, credential);
	assert_members(of, subject);
	assert_members(jcs_member(of, "achievement"), achievement);
	assert_members(jcs_member(of, "identifier")->first, identity);
	assert_members(jcs_member(of, "result")->first, result);
	assert_members(jcs_member(jcs_member(of, "achievement"), "resultDescription")->first, description);
	assert_members(jcs_member(root, "issuer"), profile);
	const struct jcs_value *entries = jcs_member(root, "credentialStatus")->first;
	assert_members(entries, status);
	assert_members(entries->next, status);
	assert_null(entries->next->next);
	assert_true(jcs_member_is(entries, "statusPurpose", "revocation"));
	assert_true(jcs_member_is(entries->next, "statusPurpose", "suspension"));
	assert_true(jcs_member_is(entries, "id",
				  "https://training.example.vn/v1/status-lists/00000000000000000000000001/4294967295/"
				  "revocation#1048575"));
}

/* Ho Chi Minh City is seven hours ahead: the last day ends at 17:00 UTC. */
static void
days_are_those_of_the_deployment(void **state)
{
	struct issuer issuer = issuer_of("Học viện", false);
	struct paper paper = full_paper();
	const struct jcs_value *root = made(*state, &issuer, &paper);
	assert_true(jcs_member_is(root, "awardedDate", "2026-03-01T17:00:00Z"));
	assert_true(jcs_member_is(root, "validFrom", "2026-03-02T08:00:00Z"));
	assert_true(jcs_member_is(root, "validUntil", "2031-03-01T16:59:59Z"));
}

static void
a_specimen_says_so(void **state)
{
	struct issuer issuer = issuer_of("Học viện", true);
	struct paper paper = bare_paper();
	const struct jcs_value *root = made(*state, &issuer, &paper);
	assert_true(jcs_member_is(root, "name", "SPECIMEN / BẢN THỬ: Quản lý nhà nước"));
	assert_int_equal(jcs_member(root, "specimen")->kind, JSON_TRUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hard_texts_are_canonical),
		cmocka_unit_test(what_is_absent_is_left_out),
		cmocka_unit_test(what_the_standards_require_is_there),
		cmocka_unit_test(days_are_those_of_the_deployment),
		cmocka_unit_test(a_specimen_says_so),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
