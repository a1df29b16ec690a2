/* common/host/rpc.h
 *
 * A small client that waits: for the command line and for tests. One connection, one
 * thread. A call that ran out of time may have been done; call again with the same id. */
#ifndef COMMON_HOST_RPC_H
#define COMMON_HOST_RPC_H

#include "common/base/arena.h"
#include "common/core/node.h"
#include "common/host/curve.h"
#include "common/host/error.h"

#include "matricula/envelope.pb-c.h"

struct rpc;

/* key and curve may be NULL and are copied. Without key, frames carry no seal. NULL and a
 * sentence on error; a server that is not there shows only as a call that runs out of time. */
struct rpc *
rpc_open(const char *endpoint, const struct seal_key *key, const struct curve *curve, struct host_error *error);
void rpc_close(struct rpc *rpc);

/* Sends one packed Mt__Call and waits for the reply with its tag; other replies that come in
 * between are late ones of earlier calls and are dropped. False if none came in time. */
bool rpc_call(struct rpc *rpc, struct slice call, int timeout_ms, struct arena *arena, Mt__Reply **reply);

/* Packs the message into a call of that method and id with a fresh tag, as the operator or the
 * node that key stands for, and waits for the reply. */
bool rpc_request(struct rpc *rpc, const char *method, const char *id, const ProtobufCMessage *request,
		 const Mt__Principal *principal, int timeout_ms, struct arena *arena, Mt__Reply **reply);

/* Frames as they are. A received one is valid until the next receive or call. */
bool rpc_send_frame(struct rpc *rpc, struct slice frame);
bool rpc_receive_frame(struct rpc *rpc, int timeout_ms, struct slice *frame);

#endif
