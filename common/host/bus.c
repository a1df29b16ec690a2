/* common/host/bus.c
 *
 * ZMQ_FD is edge-triggered: it becomes readable when something may have changed, and
 * reading ZMQ_EVENTS, receiving or sending takes the edge away. So the poll handle
 * only wakes the loop, and says which socket to look at. After the poll, `check`
 * receives; before the next poll, `prepare` asks again, because a send in between may
 * have taken an edge, and if anything is waiting starts `idle`, with which the loop
 * does not sleep. A socket that nobody touched since it was found empty still has its
 * edge, and is not asked: each asking is two system calls.
 *
 * A slow timer looks whether a socket slept over something nonetheless: its
 * descriptor shows no edge, it received nothing since the last look, and yet there
 * is work. That is counted and must never happen. */
#include "common/host/bus.h"

#include "common/base/fatal.h"
#include "common/core/limits.h"
#include "common/host/files.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
	PASS_MESSAGES_MAX = 256, /* of each socket, before the others have their turn */
	SAFETY_INTERVAL_MS = 1000,
	LINGER_MS = 1000, /* of replies; a question to a peer that is away is not waited for */
	RECONNECT_MS = 50,
	RECONNECT_MS_MAX = 250, /* a node is back within two seconds, and to look costs little */
	HEARTBEAT_MS = 10000,   /* on TCP: a peer that vanished is noticed */
	HEARTBEAT_TIMEOUT_MS = 30000,
	HANDSHAKE_MS = 2000,      /* on TCP: then a client that is not let in yet is cut off, and tries again */
	IPC_PATH_BYTES_MAX = 107, /* sun_path */
	DOMAIN_BYTES = 24,
};

struct bus_socket {
	struct bus *bus;
	struct bus_socket *next;
	void *zmq;
	uv_poll_t poll;
	int fd;
	struct bus_options options;
	struct curve curve;
	char domain[DOMAIN_BYTES];
	bool is_zap;
	bool touched; /* since it was found empty: what arrived may show no edge */
	struct bus_counters counters;
	uint64_t handled;         /* messages of any kind */
	uint64_t handled_at_look; /* of the safety timer */
};

struct bus {
	uv_loop_t *loop;
	void *zmq;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle;
	uv_timer_t safety;
	unsigned handles_open;
	unsigned sockets_made;
	struct bus_socket *sockets;
	struct bus_socket *zap;
};

