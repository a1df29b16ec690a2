/* proto/gen/model.c
 *
 * Flattens what protoc sent. Options of ours are extensions, which protobuf-c keeps
 * as unknown fields: a rule is the bytes of field 50001 of MethodOptions, unpacked
 * with the code generated from options.proto. The plugin lives for milliseconds on
 * the build machine, so nothing is ever freed. */
#include "proto/gen/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define RULE_FIELD 50001
#define OWNER_FIELD 50002
#define PB_C_FILE_FIELD 1019

char *
text_of(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	assert(length >= 0);
	return text;
}

void
model_refuse(struct model *model, const Google__Protobuf__FileDescriptorProto *file, const char *format, ...)
{
	fprintf(model->refusals_out, "%s%s: ", ftell(model->refusals_out) > 0 ? "\n" : "", file->name);
	va_list arguments;
	va_start(arguments, format);
	vfprintf(model->refusals_out, format, arguments);
	va_end(arguments);
}

bool
model_refused(struct model *model)
{
	fflush(model->refusals_out);
	return model->refusals_size > 0;
}

struct message *
model_message(struct model *model, const char *type_name)
{
	for (size_t i = 0; type_name != NULL && i < model->messages_count; i++) {
		if (strcmp(model->messages[i].name, type_name) == 0)
			return &model->messages[i];
	}
	return NULL;
}

const struct enumeration *
model_enum(const struct model *model, const char *type_name)
{
	for (size_t i = 0; type_name != NULL && i < model->enums_count; i++) {
		if (strcmp(model->enums[i].name, type_name) == 0)
			return &model->enums[i];
	}
	return NULL;
}

const Google__Protobuf__FieldDescriptorProto *
message_field(const struct message *message, const char *name)
{
	for (size_t i = 0; i < message->proto->n_field; i++) {
		if (strcmp(message->proto->field[i]->name, name) == 0)
			return message->proto->field[i];
	}
	return NULL;
}

const Google__Protobuf__FieldDescriptorProto *
message_field_json(const struct message *message, const char *json_name)
{
	for (size_t i = 0; i < message->proto->n_field; i++) {
		if (strcmp(message->proto->field[i]->json_name, json_name) == 0)
			return message->proto->field[i];
	}
	return NULL;
}

bool
file_is_ours(const Google__Protobuf__FileDescriptorProto *file)
{
	return strncmp(file->name, "google/", 7) != 0 && strncmp(file->name, "protobuf-c/", 11) != 0;
}

const char *
name_short(const Google__Protobuf__FileDescriptorProto *file, const char *name)
{
	size_t package_length = file->package != NULL ? strlen(file->package) : 0;
	return package_length > 0 ? name + 1 + package_length + 1 : name + 1;
}

/* The merged bytes of an extension that is a message; NULL if options lack it. protoc may
 * send it in pieces, one per option statement: put together they are the whole. */
