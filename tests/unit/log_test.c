/* tests/unit/log_test.c
 *
 * A log line is one line of pairs, whatever its values hold. */
#include "common/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
assert_line(const struct buf *line, const char *expected)
{
	char text[1024];
	assert_false(buf_failed(line));
	assert_true(line->size < sizeof(text));
	memcpy(text, line->data, line->size);
	text[line->size] = '\0';
	assert_string_equal(text, expected);
}

static void
a_line_is_time_level_event_and_pairs(void **state)
{
	(void)state;
	struct buf line;
	buf_init(&line, 1000);
	log_begin(&line, INT64_C(1735689600000000), "info", "node.started");
	log_text(&line, "service", "enrollment");
	log_number(&line, "seq", 42);
	log_number(&line, "least", INT64_MIN);
	assert_line(&line, "time=2025-01-01T00:00:00Z level=info event=node.started service=enrollment seq=42 "
			   "least=-9223372036854775808");
	buf_free(&line);
}

static void
begin_starts_a_new_line(void **state)
{
	(void)state;
	struct buf line;
	buf_init(&line, 1000);
	log_begin(&line, 0, "info", "first");
	log_begin(&line, 1500000, "warn", "second");
	assert_line(&line, "time=1970-01-01T00:00:01.500000Z level=warn event=second");
	buf_free(&line);
}

static void
assert_value(const char *value, const char *expected)
{
	struct buf line;
	buf_init(&line, 1000);
	log_text(&line, "k", value);
	assert_line(&line, expected);
	buf_free(&line);
}

static void
values_are_quoted_when_not_plain(void **state)
{
	(void)state;
	assert_value("ipc:///run/matricula/a_b-1.sock", "k=ipc:///run/matricula/a_b-1.sock");
	assert_value("", "k=\"\"");
	assert_value("two words", "k=\"two words\"");
	assert_value("a=b", "k=\"a=b\"");
	assert_value("say \"hi\" \\", "k=\"say \\\"hi\\\" \\\\\"");
	assert_value("Đà Nẵng", "k=\"Đà Nẵng\"");
}

static void
no_value_starts_a_second_line(void **state)
{
	(void)state;
	assert_value("a\nlevel=error", "k=\"a\\nlevel=error\"");
	assert_value("a\r\x1b[31m\x7f", "k=\"a\\u000d\\u001b[31m\\u007f\"");
	assert_value("bad \xc3", "k=\"bad \\xc3\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_time_level_event_and_pairs),
		cmocka_unit_test(begin_starts_a_new_line),
		cmocka_unit_test(values_are_quoted_when_not_plain),
		cmocka_unit_test(no_value_starts_a_second_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
