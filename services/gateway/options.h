/* services/gateway/options.h
 *
 * What the gateway was told on its command line.
 *
 *   --data DIR            the deployment's folder; this process uses DIR/gateway
 *   --http ADDR:PORT      default 127.0.0.1:8080
 *   --door ENDPOINT       default tcp://127.0.0.1:5570; "none" for no door
 *   --peer NAME=ENDPOINT  default ipc://DIR/run/NAME.ipc
 *   --keys DIR            default DIR/keys
 *   --behind-proxy        a proxy ends TLS: an address that is not loopback is fine
 *   --config FILE         the same, a line each: "http = 0.0.0.0:8080"; the command line wins */
#ifndef SERVICES_GATEWAY_OPTIONS_H
#define SERVICES_GATEWAY_OPTIONS_H

#include "common/host/error.h"
#include "common/host/files.h"
#include "services/gateway/position.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { GATEWAY_ENDPOINT_BYTES = 512 };

struct options {
	char data[PATH_BYTES_MAX];
	char home[PATH_BYTES_MAX];
	char keys[PATH_BYTES_MAX];
	char http[GATEWAY_ENDPOINT_BYTES];
	char door[GATEWAY_ENDPOINT_BYTES]; /* "" for none */
	char peers[SERVICES][GATEWAY_ENDPOINT_BYTES];
	bool behind_proxy;
	struct sockaddr_storage address; /* of http */
};

bool options_read(int argc, char **argv, struct options *options, struct host_error *error);

#endif
