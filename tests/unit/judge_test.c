/* tests/unit/judge_test.c
 *
 * Verdicts by nothing but a folder of files. Valid only if everything was checked by files that
 * are young enough; bad news from old ones counts; what cannot be checked is unknown. No byte of
 * any file flipped, and no file taken away, makes a certificate valid that was not. */
#include "services/verify/judge.h"

#include "tests/unit/issued.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR (3600 * SECOND_US)
#define METHOD DID "#key-1"

enum { PATH_BYTES = 128 };

struct fixture {
	struct arena arena;
	char folder[PATH_BYTES];
	struct pair pair;
	int64_t now_us;
};

static int
open_fixture(void **state)
{
	static struct fixture fixture;
	arena_init(&fixture.arena, 1 << 20, 0);
	fixture.pair = pair_of(1);
	instant_parse("2026-06-01T00:00:00Z", &fixture.now_us);
	snprintf(fixture.folder, sizeof(fixture.folder), "/tmp/mt-judge-XXXXXX");
	assert_non_null(mkdtemp(fixture.folder));
	*state = &fixture;
	return 0;
}

static const char *const names[] = {"did", "revocation", "suspension", "extra"};

static int
close_fixture(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(arena_format(&fixture->arena, "%s/%s", fixture->folder, names[i]));
	rmdir(fixture->folder);
	arena_free(&fixture->arena);
	return 0;
}

static void
hold(struct fixture *fixture, const char *name, struct slice text, int64_t age_us)
{
	const char *path = arena_format(&fixture->arena, "%s/%s", fixture->folder, name);
	int64_t at_us = fixture->now_us - age_us;
	struct timespec times[2] = {{.tv_sec = at_us / SECOND_US}, {.tv_sec = at_us / SECOND_US}};
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* What an honest holder holds: keys and both lists, an hour old. more: members of the key. */
static void
hold_all(struct fixture *fixture, bool revoked, bool suspended, const char *more)
{
	struct arena *arena = &fixture->arena;
	hold(fixture, "did", slice_text(document_of(arena, DID, "key-1", &fixture->pair, more)), HOUR);
	hold(fixture, "revocation", slice_text(list_of(arena, "revocation", revoked, &fixture->pair, METHOD)), HOUR);
	hold(fixture, "suspension", slice_text(list_of(arena, "suspension", suspended, &fixture->pair, METHOD)), HOUR);
}

static struct judgement
judge(struct fixture *fixture, struct slice presented)
{
	struct trust trust;
	struct host_error error;
	struct judgement out;
	if (!trust_open(&trust, &fixture->arena, fixture->folder, &error))
		fail_msg("%s", error.text);
	struct judge judge = {.trust = &trust, .now_us = fixture->now_us, .age_max_us = 24 * HOUR};
	judge_credential(&judge, presented, &out);
	assert_non_null(out.reason);
	assert_true(out.reason[0] != '\0' && out.reason_vi[0] != '\0');
	return out;
}

static void
expect(struct fixture *fixture, const char *presented, enum verdict verdict, const char *part)
{
	struct judgement out = judge(fixture, slice_text(presented));
	if (out.verdict != verdict || strstr(out.reason, part) == NULL)
		fail_msg("%s (%s), not %s (%s)", verdict_name(out.verdict), out.reason, verdict_name(verdict), part);
}

static const char *
honest_of(struct fixture *fixture)
{
	return certificate_of(&fixture->arena, &fixture->pair, METHOD, SIGNED_AT, "");
}

static void
verdicts(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	const char *ended = ",\"validUntil\":\"2026-04-01T00:00:00Z\"";
	hold_all(fixture, false, false, "");
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	expect(fixture, certificate_of(arena, &fixture->pair, METHOD, SIGNED_AT, ended), VERDICT_EXPIRED, "");
	expect(fixture, certificate_of(arena, &fixture->pair, METHOD, "2026-07-01T00:00:00Z", ""),
	       VERDICT_NOT_YET_VALID, "");
	expect(fixture, certificate_of(arena, &fixture->pair, METHOD, SIGNED_AT, ",\"specimen\":\"BẢN THỬ\""),
	       VERDICT_SPECIMEN, "");
	expect(fixture, "not a certificate", VERDICT_INVALID, "");
	struct pair other = pair_of(9);
	expect(fixture, certificate_of(arena, &other, METHOD, SIGNED_AT, ""), VERDICT_INVALID, "signature");
	hold_all(fixture, true, true, "");
	expect(fixture, honest_of(fixture), VERDICT_REVOKED, "");
	expect(fixture, certificate_of(arena, &fixture->pair, METHOD, SIGNED_AT, ended), VERDICT_REVOKED, "");
	expect(fixture, certificate_of(arena, &fixture->pair, METHOD, SIGNED_AT, ",\"specimen\":true"),
	       VERDICT_SPECIMEN, "");
	hold_all(fixture, false, true, "");
	expect(fixture, honest_of(fixture), VERDICT_SUSPENDED, "");
}

static void
keys(void **state)
{
	struct fixture *fixture = *state;
	hold_all(fixture, false, false, ",\"expires\":\"" SIGNED_AT "\"");
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	hold_all(fixture, false, false, ",\"expires\":\"2026-03-02T07:59:59Z\"");
	expect(fixture, honest_of(fixture), VERDICT_INVALID, "");
	hold_all(fixture, false, false, ",\"created\":\"2026-03-03T00:00:00Z\"");
	expect(fixture, honest_of(fixture), VERDICT_INVALID, "before its key existed");
	hold_all(fixture, false, false, ",\"revoked\":\"2026-03-01T00:00:00Z\"");
	expect(fixture, honest_of(fixture), VERDICT_INVALID, "no longer safe");
	hold_all(fixture, false, false, ",\"revoked\":\"2026-03-03T00:00:00Z\"");
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "");
	/* Its lists are signed anew with the next key then; the certificate needs the log's word besides. */
	struct arena *arena = &fixture->arena;
	struct pair next = pair_of(2);
	char text[2][MULTIKEY_TEXT_BYTES];
	multikey_format(fixture->pair.public_key, text[0]);
	multikey_format(next.public_key, text[1]);
	const char *key = "{\"id\":\"" DID "#key-%d\",\"type\":\"Multikey\",\"controller\":\"" DID
			  "\",\"publicKeyMultibase\":\"%s\"%s}";
	const char *first = arena_format(arena, key, 1, text[0], ",\"revoked\":\"2026-03-03T00:00:00Z\"");
	const char *second = arena_format(arena, key, 2, text[1], "");
	const char *both = arena_format(
		arena, "{\"id\":\"" DID "\",\"verificationMethod\":[%s,%s],\"assertionMethod\":[\"" DID "#key-2\"]}",
		first, second);
	hold(fixture, "did", slice_text(both), HOUR);
	hold(fixture, "revocation", slice_text(list_of(arena, "revocation", false, &next, DID "#key-2")), HOUR);
	hold(fixture, "suspension", slice_text(list_of(arena, "suspension", false, &next, DID "#key-2")), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "compromised");
	expect(fixture, certificate_of(arena, &next, DID "#key-2", SIGNED_AT, ""), VERDICT_VALID, "");
}

