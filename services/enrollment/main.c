/* services/enrollment/main.c
 *
 * The process: the module in the house's host. */
#include "common/host/host.h"
#include "services/enrollment/service.h"

int
main(int argc, char **argv)
{
	return host_main(argc, argv, &enrollment_module);
}
