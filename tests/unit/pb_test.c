/* tests/unit/pb_test.c
 *
 * Checked unpacking: what is sound comes out as it went in, what is not is refused
 * by the path of the field, and no bytes and no arena limit do any other harm. */
#include "common/wire/pb.h"

#include "common/base/random.h"
#include "common/wire/pb_read.h"
#include "common/wire/pb_walk.h"
#include "common/wire/pb_wire.h"
#include "common/wire/pb_write.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "tests/unit/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

#define BYTES(text)                                                                                                    \
	{                                                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1                                                              \
	}

/* Descriptors, not values: the rows below name a type by its letter. */
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

static const struct {
	char type;
	struct slice bytes;
	const char *field;
	const char *message;
} bad_bytes[] = {
	{'C', BYTES("\x08"), "tag", "field tag is cut short"},
	{'C', BYTES("\x88"), "", "message is cut short"},
	{'C', BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "tag",
	 "field tag holds a number of more than 64 bits"},
	{'C', BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), "tag",
	 "field tag holds a number of more than 64 bits"},
	{'C', BYTES("\x88\x80\x80\x80\x80\x00\x00"), "", "message holds a tag or a length of more than 32 bits"},
	{'C', BYTES("\x12\x80\x80\x80\x80\x10"), "id", "field id holds a tag or a length of more than 32 bits"},
	{'C', BYTES("\x00\x00"), "", "message holds a field numbered 0"},
	{'C', BYTES("\x0e\x00"), "", "message holds a wire type that does not exist"},
	{'C', BYTES("\x0b\x0c"), "tag", "field tag holds a group"},
	{'C', BYTES("\x0c"), "tag", "field tag holds a group"},
	{'C', BYTES("\x0a\x00"), "tag", "field tag has the wrong wire type"},
	{'C', BYTES("\x0d\x00\x00\x00\x00"), "tag", "field tag has the wrong wire type"},
	{'C', BYTES("\x10\x00"), "id", "field id has the wrong wire type"},
	{'C', BYTES("\x12\x02x"), "id", "field id is longer than what it stands in"},
	{'C', BYTES("\x12\xff\xff\xff\xff\x0f"), "id", "field id is longer than what it stands in"},
	{'C', BYTES("\x12\x02\xc3\x28"), "id", "field id is not valid UTF-8"},
	{'C', BYTES("\x12\x01\x80"), "id", "field id is not valid UTF-8"},
	{'C',
	 BYTES("\x12\x03"
	       "a\0b"),
	 "id", "field id holds a NUL"},
	{'C', BYTES("\x7a\x00"), "15", "field 15 is not known"},
	{'C', BYTES("\xfa\xff\xff\xff\x0f\x00"), "536870911", "field 536870911 is not known"},
	{'C', BYTES("\x2a\x03\x0a\x05x"), "principal.subject",
	 "field principal.subject is longer than what it stands in"},
	{'C', BYTES("\x2a\x02\x0a\x01xyz"), "principal.subject",
	 "field principal.subject is longer than what it stands in"},
	{'C', BYTES("\x2a\x03\x1a\x01\xff"), "principal.authority", "field principal.authority is not valid UTF-8"},
	{'C', BYTES("\x2a\x02\x10\x63"), "principal.roles",
	 "field principal.roles has a number that its enum does not know"},
	{'C', BYTES("\x2a\x04\x12\x02\x01\x63"), "principal.roles",
	 "field principal.roles has a number that its enum does not know"},
	{'C', BYTES("\x2a\x03\x12\x01\x80"), "principal.roles", "field principal.roles is cut short"},
	{'C', BYTES("\x2a\x02\x38\x00"), "principal.7", "field principal.7 is not known"},
	{'C', BYTES("\x2a\x01\x88"), "principal", "field principal is cut short"},
	{'K', BYTES("\x70\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "n_role",
	 "field n_role has a number that its enum does not know"},
	{'K', BYTES("\xaa\x01\x02\x01\x02"), "u_bools", "field u_bools holds a truth value that is neither 0 nor 1"},
	{'K', BYTES("\xaa\x01\x02\x81\x00"), "u_bools", "field u_bools holds a truth value of more than one byte"},
	{'K',
	 BYTES("\xb2\x01\x07"
	       "1234567"),
	 "v_doubles", "field v_doubles is cut short"},
	{'K', BYTES("\xca\x01\x01x\xca\x01\x01\xff"), "y_strings[1]", "field y_strings[1] is not valid UTF-8"},
	{'K', BYTES("\xd2\x01\x00\xca\x01\x01x\xd2\x01\x02\x10\x63"), "z_principals[1].roles",
	 "field z_principals[1].roles has a number that its enum does not know"},
	{'D', BYTES("\x12\x00\x1a\x00\x1a\x06\x12\x00\x12\x02\x0a\x7f"), "nested_type[1].field[1].name",
	 "field nested_type[1].field[1].name is longer than what it stands in"},
	{'U', BYTES("\x12\x03\x0a\x01x"), "", "message lacks a required field"},
};

