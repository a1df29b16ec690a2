/* common/host/rebuild.h
 *
 * Which folder a node opens as its state. A newer binary whose apply writes other
 * rows builds a new state beside the old one from the journal, and the old one stays
 * until the new one is complete, so that going back to the older binary stays
 * possible until then. An older binary refuses a newer state by name.
 *
 *   HOME/state          the state
 *   HOME/state.rebuild  a new one being built; a restart goes on with it
 *   HOME/state.old      the former one, on its way out */
#ifndef COMMON_HOST_REBUILD_H
#define COMMON_HOST_REBUILD_H

#include "common/host/error.h"
#include "common/host/files.h"

#include <stdint.h>

/* The folder to open, and whether rebuild_finish is due once the node has replayed. */
bool rebuild_begin(const char *home, uint32_t apply_version, char folder[PATH_BYTES_MAX], bool *rebuilding,
		   struct host_error *error);
/* Puts the new state in the place of the old one; the open environment follows its folder. */
bool rebuild_finish(const char *home, struct host_error *error);

#endif
