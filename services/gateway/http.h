/* services/gateway/http.h
 *
 * The HTTP server: libmicrohttpd's epoll set under the libuv loop. It reads requests
 * (request.h), finds their endpoint and calls its serve function once the body is
 * there; the answer may come at once or later (reply.h), or go on for ever (outlet.h).
 *
 * Promises: memory for each connection is bounded; a connection that idles, drips its
 * request or does not read its reply ends after a while; a request with two Hosts, two
 * lengths, or a length beside an encoding is refused before anything is done. */
#ifndef SERVICES_GATEWAY_HTTP_H
#define SERVICES_GATEWAY_HTTP_H

#include "common/base/arena.h"
#include "common/host/error.h"
#include "common/wire/rule.h"
#include "services/gateway/route.h"

#include <netinet/in.h>
#include <uv.h>

struct http;
struct request;

/* Takes a body as it comes, in pieces, instead of having it gathered. */
struct body_sink {
	/* The header is there. Answers, now or later, or lets the body come with request_go_on. */
	void (*begin)(struct request *request, void *context);
	/* How much of the piece was taken; if not all, the rest comes again after request_go_on. */
	size_t (*take)(struct request *request, struct slice piece);
	/* The body is complete; not called once there is an answer. */
	void (*end)(struct request *request);
	/* The request is over, however it ended: always the last, if begin was called. */
	void (*gone)(struct request *request);
};

enum { LATENCY_BUCKETS = 12 };

struct endpoint {
	const char *verb;
	const char *path;
	const struct rule *rule; /* NULL for what the gateway answers itself */
	void (*serve)(struct request *request, void *context);
	const struct body_sink *sink; /* instead of serve */
	void *context;
	size_t body_bytes_max; /* 0: it takes no body */
	bool reads_query;      /* of an endpoint without a rule: it knows parameters */
	bool is_page;          /* for people: refusals too */
	bool shared;           /* public: scripts of any site may read the answer */
	const char *summary;   /* of an endpoint without a rule, for openapi.json; NULL: not listed */
	const char *operation; /* and its operationId, which no rule has */

	uint64_t answers[6]; /* by the first digit of the status */
	uint64_t buckets[LATENCY_BUCKETS];
	uint64_t latency_sum_us;
};

/* Upper bounds of the buckets in microseconds; the last one is "more". */
extern const uint64_t latency_bounds_us[LATENCY_BUCKETS - 1];

struct http_counters {
	uint64_t accepted;
	uint64_t connections; /* open now */
	uint64_t requests;
	uint64_t in_flight;    /* requests being answered now */
	uint64_t bodies_bytes; /* held now */
	uint64_t slow_ended;   /* connections ended for being too slow */
	uint64_t refused;      /* before an endpoint was found */
};

struct http *http_open(uv_loop_t *loop, const struct sockaddr *address, struct host_error *error);
/* The endpoint is copied; before the loop runs. */
void http_add(struct http *http, const struct endpoint *endpoint);
/* The port it listens on: the one asked for, or the one the system chose. */
unsigned http_port(const struct http *http);

/* Work off what is ready; called before the loop sleeps. */
void http_run(struct http *http);
/* Something was answered: http_run has work. */
void http_wake(struct http *http);

/* No new connections from now on. */
void http_stop_accepting(struct http *http);
/* Ends everything; streams must have been ended. The memory goes with the loop's close callbacks. */
void http_close(struct http *http);

const struct endpoint *http_endpoints(const struct http *http, size_t *count);
struct http_counters http_counters(const struct http *http);

#endif