static void
refuses_by_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_bytes / sizeof *bad_bytes; i++) {
		struct fault fault = {{0}, {0}};
		uint8_t *copy = malloc(bad_bytes[i].bytes.size);
		memcpy(copy, bad_bytes[i].bytes.data, bad_bytes[i].bytes.size);
		struct slice bytes = slice_of(copy, bad_bytes[i].bytes.size);
		if (pb_unpack(type_of(bad_bytes[i].type), &arena, bytes, true, &fault) != NULL)
			fail_msg("row %zu was taken", i);
		if (strcmp(fault.field, bad_bytes[i].field) != 0 || strcmp(fault.message, bad_bytes[i].message) != 0)
			fail_msg("row %zu: \"%s\": \"%s\"", i, fault.field, fault.message);
		free(copy);
	}
}

static void
takes_every_lawful_spelling(void **state)
{
	(void)state;
	static const struct {
		struct slice bytes;
		struct slice packed; /* what comes out again */
	} good[] = {
		{BYTES(""), BYTES("")},
		/* not packed where it may be */
		{BYTES("\xb8\x01\x02"), BYTES("\xba\x01\x01\x02")},
		{BYTES("\xba\x01\x01\x02\xb8\x01\x04"), BYTES("\xba\x01\x02\x02\x04")}, /* both ways */
		/* packed, but nothing in it */
		{BYTES("\xba\x01\x00"), BYTES("")},
		{BYTES("\x08\x01\x08\x02"), BYTES("\x08\x02")},         /* the last one counts */
		{BYTES("\x08\x81\x80\x00"), BYTES("\x08\x01")},         /* longer than need be */
		{BYTES("\x18\x02\x08\x01"), BYTES("\x08\x01\x18\x02")}, /* out of order */
		{BYTES("\x58\x05"), BYTES("\x58\x01")},                 /* any number is true */
		/* merged */
		{BYTES("\x8a\x01\x03\x0a\x01x\x8a\x01\x03\x1a\x01y"), BYTES("\x8a\x01\x06\x0a\x01x\x1a\x01y")},
		{BYTES("\x90\x01\x05\x9a\x01\x01z"), BYTES("\x9a\x01\x01z")}, /* the last of a oneof */
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct fault fault;
		ProtobufCMessage *message = pb_unpack(&kinds_type, &arena, good[i].bytes, true, &fault);
		if (message == NULL)
			fail_msg("row %zu: %s", i, fault.message);
		if (!slice_equal(pb_pack(&arena, message), good[i].packed))
			fail_msg("row %zu came out otherwise", i);
	}
}

static void
skips_the_unknown_unless_strict(void **state)
{
	(void)state;
	struct fault fault;
	struct slice bytes = slice_text("\x7a\x01x\x12\x01i\x51"
					"12345678\x58\x05");
	Mt__Call *call = (Mt__Call *)pb_unpack(&mt__call__descriptor, &arena, bytes, false, &fault);
	assert_non_null(call);
	assert_string_equal(call->id, "i");
	assert_null(pb_unpack(&mt__call__descriptor, &arena, bytes, true, &fault));
	assert_string_equal(fault.field, "15");
	bytes = slice_text("\x7a\x02x");
	assert_null(pb_unpack(&mt__call__descriptor, &arena, bytes, false, &fault));
	assert_string_equal(fault.message, "field 15 is longer than what it stands in");
	bytes = slice_text("\x7b\x7c");
	assert_null(pb_unpack(&mt__call__descriptor, &arena, bytes, false, &fault));
	assert_string_equal(fault.message, "field 15 holds a group");
}

