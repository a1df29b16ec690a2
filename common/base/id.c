/* common/base/id.c
 *
 * 16 bytes are 128 bits and 26 characters hold 130: the text begins with two
 * zero bits, so its first character is at most 7 and text order is byte order.
 * An id has one spelling only, because it is a key in stores we do not own. */
#include "common/base/id.h"

#include "common/base/codec.h"

#include <assert.h>

/* Crockford's base32: no i, l, o or u. */
static const char DIGITS[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { ID_DIGITS = ID_TEXT_BYTES - 1, ID_SPARE_BITS = ID_DIGITS * 5 - ID_BYTES * 8 };

struct id
id_make(uint32_t locality, int64_t now_us, uint64_t random)
{
	assert(now_us >= 0);
	uint64_t ms = (uint64_t)now_us / 1000;
	struct id id;
	put_u32(id.bytes, locality);
	put_u32(id.bytes + 4, (uint32_t)(ms >> 16));
	put_u64(id.bytes + 8, ms << 48 | (random & UINT64_C(0xffffffffffff)));
	return id;
}

uint32_t
id_locality(struct id id)
{
	return get_u32(id.bytes);
}

void
id_format(struct id id, char text[ID_TEXT_BYTES])
{
	uint32_t bits = 0;
	unsigned count = ID_SPARE_BITS;
	size_t next = 0;
	for (size_t i = 0; i < ID_DIGITS; i++) {
		if (count < 5) {
			bits = bits << 8 | id.bytes[next++];
			count += 8;
		}
		count -= 5;
		text[i] = DIGITS[bits >> count & 31];
	}
	assert(next == ID_BYTES && count == 0);
	text[ID_DIGITS] = '\0';
}

/* Below 0 if it is none of ours. */
static int
digit_value(char character)
{
	const char *found = character == '\0' ? NULL : strchr(DIGITS, character);
	return found == NULL ? -1 : (int)(found - DIGITS);
}

bool
id_parse(const char *text, struct id *id)
{
	struct id read;
	uint32_t bits = 0;
	unsigned count = 0;
	size_t next = 0;
	for (size_t i = 0; i < ID_DIGITS; i++) {
		int value = digit_value(text[i]); /* the NUL is no digit: a short text ends here */
		if (value < 0 || (i == 0 && value > 7))
			return false;
		bits = bits << 5 | (uint32_t)value;
		count += i == 0 ? 5 - ID_SPARE_BITS : 5;
		if (count >= 8) {
			count -= 8;
			read.bytes[next++] = (uint8_t)(bits >> count);
		}
	}
	assert(next == ID_BYTES && count == 0);
	if (text[ID_DIGITS] != '\0')
		return false;
	*id = read;
	return true;
}