static const uint8_t *
extension_bytes(const ProtobufCMessage *options, uint32_t field, size_t *size)
{
	char *bytes = NULL;
	FILE *out = NULL;
	for (size_t i = 0; options != NULL && i < options->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *unknown = &options->unknown_fields[i];
		if (unknown->tag != field || unknown->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
			continue;
		if (out == NULL)
			out = open_memstream(&bytes, size);
		size_t prefix_bytes = 1;
		while (unknown->data[prefix_bytes - 1] & 0x80)
			prefix_bytes++;
		fwrite(unknown->data + prefix_bytes, 1, unknown->len - prefix_bytes, out);
	}
	if (out != NULL)
		fclose(out);
	return (const uint8_t *)bytes;
}

const char *
file_c_package(const Google__Protobuf__FileDescriptorProto *file)
{
	size_t size = 0;
	const uint8_t *bytes = file->options ? extension_bytes(&file->options->base, PB_C_FILE_FIELD, &size) : NULL;
	const Plugin__PbCFile *option = bytes ? plugin__pb_cfile__unpack(NULL, size, bytes) : NULL;
	if (option != NULL && option->c_package[0] != '\0')
		return option->c_package;
	return file->package != NULL ? file->package : "";
}

const char *
file_owner(const Google__Protobuf__FileDescriptorProto *file)
{
	size_t size = 0;
	const uint8_t *bytes = file->options ? extension_bytes(&file->options->base, OWNER_FIELD, &size) : NULL;
	return text_of("%.*s", (int)size, bytes != NULL ? (const char *)bytes : "");
}

struct place
place_child(const struct place *place, int32_t kind, size_t index)
{
	assert(place->count + 2 <= PLACE_STEPS_MAX);
	struct place child = *place;
	child.steps[child.count++] = kind;
	child.steps[child.count++] = (int32_t)index;
	return child;
}

static const char *
text_without_margin(const char *comment)
{
	char *text = strdup(comment);
	assert(text != NULL);
	char *to = text;
	bool line_start = true;
	for (const char *from = comment; *from != '\0'; from++) {
		if (!line_start || *from != ' ')
			*to++ = *from;
		line_start = *from == '\n';
	}
	while (to > text && (to[-1] == '\n' || to[-1] == ' '))
		to--;
	*to = '\0';
	return text;
}

const char *
comment_of(const Google__Protobuf__FileDescriptorProto *file, const struct place *place)
{
	if (file->source_code_info == NULL)
		return NULL;
	for (size_t i = 0; i < file->source_code_info->n_location; i++) {
		const Google__Protobuf__SourceCodeInfo__Location *location = file->source_code_info->location[i];
		if (location->n_path != place->count ||
		    memcmp(location->path, place->steps, place->count * sizeof(place->steps[0])) != 0)
			continue;
		if (location->leading_comments != NULL)
			return text_without_margin(location->leading_comments);
		return location->trailing_comments != NULL ? text_without_margin(location->trailing_comments) : NULL;
	}
	return NULL;
}

bool
path_parameter_next(const char **cursor, char name[PARAMETER_BYTES_MAX])
{
	const char *open = strchr(*cursor, '{');
	const char *close = open != NULL ? strchr(open, '}') : NULL;
	if (close == NULL)
		return false;
	snprintf(name, PARAMETER_BYTES_MAX, "%.*s", (int)(close - open - 1), open + 1);
	*cursor = close + 1;
	return true;
}

static void
add_enum(struct model *model, const Google__Protobuf__FileDescriptorProto *file, const char *prefix,
	 const Google__Protobuf__EnumDescriptorProto *proto, struct place place)
{
	if (model->enums_count == ENUMS_MAX) {
		model_refuse(model, file, "enum %s is one too many, %d are the limit", proto->name, ENUMS_MAX);
		return;
	}
	model->enums[model->enums_count++] = (struct enumeration){
		.name = text_of("%s.%s", prefix, proto->name),
		.file = file,
		.proto = proto,
		.place = place,
	};
}

/* protoc bounds how deep messages nest in a file; PLACE_STEPS_MAX bounds it tighter. */
static void
add_message(struct model *model, const Google__Protobuf__FileDescriptorProto *file, const char *prefix,
	    const Google__Protobuf__DescriptorProto *proto, struct place place)
{
	if (model->messages_count == MESSAGES_MAX) {
		model_refuse(model, file, "message %s is one too many, %d are the limit", proto->name, MESSAGES_MAX);
		return;
	}
	const char *name = text_of("%s.%s", prefix, proto->name);
	model->messages[model->messages_count++] = (struct message){
		.name = name,
		.file = file,
		.proto = proto,
		.place = place,
	};
	for (size_t i = 0; i < proto->n_enum_type; i++)
		add_enum(model, file, name, proto->enum_type[i], place_child(&place, PLACE_MESSAGE_ENUM, i));
	for (size_t i = 0; i < proto->n_nested_type; i++)
		add_message(model, file, name, proto->nested_type[i], place_child(&place, PLACE_MESSAGE_MESSAGE, i));
}

static void
add_method(struct model *model, const Google__Protobuf__FileDescriptorProto *file,
	   const Google__Protobuf__ServiceDescriptorProto *service,
	   const Google__Protobuf__MethodDescriptorProto *proto, struct place place)
{
	const char *name = text_of("%s.%s", service->name, proto->name);
	if (model->methods_count == METHODS_MAX) {
		model_refuse(model, file, "method %s is one too many, %d are the limit", name, METHODS_MAX);
		return;
	}
	size_t size = 0;
	const uint8_t *bytes = proto->options ? extension_bytes(&proto->options->base, RULE_FIELD, &size) : NULL;
	model->methods[model->methods_count++] = (struct method){
		.name = name,
		.file = file,
		.service = service,
		.proto = proto,
		.place = place,
		.rule = bytes != NULL ? mt__rule__unpack(NULL, size, bytes) : NULL,
		.input = model_message(model, proto->input_type),
		.output = model_message(model, proto->output_type),
	};
}

static void
add_service(struct model *model, const Google__Protobuf__FileDescriptorProto *file,
	    const Google__Protobuf__ServiceDescriptorProto *proto, struct place place)
{
	if (model->services_count == SERVICES_MAX) {
		model_refuse(model, file, "service %s is one too many, %d are the limit", proto->name, SERVICES_MAX);
		return;
	}
	model->services[model->services_count++] = (struct service){.file = file, .proto = proto};
	for (size_t i = 0; i < proto->n_method; i++)
		add_method(model, file, proto, proto->method[i], place_child(&place, PLACE_SERVICE_METHOD, i));
}

static int
compare_methods(const void *left, const void *right)
{
	return strcmp(((const struct method *)left)->name, ((const struct method *)right)->name);
}

void
model_build(struct model *model, const Plugin__CodeGeneratorRequest *request)
{
	model->refusals_out = open_memstream(&model->refusals, &model->refusals_size);
	assert(model->refusals_out != NULL);
	const struct place top = {.count = 0};
	for (size_t i = 0; i < request->n_proto_file; i++) {
		const Google__Protobuf__FileDescriptorProto *file = request->proto_file[i];
		const char *prefix = file->package != NULL ? text_of(".%s", file->package) : "";
		for (size_t m = 0; m < file->n_message_type; m++)
			add_message(model, file, prefix, file->message_type[m],
				    place_child(&top, PLACE_FILE_MESSAGE, m));
		for (size_t e = 0; e < file->n_enum_type; e++)
			add_enum(model, file, prefix, file->enum_type[e], place_child(&top, PLACE_FILE_ENUM, e));
		for (size_t s = 0; file_is_ours(file) && s < file->n_service; s++)
			add_service(model, file, file->service[s], place_child(&top, PLACE_FILE_SERVICE, s));
	}
	qsort(model->methods, model->methods_count, sizeof(model->methods[0]), compare_methods);
}
