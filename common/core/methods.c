/* common/core/methods.c
 *
 * The table of what a node answers, collected from protobuf-c's service structs and
 * the generated rules: there is nothing to register by hand. */
#include "common/core/impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/fatal.h"

enum { METHOD_NAME_BYTES_MAX = 96 };

static void
add_service(struct node *node, ProtobufCService *service)
{
	const ProtobufCServiceDescriptor *descriptor = service->descriptor;
	for (unsigned i = 0; i < descriptor->n_methods; i++) {
		char name[METHOD_NAME_BYTES_MAX];
		int length = snprintf(name, sizeof(name), "%s.%s", descriptor->short_name, descriptor->methods[i].name);
		assert(length > 0 && (size_t)length < sizeof(name));
		const struct rule *rule = rule_find(name);
		assert(rule != NULL);
		/* A command's reply stands in the journal as it is. */
		assert(rule->kind != MT__KIND__COMMAND ||
		       personal_verdict(node, descriptor->methods[i].output) == PERSONAL_NOT);
		node->methods[node->methods_count++] = (struct method){.rule = rule, .service = service, .index = i};
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct method *)a)->rule->name, ((const struct method *)b)->rule->name);
}

void
methods_collect(struct node *node)
{
	node->methods = calloc(rules_count, sizeof(*node->methods));
	if (node->methods == NULL)
		fatal("no memory for %zu methods", rules_count);
	add_service(node, &journal_service.base);
	add_service(node, &figures_service.base);
	add_service(node, &node_service.base);
	for (ProtobufCService *const *service = node->module->handlers; *service != NULL; service++)
		add_service(node, *service);
	qsort(node->methods, node->methods_count, sizeof(*node->methods), by_name);
}

const struct method *
methods_find(const struct node *node, const char *name)
{
	size_t from = 0;
	size_t to = node->methods_count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(name, node->methods[middle].rule->name);
		if (order == 0)
			return &node->methods[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

const struct method *
methods_reaction(const struct node *node, const ProtobufCMessageDescriptor *fact)
{
	for (size_t i = 0; i < node->methods_count; i++) {
		const struct method *method = &node->methods[i];
		if (method->rule->kind == MT__KIND__REACTION && method->rule->input == fact)
			return method;
	}
	return NULL;
}
