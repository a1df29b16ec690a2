/* proto/gen/openapi.c
 *
 * One operation per rule with a path. Fields of the request named in the path are path
 * parameters; the others are query parameters for GET and DELETE, and the JSON body for
 * POST, PUT and PATCH. The gateway maps them by the same rule table. */
#include "proto/gen/openapi.h"

#include "proto/gen/schema.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static bool
has_body(const Mt__Rule *rule)
{
	return strcmp(rule->verb, "GET") != 0 && strcmp(rule->verb, "DELETE") != 0;
}

static bool
is_in_path(const Mt__Rule *rule, const Google__Protobuf__FieldDescriptorProto *field)
{
	return strstr(rule->path, text_of("{%s}", field->json_name)) != NULL;
}

/* The comment of a field goes to the parameter, where readers of the document look. */
static json_t *
parameter_of(struct model *model, const struct method *method, size_t field_index)
{
	const Google__Protobuf__FieldDescriptorProto *field = method->input->proto->field[field_index];
	bool in_path = is_in_path(method->rule, field);
	json_t *schema = schema_of_field(model, method->input, field_index);
	json_t *parameter = json_pack("{ss, ss}", "name", field->json_name, "in", in_path ? "path" : "query");
	if (in_path)
		json_object_set_new(parameter, "required", json_true());
	json_t *description = json_object_get(schema, "description");
	if (description != NULL) {
		json_object_set(parameter, "description", description);
		json_object_del(schema, "description");
	}
	json_object_set_new(parameter, "schema", schema);
	return parameter;
}

/* True if a GET of the same path, without the command's ":verb", shows a record with a version: the gateway then takes
 * If-Match, see services/gateway/etag.c. */
static bool
is_shown(const struct model *model, const struct method *method)
{
	const char *path = method->rule->path;
	const char *last = strrchr(path, '/');
	const char *colon = last == NULL ? NULL : strrchr(last, ':');
	const char *shown = colon == NULL ? path : text_of("%.*s", (int)(colon - path), path);
	for (size_t i = 0; i < model->methods_count; i++) {
		const struct method *other = &model->methods[i];
		if (strcmp(other->rule->path, shown) != 0 || strcmp(other->rule->verb, "GET") != 0 ||
		    strcmp(file_owner(other->file), file_owner(method->file)) != 0)
			continue;
		const Google__Protobuf__FieldDescriptorProto *version = message_field(other->output, "version");
		return version != NULL && version->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64;
	}
	return false;
}

static json_t *
parameters_of(struct model *model, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	json_t *parameters = json_array();
	for (size_t i = 0; i < method->input->proto->n_field; i++) {
		if (is_in_path(rule, method->input->proto->field[i]) || !has_body(rule))
			json_array_append_new(parameters, parameter_of(model, method, i));
	}
	if (rule->kind == MT__KIND__COMMAND) {
		json_array_append_new(parameters, json_pack("{ss}", "$ref", "#/components/parameters/IdempotencyKey"));
		json_array_append_new(parameters, json_pack("{ss}", "$ref", "#/components/parameters/DryRun"));
		if (is_shown(model, method))
			json_array_append_new(parameters, json_pack("{ss}", "$ref", "#/components/parameters/IfMatch"));
	}
	return parameters;
}

static json_t *
json_content(json_t *schema)
{
	return json_pack("{s{so}}", "application/json", "schema", schema);
}

/* NULL if the path has all fields. A body that is the whole request refers to its schema. */
static json_t *
body_of(struct model *model, const struct method *method)
{
	size_t in_path = 0;
	json_t *properties = json_object();
	for (size_t i = 0; i < method->input->proto->n_field; i++) {
		const Google__Protobuf__FieldDescriptorProto *field = method->input->proto->field[i];
		if (is_in_path(method->rule, field))
			in_path++;
		else
			json_object_set_new(properties, field->json_name, schema_of_field(model, method->input, i));
	}
	if (json_object_size(properties) == 0)
		return NULL;
	json_t *schema = in_path == 0 ? schema_ref(method->input)
				      : json_pack("{ss, so}", "type", "object", "properties", properties);
	return json_pack("{sb, so}", "required", 1, "content", json_content(schema));
}

static json_t *
responses_of(const struct method *method)
{
	const char *comment = comment_of(method->output->file, &method->output->place);
	json_t *done = json_pack("{ss, so}", "description", comment != NULL ? comment : "Done.", "content",
				 json_content(schema_ref(method->output)));
	return json_pack("{so, s{ss}}", "200", done, "default", "$ref", "#/components/responses/Problem");
}

