/* services/gateway/http.c
 *
 * libmicrohttpd watches its sockets in an epoll set of its own; that set is one
 * descriptor in libuv's. When it turns readable, or an answer was given, the next pass
 * runs the daemon once, before the loop sleeps. Each connection has a record of what
 * it is doing and since when; a sweep every second ends those that take too long. */
#include "services/gateway/http.h"

#include "common/base/fatal.h"
#include "services/gateway/http_impl.h"
#include "services/gateway/request.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 4096, DESCRIPTORS_BESIDE = 512 };

const uint64_t latency_bounds_us[LATENCY_BUCKETS - 1] = {
	500, 1000, 2000, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000,
};

/* --- connections ------------------------------------------------------------------------------------------------- */

struct connection *
connection_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info == NULL ? NULL : info->socket_context;
}

void
connection_enter(struct http *http, struct MHD_Connection *connection, enum connection_state state)
{
	struct connection *record = connection_of(connection);
	if (record == NULL)
		return;
	record->state = state;
	record->since_ms = uv_now(http->loop);
}

static void
on_connection(void *context, struct MHD_Connection *connection, void **record_at,
	      enum MHD_ConnectionNotificationCode code)
{
	struct http *http = context;
	struct connection *record = *record_at;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (record == NULL)
			return;
		*record->at = record->next;
		if (record->next != NULL)
			record->next->at = record->at;
		http->counters.connections--;
		free(record);
		return;
	}
	record = calloc(1, sizeof(*record));
	if (record == NULL)
		fatal("no memory left for a connection");
	record->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	record->since_ms = uv_now(http->loop);
	record->next = http->connections;
	record->at = &http->connections;
	if (record->next != NULL)
		record->next->at = &record->next;
	http->connections = record;
	http->counters.connections++;
	http->counters.accepted++;
	*record_at = record;
}

static uint64_t
patience_ms(const struct http *http, enum connection_state state)
{
	switch (state) {
	case CONNECTION_IDLE:
		return 1000 * (http->counters.connections > CONNECTIONS_CROWDED ? (uint64_t)CONNECTION_IDLE_CROWDED_S
										: (uint64_t)CONNECTION_IDLE_S);
	case CONNECTION_RECEIVING:
		return UINT64_C(1000) * REQUEST_RECEIVE_S;
	case CONNECTION_SENDING:
		return UINT64_C(1000) * REPLY_SEND_S;
	case CONNECTION_WORKING:
	case CONNECTION_STREAMING:
		return UINT64_MAX; /* its end is the call's deadline, or the stream's own */
	}
	return UINT64_MAX;
}

static void
on_sweep(uv_timer_t *timer)
{
	struct http *http = timer->data;
	uint64_t now_ms = uv_now(http->loop);
	for (struct connection *at = http->connections; at != NULL; at = at->next) {
		if (now_ms - at->since_ms <= patience_ms(http, at->state))
			continue;
		shutdown(at->fd, SHUT_RDWR); /* libmicrohttpd sees the end and cleans up */
		at->since_ms = now_ms;
		http->counters.slow_ended++;
	}
	http->dirty = true; /* its own timeouts count in seconds */
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

/* The request line is there. What it returns becomes the request's first context: none. */
static void *
on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct connection *record = connection_of(connection);
	connection_enter(context, connection, CONNECTION_RECEIVING);
	if (record != NULL)
		record->target_has_space = strchr(uri, ' ') != NULL;
	return NULL;
}

/* Paths and parameters are decoded by route.c, piece by piece. */
static size_t
on_unescape(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static enum MHD_Result
response_queue(struct request *request)
{
	struct http *http = request->http;
	struct MHD_Response *response = request->response;
	const struct connection *record = connection_of(request->connection);
	if (record == NULL || record->state != CONNECTION_STREAMING)
		connection_enter(http, request->connection, CONNECTION_SENDING);
	request->response = NULL;
	enum MHD_Result queued = MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	return queued;
}

static bool
body_take(struct request *request, const char *piece, size_t size)
{
	struct http *http = request->http;
	size_t limit = request->endpoint == NULL ? 0 : request->endpoint->body_bytes_max;
	bool refused = request->response != NULL;
	if (!refused && !request->body_too_large && request->body.size + size <= limit &&
	    http->counters.bodies_bytes + size <= BODIES_BYTES_MAX) {
		buf_append(&request->body, slice_of(piece, size));
		http->counters.bodies_bytes += size;
		return true;
	}
	request->body_too_large = true;
	request->body_excess += size;
	return request->body_excess <= BODY_EXCESS_MAX + (refused ? limit : 0);
}

static void
request_serve(struct request *request)
{
	struct http *http = request->http;
	connection_enter(http, request->connection, CONNECTION_WORKING);
	request->served = true;
	request->owed = true;
	http->counters.in_flight++;
	if (!request->body_too_large) {
		request->endpoint->serve(request, request->endpoint->context);
		return;
	}
	if (request->body.size + request->body_excess <= request->endpoint->body_bytes_max)
		request_refuse(request, PROBLEM_UNAVAILABLE, NULL, "too many bodies are being received, come again");
	else if (request->endpoint->body_bytes_max == 0)
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "this request takes no body");
	else
		request_refuse(request, PROBLEM_CONTENT_TOO_LARGE, NULL, "the body is larger than %zu bytes",
			       request->endpoint->body_bytes_max);
}

