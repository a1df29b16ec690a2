/* tests/unit/kinds.h
 *
 * One message with every kind of field, among them a oneof, which the envelope has
 * none of. The descriptor is written by hand as protoc-c would for proto3, so that
 * the wire tests need no .proto of their own. Names sort as numbers do. */
#ifndef TESTS_UNIT_KINDS_H
#define TESTS_UNIT_KINDS_H

#include "matricula/envelope.pb-c.h"
#include "matricula/options.pb-c.h"

struct kinds {
	ProtobufCMessage base;
	int32_t a_int32;
	int64_t b_int64;
	uint32_t c_uint32;
	uint64_t d_uint64;
	int32_t e_sint32;
	int64_t f_sint64;
	uint32_t g_fixed32;
	uint64_t h_fixed64;
	int32_t i_sfixed32;
	int64_t j_sfixed64;
	protobuf_c_boolean k_bool;
	float l_float;
	double m_double;
	Mt__Role n_role;
	char *o_string;
	ProtobufCBinaryData p_bytes;
	Mt__Principal *q_principal;
	uint32_t choice;
	union {
		int32_t r_number;
		char *s_text;
		Mt__Principal *t_message;
	};
	size_t n_u_bools;
	protobuf_c_boolean *u_bools;
	size_t n_v_doubles;
	double *v_doubles;
	size_t n_w_sint64s;
	int64_t *w_sint64s;
	size_t n_x_roles;
	Mt__Role *x_roles;
	size_t n_y_strings;
	char **y_strings;
	size_t n_z_principals;
	Mt__Principal **z_principals;
	size_t n_zz_bytes;
	ProtobufCBinaryData *zz_bytes;
};

