/* services/certificate/key_seal.h
 *
 * How a signing key's secret stands in facts and rows: sealed with XChaCha20-Poly1305 under a key that follows from
 * the service's secret, bound to the school and the key's name, so that a row copied to another school does not open.
 * Pure: the node and the worker beside it (signer.c) share it. */
#ifndef SERVICES_CERTIFICATE_KEY_SEAL_H
#define SERVICES_CERTIFICATE_KEY_SEAL_H

#include "common/base/arena.h"

enum { KEY_SEAL_SECRET_BYTES = 32, KEY_SEAL_NONCE_BYTES = 24, KEY_SEAL_BYTES = KEY_SEAL_NONCE_BYTES + 16 };

/* Who seals which key. */
struct key_seal {
	const uint8_t *secret; /* of the service, KEY_SEAL_SECRET_BYTES */
	const char *school_id;
	const char *key_id;
};

/* In the arena; the nonce is random and used once. */
struct slice key_seal_make(struct arena *arena, const struct key_seal *seal, const uint8_t nonce[KEY_SEAL_NONCE_BYTES],
			   struct slice plain);
/* Into out, whose room is sealed.size - KEY_SEAL_BYTES; the caller wipes it. False if it was not sealed so. */
bool key_seal_open(const struct key_seal *seal, struct slice sealed, uint8_t *out);

#endif
