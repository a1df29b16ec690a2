/* common/host/beside.h
 *
 * A thread beside the node in the same process, for work that takes too long for the loop or meets the world: it is
 * one more client of the node, under the node's own key, and shares no memory with it. The node says by a query what
 * is to be done and takes the outcome as a call, so that work goes on after a crash where it stood. */
#ifndef COMMON_HOST_BESIDE_H
#define COMMON_HOST_BESIDE_H

#include "common/host/error.h"
#include "common/host/options.h"
#include "common/host/rpc.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	BESIDE_CALL_MS = 2000,
	BESIDE_WAIT_MS = 1000, /* of a long poll, so that one that is told to stop hears of it soon */
	BESIDE_RETRY_MS = 500, /* the node is starting, or busy */
	BESIDE_TRIES_MAX = 5,  /* of one report; what was not reported is done again */
};

struct beside {
	const char *service;
	struct host_options options; /* as the node reads them */
	struct rpc *rpc;
	struct arena arena; /* of one round of work; the thread resets it */
	atomic_bool stopping;
	pthread_t thread;
};

/* Takes "--NAME VALUE" or "--NAME=VALUE" out of the arguments; NULL if it is not there. */
const char *beside_option(int *argc, char **argv, const char *name);

/* Reads the node's options and connects to where it will listen. False and a sentence on error. */
bool beside_open(struct beside *beside, int argc, char **argv, const struct module *module, size_t arena_bytes_max,
		 struct host_error *error);
/* Signals are the node's: the thread is born with all of them blocked. It ends when beside->stopping is set. */
bool beside_start(struct beside *beside, void *(*run)(void *context), void *context, struct host_error *error);
/* When the node has ended. False if the thread does not end within seconds: only the process can end it. */
bool beside_stop(struct beside *beside, int seconds);
void beside_close(struct beside *beside);

/* In the thread. A query of the node; NULL if it did not answer well. */
const void *beside_ask(struct beside *beside, const char *method, const ProtobufCMessage *request,
		       const ProtobufCMessageDescriptor *reply_type);
/* A report; tried again until the node took it, or refused it for good. */
void beside_report(struct beside *beside, const char *method, const char *id, const ProtobufCMessage *request);
void beside_pause_ms(int ms);
/* One line of the log. */
void beside_say(const char *service, const char *level, const char *event, const char *key, const char *text);

#endif