/* --- bodies taken as they come ----------------------------------------------------------------------------------- */

/* What is refused has REQUEST_RECEIVE_S to come to its end, what is taken has it for each piece. */
static void
sink_receive(struct request *request)
{
	const struct connection *record = connection_of(request->connection);
	if (request->response == NULL || (record != NULL && record->state != CONNECTION_RECEIVING))
		connection_enter(request->http, request->connection, CONNECTION_RECEIVING);
}

static enum MHD_Result
sink_wait(struct request *request)
{
	connection_enter(request->http, request->connection, CONNECTION_WORKING);
	request->suspended = true;
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

static enum MHD_Result
sink_begin(struct request *request)
{
	request->sink_began = true;
	request->owed = true;
	request->http->counters.in_flight++;
	request->endpoint->sink->begin(request, request->endpoint->context);
	if (request->response == NULL)
		return sink_wait(request);
	request->served = true;
	return request_drains(request) ? MHD_YES : response_queue(request);
}

/* Resumed behind begin libmicrohttpd calls once more without a piece, then with pieces, then without one at the end.
 * What is answered in the middle of a body is sent behind it: it cannot be sent before. */
static enum MHD_Result
sink_piece(struct request *request, const char *piece, size_t *piece_bytes)
{
	const struct body_sink *sink = request->endpoint->sink;
	sink_receive(request);
	if (!request->served && *piece_bytes == 0) {
		request->served = true;
		return request->response == NULL || request_drains(request) ? MHD_YES : response_queue(request);
	}
	request->served = true;
	if (*piece_bytes > 0) {
		size_t taken = *piece_bytes;
		if (request->response == NULL)
			taken = sink->take(request, slice_of(piece, *piece_bytes));
		if (request->response != NULL)
			taken = *piece_bytes;
		*piece_bytes -= taken;
		return *piece_bytes == 0 ? MHD_YES : sink_wait(request);
	}
	if (request->response == NULL)
		sink->end(request);
	return request->response != NULL ? response_queue(request) : sink_wait(request);
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path, const char *verb, const char *version,
	   const char *piece, size_t *piece_bytes, void **request_at)
{
	struct http *http = context;
	struct request *request = *request_at;
	if (request == NULL) {
		request = request_new(http, connection, verb);
		request->is_http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
		*request_at = request;
		http->counters.requests++;
		if (request_begin(request, http->routes, http->endpoints, path))
			return request->endpoint->sink == NULL ? MHD_YES : sink_begin(request);
		http->counters.refused++;
		return request_drains(request) ? MHD_YES : response_queue(request);
	}
	if (request->sink_began)
		return sink_piece(request, piece, piece_bytes);
	if (*piece_bytes > 0) {
		bool taken = body_take(request, piece, *piece_bytes);
		*piece_bytes = 0;
		return taken ? MHD_YES : MHD_NO;
	}
	if (!request->served && request->response == NULL)
		request_serve(request);
	if (request->response != NULL)
		return response_queue(request);
	request->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static void
endpoint_count(struct endpoint *endpoint, const struct request *request)
{
	uint64_t took_us = uv_hrtime() / 1000 - request->began_us;
	size_t bucket = 0;
	while (bucket < LATENCY_BUCKETS - 1 && took_us > latency_bounds_us[bucket])
		bucket++;
	endpoint->buckets[bucket]++;
	endpoint->latency_sum_us += took_us;
	endpoint->answers[request->status / 100 % 6]++;
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **request_at, enum MHD_RequestTerminationCode code)
{
	struct http *http = context;
	struct request *request = *request_at;
	(void)code;
	connection_enter(http, connection, CONNECTION_IDLE);
	if (request == NULL)
		return;
	*request_at = NULL;
	if (request->sink_began)
		request->endpoint->sink->gone(request);
	if (request->endpoint != NULL)
		endpoint_count(request->endpoint, request);
	http->counters.bodies_bytes -= request->body.size;
	http->counters.in_flight -= request->owed ? 1 : 0;
	request_free(request);
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct http *http = poll->data;
	(void)status;
	(void)events;
	http->dirty = true; /* http_run follows in this pass */
}

static void
on_idle(uv_idle_t *idle)
{
	(void)idle; /* its being active keeps the loop from sleeping */
}

void
http_wake(struct http *http)
{
	http->dirty = true;
}

void
http_run(struct http *http)
{
	if (http->closing)
		return;
	if (http->dirty) {
		MHD_UNSIGNED_LONG_LONG timeout_ms = 1;
		http->dirty = false;
		MHD_run(http->daemon);
		if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0)
			http->dirty = true;
	}
	if (http->dirty)
		uv_idle_start(&http->idle, on_idle);
	else
		uv_idle_stop(&http->idle);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

/* The number of connections the system lets us hold. */
static unsigned
connections_max(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 512;
	rlim_t wanted = CONNECTIONS_MAX + DESCRIPTORS_BESIDE;
	if (limit.rlim_cur < wanted) {
		struct rlimit raised = {.rlim_cur = wanted, .rlim_max = limit.rlim_max};
		if (raised.rlim_max != RLIM_INFINITY && raised.rlim_max < wanted)
			raised.rlim_cur = raised.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	if (limit.rlim_cur >= wanted)
		return CONNECTIONS_MAX;
	return limit.rlim_cur > 2 * DESCRIPTORS_BESIDE ? (unsigned)limit.rlim_cur - DESCRIPTORS_BESIDE : 256;
}

/* Not strict: what that refuses is refused in request.c, in a shape of ours; libmicrohttpd 0.9.75 would send its header
 * twice. */
static struct MHD_Daemon *
daemon_start(struct http *http, const struct sockaddr *address)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	flags |= address->sa_family == AF_INET6 ? MHD_USE_IPv6 : 0;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, address,
				MHD_OPTION_CONNECTION_LIMIT, connections_max(), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SILENT_S,
				MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)LISTEN_BACKLOG, MHD_OPTION_STRICT_FOR_CLIENT,
				0, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED,
				on_completed, http, MHD_OPTION_URI_LOG_CALLBACK, on_uri, http,
				MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, http, MHD_OPTION_END);
}

