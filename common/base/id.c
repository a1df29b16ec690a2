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

enum { ID_DIGITS = ID_TEXT_BYTES - 1, ID_PARSED = 64 };

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

/* The value of each digit and 1, so that 0 says it is none of ours. */
static const uint8_t DIGIT_VALUES[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['g'] = 17, ['h'] = 18, ['j'] = 19, ['k'] = 20, ['m'] = 21, ['n'] = 22, ['p'] = 23, ['q'] = 24,
	['r'] = 25, ['s'] = 26, ['t'] = 27, ['v'] = 28, ['w'] = 29, ['x'] = 30, ['y'] = 31, ['z'] = 32,
};

/* Thirteen digits are 65 bits; the first one is read apart. False if one is no digit. */
static bool
digits_read(const char *text, size_t count, uint64_t *bits)
{
	uint64_t read = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t value = DIGIT_VALUES[(uint8_t)text[i]];
		if (value == 0)
			return false;
		read = read << 5 | (value - 1u);
	}
	*bits = read;
	return true;
}

static bool
digits_parse(const char *text, struct id *id)
{
	/* 128 bits: a digit of 3, then 5 a digit; 63 bits end with the 13th, the 64th begins the 14th. */
	uint64_t high;
	uint64_t low;
	if (!digits_read(text, 13, &high) || DIGIT_VALUES[(uint8_t)text[0]] > 8 || !digits_read(text + 13, 13, &low))
		return false;
	uint8_t middle = (uint8_t)(DIGIT_VALUES[(uint8_t)text[13]] - 1);
	put_u64(id->bytes, high << 1 | middle >> 4);
	put_u64(id->bytes + 8, low);
	return true;
}

/* One event parses the texts of two or three ids thirty times, some of them just written; finding one here is a quarter
 * of the work. */
static _Thread_local struct parsed {
	char text[ID_TEXT_BYTES];
	struct id id;
} parsed[ID_PARSED];

/* Ids end in randomness. */
static struct parsed *
parsed_at(const char *text)
{
	unsigned last = (uint8_t)text[ID_DIGITS - 1];
	return &parsed[(last ^ (unsigned)(uint8_t)text[ID_DIGITS - 2] << 1) % ID_PARSED];
}

static void
parsed_keep(const char *text, const struct id *id)
{
	struct parsed *place = parsed_at(text);
	memcpy(place->text, text, ID_DIGITS);
	place->id = *id;
}

/* Eight digits as one number, to be told from others. */
static inline uint64_t
eight(const char *text)
{
	uint64_t digits;
	memcpy(&digits, text, sizeof(digits));
	return digits;
}

static inline bool
same_digits(const char *a, const char *b)
{
	enum { LAST = ID_DIGITS - sizeof(uint64_t) }; /* overlaps the eight before */
	return ((eight(a) ^ eight(b)) | (eight(a + 8) ^ eight(b + 8)) | (eight(a + 16) ^ eight(b + 16)) |
		(eight(a + LAST) ^ eight(b + LAST))) == 0;
}

void
id_format(struct id id, char text[ID_TEXT_BYTES])
{
	/* From the last digit on, five bits each; the fourteenth has one of the high half. */
	uint64_t high = get_u64(id.bytes);
	uint64_t low = get_u64(id.bytes + 8);
	for (size_t i = ID_DIGITS - 1; i > 13; i--, low >>= 5)
		text[i] = DIGITS[low & 31];
	text[13] = DIGITS[(high << 4 | low) & 31];
	high >>= 1;
	for (size_t i = 13; i > 0; i--, high >>= 5)
		text[i - 1] = DIGITS[high & 31];
	text[ID_DIGITS] = '\0';
	parsed_keep(text, &id);
}

/* Apart, so that finding one stays small. */
__attribute__((noinline)) static bool
parse_anew(const char *text, struct id *id)
{
	if (!digits_parse(text, id))
		return false;
	parsed_keep(text, id);
	return true;
}

bool
id_parse(const char *text, struct id *id)
{
	if (strlen(text) != ID_DIGITS)
		return false;
	const struct parsed *known = parsed_at(text);
	if (!same_digits(known->text, text))
		return parse_anew(text, id);
	*id = known->id;
	return true;
}
