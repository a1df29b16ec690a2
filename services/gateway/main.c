/* services/gateway/main.c
 *
 * The process. */
#include "services/gateway/gateway.h"

int
main(int argc, char **argv)
{
	return gateway_main(argc, argv);
}