/* levels DescriptorProtos, each the nested type of the one around it. */
static struct slice
nested(unsigned levels)
{
	size_t capacity = 16 + (size_t)levels * 6;
	uint8_t *bytes = arena_zero(&arena, capacity);
	size_t at = capacity;
	for (unsigned i = 1; i < levels; i++) {
		size_t size = capacity - at;
		uint8_t length[6];
		size_t used = 0;
		for (; size >= 0x80; size >>= 7)
			length[used++] = (uint8_t)(size | 0x80);
		length[used++] = (uint8_t)size;
		at -= used;
		memcpy(bytes + at, length, used);
		bytes[--at] = 0x1a;
	}
	return slice_of(bytes + at, capacity - at);
}

static void
depth_bombs_are_refused(void **state)
{
	(void)state;
	struct fault fault;
	const ProtobufCMessageDescriptor *type = &google__protobuf__descriptor_proto__descriptor;
	assert_non_null(pb_unpack(type, &arena, nested(16), true, &fault));
	assert_null(pb_unpack(type, &arena, nested(17), true, &fault));
	assert_memory_equal(fault.field, "nested_type[0].nested_type[0].", 30);
	assert_int_equal(strlen(fault.field), sizeof fault.field - 1);
	assert_null(pb_unpack(type, &arena, nested(200000), true, &fault));
}

static Mt__Call *
sample_call(struct random *random)
{
	Mt__Call *call = (Mt__Call *)pb_new(&mt__call__descriptor, &arena);
	call->tag = random_next(random) >> random_below(random, 64);
	call->id = arena_format(&arena, "id-%u-\u1ec5", (unsigned)random_below(random, 1000));
	call->dry_run = random_chance(random, 50);
	if (random_chance(random, 30))
		return call;
	call->principal = (Mt__Principal *)pb_new(&mt__principal__descriptor, &arena);
	call->principal->subject = arena_format(&arena, "person %u", (unsigned)random_below(random, 9));
	call->principal->n_roles = random_below(random, 5);
	call->principal->roles = arena_zero(&arena, 5 * sizeof(Mt__Role));
	for (size_t i = 0; i < call->principal->n_roles; i++)
		call->principal->roles[i] = (Mt__Role)random_below(random, 13);
	call->principal->token_hash.len = random_below(random, 40);
	call->principal->token_hash.data = arena_zero(&arena, 40);
	return call;
}

static void
comes_out_as_it_went_in(void **state)
{
	(void)state;
	struct random random = {.state = 3};
	for (int round = 0; round < 1000; round++) {
		struct fault fault;
		struct buf buf;
		struct slice bytes = pb_pack(&arena, &sample_call(&random)->base);
		ProtobufCMessage *back = pb_unpack(&mt__call__descriptor, &arena, bytes, true, &fault);
		assert_non_null(back);
		assert_true(slice_equal(pb_pack(&arena, back), bytes));
		back = pb_unpack_trusted(&mt__call__descriptor, &arena, bytes);
		assert_non_null(back);
		buf_init(&buf, 1 << 16);
		pb_pack_into(&buf, back);
		assert_true(slice_equal(buf_slice(&buf), bytes));
		buf_free(&buf);
		arena_reset(&arena);
	}
}

static void
wire_varint(struct buf *buf, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_byte(buf, (uint8_t)(value | 0x80));
	buf_byte(buf, (uint8_t)value);
}

static void wire_message(struct buf *buf, struct random *random, const ProtobufCMessageDescriptor *type);

