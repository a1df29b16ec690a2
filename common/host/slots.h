/* common/host/slots.h
 *
 * The keys of subjects in a file of fixed slots, DIR/NAME/slots, so that one key can be
 * overwritten where it lies. A record is 64 bytes, and lies within one sector:
 *
 *   16 random bytes | XChaCha20-Poly1305 of the key (48)      all zeros: destroyed
 *
 * wrapped by a master key made of the service's secret (keys.h), with slot and random bytes
 * as the nonce. The record before slot 0 says how many slots are ready.
 *
 * Promises: a slot that is ready is durable, and whoever has the file alone has no key. A
 * key is destroyed only after its subject stands in the ledger (ledger.h). What a copying
 * file system or a flash drive keeps of an overwritten sector is wrapped all the same. */
#ifndef COMMON_HOST_SLOTS_H
#define COMMON_HOST_SLOTS_H

#include "common/core/world.h"
#include "common/host/error.h"
#include "common/host/ledger.h"

#include <uv.h>

enum { SLOTS_BLOCK = 65536 }; /* 4 MiB: half a minute of new persons at full rate */

struct slots;

/* Told on the loop thread. */
struct slots_events {
	void *context;
	void (*on_made)(void *context, enum outcome outcome);
	void (*on_erased)(void *context, enum outcome outcome);
};

/* Opens the file, or makes it with its first block, waiting. NULL on error. */
struct slots *slots_open(const char *path, const uint8_t secret[32], struct ledger *ledger, uv_loop_t *loop,
			 const struct slots_events *events, struct host_error *error);
/* For tools: to read only. */
struct slots *slots_open_reader(const char *path, const uint8_t secret[32], struct host_error *error);
void slots_close(struct slots *slots); /* nothing may be under way; NULL is fine */

/* See struct world. */
enum slot_state slots_key(struct slots *slots, uint32_t slot, uint8_t key[32]);
uint32_t slots_ready(const struct slots *slots);
void slots_more(struct slots *slots);
void slots_erase(struct slots *slots, const struct slot_erasure *erasures, size_t count);
bool slots_busy(const struct slots *slots);

/* A synced copy, beside a running node too: every slot that is ready when it begins is in it. */
bool slots_copy(const char *from, const char *to, struct host_error *error);

#endif
