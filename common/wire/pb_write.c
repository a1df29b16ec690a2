/* common/wire/pb_write.c
 *
 * Walks the fields from the last to the first and each list from its end. protobuf-c
 * walks every message twice for each level it stands in, once to measure and once to
 * write, which was a sixth of the work of an event. tests/unit/pb_test.c holds the two
 * against each other. */
#include "common/wire/pb_write.h"

#include "common/wire/pb_wire.h"
#include "common/wire/varint.h"

enum { HEAD_BYTES_MAX = 2 * VARINT_BYTES_MAX };

struct writer {
	uint8_t *begin;
	uint8_t *at; /* what is written stands from here on */
};

/* Room for so many bytes and for what stands before them: a length and a tag. */
static inline bool
has_room(const struct writer *writer, size_t size)
{
	size_t left = (size_t)(writer->at - writer->begin);
	return left >= HEAD_BYTES_MAX && size <= left - HEAD_BYTES_MAX;
}

static inline void
varint_back(struct writer *writer, uint64_t value)
{
	if (value < 0x80) {
		*--writer->at = (uint8_t)value;
		return;
	}
	writer->at -= varint_size(value);
	varint_write(writer->at, value);
}

static inline void
tag_back(struct writer *writer, const ProtobufCFieldDescriptor *field, enum pb_wire wire)
{
	varint_back(writer, (uint64_t)field->id << 3 | wire);
}

static inline bool
bytes_back(struct writer *writer, const void *bytes, size_t size)
{
	if (!has_room(writer, size))
		return false;
	writer->at -= size;
	if (size > 0)
		memcpy(writer->at, bytes, size);
	varint_back(writer, size);
	return true;
}

/* What a number is as a varint; negative ones of 32 bits take ten bytes. */
static uint64_t
varint_of(ProtobufCType type, const void *member)
{
	uint32_t word;
	uint64_t wide;
	memcpy(&word, member, sizeof(word));
	if (type == PROTOBUF_C_TYPE_UINT32)
		return word;
	if (type == PROTOBUF_C_TYPE_BOOL)
		return word != 0;
	if (type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_ENUM)
		return (uint64_t)(int64_t)(int32_t)word;
	if (type == PROTOBUF_C_TYPE_SINT32)
		return (uint32_t)(word << 1) ^ (uint32_t)((int32_t)word >> 31);
	memcpy(&wide, member, sizeof(wide));
	if (type == PROTOBUF_C_TYPE_SINT64)
		return wide << 1 ^ (uint64_t)((int64_t)wide >> 63);
	return wide;
}

static bool message_back(struct writer *writer, const ProtobufCMessage *message);

/* A value with its length where it has one. Its tag has room before it. A call for each would cost a third more. */
__attribute__((always_inline)) static inline bool
value_back(struct writer *writer, const ProtobufCFieldDescriptor *field, enum pb_wire wire, const void *member)
{
	const uint8_t *end = writer->at;
	const void *pointer;
	ProtobufCBinaryData data;
	if (wire != PB_WIRE_BYTES) {
		if (!has_room(writer, 0))
			return false;
		if (wire == PB_WIRE_VARINT)
			varint_back(writer, varint_of(field->type, member));
		else
			memcpy(writer->at -= pb_size_of(field->type), member, pb_size_of(field->type));
		return true;
	}
	memcpy(&pointer, member, sizeof(pointer));
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return bytes_back(writer, pointer, pointer != NULL ? strlen(pointer) : 0);
	if (field->type == PROTOBUF_C_TYPE_BYTES) {
		memcpy(&data, member, sizeof(data));
		return bytes_back(writer, data.data, data.len);
	}
	if ((pointer != NULL && !message_back(writer, pointer)) || !has_room(writer, 0))
		return false;
	varint_back(writer, (uint64_t)(end - writer->at));
	return true;
}

static bool
list_back(struct writer *writer, const ProtobufCFieldDescriptor *field, const char *message)
{
	size_t count;
	const char *list;
	memcpy(&count, message + field->quantifier_offset, sizeof(count));
	memcpy(&list, message + field->offset, sizeof(list));
	enum pb_wire wire = pb_wire_of(field->type);
	bool packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
	size_t each = pb_size_of(field->type);
	const uint8_t *end = writer->at;
	while (count-- > 0) {
		if (!value_back(writer, field, wire, list + count * each))
			return false;
		if (!packed)
			tag_back(writer, field, wire);
	}
	if (!packed)
		return true;
	if (!has_room(writer, 0))
		return false;
	varint_back(writer, (uint64_t)(end - writer->at));
	tag_back(writer, field, PB_WIRE_BYTES);
	return true;
}

/* The one of its oneof that is set, also with a zero; not a message or a text that nobody put there. */
static bool
is_chosen(const ProtobufCFieldDescriptor *field, const char *message)
{
	uint32_t chosen;
	const void *pointer;
	memcpy(&chosen, message + field->quantifier_offset, sizeof(chosen));
	if (chosen != field->id)
		return false;
	if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
		return true;
	memcpy(&pointer, message + field->offset, sizeof(pointer));
	return pointer != NULL && pointer != field->default_value;
}

/* A field at rest is not written: most of the fields of most messages. */
static inline bool
is_at_rest(const ProtobufCFieldDescriptor *field, const char *message)
{
	const char *member = message + field->offset;
	uint64_t wide;
	uint32_t word;
	const char *text;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&wide, message + field->quantifier_offset, sizeof(wide));
		return wide == 0;
	}
	if (field->label != PROTOBUF_C_LABEL_NONE)
		return false; /* proto2 has fields that are set to nothing */
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return !is_chosen(field, message);
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		memcpy(&text, member, sizeof(text));
		return text == NULL || text[0] == '\0';
	}
	if (pb_size_of(field->type) == sizeof(word)) {
		memcpy(&word, member, sizeof(word));
		return (field->type == PROTOBUF_C_TYPE_FLOAT ? word << 1 : word) == 0; /* -0 is 0 */
	}
	memcpy(&wide, member, sizeof(wide)); /* bytes begin with their length */
	return (field->type == PROTOBUF_C_TYPE_DOUBLE ? wide << 1 : wide) == 0;
}

static bool
field_back(struct writer *writer, const ProtobufCFieldDescriptor *field, const char *message)
{
	enum pb_wire wire = pb_wire_of(field->type);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return list_back(writer, field, message);
	if (field->label != PROTOBUF_C_LABEL_NONE || !value_back(writer, field, wire, message + field->offset))
		return false;
	tag_back(writer, field, wire);
	return true;
}

static bool
message_back(struct writer *writer, const ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
	if (message->n_unknown_fields > 0)
		return false;
	for (unsigned i = message->descriptor->n_fields; i > 0; i--) {
		if (!is_at_rest(&fields[i - 1], (const char *)message) &&
		    !field_back(writer, &fields[i - 1], (const char *)message))
			return false;
	}
	return true;
}

bool
pb_write(const ProtobufCMessage *message, uint8_t *room, size_t room_size, struct slice *written)
{
	struct writer writer = {.begin = room, .at = room + room_size};
	if (!message_back(&writer, message))
		return false;
	*written = slice_of(writer.at, (size_t)(room + room_size - writer.at));
	return true;
}