static void
wire_value(struct buf *buf, struct random *random, const ProtobufCFieldDescriptor *field)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";
	uint64_t bits = random_chance(random, 20) ? 0 : random_next(random) >> random_below(random, 64);
	struct buf inside;
	switch (pb_wire_of(field->type)) {
	case PB_WIRE_VARINT:
		wire_varint(buf, field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_BOOL ? bits % 2
													    : bits);
		return;
	case PB_WIRE_FIXED32:
	case PB_WIRE_FIXED64:
		buf_append(buf, slice_of(&bits, pb_size_of(field->type)));
		return;
	case PB_WIRE_BYTES:
	case PB_WIRE_GROUP:
	case PB_WIRE_GROUP_END:
		break;
	}
	buf_init(&inside, 1 << 16);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		wire_message(&inside, random, field->descriptor);
	else
		buf_append(&inside, slice_of(text, random_below(random, 20)));
	wire_varint(buf, inside.size);
	buf_append(buf, buf_slice(&inside));
	buf_free(&inside);
}

/* Fields in order, as writers send them; now and then one that came before. */
static void
wire_message(struct buf *buf, struct random *random, const ProtobufCMessageDescriptor *type)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		enum pb_wire wire = pb_wire_of(field->type);
		struct buf packed;
		uint64_t times = random_below(random, field->label == PROTOBUF_C_LABEL_REPEATED ? 4 : 2);
		if (wire != PB_WIRE_BYTES && times > 0 && field->label == PROTOBUF_C_LABEL_REPEATED &&
		    random_chance(random, 80)) {
			buf_init(&packed, 1 << 16);
			for (; times > 0; times--)
				wire_value(&packed, random, field);
			wire_varint(buf, (uint64_t)field->id << 3 | PB_WIRE_BYTES);
			wire_varint(buf, packed.size);
			buf_append(buf, buf_slice(&packed));
			buf_free(&packed);
		}
		for (; times > 0; times--) {
			wire_varint(buf, (uint64_t)field->id << 3 | wire);
			wire_value(buf, random, field);
		}
		if (random_chance(random, 1))
			i = (unsigned)random_below(random, i + 1);
	}
}

/* What is read and written here is what protobuf-c reads and writes. */
static void
agrees_with_protobuf_c(void **state)
{
	(void)state;
	struct random random = {.state = 11};
	for (int round = 0; round < 20000; round++) {
		static uint8_t theirs[1 << 16];
		struct fault fault;
		struct buf wire;
		struct slice read;
		buf_init(&wire, 1 << 16);
		wire_message(&wire, &random, &kinds_type);
		ProtobufCMessage *ours = pb_unpack(&kinds_type, &arena, buf_slice(&wire), true, &fault);
		ProtobufCMessage *message = protobuf_c_message_unpack(&kinds_type, NULL, wire.size, wire.data);
		assert_non_null(ours);
		assert_non_null(message);
		size_t size = protobuf_c_message_pack(message, theirs);
		struct slice written = pb_pack(&arena, message);
		assert_true(slice_equal(pb_pack(&arena, ours), slice_of(theirs, size)));
		assert_true(slice_equal(written, slice_of(theirs, size)));
		/* Without a way round: what a writer made is read here, and written here. */
		assert_true(pb_write(message, theirs + size, sizeof(theirs) - size, &read));
		assert_true(slice_equal(read, written));
		assert_non_null(pb_read(&kinds_type, &arena, written, false));
		protobuf_c_message_free_unpacked(message, NULL);
		buf_free(&wire);
		arena_reset(&arena);
	}
}

/* Neither cut nor changed bytes may do more than be refused. */
static void
damage_is_harmless(void **state)
{
	(void)state;
	struct random random = {.state = 5};
	struct slice whole = pb_pack(&arena, &sample_call(&random)->base);
	for (int round = 0; round < 20000; round++) {
		struct fault fault;
		struct arena small;
		size_t size = random_below(&random, whole.size + 1);
		uint8_t *copy = malloc(size + 1);
		memcpy(copy, whole.data, size);
		for (uint64_t flips = random_below(&random, 4); flips > 0 && size > 0; flips--)
			copy[random_below(&random, size)] = (uint8_t)random_next(&random);
		arena_init(&small, 512, 1 + random_below(&random, 2000));
		const ProtobufCMessageDescriptor *type =
			random_chance(&random, 50) ? &kinds_type : &mt__call__descriptor;
		ProtobufCMessage *message =
			pb_unpack(type, &small, slice_of(copy, size), random_chance(&random, 50), &fault);
		if (message == NULL)
			assert_true(strlen(fault.message) > 0);
		arena_free(&small);
		free(copy);
	}
}

