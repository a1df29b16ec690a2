/* tests/unit/pb_json_test.c
 *
 * ProtoJSON both ways: each kind of field in each of its spellings, each refusal by
 * the member at fault, and random messages that come back as they went. */
#include "common/wire/pb_json.h"

#include "common/base/random.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "tests/unit/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static int
arena_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 16, 0);
	return 0;
}

static int
arena_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const char *
json_of(const ProtobufCMessage *message)
{
	struct buf buf;
	buf_init(&buf, 1 << 20);
	pb_to_json(&buf, message);
	assert_false(buf_failed(&buf));
	const char *text = arena_text(&arena, buf_slice(&buf));
	buf_free(&buf);
	return text;
}

static const ProtobufCMessageDescriptor *
type_of(char letter)
{
	switch (letter) {
	case 'C':
		return &mt__call__descriptor;
	case 'K':
		return &kinds_type;
	case 'D':
		return &google__protobuf__descriptor_proto__descriptor;
	default:
		return &google__protobuf__uninterpreted_option__descriptor;
	}
}

struct spelling {
	const char *given;
	const char *written;
};

static void
check_spellings(char type, const struct spelling *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fault fault;
		ProtobufCMessage *message = pb_from_json(type_of(type), &arena, slice_text(rows[i].given), &fault);
		if (message == NULL)
			fail_msg("%s: %s", rows[i].given, fault.message);
		assert_string_equal(json_of(message), rows[i].written);
		struct slice packed = pb_pack(&arena, message);
		message = pb_unpack(type_of(type), &arena, packed, true, &fault);
		if (message == NULL)
			fail_msg("%s, packed: %s", rows[i].given, fault.message);
		assert_string_equal(json_of(message), rows[i].written);
	}
}

static void
numbers_in_every_spelling(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"{\"aInt32\":1.0}", "{\"aInt32\":1}"},
		{"{\"aInt32\":1e2}", "{\"aInt32\":100}"},
		{"{\"aInt32\":1200e-2}", "{\"aInt32\":12}"},
		{"{\"aInt32\":0.00015E5}", "{\"aInt32\":15}"},
		{"{\"aInt32\":1.050E+2}", "{\"aInt32\":105}"},
		{"{\"aInt32\":\"-7\"}", "{\"aInt32\":-7}"},
		{"{\"aInt32\":\"1e2\"}", "{\"aInt32\":100}"},
		{"{\"aInt32\":-2147483648}", "{\"aInt32\":-2147483648}"},
		{"{\"aInt32\":2147483647}", "{\"aInt32\":2147483647}"},
		{"{\"aInt32\":0e999999999999999999999}", "{}"},
		{"{\"aInt32\":-0.000}", "{}"},
		{"{\"bInt64\":9223372036854775807}", "{\"bInt64\":\"9223372036854775807\"}"},
		{"{\"bInt64\":\"-9223372036854775808\"}", "{\"bInt64\":\"-9223372036854775808\"}"},
		{"{\"bInt64\":10000000000000000000000e-4}", "{\"bInt64\":\"1000000000000000000\"}"},
		{"{\"cUint32\":4294967295}", "{\"cUint32\":4294967295}"},
		{"{\"cUint32\":-0}", "{}"},
		{"{\"dUint64\":18446744073709551615}", "{\"dUint64\":\"18446744073709551615\"}"},
		{"{\"dUint64\":\"18446744073709551615.0\"}", "{\"dUint64\":\"18446744073709551615\"}"},
		{"{\"eSint32\":-5,\"fSint64\":-6}", "{\"eSint32\":-5,\"fSint64\":\"-6\"}"},
		{"{\"gFixed32\":7,\"hFixed64\":8}", "{\"gFixed32\":7,\"hFixed64\":\"8\"}"},
		{"{\"iSfixed32\":-9,\"jSfixed64\":\"-10\"}", "{\"iSfixed32\":-9,\"jSfixed64\":\"-10\"}"},
		{"{\"lFloat\":0.1,\"mDouble\":0.1}", "{\"lFloat\":0.1,\"mDouble\":0.1}"},
		{"{\"lFloat\":3.4028235e38}", "{\"lFloat\":3.4028235e+38}"},
		{"{\"mDouble\":1.7976931348623157e308}", "{\"mDouble\":1.7976931348623157e+308}"},
		{"{\"mDouble\":\"2.5\"}", "{\"mDouble\":2.5}"},
		{"{\"mDouble\":1e-400}", "{}"},
		{"{\"lFloat\":\"NaN\",\"mDouble\":\"NaN\"}", "{\"lFloat\":\"NaN\",\"mDouble\":\"NaN\"}"},
		{"{\"lFloat\":\"Infinity\",\"mDouble\":\"-Infinity\"}",
		 "{\"lFloat\":\"Infinity\",\"mDouble\":\"-Infinity\"}"},
		{"{\"mDouble\":0.30000000000000004}", "{\"mDouble\":0.30000000000000004}"},
	};
	check_spellings('K', rows, sizeof rows / sizeof *rows);
}

