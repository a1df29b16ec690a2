/* common/wire/pb_json_read.c
 *
 * JSON into a message in one pass: names are matched against the descriptor as they
 * come, values go straight to their fields. Members mostly come in the order of the
 * .proto, so a name is first compared with the field after the last one. Calls nest
 * with the types, at most JSON_DEPTH_MAX deep, as the reader nests no further.
 * Promise: every refusal names the member at fault, in JSON spelling with indexes. */
#include "common/wire/pb_json.h"

#include "common/base/text.h"
#include "common/wire/pb_fault.h"
#include "common/wire/pb_json_value.h"

#include <assert.h>
#include <stdio.h>

enum {
	FIELDS_MAX = 256, /* of one message type: the size of a set on the stack; our own types are far below */
	LIST_FIRST = 4,   /* elements an array has room for at first; it then doubles */
};

/* Where we are: a member of the parent, or an element of that member. */
struct place {
	const struct place *parent;
	const char *name;
	bool in_list;
	size_t index;
};

struct reading {
	struct json_reader json;
	struct arena *arena;
	struct fault *fault;
};

/* --- faults -------------------------------------------------------------- */

static void
fault_path(struct fault *fault, const struct place *place)
{
	const struct place *places[JSON_DEPTH_MAX + 1];
	unsigned count = 0;
	for (; place != NULL; place = place->parent) {
		assert(count < JSON_DEPTH_MAX + 1);
		places[count++] = place;
	}
	pb_fault_begin(fault);
	while (count > 0) {
		const struct place *next = places[--count];
		struct slice name = slice_text(next->name);
		char spelt[sizeof fault->field];
		if (name.size < sizeof spelt) { /* what is longer would be cut anyway */
			pb_json_name(next->name, spelt);
			name = slice_text(spelt);
		}
		pb_fault_name(fault, name);
		if (next->in_list)
			pb_fault_index(fault, next->index);
	}
}

static bool
refuse(struct reading *in, const struct place *place, const char *problem)
{
	fault_path(in->fault, problem == pb_memory_problem ? NULL : place);
	pb_fault_says(in->fault, problem);
	return false;
}

static bool
refuse_syntax(struct reading *in, const struct place *place)
{
	char problem[128];
	assert(in->json.fault != NULL);
	snprintf(problem, sizeof problem, "cannot be read at byte %zu: %s", in->json.at, in->json.fault);
	return refuse(in, place, problem);
}

static bool
refuse_unknown(struct reading *in, const struct place *place, struct slice name)
{
	fault_path(in->fault, place);
	const uint8_t *nul = name.size > 0 ? memchr(name.data, 0, name.size) : NULL;
	pb_fault_name(in->fault, nul == NULL ? name : slice_of(name.data, (size_t)(nul - name.data)));
	pb_fault_says(in->fault, "is not known");
	return false;
}

/* --- names --------------------------------------------------------------- */

static char
upper(char letter)
{
	return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

static bool
name_fits(const char *proto, struct slice name)
{
	const char *given = (const char *)name.data;
	size_t same = 0;
	while (same < name.size && proto[same] == given[same] && proto[same] != '\0')
		same++;
	if (same == name.size && proto[same] == '\0')
		return true;
	/* They part, so only the lowerCamelCase spelling is left; up to here it must not have been snake. */
	if (proto[same] != '_' || memchr(given, '_', same) != NULL)
		return false;
	bool raised = false;
	for (proto += same; *proto != '\0'; proto++) {
		if (*proto == '_') {
			raised = true;
			continue;
		}
		if (same == name.size || given[same] != (raised ? upper(*proto) : *proto))
			return false;
		raised = false;
		same++;
	}
	return same == name.size;
}

/* Index of the field, looked for from index next on; n_fields if there is none. */
static unsigned
field_find(const ProtobufCMessageDescriptor *type, struct slice name, unsigned next)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		unsigned at = next + i < type->n_fields ? next + i : next + i - type->n_fields;
		if (name_fits(type->fields[at].name, name))
			return at;
	}
	return type->n_fields;
}

