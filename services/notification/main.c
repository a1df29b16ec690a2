/* services/notification/main.c
 *
 * The process matricula-notification: the node, and beside it the courier that carries
 * its messages to a mail server. */
#include "common/host/host.h"
#include "services/notification/courier.h"
#include "services/notification/service.h"

#include <stdio.h>

enum { EXIT_USAGE = 2 };

int
main(int argc, char **argv)
{
	struct courier *courier;
	struct host_error error;
	if (!courier_start(&argc, argv, &courier, &error)) {
		fprintf(stderr, "matricula-notification: %s\n", error.text);
		return EXIT_USAGE;
	}
	int exit_code = host_main(argc, argv, &notification_module);
	courier_stop(courier, exit_code);
	return exit_code;
}
