/* tests/sim/agenda.h
 *
 * What will happen in the simulated world, in the order it will happen: a heap of
 * events by (time, order of pushing). Two events at one instant come out in the
 * order they went in, so a run depends on its seed and on nothing else. */
#ifndef TESTS_SIM_AGENDA_H
#define TESTS_SIM_AGENDA_H

#include "common/base/slice.h"

enum event_kind {
	EVENT_CALL,      /* a frame of calls reaches a node */
	EVENT_REPLY,     /* a frame of replies reaches a node that asked a peer */
	EVENT_ANSWER,    /* a frame of replies reaches a client */
	EVENT_RUN,       /* a node's loop turns */
	EVENT_TICK,      /* the time a node asked for has come */
	EVENT_COMMITTED, /* the disk is done with a batch */
	EVENT_FLUSHED,   /* the disk is done with a memtable */
	EVENT_SLOTS_MADE,
	EVENT_SLOTS_ERASED,
	EVENT_START, /* a process is started again */
	EVENT_ALARM, /* the time a client asked for has come */
	EVENT_FAULT, /* the next mishap of the plan */
};

/* Who sent a frame of calls, and so where its replies go. */
struct route {
	uint32_t endpoint; /* a node's index, or WORLD_NODES + a client's number */
	uint32_t boot;     /* of a node: which life of its process asked */
	uint32_t peer;     /* of a node: its own number for the one it asked */
};

struct event {
	int64_t at_us;
	uint64_t order; /* given by the agenda */
	enum event_kind kind;
	uint32_t who;    /* node index, or client number */
	uint32_t boot;   /* which life of the node it is meant for; 0: whichever lives */
	uint64_t number; /* EVENT_ALARM: the client's own; EVENT_CALL: the tag of the call, 0 if there are many */
	struct route route;
	uint8_t *bytes; /* owned by the event */
	size_t size;
};

struct agenda {
	struct event *events;
	size_t count;
	size_t capacity;
	uint64_t pushed;
};

void agenda_push(struct agenda *agenda, struct event event);
bool agenda_pop(struct agenda *agenda, struct event *event);   /* its bytes are the caller's to free */
const struct event *agenda_first(const struct agenda *agenda); /* NULL when empty */
/* Takes out, and frees, all events that match says true of. */
void agenda_remove(struct agenda *agenda, bool (*match)(void *context, const struct event *event), void *context);
void agenda_free(struct agenda *agenda);

#endif