static void
everything_else_in_every_spelling(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"{}", "{}"},
		{"{\"k_bool\":true}", "{\"kBool\":true}"},
		{"{\"kBool\":false}", "{}"},
		{"{\"nRole\":\"LEADER\"}", "{\"nRole\":\"LEADER\"}"},
		{"{\"nRole\":8}", "{\"nRole\":\"LEADER\"}"},
		{"{\"nRole\":\"NOBODY\"}", "{}"},
		{"{\"oString\":\"\"}", "{}"},
		{"{\"oString\":\"Nguy\\u1ec5n \\\"A\\\"\"}", "{\"oString\":\"Nguy\u1ec5n \\\"A\\\"\"}"},
		{"{\"pBytes\":\"\"}", "{}"},
		{"{\"pBytes\":\"+/+/\"}", "{\"pBytes\":\"+/+/\"}"},
		{"{\"pBytes\":\"-_-_\"}", "{\"pBytes\":\"+/+/\"}"},
		{"{\"pBytes\":\"YQ==\"}", "{\"pBytes\":\"YQ==\"}"},
		{"{\"pBytes\":\"YQ\"}", "{\"pBytes\":\"YQ==\"}"},
		{"{\"pBytes\":\"YWI=\"}", "{\"pBytes\":\"YWI=\"}"},
		{"{\"pBytes\":\"YWI\"}", "{\"pBytes\":\"YWI=\"}"},
		{"{\"qPrincipal\":{}}", "{\"qPrincipal\":{}}"},
		{"{\"q_principal\":{\"token_hash\":\"AA==\",\"roles\":[\"NODE\",1]}}",
		 "{\"qPrincipal\":{\"roles\":[\"NODE\",\"PROVINCE_SYSTEM\"],\"tokenHash\":\"AA==\"}}"},
		{"{\"qPrincipal\":null,\"aInt32\":null,\"yStrings\":null,\"oString\":null}", "{}"},
		{"{\"rNumber\":0}", "{\"rNumber\":0}"},
		{"{\"sText\":\"\"}", "{\"sText\":\"\"}"},
		{"{\"tMessage\":{}}", "{\"tMessage\":{}}"},
		{"{\"rNumber\":null,\"sText\":\"x\"}", "{\"sText\":\"x\"}"},
		{"{\"uBools\":[true,false],\"vDoubles\":[1,\"NaN\",-0.5],\"wSint64s\":[1,\"-2\"]}",
		 "{\"uBools\":[true,false],\"vDoubles\":[1,\"NaN\",-0.5],\"wSint64s\":[\"1\",\"-2\"]}"},
		{"{\"xRoles\":[\"NOBODY\",3],\"yStrings\":[\"\",\"b\"],\"zPrincipals\":[{},{\"subject\":\"x\"}]}",
		 "{\"xRoles\":[\"NOBODY\",\"HR_RELEASER\"],\"yStrings\":[\"\",\"b\"],"
		 "\"zPrincipals\":[{},{\"subject\":\"x\"}]}"},
		{"{\"zzBytes\":[\"\",\"YQ\"],\"yStrings\":[]}", "{\"zzBytes\":[\"\",\"YQ==\"]}"},
		{"{\"yStrings\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
		 "{\"yStrings\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}"},
	};
	check_spellings('K', rows, sizeof rows / sizeof *rows);
	static const struct spelling proto2[] = {
		{"{\"name\":[{\"namePart\":\"a\",\"isExtension\":false}],\"doubleValue\":0,\"stringValue\":\"\"}",
		 "{\"name\":[{\"namePart\":\"a\",\"isExtension\":false}],\"doubleValue\":0,\"stringValue\":\"\"}"},
		{"{\"positive_int_value\":0,\"identifier_value\":\"\"}",
		 "{\"identifierValue\":\"\",\"positiveIntValue\":\"0\"}"},
	};
	check_spellings('U', proto2, sizeof proto2 / sizeof *proto2);
}

