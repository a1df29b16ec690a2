/* common/wire/pb_read.c
 *
 * protobuf-c scans a message for its members, then parses them, and allocates each text
 * by itself; with the few shapes that writers really make, one pass does. A text needs a
 * NUL behind it: in the copy that stands where the next tag was, which is read from the
 * bytes themselves and never from the copy. */
#include "common/wire/pb_read.h"

#include "common/base/text.h"
#include "common/wire/pb_walk.h"
#include "common/wire/pb_wire.h"
#include "common/wire/varint.h"

struct reader {
	struct arena *arena;
	bool checked;
	unsigned depth;
	const uint8_t *bytes;
	uint8_t *copy; /* as long as the bytes, and one more */
	size_t at;
};

static void *
reader_alloc(struct reader *reader, size_t size)
{
	return reader->checked ? arena_try(reader->arena, size) : arena_alloc(reader->arena, size);
}

static inline bool
number_read(struct reader *reader, size_t end, uint64_t *value)
{
	if (reader->at < end && reader->bytes[reader->at] < 0x80) {
		*value = reader->bytes[reader->at++];
		return true;
	}
	size_t used = varint_read(reader->bytes + reader->at, end - reader->at, value);
	reader->at += used;
	return used > 0;
}

/* A tag or a length. */
static inline bool
short_read(struct reader *reader, size_t end, uint64_t *value)
{
	size_t at = reader->at;
	return number_read(reader, end, value) && reader->at - at <= PB_SHORT_VARINT_BYTES_MAX && *value <= UINT32_MAX;
}

/* A length, and that many bytes behind it. */
static inline bool
length_read(struct reader *reader, size_t end, size_t *length)
{
	uint64_t value;
	if (!short_read(reader, end, &value) || value > end - reader->at)
		return false;
	*length = (size_t)value;
	return true;
}

static void
varint_store(ProtobufCType type, uint64_t value, void *member)
{
	uint32_t word = (uint32_t)value;
	if (type == PROTOBUF_C_TYPE_BOOL)
		word = value != 0;
	if (type == PROTOBUF_C_TYPE_SINT32)
		word = word >> 1 ^ (0 - (word & 1));
	if (type == PROTOBUF_C_TYPE_SINT64)
		value = value >> 1 ^ (0 - (value & 1));
	if (pb_size_of(type) == sizeof(word))
		memcpy(member, &word, sizeof(word));
	else
		memcpy(member, &value, sizeof(value));
}

/* Any number, but of an enum only those that it has. */
static inline bool
is_known(const ProtobufCFieldDescriptor *field, uint64_t value)
{
	return field->type != PROTOBUF_C_TYPE_ENUM ||
	       protobuf_c_enum_descriptor_get_value(field->descriptor, (int32_t)(uint32_t)value) != NULL;
}

static bool message_read(struct reader *reader, const ProtobufCMessageDescriptor *type, size_t end, void *member);

/* A call for each would cost a fifth more. */
__attribute__((always_inline)) static inline bool
value_read(struct reader *reader, const ProtobufCFieldDescriptor *field, enum pb_wire wire, size_t end, void *member)
{
	size_t length = wire == PB_WIRE_FIXED32 ? sizeof(uint32_t) : sizeof(uint64_t);
	if (wire == PB_WIRE_VARINT) {
		uint64_t value;
		if (!number_read(reader, end, &value) || (reader->checked && !is_known(field, value)))
			return false;
		varint_store(field->type, value, member);
		return true;
	}
	if (wire != PB_WIRE_BYTES) {
		if (length > end - reader->at)
			return false;
		memcpy(member, reader->bytes + reader->at, length);
		reader->at += length;
		return true;
	}
	if (!length_read(reader, end, &length))
		return false;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return message_read(reader, field->descriptor, reader->at + length, member);
	uint8_t *begin = reader->copy + reader->at;
	reader->at += length;
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		if (reader->checked && !text_valid(slice_of(begin, length)))
			return false;
		begin[length] = '\0';
		memcpy(member, &begin, sizeof(begin));
	} else {
		ProtobufCBinaryData data = {length, length > 0 ? begin : NULL};
		memcpy(member, &data, sizeof(data));
	}
	return true;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* How many values follow with the same tag, the one whose tag was read included; 0 if one is broken. */
static size_t
run_count(struct reader reader, uint64_t tag, enum pb_wire wire, size_t end)
{
	size_t count = 0;
	uint64_t next = tag;
	while (next == tag) {
		uint64_t value;
		size_t length = wire == PB_WIRE_FIXED32 ? sizeof(uint32_t) : sizeof(uint64_t);
		if (wire == PB_WIRE_VARINT ? !number_read(&reader, end, &value)
					   : wire == PB_WIRE_BYTES && !length_read(&reader, end, &length))
			return 0;
		if (wire != PB_WIRE_VARINT && length > end - reader.at)
			return 0;
		reader.at += wire == PB_WIRE_VARINT ? 0 : length;
		count++;
		if (reader.at == end || !short_read(&reader, end, &next))
			break;
	}
	return count;
}

