/* services/certificate/token.c
 *
 * Promise: token_parse reads back what token_code wrote, and a number has one spelling, so that a code that reads
 * well names one leaf. */
#include "services/certificate/token.h"

#include "common/base/codec.h"

#include <sodium.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum {
	INDEX_DIGITS_MAX = 13, /* of 64 bits */
	HALF_BYTES = TOKEN_BYTES / 2,
	HALF_DIGITS = TOKEN_DIGITS / 2, /* 40 bits each */
};

static void
write_half(const uint8_t bytes[HALF_BYTES], char out[HALF_DIGITS])
{
	uint64_t bits = (uint64_t)bytes[0] << 32 | get_u32(bytes + 1);
	for (size_t i = HALF_DIGITS; i-- > 0; bits >>= 5)
		out[i] = digits[bits & 31];
}

const char *
token_code(struct arena *arena, const uint8_t token[TOKEN_BYTES], uint64_t log_index)
{
	char number[INDEX_DIGITS_MAX];
	size_t at = sizeof(number);
	do {
		number[--at] = digits[log_index & 31];
		log_index >>= 5;
	} while (log_index > 0);
	size_t number_size = sizeof(number) - at;
	char *code = arena_alloc(arena, TOKEN_DIGITS + number_size + 1);
	write_half(token, code);
	write_half(token + HALF_BYTES, code + HALF_DIGITS);
	memcpy(code + TOKEN_DIGITS, number + at, number_size);
	code[TOKEN_DIGITS + number_size] = '\0';
	return code;
}

/* 0 to 31, or -1. */
static int
digit_value(char letter)
{
	if (letter >= 'a' && letter <= 'z')
		letter = (char)(letter - 'a' + 'A');
	if (letter == 'O')
		return 0;
	if (letter == 'I' || letter == 'L')
		return 1;
	for (int i = 0; i < 32; i++) {
		if (digits[i] == letter)
			return i;
	}
	return -1;
}

/* The digits alone, as numbers; 0 if one is none or there are too many. */
static size_t
read_digits(const char *text, uint8_t values[TOKEN_DIGITS + INDEX_DIGITS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] == '-' || text[i] == ' ')
			continue;
		int value = digit_value(text[i]);
		if (value < 0 || count == TOKEN_DIGITS + INDEX_DIGITS_MAX || i >= TOKEN_CODE_BYTES_MAX)
			return 0;
		values[count++] = (uint8_t)value;
	}
	return count;
}

static void
read_half(const uint8_t values[HALF_DIGITS], uint8_t bytes[HALF_BYTES])
{
	uint64_t bits = 0;
	for (size_t i = 0; i < HALF_DIGITS; i++)
		bits = bits << 5 | values[i];
	bytes[0] = (uint8_t)(bits >> 32);
	put_u32(bytes + 1, (uint32_t)bits);
}

/* People paste the whole URL. */
static const char *
code_within(const char *text)
{
	const char *at = strstr(text, TOKEN_PATH);
	return at == NULL ? text : at + strlen(TOKEN_PATH);
}

bool
token_parse(const char *text, uint8_t token[TOKEN_BYTES], uint64_t *log_index)
{
	uint8_t values[TOKEN_DIGITS + INDEX_DIGITS_MAX];
	size_t count = read_digits(code_within(text), values);
	if (count <= TOKEN_DIGITS)
		return false;
	const uint8_t *number = values + TOKEN_DIGITS;
	size_t number_digits = count - TOKEN_DIGITS;
	if (number_digits > 1 && number[0] == 0)
		return false;
	if (number_digits == INDEX_DIGITS_MAX && number[0] > 15)
		return false;
	*log_index = 0;
	for (size_t i = 0; i < number_digits; i++)
		*log_index = *log_index << 5 | number[i];
	read_half(values, token);
	read_half(values + HALF_DIGITS, token + HALF_BYTES);
	return true;
}

bool
token_equal(const uint8_t token[TOKEN_BYTES], const uint8_t other[TOKEN_BYTES])
{
	return sodium_memcmp(token, other, TOKEN_BYTES) == 0;
}
