/* tests/unit/verify_test.c
 *
 * The record has the last word: what a school's own key really signed is not good if it is not what was stored under
 * its id, as whoever stole the key would present it. */
#include "services/certificate/verify_inside.h"

#include "tests/unit/presented.h"

static const char *
plain_of(struct fixture *fixture, const struct shape *shape)
{
	return arena_format(&fixture->arena, "%s}", document_of(fixture, shape));
}

/* As a token's payload is once its claims were taken out. */
static struct credential_check
token_saying(struct fixture *fixture, const char *payload)
{
	struct jcs_tree tree = jcs_parse(&fixture->arena, slice_text(payload));
	assert_non_null(tree.root);
	return (struct credential_check){.is_jwt = true, .document = tree.root};
}

static void
a_real_signature_is_not_enough(void **state)
{
	struct fixture *fixture = *state;
	const struct shape forgeries[] = {
		{.more = ",\"honours\":true"},
		{.valid_until = "2099-01-01T00:00:00Z"},
		{.index = "94568"},
		{.created = "2026-03-02T08:00:01Z"},
	};
	const char *stored = credential_of(fixture, &(struct shape){.id = NULL});
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		const char *forged = credential_of(fixture, &forgeries[i]);
		struct credential_check result = check(fixture, slice_text(forged));
		assert_true(result.signature_holds);
		assert_int_equal(result.reason, REASON_NONE);
		assert_false(verify_as_stored(&fixture->arena, &result, slice_text(stored)));
		assert_true(verify_as_stored(&fixture->arena, &result, slice_text(forged)));
	}
}

static void
other_spellings_are_the_same(void **state)
{
	struct fixture *fixture = *state;
	const char *stored = credential_of(fixture, &(struct shape){.id = NULL});
	struct credential_check result = check(fixture, slice_text(arena_format(&fixture->arena, "\n%s ", stored)));
	assert_int_equal(result.reason, REASON_NONE);
	assert_true(verify_as_stored(&fixture->arena, &result, slice_text(stored)));
	assert_false(verify_as_stored(&fixture->arena, &result, slice_text("")));
	assert_false(verify_as_stored(&fixture->arena, &result, slice_text("{}")));
}

static void
a_token_says_what_is_stored_without_its_proof(void **state)
{
	struct fixture *fixture = *state;
	const char *stored = credential_of(fixture, &(struct shape){.id = NULL});
	struct credential_check result = token_saying(fixture, plain_of(fixture, &(struct shape){.id = NULL}));
	assert_true(verify_as_stored(&fixture->arena, &result, slice_text(stored)));
	result = token_saying(fixture, plain_of(fixture, &(struct shape){.more = ",\"honours\":true"}));
	assert_false(verify_as_stored(&fixture->arena, &result, slice_text(stored)));
	result = check(fixture, slice_text(stored));
	assert_false(
		verify_as_stored(&fixture->arena, &result, slice_text(plain_of(fixture, &(struct shape){.id = NULL}))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_signature_is_not_enough),
		cmocka_unit_test(other_spellings_are_the_same),
		cmocka_unit_test(a_token_says_what_is_stored_without_its_proof),
	};
	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
