/* services/ctl/link.h
 *
 * A connection to one service in the operator's name: over ipc under the data folder with
 * the operator's seal, or to another host (--peer NAME=tcp://...) with the operator's
 * CURVE key besides. Everything here waits; what goes wrong is said, in the service's own
 * sentence, before false or NULL is answered. */
#ifndef SERVICES_CTL_LINK_H
#define SERVICES_CTL_LINK_H

#include "services/ctl/ctl.h"

#include "common/base/arena.h"
#include "common/host/rpc.h"
#include "common/wire/rule.h"

#include "matricula/envelope.pb-c.h"

enum { LINK_ENDPOINT_BYTES = 512, LINK_TIMEOUT_MS = 10000 };

struct link {
	const char *service;
	char endpoint[LINK_ENDPOINT_BYTES];
	struct rpc *rpc;
	struct seal_key key;
	struct arena arena; /* what replies and requests live in; link_reset ends them */
	uint64_t tag;       /* of the last call */
};

/* What is asked, beside the request. */
struct link_ask {
	const char *method;
	const char *id;                 /* NULL: a command gets a random one */
	const Mt__Principal *principal; /* NULL: the operator */
	int timeout_ms;                 /* 0: LINK_TIMEOUT_MS */
	bool dry_run;
};

bool link_open(struct link *link, const struct args *args, const char *service);
void link_close(struct link *link);
void link_reset(struct link *link);

/* True if somebody listens there now; for tcp always true. */
bool link_is_there(const struct args *args, const char *service);

/* The reply whatever it says; NULL, and said, if none came. Asks again while the service is
 * not ready or a reply is lost, under the same id. */
const Mt__Reply *link_ask(struct link *link, const struct link_ask *ask, const ProtobufCMessage *request);
/* The same, and the reply's message; NULL, and said, if it was refused. */
const ProtobufCMessage *link_call(struct link *link, const struct link_ask *ask, const ProtobufCMessage *request);

/* "INVALID_ARGUMENT: authority 99 is unknown (authority)" */
void link_say_refusal(const struct link *link, const char *method, const Mt__Reply *reply);
const char *status_name(Mt__Status status);

/* Roles spelt "registrar,hr_officer" in any case, with - or _. False, and said with the list, if one is unknown. */
bool roles_read(const char *text, Mt__Role *roles, size_t max, size_t *count);
/* "registrar"; NULL if there is none. */
const char *role_name(Mt__Role role, char name[32]);

#endif
