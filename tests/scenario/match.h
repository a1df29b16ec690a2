/* tests/scenario/match.h
 *
 * JSON against JSON. An expectation is a subset: members it names must be there with
 * these values, others may be. What ProtoJSON leaves out counts as its default: false,
 * 0, "", [] and an enum's UNSET. 64-bit numbers may be spelt as numbers. Lists must
 * match in length and order. "~regex" matches a string. What is absent
 * of an object with a member "sealed" that is not empty cannot be read, as in facts from
 * a journal without its keys: with trusts_sealed it matches, else nothing there does. */
#ifndef TESTS_SCENARIO_MATCH_H
#define TESTS_SCENARIO_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* False, and why names the place and both values. actual may be NULL: absent. */
bool match_json(json_t *expected, json_t *actual, bool trusts_sealed, char *why, size_t why_size);
/* What stands at a path such as "results[0].personId"; borrowed; NULL if nothing. */
json_t *match_path(json_t *root, const char *path);
/* POSIX extended; false too if the pattern is none, and why says so. */
bool match_regex(const char *pattern, const char *text, char *why, size_t why_size);

#endif
