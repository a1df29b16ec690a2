/* tests/unit/gateway_shapes_test.c
 *
 * What the gateway writes and reads in shapes of its own: problems, positions, figures
 * as events, facts as JSON without secrets, and the DID document, whose DID must be the
 * one that credentials are signed under. */
#include "services/certificate/credential.h"
#include "services/gateway/did.h"
#include "services/gateway/facts_json.h"
#include "services/gateway/figure_events.h"
#include "services/gateway/position.h"
#include "services/gateway/problem.h"

#include "common/credential/multibase.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"

#include "matricula/enrollment_service.pb-c.h"
#include "matricula/journal.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

static struct arena arena;
static struct buf text;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4096, 0);
	buf_init(&text, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	buf_free(&text);
	return 0;
}

static bool
holds(const char *part)
{
	return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static bool
is_json(void)
{
	struct json_reader json;
	struct slice token;
	json_open(&json, buf_slice(&text), &arena);
	enum json_kind kind = json_next(&json, &token);
	while (kind != JSON_END && kind != JSON_FAULT)
		kind = json_next(&json, &token);
	return kind == JSON_END;
}

static void
statuses_become_problems(void **state)
{
	(void)state;
	const struct {
		Mt__Status status;
		unsigned http;
		const char *code;
	} rows[] = {
		{MT__STATUS__INVALID_ARGUMENT, 400, "INVALID_ARGUMENT"},
		{MT__STATUS__UNAUTHENTICATED, 401, "UNAUTHENTICATED"},
		{MT__STATUS__PERMISSION_DENIED, 403, "PERMISSION_DENIED"},
		{MT__STATUS__NOT_FOUND, 404, "NOT_FOUND"},
		{MT__STATUS__ALREADY_EXISTS, 409, "ALREADY_EXISTS"},
		{MT__STATUS__FAILED_PRECONDITION, 409, "FAILED_PRECONDITION"},
		{MT__STATUS__ABORTED, 412, "ABORTED"},
		{MT__STATUS__RESOURCE_EXHAUSTED, 429, "RESOURCE_EXHAUSTED"},
		{MT__STATUS__INTERNAL, 500, "INTERNAL"},
		{MT__STATUS__UNIMPLEMENTED, 501, "UNIMPLEMENTED"},
		{MT__STATUS__UNAVAILABLE, 503, "UNAVAILABLE"},
		{MT__STATUS__DEADLINE_EXCEEDED, 504, "DEADLINE_EXCEEDED"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum problem_kind kind = problem_of_status(rows[i].status, "");
		assert_int_equal(problem_http_status(kind), rows[i].http);
		assert_string_equal(problem_code(kind), rows[i].code);
	}
	assert_int_equal(problem_http_status(problem_of_status(MT__STATUS__FAILED_PRECONDITION, "id")), 422);
	struct problem busy = {.kind = PROBLEM_UNAVAILABLE};
	assert_int_equal(problem_retry_after(&busy), 1);
	busy.retry_after_s = 7;
	assert_int_equal(problem_retry_after(&busy), 7);
	struct problem wrong = {.kind = PROBLEM_INVALID_ARGUMENT, .retry_after_s = 7};
	assert_int_equal(problem_retry_after(&wrong), 0);
}

static void
every_kind_is_complete(void **state)
{
	(void)state;
	for (int i = 0; i < PROBLEM_KINDS; i++) {
		struct problem problem = {.kind = (enum problem_kind)i, .detail = "a \"quoted\" thing", .field = "a.b"};
		buf_reset(&text);
		problem_write(&text, &problem, LANGUAGE_VI);
		assert_true(is_json());
		assert_true(holds("\"type\":\"" PROBLEM_TYPE_BASE));
		assert_true(holds("\"field\":\"a.b\""));
		assert_in_range(problem_http_status(problem.kind), 400, 504);
	}
}

static void
languages_are_weighed(void **state)
{
	(void)state;
	assert_int_equal(problem_language(NULL), LANGUAGE_EN);
	assert_int_equal(problem_language(""), LANGUAGE_EN);
	assert_int_equal(problem_language("vi"), LANGUAGE_VI);
	assert_int_equal(problem_language("vi-VN,vi;q=0.9,en;q=0.8"), LANGUAGE_VI);
	assert_int_equal(problem_language("en-GB, vi;q=0.5"), LANGUAGE_EN);
	assert_int_equal(problem_language("fr, vi;q=0.1"), LANGUAGE_VI);
	assert_int_equal(problem_language("vi;q=0"), LANGUAGE_EN);
	assert_int_equal(problem_language("vietnamese"), LANGUAGE_EN);
	assert_int_equal(problem_language(",,;;q=,vi;q=9"), LANGUAGE_EN);
}

static void
fields_are_spelt_as_in_json(void **state)
{
	char field[32];
	(void)state;
	problem_field_name("sessions[2].begins_at", field, sizeof(field));
	assert_string_equal(field, "sessions[2].beginsAt");
	problem_field_name("a_field_that_is_much_longer_than_there_is_room_for", field, sizeof(field));
	assert_string_equal(field, "");
}

static void
positions_come_back(void **state)
{
	static const char *const wrong[] = {
		"",
		"1",
		"1.1_1.1_1.1",
		"1.1_1.1_1.1_1.1_",
		"1.1_1.1_1.1_1.1_1.1",
		"01.1_1.1_1.1_1.1",
		"1.1_1.1_1.1_1.g",
		"1.1_1.1_1.1_1.",
		"A.1_1.1_1.1_1.1",
		"11111111111111111.1_1.1_1.1_1.1",
		" 1.1_1.1_1.1_1.1",
	};
	struct position position = {.places = {{UINT64_MAX, UINT64_MAX}, {0, 0}, {7, 0}, {UINT64_MAX, UINT64_MAX}}};
	struct position back;
	char word[POSITION_TEXT_BYTES];
	(void)state;
	position_format(&position, word);
	assert_true(position_parse(word, &back));
	assert_memory_equal(&position, &back, sizeof(back));
	for (int i = 0; i < SERVICES; i++)
		position.places[i] = (struct place){UINT64_MAX, UINT64_MAX};
	position_format(&position, word);
	assert_int_equal(strlen(word), POSITION_TEXT_BYTES - 1);
	assert_true(position_parse(word, &back));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(position_parse(wrong[i], &back));
}

static void
places_come_back(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "1", "1.", ".1", "1.2x", "1.2_0.0", "01.2", "1.02", "g.1", "1,2"};
	static const struct place places[] = {{0, 0}, {1, 0}, {0x38f7e1f3, 3360}, {UINT64_MAX, UINT64_MAX}};
	struct place back;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char id[PLACE_TEXT_BYTES];
		place_format(&places[i], id);
		assert_true(place_parse(id, &back));
		assert_memory_equal(&back, &places[i], sizeof(back));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(place_parse(wrong[i], &back));
}

static void
only_the_last_figure_moves_the_position(void **state)
{
	Mt__Figure first = MT__FIGURE__INIT;
	Mt__Figure second = MT__FIGURE__INIT;
	Mt__Figure *figures[] = {&first, &second};
	struct position old = {.places = {{1, 1}}};
	struct position new = {.places = {{1, 9}}};
	(void)state;
	first.metric = (char *)"persons.active";
	figure_events_write(&text, figures, 2, &old, &new);
	buf_byte(&text, '\0');
	assert_string_equal(
		(const char *)text.data,
		"id: 1.1_0.0_0.0_0.0\nevent: figure\ndata: {\"metric\":\"persons.active\",\"authorityId\":\"\","
		"\"authorityCode\":\"\",\"category\":\"\",\"month\":\"\",\"value\":\"0\",\"masked\":false}\n\n"
		"id: 1.9_0.0_0.0_0.0\nevent: figure\ndata: {\"metric\":\"\",\"authorityId\":\"\","
		"\"authorityCode\":\"\",\"category\":\"\",\"month\":\"\",\"value\":\"0\",\"masked\":false}\n\n");
}

static struct slice
entry_make(const ProtobufCMessage *fact)
{
	Mt__EntryHeader header = MT__ENTRY_HEADER__INIT;
	Mt__FactList list = MT__FACT_LIST__INIT;
	Mt__Entry entry = MT__ENTRY__INIT;
	struct slice packed = pb_pack(&arena, fact);
	ProtobufCBinaryData facts[] = {{.len = packed.size, .data = (uint8_t *)(uintptr_t)packed.data}};
	header.seq = 12;
	header.time_us = INT64_C(1767225600000000);
	list.facts = facts;
	list.n_facts = 1;
	struct slice header_bytes = pb_pack(&arena, &header.base);
	struct slice list_bytes = pb_pack(&arena, &list.base);
	entry.header.data = (uint8_t *)(uintptr_t)header_bytes.data;
	entry.header.len = header_bytes.size;
	entry.facts.data = (uint8_t *)(uintptr_t)list_bytes.data;
	entry.facts.len = list_bytes.size;
	return pb_pack(&arena, &entry.base);
}

static void
facts_are_told_without_secrets(void **state)
{
	uint8_t hash[4] = {0xaa, 0xbb, 0xcc, 0xdd};
	uint64_t seq = 0;
	Mt__TokenRecord token = MT__TOKEN_RECORD__INIT;
	Mt__TokenGranted granted = MT__TOKEN_GRANTED__INIT;
	Mt__AccessFact access = MT__ACCESS_FACT__INIT;
	Mt__EnrollmentServiceFact fact = MT__ENROLLMENT_SERVICE_FACT__INIT;
	(void)state;
	token.token_hash.data = hash;
	token.token_hash.len = sizeof(hash);
	token.subject = (char *)"token:1";
	granted.token = &token;
	access.kind_case = MT__ACCESS_FACT__KIND_TOKEN_GRANTED;
	access.token_granted = &granted;
	fact.noun_case = MT__ENROLLMENT_SERVICE_FACT__NOUN_ACCESS;
	fact.access = &access;
	assert_true(facts_write(&text, &arena, facts_type(SERVICE_ENROLLMENT), entry_make(&fact.base), &seq));
	assert_int_equal(seq, 12);
	assert_true(is_json());
	assert_true(holds("{\"seq\":12,\"time\":\"2026-01-01T00:00:00Z\",\"facts\":[{\"type\":\"TokenGranted\""));
	assert_true(holds("token:1"));
	assert_false(holds("okenHash"));
	assert_false(holds("qrvM")); /* the hash in base64 */
	buf_reset(&text);
	assert_false(facts_write(&text, &arena, facts_type(SERVICE_ENROLLMENT), slice_text("\xff garbage"), &seq));
}

static void
did_document_names_our_keys(void **state)
{
	uint8_t bytes[MULTIKEY_KEY_BYTES];
	uint8_t prefixed[2 + MULTIKEY_KEY_BYTES] = {0xed, 0x01};
	char multikey[MULTIKEY_TEXT_BYTES];
	Mt__IssuerKeyView key = MT__ISSUER_KEY_VIEW__INIT;
	Mt__IssuerKeyView *keys[] = {&key};
	Mt__ListKeysReply list = MT__LIST_KEYS_REPLY__INIT;
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 1);
	memcpy(prefixed + 2, bytes, sizeof(bytes));
	key.school_id = (char *)"00040000d20fa61aar4d1zbwx7";
	key.key_id = (char *)"key-1";
	key.public_key.data = bytes;
	key.public_key.len = sizeof(bytes);
	list.keys = keys;
	list.n_keys = 1;
	did_write(&text, &list);
	assert_true(is_json());
	assert_true(holds("\"id\":\"" CREDENTIAL_DID "\""));
	assert_true(holds(credential_method(&arena, key.school_id, key.key_id)));
	multikey_format(bytes, multikey);
	assert_string_equal(multikey, multibase_encode(&arena, slice_of(prefixed, sizeof(prefixed))));
	assert_memory_equal(multikey, "z6Mk", 4);
	assert_true(holds(multikey));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(statuses_become_problems, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_kind_is_complete, set_up, tear_down),
		cmocka_unit_test_setup_teardown(languages_are_weighed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fields_are_spelt_as_in_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(positions_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(places_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_last_figure_moves_the_position, set_up, tear_down),
		cmocka_unit_test_setup_teardown(facts_are_told_without_secrets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(did_document_names_our_keys, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
