/* tests/unit/options_test.c
 *
 * What a service refuses to be started with, by the option's name; of the public URL in
 * particular, because it will stand in credentials for ever. */
#include "common/host/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/certificate/service.h"

static struct host_options options;
static struct host_error error;

static bool
read_url(const char *url)
{
	char *argv[] = {(char *)"matricula-certificate", (char *)"--data", (char *)"/tmp/d", (char *)"--public-url",
			(char *)url};
	return host_options_read(5, argv, &certificate_module, &options, &error);
}

static void
urls_of_hosts_are_taken(void **state)
{
	static const char *const good[] = {
		"https://training.example.vn",  "https://a",
		"https://xn--o-so-0na.example", "https://training.example.vn:8443",
		"https://7-eleven.example:1",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(read_url(good[i]));
		assert_string_equal(options.public_url, good[i]);
	}
}

static void
without_one_it_is_empty(void **state)
{
	char *argv[] = {(char *)"matricula-certificate", (char *)"--data", (char *)"/tmp/d"};
	(void)state;
	assert_true(host_options_read(3, argv, &certificate_module, &options, &error));
	assert_string_equal(options.public_url, "");
}

static void
other_urls_are_refused_by_the_options_name(void **state)
{
	static const char *const bad[] = {
		"",
		"training.example.vn",
		"http://training.example.vn",
		"HTTPS://training.example.vn",
		"https://",
		"https:///",
		"https://training.example.vn/",
		"https://training.example.vn/path",
		"https://training.example.vn?a=b",
		"https://training.example.vn#f",
		"https://user@training.example.vn",
		"https://user:pass@training.example.vn",
		"https://Training.example.vn",
		"https://training..example.vn",
		"https://.example.vn",
		"https://example.vn.",
		"https://-a.example",
		"https://a-.example",
		"https://a_b.example",
		"https://đào-tạo.example",
		"https://10.0.0.1",
		"https://[::1]",
		"https://training.example.vn:",
		"https://training.example.vn:0",
		"https://training.example.vn:08443",
		"https://training.example.vn:443",
		"https://training.example.vn:65536",
		"https://training.example.vn:84x",
		"https://training.example.vn:8443/",
		"https://matricula.invalid",
		"https://training.example.vn ",
		"https://training.example.vn\n",
		"https://training.example.vn\"",
		"https://aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg.example",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(read_url(bad[i]));
		assert_non_null(strstr(error.text, "option --public-url"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_of_hosts_are_taken),
		cmocka_unit_test(without_one_it_is_empty),
		cmocka_unit_test(other_urls_are_refused_by_the_options_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
