/* common/host/options.h
 *
 * What a service process was told: on its command line, and in a file of the same
 * words, "memory = 512" a line. The command line wins, wherever the file stands. */
#ifndef COMMON_HOST_OPTIONS_H
#define COMMON_HOST_OPTIONS_H

#include "common/core/limits.h"
#include "common/core/node.h"
#include "common/host/error.h"
#include "common/host/files.h"

enum {
	MEMORY_MIB_DEFAULT = 256,
	MEMORY_MIB_MIN = 32,
	MEMORY_MIB_MAX = 1 << 20,
	ZONE_MINUTES_DEFAULT = 420, /* Asia/Ho_Chi_Minh */
	ZONE_MINUTES_MAX = 14 * 60,
	ENDPOINT_BYTES_MAX = 512,
};

struct host_options {
	char data[PATH_BYTES_MAX]; /* the deployment's folder */
	char home[PATH_BYTES_MAX]; /* this service's own in it */
	char keys[PATH_BYTES_MAX];
	char listen[ENDPOINT_BYTES_MAX];
	char peers[PRODUCERS_MAX][ENDPOINT_BYTES_MAX]; /* of module->follows, by index */
	uint64_t memory_bytes;
	int zone_minutes;
	char public_url[ENDPOINT_BYTES_MAX]; /* "" in trial mode */
};

bool host_options_read(int argc, char **argv, const struct module *module, struct host_options *options,
		       struct host_error *error);

#endif