static bool
socket_has_input(const struct bus_socket *socket)
{
	int events = 0;
	size_t size = sizeof(events);
	return zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

static bool
socket_allow_sender(struct bus_socket *socket, zmq_msg_t *body, uint8_t key[CURVE_KEY_BYTES], struct slice *sender)
{
	*sender = slice_of(NULL, 0);
	if (socket->domain[0] == '\0')
		return true;
	if (!zap_sender(body, key) || socket->curve.allow == NULL || !socket->curve.allow(socket->curve.context, key)) {
		socket->counters.denied++;
		return false;
	}
	*sender = slice_of(key, CURVE_KEY_BYTES);
	return true;
}

static void
socket_tell_unfit(struct bus_socket *socket, zmq_msg_t *route, enum bus_unfit why)
{
	if (socket->options.on_unfit != NULL)
		socket->options.on_unfit(socket->options.context, slice_of(zmq_msg_data(route), zmq_msg_size(route)),
					 why);
}

static void
socket_deliver(struct bus_socket *socket, zmq_msg_t *route, zmq_msg_t *body)
{
	uint8_t key[CURVE_KEY_BYTES];
	struct slice sender;
	if (!socket_allow_sender(socket, body, key, &sender)) {
		socket_tell_unfit(socket, route, BUS_UNFIT_KEY);
		return;
	}
	socket->counters.received++;
	socket->options.on_frame(socket->options.context, slice_of(zmq_msg_data(route), zmq_msg_size(route)),
				 slice_of(zmq_msg_data(body), zmq_msg_size(body)), sender);
}

/* Takes one message off the socket, all its parts; false if there is none. */
static bool
socket_receive(struct bus_socket *socket)
{
	zmq_msg_t parts[2];
	zmq_msg_t spare;
	size_t wanted = socket->options.kind == BUS_ROUTER ? 2 : 1;
	size_t count = 0;
	bool more = true;
	zmq_msg_init(&parts[0]);
	zmq_msg_init(&parts[1]);
	zmq_msg_init(&spare);
	while (more) {
		zmq_msg_t *part = count < wanted ? &parts[2 - wanted + count] : &spare;
		if (zmq_msg_recv(part, socket->zmq, ZMQ_DONTWAIT) < 0)
			break;
		count++;
		more = zmq_msg_more(part);
	}
	if (count == wanted) {
		socket_deliver(socket, &parts[0], &parts[1]);
	} else if (count > 0) {
		socket->counters.malformed++;
		socket_tell_unfit(socket, &parts[0], BUS_UNFIT_PARTS);
	}
	zmq_msg_close(&parts[0]);
	zmq_msg_close(&parts[1]);
	zmq_msg_close(&spare);
	return count > 0;
}

static bool
zap_allow(void *context, const char *domain, const uint8_t key[CURVE_KEY_BYTES])
{
	const struct bus *bus = context;
	for (struct bus_socket *socket = bus->sockets; socket != NULL; socket = socket->next) {
		if (socket->domain[0] == '\0' || strcmp(socket->domain, domain) != 0)
			continue;
		bool allowed = socket->curve.allow != NULL && socket->curve.allow(socket->curve.context, key);
		socket->counters.denied += allowed ? 0 : 1;
		return allowed;
	}
	return false;
}

static void
socket_drain(struct bus_socket *socket)
{
	for (int i = 0; i < PASS_MESSAGES_MAX; i++) {
		bool got = socket->is_zap ? zap_answer(socket->zmq, zap_allow, socket->bus) : socket_receive(socket);
		if (!got)
			return;
		socket->handled++;
	}
}

static void
on_check(uv_check_t *check)
{
	const struct bus *bus = check->data;
	for (struct bus_socket *socket = bus->sockets; socket != NULL; socket = socket->next) {
		if (socket->touched && socket_has_input(socket))
			socket_drain(socket);
	}
}

static void
on_idle(uv_idle_t *idle)
{
	(void)idle; /* its being active keeps the loop from sleeping */
}

static void
on_prepare(uv_prepare_t *prepare)
{
	struct bus *bus = prepare->data;
	bool waiting = false;
	for (struct bus_socket *socket = bus->sockets; socket != NULL; socket = socket->next) {
		socket->touched = socket->touched && socket_has_input(socket);
		waiting = waiting || socket->touched;
	}
	if (waiting)
		uv_idle_start(&bus->idle, on_idle);
	else
		uv_idle_stop(&bus->idle);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct bus_socket *socket = handle->data;
	socket->touched = true; /* check does the rest */
	(void)status;
	(void)events;
}

static void
on_safety(uv_timer_t *timer)
{
	const struct bus *bus = timer->data;
	for (struct bus_socket *socket = bus->sockets; socket != NULL; socket = socket->next) {
		bool quiet = socket->handled == socket->handled_at_look;
		socket->handled_at_look = socket->handled;
		struct pollfd edge = {.fd = socket->fd, .events = POLLIN};
		if (quiet && !uv_is_active((uv_handle_t *)&bus->idle) && poll(&edge, 1, 0) == 0 &&
		    socket_has_input(socket))
			socket->counters.safety_found_work++;
		socket->touched = true;
	}
	/* prepare follows in this very pass and sees what was found. */
}

struct bus *
bus_new(uv_loop_t *loop)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	void *zmq = zmq_ctx_new();
	if (bus == NULL || zmq == NULL)
		fatal("no memory left for a bus");
	bus->loop = loop;
	bus->zmq = zmq;
	uv_prepare_init(loop, &bus->prepare);
	uv_check_init(loop, &bus->check);
	uv_idle_init(loop, &bus->idle);
	uv_timer_init(loop, &bus->safety);
	bus->prepare.data = bus;
	bus->check.data = bus;
	bus->idle.data = bus;
	bus->safety.data = bus;
	bus->handles_open = 4;
	uv_prepare_start(&bus->prepare, on_prepare);
	uv_check_start(&bus->check, on_check);
	uv_timer_start(&bus->safety, on_safety, SAFETY_INTERVAL_MS, SAFETY_INTERVAL_MS);
	return bus;
}

