/* proto/gen/rules.h
 *
 * The two C files of the plugin: the table of rules, and openapi.json as an array. */
#ifndef PROTO_GEN_RULES_H
#define PROTO_GEN_RULES_H

#include "proto/gen/model.h"

/* Both want a model that check_model did not refuse. The text is the caller's. */
char *rules_write(struct model *model);
char *rules_write_openapi(const char *json);

#endif
