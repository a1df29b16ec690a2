/* services/gateway/gateway.h
 *
 * The gateway as a process: stateless, between HTTP, the door and the four services.
 * It scales by starting more. */
#ifndef SERVICES_GATEWAY_GATEWAY_H
#define SERVICES_GATEWAY_GATEWAY_H

/* Runs until SIGTERM or SIGINT; the exit code. */
int gateway_main(int argc, char **argv);

#endif
