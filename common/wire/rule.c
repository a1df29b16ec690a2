/* common/wire/rule.c
 *
 * Look-up in the generated table. It is sorted by name, so a search halves it. */
#include "common/wire/rule.h"

#include <stdlib.h>
#include <string.h>

static int
compare_name(const void *name, const void *rule)
{
	return strcmp(name, ((const struct rule *)rule)->name);
}

const struct rule *
rule_find(const char *name)
{
	return bsearch(name, rules, rules_count, sizeof(rules[0]), compare_name);
}