static void
bus_end(struct bus *bus)
{
	struct bus_socket *socket = bus->sockets;
	while (socket != NULL) {
		struct bus_socket *next = socket->next;
		zmq_close(socket->zmq);
		free(socket);
		socket = next;
	}
	zmq_ctx_term(bus->zmq); /* waits up to LINGER_MS for what was sent */
	free(bus);
}

static void
handle_closed(struct bus *bus)
{
	assert(bus->handles_open > 0);
	bus->handles_open--;
	if (bus->handles_open == 0)
		bus_end(bus);
}

static void
on_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void
on_poll_closed(uv_handle_t *handle)
{
	const struct bus_socket *socket = handle->data;
	handle_closed(socket->bus);
}

void
bus_free(struct bus *bus)
{
	if (bus == NULL)
		return;
	for (struct bus_socket *socket = bus->sockets; socket != NULL; socket = socket->next)
		uv_close((uv_handle_t *)&socket->poll, on_poll_closed);
	uv_close((uv_handle_t *)&bus->prepare, on_closed);
	uv_close((uv_handle_t *)&bus->check, on_closed);
	uv_close((uv_handle_t *)&bus->idle, on_closed);
	uv_close((uv_handle_t *)&bus->safety, on_closed);
}

static bool
socket_set(void *zmq, int option, int value)
{
	return zmq_setsockopt(zmq, option, &value, sizeof(value)) == 0;
}

static bool
socket_set_limits(void *zmq, const struct bus_options *options, bool tcp)
{
	int64_t frame_bytes = options->frame_bytes_max == 0 ? FRAME_BYTES_MAX : (int64_t)options->frame_bytes_max;
	int queue = options->queue_frames == 0 ? BUS_QUEUE_FRAMES : options->queue_frames;
	bool good = zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &frame_bytes, sizeof(frame_bytes)) == 0 &&
		    socket_set(zmq, ZMQ_SNDHWM, queue) && socket_set(zmq, ZMQ_RCVHWM, queue) &&
		    socket_set(zmq, ZMQ_LINGER, options->kind == BUS_ROUTER ? LINGER_MS : 0) &&
		    socket_set(zmq, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
		    socket_set(zmq, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS_MAX);
	/* Frames for a peer that is away are refused, not kept: a command executed hours after its
	 * caller was told 503 would be worse than a lost one. */
	if (options->kind == BUS_DEALER)
		good = good && socket_set(zmq, ZMQ_IMMEDIATE, 1);
	if (options->kind == BUS_ROUTER)
		good = good && socket_set(zmq, ZMQ_ROUTER_MANDATORY, 1);
	if (tcp)
		good = good && socket_set(zmq, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) &&
		       socket_set(zmq, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS) &&
		       socket_set(zmq, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) && socket_set(zmq, ZMQ_IPV6, 1);
	return good;
}

/* Puts an open zmq socket under the loop. */
static struct bus_socket *
socket_adopt(struct bus *bus, void *zmq, const struct bus_options *options)
{
	struct bus_socket *socket = calloc(1, sizeof(*socket));
	if (socket == NULL)
		fatal("no memory left for a socket");
	size_t size = sizeof(socket->fd);
	int code = zmq_getsockopt(zmq, ZMQ_FD, &socket->fd, &size);
	if (code == 0)
		code = uv_poll_init(bus->loop, &socket->poll, socket->fd);
	if (code != 0)
		fatal("a ZeroMQ socket cannot be watched");
	socket->bus = bus;
	socket->zmq = zmq;
	socket->options = *options;
	socket->options.curve = NULL; /* a copy of it is ours */
	if (options->curve != NULL)
		socket->curve = *options->curve;
	socket->poll.data = socket;
	socket->touched = true;
	uv_poll_start(&socket->poll, UV_READABLE, on_poll);
	socket->next = bus->sockets;
	bus->sockets = socket;
	bus->handles_open++;
	bus->sockets_made++;
	return socket;
}

