/* common/wire/pb_json_write.c
 *
 * A message out as JSON, straight into the buffer: names are turned into
 * lowerCamelCase while they are copied, numbers are written by hand. Calls nest
 * as the types do, which is finite. Only floating point needs printf.
 * Promise: what is written, pb_from_json reads back to the same message. */
#include "common/wire/pb_json.h"

#include "common/wire/pb_json_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- names --------------------------------------------------------------- */

/* As protoc does it: an underscore goes, the letter behind it is raised. Gives the end. */
static char *
json_name_write(const char *name, char *out)
{
	bool raised = false;
	for (; *name != '\0'; name++) {
		if (*name == '_') {
			raised = true;
			continue;
		}
		*out++ = raised && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
		raised = false;
	}
	return out;
}

void
pb_json_name(const char *name, char *out)
{
	*json_name_write(name, out) = '\0';
}

static void
name_write(struct buf *buf, const char *name, bool first)
{
	size_t size = 0;
	for (const char *at = name; *at != '\0'; at++)
		size += *at != '_';
	char *out = (char *)buf_extend(buf, size + 3 + !first);
	if (out == NULL)
		return;
	if (!first)
		*out++ = ',';
	*out++ = '"';
	out = json_name_write(name, out);
	*out++ = '"';
	*out = ':';
}

/* --- values -------------------------------------------------------------- */

static void
integer_write(struct buf *buf, uint64_t magnitude, bool negative, bool quoted)
{
	uint8_t text[24];
	size_t at = sizeof text;
	if (quoted)
		text[--at] = '"';
	do {
		text[--at] = (uint8_t)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude > 0);
	if (negative)
		text[--at] = '-';
	if (quoted)
		text[--at] = '"';
	buf_append(buf, slice_of(text + at, sizeof text - at));
}

static void
signed_write(struct buf *buf, int64_t value, bool quoted)
{
	integer_write(buf, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, quoted);
}

/* With as few digits as read back to the same value. */
static void
real_write(struct buf *buf, double value, bool narrow)
{
	char text[40];
	int most = narrow ? 9 : 17;
	if (isnan(value)) {
		buf_text(buf, "\"NaN\"");
		return;
	}
	if (isinf(value)) {
		buf_text(buf, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
		return;
	}
	for (int digits = narrow ? 6 : 15; digits <= most; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		double back = strtod(text, NULL);
		if (narrow ? (float)back == (float)value : back == value)
			break;
	}
	buf_text(buf, text);
}

static void
base64_write(struct buf *buf, const ProtobufCBinaryData *binary)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *out = buf_extend(buf, (binary->len + 2) / 3 * 4 + 2);
	if (out == NULL)
		return;
	*out++ = '"';
	for (size_t at = 0; at < binary->len; at += 3) {
		size_t left = binary->len - at;
		uint32_t bits = (uint32_t)binary->data[at] << 16;
		if (left > 1)
			bits |= (uint32_t)binary->data[at + 1] << 8;
		if (left > 2)
			bits |= binary->data[at + 2];
		*out++ = (uint8_t)digits[bits >> 18];
		*out++ = (uint8_t)digits[bits >> 12 & 63];
		*out++ = left > 1 ? (uint8_t)digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? (uint8_t)digits[bits & 63] : '=';
	}
	*out = '"';
}

static void
enum_write(struct buf *buf, const ProtobufCEnumDescriptor *type, int32_t number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
	if (value == NULL)
		signed_write(buf, number, false);
	else
		json_write_string(buf, slice_text(value->name));
}

static void message_write(struct buf *buf, const ProtobufCMessage *message, bool empty_lists);

static void
value_write(struct buf *buf, const ProtobufCFieldDescriptor *field, const void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		signed_write(buf, *(const int32_t *)at, false);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		integer_write(buf, *(const uint32_t *)at, false, false);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		signed_write(buf, *(const int64_t *)at, true);
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		integer_write(buf, *(const uint64_t *)at, false, true);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
		real_write(buf, *(const float *)at, true);
		return;
	case PROTOBUF_C_TYPE_DOUBLE:
		real_write(buf, *(const double *)at, false);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		buf_text(buf, *(const protobuf_c_boolean *)at ? "true" : "false");
		return;
	case PROTOBUF_C_TYPE_ENUM:
		enum_write(buf, field->descriptor, *(const int32_t *)at);
		return;
	case PROTOBUF_C_TYPE_STRING:
		json_write_string(buf, slice_text(*(const char *const *)at));
		return;
	case PROTOBUF_C_TYPE_BYTES:
		base64_write(buf, at);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		message_write(buf, *(const ProtobufCMessage *const *)at, false);
		return;
	}
}

/* --- members ------------------------------------------------------------- */

/* Whether a field without a quantifier holds its default, as protobuf-c sees it. */
static bool
is_zero(ProtobufCType type, const void *at)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		return *(const uint32_t *)at == 0;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return *(const uint64_t *)at == 0;
	case PROTOBUF_C_TYPE_FLOAT:
		return *(const float *)at == 0;
	case PROTOBUF_C_TYPE_DOUBLE:
		return *(const double *)at == 0;
	case PROTOBUF_C_TYPE_STRING:
		return **(const char *const *)at == '\0';
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len == 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return false;
}

static bool
is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const char *begin = (const char *)message;
	const void *at = begin + field->offset;
	const void *quantifier = begin + field->quantifier_offset;
	bool is_pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)quantifier > 0;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && *(const uint32_t *)quantifier != field->id)
		return false;
	if (is_pointer && *(const void *const *)at == NULL)
		return false;
	if (field->label == PROTOBUF_C_LABEL_REQUIRED || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return true;
	if (field->label == PROTOBUF_C_LABEL_NONE)
		return !is_zero(field->type, at);
	return is_pointer ? *(const void *const *)at != field->default_value : *(const protobuf_c_boolean *)quantifier;
}

static void
list_write(struct buf *buf, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	size_t each = pb_json_value_bytes(field->type);
	size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
	const char *list = *(const char *const *)((const char *)message + field->offset);
	buf_byte(buf, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_byte(buf, ',');
		value_write(buf, field, list + i * each);
	}
	buf_byte(buf, ']');
}

static void
message_write(struct buf *buf, const ProtobufCMessage *message, bool empty_lists)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	bool first = true;
	buf_byte(buf, '{');
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (!is_present(message, field) && !(empty_lists && field->label == PROTOBUF_C_LABEL_REPEATED))
			continue;
		name_write(buf, field->name, first);
		first = false;
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			list_write(buf, message, field);
		else
			value_write(buf, field, (const char *)message + field->offset);
	}
	buf_byte(buf, '}');
}

void
pb_to_json(struct buf *buf, const ProtobufCMessage *message)
{
	message_write(buf, message, false);
}

void
pb_to_json_reply(struct buf *buf, const ProtobufCMessage *message)
{
	message_write(buf, message, true);
}
