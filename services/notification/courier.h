/* services/notification/courier.h
 *
 * The courier carries queued messages to a mail server. It runs in a thread of its own
 * beside the node, as one more client of it, and meets nothing of the node's memory.
 *
 *   --smtp URL          smtp://HOST[:PORT] or smtps://...; without it messages stay queued
 *   --mail-from ADDRESS default matricula@localhost */
#ifndef SERVICES_NOTIFICATION_COURIER_H
#define SERVICES_NOTIFICATION_COURIER_H

#include "common/host/error.h"

struct courier;

/* Takes its own options out of the arguments and starts, with the rest as the service will read
 * them. False and a sentence on error; *courier is NULL if no mail server was named. */
bool courier_start(int *argc, char **argv, struct courier **courier, struct host_error *error);

/* When the node has ended. Ends the process with exit_code if a mail server keeps the courier waiting: what it
 * did not report is sent again after the next start, under the same Message-ID. */
void courier_stop(struct courier *courier, int exit_code);

#endif
