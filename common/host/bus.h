/* common/host/bus.h
 *
 * ZeroMQ sockets under a libuv loop. One frame is one message: a ROUTER sees who
 * sent it as a route, valid as long as the connection; a DEALER has one peer and
 * needs none.
 *
 * Promises: nothing here waits. A frame that its receiver does not take (gone, or its
 * queue full) is dropped and counted, never queued without limit; the client retries.
 * Each pass of the loop handles a bounded number of messages of each socket. No
 * arrival is missed: safety_found_work stays 0, or there is a bug. */
#ifndef COMMON_HOST_BUS_H
#define COMMON_HOST_BUS_H

#include "common/base/slice.h"
#include "common/host/curve.h"
#include "common/host/error.h"

#include <uv.h>

enum { BUS_QUEUE_FRAMES = 16384 }; /* per peer and direction: the replies of one group commit fit */

struct bus;
struct bus_socket;

enum bus_kind { BUS_ROUTER, BUS_DEALER };
enum bus_unfit { BUS_UNFIT_PARTS, BUS_UNFIT_KEY };

struct bus_options {
	enum bus_kind kind;
	const struct curve *curve; /* copied; NULL on ipc:// and inproc:// only */
	size_t frame_bytes_max;    /* a longer one ends its connection; 0: FRAME_BYTES_MAX */
	int queue_frames;          /* 0: BUS_QUEUE_FRAMES */
	/* route is empty for a DEALER. client_key is the CURVE key of the sender, 32 bytes,
	 * or data NULL. All three are valid until it returns. It may send, not close. */
	void (*on_frame)(void *context, struct slice route, struct slice frame, struct slice client_key);
	/* What is not handed on: of several parts, or by a key that is no longer allowed. NULL: nobody is told. */
	void (*on_unfit)(void *context, struct slice route, enum bus_unfit why);
	void *context;
};

struct bus_counters {
	uint64_t received;
	uint64_t sent;
	uint64_t dropped;           /* on sending: peer gone, or its queue full */
	uint64_t malformed;         /* on receiving: not one frame */
	uint64_t denied;            /* messages by a key that is no longer allowed, and refused handshakes */
	uint64_t safety_found_work; /* arrivals that only the safety timer saw */
};

struct bus *bus_new(uv_loop_t *loop);
/* Stops at once; sent frames get up to a second to leave. The memory goes when the
 * loop has run the close callbacks: run it until uv_loop_alive is false. */
void bus_free(struct bus *bus);

/* NULL and a sentence on error. The folder of an ipc:// endpoint is made, 0700. */
struct bus_socket *
bus_bind(struct bus *bus, const char *endpoint, const struct bus_options *options, struct host_error *error);
/* Connects in the background, and again whenever the connection is lost. */
struct bus_socket *
bus_connect(struct bus *bus, const char *endpoint, const struct bus_options *options, struct host_error *error);

/* False if dropped. The frame is copied; route is ignored for a DEALER. */
bool bus_send(struct bus_socket *socket, struct slice route, struct slice frame);

struct bus_counters bus_counters(const struct bus_socket *socket);

#endif
