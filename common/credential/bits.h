/* common/credential/bits.h
 *
 * Bitstring Status Lists (W3C Bitstring Status List 1.0, the generation and expansion algorithms): one bit a
 * certificate, told to anybody as "u" and base64url of the gzipped bits. Bit 0 is the leftmost, the most significant of
 * byte 0. A list holds at least 131,072 entries so that asking for it does not tell whose certificate is being checked.
 */
#ifndef COMMON_CREDENTIAL_BITS_H
#define COMMON_CREDENTIAL_BITS_H

#include "common/base/arena.h"
#include "common/base/hash.h"

enum {
	BITS_ENTRIES = 1 << 20, /* of a list of ours: 128 KiB */
	BITS_BYTES = BITS_ENTRIES / 8,
	BITS_ENTRIES_MIN = 131072, /* of anybody's list, by the Recommendation: 16 KiB */
	BITS_BYTES_MAX = 16 << 20, /* the most a caller may allow when decoding */
};

/* "u..." of the bits, in the arena. The same bits give the same text with the same zlib: no time, no name, level 6. */
struct slice bits_encode(struct arena *arena, struct slice bits);

/* NULL and the bits, in the arena, or why the text is no list, a sentence. bytes_max, at most BITS_BYTES_MAX, is how
 * large it may inflate: decoding stops there and holds no more. */
const char *bits_decode(struct arena *arena, struct slice text, size_t bytes_max, struct slice *bits);

/* NULL and the entry, or why there is none. */
const char *bits_get(struct slice bits, uint64_t index, bool *is_set);
void bits_set(uint8_t bits[BITS_BYTES], uint32_t index, bool is_set);

/* Where the n-th certificate of a list stands in it, both below BITS_ENTRIES: a permutation that looks random to
 * whoever lacks the key, so that neighbours in the register are none in the list. Another list takes
 * another key. */
uint32_t bits_place(const uint8_t key[KEYED_KEY_BYTES], uint32_t n);

#endif
