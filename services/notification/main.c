/* services/notification/main.c
 *
 * The process matricula-notification. */
#include "common/host/host.h"
#include "services/notification/service.h"

int
main(int argc, char **argv)
{
	return host_main(argc, argv, &notification_module);
}