static void *
list_begin(struct reader *reader, const ProtobufCFieldDescriptor *field, char *message, size_t count)
{
	size_t had;
	memcpy(&had, message + field->quantifier_offset, sizeof(had));
	if (had > 0 || count == 0)
		return NULL;
	char *list = reader_alloc(reader, count * pb_size_of(field->type));
	if (list == NULL)
		return NULL;
	memcpy(message + field->quantifier_offset, &count, sizeof(count));
	memcpy(message + field->offset, &list, sizeof(list));
	return list;
}

static bool
list_read(struct reader *reader, const ProtobufCFieldDescriptor *field, uint64_t tag, size_t end, char *message)
{
	enum pb_wire wire = pb_wire_of(field->type);
	size_t count = run_count(*reader, tag, wire, end);
	char *list = list_begin(reader, field, message, count);
	uint64_t same;
	for (size_t i = 0; list != NULL && i < count; i++) {
		if ((i > 0 && !short_read(reader, end, &same)) ||
		    !value_read(reader, field, wire, end, list + i * pb_size_of(field->type)))
			return false;
	}
	return list != NULL;
}

static bool
packed_read(struct reader *reader, const ProtobufCFieldDescriptor *field, size_t end, char *message)
{
	enum pb_wire wire = pb_wire_of(field->type);
	size_t length;
	if (reader->checked && field->type == PROTOBUF_C_TYPE_BOOL)
		return false; /* protobuf-c takes it for one byte each, which only the walk looks at */
	if (wire == PB_WIRE_BYTES || !length_read(reader, end, &length) || length == 0)
		return false;
	size_t ends = reader->at + length;
	size_t count = length / (wire == PB_WIRE_FIXED32 ? sizeof(uint32_t) : sizeof(uint64_t));
	if (wire == PB_WIRE_VARINT) {
		count = 0;
		for (size_t at = reader->at; at < ends; at++)
			count += reader->bytes[at] < 0x80;
	}
	char *list = list_begin(reader, field, message, count);
	for (size_t i = 0; list != NULL && i < count; i++) {
		if (!value_read(reader, field, wire, ends, list + i * pb_size_of(field->type)))
			return false;
	}
	return list != NULL && reader->at == ends;
}

/* --- the message -------------------------------------------------------------------------------------------------- */

/* Writers send fields in order: the next is mostly the one behind the last. */
static inline const ProtobufCFieldDescriptor *
field_find(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *from, uint32_t number)
{
	const ProtobufCFieldDescriptor *end = type->fields + type->n_fields;
	while (from < end && from->id < number)
		from++;
	if (from < end && from->id == number)
		return from;
	return protobuf_c_message_descriptor_get_field(type, number);
}

/* Nothing of its kind came before; a oneof is told what it holds now. */
static inline bool
is_first(const ProtobufCFieldDescriptor *field, char *message)
{
	uint32_t chosen;
	const void *pointer = NULL;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		memcpy(&chosen, message + field->quantifier_offset, sizeof(chosen));
		memcpy(message + field->quantifier_offset, &field->id, sizeof(field->id));
		return chosen == 0;
	}
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		memcpy(&pointer, message + field->offset, sizeof(pointer));
	return pointer == NULL;
}

static inline bool
field_read(struct reader *reader, const ProtobufCFieldDescriptor *field, uint64_t tag, size_t end, char *message)
{
	enum pb_wire wire = pb_wire_of(field->type);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return (tag & 7) == wire ? list_read(reader, field, tag, end, message)
					 : (tag & 7) == PB_WIRE_BYTES && packed_read(reader, field, end, message);
	return field->label == PROTOBUF_C_LABEL_NONE && (tag & 7) == wire && is_first(field, message) &&
	       value_read(reader, field, wire, end, message + field->offset);
}

/* Reads up to the end, and says where the message is. */
static bool
message_read(struct reader *reader, const ProtobufCMessageDescriptor *type, size_t end, void *member)
{
	char *message = reader_alloc(reader, type->sizeof_message);
	const ProtobufCFieldDescriptor *field = type->fields;
	if (message == NULL || type->message_init == NULL || reader->depth == PB_DEPTH_MAX)
		return false;
	reader->depth++;
	type->message_init((ProtobufCMessage *)(void *)message);
	memcpy(member, &message, sizeof(message));
	while (reader->at < end) {
		uint64_t tag;
		if (!short_read(reader, end, &tag))
			return false;
		field = field_find(type, field, (uint32_t)(tag >> 3));
		if (field == NULL || !field_read(reader, field, tag, end, message))
			return false;
	}
	reader->depth--;
	return true;
}

ProtobufCMessage *
pb_read(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice bytes, bool checked)
{
	struct reader reader = {.arena = arena, .checked = checked, .bytes = bytes.data};
	ProtobufCMessage *message = NULL;
	reader.copy = reader_alloc(&reader, bytes.size + 1);
	if (reader.copy == NULL)
		return NULL;
	if (bytes.size > 0)
		memcpy(reader.copy, bytes.data, bytes.size);
	return message_read(&reader, type, bytes.size, &message) ? message : NULL;
}
