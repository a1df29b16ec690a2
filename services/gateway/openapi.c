/* services/gateway/openapi.c
 *
 * The generated text is read with jansson once, at the start; each endpoint without a
 * rule adds its operation. What cannot be read is served as it was generated. */
#include "services/gateway/openapi.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

static json_t *
parameters_of(const char *path)
{
	json_t *parameters = json_array();
	for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
		const char *close = strchr(open, '}');
		json_array_append_new(parameters,
				      json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", open + 1, (size_t)(close - open - 1),
						"in", "path", "required", 1, "schema", "type", "string"));
	}
	return parameters;
}

static void
operation_add(json_t *paths, const struct endpoint *endpoint)
{
	char verb[16];
	size_t size = 0;
	json_t *path = json_object_get(paths, endpoint->path);
	for (; endpoint->verb[size] != '\0' && size < sizeof(verb) - 1; size++)
		verb[size] = (char)tolower((unsigned char)endpoint->verb[size]);
	verb[size] = '\0';
	if (path == NULL) {
		path = json_object();
		json_object_set_new(paths, endpoint->path, path);
	}
	json_object_set_new(path, verb,
			    json_pack("{s:s,s:[s],s:o,s:{s:{s:s},s:{s:s}}}", "summary", endpoint->summary, "tags",
				      "Gateway", "parameters", parameters_of(endpoint->path), "responses", "200",
				      "description", "Done.", "default", "$ref", "#/components/responses/Problem"));
}

struct slice
openapi_make(struct arena *arena, const struct endpoint *endpoints, size_t count)
{
	struct slice generated = slice_of(openapi_json, openapi_json_size);
	json_t *root = json_loadb(openapi_json, openapi_json_size, 0, NULL);
	json_t *paths = json_object_get(root, "paths");
	for (size_t i = 0; paths != NULL && i < count; i++) {
		if (endpoints[i].rule == NULL && endpoints[i].summary != NULL)
			operation_add(paths, &endpoints[i]);
	}
	char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(root);
	if (text == NULL)
		return generated;
	struct slice whole = arena_copy(arena, slice_text(text));
	free(text);
	return whole;
}
