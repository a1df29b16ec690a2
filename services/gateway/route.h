/* services/gateway/route.h
 *
 * Which endpoint a verb and a path mean. A template's segment is a word, {jsonName},
 * {jsonName}:verb or word:verb. Among templates that fit, more literal segments win,
 * from the left. Paths come as they were sent: segments are percent-decoded one by
 * one, so an encoded slash never makes a segment. Pure. */
#ifndef SERVICES_GATEWAY_ROUTE_H
#define SERVICES_GATEWAY_ROUTE_H

#include "common/base/arena.h"

enum { ROUTE_SEGMENTS_MAX = 12, ROUTE_VALUES_MAX = 6, ROUTE_ALLOW_BYTES = 64 };

struct routes;

struct route_value {
	const char *name;  /* JSON name, as in the template */
	const char *value; /* decoded, valid UTF-8, in the caller's arena */
};

enum route_outcome {
	ROUTE_FOUND,
	ROUTE_NO_SUCH_PATH,
	ROUTE_OTHER_VERB, /* allow says which */
	ROUTE_MALFORMED,  /* bad percent-encoding, NUL or UTF-8 */
};

struct route_match {
	unsigned endpoint; /* as given to routes_add */
	size_t count;
	struct route_value values[ROUTE_VALUES_MAX];
	char allow[ROUTE_ALLOW_BYTES]; /* "GET, HEAD, POST, OPTIONS" */
};

struct routes *routes_new(struct arena *arena);
/* Verb and path must outlive the table. Asserts that the template is well formed. */
void routes_add(struct routes *routes, const char *verb, const char *path, unsigned endpoint);

/* HEAD finds GET. */
enum route_outcome route_find(const struct routes *routes, struct arena *arena, const char *verb, const char *path,
			      struct route_match *match);

/* %41 becomes A; NULL if the encoding is broken, or the result holds NUL or is not UTF-8. */
const char *route_decode(struct arena *arena, struct slice text);

#endif
