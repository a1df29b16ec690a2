/* services/gateway/outlet.c
 *
 * libmicrohttpd asks for the next piece; when there is none, the connection is
 * suspended until something is written. A reader that stalls is seen by its buffer
 * alone: beyond the limit the socket is shut down and libmicrohttpd cleans up. */
#include "services/gateway/outlet.h"

#include "common/base/fatal.h"
#include "services/gateway/http_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

struct outlet {
	struct http *http;
	struct MHD_Connection *connection;
	struct outlet_owner owner;
	struct buf pending;
	size_t sent;  /* of pending */
	bool started; /* libmicrohttpd asked once: it may be suspended from here on */
	bool suspended;
	bool ended;
	bool broken;
};

static unsigned open_count;
static uint64_t cut_count;
static size_t bytes_held; /* by all buffers */

unsigned
outlets_open(void)
{
	return open_count;
}

uint64_t
outlets_cut(void)
{
	return cut_count;
}

static void
outlet_resume(struct outlet *outlet)
{
	http_wake(outlet->http);
	if (!outlet->suspended)
		return;
	outlet->suspended = false;
	MHD_resume_connection(outlet->connection);
}

static ssize_t
on_wanted(void *context, uint64_t position, char *piece, size_t size)
{
	struct outlet *outlet = context;
	(void)position;
	if (outlet->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t left = outlet->pending.size - outlet->sent;
	if (left == 0 && !outlet->ended && outlet->owner.on_empty != NULL)
		outlet->owner.on_empty(outlet->owner.context);
	left = outlet->pending.size - outlet->sent;
	if (left == 0 && outlet->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (left == 0) {
		outlet->suspended = true;
		MHD_suspend_connection(outlet->connection);
		return 0;
	}
	size_t taken = left < size ? left : size;
	memcpy(piece, outlet->pending.data + outlet->sent, taken);
	outlet->sent += taken;
	bytes_held -= taken;
	if (outlet->sent == outlet->pending.size) {
		buf_reset(&outlet->pending);
		outlet->sent = 0;
	}
	return (ssize_t)taken;
}

static void
on_free(void *context)
{
	struct outlet *outlet = context;
	outlet->owner.on_gone(outlet->owner.context);
	bytes_held -= outlet->pending.size - outlet->sent;
	buf_free(&outlet->pending);
	free(outlet);
	open_count--;
}

static ssize_t
on_head_wanted(void *context, uint64_t at, char *out, size_t max)
{
	(void)context;
	(void)at;
	(void)out;
	(void)max;
	return MHD_CONTENT_READER_END_OF_STREAM;
}

/* The header of a GET, which tells no length (RFC 9110 section 9.3.2). Without being told otherwise libmicrohttpd ends
 * the body that HEAD has none of with a last chunk, in front of the next answer. */
bool
outlet_answer_head(struct request *request, const char *type)
{
	if (strcmp(request->verb, "HEAD") != 0)
		return false;
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, on_head_wanted, NULL, NULL);
	if (response != NULL)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	request_header_add(request, "X-Accel-Buffering", "no");
	request_respond(request, 200, type, response);
	return true;
}

struct outlet *
outlet_open(struct request *request, const char *type, const struct outlet_owner *owner)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	if (outlet == NULL)
		fatal("no memory left for a stream");
	open_count++;
	outlet->http = request->http;
	outlet->connection = request->connection;
	outlet->owner = *owner;
	buf_init(&outlet->pending, STREAM_BUFFER_BYTES_MAX);
	connection_enter(request->http, request->connection, CONNECTION_STREAMING);
	int socket_bytes = STREAM_SOCKET_BYTES;
	setsockopt(connection_of(request->connection)->fd, SOL_SOCKET, SO_SNDBUF, &socket_bytes, sizeof(socket_bytes));
	request_header_add(request, "X-Accel-Buffering", "no"); /* nginx would hold events back */
	request_respond(
		request, 200, type,
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE_BYTES, on_wanted, outlet, on_free));
	return outlet;
}

/* Makes room in front by moving what is left down. */
static void
pending_compact(struct outlet *outlet)
{
	size_t left = outlet->pending.size - outlet->sent;
	if (outlet->sent == 0 || left > outlet->sent)
		return;
	memmove(outlet->pending.data, outlet->pending.data + outlet->sent, left);
	outlet->pending.size = left;
	outlet->sent = 0;
}

void
outlet_write(struct outlet *outlet, struct slice bytes)
{
	if (outlet->ended || outlet->broken || bytes.size == 0)
		return;
	pending_compact(outlet);
	size_t before = outlet->pending.size;
	if (bytes_held + bytes.size <= STREAMS_BYTES_MAX)
		buf_append(&outlet->pending, bytes);
	bytes_held += outlet->pending.size - before;
	if (outlet->pending.size == before) {
		outlet->broken = true;
		cut_count++;
		shutdown(connection_of(outlet->connection)->fd, SHUT_RDWR);
	}
	outlet_resume(outlet);
}

void
outlet_end(struct outlet *outlet)
{
	outlet->ended = true;
	outlet_resume(outlet);
}
