/* services/gateway/request.h
 *
 * One HTTP request and its answer. It lives from its header until the answer is sent;
 * while an answer is owed the connection is suspended, so a serve function may keep
 * the pointer until it answered, and not longer. Its arena ends with it. */
#ifndef SERVICES_GATEWAY_REQUEST_H
#define SERVICES_GATEWAY_REQUEST_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "services/gateway/http.h"
#include "services/gateway/limits.h"
#include "services/gateway/problem.h"
#include "services/gateway/upstream.h"

#include <microhttpd.h>

enum { REQUEST_HEADERS_OUT_MAX = 8, TRACE_ID_BYTES = 16 };

struct request_parameter {
	const char *name;
	const char *value;
};

struct request {
	struct http *http;
	struct MHD_Connection *connection;
	struct arena arena;
	const char *verb;
	struct endpoint *endpoint; /* NULL if none was found */
	struct route_match match;
	struct request_parameter query[QUERY_PARAMETERS_MAX];
	size_t query_count;
	struct buf body;
	bool body_too_large;
	size_t body_excess;
	bool is_http_1_0;
	bool has_token;
	uint8_t token_hash[HASH_BYTES];
	bool has_trace;
	uint8_t trace_id[TRACE_ID_BYTES];
	uint64_t began_us;

	void *sink_state; /* of the endpoint's sink */
	bool sink_began;

	bool drains; /* where the body ends is not in doubt: it can be read to its end before a refusal */
	bool served; /* the endpoint was called */
	bool suspended;
	bool owed;                     /* counted as in flight */
	struct MHD_Response *response; /* the answer, until libmicrohttpd has it */
	unsigned status;
	struct request_parameter headers_out[REQUEST_HEADERS_OUT_MAX];
	size_t headers_out_count;
};

/* --- what was asked --- */

struct request *request_new(struct http *http, struct MHD_Connection *connection, const char *verb);
void request_free(struct request *request);
/* Checks the header and finds the endpoint; false if the request was refused. */
bool request_begin(struct request *request, const struct routes *routes, struct endpoint *endpoints, const char *path);
/* True if what was refused shall be answered after its body, which is not too long for that and on its way. */
bool request_drains(const struct request *request);

/* NULL if there is none. */
const char *request_header(const struct request *request, const char *name);
/* For a header that is a list: its lines as one (RFC 9110 section 5.3). */
const char *request_header_list(struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);
const char *request_path_value(const struct request *request, const char *name); /* never NULL */
/* False, and refused, if the query names anything but these (a list that ends with NULL). */
bool request_query_only(struct request *request, const char *const *names);
/* A number in the query; false, and refused, if it is none or beyond max. *value stays if absent. */
bool request_query_number(struct request *request, const char *name, uint64_t max, uint64_t *value);
/* True if the Accept header names the type and does not weigh JSON higher. */
bool request_accepts(struct request *request, const char *type);
/* True if the Accept header accepts the type, and weighs it higher than the other. */
bool request_prefers(struct request *request, const char *type, const char *other);
/* True if Content-Type is that type, whatever its parameters. */
bool request_content_is(const struct request *request, const char *type);
struct caller request_caller(const struct request *request);

/* For a sink: the body, or its next piece, may come. */
void request_go_on(struct request *request);

/* --- the answer, exactly one of these; the request must not be touched after it ---------------------- */

/* Before the answer. Texts are copied. */
void request_header_add(struct request *request, const char *name, const char *value);
/* Takes the buffer's memory. To a HEAD and as a 304 the body is not sent, but its length is told: give it whole. */
void request_answer(struct request *request, unsigned status, const char *type, struct buf *body);
/* For texts that live as long as the process. */
void request_answer_static(struct request *request, unsigned status, const char *type, struct slice body);
void request_refuse(struct request *request, enum problem_kind kind, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Passes a service's refusal on. */
void request_refuse_reply(struct request *request, const Mt__Reply *reply);
/* The call was not taken. */
void request_refuse_upstream(struct request *request, const struct upstream *upstream, Mt__Status refusal);

/* For outlet.c: the answer is this response. Without a type it has no body. */
void request_respond(struct request *request, unsigned status, const char *type, struct MHD_Response *response);

#endif
