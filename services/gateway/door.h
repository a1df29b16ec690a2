/* services/gateway/door.h
 *
 * The door: provinces push frames of events over ZeroMQ with CURVE. Whose key it is,
 * is who it is: keys are registered per authority, fetched every second and checked
 * for every message. The protocol stands in README.md. */
#ifndef SERVICES_GATEWAY_DOOR_H
#define SERVICES_GATEWAY_DOOR_H

#include "services/gateway/request.h"

struct door;

struct door_counters {
	uint64_t frames;
	uint64_t calls;
	uint64_t refused; /* frames: not readable, or too many on their way */
	uint64_t keys;    /* registered now */
	uint64_t in_flight;
};

/* server holds the door's own key pair. */
struct door *door_open(uv_loop_t *loop, struct bus *bus, const char *endpoint, const struct curve_pair *server,
		       struct upstream *enrollment, struct host_error *error);
/* Frames that come from now on are refused. */
void door_stop(struct door *door);
void door_close(struct door *door);

/* GET /v1/door; context is the door, or NULL if there is none. */
void door_serve(struct request *request, void *context);
struct door_counters door_counters(const struct door *door);
struct bus_counters door_bus_counters(const struct door *door);

#endif
