/* tests/unit/gateway_events_test.c
 *
 * CloudEvents in all three modes, each fault named by its field; every event type has
 * a filled example, and every example is taken. */
#include "services/gateway/cloudevents.h"
#include "services/gateway/event_types.h"

#include "common/wire/pb_json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

#define GOOD                                                                                                           \
	"{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"/authorities/"                 \
	"01\",\"id\":\"7\","                                                                                           \
	"\"subject\":\"A1\",\"data\":{\"effectiveDate\":\"2026-01-01\"}}"

static struct arena arena;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4096, 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct cloud_event
read_one(const char *body)
{
	struct cloud_event event;
	struct fault fault;
	assert_true(cloudevents_read_one(&arena, slice_text(body), &event, &fault));
	return event;
}

static void
rejected(const char *body, const char *code, const char *field)
{
	struct cloud_event event = read_one(body);
	assert_non_null(event.code);
	assert_string_equal(event.code, code);
	assert_string_equal(event.field, field);
	assert_true(event.message[0] != '\0');
}

static void
a_sound_event_is_read(void **state)
{
	(void)state;
	struct cloud_event event = read_one(GOOD);
	assert_null(event.code);
	assert_string_equal(event.request.source, "/authorities/01");
	assert_string_equal(event.request.id, "7");
	assert_string_equal(event.request.subject, "A1");
	assert_int_equal(event.data.kind_case, MT__EVENT_DATA__KIND_RETIRED);
	assert_string_equal(event.data.retired->effective_date, "2026-01-01");
	event = read_one("{\"specversion\":\"1.0\",\"data\":{\"effectiveDate\":\"2026-01-01\"},\"sequence\":5,"
			 "\"partitionkey\":{\"a\":[1,{}]},\"type\":\"matricula.person.retired.v1\",\"source\":\"s\","
			 "\"id\":\"\\u00e1\",\"subject\":\"A\",\"time\":\"2026-01-01T00:00:00+07:00\","
			 "\"datacontenttype\":\"application/json; charset=utf-8\",\"dataschema\":null}");
	assert_null(event.code);
	assert_string_equal(event.request.id, "á");
	assert_string_equal(event.request.time, "2026-01-01T00:00:00+07:00");
}

static void
each_fault_names_its_field(void **state)
{
	static const char *const attributes[] = {"specversion", "type", "source", "id", "subject"};
	(void)state;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		char body[512];
		snprintf(body, sizeof(body), "%s", GOOD);
		char *name = strstr(body, attributes[i]);
		name[0] = 'x'; /* now it is an attribute that nobody knows */
		char code[64];
		snprintf(code, sizeof(code), "missing_%s", attributes[i]);
		rejected(body, code, attributes[i]);
	}
	rejected("{}", "missing_specversion", "specversion");
	rejected("{\"specversion\":\"0.3\"}", "invalid_attribute", "specversion");
	rejected("{\"specversion\":1.0}", "invalid_attribute", "specversion");
	rejected(
		"{\"specversion\":\"1.0\",\"type\":\"x\",\"source\":\"s\",\"id\":\"1\",\"id\":\"2\",\"subject\":\"A\"}",
		"invalid_attribute", "id");
	rejected("{\"specversion\":\"1.0\",\"type\":\"x\",\"source\":\"s\",\"id\":\"a\\u0000b\",\"subject\":\"A\"}",
		 "invalid_attribute", "id");
	rejected("{\"specversion\":\"1.0\",\"type\":\"x\",\"source\":\"s\",\"id\":\"1\",\"subject\":\"A\",\"time\":"
		 "\"now\"}",
		 "invalid_attribute", "time");
	rejected("{\"specversion\":\"1.0\",\"type\":\"x\",\"source\":\"s\",\"id\":\"1\",\"subject\":\"A\"}",
		 "missing_data", "data");
	rejected("{\"specversion\":\"1.0\",\"type\":\"x\",\"source\":\"s\",\"id\":\"1\",\"subject\":\"A\","
		 "\"data_base64\":\"e30=\",\"data\":{}}",
		 "invalid_attribute", "data_base64");
	rejected("{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"s\",\"id\":\"1\","
		 "\"subject\":\"A\",\"data_base64\":\"e30\"}",
		 "invalid_attribute", "data_base64");
	rejected("{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"s\",\"id\":\"1\","
		 "\"subject\":\"A\",\"data_base64\":\"AAAA\"}",
		 "invalid_data", "data");
	rejected("{\"specversion\":\"1.0\",\"type\":\"x\",\"source\":\"s\",\"id\":\"1\",\"subject\":\"A\","
		 "\"datacontenttype\":\"text/xml\",\"data\":{}}",
		 "invalid_attribute", "datacontenttype");
	rejected("{\"specversion\":\"1.0\",\"type\":\"matricula.person.flown.v1\",\"source\":\"s\",\"id\":\"1\","
		 "\"subject\":\"A\",\"data\":{}}",
		 "unknown_type", "type");
	rejected("{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"s\",\"id\":\"1\","
		 "\"subject\":\"A\",\"data\":{\"effectveDate\":\"2026-01-01\"}}",
		 "invalid_data", "data.effectveDate");
	rejected("{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"s\",\"id\":\"1\","
		 "\"subject\":\"A\",\"data\":[1]}",
		 "invalid_data", "data");
}

