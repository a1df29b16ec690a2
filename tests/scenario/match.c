/* tests/scenario/match.c
 *
 * See match.h. */
#include "tests/scenario/match.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_BYTES = 256, TEXT_BYTES = 200 };

struct matching {
	bool trusts_sealed;
	char *why;
	size_t why_size;
	char place[PLACE_BYTES];
};

static bool match_value(struct matching *matching, json_t *expected, json_t *actual);

bool
match_regex(const char *pattern, const char *text, char *why, size_t why_size)
{
	regex_t regex;
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		snprintf(why, why_size, "\"%s\" is no regular expression", pattern);
		return false;
	}
	bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	if (!matches)
		snprintf(why, why_size, "\"%s\" does not match \"%s\"", pattern, text);
	return matches;
}

static bool
differs(struct matching *matching, json_t *expected, json_t *actual)
{
	char *wanted = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT);
	char *got = actual == NULL ? NULL : json_dumps(actual, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(matching->why, matching->why_size, "%s is %.*s, expected %.*s",
		 matching->place[0] == '\0' ? "it" : matching->place, TEXT_BYTES, got == NULL ? "absent" : got,
		 TEXT_BYTES, wanted == NULL ? "?" : wanted);
	free(wanted);
	free(got);
	return false;
}

/* True if ProtoJSON would leave such a value out. */
static bool
is_default(json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_STRING:
		return json_string_length(value) == 0 || strcmp(json_string_value(value), "0") == 0 ||
		       strcmp(json_string_value(value), "UNSET") == 0;
	case JSON_INTEGER:
		return json_integer_value(value) == 0;
	case JSON_REAL:
		return json_real_value(value) == 0;
	case JSON_FALSE:
	case JSON_NULL:
		return true;
	case JSON_TRUE:
		return false;
	}
	return false;
}

/* A number as ProtoJSON may spell it: 5 or "5". */
static bool
number_of(json_t *value, double *number)
{
	char *end;
	if (json_is_number(value)) {
		*number = json_number_value(value);
		return true;
	}
	if (!json_is_string(value) || json_string_length(value) == 0)
		return false;
	*number = strtod(json_string_value(value), &end);
	return *end == '\0';
}

static void
place_add(struct matching *matching, const char *name, size_t index)
{
	size_t size = strlen(matching->place);
	if (name == NULL)
		snprintf(matching->place + size, sizeof(matching->place) - size, "[%zu]", index);
	else
		snprintf(matching->place + size, sizeof(matching->place) - size, "%s%s", size == 0 ? "" : ".", name);
}

static bool
match_object(struct matching *matching, json_t *expected, json_t *actual)
{
	const char *name;
	json_t *value;
	if (!json_is_object(actual))
		return differs(matching, expected, actual);
	bool sealed = matching->trusts_sealed && json_string_length(json_object_get(actual, "sealed")) > 0;
	json_object_foreach(expected, name, value)
	{
		size_t size = strlen(matching->place);
		if (sealed && json_object_get(actual, name) == NULL)
			continue;
		place_add(matching, name, 0);
		if (!match_value(matching, value, json_object_get(actual, name)))
			return false;
		matching->place[size] = '\0';
	}
	return true;
}

static bool
match_list(struct matching *matching, json_t *expected, json_t *actual)
{
	if (!json_is_array(actual) || json_array_size(actual) != json_array_size(expected))
		return differs(matching, expected, actual);
	for (size_t i = 0; i < json_array_size(expected); i++) {
		size_t size = strlen(matching->place);
		place_add(matching, NULL, i);
		if (!match_value(matching, json_array_get(expected, i), json_array_get(actual, i)))
			return false;
		matching->place[size] = '\0';
	}
	return true;
}

static bool
match_text(struct matching *matching, json_t *expected, json_t *actual)
{
	const char *wanted = json_string_value(expected);
	char why[TEXT_BYTES * 2];
	if (wanted[0] != '~')
		return json_equal(expected, actual) ? true : differs(matching, expected, actual);
	if (!json_is_string(actual) || !match_regex(wanted + 1, json_string_value(actual), why, sizeof(why)))
		return differs(matching, expected, actual);
	return true;
}

/* Bounded by the depth of the expectation, which stands in a file of ours. */
static bool
match_value(struct matching *matching, json_t *expected, json_t *actual)
{
	double wanted;
	double got;
	if (actual == NULL)
		return is_default(expected) ? true : differs(matching, expected, actual);
	if (json_is_object(expected))
		return match_object(matching, expected, actual);
	if (json_is_array(expected))
		return match_list(matching, expected, actual);
	if (json_is_string(expected) && json_is_string(actual))
		return match_text(matching, expected, actual);
	if (number_of(expected, &wanted) && number_of(actual, &got))
		return wanted == got ? true : differs(matching, expected, actual);
	return json_equal(expected, actual) ? true : differs(matching, expected, actual);
}

bool
match_json(json_t *expected, json_t *actual, bool trusts_sealed, char *why, size_t why_size)
{
	struct matching matching = {.trusts_sealed = trusts_sealed, .why = why, .why_size = why_size};
	return match_value(&matching, expected, actual);
}

json_t *
match_path(json_t *root, const char *path)
{
	char name[PLACE_BYTES];
	json_t *at = root;
	while (*path != '\0' && at != NULL) {
		if (*path == '[') {
			at = json_array_get(at, strtoul(path + 1, NULL, 10));
			path += strcspn(path, "]");
			path += *path == ']' ? 1 : 0;
			continue;
		}
		path += *path == '.' ? 1 : 0;
		size_t size = strcspn(path, ".[");
		if (size == 0 || size >= sizeof(name))
			return NULL;
		memcpy(name, path, size);
		name[size] = '\0';
		at = json_object_get(at, name);
		path += size;
	}
	return at;
}
