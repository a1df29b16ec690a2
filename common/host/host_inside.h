/* common/host/host_inside.h
 *
 * What host.c and host_world.c share: everything one service process holds. */
#ifndef COMMON_HOST_HOST_INSIDE_H
#define COMMON_HOST_HOST_INSIDE_H

#include "common/host/bus.h"
#include "common/host/host.h"
#include "common/host/journal_file.h"
#include "common/host/keys.h"
#include "common/host/options.h"
#include "common/host/probe.h"
#include "common/host/slots.h"
#include "common/host/state_lmdb.h"
#include "common/host/warm.h"

struct host;

struct peer {
	struct host *host;
	unsigned index;
	struct bus_socket *socket;
};

struct host {
	const struct module *module;
	struct host_options options;
	struct keys_accepted accepted;
	struct seal_key peer_keys[PRODUCERS_MAX];
	struct keys_curves curves;
	uint8_t secret[KEYS_SECRET_BYTES];
	struct probe probe;
	struct world world;
	uint8_t random[1024]; /* asked of the kernel at once: each new person takes a few bytes */
	size_t random_left;
	struct node *node;
	bool node_is_open; /* as told to the log; see node_opened */
	bool rebuilding;
	bool restored;
	uint64_t head_at_start;
	struct journal_file *journal;
	struct state_lmdb *state;
	struct warming *warming; /* of the state, after the start */
	struct ledger *ledger;
	struct slots *slots;
	int lock;
	uv_loop_t loop;
	uv_idle_t turn;
	uv_timer_t tick;
	uv_timer_t drain_limit;
	uv_signal_t terminate;
	uv_signal_t interrupt;
	int64_t wake_us; /* INT64_MAX: nobody asked */
	bool draining;
	struct bus *bus;
	struct bus_socket *callers;
	struct peer peers[PRODUCERS_MAX];
	int64_t progress_said_us;
};

/* Fills host->world; the node it is given to must end before the host. */
void host_make_world(struct host *host);

/* Starts or moves the timer to host->wake_us. */
void host_set_tick(struct host *host);

#endif
