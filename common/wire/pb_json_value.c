/* common/wire/pb_json_value.c
 *
 * The scalar half of ProtoJSON in: integers (also 1.0, 1e2 and quoted), floating
 * point with its three words, truth values, enum names, base64 in both alphabets
 * and text. Promise: a value either fits its field exactly or is refused; only
 * floating point is rounded. strtod is safe here as nobody calls setlocale. */
#include "common/wire/pb_json_value.h"

#include "common/wire/pb_fault.h"

#include <math.h>
#include <stdlib.h>

static const char not_a_number[] = "is not a number";
static const char out_of_range[] = "is out of range";

size_t
pb_json_value_bytes(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return sizeof(void *);
}

/* --- numbers ------------------------------------------------------------- */

struct integer {
	bool negative;
	uint64_t magnitude;
};

/* Whether the whole text is one number as JSON spells it. */
static bool
is_number(struct slice text, struct arena *arena)
{
	struct json_reader reader;
	struct slice token;
	json_open(&reader, text, arena);
	return json_next(&reader, &token) == JSON_NUMBER && token.size == text.size;
}

static bool
is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* The common case: at most 19 digits, no leading zero, nothing else. */
static bool
short_integer_read(struct slice text, struct integer *integer)
{
	size_t at = text.size > 0 && text.data[0] == '-';
	size_t digits = text.size - at;
	if (digits == 0 || digits > 19 || (text.data[at] == '0' && digits > 1))
		return false;
	integer->negative = at == 1;
	integer->magnitude = 0;
	for (; at < text.size; at++) {
		if (!is_digit(text.data[at]))
			return false;
		integer->magnitude = integer->magnitude * 10 + (text.data[at] - '0');
	}
	return true;
}

static bool
times_ten_plus(uint64_t *magnitude, unsigned digit)
{
	if (__builtin_mul_overflow(*magnitude, 10, magnitude))
		return false;
	return !__builtin_add_overflow(*magnitude, digit, magnitude);
}

/* Of "e-12"; far beyond any length of digits it no longer matters by how much. */
static int64_t
exponent_read(struct slice text, size_t at)
{
	const int64_t huge = INT64_C(1000000000000);
	int64_t exponent = 0;
	bool negative = at < text.size && text.data[at] == '-';
	for (; at < text.size; at++)
		if (is_digit(text.data[at]) && exponent < huge)
			exponent = exponent * 10 + (text.data[at] - '0');
	return negative ? -exponent : exponent;
}

/* Any spelling. Zeros are held back until a digit follows them, so the magnitude ends
 * in none, and the value is whole exactly if the power of ten is not negative. */
static const char *
integer_read(struct slice text, struct arena *arena, struct integer *integer)
{
	if (short_integer_read(text, integer))
		return NULL;
	if (!is_number(text, arena))
		return not_a_number;
	*integer = (struct integer){.negative = text.data[0] == '-'};
	bool fits = true;
	bool point = false;
	int64_t zeros = 0;
	int64_t power = 0;
	size_t at = integer->negative;
	for (; at < text.size && (text.data[at] | 0x20) != 'e'; at++) {
		point |= text.data[at] == '.';
		if (!is_digit(text.data[at]))
			continue;
		power -= point;
		zeros++;
		if (text.data[at] == '0')
			continue;
		for (; zeros > 1 && integer->magnitude > 0; zeros--)
			fits = fits && times_ten_plus(&integer->magnitude, 0);
		fits = fits && times_ten_plus(&integer->magnitude, text.data[at] - '0');
		zeros = 0;
	}
	if (fits && integer->magnitude == 0)
		return NULL;
	power += zeros + exponent_read(text, at + 1);
	if (power < 0)
		return "is not a whole number";
	for (; power > 0 && fits; power--)
		fits = times_ten_plus(&integer->magnitude, 0);
	return fits ? NULL : out_of_range;
}

/* most is the largest positive value; a signed type has one more below zero. */
static bool
integer_fits(struct integer integer, uint64_t most, bool is_signed)
{
	if (!integer.negative)
		return integer.magnitude <= most;
	return is_signed ? integer.magnitude <= most + 1 : integer.magnitude == 0;
}

static const char *
integer_store(void *at, size_t bytes, bool is_signed, struct arena *arena, struct slice text)
{
	struct integer integer;
	const char *problem = integer_read(text, arena, &integer);
	if (problem != NULL)
		return problem;
	uint64_t most = (bytes == 4 ? UINT32_MAX : UINT64_MAX) >> is_signed;
	if (!integer_fits(integer, most, is_signed))
		return out_of_range;
	uint64_t value = integer.negative ? -integer.magnitude : integer.magnitude;
	uint32_t low = (uint32_t)value;
	if (bytes == 4)
		memcpy(at, &low, sizeof low);
	else
		memcpy(at, &value, sizeof value);
	return NULL;
}

static const char *
double_read(struct slice text, struct arena *arena, double *value)
{
	*value = 0;
	if (slice_equal(text, slice_text("NaN")))
		*value = NAN;
	else if (slice_equal(text, slice_text("Infinity")))
		*value = INFINITY;
	else if (slice_equal(text, slice_text("-Infinity")))
		*value = -INFINITY;
	if (*value != 0)
		return NULL;
	if (!is_number(text, arena))
		return not_a_number;
	char *copy = arena_try(arena, text.size + 1);
	if (copy == NULL)
		return pb_memory_problem;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*value = strtod(copy, NULL);
	return isinf(*value) ? out_of_range : NULL;
}

