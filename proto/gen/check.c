/* proto/gen/check.c
 *
 * Deny by default is kept here: a method that does not say who may call it, and on
 * what, does not build. Messages are held to what works: no maps, no proto3 optional,
 * no C keywords (protobuf-c would rename the field behind our back), and no recursion,
 * since protobuf-c has no depth limit and 34 KB of nesting overflow the stack. A field
 * named sealed makes its message personal (common/core/personal.h) and is of one shape. */
#include "proto/gen/check.h"

#include <string.h>
#include <strings.h>

#define FIELD_TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__##name
#define FIELD_REPEATED GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED

/* The member that protobuf-c puts first in every struct it generates. */
#define BASE "base"

/* What makes a message personal. */
#define SEALED "sealed"
enum { SEALED_NUMBER = 15 };

static const char *const keywords[] = {
	"auto",       "break",     "case",           "char",          "const",    "continue", "default",  "do",
	"double",     "else",      "enum",           "extern",        "float",    "for",      "goto",     "if",
	"inline",     "int",       "long",           "register",      "restrict", "return",   "short",    "signed",
	"sizeof",     "static",    "struct",         "switch",        "typedef",  "union",    "unsigned", "void",
	"volatile",   "while",     "_Alignas",       "_Alignof",      "_Atomic",  "_Bool",    "_Complex", "_Generic",
	"_Imaginary", "_Noreturn", "_Static_assert", "_Thread_local",
};

static const char *const verbs[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_keyword(const char *name)
{
	return is_one_of(name, keywords, sizeof(keywords) / sizeof(keywords[0]));
}

/* Each method is a member of its service's struct, in lower case. */
static bool
is_keyword_as_method(const char *name)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcasecmp(name, keywords[i]) == 0)
			return true;
	}
	return false;
}

/* A message or a list cannot stand in a URL's path. */
static bool
is_scalar(const Google__Protobuf__FieldDescriptorProto *field)
{
	return field->label != FIELD_REPEATED && field->type != FIELD_TYPE(TYPE_MESSAGE) &&
	       field->type != FIELD_TYPE(TYPE_GROUP);
}

/* --- messages and enums --- */

static void
check_field(struct model *model, const struct message *message, const Google__Protobuf__FieldDescriptorProto *field)
{
	const char *owner = name_short(message->file, message->name);
	const struct message *type = model_message(model, field->type_name);
	if (type != NULL && type->proto->options != NULL && type->proto->options->map_entry)
		model_refuse(model, message->file, "field %s of message %s is a map", field->name, owner);
	if (field->proto3_optional)
		model_refuse(model, message->file, "field %s of message %s is optional, use a sub-message or a oneof",
			     field->name, owner);
	if (is_keyword(field->name))
		model_refuse(model, message->file, "field %s of message %s is a C keyword", field->name, owner);
	bool is_sealed = field->type == FIELD_TYPE(TYPE_BYTES) && field->number == SEALED_NUMBER &&
			 field->label != FIELD_REPEATED && !field->has_oneof_index;
	if (strcmp(field->name, SEALED) == 0 && !is_sealed)
		model_refuse(model, message->file,
			     "field %s of message %s is not bytes with number %d, which makes it personal", field->name,
			     owner, SEALED_NUMBER);
	if (strcmp(field->name, BASE) == 0)
		model_refuse(model, message->file, "field %s of message %s is a name of protobuf-c", field->name,
			     owner);
}

/* Depth first; meeting a message that is still open is a cycle. Depth is bounded by MESSAGES_MAX. */
static void
check_recursion(struct model *model, struct message *message)
{
	message->visit = VISIT_OPEN;
	for (size_t i = 0; i < message->proto->n_field; i++) {
		struct message *type = model_message(model, message->proto->field[i]->type_name);
		if (type == NULL || type->visit == VISIT_DONE)
			continue;
		if (type->visit == VISIT_NOT_YET)
			check_recursion(model, type);
		else
			model_refuse(model, message->file, "message %s contains itself through field %s of message %s",
				     name_short(type->file, type->name), message->proto->field[i]->name,
				     name_short(message->file, message->name));
	}
	message->visit = VISIT_DONE;
}