/* A checked read does without the walk, so it must refuse whatever that refuses. */
static void
nothing_is_read_that_the_walk_refuses(void **state)
{
	(void)state;
	struct random random = {.state = 17};
	unsigned refused = 0;
	for (int round = 0; round < 40000; round++) {
		struct fault fault;
		struct buf wire;
		buf_init(&wire, 1 << 16);
		wire_message(&wire, &random, &kinds_type);
		for (uint64_t flips = random_below(&random, 3); flips > 0 && wire.size > 0; flips--)
			wire.data[random_below(&random, wire.size)] = (uint8_t)random_next(&random);
		if (!pb_walk(&kinds_type, buf_slice(&wire), true, &fault)) {
			refused++;
			assert_null(pb_read(&kinds_type, &arena, buf_slice(&wire), true));
		}
		buf_free(&wire);
		arena_reset(&arena);
	}
	assert_in_range(refused, 10000, 30000);
}

static void
memory_ends_in_a_refusal(void **state)
{
	(void)state;
	struct fault fault;
	struct slice bytes = slice_text("\x8a\x01\x03\x0a\x01x\x8a\x01\x03\x1a\x01y\xba\x01\x02\x02\x04\xca\x01\x01"
					"a"
					"\xca\x01\x01"
					"b\xd2\x01\x05\x0a\x03xyz\xd2\x01\x05\x0a\x03xyz\xda\x01\x01q"
					"\x9a\x01\x01"
					"a\x9a\x01\x01"
					"b\xa2\x01\x03\x0a\x01x");
	bool taken = false;
	for (size_t limit = 1; limit < 4000; limit++) {
		struct arena small;
		arena_init(&small, 256, limit);
		taken = pb_unpack(&kinds_type, &small, bytes, true, &fault) != NULL;
		if (!taken)
			assert_string_equal(fault.message, "message needs more memory than a call may use");
		arena_free(&small);
	}
	assert_true(taken);
}

static void
trusted_bytes_may_be_corrupt(void **state)
{
	(void)state;
	assert_null(pb_unpack_trusted(&mt__call__descriptor, &arena, slice_text("\x12\x05x")));
	assert_non_null(pb_unpack_trusted(&mt__call__descriptor, &arena, slice_of(NULL, 0)));
}

static void
strings_are_found_by_name(void **state)
{
	(void)state;
	Mt__Call *call = (Mt__Call *)pb_new(&mt__call__descriptor, &arena);
	struct kinds *kinds = (struct kinds *)pb_new(&kinds_type, &arena);
	assert_string_equal(pb_string(&call->base, "id"), "");
	call->id = (char *)"x";
	assert_string_equal(pb_string(&call->base, "id"), "x");
	assert_null(pb_string(&call->base, "tag"));
	assert_null(pb_string(&call->base, "nothing"));
	assert_null(pb_string(&kinds->base, "y_strings"));
	kinds->choice = 18;
	kinds->r_number = -1;
	assert_string_equal(pb_string(&kinds->base, "s_text"), "");
	kinds->choice = 19;
	kinds->s_text = (char *)"y";
	assert_string_equal(pb_string(&kinds->base, "s_text"), "y");
	assert_string_equal(pb_string(&kinds->base, "o_string"), "");
	assert_int_equal(pb_pack(&arena, pb_new(&kinds_type, &arena)).size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_by_field),
		cmocka_unit_test(takes_every_lawful_spelling),
		cmocka_unit_test(skips_the_unknown_unless_strict),
		cmocka_unit_test(depth_bombs_are_refused),
		cmocka_unit_test(agrees_with_protobuf_c),
		cmocka_unit_test(comes_out_as_it_went_in),
		cmocka_unit_test(damage_is_harmless),
		cmocka_unit_test(nothing_is_read_that_the_walk_refuses),
		cmocka_unit_test(memory_ends_in_a_refusal),
		cmocka_unit_test(trusted_bytes_may_be_corrupt),
		cmocka_unit_test(strings_are_found_by_name),
	};
	return cmocka_run_group_tests(tests, arena_up, arena_down);
}
