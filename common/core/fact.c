/* common/core/fact.c
 *
 * A service's fact type is a two-level oneof: noun, then kind. Services emit the leaf
 * (LearnerEnrolled); here it is wrapped by descriptor, and opened again without
 * unpacking, so that a follower looks only into what it reacts to. */
#include "common/core/impl.h"

#include "common/wire/varint.h"

#include <assert.h>

enum { TAG_BYTES_MAX = 16, WIRE_LENGTH_DELIMITED = 2 };

static const ProtobufCFieldDescriptor *
field_of_type(const ProtobufCMessageDescriptor *parent, const ProtobufCMessageDescriptor *type)
{
	for (unsigned i = 0; i < parent->n_fields; i++) {
		if (parent->fields[i].descriptor == type)
			return &parent->fields[i];
	}
	return NULL;
}

static uint8_t *
tag_write(uint8_t *at, uint32_t field, size_t length)
{
	return varint_write(varint_write(at, (uint64_t)field << 3 | WIRE_LENGTH_DELIMITED), length);
}

struct slice
fact_wrap(const struct module *module, struct arena *arena, const ProtobufCMessage *leaf)
{
	const ProtobufCFieldDescriptor *noun = NULL;
	const ProtobufCFieldDescriptor *kind = NULL;
	for (unsigned i = 0; i < module->facts->n_fields && kind == NULL; i++) {
		noun = &module->facts->fields[i];
		kind = field_of_type(noun->descriptor, leaf->descriptor);
	}
	assert(kind != NULL);

	struct slice packed = pb_pack(arena, leaf);
	uint8_t inner[TAG_BYTES_MAX];
	size_t inner_size = (size_t)(tag_write(inner, kind->id, packed.size) - inner);
	uint8_t *bytes = arena_alloc(arena, TAG_BYTES_MAX + inner_size + packed.size);
	uint8_t *at = tag_write(bytes, noun->id, inner_size + packed.size);
	memcpy(at, inner, inner_size);
	memcpy(at + inner_size, packed.data, packed.size);
	return slice_of(bytes, (size_t)(at - bytes) + inner_size + packed.size);
}

static bool
number_read(struct slice *rest, uint64_t *value)
{
	size_t used = varint_read(rest->data, rest->size, value);
	*rest = slice_of(rest->data + used, rest->size - used);
	return used > 0;
}

/* The number of the one field that fills the whole message: the one case of a oneof. 0 if there is none. */
static uint32_t
only_number(struct slice bytes, struct slice *content)
{
	uint64_t tag;
	uint64_t length;
	if (!number_read(&bytes, &tag) || !number_read(&bytes, &length))
		return 0;
	if ((tag & 7) != WIRE_LENGTH_DELIMITED || length != bytes.size || tag >> 3 > UINT32_MAX)
		return 0;
	*content = bytes;
	return (uint32_t)(tag >> 3);
}

static const ProtobufCFieldDescriptor *
only_field(const ProtobufCMessageDescriptor *type, struct slice bytes, struct slice *content)
{
	uint32_t number = only_number(bytes, content);
	return number == 0 ? NULL : protobuf_c_message_descriptor_get_field(type, number);
}

bool
fact_open(const ProtobufCMessageDescriptor *root, struct slice fact, const ProtobufCMessageDescriptor **leaf,
	  struct slice *bytes)
{
	struct slice inner;
	const ProtobufCFieldDescriptor *noun = only_field(root, fact, &inner);
	if (noun == NULL)
		return false;
	const ProtobufCFieldDescriptor *kind = only_field(noun->descriptor, inner, bytes);
	if (kind == NULL)
		return false;
	*leaf = kind->descriptor;
	return true;
}

uint32_t
fact_kind(struct slice fact)
{
	struct slice inner;
	struct slice content;
	uint32_t noun = only_number(fact, &inner);
	uint32_t kind = noun == 0 ? 0 : only_number(inner, &content);
	return kind == 0 || noun > UINT16_MAX || kind > UINT16_MAX ? 0 : noun << 16 | kind;
}

bool
fact_stays_closed(const struct module *module, struct slice fact)
{
	const ProtobufCMessageDescriptor *leaf;
	struct slice bytes;
	if (module->facts_closed == NULL || !fact_open(module->facts, fact, &leaf, &bytes))
		return false;
	const ProtobufCMessageDescriptor *const *closed = module->facts_closed;
	while (*closed != NULL && *closed != leaf)
		closed++;
	return *closed != NULL;
}

bool
fact_is_core(const ProtobufCMessageDescriptor *root, struct slice fact)
{
	struct slice inner;
	const ProtobufCFieldDescriptor *noun = only_field(root, fact, &inner);
	return noun != NULL && noun->descriptor == &mt__core_fact__descriptor;
}
