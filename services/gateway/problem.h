/* services/gateway/problem.h
 *
 * Refusals as RFC 9457 problem+json. Each kind has a stable type URI, an HTTP status,
 * a code (the name of the status that a service gave, or one of HTTP's own) and a
 * title in English and Vietnamese. Pure. */
#ifndef SERVICES_GATEWAY_PROBLEM_H
#define SERVICES_GATEWAY_PROBLEM_H

#include "common/base/buf.h"

#include "matricula/envelope.pb-c.h"

#define PROBLEM_TYPE_BASE "https://matricula.invalid/problems/"

enum problem_kind {
	PROBLEM_INVALID_ARGUMENT,
	PROBLEM_UNAUTHENTICATED,
	PROBLEM_PERMISSION_DENIED,
	PROBLEM_NOT_FOUND,
	PROBLEM_NO_SUCH_ROUTE,
	PROBLEM_METHOD_NOT_ALLOWED,
	PROBLEM_ALREADY_EXISTS,
	PROBLEM_FAILED_PRECONDITION,
	PROBLEM_ABORTED,
	PROBLEM_CONTENT_TOO_LARGE,
	PROBLEM_URI_TOO_LONG,
	PROBLEM_UNSUPPORTED_MEDIA_TYPE,
	PROBLEM_KEY_REUSED,
	PROBLEM_UNDRAWABLE,
	PROBLEM_RESOURCE_EXHAUSTED,
	PROBLEM_INTERNAL,
	PROBLEM_UNIMPLEMENTED,
	PROBLEM_UNAVAILABLE,
	PROBLEM_DEADLINE_EXCEEDED,
	PROBLEM_KINDS,
};

enum language { LANGUAGE_EN, LANGUAGE_VI };

struct problem {
	enum problem_kind kind;
	const char *detail;     /* one sentence that names the thing */
	const char *field;      /* in JSON spelling; NULL or "" if none is at fault */
	uint32_t retry_after_s; /* 0: the kind's own, if it has one */
};

/* What a service refused with becomes; field as in the .proto. */
enum problem_kind problem_of_status(Mt__Status status, const char *field);
unsigned problem_http_status(enum problem_kind kind);
const char *problem_code(enum problem_kind kind);
/* Seconds for Retry-After; 0 means no such header. */
uint32_t problem_retry_after(const struct problem *problem);

/* Thousandths of the q of one range of an Accept header; 1000 if it has none, 0 if it is none. */
long problem_quality(const char *text, size_t size);
/* What Accept-Language prefers of the two; NULL and anything odd mean English. */
enum language problem_language(const char *accept_language);

const char *problem_title(enum problem_kind kind, enum language language);
void problem_write(struct buf *body, const struct problem *problem, enum language language);

/* A field path as in the .proto ("session.begins_at") in JSON spelling; cut at size. */
void problem_field_name(const char *field, char *out, size_t size);
/* The name of a status, lower case ("permission_denied"): the code in a batch of events. */
const char *problem_status_word(Mt__Status status);

#endif
