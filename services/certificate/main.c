/* services/certificate/main.c
 *
 * The process matricula-certificate. */
#include "common/host/host.h"
#include "services/certificate/service.h"

int
main(int argc, char **argv)
{
	return host_main(argc, argv, &certificate_module);
}
