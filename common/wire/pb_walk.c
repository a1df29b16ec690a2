/* common/wire/pb_walk.c
 *
 * Walks the wire bytes of a message by its descriptor, allocating nothing, so that
 * what protobuf-c unpacks afterwards is sound: right wire types, lengths within the
 * parent, strings of valid UTF-8 without NUL, known enum numbers, no groups, and
 * known fields only when strict. Nesting is a stack of levels, from which a fault
 * tells the path of the field. Where a writer may choose (packed or not, order,
 * repetition of a singular field) every choice is accepted, as the encoding demands.
 * Source: protobuf.dev, "Encoding". */
#include "common/wire/pb_walk.h"

#include "common/base/text.h"
#include "common/wire/pb_fault.h"
#include "common/wire/pb_wire.h"
#include "common/wire/varint.h"

#include <stdio.h>

struct part {
	uint32_t number; /* of the field */
	enum pb_wire wire;
	uint64_t value;    /* of PB_WIRE_VARINT */
	struct slice body; /* of PB_WIRE_BYTES */
};

struct level {
	const ProtobufCMessageDescriptor *type;
	const ProtobufCFieldDescriptor *field; /* being read, or the last one read */
	size_t begins;                         /* offset of the message */
	size_t ends;
	size_t field_at; /* offset of the field's tag */
};

struct walk {
	struct slice bytes;
	size_t at;
	unsigned depth;
	struct level levels[PB_DEPTH_MAX];
};

/* --- parts of a message -------------------------------------------------- */

static const char *
varint_problem(size_t left)
{
	return left < VARINT_BYTES_MAX ? "is cut short" : "holds a number of more than 64 bits";
}

/* A tag or a length. */
static const char *
short_varint_read(const struct slice bytes, size_t *at, uint64_t *value)
{
	size_t used = varint_read(bytes.data + *at, bytes.size - *at, value);
	if (used == 0)
		return varint_problem(bytes.size - *at);
	if (used > PB_SHORT_VARINT_BYTES_MAX || *value > UINT32_MAX)
		return "holds a tag or a length of more than 32 bits";
	*at += used;
	return NULL;
}

static const char *
tag_read(struct slice bytes, size_t *at, struct part *part)
{
	uint64_t tag;
	const char *problem = short_varint_read(bytes, at, &tag);
	if (problem != NULL)
		return problem;
	if ((tag & 7) > PB_WIRE_FIXED32)
		return "holds a wire type that does not exist";
	part->number = (uint32_t)(tag >> 3);
	part->wire = (enum pb_wire)(tag & 7);
	return part->number == 0 ? "holds a field numbered 0" : NULL;
}

static const char *
body_read(struct slice bytes, size_t *at, struct part *part)
{
	uint64_t size = 0;
	const char *problem;
	switch (part->wire) {
	case PB_WIRE_VARINT:
		size = varint_read(bytes.data + *at, bytes.size - *at, &part->value);
		if (size == 0)
			return varint_problem(bytes.size - *at);
		break;
	case PB_WIRE_FIXED64:
		size = 8;
		break;
	case PB_WIRE_FIXED32:
		size = 4;
		break;
	case PB_WIRE_BYTES:
		problem = short_varint_read(bytes, at, &size);
		if (problem != NULL)
			return problem;
		break;
	case PB_WIRE_GROUP:
	case PB_WIRE_GROUP_END:
		return "holds a group";
	}
	if (size > bytes.size - *at)
		return "is longer than what it stands in";
	part->body = slice_of(bytes.data + *at, (size_t)size);
	*at += (size_t)size;
	return NULL;
}

/* --- what a field takes -------------------------------------------------- */

static const char *
enum_problem(const ProtobufCFieldDescriptor *field, uint64_t value)
{
	if (field->type != PROTOBUF_C_TYPE_ENUM)
		return NULL;
	bool known = protobuf_c_enum_descriptor_get_value(field->descriptor, (int32_t)(uint32_t)value) != NULL;
	return known ? NULL : "has a number that its enum does not know";
}

static const char *
string_problem(struct slice text)
{
	if (text_valid(text))
		return NULL;
	return memchr(text.data, 0, text.size) != NULL ? "holds a NUL" : "is not valid UTF-8";
}

static const char *
packed_varints_problem(const ProtobufCFieldDescriptor *field, struct slice body)
{
	for (size_t at = 0; at < body.size;) {
		uint64_t value;
		size_t used = varint_read(body.data + at, body.size - at, &value);
		if (used == 0)
			return varint_problem(body.size - at);
		/* protobuf-c takes a packed bool for one byte, whatever the byte says. */
		if (field->type == PROTOBUF_C_TYPE_BOOL && value > 1)
			return "holds a truth value that is neither 0 nor 1";
		if (field->type == PROTOBUF_C_TYPE_BOOL && used > 1)
			return "holds a truth value of more than one byte";
		const char *problem = enum_problem(field, value);
		if (problem != NULL)
			return problem;
		at += used;
	}
	return NULL;
}

static const char *
packed_problem(const ProtobufCFieldDescriptor *field, enum pb_wire wire, struct slice body)
{
	if (wire == PB_WIRE_VARINT)
		return packed_varints_problem(field, body);
	size_t each = wire == PB_WIRE_FIXED32 ? 4 : 8;
	return body.size % each == 0 ? NULL : "is cut short";
}