struct refusal {
	char type;
	const char *json;
	const char *field;
	const char *message;
};

static void
check_refusals(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fault fault = {{0}, {0}};
		if (pb_from_json(type_of(rows[i].type), &arena, slice_text(rows[i].json), &fault) != NULL)
			fail_msg("%s was taken", rows[i].json);
		if (strcmp(fault.field, rows[i].field) != 0 || strcmp(fault.message, rows[i].message) != 0)
			fail_msg("%s: \"%s\": \"%s\"", rows[i].json, fault.field, fault.message);
	}
}

static void
refuses_bad_values_by_field(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{'K', "{\"aInt32\":2147483648}", "aInt32", "field aInt32 is out of range"},
		{'K', "{\"aInt32\":-2147483649}", "aInt32", "field aInt32 is out of range"},
		{'K', "{\"a_int32\":1e10}", "aInt32", "field aInt32 is out of range"},
		{'K', "{\"aInt32\":1e999999999999999999999}", "aInt32", "field aInt32 is out of range"},
		{'K', "{\"aInt32\":1.5}", "aInt32", "field aInt32 is not a whole number"},
		{'K', "{\"aInt32\":1e-1}", "aInt32", "field aInt32 is not a whole number"},
		{'K', "{\"aInt32\":1e-999999999999999999999}", "aInt32", "field aInt32 is not a whole number"},
		{'K', "{\"aInt32\":0.0000000000000000000000000000001}", "aInt32", "field aInt32 is not a whole number"},
		{'K', "{\"aInt32\":\"\"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":\" 1\"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":\"1 \"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":\"01\"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":\"-\"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":\"0x1\"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":\"NaN\"}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":true}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"aInt32\":[1]}", "aInt32", "field aInt32 is not a number"},
		{'K', "{\"bInt64\":9223372036854775808}", "bInt64", "field bInt64 is out of range"},
		{'K', "{\"bInt64\":\"-9223372036854775809\"}", "bInt64", "field bInt64 is out of range"},
		{'K', "{\"cUint32\":-1}", "cUint32", "field cUint32 is out of range"},
		{'K', "{\"cUint32\":4294967296}", "cUint32", "field cUint32 is out of range"},
		{'K', "{\"dUint64\":18446744073709551616}", "dUint64", "field dUint64 is out of range"},
		{'K', "{\"dUint64\":-1}", "dUint64", "field dUint64 is out of range"},
		{'K', "{\"lFloat\":3.5e38}", "lFloat", "field lFloat is out of range"},
		{'K', "{\"mDouble\":1e309}", "mDouble", "field mDouble is out of range"},
		{'K', "{\"mDouble\":\"nan\"}", "mDouble", "field mDouble is not a number"},
		{'K', "{\"mDouble\":\"inf\"}", "mDouble", "field mDouble is not a number"},
		{'K', "{\"mDouble\":\"0x1p3\"}", "mDouble", "field mDouble is not a number"},
		{'K', "{\"kBool\":\"true\"}", "kBool", "field kBool is not true or false"},
		{'K', "{\"kBool\":1}", "kBool", "field kBool is not true or false"},
		{'K', "{\"nRole\":\"leader\"}", "nRole", "field nRole is a name that its enum does not know"},
		{'K', "{\"nRole\":\"\"}", "nRole", "field nRole is a name that its enum does not know"},
		{'K', "{\"nRole\":\"LEADER\\u0000\"}", "nRole", "field nRole is a name that its enum does not know"},
		{'K', "{\"nRole\":99}", "nRole", "field nRole is a number that its enum does not know"},
		{'K', "{\"nRole\":8.5}", "nRole", "field nRole is not a whole number"},
		{'K', "{\"nRole\":{}}", "nRole", "field nRole is not the name of an enum value"},
		{'K', "{\"oString\":1}", "oString", "field oString is not a string"},
		{'K', "{\"oString\":\"a\\u0000b\"}", "oString", "field oString holds a NUL"},
		{'K', "{\"pBytes\":\"A\"}", "pBytes", "field pBytes is not base64"},
		{'K', "{\"pBytes\":\"YR==\"}", "pBytes", "field pBytes is not base64"},
		{'K', "{\"pBytes\":\"YQ=\"}", "pBytes", "field pBytes is not base64"},
		{'K', "{\"pBytes\":\"YQ===\"}", "pBytes", "field pBytes is not base64"},
		{'K', "{\"pBytes\":\"====\"}", "pBytes", "field pBytes is not base64"},
		{'K', "{\"pBytes\":\"Y Q=\"}", "pBytes", "field pBytes is not base64"},
		{'K', "{\"pBytes\":null,\"pBytes\":\"\"}", "pBytes", "field pBytes stands there twice"},
		{'K', "{\"qPrincipal\":[]}", "qPrincipal", "field qPrincipal is not an object"},
		{'K', "{\"qPrincipal\":{\"tokenHash\":5}}", "qPrincipal.tokenHash",
		 "field qPrincipal.tokenHash is not a string of base64"},
		{'K', "{\"yStrings\":\"a\"}", "yStrings", "field yStrings is not a list"},
		{'K', "{\"yStrings\":[\"a\",null]}", "yStrings[1]", "field yStrings[1] is null in a list"},
		{'K', "{\"yStrings\":[\"a\",[]]}", "yStrings[1]", "field yStrings[1] is not a string"},
		{'K', "{\"yStrings\":[\"a\",\"\\u0000\"]}", "yStrings[1]", "field yStrings[1] holds a NUL"},
		{'K', "{\"zPrincipals\":[{},{\"roles\":[1,2,\"x\"]}]}", "zPrincipals[1].roles[2]",
		 "field zPrincipals[1].roles[2] is a name that its enum does not know"},
	};
	check_refusals(rows, sizeof rows / sizeof *rows);
}

