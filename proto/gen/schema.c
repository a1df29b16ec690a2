/* proto/gen/schema.c
 *
 * Components are named as the message without its package ("EnrolRequest.Row"). No
 * property is ever required: proto3 leaves out what is zero. Members of a oneof are
 * properties like any other. check_model has refused recursion, so walks end. */
#include "proto/gen/schema.h"

#include <assert.h>
#include <string.h>

#define FIELD_TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__##name

void
schema_describe(json_t *object, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(object, key, json_string(text));
}

static json_t *
ref_to(const char *name)
{
	return json_pack("{s:o}", "$ref", json_string(text_of("#/components/schemas/%s", name)));
}

json_t *
schema_ref(const struct message *message)
{
	return ref_to(name_short(message->file, message->name));
}

static json_t *
schema_of_type(struct model *model, const Google__Protobuf__FieldDescriptorProto *field)
{
	switch (field->type) {
	case FIELD_TYPE(TYPE_DOUBLE):
		return json_pack("{ss, ss}", "type", "number", "format", "double");
	case FIELD_TYPE(TYPE_FLOAT):
		return json_pack("{ss, ss}", "type", "number", "format", "float");
	case FIELD_TYPE(TYPE_INT64):
	case FIELD_TYPE(TYPE_SFIXED64):
	case FIELD_TYPE(TYPE_SINT64):
		return json_pack("{ss, ss}", "type", "string", "format", "int64");
	case FIELD_TYPE(TYPE_UINT64):
	case FIELD_TYPE(TYPE_FIXED64):
		return json_pack("{ss, ss}", "type", "string", "format", "uint64");
	case FIELD_TYPE(TYPE_INT32):
	case FIELD_TYPE(TYPE_SFIXED32):
	case FIELD_TYPE(TYPE_SINT32):
		return json_pack("{ss, ss}", "type", "integer", "format", "int32");
	case FIELD_TYPE(TYPE_UINT32):
	case FIELD_TYPE(TYPE_FIXED32):
		return json_pack("{ss, ss, si}", "type", "integer", "format", "uint32", "minimum", 0);
	case FIELD_TYPE(TYPE_BOOL):
		return json_pack("{ss}", "type", "boolean");
	case FIELD_TYPE(TYPE_STRING):
		return json_pack("{ss}", "type", "string");
	case FIELD_TYPE(TYPE_BYTES):
		return json_pack("{ss, ss}", "type", "string", "contentEncoding", "base64");
	case FIELD_TYPE(TYPE_ENUM): {
		const struct enumeration *enumeration = model_enum(model, field->type_name);
		assert(enumeration != NULL);
		return ref_to(name_short(enumeration->file, enumeration->name));
	}
	case FIELD_TYPE(TYPE_MESSAGE):
	case FIELD_TYPE(TYPE_GROUP):
		break;
	}
	const struct message *message = model_message(model, field->type_name);
	assert(message != NULL);
	return schema_ref(message);
}

json_t *
schema_of_field(struct model *model, const struct message *message, size_t field_index)
{
	const Google__Protobuf__FieldDescriptorProto *field = message->proto->field[field_index];
	json_t *schema = schema_of_type(model, field);
	if (field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
		schema = json_pack("{ss, so}", "type", "array", "items", schema);
	struct place place = place_child(&message->place, PLACE_MESSAGE_FIELD, field_index);
	schema_describe(schema, "description", comment_of(message->file, &place));
	return schema;
}

/* What the values mean goes into the description, since JSON Schema has no place for it. */
static void
add_enum(const struct enumeration *enumeration, json_t *schemas)
{
	const char *name = name_short(enumeration->file, enumeration->name);
	if (json_object_get(schemas, name) != NULL)
		return;
	json_t *names = json_array();
	const char *comment = comment_of(enumeration->file, &enumeration->place);
	const char *description = comment != NULL ? comment : "";
	for (size_t i = 0; i < enumeration->proto->n_value; i++) {
		const char *value = enumeration->proto->value[i]->name;
		json_array_append_new(names, json_string(value));
		struct place place = place_child(&enumeration->place, PLACE_ENUM_VALUE, i);
		const char *meaning = comment_of(enumeration->file, &place);
		const char *gap = description[0] != '\0' ? "\n" : "";
		if (meaning != NULL)
			description = text_of("%s%s- %s: %s", description, gap, value, meaning);
	}
	json_t *schema = json_pack("{ss, so}", "type", "string", "enum", names);
	schema_describe(schema, "description", description);
	json_object_set_new(schemas, name, schema);
}

void
schema_add(struct model *model, const struct message *message, json_t *schemas)
{
	const char *name = name_short(message->file, message->name);
	if (json_object_get(schemas, name) != NULL)
		return;
	if (strcmp(name, "Problem") == 0)
		model_refuse(model, message->file, "message Problem has the name of the schema of RFC 9457");
	json_t *schema = json_pack("{ss}", "type", "object");
	json_object_set_new(schemas, name, schema);
	schema_describe(schema, "description", comment_of(message->file, &message->place));
	json_t *properties = json_object();
	for (size_t i = 0; i < message->proto->n_field; i++) {
		const Google__Protobuf__FieldDescriptorProto *field = message->proto->field[i];
		json_object_set_new(properties, field->json_name, schema_of_field(model, message, i));
		const struct message *type = model_message(model, field->type_name);
		const struct enumeration *enumeration = model_enum(model, field->type_name);
		if (type != NULL)
			schema_add(model, type, schemas);
		if (enumeration != NULL)
			add_enum(enumeration, schemas);
	}
	json_object_set_new(schema, "properties", properties);
}