static void
ages(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	const char *more = "";
	struct slice document = slice_text(document_of(arena, DID, "key-1", &fixture->pair, more));
	struct slice list = slice_text(list_of(arena, "revocation", false, &fixture->pair, METHOD));
	struct slice revoked = slice_text(list_of(arena, "revocation", true, &fixture->pair, METHOD));
	hold_all(fixture, false, false, more);
	hold(fixture, "revocation", list, 24 * HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	hold(fixture, "revocation", list, 24 * HOUR + SECOND_US);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "unknown since 2026-05-30T23:59:59Z");
	hold(fixture, "revocation", revoked, 9000 * HOUR);
	expect(fixture, honest_of(fixture), VERDICT_REVOKED, "");
	hold(fixture, "revocation", list, -HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "later than this machine's clock");
	hold(fixture, "revocation", list, 0);
	hold(fixture, "did", document, 25 * HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "unknown since");
	/* Of two lists of one address the newest counts. */
	hold(fixture, "did", document, HOUR);
	hold(fixture, "extra", revoked, 2 * HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	hold(fixture, "extra", revoked, -1 * SECOND_US);
	expect(fixture, honest_of(fixture), VERDICT_REVOKED, "");
	/* The same of two documents. */
	struct slice doubted =
		slice_text(document_of(arena, DID, "key-1", &fixture->pair, ",\"revoked\":\"2026-03-01T00:00:00Z\""));
	hold(fixture, "extra", doubted, 2 * HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	hold(fixture, "extra", doubted, SECOND_US);
	expect(fixture, honest_of(fixture), VERDICT_INVALID, "no longer safe");
}

static void
newer_keys(void **state)
{
	struct fixture *fixture = *state;
	struct pair next = pair_of(2);
	const char *young = certificate_of(&fixture->arena, &next, DID "#key-2", "2026-05-31T23:30:00Z", "");
	const char *old = certificate_of(&fixture->arena, &next, DID "#key-2", SIGNED_AT, "");
	struct slice document = slice_text(document_of(&fixture->arena, DID, "key-1", &fixture->pair, ""));
	hold(fixture, "did", document, HOUR);
	expect(fixture, young, VERDICT_UNKNOWN, "unknown since"); /* the key may be half an hour old */
	expect(fixture, old, VERDICT_INVALID, "not signed with a key of its issuer");
	hold(fixture, "did", document, 25 * HOUR);
	expect(fixture, old, VERDICT_UNKNOWN, "unknown since");
}

static void
missing(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "issuer");
	hold(fixture, "did", slice_text(document_of(arena, DID, "key-1", &fixture->pair, "")), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "is not held");
	/* The suspension alone is known: bad news counts, good news is not enough. */
	hold(fixture, "suspension", slice_text(list_of(arena, "suspension", false, &fixture->pair, METHOD)), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "revocation is not held");
	hold(fixture, "suspension", slice_text(list_of(arena, "suspension", true, &fixture->pair, METHOD)), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_SUSPENDED, "");
	hold(fixture, "suspension", slice_text(list_of(arena, "suspension", false, &fixture->pair, METHOD)), HOUR);
	struct pair other = pair_of(9);
	hold(fixture, "revocation", slice_text(list_of(arena, "revocation", false, &other, METHOD)), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "cannot be relied on");
	/* Too short for the index. */
	struct slice bits = slice_of(arena_zero(arena, BITS_ENTRIES_MIN / 8), BITS_ENTRIES_MIN / 8);
	hold(fixture, "revocation",
	     slice_text(with_proof(arena, list_document(arena, DID, "revocation", bits), &fixture->pair, METHOD,
				   SIGNED_AT)),
	     HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "no such entry");
}

/* Another institution of the register signs, really, a list that calls itself by our list's address. */
static void
of_another(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	struct pair other = pair_of(2);
	struct slice bits = slice_of(arena_zero(arena, BITS_BYTES), BITS_BYTES);
	const char *list = list_document(arena, OTHER_DID, "revocation", bits);
	hold_all(fixture, true, false, "");
	hold(fixture, "extra", slice_text(document_of(arena, OTHER_DID, "key-1", &other, "")), HOUR);
	hold(fixture, "revocation", slice_text(with_proof(arena, list, &other, OTHER_DID "#key-1", SIGNED_AT)), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "of another address, issuer or purpose");
	/* Nor is our own list of suspensions one of revocations. */
	hold(fixture, "revocation", slice_text(list_of(arena, "suspension", false, &fixture->pair, METHOD)), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_UNKNOWN, "is not held");
}

/* The former address's DID, by the document of the new one. */
static void
alias(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	char key[MULTIKEY_TEXT_BYTES];
	multikey_format(fixture->pair.public_key, key);
	hold_all(fixture, false, false, "");
	hold(fixture, "did",
	     slice_text(arena_format(arena,
				     "{\"id\":\"did:web:new.vn:issuers:x\",\"alsoKnownAs\":[\"" DID
				     "\"],\"verificationMethod\":[{\"id\":\"did:web:new.vn:issuers:x#key-1\",\"type\":"
				     "\"Multikey\",\"controller\":\"did:web:new.vn:issuers:x\",\"publicKeyMultibase\":"
				     "\"%s\"}],\"assertionMethod\":[\"did:web:new.vn:issuers:x#key-1\"]}",
				     key)),
	     HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
}

/* Every byte of the certificate, and of the files that say it is revoked. */
static void
flipped(void **state)
{
	struct fixture *fixture = *state;
	hold_all(fixture, false, false, "");
	const char *text = honest_of(fixture);
	size_t size = strlen(text);
	for (size_t at = 0; at < size; at += 3) {
		char *copy = arena_format(&fixture->arena, "%s", text);
		copy[at] ^= 1;
		struct judgement out = judge(fixture, slice_of(copy, size));
		if (out.verdict == VERDICT_VALID)
			fail_msg("byte %zu: %s", at, copy);
	}
	const char *revoked = list_of(&fixture->arena, "revocation", true, &fixture->pair, METHOD);
	for (size_t at = 0; revoked[at] != '\0'; at += 3) {
		char *copy = arena_format(&fixture->arena, "%s", revoked);
		copy[at] ^= 1;
		hold(fixture, "revocation", slice_of(copy, strlen(revoked)), HOUR);
		if (judge(fixture, slice_text(text)).verdict == VERDICT_VALID)
			fail_msg("byte %zu: %s", at, copy);
	}
}

/* What is not for us is passed over; what is too much is refused. */
static void
folders(void **state)
{
	struct fixture *fixture = *state;
	struct trust trust;
	struct host_error error;
	hold_all(fixture, false, false, "");
	size_t size = TRUST_FILE_BYTES_MAX + 1;
	char *large = arena_alloc(&fixture->arena, size);
	memset(large, ' ', size);
	hold(fixture, "extra", slice_of(large, size), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	hold(fixture, "extra", slice_text("{\"id\":[],\"verificationMethod\":7}"), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	hold(fixture, "extra", slice_text("\x89PNG"), HOUR);
	expect(fixture, honest_of(fixture), VERDICT_VALID, "");
	size_t used = fixture->arena.used;
	assert_true(trust_open(&trust, &fixture->arena, fixture->folder, &error));
	assert_true(fixture->arena.used - used < 32 << 10); /* files are read beside what is kept of them */
	assert_false(trust_open(&trust, &fixture->arena, "/tmp/mt-no-such-folder", &error));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(verdicts, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(keys, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(ages, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(newer_keys, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(missing, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(of_another, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(alias, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(flipped, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(folders, open_fixture, close_fixture),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