static void
refuses_bad_members_by_name(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{'C', "", "", "message cannot be read at byte 0: the text ends early"},
		{'C', "null", "", "message is not a JSON object"},
		{'C', "[]", "", "message is not a JSON object"},
		{'C', "{} {}", "", "message cannot be read at byte 3: there is more behind the value"},
		{'C', "{\"id\":\"\\ud800\"}", "id",
		 "field id cannot be read at byte 7: a string holds an unpaired surrogate"},
		{'C', "{\"id\":\"\xff\"}", "id", "field id cannot be read at byte 7: a string is not valid UTF-8"},
		{'C', "{\"principal\":{\"subject\":}}", "principal.subject",
		 "field principal.subject cannot be read at byte 24: a value was expected"},
		{'C', "{\"principal\":{\"subject\":\"\"]}", "principal",
		 "field principal cannot be read at byte 26: a comma was expected"},
		{'C', "{\"nothing\":1}", "nothing", "field nothing is not known"},
		{'C', "{\"\":1}", "", "message is not known"},
		{'C', "{\"Id\":1}", "Id", "field Id is not known"},
		{'C', "{\"dryrun\":true}", "dryrun", "field dryrun is not known"},
		{'C', "{\"dry_Run\":true}", "dry_Run", "field dry_Run is not known"},
		{'C', "{\"dryRun_\":true}", "dryRun_", "field dryRun_ is not known"},
		{'C', "{\"dry\":true}", "dry", "field dry is not known"},
		{'C', "{\"dry_\":true}", "dry_", "field dry_ is not known"},
		{'C', "{\"id\\u0000\":\"\"}", "id", "field id is not known"},
		{'C', "{\"id\":\"a\",\"id\":\"a\"}", "id", "field id stands there twice"},
		{'C', "{\"dryRun\":true,\"dry_run\":true}", "dryRun", "field dryRun stands there twice"},
		{'C', "{\"principal\":{\"x\":1}}", "principal.x", "field principal.x is not known"},
		{'K', "{\"rNumber\":1,\"sText\":\"\"}", "sText",
		 "field sText stands beside another choice of the same oneof"},
		{'K', "{\"tMessage\":{},\"rNumber\":1}", "rNumber",
		 "field rNumber stands beside another choice of the same oneof"},
		{'K', "{\"zPrincipals\":[{},{},{\"a\":1}]}", "zPrincipals[2].a", "field zPrincipals[2].a is not known"},
		{'D', "{\"nestedType\":[{\"field\":[{\"type\":\"TYPE_X\"}]}]}", "nestedType[0].field[0].type",
		 "field nestedType[0].field[0].type is a name that its enum does not know"},
	};
	check_refusals(rows, sizeof rows / sizeof *rows);
}

