/* common/host/lock.h
 *
 * One process for each data folder: an exclusive lock on FOLDER/lock, held until
 * the process ends, however it ends. The file names the process that holds it. */
#ifndef COMMON_HOST_LOCK_H
#define COMMON_HOST_LOCK_H

#include "common/host/error.h"

#include <stdint.h>

/* The lock's descriptor, or -1 and a sentence with the process that holds it. Whoever holds it may let go within
 * the patience: the kernel ends a write of a killed process before it lets go of its lock. */
int lock_take(const char *folder, int64_t patience_ms, struct host_error *error);
void lock_release(int lock);

#endif
