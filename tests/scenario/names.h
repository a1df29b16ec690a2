/* tests/scenario/names.h
 *
 * What a story keeps by name, put into its later texts. */
#ifndef TESTS_SCENARIO_NAMES_H
#define TESTS_SCENARIO_NAMES_H

#include <jansson.h>
#include <stdbool.h>

enum { NAMES_BYTES_MAX = 64 };

/* The text with every $name replaced by kept's string of that name, escaped if the text is JSON. The caller
 * frees it. NULL if a name is unknown, which is then copied to unknown. */
char *names_fill(json_t *kept, const char *text, bool is_json, char unknown[NAMES_BYTES_MAX]);

#endif