/* --- members ------------------------------------------------------------- */

static ProtobufCMessage *
message_read(struct reading *in, const ProtobufCMessageDescriptor *type, const struct place *place);

/* False if another member of the field's oneof is set. */
static bool
presence_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	char *quantifier = (char *)message + field->quantifier_offset;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t member;
		memcpy(&member, quantifier, sizeof member);
		if (member != 0 && member != field->id)
			return false;
		memcpy(quantifier, &field->id, sizeof field->id);
		return true;
	}
	/* proto2 only, and not for what is a pointer: those have no quantifier. */
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0) {
		protobuf_c_boolean has = true;
		memcpy(quantifier, &has, sizeof has);
	}
	return true;
}

static bool
value_read(struct reading *in, const ProtobufCFieldDescriptor *field, void *at, enum json_kind kind, struct slice text,
	   const struct place *place)
{
	if (kind == JSON_FAULT)
		return refuse_syntax(in, place);
	if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
		const char *problem = pb_json_value_read(field, at, in->arena, kind, text);
		return problem == NULL || refuse(in, place, problem);
	}
	if (kind != JSON_OBJECT)
		return refuse(in, place, "is not an object");
	ProtobufCMessage *message = message_read(in, field->descriptor, place);
	memcpy(at, &message, sizeof message);
	return message != NULL;
}

static bool
list_grow(struct arena *arena, char **list, size_t used_bytes, size_t bytes)
{
	char *larger = arena_try(arena, bytes);
	if (larger == NULL)
		return false;
	if (used_bytes > 0)
		memcpy(larger, *list, used_bytes);
	*list = larger;
	return true;
}

static bool
list_read(struct reading *in, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
	  const struct place *parent)
{
	size_t each = pb_json_value_bytes(field->type);
	struct place place = {.parent = parent, .name = field->name, .in_list = true};
	char *list = NULL;
	size_t room = 0;
	for (;; place.index++) {
		struct slice text = {0};
		enum json_kind kind = json_next(&in->json, &text);
		if (kind == JSON_ARRAY_END)
			break;
		if (kind == JSON_NULL)
			return refuse(in, &place, "is null in a list");
		if (place.index == room) {
			room = room == 0 ? LIST_FIRST : room * 2;
			if (!list_grow(in->arena, &list, place.index * each, room * each))
				return refuse(in, NULL, pb_memory_problem);
		}
		if (!value_read(in, field, list + place.index * each, kind, text, &place))
			return false;
	}
	memcpy((char *)message + field->offset, &list, sizeof list);
	memcpy((char *)message + field->quantifier_offset, &place.index, sizeof place.index);
	return true;
}

static bool
member_read(struct reading *in, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
	    const struct place *parent)
{
	struct place place = {.parent = parent, .name = field->name};
	struct slice text = {0};
	enum json_kind kind = json_next(&in->json, &text);
	if (kind == JSON_FAULT)
		return refuse_syntax(in, &place);
	if (kind == JSON_NULL)
		return true;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return kind == JSON_ARRAY ? list_read(in, message, field, parent) : refuse(in, &place, "is not a list");
	if (!presence_set(message, field))
		return refuse(in, &place, "stands beside another choice of the same oneof");
	return value_read(in, field, (char *)message + field->offset, kind, text, &place);
}

/* Everything from behind the opening brace to the closing one. NULL and the fault. */
static ProtobufCMessage *
message_read(struct reading *in, const ProtobufCMessageDescriptor *type, const struct place *place)
{
	uint64_t seen[FIELDS_MAX / 64] = {0};
	unsigned next = 0;
	assert(type->n_fields <= FIELDS_MAX);
	ProtobufCMessage *message = arena_try(in->arena, type->sizeof_message);
	if (message == NULL) {
		refuse(in, NULL, pb_memory_problem);
		return NULL;
	}
	protobuf_c_message_init(type, message);
	for (;;) {
		struct slice name;
		enum json_kind kind = json_next(&in->json, &name);
		if (kind == JSON_OBJECT_END)
			return message;
		if (kind != JSON_NAME) {
			refuse_syntax(in, place);
			return NULL;
		}
		unsigned index = field_find(type, name, next);
		if (index == type->n_fields) {
			refuse_unknown(in, place, name);
			return NULL;
		}
		const ProtobufCFieldDescriptor *field = &type->fields[index];
		uint64_t bit = UINT64_C(1) << index % 64;
		if ((seen[index / 64] & bit) != 0) {
			refuse(in, &(struct place){.parent = place, .name = field->name}, "stands there twice");
			return NULL;
		}
		seen[index / 64] |= bit;
		if (!member_read(in, message, field, place))
			return NULL;
		next = index + 1;
	}
}