static const char *
double_store(void *at, struct arena *arena, struct slice text)
{
	double value;
	const char *problem = double_read(text, arena, &value);
	if (problem == NULL)
		memcpy(at, &value, sizeof value);
	return problem;
}

static const char *
float_store(void *at, struct arena *arena, struct slice text)
{
	double value;
	const char *problem = double_read(text, arena, &value);
	if (problem != NULL)
		return problem;
	float narrow = (float)value; /* Annex F: beyond the range it is infinite */
	if (isinf(narrow) && !isinf(value))
		return out_of_range;
	memcpy(at, &narrow, sizeof narrow);
	return NULL;
}

/* --- everything else ----------------------------------------------------- */

static const char *
enum_store(const ProtobufCEnumDescriptor *type, void *at, struct slice name)
{
	unsigned low = 0;
	unsigned high = type->n_value_names;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		const ProtobufCEnumValueIndex *entry = &type->values_by_name[middle];
		int order = slice_compare(name, slice_text(entry->name));
		if (order == 0) {
			int32_t number = type->values[entry->index].value;
			memcpy(at, &number, sizeof number);
			return NULL;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return "is a name that its enum does not know";
}

static const char *
enum_number_store(const ProtobufCEnumDescriptor *type, void *at, struct arena *arena, struct slice text)
{
	int32_t number;
	const char *problem = integer_store(&number, sizeof number, true, arena, text);
	if (problem != NULL)
		return problem;
	if (protobuf_c_enum_descriptor_get_value(type, number) == NULL)
		return "is a number that its enum does not know";
	memcpy(at, &number, sizeof number);
	return NULL;
}

/* Also an empty one gets memory of its own: in a oneof, protobuf-c does not pack its
 * shared empty string, as if the choice had not been made. */
static const char *
string_store(void *at, struct arena *arena, struct slice text)
{
	if (memchr(text.data, 0, text.size) != NULL)
		return "holds a NUL";
	char *copy = arena_try(arena, text.size + 1);
	if (copy == NULL)
		return pb_memory_problem;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	memcpy(at, &copy, sizeof copy);
	return NULL;
}

/* -1 for what is no digit of either alphabet. */
static int
base64_digit(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (is_digit(byte))
		return byte - '0' + 52;
	if (byte == '+' || byte == '-')
		return 62;
	return byte == '/' || byte == '_' ? 63 : -1;
}

/* Padding is optional, but right where it stands (RFC 4648). */
static bool
base64_trim(struct slice *text)
{
	size_t padded = text->size;
	while (text->size > 0 && padded - text->size < 2 && text->data[text->size - 1] == '=')
		text->size--;
	return text->size % 4 != 1 && (text->size == padded || padded % 4 == 0);
}

static const char *
bytes_store(void *at, struct arena *arena, struct slice text)
{
	static const char not_base64[] = "is not base64";
	if (!base64_trim(&text))
		return not_base64;
	ProtobufCBinaryData binary = {.len = text.size / 4 * 3 + text.size % 4 * 3 / 4};
	if (binary.len > 0)
		binary.data = arena_try(arena, binary.len);
	if (binary.len > 0 && binary.data == NULL)
		return pb_memory_problem;
	uint32_t bits = 0;
	unsigned held = 0;
	uint8_t *out = binary.data;
	for (size_t i = 0; i < text.size; i++) {
		int digit = base64_digit(text.data[i]);
		if (digit < 0)
			return not_base64;
		bits = bits << 6 | (uint32_t)digit;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		*out++ = (uint8_t)(bits >> held);
	}
	if ((bits & ((1u << held) - 1)) != 0)
		return not_base64; /* bits that no byte holds: two texts must not mean one value */
	memcpy(at, &binary, sizeof binary);
	return NULL;
}

static const char *
bool_store(void *at, enum json_kind kind)
{
	protobuf_c_boolean value = kind == JSON_TRUE;
	if (kind != JSON_TRUE && kind != JSON_FALSE)
		return "is not true or false";
	memcpy(at, &value, sizeof value);
	return NULL;
}

const char *
pb_json_value_read(const ProtobufCFieldDescriptor *field, void *at, struct arena *arena, enum json_kind kind,
		   struct slice text)
{
	bool is_text = kind == JSON_STRING;
	bool is_number_or_text = is_text || kind == JSON_NUMBER;
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return is_number_or_text ? integer_store(at, 4, true, arena, text) : not_a_number;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return is_number_or_text ? integer_store(at, 4, false, arena, text) : not_a_number;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return is_number_or_text ? integer_store(at, 8, true, arena, text) : not_a_number;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return is_number_or_text ? integer_store(at, 8, false, arena, text) : not_a_number;
	case PROTOBUF_C_TYPE_FLOAT:
		return is_number_or_text ? float_store(at, arena, text) : not_a_number;
	case PROTOBUF_C_TYPE_DOUBLE:
		return is_number_or_text ? double_store(at, arena, text) : not_a_number;
	case PROTOBUF_C_TYPE_BOOL:
		return bool_store(at, kind);
	case PROTOBUF_C_TYPE_ENUM:
		if (kind == JSON_NUMBER)
			return enum_number_store(field->descriptor, at, arena, text);
		return is_text ? enum_store(field->descriptor, at, text) : "is not the name of an enum value";
	case PROTOBUF_C_TYPE_STRING:
		return is_text ? string_store(at, arena, text) : "is not a string";
	case PROTOBUF_C_TYPE_BYTES:
		return is_text ? bytes_store(at, arena, text) : "is not a string of base64";
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return "is not a single value";
}