static bool
zap_start(struct bus *bus, struct host_error *error)
{
	if (bus->zap != NULL)
		return true;
	void *zmq = zmq_socket(bus->zmq, ZMQ_REP);
	if (zmq == NULL || !socket_set(zmq, ZMQ_LINGER, 0) || zmq_bind(zmq, "inproc://zeromq.zap.01") != 0) {
		host_error_set(error, "the CURVE allow-list cannot be started: %s", zmq_strerror(zmq_errno()));
		if (zmq != NULL)
			zmq_close(zmq);
		return false;
	}
	struct bus_options options = {.kind = BUS_DEALER};
	bus->zap = socket_adopt(bus, zmq, &options);
	bus->zap->is_zap = true;
	return true;
}

static bool
endpoint_prepare(const char *endpoint, const struct bus_options *options, bool binds, struct host_error *error)
{
	bool ipc = strncmp(endpoint, "ipc://", 6) == 0;
	if (!ipc && strncmp(endpoint, "inproc://", 9) != 0 && options->curve == NULL)
		return host_error_set(error, "endpoint %s needs CURVE keys", endpoint);
	if (!ipc)
		return true;
	const char *path = endpoint + 6;
	if (strlen(path) > IPC_PATH_BYTES_MAX)
		return host_error_set(error, "endpoint %s is longer than the %d bytes a local socket may have",
				      endpoint, IPC_PATH_BYTES_MAX);
	const char *slash = strrchr(path, '/');
	if (!binds || slash == NULL || slash == path)
		return true;
	char folder[PATH_BYTES_MAX];
	path_format(folder, "%.*s", (int)(slash - path), path);
	return folder_make(folder, error);
}

static struct bus_socket *
socket_open(struct bus *bus, const char *endpoint, const struct bus_options *options, bool binds,
	    struct host_error *error)
{
	assert(options->on_frame != NULL);
	if (!endpoint_prepare(endpoint, options, binds, error))
		return NULL;
	if (binds && options->curve != NULL && !zap_start(bus, error))
		return NULL;
	char domain[DOMAIN_BYTES] = "";
	if (binds && options->curve != NULL)
		snprintf(domain, sizeof(domain), "socket-%u", bus->sockets_made);
	void *zmq = zmq_socket(bus->zmq, options->kind == BUS_ROUTER ? ZMQ_ROUTER : ZMQ_DEALER);
	bool good = zmq != NULL && socket_set_limits(zmq, options, strncmp(endpoint, "tcp://", 6) == 0);
	if (good && options->curve != NULL)
		good = binds ? curve_bind(zmq, options->curve, domain) : curve_connect(zmq, options->curve);
	if (good)
		good = (binds ? zmq_bind(zmq, endpoint) : zmq_connect(zmq, endpoint)) == 0;
	if (!good) {
		host_error_set(error, "endpoint %s cannot be %s: %s", endpoint, binds ? "bound" : "connected",
			       zmq_strerror(zmq_errno()));
		if (zmq != NULL)
			zmq_close(zmq);
		return NULL;
	}
	struct bus_socket *socket = socket_adopt(bus, zmq, options);
	memcpy(socket->domain, domain, sizeof(domain));
	return socket;
}

struct bus_socket *
bus_bind(struct bus *bus, const char *endpoint, const struct bus_options *options, struct host_error *error)
{
	return socket_open(bus, endpoint, options, true, error);
}

struct bus_socket *
bus_connect(struct bus *bus, const char *endpoint, const struct bus_options *options, struct host_error *error)
{
	return socket_open(bus, endpoint, options, false, error);
}

bool
bus_send(struct bus_socket *socket, struct slice route, struct slice frame)
{
	bool sent = true;
	socket->touched = true;
	if (socket->options.kind == BUS_ROUTER)
		sent = zmq_send(socket->zmq, route.data, route.size, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0;
	sent = sent && zmq_send(socket->zmq, frame.data, frame.size, ZMQ_DONTWAIT) >= 0;
	socket->counters.sent += sent ? 1 : 0;
	socket->counters.dropped += sent ? 0 : 1;
	return sent;
}

struct bus_counters
bus_counters(const struct bus_socket *socket)
{
	return socket->counters;
}
