/* services/gateway/http_impl.h
 *
 * What http.c, request.c, reply.c and outlet.c share about the server and its connections. */
#ifndef SERVICES_GATEWAY_HTTP_IMPL_H
#define SERVICES_GATEWAY_HTTP_IMPL_H

#include "services/gateway/http.h"
#include "services/gateway/limits.h"

#include <microhttpd.h>

enum connection_state {
	CONNECTION_IDLE,
	CONNECTION_RECEIVING,
	CONNECTION_WORKING,
	CONNECTION_SENDING,
	CONNECTION_STREAMING,
};

struct connection {
	struct connection *next;
	struct connection **at;
	int fd;
	enum connection_state state;
	bool target_has_space; /* of the request that is being read */
	uint64_t since_ms;
};

struct http {
	uv_loop_t *loop;
	struct MHD_Daemon *daemon;
	int listener_quiet; /* after http_stop_accepting */
	uv_poll_t poll;
	uv_idle_t idle;
	uv_timer_t sweep;
	unsigned handles_open;
	bool dirty;
	bool closing;
	struct arena arena;
	struct routes *routes;
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoints_count;
	struct connection *connections;
	struct http_counters counters;
};

struct connection *connection_of(struct MHD_Connection *connection);
void connection_enter(struct http *http, struct MHD_Connection *connection, enum connection_state state);

#endif
