/* common/credential/jcs.h
 *
 * The JSON Canonicalization Scheme (RFC 8785): one spelling for each JSON value, so that
 * a signature covers what a text says and not how it was typed. Texts are parsed into a
 * tree whose numbers are already spelt and whose members are already sorted canonically;
 * writing it out is then a walk. */
#ifndef COMMON_CREDENTIAL_JCS_H
#define COMMON_CREDENTIAL_JCS_H

#include "common/base/arena.h"
#include "common/wire/json.h"

enum {
	JCS_INPUT_BYTES_MAX = 64 << 10,  /* a credential has about 2 KiB */
	JCS_LARGE_BYTES_MAX = 512 << 10, /* a full status list has 180 KiB */
	JCS_VALUES_MAX = 4096,           /* it has about 60; each takes up to 200 bytes of the arena and 2 us */
	JCS_NUMBER_BYTES_MAX = 64,       /* a double is spelt in 25; longer ones only pad */
};

struct jcs_value {
	enum json_kind kind;     /* JSON_OBJECT, _ARRAY, _STRING, _NUMBER, _TRUE, _FALSE or _NULL */
	struct slice name;       /* within an object, decoded */
	struct slice text;       /* of a string, decoded; of a number, as ES6 spells it */
	struct jcs_value *first; /* of an object or array; members are sorted by UTF-16 code units */
	struct jcs_value *next;
	struct jcs_value *parent;
};

struct jcs_tree {
	struct jcs_value *root;
	size_t values;
	const char *fault; /* when root is NULL: why, a sentence without full stop */
	bool respelt;      /* some number was not spelt canonically: the same value, typed in another way */
};

/* Refuses what json.h refuses, duplicate members, and numbers no double can hold. The tree
 * points into input and lives in the arena. */
struct jcs_tree jcs_parse(struct arena *arena, struct slice input);
/* The same of what may be larger; bytes_max is at most JCS_LARGE_BYTES_MAX. */
struct jcs_tree jcs_parse_upto(struct arena *arena, struct slice input, size_t bytes_max);

/* The canonical text; without names members of the top object to leave out, or NULL. */
struct slice jcs_text(struct arena *arena, const struct jcs_value *value, const char *without);

const struct jcs_value *jcs_member(const struct jcs_value *object, const char *name); /* NULL if absent */
/* The member is a string and is this text. */
bool jcs_member_is(const struct jcs_value *object, const char *name, const char *text);

/* A finite double as ECMAScript spells it (ECMA-262, Number::toString). */
const char *jcs_number(struct arena *arena, double value);

#endif