static void
check_message(struct model *model, struct message *message)
{
	for (size_t i = 0; i < message->proto->n_field; i++)
		check_field(model, message, message->proto->field[i]);
	if (message->visit == VISIT_NOT_YET)
		check_recursion(model, message);
}

static void
check_enum(struct model *model, const struct enumeration *enumeration)
{
	const char *name = name_short(enumeration->file, enumeration->name);
	if (is_keyword(enumeration->proto->name))
		model_refuse(model, enumeration->file, "enum %s is a C keyword", name);
	for (size_t i = 0; i < enumeration->proto->n_value; i++) {
		if (is_keyword(enumeration->proto->value[i]->name))
			model_refuse(model, enumeration->file, "value %s of enum %s is a C keyword",
				     enumeration->proto->value[i]->name, name);
	}
}

/* --- methods --- */

static void
check_access(struct model *model, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	if (protobuf_c_enum_descriptor_get_value(&mt__kind__descriptor, rule->kind) == NULL ||
	    rule->kind == MT__KIND__KIND_UNSET)
		model_refuse(model, method->file, "the rule of method %s has no kind", method->name);
	if (protobuf_c_enum_descriptor_get_value(&mt__scope__descriptor, rule->scope) == NULL ||
	    rule->scope == MT__SCOPE__SCOPE_UNSET)
		model_refuse(model, method->file, "the rule of method %s has no scope", method->name);
	for (size_t i = 0; i < rule->n_roles; i++) {
		if (protobuf_c_enum_descriptor_get_value(&mt__role__descriptor, rule->roles[i]) == NULL)
			model_refuse(model, method->file, "the rule of method %s has the unknown role %d", method->name,
				     (int)rule->roles[i]);
	}
	if (rule->without_personal && rule->kind != MT__KIND__REACTION)
		model_refuse(model, method->file, "method %s is no reaction and cannot be without_personal",
			     method->name);
	bool for_callers = rule->kind == MT__KIND__COMMAND || rule->kind == MT__KIND__QUERY;
	if (for_callers && rule->n_roles == 0 && rule->scope != MT__SCOPE__PUBLIC)
		model_refuse(model, method->file, "the rule of method %s has no roles and is not public", method->name);
}

static void
check_scope_field(struct model *model, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	if (rule->scope_field[0] == '\0') {
		if (rule->scope == MT__SCOPE__FIELD || rule->scope == MT__SCOPE__SELF_OR)
			model_refuse(model, method->file, "the scope of method %s needs a scope_field", method->name);
		return;
	}
	const Google__Protobuf__FieldDescriptorProto *field = message_field(method->input, rule->scope_field);
	if (field == NULL || field->label == FIELD_REPEATED || field->type != FIELD_TYPE(TYPE_STRING))
		model_refuse(model, method->file, "scope_field %s of method %s is not a string field of %s",
			     rule->scope_field, method->name, name_short(method->input->file, method->input->name));
}

/* A path begins with a slash, its braces pair and are not empty, no name stands twice. */
static bool
path_is_well_formed(const char *path)
{
	bool open = false;
	for (const char *at = path; *at != '\0'; at++) {
		if ((*at == '{' && (open || at[1] == '}')) || (*at == '}' && !open))
			return false;
		open = *at == '{' || (open && *at != '}');
	}
	const char *cursor = path;
	char name[PARAMETER_BYTES_MAX];
	while (path_parameter_next(&cursor, name)) {
		if (strstr(cursor, text_of("{%s}", name)) != NULL)
			return false;
	}
	return !open && path[0] == '/' && strpbrk(path, " ?#") == NULL;
}

static void
check_query_fields(struct model *model, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	if (strcmp(rule->verb, "GET") != 0 && strcmp(rule->verb, "DELETE") != 0)
		return;
	for (size_t i = 0; i < method->input->proto->n_field; i++) {
		const Google__Protobuf__FieldDescriptorProto *field = method->input->proto->field[i];
		if (model_message(model, field->type_name) != NULL)
			model_refuse(model, method->file,
				     "field %s of method %s is a message and cannot be a query parameter", field->name,
				     method->name);
	}
}