static json_t *
operation_of(struct model *model, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	json_t *operation = json_pack("{ss, s[s]}", "operationId", method->name, "tags", method->service->name);
	schema_describe(operation, "summary", rule->summary);
	schema_describe(operation, "description", comment_of(method->file, &method->place));
	json_t *roles = json_array();
	for (size_t i = 0; i < rule->n_roles; i++) {
		const ProtobufCEnumValue *role =
			protobuf_c_enum_descriptor_get_value(&mt__role__descriptor, rule->roles[i]);
		assert(role != NULL);
		json_array_append_new(roles, json_string(role->name));
	}
	json_object_set_new(operation, "x-roles", roles);
	/* What is public takes a token too: some of it says more to whom it concerns. */
	json_object_set_new(operation, "security",
			    rule->scope == MT__SCOPE__PUBLIC ? json_pack("[{}, {s[]}]", "bearer")
							     : json_pack("[{s[]}]", "bearer"));
	json_t *parameters = parameters_of(model, method);
	if (json_array_size(parameters) > 0)
		json_object_set_new(operation, "parameters", parameters);
	json_t *body = has_body(rule) ? body_of(model, method) : NULL;
	if (body != NULL)
		json_object_set_new(operation, "requestBody", body);
	json_object_set_new(operation, "responses", responses_of(method));
	return operation;
}

static json_t *
property(const char *type, const char *format, const char *description)
{
	json_t *schema = json_pack("{ss}", "type", type);
	schema_describe(schema, "format", format);
	schema_describe(schema, "description", description);
	return schema;
}

static json_t *
problem_schema(void)
{
	json_t *properties = json_object();
	json_object_set_new(properties, "type",
			    property("string", "uri-reference", "Stable name of the kind of refusal."));
	json_object_set_new(properties, "title", property("string", NULL, NULL));
	json_object_set_new(properties, "status", property("integer", "int32", "The HTTP status."));
	json_object_set_new(properties, "detail",
			    property("string", NULL, "The sentence, in the language of Accept-Language (en, vi)."));
	json_object_set_new(properties, "field", property("string", NULL, "The field at fault, if it is one."));
	json_object_set_new(properties, "code", property("string", NULL, "The kind of refusal in one word, stable."));
	return json_pack("{ss, ss, s[ssss], so}", "type", "object", "description", "A refusal, as RFC 9457 shapes it.",
			 "required", "type", "title", "status", "code", "properties", properties);
}

static json_t *
header_parameter(const char *name, const char *description)
{
	return json_pack("{ss, ss, ss, s{ss}}", "name", name, "in", "header", "description", description, "schema",
			 "type", "string");
}

static json_t *
components_build(json_t *schemas)
{
	json_t *parameters = json_object();
	json_object_set_new(parameters, "IdempotencyKey",
			    header_parameter("Idempotency-Key", "Retries with one key act once and get one reply."));
	json_object_set_new(parameters, "IfMatch",
			    header_parameter("If-Match", "The ETag that GET gave: 412 if it is another by now."));
	json_object_set_new(parameters, "DryRun",
			    json_pack("{ss, ss, ss, s{ss}}", "name", "dryRun", "in", "query", "description",
				      "true: says what would happen and keeps nothing.", "schema", "type", "boolean"));
	json_t *problem = json_pack("{ss, s{s{s{ss}}}}", "description", "Refused.", "content",
				    "application/problem+json", "schema", "$ref", "#/components/schemas/Problem");
	return json_pack("{s{s{ss, ss}}, so, s{so}, so}", "securitySchemes", "bearer", "type", "http", "scheme",
			 "bearer", "parameters", parameters, "responses", "Problem", problem, "schemas", schemas);
}

json_t *
openapi_build(struct model *model)
{
	json_t *paths = json_object();
	json_t *schemas = json_object();
	for (size_t i = 0; i < model->methods_count; i++) {
		const struct method *method = &model->methods[i];
		if (method->rule->path[0] == '\0')
			continue;
		char *verb = text_of("%s", method->rule->verb);
		for (char *letter = verb; *letter != '\0'; letter++)
			*letter = (char)tolower((unsigned char)*letter);
		json_t *path = json_object_get(paths, method->rule->path);
		if (path == NULL) {
			path = json_object();
			json_object_set_new(paths, method->rule->path, path);
		}
		json_object_set_new(path, verb, operation_of(model, method));
		schema_add(model, method->input, schemas);
		schema_add(model, method->output, schemas);
	}
	json_object_set_new(schemas, "Problem", problem_schema());
	json_t *document = json_pack("{ss, s{ss, ss}, s[{ss}], so, so}", "openapi", "3.1.0", "info", "title",
				     "Matricula", "version", "1", "servers", "url", "/", "paths", paths, "components",
				     components_build(schemas));
	assert(document != NULL);
	return document;
}