static void
control_characters_are_no_text(void **state)
{
	static const char *const held[] = {"\\n", "\\u007f", "\\u0080", "\\u009f"};
	static const char *const taken[] = {"\\u00a0", "\\u00c2", "\\u1ea0"};
	char body[256];
	(void)state;
	const char *format = "{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"s\","
			     "\"id\":\"1%s\",\"subject\":\"A\",\"data\":{}}";
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		snprintf(body, sizeof(body), format, held[i]);
		rejected(body, "invalid_attribute", "id");
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		snprintf(body, sizeof(body), format, taken[i]);
		assert_null(read_one(body).code);
	}
}

/* {"effectiveDate":"2026-01-01"} as the SDKs send bytes, and under a media type of the sender's own. */
static void
data_is_json_in_all_its_spellings(void **state)
{
	static const char *const types[] = {"application/json", "application/vnd.hr+json;v=1", "text/json", "A/b+JSON"};
	static const char *const others[] = {"json", "application/jsonp", "application/+json", "application/xml", "/"};
	(void)state;
	struct cloud_event event = read_one(
		"{\"specversion\":\"1.0\",\"type\":\"matricula.person.retired.v1\",\"source\":\"s\",\"id\":\"1\","
		"\"subject\":\"A\",\"datacontenttype\":\"application/vnd.hr+json\",\"data\":null,"
		"\"data_base64\":\"eyJlZmZlY3RpdmVEYXRlIjoiMjAyNi0wMS0wMSJ9\"}");
	assert_null(event.code);
	assert_string_equal(event.data.retired->effective_date, "2026-01-01");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_true(cloudevents_type_is_json(slice_text(types[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(cloudevents_type_is_json(slice_text(others[i])));
}

static void
a_batch_has_a_verdict_for_each(void **state)
{
	struct cloud_event events[4];
	struct fault fault;
	(void)state;
	struct slice body = slice_text("[" GOOD ",5,{\"specversion\":\"1.0\"}," GOOD "]");
	assert_int_equal(cloudevents_read_batch(&arena, body, events, 4, &fault), 4);
	assert_null(events[0].code);
	assert_string_equal(events[1].code, "invalid_event");
	assert_string_equal(events[2].code, "missing_type");
	assert_null(events[3].code);
	assert_int_equal(cloudevents_read_batch(&arena, body, events, 3, &fault), 4);
	assert_int_equal(cloudevents_read_batch(&arena, slice_text("[]"), events, 4, &fault), 0);
}

static void
a_body_that_is_none_is_a_fault(void **state)
{
	static const char *const batches[] = {"", "{}", "[", "[{}", "[{},]", "[[]]", "[] x", "[{\"a\":}]", "[{\"a\"}]"};
	static const char *const singles[] = {"", "[]", "{", "{} {}", "{\"a\":1,}", "nul", "{\"a\":\"\xff\"}"};
	struct cloud_event events[4];
	struct fault fault;
	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		assert_int_equal(cloudevents_read_batch(&arena, slice_text(batches[i]), events, 4, &fault), -1);
		assert_true(fault.message[0] != '\0');
	}
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		assert_false(cloudevents_read_one(&arena, slice_text(singles[i]), events, &fault));
}

static void
headers_make_an_event(void **state)
{
	struct cloud_attributes attributes = {.wrong = NULL};
	struct cloud_event event;
	(void)state;
	cloudevents_header(&arena, &attributes, "specversion", slice_text("1.0"));
	cloudevents_header(&arena, &attributes, "type", slice_text("matricula.person.retired.v1"));
	cloudevents_header(&arena, &attributes, "source", slice_text("/authorities/01"));
	cloudevents_header(&arena, &attributes, "id", slice_text("7"));
	cloudevents_header(&arena, &attributes, "subject", slice_text("A1"));
	cloudevents_header(&arena, &attributes, "traceparent", slice_text("x"));
	cloudevents_header(&arena, &attributes, "data", slice_text("not from a header"));
	attributes.payload = slice_text("{\"effectiveDate\":\"2026-01-01\"}");
	cloudevents_judge(&arena, &attributes, &event);
	assert_null(event.code);
	cloudevents_header(&arena, &attributes, "id", slice_text("8"));
	cloudevents_judge(&arena, &attributes, &event);
	assert_string_equal(event.field, "id");
}

static void
header_values_are_unquoted_and_decoded(void **state)
{
	static const struct {
		const char *value;
		const char *text; /* NULL: refused */
	} rows[] = {
		{"A1", "A1"},       {"%E1%BA%A7%20%22", "\u1ea7 \""},
		{"\"A 1\"", "A 1"}, {"\"A\\\"\\\\%31\"", "A\"\\1"},
		{"\"\"", ""},       {"\"A1", NULL},
		{"\"A1\\\"", NULL}, {"\"A\"1", NULL},
		{"100%", NULL},     {"%ff", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cloud_attributes attributes = {.wrong = NULL};
		cloudevents_header(&arena, &attributes, "subject", slice_text(rows[i].value));
		assert_int_equal(attributes.wrong != NULL, rows[i].text == NULL);
		if (rows[i].text != NULL)
			assert_true(slice_equal(attributes.subject, slice_text(rows[i].text)));
	}
}

static void
every_type_has_an_example_that_is_taken(void **state)
{
	const ProtobufCMessageDescriptor *data = &mt__event_data__descriptor;
	(void)state;
	for (unsigned i = 0; i < data->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &data->fields[i];
		char type[EVENT_TYPE_BYTES];
		struct fault fault;
		assert_true(event_type_format(field, type));
		assert_ptr_equal(event_type_find(slice_text(type)), field);
		const char *example = event_type_example(field);
		assert_non_null(example);
		assert_non_null(pb_from_json(field->descriptor, &arena, slice_text(example), &fault));
		assert_true(strlen(example) > 2);
	}
	assert_null(event_type_find(slice_text("matricula.person.hired.v2")));
	assert_null(event_type_find(slice_text("matricula.person.")));
	assert_null(event_type_find(slice_text("hired")));
}

/* What is served as an example can be posted as it stands. */
static void
every_served_example_is_an_event(void **state)
{
	(void)state;
	char ids[1024] = "";
	for (unsigned i = 0; i < mt__event_data__descriptor.n_fields; i++) {
		struct buf body;
		buf_init(&body, 1 << 16);
		event_type_write(&body, &mt__event_data__descriptor.fields[i]);
		buf_byte(&body, '\0');
		const char *text = (const char *)body.data;
		const char *example = strstr(text, "\"example\":");
		assert_non_null(example);
		example += strlen("\"example\":");
		struct slice event_text = slice_of(example, strlen(example) - 1);
		struct cloud_event event;
		struct fault fault;
		assert_true(cloudevents_read_one(&arena, event_text, &event, &fault));
		assert_null(event.code);
		/* The same id with another payload would be a conflict. */
		assert_null(strstr(ids, event.request.id));
		snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%s ", event.request.id);
		buf_free(&body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sound_event_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_fault_names_its_field, set_up, tear_down),
		cmocka_unit_test_setup_teardown(control_characters_are_no_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(data_is_json_in_all_its_spellings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_batch_has_a_verdict_for_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_body_that_is_none_is_a_fault, set_up, tear_down),
		cmocka_unit_test_setup_teardown(headers_make_an_event, set_up, tear_down),
		cmocka_unit_test_setup_teardown(header_values_are_unquoted_and_decoded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_type_has_an_example_that_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_served_example_is_an_event, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
