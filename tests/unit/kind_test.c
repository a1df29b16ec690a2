/* tests/unit/kind_test.c
 *
 * A class is approved at one instant and issued in steps: a kind that is set in between must not put another name under
 * what somebody approved. */
#include "tests/unit/small_node.h"

#include "services/certificate/kind.h"
#include "services/certificate/service.h"

static struct small small;
static struct call call;

static int
set_up(void **state)
{
	(void)state;
	small = (struct small){.now_us = INT64_C(1772438400000000), .slots_ready = SLOTS};
	small_open(&small, &certificate_module);
	call_begin(&call, small.node, methods_find(small.node, "CompletionTimers.IssueDue"), &caller_node);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	small_close(&small);
	return 0;
}

static uint32_t
signatory_now(const char *first, const char *second, uint32_t signatory, const char *approved_by)
{
	Mt__Signatory signs[2] = {MT__SIGNATORY__INIT, MT__SIGNATORY__INIT};
	Mt__Signatory *list[2] = {&signs[0], &signs[1]};
	Mt__CertificateKindRecord kind = MT__CERTIFICATE_KIND_RECORD__INIT;
	signs[0].subject = (char *)(uintptr_t)first;
	signs[1].subject = (char *)(uintptr_t)(second == NULL ? "" : second);
	kind.signatories = list;
	kind.n_signatories = second == NULL ? 1 : 2;
	return kind_signatory_now(&call, &kind, signatory, approved_by);
}

static void
who_approved_signs_whatever_became_of_the_kind(void **state)
{
	(void)state;
	assert_int_equal(signatory_now("deputy", "director", 2, "director"), 2);
	assert_int_equal(signatory_now("director", "deputy", 2, "director"), 1);
	assert_int_equal(signatory_now("director", NULL, 2, "director"), 1);
	assert_int_equal(signatory_now("deputy", "other", 2, "director"), 0);
	assert_int_equal(signatory_now("deputy", NULL, 2, "director"), 0);
	assert_int_equal(signatory_now("director", "deputy", 0, "director"), 0); /* the kind named nobody then */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_approved_signs_whatever_became_of_the_kind, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