static const ProtobufCFieldDescriptor kinds_fields[] = {
	{"a_int32", 1, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_INT32, 0, offsetof(struct kinds, a_int32), NULL, NULL, 0,
	 0, NULL, NULL},
	{"b_int64", 2, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_INT64, 0, offsetof(struct kinds, b_int64), NULL, NULL, 0,
	 0, NULL, NULL},
	{"c_uint32", 3, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_UINT32, 0, offsetof(struct kinds, c_uint32), NULL, NULL,
	 0, 0, NULL, NULL},
	{"d_uint64", 4, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_UINT64, 0, offsetof(struct kinds, d_uint64), NULL, NULL,
	 0, 0, NULL, NULL},
	{"e_sint32", 5, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_SINT32, 0, offsetof(struct kinds, e_sint32), NULL, NULL,
	 0, 0, NULL, NULL},
	{"f_sint64", 6, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_SINT64, 0, offsetof(struct kinds, f_sint64), NULL, NULL,
	 0, 0, NULL, NULL},
	{"g_fixed32", 7, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_FIXED32, 0, offsetof(struct kinds, g_fixed32), NULL,
	 NULL, 0, 0, NULL, NULL},
	{"h_fixed64", 8, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_FIXED64, 0, offsetof(struct kinds, h_fixed64), NULL,
	 NULL, 0, 0, NULL, NULL},
	{"i_sfixed32", 9, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_SFIXED32, 0, offsetof(struct kinds, i_sfixed32), NULL,
	 NULL, 0, 0, NULL, NULL},
	{"j_sfixed64", 10, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_SFIXED64, 0, offsetof(struct kinds, j_sfixed64), NULL,
	 NULL, 0, 0, NULL, NULL},
	{"k_bool", 11, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_BOOL, 0, offsetof(struct kinds, k_bool), NULL, NULL, 0, 0,
	 NULL, NULL},
	{"l_float", 12, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_FLOAT, 0, offsetof(struct kinds, l_float), NULL, NULL, 0,
	 0, NULL, NULL},
	{"m_double", 13, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_DOUBLE, 0, offsetof(struct kinds, m_double), NULL, NULL,
	 0, 0, NULL, NULL},
	{"n_role", 14, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_ENUM, 0, offsetof(struct kinds, n_role),
	 &mt__role__descriptor, NULL, 0, 0, NULL, NULL},
	{"o_string", 15, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_STRING, 0, offsetof(struct kinds, o_string), NULL,
	 &protobuf_c_empty_string, 0, 0, NULL, NULL},
	{"p_bytes", 16, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_BYTES, 0, offsetof(struct kinds, p_bytes), NULL, NULL, 0,
	 0, NULL, NULL},
	{"q_principal", 17, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_MESSAGE, 0, offsetof(struct kinds, q_principal),
	 &mt__principal__descriptor, NULL, 0, 0, NULL, NULL},
	{"r_number", 18, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_INT32, offsetof(struct kinds, choice),
	 offsetof(struct kinds, r_number), NULL, NULL, PROTOBUF_C_FIELD_FLAG_ONEOF, 0, NULL, NULL},
	{"s_text", 19, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_STRING, offsetof(struct kinds, choice),
	 offsetof(struct kinds, s_text), NULL, &protobuf_c_empty_string, PROTOBUF_C_FIELD_FLAG_ONEOF, 0, NULL, NULL},
	{"t_message", 20, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_MESSAGE, offsetof(struct kinds, choice),
	 offsetof(struct kinds, t_message), &mt__principal__descriptor, NULL, PROTOBUF_C_FIELD_FLAG_ONEOF, 0, NULL,
	 NULL},
	{"u_bools", 21, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_BOOL, offsetof(struct kinds, n_u_bools),
	 offsetof(struct kinds, u_bools), NULL, NULL, PROTOBUF_C_FIELD_FLAG_PACKED, 0, NULL, NULL},
	{"v_doubles", 22, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_DOUBLE, offsetof(struct kinds, n_v_doubles),
	 offsetof(struct kinds, v_doubles), NULL, NULL, PROTOBUF_C_FIELD_FLAG_PACKED, 0, NULL, NULL},
	{"w_sint64s", 23, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_SINT64, offsetof(struct kinds, n_w_sint64s),
	 offsetof(struct kinds, w_sint64s), NULL, NULL, PROTOBUF_C_FIELD_FLAG_PACKED, 0, NULL, NULL},
	{"x_roles", 24, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_ENUM, offsetof(struct kinds, n_x_roles),
	 offsetof(struct kinds, x_roles), &mt__role__descriptor, NULL, PROTOBUF_C_FIELD_FLAG_PACKED, 0, NULL, NULL},
	{"y_strings", 25, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_STRING, offsetof(struct kinds, n_y_strings),
	 offsetof(struct kinds, y_strings), NULL, NULL, 0, 0, NULL, NULL},
	{"z_principals", 26, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_MESSAGE, offsetof(struct kinds, n_z_principals),
	 offsetof(struct kinds, z_principals), &mt__principal__descriptor, NULL, 0, 0, NULL, NULL},
	{"zz_bytes", 27, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_BYTES, offsetof(struct kinds, n_zz_bytes),
	 offsetof(struct kinds, zz_bytes), NULL, NULL, 0, 0, NULL, NULL},
};

static const unsigned kinds_names[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
};

static const ProtobufCIntRange kinds_numbers[] = {{1, 0}, {0, 27}};

static void kinds_init(ProtobufCMessage *message);

static const ProtobufCMessageDescriptor kinds_type = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "Kinds",
	.short_name = "Kinds",
	.c_name = "Kinds",
	.package_name = "",
	.sizeof_message = sizeof(struct kinds),
	.n_fields = 27,
	.fields = kinds_fields,
	.fields_sorted_by_name = kinds_names,
	.n_field_ranges = 1,
	.field_ranges = kinds_numbers,
	.message_init = kinds_init,
};

static void
kinds_init(ProtobufCMessage *message)
{
	*(struct kinds *)message = (struct kinds){
		.base = PROTOBUF_C_MESSAGE_INIT(&kinds_type),
		.o_string = (char *)protobuf_c_empty_string,
	};
}

#endif
