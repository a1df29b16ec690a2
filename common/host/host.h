/* common/host/host.h
 *
 * The main function of a service process: reads options and keys, takes the lock on
 * the data folder, opens journal and state in LMDB, binds and connects the sockets,
 * runs the node under a libuv loop until SIGTERM, drains, and answers the exit code.
 *
 *   --data DIR              the deployment's folder; this service uses DIR/NAME/{lock,journal,state,slots}
 *   --listen ENDPOINT       default ipc://DIR/run/NAME.ipc; tcp:// is CURVE only
 *   --peer NAME=ENDPOINT    default ipc://DIR/run/NAME.ipc
 *   --keys DIR              default DIR/keys; NAME.erasures is written there, see ledger.h
 *   --memory MIB            budget of the node, default 256
 *   --zone MINUTES          default 420 (Asia/Ho_Chi_Minh), recorded at the first start
 *   --public-url URL        where the world reaches the deployment, "https://host[:port]"; the certificate
 *                           service names it in credentials, and is on trial without it
 *   --config FILE           the same, a line each: "listen = tcp://0.0.0.0:5571".
 *
 * A file DIR/NAME/restored says that the journal came from a backup: the node goes on
 * under a new incarnation, and the file is removed once that is durable. */
#ifndef COMMON_HOST_HOST_H
#define COMMON_HOST_HOST_H

#include "common/core/node.h"

int host_main(int argc, char **argv, const struct module *module);

#endif