ProtobufCMessage *
pb_from_json(const ProtobufCMessageDescriptor *type, struct arena *arena, struct slice json, struct fault *fault)
{
	struct reading in = {.arena = arena, .fault = fault};
	struct slice text;
	json_open(&in.json, json, arena);
	enum json_kind kind = json_next(&in.json, &text);
	if (kind != JSON_OBJECT) {
		if (kind == JSON_FAULT)
			refuse_syntax(&in, NULL);
		else
			refuse(&in, NULL, "is not a JSON object");
		return NULL;
	}
	ProtobufCMessage *message = message_read(&in, type, NULL);
	if (message == NULL)
		return NULL;
	if (json_next(&in.json, &text) == JSON_END)
		return message;
	refuse_syntax(&in, NULL);
	return NULL;
}

/* --- one field from text ------------------------------------------------- */

/* The kind of JSON value that text would have been. */
static enum json_kind
text_kind(ProtobufCType type, const char *text)
{
	if (type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "true") == 0)
		return JSON_TRUE;
	if (type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "false") == 0)
		return JSON_FALSE;
	if (type == PROTOBUF_C_TYPE_ENUM && (*text == '-' || (*text >= '0' && *text <= '9')))
		return JSON_NUMBER;
	return JSON_STRING;
}

/* Room for one more element. Who made the array left no spare room, so it moves;
 * the arena's limit bounds what many parameters of one name can cost. */
static void *
element_add(ProtobufCMessage *message, struct arena *arena, const ProtobufCFieldDescriptor *field)
{
	size_t each = pb_json_value_bytes(field->type);
	size_t count;
	char *list;
	memcpy(&count, (char *)message + field->quantifier_offset, sizeof count);
	memcpy(&list, (char *)message + field->offset, sizeof list);
	if (!list_grow(arena, &list, count * each, (count + 1) * each))
		return NULL;
	memcpy((char *)message + field->offset, &list, sizeof list);
	return list + count * each;
}

static const char *
text_store(ProtobufCMessage *message, struct arena *arena, const ProtobufCFieldDescriptor *field, const char *text)
{
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	void *at = (char *)message + field->offset;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return "is not a single value";
	if (!text_valid(slice_text(text)))
		return "is not valid UTF-8";
	if (repeated)
		at = element_add(message, arena, field);
	else if (!presence_set(message, field))
		return "stands beside another choice of the same oneof";
	if (at == NULL)
		return pb_memory_problem;
	const char *problem = pb_json_value_read(field, at, arena, text_kind(field->type, text), slice_text(text));
	if (problem != NULL || !repeated)
		return problem;
	size_t count;
	memcpy(&count, (char *)message + field->quantifier_offset, sizeof count);
	count++;
	memcpy((char *)message + field->quantifier_offset, &count, sizeof count);
	return NULL;
}

bool
pb_set_text(ProtobufCMessage *message, struct arena *arena, const char *name, const char *text, struct fault *fault)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	struct reading in = {.arena = arena, .fault = fault};
	unsigned index = field_find(type, slice_text(name), 0);
	if (index == type->n_fields)
		return refuse_unknown(&in, NULL, slice_text(name));
	const ProtobufCFieldDescriptor *field = &type->fields[index];
	const char *problem = text_store(message, arena, field, text);
	return problem == NULL || refuse(&in, &(struct place){.name = field->name}, problem);
}
