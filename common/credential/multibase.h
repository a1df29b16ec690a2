/* common/credential/multibase.h
 *
 * Bytes as text with a letter that says how: "z" is base58 in the Bitcoin alphabet, "u"
 * is base64url without padding (W3C Controlled Identifiers 1.0, section 2.4). A Multikey
 * of Ed25519 is "z" over the two bytes 0xed 0x01 and the public key (section 2.2.2). */
#ifndef COMMON_CREDENTIAL_MULTIBASE_H
#define COMMON_CREDENTIAL_MULTIBASE_H

#include "common/base/arena.h"

enum {
	MULTIBASE_BYTES_MAX = 64,  /* of base58: a signature; the work grows with the square */
	MULTIBASE_TEXT_BYTES = 91, /* of so many: "z", 89 digits at most, the NUL */
	MULTIKEY_KEY_BYTES = 32,
	MULTIKEY_TEXT_BYTES = 49, /* "z6Mk" and 44 digits, whatever the key, and the NUL */
};

/* "z..." of at most MULTIBASE_BYTES_MAX bytes, there or in the arena. */
void multibase_format(struct slice bytes, char text[MULTIBASE_TEXT_BYTES]);
const char *multibase_encode(struct arena *arena, struct slice bytes);
/* False unless text is "z" and base58 of exactly size bytes, at most MULTIBASE_BYTES_MAX. */
bool multibase_decode(struct slice text, uint8_t *bytes, size_t size);

/* "u..." of any size, in the arena. */
const char *multibase_encode_url(struct arena *arena, struct slice bytes);
/* False unless text is "u" and base64url of at most limit bytes. */
bool multibase_decode_url(struct slice text, uint8_t *bytes, size_t limit, size_t *size);

void multikey_format(const uint8_t key[MULTIKEY_KEY_BYTES], char text[MULTIKEY_TEXT_BYTES]);
/* False unless text is the Multikey of an Ed25519 public key. */
bool multikey_parse(struct slice text, uint8_t key[MULTIKEY_KEY_BYTES]);

#endif
