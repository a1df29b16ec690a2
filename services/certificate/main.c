/* services/certificate/main.c
 *
 * The process matricula-certificate: the node, and beside it the worker that signs what
 * takes too long for the loop. */
#include "common/host/host.h"
#include "services/certificate/service.h"
#include "services/certificate/signer.h"

#include <stdio.h>

enum { EXIT_USAGE = 2 };

int
main(int argc, char **argv)
{
	struct host_error error;
	struct signer *signer = signer_start(argc, argv, &error);
	if (signer == NULL) {
		fprintf(stderr, "matricula-certificate: %s\n", error.text);
		return EXIT_USAGE;
	}
	int exit_code = host_main(argc, argv, &certificate_module);
	signer_stop(signer, exit_code);
	return exit_code;
}
