/* common/credential/multibase.h
 *
 * Base58 in the Bitcoin alphabet with the multibase prefix "z", as Data Integrity proofs
 * and Multikey have it (W3C Controlled Identifiers 1.0, section 2.4). */
#ifndef COMMON_CREDENTIAL_MULTIBASE_H
#define COMMON_CREDENTIAL_MULTIBASE_H

#include "common/base/arena.h"

enum { MULTIBASE_BYTES_MAX = 64 }; /* a signature; the work grows with the square */

/* "z..." of at most MULTIBASE_BYTES_MAX bytes, in the arena. */
const char *multibase_encode(struct arena *arena, struct slice bytes);
/* False unless text is "z" and base58 of exactly size bytes, at most MULTIBASE_BYTES_MAX. */
bool multibase_decode(struct slice text, uint8_t *bytes, size_t size);

#endif