static const char *
field_problem(const ProtobufCFieldDescriptor *field, const struct part *part)
{
	enum pb_wire wire = pb_wire_of(field->type);
	if (part->wire != wire) {
		if (part->wire != PB_WIRE_BYTES || field->label != PROTOBUF_C_LABEL_REPEATED)
			return "has the wrong wire type";
		return packed_problem(field, wire, part->body);
	}
	if (wire == PB_WIRE_VARINT)
		return enum_problem(field, part->value);
	return field->type == PROTOBUF_C_TYPE_STRING ? string_problem(part->body) : NULL;
}

/* --- the walk ------------------------------------------------------------ */

/* How many of the level's field come before this one; only sound bytes lie before it. */
static size_t
field_index(const struct walk *walk, const struct level *level)
{
	struct slice before = slice_of(walk->bytes.data, level->field_at);
	size_t index = 0;
	for (size_t at = level->begins; at < before.size;) {
		struct part part;
		if (tag_read(before, &at, &part) != NULL || body_read(before, &at, &part) != NULL)
			break;
		index += part.number == level->field->id;
	}
	return index;
}

/* The path down to the message being walked. */
static void
fault_path(const struct walk *walk, struct fault *fault, unsigned depth)
{
	pb_fault_begin(fault);
	for (unsigned i = 0; i < depth; i++) {
		const struct level *level = &walk->levels[i];
		pb_fault_name(fault, slice_text(level->field->name));
		/* The elements of packed numbers have no tags to count. */
		if (level->field->label == PROTOBUF_C_LABEL_REPEATED && pb_wire_of(level->field->type) == PB_WIRE_BYTES)
			pb_fault_index(fault, field_index(walk, level));
	}
}

static bool
fault_in_message(const struct walk *walk, struct fault *fault, const char *problem)
{
	fault_path(walk, fault, walk->depth - 1);
	pb_fault_says(fault, problem);
	return false;
}

static bool
fault_in_field(const struct walk *walk, struct fault *fault, const char *problem)
{
	fault_path(walk, fault, walk->depth);
	pb_fault_says(fault, problem);
	return false;
}

static bool
fault_in_unknown(const struct walk *walk, struct fault *fault, uint32_t number, const char *problem)
{
	char name[12];
	snprintf(name, sizeof name, "%u", (unsigned)number);
	fault_path(walk, fault, walk->depth - 1);
	pb_fault_name(fault, slice_text(name));
	pb_fault_says(fault, problem);
	return false;
}

/* Writers send fields in order, so the one asked for is mostly the last one or its neighbour. */
static const ProtobufCFieldDescriptor *
field_find(const struct level *level, uint32_t number)
{
	const ProtobufCFieldDescriptor *field = level->field;
	if (level->type->n_fields == 0)
		return NULL;
	const ProtobufCFieldDescriptor *end = level->type->fields + level->type->n_fields;
	if (field != NULL && field->id == number)
		return field;
	field = field == NULL ? level->type->fields : field + 1;
	if (field < end && field->id == number)
		return field;
	return protobuf_c_message_descriptor_get_field(level->type, number);
}

static bool
level_begin(struct walk *walk, const ProtobufCMessageDescriptor *type, struct slice body)
{
	if (walk->depth == PB_DEPTH_MAX)
		return false;
	size_t begins = walk->at - body.size;
	walk->levels[walk->depth++] = (struct level){.type = type, .begins = begins, .ends = walk->at};
	walk->at = begins;
	return true;
}

static bool
field_walk(struct walk *walk, bool strict, struct fault *fault)
{
	struct level *level = &walk->levels[walk->depth - 1];
	struct slice message = slice_of(walk->bytes.data, level->ends);
	struct part part;
	size_t begins = walk->at;
	const char *problem = tag_read(message, &walk->at, &part);
	if (problem != NULL)
		return fault_in_message(walk, fault, problem);
	const ProtobufCFieldDescriptor *field = field_find(level, part.number);
	if (field == NULL && strict)
		return fault_in_unknown(walk, fault, part.number, "is not known");
	problem = body_read(message, &walk->at, &part);
	if (field == NULL)
		return problem == NULL || fault_in_unknown(walk, fault, part.number, problem);
	level->field = field;
	level->field_at = begins;
	if (problem == NULL)
		problem = field_problem(field, &part);
	if (problem != NULL)
		return fault_in_field(walk, fault, problem);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE && !level_begin(walk, field->descriptor, part.body))
		return fault_in_field(walk, fault, "nests too deep");
	return true;
}

bool
pb_walk(const ProtobufCMessageDescriptor *type, struct slice bytes, bool strict, struct fault *fault)
{
	struct walk walk;
	walk.bytes = bytes;
	walk.at = bytes.size;
	walk.depth = 0;
	level_begin(&walk, type, bytes);
	while (walk.depth > 0) {
		if (walk.at == walk.levels[walk.depth - 1].ends)
			walk.depth--;
		else if (!field_walk(&walk, strict, fault))
			return false;
	}
	return true;
}