static void
depth_and_length_are_bounded(void **state)
{
	(void)state;
	struct buf buf;
	struct fault fault;
	buf_init(&buf, 1 << 22);
	for (int i = 0; i < 100000; i++)
		buf_text(&buf, "{\"nestedType\":[");
	assert_null(pb_from_json(type_of('D'), &arena, buf_slice(&buf), &fault));
	assert_int_equal(strlen(fault.field), sizeof fault.field - 1);
	assert_memory_equal(fault.message, "field nestedType[0].nestedType[0]", 33);
	buf_reset(&buf);
	buf_text(&buf, "{\"");
	for (int i = 0; i < 100; i++)
		buf_text(&buf, "\u1ec5");
	buf_text(&buf, "\":1}");
	assert_null(pb_from_json(type_of('C'), &arena, buf_slice(&buf), &fault));
	assert_int_equal(strlen(fault.field), 93); /* whole characters of three bytes */
	buf_free(&buf);
}

static void
memory_ends_in_a_refusal(void **state)
{
	(void)state;
	struct slice json = slice_text("{\"oString\":\"\\u1ec5\",\"pBytes\":\"AAAA\",\"mDouble\":1,"
				       "\"qPrincipal\":{\"subject\":\"x\"},"
				       "\"yStrings\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"zPrincipals\":[{},{}]}");
	bool taken = false;
	for (size_t limit = 1; limit < 3000; limit++) {
		struct arena small;
		struct fault fault;
		arena_init(&small, 256, limit);
		taken = pb_from_json(&kinds_type, &small, json, &fault) != NULL;
		if (!taken)
			assert_non_null(strstr(fault.message, "needs more memory than a call may use"));
		arena_free(&small);
	}
	assert_true(taken);
}

