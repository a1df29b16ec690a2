/* services/certificate/token.h
 *
 * The code of a verification URL: what a QR shows, and what a person can type. 16 characters are the edition's
 * unguessable token (10 random bytes), the rest is the number of its leaf in the transparency log, by which it is
 * found; both in Crockford's base32, upper case, which a QR spells in half the room. Reading takes lower case too, O
 * for 0, I and L for 1, and passes over hyphens and spaces. */
#ifndef SERVICES_CERTIFICATE_TOKEN_H
#define SERVICES_CERTIFICATE_TOKEN_H

#include "common/base/arena.h"

/* Of a verification URL, between the public address and the code. */
#define TOKEN_PATH "/v/"

enum { TOKEN_BYTES = 10, TOKEN_DIGITS = 16, TOKEN_CODE_BYTES_MAX = 64 };

/* In the arena. */
const char *token_code(struct arena *arena, const uint8_t token[TOKEN_BYTES], uint64_t log_index);
/* The text may be a whole verification URL. False if it is no such code, or longer than TOKEN_CODE_BYTES_MAX. */
bool token_parse(const char *text, uint8_t token[TOKEN_BYTES], uint64_t *log_index);
/* In constant time. */
bool token_equal(const uint8_t token[TOKEN_BYTES], const uint8_t other[TOKEN_BYTES]);

#endif
