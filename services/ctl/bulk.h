/* services/ctl/bulk.h
 *
 * Many calls in one frame, and again those that came to nothing, under the same ids,
 * until each has a reply that is a decision. Calls are answered in the order they stand
 * in; the next frame goes out when the last one is answered, so order is kept throughout. */
#ifndef SERVICES_CTL_BULK_H
#define SERVICES_CTL_BULK_H

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/host/rpc.h"

#include "matricula/envelope.pb-c.h"

enum { BULK_CALLS_MAX = 500, BULK_PATIENCE_MS = 60000 };

struct bulk_call {
	const char *id; /* "" for a call that is harmless twice */
	const char *method;
	struct slice request;   /* packed */
	const Mt__Reply *reply; /* filled in */
};

struct bulk {
	struct rpc *rpc;
	const struct seal_key *key; /* NULL: frames are not sealed (the door) */
	struct arena *arena;        /* for replies and frames of one bulk_run; the caller resets it */
	uint64_t tag;
	/* Called when a frame got no answer: a connection whose CURVE handshake was refused never comes
	 * back by itself (libzmq 4.3), so it must be opened anew. NULL: nothing is done. */
	struct rpc *(*reopen)(void *context);
	void *context;
};

/* False, and said, if a call is still without a decision after BULK_PATIENCE_MS. */
bool bulk_run(struct bulk *bulk, struct bulk_call *calls, size_t count);

#endif