static void
texts_set_fields(void **state)
{
	(void)state;
	struct fault fault;
	struct kinds *kinds = (struct kinds *)pb_new(&kinds_type, &arena);
	static const char *const rows[][2] = {
		{"aInt32", "5"},     {"b_int64", "-6"},         {"kBool", "true"},   {"lFloat", "0.5"},
		{"nRole", "LEADER"}, {"oString", "2026-01-31"}, {"pBytes", "YQ"},    {"sText", "a"},
		{"sText", "b"},      {"yStrings", "x"},         {"yStrings", "y"},   {"y_strings", "z"},
		{"xRoles", "3"},     {"xRoles", "NODE"},        {"uBools", "false"}, {"aInt32", "7"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(pb_set_text(&kinds->base, &arena, rows[i][0], rows[i][1], &fault));
	assert_string_equal(json_of(&kinds->base),
			    "{\"aInt32\":7,\"bInt64\":\"-6\",\"kBool\":true,\"lFloat\":0.5,\"nRole\":\"LEADER\","
			    "\"oString\":\"2026-01-31\",\"pBytes\":\"YQ==\",\"sText\":\"b\",\"uBools\":[false],"
			    "\"xRoles\":[\"HR_RELEASER\",\"NODE\"],\"yStrings\":[\"x\",\"y\",\"z\"]}");
	static const char *const bad[][3] = {
		{"nothing", "1", "field nothing is not known"},
		{"aInt32", "x", "field aInt32 is not a number"},
		{"a_int32", "", "field aInt32 is not a number"},
		{"kBool", "1", "field kBool is not true or false"},
		{"nRole", "99", "field nRole is a number that its enum does not know"},
		{"nRole", "x", "field nRole is a name that its enum does not know"},
		{"oString", "\xff", "field oString is not valid UTF-8"},
		{"qPrincipal", "{}", "field qPrincipal is not a single value"},
		{"rNumber", "1", "field rNumber stands beside another choice of the same oneof"},
		{"xRoles", "x", "field xRoles is a name that its enum does not know"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(pb_set_text(&kinds->base, &arena, bad[i][0], bad[i][1], &fault));
		assert_string_equal(fault.message, bad[i][2]);
	}
	assert_int_equal(kinds->n_x_roles, 2);
}

static void
names_are_turned_as_protoc_does(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"id", "id"},     {"begins_at", "beginsAt"},
		{"a_b_c", "aBC"}, {"line_1", "line1"},
		{"_x", "X"},      {"x__y", "xY"},
		{"x_", "x"},      {"camelAlready", "camelAlready"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[32];
		pb_json_name(rows[i][0], out);
		assert_string_equal(out, rows[i][1]);
	}
}

/* Readers look for the list that a reply is made of; what lies deeper stays canonical. */
static void
replies_have_their_lists(void **state)
{
	(void)state;
	struct fault fault;
	static const char *const rows[][2] = {
		{"{}", "{\"method\":[]}"},
		{"{\"options\":{}}", "{\"method\":[],\"options\":{}}"},
		{"{\"method\":[{\"options\":{}}]}", "{\"method\":[{\"options\":{}}]}"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf buf;
		buf_init(&buf, 1 << 10);
		const ProtobufCMessage *message = pb_from_json(&google__protobuf__service_descriptor_proto__descriptor,
							       &arena, slice_text(rows[i][0]), &fault);
		assert_string_equal(json_of(message), rows[i][0]);
		pb_to_json_reply(&buf, message);
		assert_string_equal(arena_text(&arena, buf_slice(&buf)), rows[i][1]);
		buf_free(&buf);
	}
}

static void
full_buffers_fail(void **state)
{
	(void)state;
	struct fault fault;
	static const char json[] =
		"{\"aInt32\":1,\"mDouble\":0.5,\"nRole\":\"NODE\",\"pBytes\":\"YQ==\",\"yStrings\":[\"a\"]}";
	ProtobufCMessage *message = pb_from_json(&kinds_type, &arena, slice_text(json), &fault);
	for (size_t limit = 1; limit < sizeof json + 3; limit++) {
		struct buf buf;
		buf_init(&buf, limit);
		pb_to_json(&buf, message);
		assert_int_equal(buf_failed(&buf), limit < sizeof json - 1);
		buf_free(&buf);
	}
}

/* Wire bytes of random fields; what unpacks must survive JSON and come back as the same bytes. */
static void
random_messages_come_back(void **state)
{
	(void)state;
	struct random random = {.state = 17};
	int taken = 0;
	for (int round = 0; round < 20000; round++) {
		struct fault fault;
		uint8_t bytes[64];
		size_t size = 0;
		for (uint64_t fields = 1 + random_below(&random, 4); fields > 0; fields--) {
			const ProtobufCFieldDescriptor *field = &kinds_fields[random_below(&random, 27)];
			bool fixed32 = field->type == PROTOBUF_C_TYPE_FLOAT || field->type == PROTOBUF_C_TYPE_FIXED32;
			bool fixed64 = field->type == PROTOBUF_C_TYPE_DOUBLE || field->type == PROTOBUF_C_TYPE_FIXED64;
			bool text = field->type >= PROTOBUF_C_TYPE_STRING;
			uint32_t tag = field->id << 3 | (fixed32 ? 5 : fixed64 ? 1 : text ? 2 : 0);
			bytes[size++] = (uint8_t)(tag >= 0x80 ? tag | 0x80 : tag);
			if (tag >= 0x80)
				bytes[size++] = (uint8_t)(tag >> 7);
			size_t body = fixed32 ? 4 : fixed64 ? 8 : text ? 1 + random_below(&random, 3) : 1;
			for (size_t i = 0; i < body; i++)
				bytes[size + i] = (uint8_t)(random_next(&random) & (text || body == 1 ? 0x7f : 0xff));
			if (text)
				bytes[size] = (uint8_t)(body - 1);
			size += body;
		}
		ProtobufCMessage *message = pb_unpack(&kinds_type, &arena, slice_of(bytes, size), true, &fault);
		if (message == NULL)
			continue;
		taken++;
		const char *json = json_of(message);
		ProtobufCMessage *back = pb_from_json(&kinds_type, &arena, slice_text(json), &fault);
		if (back == NULL)
			fail_msg("%s: %s", json, fault.message);
		assert_string_equal(json_of(back), json);
		if (strstr(json, "NaN") == NULL) /* of which there are many, and JSON has one */
			if (!slice_equal(pb_pack(&arena, back), pb_pack(&arena, message)))
				fail_msg("%s packs otherwise", json);
		arena_reset(&arena);
	}
	assert_true(taken > 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_every_spelling),
		cmocka_unit_test(everything_else_in_every_spelling),
		cmocka_unit_test(refuses_bad_values_by_field),
		cmocka_unit_test(refuses_bad_members_by_name),
		cmocka_unit_test(depth_and_length_are_bounded),
		cmocka_unit_test(memory_ends_in_a_refusal),
		cmocka_unit_test(texts_set_fields),
		cmocka_unit_test(names_are_turned_as_protoc_does),
		cmocka_unit_test(replies_have_their_lists),
		cmocka_unit_test(full_buffers_fail),
		cmocka_unit_test(random_messages_come_back),
	};
	return cmocka_run_group_tests(tests, arena_up, arena_down);
}
