/* common/credential/multibase.c
 *
 * Base58 is one large number written to base 58; leading zero bytes are leading '1's.
 * Long division over bytes, quadratic, which is why sizes are capped. */
#include "common/credential/multibase.h"

#include <assert.h>

enum { BASE = 58, TEXT_BYTES_MAX = MULTIBASE_BYTES_MAX * 138 / 100 + 1 };

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

const char *
multibase_encode(struct arena *arena, struct slice bytes)
{
	assert(bytes.size <= MULTIBASE_BYTES_MAX);
	uint8_t digits[TEXT_BYTES_MAX]; /* least first */
	size_t count = 0;
	for (size_t i = 0; i < bytes.size; i++) {
		unsigned carry = bytes.data[i];
		for (size_t digit = 0; digit < count; digit++) {
			carry += (unsigned)digits[digit] << 8;
			digits[digit] = (uint8_t)(carry % BASE);
			carry /= BASE;
		}
		for (; carry > 0; carry /= BASE)
			digits[count++] = (uint8_t)(carry % BASE);
	}
	for (size_t i = 0; i < bytes.size && bytes.data[i] == 0; i++)
		digits[count++] = 0;

	char *text = arena_alloc(arena, count + 2);
	text[0] = 'z';
	for (size_t i = 0; i < count; i++)
		text[1 + i] = alphabet[digits[count - 1 - i]];
	text[count + 1] = '\0';
	return text;
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
	if (text.size < 2 || text.size > TEXT_BYTES_MAX + 1 || text.data[0] != 'z')
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
