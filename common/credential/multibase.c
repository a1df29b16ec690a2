/* common/credential/multibase.c
 *
 * Base58 is one large number written to base 58; leading zero bytes are leading '1's.
 * Long division, quadratic, which is why sizes are capped; writing divides by 58^5 four
 * bytes at a time, since a signature is written with every credential. */
#include "common/credential/multibase.h"

#include "common/base/text.h"

#include <assert.h>

enum {
	BASE = 58,
	DIGITS_MAX = MULTIBASE_BYTES_MAX * 138 / 100 + 1, /* log 256 / log 58 = 1.366 */
	LIMB = 58 * 58 * 58 * 58 * 58,
	LIMB_DIGITS = 5,
	LIMBS_MAX = DIGITS_MAX / LIMB_DIGITS + 1,
};

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const uint8_t ed25519_codec[] = {0xed, 0x01}; /* multicodec ed25519-pub, as a varint */

/* To base 58^5, least limb first; returns how many. A limb stays below 2^30 and a carry below 2^33. */
static size_t
limbs_of(struct slice bytes, uint32_t limbs[LIMBS_MAX])
{
	size_t count = 0;
	for (size_t at = 0; at < bytes.size;) {
		uint64_t carry = 0;
		unsigned shift = 0;
		do {
			carry = carry << 8 | bytes.data[at++];
			shift += 8;
		} while (at % 4 != bytes.size % 4);
		for (size_t i = 0; i < count; i++) {
			carry += (uint64_t)limbs[i] << shift;
			limbs[i] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		for (; carry > 0; carry /= LIMB) {
			assert(count < LIMBS_MAX);
			limbs[count++] = (uint32_t)(carry % LIMB);
		}
	}
	return count;
}

/* Writes "z..." and returns its size. */
static size_t
base58_write(struct slice bytes, char *text)
{
	uint32_t limbs[LIMBS_MAX];
	char digits[LIMBS_MAX * LIMB_DIGITS]; /* least first */
	size_t count = 0;
	size_t limbs_count = limbs_of(bytes, limbs);
	for (size_t i = 0; i < limbs_count; i++) {
		for (int digit = 0; digit < LIMB_DIGITS; digit++, limbs[i] /= BASE)
			digits[count++] = alphabet[limbs[i] % BASE];
	}
	while (count > 0 && digits[count - 1] == alphabet[0])
		count--;
	size_t size = 0;
	text[size++] = 'z';
	for (size_t i = 0; i < bytes.size && bytes.data[i] == 0; i++)
		text[size++] = alphabet[0];
	while (count > 0)
		text[size++] = digits[--count];
	return size;
}

void
multibase_format(struct slice bytes, char text[MULTIBASE_TEXT_BYTES])
{
	static_assert(MULTIBASE_TEXT_BYTES == 1 + DIGITS_MAX + 1, "it all fits");
	assert(bytes.size <= MULTIBASE_BYTES_MAX);
	text[base58_write(bytes, text)] = '\0';
}

const char *
multibase_encode(struct arena *arena, struct slice bytes)
{
	char text[MULTIBASE_TEXT_BYTES];
	multibase_format(bytes, text);
	return arena_text(arena, slice_text(text));
}

/* bytes = bytes * 58 + digit; false if that needs more room. */
static bool
shift_in(uint8_t *bytes, size_t size, unsigned digit)
{
	unsigned carry = digit;
	for (size_t i = size; i > 0; i--) {
		carry += (unsigned)bytes[i - 1] * BASE;
		bytes[i - 1] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry == 0;
}

bool
multibase_decode(struct slice text, uint8_t *bytes, size_t size)
{
	assert(size <= MULTIBASE_BYTES_MAX);
	if (text.size < 2 || text.size > DIGITS_MAX + 1 || text.data[0] != 'z')
		return false;
	memset(bytes, 0, size);
	size_t ones = 0;
	for (size_t i = 1; i < text.size; i++) {
		const char *digit = text.data[i] == '\0' ? NULL : strchr(alphabet, text.data[i]);
		if (digit == NULL || !shift_in(bytes, size, (unsigned)(digit - alphabet)))
			return false;
		if (ones == i - 1 && digit == alphabet)
			ones++;
	}
	size_t zeros = 0;
	while (zeros < size && bytes[zeros] == 0)
		zeros++;
	return zeros == ones; /* else it stands for another count of bytes */
}

const char *
multibase_encode_url(struct arena *arena, struct slice bytes)
{
	char *text = arena_alloc(arena, 1 + TEXT_BASE64_BYTES(bytes.size));
	text[0] = 'u';
	text_base64url(bytes, text + 1);
	return text;
}

bool
multibase_decode_url(struct slice text, uint8_t *bytes, size_t limit, size_t *size)
{
	if (text.size == 0 || text.data[0] != 'u')
		return false;
	return text_from_base64url(slice_of(text.data + 1, text.size - 1), bytes, limit, size);
}

/* --- Multikey --------------------------------------------------------------------------------------------------- */

enum { MULTIKEY_BYTES = sizeof(ed25519_codec) + MULTIKEY_KEY_BYTES };

void
multikey_format(const uint8_t key[MULTIKEY_KEY_BYTES], char text[MULTIKEY_TEXT_BYTES])
{
	uint8_t bytes[MULTIKEY_BYTES];
	memcpy(bytes, ed25519_codec, sizeof(ed25519_codec));
	memcpy(bytes + sizeof(ed25519_codec), key, MULTIKEY_KEY_BYTES);
	size_t size = base58_write(slice_of(bytes, sizeof(bytes)), text);
	assert(size == MULTIKEY_TEXT_BYTES - 1);
	text[size] = '\0';
}

bool
multikey_parse(struct slice text, uint8_t key[MULTIKEY_KEY_BYTES])
{
	uint8_t bytes[MULTIKEY_BYTES];
	if (!multibase_decode(text, bytes, sizeof(bytes)) || memcmp(bytes, ed25519_codec, sizeof(ed25519_codec)) != 0)
		return false;
	memcpy(key, bytes + sizeof(ed25519_codec), MULTIKEY_KEY_BYTES);
	return true;
}
