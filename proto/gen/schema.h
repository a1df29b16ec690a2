/* proto/gen/schema.h
 *
 * JSON Schemas of messages as the ProtoJSON mapping writes them: lowerCamelCase,
 * 64-bit integers as strings, enums by name, bytes as base64. */
#ifndef PROTO_GEN_SCHEMA_H
#define PROTO_GEN_SCHEMA_H

#include "proto/gen/model.h"

#include <jansson.h>

/* The schema of one field, with its comment. Its types are referred to, not included. New reference. */
json_t *schema_of_field(struct model *model, const struct message *message, size_t field_index);

/* {"$ref": ...} to the component of the message. New reference. */
json_t *schema_ref(const struct message *message);

/* Adds the message and all it can reach, messages and enums, to schemas, once each. */
void schema_add(struct model *model, const struct message *message, json_t *schemas);

/* Adds text under key unless it is NULL or empty. */
void schema_describe(json_t *object, const char *key, const char *text);

#endif
