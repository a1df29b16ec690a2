/* common/host/crew.h
 *
 * Computing shared with a worker of libuv's pool: both take the next index until none is
 * left. If no worker is free the caller does it all. */
#ifndef COMMON_HOST_CREW_H
#define COMMON_HOST_CREW_H

#include <stddef.h>
#include <uv.h>

/* Returns once work was done for each index from 0 to count - 1; each in one thread, in no order. */
void crew_share(uv_loop_t *loop, void (*work)(void *context, size_t index), void *context, size_t count);

#endif
