/* proto/gen/main.c
 *
 * protoc-gen-matricula: descriptors in on stdin, files out on stdout, as protoc wants
 * it. From the rule options it writes rules.c, openapi.c and openapi.json, or else the
 * sentences that say why not. Everything is written from one model, so that routes,
 * access and documentation cannot drift. */
#include "proto/gen/check.h"
#include "proto/gen/model.h"
#include "proto/gen/openapi.h"
#include "proto/gen/rules.h"

#include <assert.h>
#include <stdlib.h>

/* FEATURE_PROTO3_OPTIONAL: claimed so that protoc leaves the refusal to check.c. */
#define SUPPORTED_FEATURES 1
#define FILES_COUNT 3

static const Plugin__CodeGeneratorRequest *
read_request(FILE *in)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *all = open_memstream(&bytes, &size);
	assert(all != NULL);
	char chunk[65536];
	for (size_t got = fread(chunk, 1, sizeof(chunk), in); got > 0; got = fread(chunk, 1, sizeof(chunk), in))
		fwrite(chunk, 1, got, all);
	fclose(all);
	return plugin__code_generator_request__unpack(NULL, size, (const uint8_t *)bytes);
}

static void
append_stdout(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
	(void)buffer;
	fwrite(bytes, 1, size, stdout);
}

static int
write_response(const Plugin__CodeGeneratorResponse *response)
{
	ProtobufCBuffer out = {.append = append_stdout};
	plugin__code_generator_response__pack_to_buffer(response, &out);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(void)
{
	static struct model model;
	const Plugin__CodeGeneratorRequest *request = read_request(stdin);
	if (request == NULL) {
		fputs("protoc-gen-matricula: what came on stdin is not a CodeGeneratorRequest\n", stderr);
		return EXIT_FAILURE;
	}
	Plugin__CodeGeneratorResponse response = PLUGIN__CODE_GENERATOR_RESPONSE__INIT;
	response.supported_features = SUPPORTED_FEATURES;

	model_build(&model, request);
	check_model(&model);
	json_t *openapi = model_refused(&model) ? NULL : openapi_build(&model);
	if (model_refused(&model)) {
		response.error = model.refusals;
		return write_response(&response);
	}

	const char *names[FILES_COUNT] = {"rules.c", "openapi.c", "openapi.json"};
	char *contents[FILES_COUNT] = {
		rules_write(&model),
		rules_write_openapi(json_dumps(openapi, JSON_COMPACT)),
		text_of("%s\n", json_dumps(openapi, JSON_INDENT(2))),
	};
	Plugin__CodeGeneratorResponse__File files[FILES_COUNT];
	Plugin__CodeGeneratorResponse__File *file_pointers[FILES_COUNT];
	for (size_t i = 0; i < FILES_COUNT; i++) {
		plugin__code_generator_response__file__init(&files[i]);
		files[i].name = text_of("%s", names[i]);
		files[i].content = contents[i];
		file_pointers[i] = &files[i];
	}
	response.n_file = FILES_COUNT;
	response.file = file_pointers;
	return write_response(&response);
}