static void
check_route(struct model *model, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	if (rule->path[0] == '\0') {
		if (rule->verb[0] != '\0')
			model_refuse(model, method->file, "method %s has a verb but no path", method->name);
		return;
	}
	if (rule->kind == MT__KIND__REACTION || rule->kind == MT__KIND__TIMER) {
		model_refuse(model, method->file, "method %s is a %s and may not have a path", method->name,
			     rule->kind == MT__KIND__TIMER ? "timer" : "reaction");
		return;
	}
	if (!is_one_of(rule->verb, verbs, sizeof(verbs) / sizeof(verbs[0])))
		model_refuse(model, method->file, "method %s has a path but the verb \"%s\"", method->name, rule->verb);
	if (!path_is_well_formed(rule->path)) {
		model_refuse(model, method->file, "path %s of method %s is malformed", rule->path, method->name);
		return;
	}
	const char *cursor = rule->path;
	char name[PARAMETER_BYTES_MAX];
	while (path_parameter_next(&cursor, name)) {
		const Google__Protobuf__FieldDescriptorProto *field = message_field_json(method->input, name);
		if (field == NULL || !is_scalar(field))
			model_refuse(model, method->file, "path parameter %s of method %s is not a scalar field of %s",
				     name, method->name, name_short(method->input->file, method->input->name));
	}
	check_query_fields(model, method);
}

static void
check_method(struct model *model, const struct method *method)
{
	if (method->proto->client_streaming || method->proto->server_streaming)
		model_refuse(model, method->file, "method %s is streaming", method->name);
	if (is_keyword_as_method(method->proto->name))
		model_refuse(model, method->file, "method %s is a C keyword in lower case", method->name);
	if (strcasecmp(method->proto->name, BASE) == 0)
		model_refuse(model, method->file, "method %s is a name of protobuf-c", method->name);
	if (method->rule == NULL) {
		model_refuse(model, method->file, "method %s has no rule", method->name);
		return;
	}
	check_access(model, method);
	check_scope_field(model, method);
	check_route(model, method);
}

/* Whether a router sees the same path: names in braces do not count. */
static bool
same_template(const char *left, const char *right)
{
	while (*left != '\0' && *left == *right) {
		if (*left == '{') {
			left += strcspn(left, "}");
			right += strcspn(right, "}");
			continue;
		}
		left++;
		right++;
	}
	return *left == *right;
}

static void
check_pair(struct model *model, const struct method *one, const struct method *other)
{
	if (one->rule == NULL || other->rule == NULL || one->rule->path[0] == '\0')
		return;
	if (!same_template(one->rule->path, other->rule->path))
		return;
	if (strcmp(one->rule->verb, other->rule->verb) == 0)
		model_refuse(model, other->file, "method %s has the same route as %s: %s %s", other->name, one->name,
			     other->rule->verb, other->rule->path);
	else if (strcmp(one->rule->path, other->rule->path) != 0) /* OpenAPI takes them for one path */
		model_refuse(model, other->file, "methods %s and %s name the parameters of one path differently: %s",
			     one->name, other->name, other->rule->path);
}

void
check_model(struct model *model)
{
	for (size_t i = 0; i < model->messages_count; i++) {
		if (file_is_ours(model->messages[i].file))
			check_message(model, &model->messages[i]);
	}
	for (size_t i = 0; i < model->enums_count; i++) {
		if (file_is_ours(model->enums[i].file))
			check_enum(model, &model->enums[i]);
	}
	for (size_t i = 0; i < model->services_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(model->services[i].proto->name, model->services[k].proto->name) == 0)
				model_refuse(model, model->services[i].file, "service %s is also in %s",
					     model->services[i].proto->name, model->services[k].file->name);
		}
	}
	for (size_t i = 0; i < model->methods_count; i++) {
		check_method(model, &model->methods[i]);
		for (size_t k = 0; k < i; k++)
			check_pair(model, &model->methods[k], &model->methods[i]);
	}
}
