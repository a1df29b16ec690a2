/* services/gateway/door_keys.h
 *
 * The keys that may knock at the door: a copy of enrollment's list, fetched again
 * every second, so a key that was removed is out within two. */
#ifndef SERVICES_GATEWAY_DOOR_KEYS_H
#define SERVICES_GATEWAY_DOOR_KEYS_H

#include "services/gateway/upstream.h"

struct door_keys;

struct door_keys *door_keys_open(uv_loop_t *loop, struct upstream *enrollment);
void door_keys_close(struct door_keys *keys);

/* The key as it is registered (Z85), until the next pass of the loop; NULL if it is not. */
const char *door_keys_text(const struct door_keys *keys, const uint8_t key[CURVE_KEY_BYTES]);
size_t door_keys_count(const struct door_keys *keys);

#endif
