/* tests/scenario/spelling.h
 *
 * How a story is told among others: the codes of its own authorities get a prefix, wherever they stand as a word, as a
 * JSON string or in an event's source. VN is everybody's. */
#ifndef TESTS_SCENARIO_SPELLING_H
#define TESTS_SCENARIO_SPELLING_H

#include <stdbool.h>

#include "tests/sim/standard.h"

/* Takes the text and gives back another, to be freed. */
char *spelling_spell(const struct standard *standard, const char *prefix, char *text, bool is_json);

#endif
