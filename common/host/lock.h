/* common/host/lock.h
 *
 * One process for each data folder: an exclusive lock on FOLDER/lock, held until
 * the process ends, however it ends. The file names the process that holds it. */
#ifndef COMMON_HOST_LOCK_H
#define COMMON_HOST_LOCK_H

#include "common/host/error.h"

/* The lock's descriptor, or -1 and a sentence with the process that holds it. */
int lock_take(const char *folder, struct host_error *error);
void lock_release(int lock);

#endif
