/* services/gateway/upstream.h
 *
 * Calls to one service: sealed frames out, replies matched by tag. Calls made in one
 * pass of the loop go out in two frames, queries apart: the service answers those first. Every call that was taken ends
 * in exactly one on_reply, later and never inside upstream_send: with the service's reply, or with one made here
 * (UNAVAILABLE, DEADLINE_EXCEEDED), unless it was cancelled.
 *
 * Whether the service is there is learnt from a probe, Node.Status, twice a second;
 * while it is away calls are refused at once. A call sent well before a probe that
 * was answered, and still without an answer, is lost: the service was restarted. */
#ifndef SERVICES_GATEWAY_UPSTREAM_H
#define SERVICES_GATEWAY_UPSTREAM_H

#include "common/base/arena.h"
#include "common/host/bus.h"
#include "common/host/curve.h"
#include "common/core/node.h"
#include "services/gateway/position.h"

#include "matricula/envelope.pb-c.h"
#include "matricula/node.pb-c.h"

struct upstream;

/* On whose behalf; all empty: a stranger. */
struct caller {
	struct slice token_hash;
	struct slice door_key;
	bool is_gateway; /* the gateway's own call, role NODE */
};

struct upstream_call {
	const char *method;
	const char *id;       /* NULL: none */
	struct slice request; /* packed */
	struct caller caller;
	struct slice trace_id;          /* 16 bytes or none */
	uint32_t deadline_ms;           /* 0: CALL_DEADLINE_MS_DEFAULT */
	Mt__Precondition *precondition; /* NULL: none */
	bool dry_run;
	bool waits; /* a long poll: being without an answer is its nature */
	bool asks;  /* a query: it leaves in a frame without commands, which the service answers first */
	/* The reply is valid until it returns. */
	void (*on_reply)(void *context, size_t number, const Mt__Reply *reply);
	void *context;
	size_t number;
};

struct upstream_counters {
	uint64_t calls;
	uint64_t frames;
	uint64_t refused; /* here: away, or too many on their way */
	uint64_t timeouts;
	uint64_t lost;
	uint64_t late; /* replies nobody waited for any more */
	uint64_t malformed;
};

struct upstream *upstream_open(uv_loop_t *loop, struct bus *bus, enum service service, const char *endpoint,
			       const struct curve *curve, const struct seal_key *key, struct host_error *error);
void upstream_close(struct upstream *upstream);

/* A number for upstream_cancel; 0 if refused, and *refusal says how (UNAVAILABLE, RESOURCE_EXHAUSTED). */
uint64_t upstream_send(struct upstream *upstream, const struct upstream_call *call, Mt__Status *refusal);
void upstream_cancel(struct upstream *upstream, uint64_t number);
/* True if that many calls would be taken now. */
bool upstream_has_room(const struct upstream *upstream, size_t calls);

/* Sends what was gathered; called before the loop sleeps. */
void upstream_flush(struct upstream *upstream);

/* Answers every call that has no answer yet with UNAVAILABLE: the process ends. */
void upstream_give_up(struct upstream *upstream);

const char *upstream_name(const struct upstream *upstream);
bool upstream_away(const struct upstream *upstream);
/* As last heard; NULL while away or not heard yet. */
const Mt__NodeStatus *upstream_status(const struct upstream *upstream);
/* Why calls are refused with that status, as a sentence. */
const char *upstream_refusal(const struct upstream *upstream, Mt__Status refusal);
struct upstream_counters upstream_counters(const struct upstream *upstream);
struct bus_counters upstream_bus_counters(const struct upstream *upstream);
size_t upstream_in_flight(const struct upstream *upstream);

#endif
