/* tests/unit/gateway_route_test.c
 *
 * Every rule with a path is found by its own verb and path, with its values; literal
 * segments win over values, HEAD finds GET, another verb is told which ones fit, and an
 * encoded slash, NUL or broken UTF-8 never becomes part of a path. */
#include "common/wire/rule.h"
#include "services/gateway/route.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;
static struct routes *routes;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4096, 0);
	routes = routes_new(&arena);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static enum route_outcome
find(const char *verb, const char *path, struct route_match *match)
{
	return route_find(routes, &arena, verb, path, match);
}

/* A path for the template: each {name} becomes "x1", which no template spells literally. */
static const char *
path_of(const char *template)
{
	char path[256];
	size_t size = 0;
	for (const char *at = template; *at != '\0'; at++) {
		if (*at == '{') {
			path[size++] = 'x';
			path[size++] = '1';
			at = strchr(at, '}');
		} else {
			path[size++] = *at;
		}
	}
	return arena_text(&arena, slice_of(path, size));
}

static void
every_rule_is_found(void **state)
{
	struct route_match match;
	size_t count = 0;
	(void)state;
	for (size_t i = 0; i < rules_count; i++) {
		if (rules[i].path[0] != '\0')
			routes_add(routes, rules[i].verb, rules[i].path, (unsigned)i);
	}
	for (size_t i = 0; i < rules_count; i++) {
		if (rules[i].path[0] == '\0')
			continue;
		count++;
		assert_int_equal(find(rules[i].verb, path_of(rules[i].path), &match), ROUTE_FOUND);
		assert_int_equal(match.endpoint, i);
		for (size_t j = 0; j < match.count; j++)
			assert_string_equal(match.values[j].value, "x1");
	}
	assert_true(count > 30);
}

static void
literal_segments_win(void **state)
{
	struct route_match match;
	(void)state;
	routes_add(routes, "GET", "/v1/figures/{metric}", 1);
	routes_add(routes, "GET", "/v1/figures/stream", 2);
	routes_add(routes, "POST", "/v1/classes/{classId}:close", 3);
	routes_add(routes, "POST", "/v1/classes/{classId}", 4);
	assert_int_equal(find("GET", "/v1/figures/stream", &match), ROUTE_FOUND);
	assert_int_equal(match.endpoint, 2);
	assert_int_equal(find("GET", "/v1/figures/streams", &match), ROUTE_FOUND);
	assert_int_equal(match.endpoint, 1);
	assert_string_equal(match.values[0].value, "streams");
	assert_int_equal(find("POST", "/v1/classes/abc:close", &match), ROUTE_FOUND);
	assert_int_equal(match.endpoint, 3);
	assert_string_equal(match.values[0].name, "classId");
	assert_string_equal(match.values[0].value, "abc");
	assert_int_equal(find("POST", "/v1/classes/:close", &match), ROUTE_FOUND);
	assert_int_equal(match.endpoint, 4);
}

static void
other_verbs_are_told(void **state)
{
	struct route_match match;
	(void)state;
	routes_add(routes, "GET", "/v1/classes", 1);
	routes_add(routes, "POST", "/v1/classes", 2);
	assert_int_equal(find("HEAD", "/v1/classes", &match), ROUTE_FOUND);
	assert_int_equal(match.endpoint, 1);
	assert_int_equal(find("DELETE", "/v1/classes", &match), ROUTE_OTHER_VERB);
	assert_string_equal(match.allow, "GET, HEAD, POST, OPTIONS");
	assert_int_equal(find("GET", "/v1/klasses", &match), ROUTE_NO_SUCH_PATH);
	assert_int_equal(find("GET", "/v1/classes/", &match), ROUTE_NO_SUCH_PATH);
	assert_int_equal(find("GET", "v1", &match), ROUTE_NO_SUCH_PATH);
	assert_int_equal(find("GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14", &match), ROUTE_NO_SUCH_PATH);
}

static void
segments_are_decoded_one_by_one(void **state)
{
	struct route_match match;
	(void)state;
	routes_add(routes, "GET", "/v1/persons/{personId}", 1);
	assert_int_equal(find("GET", "/v1/persons/a%2Fb", &match), ROUTE_FOUND);
	assert_string_equal(match.values[0].value, "a/b");
	assert_int_equal(find("GET", "/v1/persons/Nguy%E1%BB%85n", &match), ROUTE_FOUND);
	assert_string_equal(match.values[0].value, "Nguyễn");
	assert_int_equal(find("GET", "/v1/persons/a%00b", &match), ROUTE_MALFORMED);
	assert_int_equal(find("GET", "/v1/persons/a%ff", &match), ROUTE_MALFORMED);
	assert_int_equal(find("GET", "/v1/persons/a%4", &match), ROUTE_MALFORMED);
	assert_int_equal(find("GET", "/v1/persons/a%zz", &match), ROUTE_MALFORMED);
	assert_int_equal(find("GET", "/v1/persons/", &match), ROUTE_NO_SUCH_PATH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_rule_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(literal_segments_win, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_verbs_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(segments_are_decoded_one_by_one, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
