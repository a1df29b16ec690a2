/* tests/unit/gateway_shapes_test.c
 *
 * What the gateway writes and reads in shapes of its own: problems, positions, figures
 * as events, facts as JSON without secrets, and the DID document, whose DID must be the
 * one that credentials are signed under. */
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
	assert_int_equal(problem_language("vi;Q=0.5, en; q=0.9"), LANGUAGE_EN);
	assert_int_equal(problem_language("vi;eq=0.1;q=0.9, en;q=0.8"), LANGUAGE_VI);
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

/* A 2048-bit RSA public key, made for this test alone. */
static const uint8_t rsa_spki[] = {
	0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
	0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00, 0xa5, 0x55, 0x50,
	0xec, 0x3c, 0x20, 0x36, 0x21, 0x5c, 0x8a, 0x8d, 0x99, 0x53, 0x68, 0xe5, 0xe4, 0x83, 0xdc, 0x55, 0x86, 0x21,
	0x67, 0x39, 0x6a, 0xa0, 0x5f, 0x85, 0xb7, 0x24, 0xfb, 0xab, 0x2c, 0xaa, 0x79, 0xfc, 0xde, 0x2e, 0x2a, 0x3a,
	0xac, 0x9e, 0x09, 0x0a, 0x2c, 0x74, 0x1b, 0xb4, 0x4e, 0x2b, 0x3b, 0x1d, 0xb1, 0x68, 0xc2, 0x20, 0x80, 0x59,
	0xb7, 0x6c, 0xb9, 0x83, 0xfb, 0xd2, 0x2a, 0xc4, 0xbf, 0x14, 0x66, 0x40, 0xe4, 0xfb, 0xbc, 0x95, 0x0c, 0x44,
	0x7c, 0x67, 0x65, 0x4c, 0xdc, 0x55, 0x3c, 0x9b, 0xa1, 0x5d, 0x11, 0x40, 0x90, 0x52, 0x5c, 0x33, 0x70, 0x7b,
	0xde, 0xd8, 0x80, 0xf1, 0xb7, 0x6c, 0xbe, 0x62, 0x13, 0xc3, 0x62, 0x89, 0x3e, 0xc7, 0x43, 0x7b, 0xbb, 0xc6,
	0x2c, 0xd5, 0x20, 0x43, 0xf2, 0x56, 0x46, 0xb9, 0xc3, 0xbd, 0x75, 0x24, 0x0b, 0x01, 0xa2, 0x83, 0x78, 0x80,
	0x5c, 0xb5, 0xc6, 0xb8, 0xe8, 0xea, 0x66, 0x7e, 0x03, 0x4a, 0x90, 0x16, 0x55, 0xa4, 0xe8, 0xd4, 0xb1, 0x6e,
	0xfd, 0x87, 0x33, 0x01, 0x68, 0x2a, 0xda, 0xcd, 0x5f, 0x5e, 0x30, 0xda, 0x20, 0x95, 0x4f, 0xb7, 0x80, 0xeb,
	0xdf, 0x0e, 0xaf, 0xe7, 0x9c, 0x1b, 0x53, 0x2c, 0xe2, 0xa5, 0xba, 0x15, 0xd7, 0x96, 0x5b, 0x24, 0x7b, 0xd9,
	0x5d, 0xfc, 0xee, 0xa2, 0x3e, 0x50, 0xb1, 0xed, 0x46, 0x86, 0xc8, 0x22, 0xbd, 0x5a, 0xc5, 0x45, 0x71, 0x97,
	0x92, 0x2a, 0xb5, 0xe5, 0xa8, 0xe9, 0xd6, 0x32, 0x0e, 0xd0, 0x1a, 0x1b, 0x4f, 0x5b, 0xa1, 0x16, 0x13, 0x40,
	0x73, 0x5a, 0x45, 0xf3, 0xbf, 0x35, 0x90, 0x07, 0x5e, 0x68, 0x60, 0x95, 0x5d, 0x99, 0x06, 0x8d, 0xea, 0x5c,
	0xf2, 0x36, 0x1f, 0xef, 0x14, 0x18, 0xef, 0x30, 0x12, 0xf3, 0x05, 0x25, 0xd5, 0xdf, 0x10, 0x27, 0x87, 0x79,
	0x45, 0x02, 0x03, 0x01, 0x00, 0x01,
};

static Mt__IssuerKeyView
key_view(const char *key_id, Mt__IssuerKey__State state, uint8_t *bytes, size_t size)
{
	Mt__IssuerKeyView key = MT__ISSUER_KEY_VIEW__INIT;
	key.key_id = (char *)key_id;
	key.state = state;
	key.public_key = (ProtobufCBinaryData){size, bytes};
	key.created_at = (char *)"2026-01-01T00:00:00Z";
	return key;
}

