/* services/ctl/push.h
 *
 * Lines of CloudEvents on their way to a gateway, by its door or by HTTP. Both senders
 * take a batch and come back when each event has its outcome, or with false, said, when
 * that cannot be had. (source, id) is the key, so a batch may be sent any number of times. */
#ifndef SERVICES_CTL_PUSH_H
#define SERVICES_CTL_PUSH_H

#include "services/ctl/ctl.h"

#include "common/base/arena.h"
#include "common/base/slice.h"

#include "matricula/event.pb-c.h"

enum { PUSH_EVENTS_MAX = 1000, PUSH_PATIENCE_MS = 60000, PUSH_PAUSE_MS = 200 };

/* One line and where its attributes stand in it, or in the arena. Absent ones have no data. */
struct push_event {
	struct slice line;
	struct slice source;
	struct slice id;
	struct slice type;
	struct slice subject;
	struct slice time;
	struct slice data; /* still JSON */
	/* The outcome; texts live in the arena of the batch. */
	Mt__Event__Outcome outcome;
	const char *field;
	const char *code;
	const char *message;
};

struct push_sender;

/* push --roster: a file of staff, see push_roster.c; the exit code. */
int push_roster(const struct args *args);

struct push_sender *push_door_open(const struct args *args);
struct push_sender *push_http_open(const struct args *args);

struct push_sender {
	bool (*send)(struct push_sender *sender, struct arena *arena, struct push_event *events, size_t count);
	void (*close)(struct push_sender *sender);
};

/* "accepted", "duplicate" ... and back; UNSET if it is none. */
const char *push_outcome_word(Mt__Event__Outcome outcome);
Mt__Event__Outcome push_outcome_of(const char *word);

#endif
