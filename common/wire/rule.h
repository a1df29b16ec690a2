/* common/wire/rule.h
 *
 * One row for each method of every service, generated from the rule options in
 * proto/matricula by proto/gen. Nodes enforce access by it, the gateway routes by
 * it, the command line and the scenario runner find methods in it. */
#ifndef COMMON_WIRE_RULE_H
#define COMMON_WIRE_RULE_H

#include "matricula/options.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule {
	const char *name;  /* "Classes.Enrol" */
	const char *file;  /* "class": the .proto the method stands in */
	const char *owner; /* "enrollment": whose node answers it; "" where every node has it */
	Mt__Kind kind;
	Mt__Scope scope;
	const char *scope_field; /* field of the request, as in the .proto; "" if none */
	uint32_t roles;          /* 1 << Mt__Role, or'ed */
	bool open;
	bool without_personal; /* of a reaction, see options.proto */
	const char *verb;      /* "" where HTTP does not reach it */
	const char *path;
	const char *summary;
	const ProtobufCMessageDescriptor *input;
	const ProtobufCMessageDescriptor *output;
};

extern const struct rule rules[]; /* sorted by name */
extern const size_t rules_count;

/* The OpenAPI 3.1 document of all rules with a path, as JSON text. */
extern const char openapi_json[];
extern const size_t openapi_json_size;

/* NULL if there is none. */
const struct rule *rule_find(const char *name);

#endif