#define DID "did:web:training.example%3A8443:issuers:00040000d20fa61aar4d1zbwx7"
#define FORMER_DID "did:web:former.example:issuers:00040000d20fa61aar4d1zbwx7"

static void
did_document_names_our_keys(void **state)
{
	uint8_t bytes[MULTIKEY_KEY_BYTES];
	char multikey[MULTIKEY_TEXT_BYTES];
	char *aliases[] = {(char *)FORMER_DID};
	Mt__ListKeysReply list = MT__LIST_KEYS_REPLY__INIT;
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 1);
	Mt__IssuerKeyView active = key_view("key-4", MT__ISSUER_KEY__STATE__ACTIVE, bytes, sizeof(bytes));
	Mt__IssuerKeyView retired = key_view("key-1", MT__ISSUER_KEY__STATE__RETIRED, bytes, sizeof(bytes));
	Mt__IssuerKeyView stolen = key_view("key-2", MT__ISSUER_KEY__STATE__COMPROMISED, bytes, sizeof(bytes));
	Mt__IssuerKeyView rsa = key_view("key-3", MT__ISSUER_KEY__STATE__ACTIVE, (uint8_t *)rsa_spki, sizeof(rsa_spki));
	Mt__IssuerKeyView *keys[] = {&retired, &stolen, &rsa, &active};
	retired.retired_at = (char *)"2026-02-01T00:00:00Z";
	stolen.compromised_since = (char *)"2026-03-01T00:00:00Z";
	rsa.algorithm = MT__ISSUER_KEY__ALGORITHM__RS256;
	list.keys = keys;
	list.n_keys = 4;
	list.did = (char *)DID;
	list.also_known_as = aliases;
	list.n_also_known_as = 1;
	did_write(&text, &list, did_at_host(&arena, &list, "training.example:8443"));
	assert_true(is_json());
	assert_true(holds("\"id\":\"" DID "\",\"alsoKnownAs\":[\"" FORMER_DID "\"]"));
	multikey_format(bytes, multikey);
	assert_true(holds(multikey));
	assert_true(holds("\"created\":\"2026-01-01T00:00:00Z\",\"expires\":\"2026-02-01T00:00:00Z\"}"));
	assert_true(holds("\"created\":\"2026-01-01T00:00:00Z\",\"revoked\":\"2026-03-01T00:00:00Z\"}"));
	assert_true(holds("\"type\":\"JsonWebKey\",\"controller\":\"" DID
			  "\",\"publicKeyJwk\":{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\",\"n\":"
			  "\"pVVQ7DwgNiFcio2ZU2jl5IPcVYYhZzlqoF-FtyT7qyyqefzeLio6rJ4JCix0G7ROKzsdsWjCIIBZt2y5g_vSKsS_"
			  "FGZA5Pu8lQxEfGdlTNxVPJuhXRFAkFJcM3B73tiA8bdsvmITw2KJPsdDe7vGLNUgQ_"
			  "JWRrnDvXUkCwGig3iAXLXGuOjqZn4DSpAWVaTo1LFu_"
			  "YczAWgq2s1fXjDaIJVPt4Dr3w6v55wbUyzipboV15ZbJHvZXfzuoj5Qse1GhsgivVrFRXGXkiq15ajp1jIO0BobT1uhF"
			  "hNAc1pF8781kAdeaGCVXZkGjepc8jYf7xQY7zAS8wUl1d8QJ4d5RQ\",\"e\":\"AQAB\"}"));
	assert_true(holds("\"assertionMethod\":[\"" DID "#key-1\",\"" DID "#key-3\",\"" DID "#key-4\"]"));
}

/* A resolver refuses a document that does not name the DID it came for. */
static void
did_document_is_of_the_host_it_is_asked_at(void **state)
{
	char *aliases[] = {(char *)FORMER_DID};
	Mt__ListKeysReply list = MT__LIST_KEYS_REPLY__INIT;
	(void)state;
	list.did = (char *)DID;
	list.also_known_as = aliases;
	list.n_also_known_as = 1;
	assert_string_equal(did_at_host(&arena, &list, "former.example"), FORMER_DID);
	assert_string_equal(did_at_host(&arena, &list, "Former.Example"), FORMER_DID);
	assert_string_equal(did_at_host(&arena, &list, "former.exampl"), DID);
	assert_string_equal(did_at_host(&arena, &list, "former.example:8443"), DID);
	assert_string_equal(did_at_host(&arena, &list, "127.0.0.1:8080"), DID);
	assert_string_equal(did_at_host(&arena, &list, NULL), DID);
	did_write(&text, &list, FORMER_DID);
	assert_true(is_json());
	assert_true(holds("\"id\":\"" FORMER_DID "\",\"alsoKnownAs\":[\"" DID "\"]"));
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
		cmocka_unit_test_setup_teardown(did_document_is_of_the_host_it_is_asked_at, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
