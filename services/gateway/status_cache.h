/* services/gateway/status_cache.h
 *
 * Signed status lists by name, as many as fit in a number of bytes; what was not used for the
 * longest makes room. One that is in use stays readable whatever becomes of its place. */
#ifndef SERVICES_GATEWAY_STATUS_CACHE_H
#define SERVICES_GATEWAY_STATUS_CACHE_H

#include "common/base/slice.h"

#include <stddef.h>

struct status_cache;

struct status_held {
	const char *name;
	const char *state; /* of the service's reply */
	struct slice text;
};

struct status_cache *status_cache_open(size_t bytes_max);
/* All that were used have been released. */
void status_cache_close(struct status_cache *cache);

/* NULL if none is held; else released by status_cache_release. */
const struct status_held *status_cache_use(struct status_cache *cache, const char *name);
void status_cache_release(struct status_cache *cache, const struct status_held *held);
/* In place of the one of that name, if there is one. What is larger than all there is room for is not kept. */
void status_cache_keep(struct status_cache *cache, const char *name, const char *state, struct slice text);

#endif
