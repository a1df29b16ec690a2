/* proto/gen/rules.c
 *
 * Writes rules.c, whose rows are what common/wire/rule.h declares, and openapi.c.
 * Names of C symbols follow protobuf-c: the c_package stands for the package, "."
 * becomes "__", and CamelCase becomes lower_snake. */
#include "proto/gen/rules.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

/* A line of C that people may still read. */
#define CHUNK_BYTES 100

/* No line ends inside a character: what a plugin sends back must be UTF-8, and protoc checks. */
static void
write_string(FILE *out, const char *text)
{
	size_t line_bytes = 0;
	fputc('"', out);
	for (size_t i = 0; text[i] != '\0'; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool continues = (byte & 0xC0) == 0x80;
		if (line_bytes >= CHUNK_BYTES && !continues) {
			fputs("\"\n\t\"", out);
			line_bytes = 0;
		}
		line_bytes++;
		if (strchr("\"\\?", byte) != NULL) /* ? for the trigraphs of -std=c11 */
			fprintf(out, "\\%c", byte);
		else if (iscntrl(byte))
			fprintf(out, "\\%03o", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

/* As CamelToLower of protobuf-c: an underscore before a capital that follows anything but a
 * capital, so that ABCRequest is abcrequest and HR2Officer is hr2_officer. */
static void
write_lower(FILE *out, const char *name)
{
	bool was_upper = true;
	for (; *name != '\0'; name++) {
		bool is_upper = isupper((unsigned char)*name);
		if (*name == '.') {
			fputs("__", out);
			was_upper = true;
			continue;
		}
		if (is_upper && !was_upper)
			fputc('_', out);
		fputc(tolower((unsigned char)*name), out);
		was_upper = is_upper;
	}
}

static void
write_descriptor(FILE *out, const struct message *message)
{
	const char *package = file_c_package(message->file);
	const char *name = name_short(message->file, message->name);
	fputc('&', out);
	write_lower(out, package[0] != '\0' ? text_of("%s.%s", package, name) : name);
	fputs("__descriptor", out);
}

/* The length of a file's name without ".proto". */
static int
stem_length(const char *file_name)
{
	return (int)(strlen(file_name) - strlen(".proto"));
}

static bool
is_needed(const struct model *model, const Google__Protobuf__FileDescriptorProto *file)
{
	for (size_t i = 0; i < model->methods_count; i++) {
		if (model->methods[i].input->file == file || model->methods[i].output->file == file)
			return true;
	}
	return false;
}

static void
write_includes(FILE *out, const struct model *model)
{
	const Google__Protobuf__FileDescriptorProto *last = NULL;
	for (size_t i = 0; i < model->messages_count; i++) { /* messages stand file by file */
		const Google__Protobuf__FileDescriptorProto *file = model->messages[i].file;
		if (file != last && is_needed(model, file))
			fprintf(out, "#include \"%.*s.pb-c.h\"\n", stem_length(file->name), file->name);
		last = file;
	}
}

static const char *
c_name(const ProtobufCEnumDescriptor *descriptor, int value)
{
	const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(descriptor, value);
	assert(row != NULL);
	return row->c_name;
}

static void
write_row(FILE *out, const struct method *method)
{
	const Mt__Rule *rule = method->rule;
	const char *slash = strrchr(method->file->name, '/');
	const char *file = slash != NULL ? slash + 1 : method->file->name;
	fprintf(out, "\t{\n\t\t.name = \"%s\",\n", method->name);
	fprintf(out, "\t\t.file = \"%.*s\",\n", stem_length(file), file);
	fprintf(out, "\t\t.owner = \"%s\",\n", file_owner(method->file));
	fprintf(out, "\t\t.kind = %s,\n", c_name(&mt__kind__descriptor, rule->kind));
	fprintf(out, "\t\t.scope = %s,\n", c_name(&mt__scope__descriptor, rule->scope));
	fprintf(out, "\t\t.scope_field = \"%s\",\n\t\t.roles = 0", rule->scope_field);
	for (size_t i = 0; i < rule->n_roles; i++)
		fprintf(out, " | 1u << %s", c_name(&mt__role__descriptor, rule->roles[i]));
	fprintf(out, ",\n\t\t.open = %s,\n", rule->open ? "true" : "false");
	fprintf(out, "\t\t.without_personal = %s,\n", rule->without_personal ? "true" : "false");
	fprintf(out, "\t\t.verb = \"%s\",\n\t\t.path = ", rule->verb);
	write_string(out, rule->path);
	fputs(",\n\t\t.summary = ", out);
	write_string(out, rule->summary);
	fputs(",\n\t\t.input = ", out);
	write_descriptor(out, method->input);
	fputs(",\n\t\t.output = ", out);
	write_descriptor(out, method->output);
	fputs(",\n\t},\n", out);
}

char *
rules_write(struct model *model)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert(out != NULL);
	fputs("/* Generated from proto/matricula by proto/gen. */\n#include \"common/wire/rule.h\"\n\n", out);
	write_includes(out, model);
	/* C has no empty array; the count tells. */
	fprintf(out, "\nconst struct rule rules[%zu] = {\n", model->methods_count > 0 ? model->methods_count : 1);
	for (size_t i = 0; i < model->methods_count; i++)
		write_row(out, &model->methods[i]);
	if (model->methods_count == 0)
		fputs("\t{ .name = \"\" },\n", out);
	fprintf(out, "};\n\nconst size_t rules_count = %zu;\n", model->methods_count);
	fclose(out);
	return text;
}

char *
rules_write_openapi(const char *json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert(out != NULL);
	fputs("/* Generated from proto/matricula by proto/gen. */\n#include \"common/wire/rule.h\"\n\n", out);
	fputs("const char openapi_json[] =\n\t", out);
	write_string(out, json);
	fputs(";\n\nconst size_t openapi_json_size = sizeof(openapi_json) - 1;\n", out);
	fclose(out);
	return text;
}
