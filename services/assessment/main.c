/* services/assessment/main.c
 *
 * The process matricula-assessment. */
#include "common/host/host.h"
#include "services/assessment/service.h"

int
main(int argc, char **argv)
{
	return host_main(argc, argv, &assessment_module);
}