struct http *
http_open(uv_loop_t *loop, const struct sockaddr *address, struct host_error *error)
{
	struct http *http = calloc(1, sizeof(*http));
	if (http == NULL)
		fatal("no memory left for the HTTP server");
	http->loop = loop;
	http->listener_quiet = -1;
	arena_init(&http->arena, 64 << 10, 0);
	http->routes = routes_new(&http->arena);
	http->daemon = daemon_start(http, address);
	if (http->daemon == NULL) {
		host_error_set(error, "the HTTP address cannot be listened on: %s", strerror(errno));
		arena_free(&http->arena);
		free(http);
		return NULL;
	}
	int fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	if (uv_poll_init(loop, &http->poll, fd) != 0)
		fatal("the HTTP server's epoll set cannot be watched");
	uv_idle_init(loop, &http->idle);
	uv_timer_init(loop, &http->sweep);
	http->poll.data = http;
	http->idle.data = http;
	http->sweep.data = http;
	http->handles_open = 3;
	uv_poll_start(&http->poll, UV_READABLE, on_readable);
	uv_timer_start(&http->sweep, on_sweep, CONNECTION_SWEEP_MS, CONNECTION_SWEEP_MS);
	return http;
}

void
http_add(struct http *http, const struct endpoint *endpoint)
{
	assert(http->endpoints_count < ENDPOINTS_MAX);
	http->endpoints[http->endpoints_count] = *endpoint;
	routes_add(http->routes, endpoint->verb, endpoint->path, (unsigned)http->endpoints_count);
	http->endpoints_count++;
}

unsigned
http_port(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void
http_stop_accepting(struct http *http)
{
	if (http->listener_quiet < 0)
		http->listener_quiet = MHD_quiesce_daemon(http->daemon);
	http->dirty = true;
}

static void
on_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;
	http->handles_open--;
	if (http->handles_open > 0)
		return;
	arena_free(&http->arena);
	free(http);
}

void
http_close(struct http *http)
{
	http->closing = true;
	uv_poll_stop(&http->poll);
	MHD_stop_daemon(http->daemon);
	if (http->listener_quiet >= 0)
		close(http->listener_quiet);
	uv_close((uv_handle_t *)&http->poll, on_closed);
	uv_close((uv_handle_t *)&http->idle, on_closed);
	uv_close((uv_handle_t *)&http->sweep, on_closed);
}

const struct endpoint *
http_endpoints(const struct http *http, size_t *count)
{
	*count = http->endpoints_count;
	return http->endpoints;
}

struct http_counters
http_counters(const struct http *http)
{
	return http->counters;
}
