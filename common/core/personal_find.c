/* common/core/personal_find.c
 *
 * Which message types are personal or lead to something that is, found once by their
 * descriptors; and a walk over a message along those ways. */
#include "common/core/personal_find.h"

#include "common/core/impl.h"

#include <assert.h>

enum { SEALED_FIELD = 15 };

/* --- types ------------------------------------------------------------------------------------------------------ */

static const ProtobufCFieldDescriptor *
field_named(const ProtobufCMessageDescriptor *type, const char *name, ProtobufCType kind)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
	bool fits = field != NULL && field->type == kind && field->label != PROTOBUF_C_LABEL_REPEATED &&
		    (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0;
	return fits ? field : NULL;
}

static struct personal_type *
type_place(struct node *node, const ProtobufCMessageDescriptor *descriptor)
{
	struct personal_type *types = node->personal->types;
	size_t at = ((uintptr_t)descriptor / 32) % PERSONAL_TYPES_MAX;
	for (size_t looked = 0; types[at].descriptor != NULL && types[at].descriptor != descriptor; looked++) {
		assert(looked < PERSONAL_TYPES_MAX / 2);
		at = (at + 1) % PERSONAL_TYPES_MAX;
	}
	return &types[at];
}

/* The ways of the types below are found before the first of this type takes its place. */
static void
ways_find(struct node *node, struct personal_type *type)
{
	struct personal *personal = node->personal;
	const ProtobufCMessageDescriptor *descriptor = type->descriptor;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			personal_type_of(node, descriptor->fields[i].descriptor);
	}
	type->ways = personal->ways + personal->ways_count;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		if (field->type != PROTOBUF_C_TYPE_MESSAGE ||
		    personal_type_of(node, field->descriptor)->verdict == PERSONAL_NOT)
			continue;
		assert(personal->ways_count < PERSONAL_WAYS_MAX);
		personal->ways[personal->ways_count++] =
			(struct personal_way){field, personal_type_of(node, field->descriptor)};
		type->ways_count++;
	}
}

/* Types never recurse, see the plugin. */
const struct personal_type *
personal_type_of(struct node *node, const ProtobufCMessageDescriptor *descriptor)
{
	struct personal_type *place = type_place(node, descriptor);
	if (place->descriptor != NULL)
		return place;
	struct personal_type type = {.descriptor = descriptor};
	type.sealed = field_named(descriptor, "sealed", PROTOBUF_C_TYPE_BYTES);
	type.subject[0] = field_named(descriptor, "sealed_for", PROTOBUF_C_TYPE_STRING);
	type.subject[1] = field_named(descriptor, "person_id", PROTOBUF_C_TYPE_STRING);
	if (type.sealed != NULL && type.sealed->id == SEALED_FIELD)
		type.verdict = PERSONAL_IS;
	else
		ways_find(node, &type);
	if (type.ways_count > 0)
		type.verdict = PERSONAL_HOLDS;
	place = type_place(node, descriptor); /* others have come in between */
	*place = type;
	return place;
}

enum personal_verdict
personal_verdict(struct node *node, const ProtobufCMessageDescriptor *type)
{
	return personal_type_of(node, type)->verdict;
}

/* --- finding ---------------------------------------------------------------------------------------------------- */

struct search {
	void (*found)(void *context, const struct spot *spot);
	void *context;
};

static inline bool
is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	uint32_t set;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return true;
	memcpy(&set, (const char *)message + field->quantifier_offset, sizeof(set));
	return set == field->id;
}

/* The sub-messages of a field: where they hang, and how many. */
static inline size_t
places_of(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, ProtobufCMessage ***places)
{
	char *begin = (char *)message;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t count;
		memcpy(&count, begin + field->quantifier_offset, sizeof(count));
		memcpy(places, begin + field->offset, sizeof(*places));
		return count;
	}
	*places = (ProtobufCMessage **)(void *)(begin + field->offset);
	return is_set(message, field) && **places != NULL ? 1 : 0;
}

static inline const char *
subject_in(const ProtobufCMessage *message, const struct personal_type *type, const char *around)
{
	for (size_t i = 0; i < 2; i++) {
		const char *text = NULL;
		if (type->subject[i] != NULL)
			memcpy(&text, (const char *)message + type->subject[i]->offset, sizeof(text));
		if (text != NULL && text[0] != '\0')
			return text;
	}
	return around;
}

static void
search(const struct search *search_, const struct personal_type *type, ProtobufCMessage *message, const char *around)
{
	const char *subject = subject_in(message, type, around);
	for (unsigned i = 0; i < type->ways_count; i++) {
		const struct personal_type *inner = type->ways[i].type;
		ProtobufCMessage **places;
		size_t count = places_of(message, type->ways[i].field, &places);
		for (size_t j = 0; j < count; j++) {
			if (inner->verdict == PERSONAL_HOLDS)
				search(search_, inner, places[j], subject);
			else
				search_->found(search_->context, &(struct spot){&places[j], inner, subject});
		}
	}
}

void
personal_search(struct node *node, ProtobufCMessage *message, void (*found)(void *context, const struct spot *spot),
		void *context)
{
	const struct personal_type *type = personal_type_of(node, message->descriptor);
	assert(type->verdict != PERSONAL_IS); /* nobody around says whose it is */
	if (type->verdict == PERSONAL_HOLDS)
		search(&(struct search){found, context}, type, message, "");
}

ProtobufCBinaryData
personal_sealed_in(const struct spot *spot)
{
	ProtobufCBinaryData sealed;
	memcpy(&sealed, (const char *)*spot->at + spot->type->sealed->offset, sizeof(sealed));
	return sealed;
}

void
personal_sealed_set(const struct personal_type *type, ProtobufCMessage *message, struct slice bytes)
{
	ProtobufCBinaryData sealed = {bytes.size, (uint8_t *)bytes.data};
	memcpy((char *)message + type->sealed->offset, &sealed, sizeof(sealed));
}

ProtobufCMessage *
personal_copy(struct arena *arena, const ProtobufCMessage *message)
{
	ProtobufCMessage *copy = arena_alloc(arena, message->descriptor->sizeof_message);
	memcpy(copy, message, message->descriptor->sizeof_message);
	return copy;
}

ProtobufCMessage *
personal_copy_paths(struct arena *arena, const struct personal_type *type, const ProtobufCMessage *message)
{
	ProtobufCMessage *copy = personal_copy(arena, message);
	for (unsigned i = 0; i < type->ways_count; i++) {
		const ProtobufCFieldDescriptor *field = type->ways[i].field;
		const struct personal_type *inner = type->ways[i].type;
		ProtobufCMessage **places;
		size_t count = places_of(copy, field, &places);
		if (count > 0 && field->label == PROTOBUF_C_LABEL_REPEATED) {
			struct slice list = arena_copy(arena, slice_of(places, count * sizeof(*places)));
			memcpy(&places, &list.data, sizeof(places));
			memcpy((char *)copy + field->offset, &places, sizeof(places));
		}
		for (size_t j = 0; j < count && inner->verdict == PERSONAL_HOLDS; j++)
			places[j] = personal_copy_paths(arena, inner, places[j]);
	}
	return copy;
}
