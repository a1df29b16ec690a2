/* tests/unit/status_test.c
 *
 * A status list is relied on if its own issuer signed it with a key that was good then;
 * any byte of it flipped, any other signer, a bomb in it, a second proof: never. */
#include "common/credential/status.h"

#include "tests/unit/issued.h"

struct fixture {
	struct arena arena;
	struct pair pair;
	struct pair other;
	struct check_key key; /* of DID, key-1 */
};

static enum check_key_found
find_key(void *context, const char *did, const char *key_id, struct check_key *key)
{
	struct fixture *fixture = context;
	*key = fixture->key;
	if (strcmp(did, OTHER_DID) == 0)
		key->public_key = slice_of(fixture->other.public_key, PROOF_PUBLIC_BYTES);
	else if (strcmp(did, DID) != 0)
		return CHECK_ISSUER_UNKNOWN;
	return strcmp(key_id, "key-1") == 0 ? CHECK_KEY_FOUND : CHECK_KEY_UNKNOWN;
}

static int
open_fixture(void **state)
{
	static struct fixture fixture;
	fixture.pair = pair_of(1);
	fixture.other = pair_of(2);
	fixture.key = (struct check_key){
		.alg = JWT_EDDSA,
		.public_key = slice_of(fixture.pair.public_key, PROOF_PUBLIC_BYTES),
		.active_from_us = INT64_MIN,
		.retired_us = INT64_MAX,
		.compromised_since_us = INT64_MAX,
	};
	arena_init(&fixture.arena, 1 << 20, 0);
	*state = &fixture;
	return 0;
}

static int
close_fixture(void **state)
{
	arena_free(&((struct fixture *)*state)->arena);
	return 0;
}

static const char *
read_list(struct fixture *fixture, struct slice text, struct status_list *list)
{
	struct check_issuers issuers = {find_key, fixture};
	return status_list_read(&fixture->arena, text, &issuers, list);
}

/* It is refused, with a sentence that has that part. */
static void
expect_fault(struct fixture *fixture, const char *text, const char *part)
{
	struct status_list list;
	const char *fault = read_list(fixture, slice_text(text), &list);
	if (fault == NULL || strstr(fault, part) == NULL)
		fail_msg("%s, not %s: %.300s", fault == NULL ? "taken" : fault, part, text);
}

static void
honest(void **state)
{
	struct fixture *fixture = *state;
	bool is_set;
	for (int set = 0; set < 2; set++) {
		struct status_list list;
		const char *purpose = set ? "revocation" : "suspension";
		const char *text = list_of(&fixture->arena, purpose, set != 0, &fixture->pair, DID "#key-1");
		assert_null(read_list(fixture, slice_text(text), &list));
		assert_string_equal(list.issuer, DID);
		assert_int_equal(list.purpose, set ? CHECK_REVOCATION : CHECK_SUSPENSION);
		assert_int_equal(strncmp(list.url, LIST, strlen(LIST)), 0);
		assert_null(bits_get(list.bits, BIT, &is_set));
		assert_int_equal(is_set, set);
		assert_non_null(bits_get(list.bits, BITS_ENTRIES, &is_set));
	}
}

static void
other_signers(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	expect_fault(fixture, list_of(arena, "revocation", false, &fixture->other, DID "#key-1"), "does not belong");
	expect_fault(fixture, list_of(arena, "revocation", false, &fixture->other, OTHER_DID "#key-1"),
		     "another than its");
	expect_fault(fixture, list_of(arena, "revocation", false, &fixture->pair, DID "#key-2"),
		     "not one of its issuer");
	expect_fault(fixture, list_of(arena, "revocation", false, &fixture->pair, "#key-1"), "another than its");
	expect_fault(fixture, list_of(arena, "revocation", false, &fixture->pair, DID), "another than its");
}

static void
key_periods(void **state)
{
	struct fixture *fixture = *state;
	int64_t signed_us;
	const char *text = list_of(&fixture->arena, "revocation", false, &fixture->pair, DID "#key-1");
	assert_true(instant_parse(SIGNED_AT, &signed_us));
	fixture->key.retired_us = signed_us - 1;
	expect_fault(fixture, text, "not in force");
	fixture->key.retired_us = INT64_MAX;
	fixture->key.active_from_us = signed_us + 1;
	expect_fault(fixture, text, "not in force");
	fixture->key.active_from_us = INT64_MIN;
	fixture->key.compromised_since_us = signed_us + 1; /* who has it writes any date */
	expect_fault(fixture, text, "compromised");
	fixture->key.compromised_since_us = INT64_MAX;
	fixture->key.alg = JWT_RS256;
	expect_fault(fixture, text, "not one of its issuer");
}

static void
forms(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	struct slice bits = slice_of(arena_zero(arena, 2 * BITS_BYTES), 2 * BITS_BYTES);
	const char *method = DID "#key-1";
	const struct pair *pair = &fixture->pair;
	expect_fault(fixture, with_proof(arena, list_document(arena, DID, "revocation", bits), pair, method, SIGNED_AT),
		     "more than is allowed");
	expect_fault(fixture, list_of(arena, "message", false, pair, method), "neither of revocations nor");
	expect_fault(fixture, list_document(arena, DID, "revocation", slice_of(bits.data, BITS_BYTES)),
		     "exactly one proof");
	expect_fault(fixture, certificate_of(arena, pair, method, SIGNED_AT, ""), "no status list");
	expect_fault(fixture, "[1]", "no status list");
	expect_fault(fixture, "", "");
	const char *text = list_of(arena, "revocation", false, pair, method);
	const char *proof = strstr(text, "\"proof\":[") + strlen("\"proof\":[");
	int proof_size = (int)strlen(proof) - 2;
	expect_fault(fixture, arena_format(arena, "%.*s,%.*s]}", (int)strlen(text) - 2, text, proof_size, proof),
		     "exactly one proof");
}

/* Fewer entries than an index: the list is read, the entry is not there. */
static void
short_list(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = &fixture->arena;
	struct status_list list;
	bool is_set;
	struct slice bits = slice_of(arena_zero(arena, BITS_ENTRIES_MIN / 8), BITS_ENTRIES_MIN / 8);
	const char *text = with_proof(arena, list_document(arena, DID, "revocation", bits), &fixture->pair,
				      DID "#key-1", SIGNED_AT);
	assert_null(read_list(fixture, slice_text(text), &list));
	assert_null(bits_get(list.bits, BITS_ENTRIES_MIN - 1, &is_set));
	assert_non_null(bits_get(list.bits, BITS_ENTRIES_MIN, &is_set));
}

static void
flipped(void **state)
{
	struct fixture *fixture = *state;
	struct status_list list;
	const char *text = list_of(&fixture->arena, "revocation", true, &fixture->pair, DID "#key-1");
	size_t size = strlen(text);
	for (size_t at = 0; at < size; at++) {
		char *copy = arena_text(&fixture->arena, slice_text(text));
		copy[at] ^= 1;
		if (read_list(fixture, slice_of(copy, size), &list) == NULL)
			fail_msg("byte %zu of %s", at, copy);
		if (at % 64 == 0) {
			copy = arena_text(&fixture->arena, slice_text(text));
			if (read_list(fixture, slice_of(copy, at), &list) == NULL)
				fail_msg("cut at %zu", at);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(honest, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(other_signers, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(key_periods, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(forms, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(short_list, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(flipped, open_fixture, close_fixture),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
