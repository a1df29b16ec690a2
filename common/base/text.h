/* common/base/text.h
 *
 * Text is UTF-8 in NFC (Unicode Standard Annex 15). Folding is for search and
 * comparison only: case folded, diacritics dropped, d for đ, so that "nguyen"
 * finds "Nguyễn". Base64 is RFC 4648 section 4 with padding, base64url section 5 without;
 * bytes have one spelling only. */
#ifndef COMMON_BASE_TEXT_H
#define COMMON_BASE_TEXT_H

#include "common/base/arena.h"

/* Valid UTF-8 (RFC 3629) without NUL. */
bool text_valid(struct slice bytes);
/* How much of a text a sentence shows, for "%.*s": at most bytes_max bytes, whole characters that are valid. */
int text_cut(const char *text, size_t bytes_max);

/* NUL-terminated copies in the arena; NULL if text is not valid UTF-8. */
const char *text_nfc(struct arena *arena, const char *text);
const char *text_fold(struct arena *arena, const char *text);
/* Case folded with its diacritics, in NFC. */
const char *text_fold_case(struct arena *arena, const char *text);
/* One space between words and none around them. White space is that of ASCII, and the no-break space. */
const char *text_spaced(struct arena *arena, const char *text);

/* out holds at least TEXT_BASE64_BYTES(size) bytes. */
#define TEXT_BASE64_BYTES(size) (((size) + 2) / 3 * 4 + 1)
void text_base64(struct slice bytes, char *out);
void text_base64url(struct slice bytes, char *out);
/* False unless text is such of at most limit bytes. */
bool text_from_base64(struct slice text, uint8_t *out, size_t limit, size_t *size);
bool text_from_base64url(struct slice text, uint8_t *out, size_t limit, size_t *size);
void text_hex(struct slice bytes, char *out);                    /* out holds 2 * size + 1 bytes */
bool text_from_hex(const char *text, uint8_t *out, size_t size); /* exactly size bytes */

#endif
