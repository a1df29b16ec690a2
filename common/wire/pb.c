/* common/wire/pb.c
 *
 * Messages read by pb_read.c and written by pb_write.c; what those leave alone goes
 * through protobuf-c with an arena for its allocator. Input from outside is checked as it
 * is read; what cannot be read so is walked first (pb_walk.c), since protobuf-c checks
 * neither text nor depth. What unpacking then holds is bounded by the arena's limit.
 * Everything lives as long as the arena. */
#include "common/wire/pb.h"

#include "common/base/text.h"
#include "common/wire/pb_fault.h"
#include "common/wire/pb_read.h"
#include "common/wire/pb_walk.h"
#include "common/wire/pb_write.h"

#include <assert.h>

/* Of a record, a fact, a reply: rarely more; an issued certificate takes 4,300. Larger ones are measured first. */
enum { WRITTEN_BYTES_MAX = 16 << 10 };

struct limited {
	struct arena *arena;
	bool exhausted;
};

static void *
limited_alloc(void *data, size_t size)
{
	struct limited *limited = data;
	void *memory = arena_try(limited->arena, size);
	if (memory == NULL)
		limited->exhausted = true;
	return memory;
}

static void *
trusted_alloc(void *data, size_t size)
{
	return arena_alloc(data, size);
}

static void
keep(void *data, void *memory)
{
	(void)data;
	(void)memory; /* it ends with the arena */
}

/* protobuf-c counts on a pointer, even for no bytes. */
static const uint8_t *
bytes_begin(struct slice bytes)
{
	return bytes.data != NULL ? bytes.data : (const uint8_t *)"";
}

ProtobufCMessage *
pb_unpack(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice bytes, bool strict,
	  struct fault *fault)
{
	ProtobufCMessage *message = pb_read(type, arena, bytes, true);
	if (message != NULL)
		return message;
	/* Either the walk finds what is wrong, or the bytes are of a shape that is left to protobuf-c. */
	if (!pb_walk(type, slice_of(bytes_begin(bytes), bytes.size), strict, fault))
		return NULL;
	struct limited limited = {.arena = arena};
	ProtobufCAllocator allocator = {.alloc = limited_alloc, .free = keep, .allocator_data = &limited};
	message = protobuf_c_message_unpack(type, &allocator, bytes.size, bytes_begin(bytes));
	if (message != NULL)
		return message;
	pb_fault_begin(fault);
	/* The walk leaves nothing else to go wrong but a missing proto2 required field. */
	pb_fault_says(fault, limited.exhausted ? pb_memory_problem : "lacks a required field");
	return NULL;
}

ProtobufCMessage *
pb_unpack_trusted(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice bytes)
{
	ProtobufCAllocator allocator = {.alloc = trusted_alloc, .free = keep, .allocator_data = arena};
	ProtobufCMessage *message = pb_read(type, arena, bytes, false);
	if (message != NULL)
		return message;
	return protobuf_c_message_unpack(type, &allocator, bytes.size, bytes_begin(bytes));
}

struct slice
pb_pack(struct arena *arena, const ProtobufCMessage *message)
{
	uint8_t room[WRITTEN_BYTES_MAX];
	struct slice written;
	if (pb_write(message, room, sizeof(room), &written))
		return arena_copy(arena, written);
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *data = arena_alloc(arena, size > 0 ? size : 1);
	size_t packed = protobuf_c_message_pack(message, data);
	assert(packed == size);
	return slice_of(data, size);
}

void
pb_pack_into(struct buf *buf, const ProtobufCMessage *message)
{
	uint8_t room[WRITTEN_BYTES_MAX];
	struct slice written;
	if (pb_write(message, room, sizeof(room), &written)) {
		buf_append(buf, written);
		return;
	}
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *data = size > 0 ? buf_extend(buf, size) : NULL;
	if (data == NULL)
		return;
	size_t packed = protobuf_c_message_pack(message, data);
	assert(packed == size);
}

ProtobufCMessage *
pb_new(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
	ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);
	protobuf_c_message_init(type, message);
	return message;
}

static bool
field_text_valid(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const char *begin = (const char *)message;
	char *const *texts = (char *const *)(const void *)(begin + field->offset);
	size_t count = 1;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&count, begin + field->quantifier_offset, sizeof count);
		memcpy(&texts, begin + field->offset, sizeof texts);
	} else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t member;
		memcpy(&member, begin + field->quantifier_offset, sizeof member);
		count = member == field->id;
	}
	for (size_t i = 0; i < count; i++) {
		if (texts[i] != NULL && !text_valid(slice_text(texts[i])))
			return false;
	}
	return true;
}

bool
pb_text_valid(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (field->type == PROTOBUF_C_TYPE_STRING && !field_text_valid(message, field))
			return false;
	}
	return true;
}

const char *
pb_string(const ProtobufCMessage *message, const char *name)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
	if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED)
		return NULL;
	const char *begin = (const char *)message;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t member;
		memcpy(&member, begin + field->quantifier_offset, sizeof member);
		if (member != field->id)
			return "";
	}
	const char *text;
	memcpy(&text, begin + field->offset, sizeof text);
	return text != NULL ? text : "";
}
