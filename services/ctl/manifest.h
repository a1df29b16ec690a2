/* services/ctl/manifest.h
 *
 * What a backup holds, in its file MANIFEST, which is written last: a backup without one
 * is not complete. A line for each service:
 *
 *   enrollment seq=6543 hash=HEX64 incarnation=1007 time=2026-11-22T15:22:18Z */
#ifndef SERVICES_CTL_MANIFEST_H
#define SERVICES_CTL_MANIFEST_H

#include "services/ctl/chain.h"

enum { MANIFEST_SERVICES_MAX = 8 };

struct manifest {
	size_t count;
	const struct module *modules[MANIFEST_SERVICES_MAX];
	struct chain_end ends[MANIFEST_SERVICES_MAX];
};

/* Both say what goes wrong. */
bool manifest_write(const struct manifest *manifest, const char *folder);
bool manifest_read(struct manifest *manifest, const char *folder);

#endif
