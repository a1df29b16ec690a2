/* common/wire/json.c
 *
 * A pull reader: each json_next finds where the next token begins (over white
 * space, a comma) and reads it. Nesting is a small stack of brackets in the
 * reader, so hostile depth costs nothing. Strings are checked in one scan, eight
 * plain ASCII bytes at a time; only those with escapes are written out again.
 * Promise: every string given out is valid UTF-8 (it may hold NUL, from \u0000),
 * and a fault is sticky. */
#include "common/wire/json.h"

#include <assert.h>

static enum json_kind
fault(struct json_reader *reader, const char *what)
{
	if (reader->fault == NULL)
		reader->fault = what;
	return JSON_FAULT;
}

void
json_open(struct json_reader *reader, struct slice input, struct arena *arena)
{
	assert(arena != NULL);
	*reader = (struct json_reader){.input = input, .arena = arena};
}

/* --- strings ------------------------------------------------------------- */

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of the eight bytes is a control, a quote, a backslash or not ASCII. */
static bool
word_is_special(const uint8_t *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof word);
	uint64_t quote = word ^ EVERY_BYTE('"');
	uint64_t backslash = word ^ EVERY_BYTE('\\');
	uint64_t found = (word - EVERY_BYTE(0x20)) | (quote - EVERY_BYTE(1)) | (backslash - EVERY_BYTE(1));
	return ((found | word) & EVERY_BYTE(0x80)) != 0; /* borrows only ever find too much */
}

static bool
byte_is_special(uint8_t byte)
{
	return byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x80;
}

static size_t
plain_end(struct slice input, size_t at)
{
	while (input.size - at >= 8 && !word_is_special(input.data + at))
		at += 8;
	while (at < input.size && !byte_is_special(input.data[at]))
		at++;
	return at;
}

/* Bytes of the sequence that begins with a byte of 0x80 or more; 0 if malformed (RFC 3629). */
static size_t
sequence_size(const uint8_t *at, size_t size)
{
	uint8_t first = at[0];
	if (first < 0xc2 || first > 0xf4)
		return 0;
	size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (size < length)
		return 0;
	uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80; /* no overlong spelling */
	uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;  /* no surrogate, none past U+10FFFF */
	if (at[1] < least || at[1] > most)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static int
hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The code unit of "\uXXXX" at at; -1 if it is not one. */
static int32_t
code_unit(const uint8_t *at, size_t size)
{
	if (size < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	int32_t unit = 0;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool
is_high_surrogate(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool
is_low_surrogate(int32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Bytes of the escape that begins at at; 0 and the fault if it is none. */
static size_t
escape_size(struct json_reader *reader, const uint8_t *at, size_t size)
{
	if (size >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL)
		return 2;
	int32_t unit = code_unit(at, size);
	if (unit < 0) {
		fault(reader, "a string holds a bad escape");
		return 0;
	}
	if (is_high_surrogate(unit) && is_low_surrogate(code_unit(at + 6, size - 6)))
		return 12;
	if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
		fault(reader, "a string holds an unpaired surrogate");
		return 0;
	}
	return 6;
}

static uint8_t *
code_point_write(uint8_t *out, int32_t point)
{
	if (point < 0x80) {
		*out++ = (uint8_t)point;
		return out;
	}
	if (point < 0x800) {
		*out++ = (uint8_t)(0xc0 | point >> 6);
	} else if (point < 0x10000) {
		*out++ = (uint8_t)(0xe0 | point >> 12);
		*out++ = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	} else {
		*out++ = (uint8_t)(0xf0 | point >> 18);
		*out++ = (uint8_t)(0x80 | (point >> 12 & 0x3f));
		*out++ = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	}
	*out++ = (uint8_t)(0x80 | (point & 0x3f));
	return out;
}

/* Writes out the escape at at, which string_scan passed; gives its size. */
static size_t
escape_write(const uint8_t *at, size_t size, uint8_t **out)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	if (at[1] != 'u') {
		const char *letter = strchr(letters, at[1]);
		*(*out)++ = letter != NULL ? (uint8_t)meant[letter - letters] : at[1];
		return 2;
	}
	int32_t unit = code_unit(at, size);
	if (!is_high_surrogate(unit)) {
		*out = code_point_write(*out, unit);
		return 6;
	}
	int32_t low = code_unit(at + 6, size - 6);
	*out = code_point_write(*out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
	return 12;
}

/* From behind the opening quote to the closing one, which at is left on. */
static bool
string_scan(struct json_reader *reader, bool *has_escapes)
{
	struct slice input = reader->input;
	*has_escapes = false;
	for (;;) {
		reader->at = plain_end(input, reader->at);
		if (reader->at == input.size)
			return fault(reader, "a string has no end") != JSON_FAULT;
		const uint8_t *at = input.data + reader->at;
		size_t left = input.size - reader->at;
		if (*at == '"')
			return true;
		if (*at < 0x20)
			return fault(reader, "a string holds a control character") != JSON_FAULT;
		size_t size = *at == '\\' ? escape_size(reader, at, left) : sequence_size(at, left);
		if (size == 0)
			return fault(reader, "a string is not valid UTF-8") != JSON_FAULT;
		*has_escapes |= *at == '\\';
		reader->at += size;
	}
}

static bool
unescape(struct json_reader *reader, struct slice raw, struct slice *text)
{
	uint8_t *begin = arena_try(reader->arena, raw.size); /* an escape is never shorter than its meaning */
	if (begin == NULL)
		return fault(reader, "the text needs more memory than a call may use") != JSON_FAULT;
	uint8_t *out = begin;
	for (size_t at = 0; at < raw.size;) {
		const uint8_t *next = memchr(raw.data + at, '\\', raw.size - at);
		size_t plain = next == NULL ? raw.size - at : (size_t)(next - raw.data) - at;
		memcpy(out, raw.data + at, plain);
		out += plain;
		at += plain;
		if (next != NULL)
			at += escape_write(next, raw.size - at, &out);
	}
	*text = slice_of(begin, (size_t)(out - begin));
	return true;
}

/* text may be NULL where nobody wants it. */
static bool
string_read(struct json_reader *reader, struct slice *text)
{
	reader->at++;
	size_t begins = reader->at;
	bool has_escapes;
	if (!string_scan(reader, &has_escapes))
		return false;
	struct slice raw = slice_of(reader->input.data + begins, reader->at - begins);
	reader->at++;
	if (text == NULL)
		return true;
	if (has_escapes)
		return unescape(reader, raw, text);
	*text = raw;
	return true;
}

/* --- tokens -------------------------------------------------------------- */

static void
blank_skip(struct json_reader *reader)
{
	struct slice input = reader->input;
	while (reader->at < input.size) {
		uint8_t byte = input.data[reader->at];
		if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t')
			return;
		reader->at++;
	}
}

/* The byte at at; 0, which begins no token, at the end. */
static uint8_t
byte_here(const struct json_reader *reader)
{
	return reader->at < reader->input.size ? reader->input.data[reader->at] : 0;
}

static bool
is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
digits_skip(struct json_reader *reader)
{
	if (!is_digit(byte_here(reader)))
		return false;
	while (is_digit(byte_here(reader)))
		reader->at++;
	return true;
}

static bool
number_scan(struct json_reader *reader)
{
	if (byte_here(reader) == '-')
		reader->at++;
	if (byte_here(reader) == '0')
		reader->at++;
	else if (!digits_skip(reader))
		return false;
	if (byte_here(reader) == '.') {
		reader->at++;
		if (!digits_skip(reader))
			return false;
	}
	if ((byte_here(reader) | 0x20) != 'e')
		return true;
	reader->at++;
	if (byte_here(reader) == '+' || byte_here(reader) == '-')
		reader->at++;
	return digits_skip(reader);
}

static enum json_kind
value_ends(struct json_reader *reader, enum json_kind kind)
{
	reader->after_name = false;
	reader->wants_comma = true;
	reader->done = reader->depth == 0;
	return kind;
}

static enum json_kind
number_read(struct json_reader *reader, struct slice *text)
{
	size_t begins = reader->at;
	if (!number_scan(reader))
		return fault(reader, "a number is not spelt as JSON has it");
	if (text != NULL)
		*text = slice_of(reader->input.data + begins, reader->at - begins);
	return value_ends(reader, JSON_NUMBER);
}

static enum json_kind
word_read(struct json_reader *reader, const char *word, enum json_kind kind)
{
	struct slice rest = slice_of(reader->input.data + reader->at, reader->input.size - reader->at);
	if (!slice_begins(rest, slice_text(word)))
		return fault(reader, "a value was expected");
	reader->at += strlen(word);
	return value_ends(reader, kind);
}

static enum json_kind
nest_begins(struct json_reader *reader, uint8_t bracket)
{
	if (reader->depth == JSON_DEPTH_MAX)
		return fault(reader, "values nest too deep");
	reader->nest[reader->depth++] = bracket;
	reader->at++;
	reader->after_name = false;
	reader->wants_comma = false;
	return bracket == '{' ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_kind
nest_ends(struct json_reader *reader)
{
	reader->at++;
	reader->depth--;
	return value_ends(reader, reader->nest[reader->depth] == '{' ? JSON_OBJECT_END : JSON_ARRAY_END);
}

static bool
is_closer(const struct json_reader *reader)
{
	if (reader->depth == 0 || reader->after_name)
		return false;
	return byte_here(reader) == (reader->nest[reader->depth - 1] == '{' ? '}' : ']');
}

static enum json_kind
name_read(struct json_reader *reader, struct slice *text)
{
	if (byte_here(reader) != '"')
		return fault(reader, "a member's name was expected");
	if (!string_read(reader, text))
		return JSON_FAULT;
	blank_skip(reader);
	if (byte_here(reader) != ':')
		return fault(reader, "a colon was expected");
	reader->at++;
	reader->after_name = true;
	return JSON_NAME;
}

static enum json_kind
value_read(struct json_reader *reader, struct slice *text)
{
	uint8_t byte = byte_here(reader);
	switch (byte) {
	case '"':
		return string_read(reader, text) ? value_ends(reader, JSON_STRING) : JSON_FAULT;
	case '{':
	case '[':
		return nest_begins(reader, byte);
	case 't':
		return word_read(reader, "true", JSON_TRUE);
	case 'f':
		return word_read(reader, "false", JSON_FALSE);
	case 'n':
		return word_read(reader, "null", JSON_NULL);
	default:
		if (byte == '-' || is_digit(byte))
			return number_read(reader, text);
		if (reader->at == 0 && byte == 0xef) /* RFC 8259 section 8.1: JSON on the wire has none */
			return fault(reader, "a value was expected, not a byte order mark");
		return fault(reader, reader->at < reader->input.size ? "a value was expected" : "the text ends early");
	}
}

/* Leaves at on the first byte of the next token. */
static bool
token_find(struct json_reader *reader)
{
	if (reader->fault != NULL)
		return false;
	blank_skip(reader);
	if (!reader->wants_comma || reader->done || is_closer(reader))
		return true;
	if (byte_here(reader) != ',') {
		bool ended = reader->at == reader->input.size;
		return fault(reader, ended ? "the text ends early" : "a comma was expected") != JSON_FAULT;
	}
	reader->at++;
	reader->wants_comma = false;
	blank_skip(reader);
	if (is_closer(reader))
		return fault(reader, "a comma has nothing behind it") != JSON_FAULT;
	return true;
}

static enum json_kind
token_read(struct json_reader *reader, struct slice *text)
{
	if (reader->done)
		return reader->at == reader->input.size ? JSON_END : fault(reader, "there is more behind the value");
	if (is_closer(reader))
		return nest_ends(reader);
	if (reader->depth > 0 && reader->nest[reader->depth - 1] == '{' && !reader->after_name)
		return name_read(reader, text);
	return value_read(reader, text);
}

enum json_kind
json_next(struct json_reader *reader, struct slice *text)
{
	return token_find(reader) ? token_read(reader, text) : JSON_FAULT;
}

bool
json_skip(struct json_reader *reader, struct slice *raw)
{
	if (!token_find(reader))
		return false;
	size_t begins = reader->at;
	unsigned depth = reader->depth;
	if (reader->done || is_closer(reader))
		return fault(reader, "a value was expected") != JSON_FAULT;
	enum json_kind kind = token_read(reader, NULL);
	assert(kind != JSON_NAME); /* the caller reads names */
	while (kind != JSON_FAULT && reader->depth > depth)
		kind = token_find(reader) ? token_read(reader, NULL) : JSON_FAULT;
	if (kind == JSON_FAULT)
		return false;
	*raw = slice_of(reader->input.data + begins, reader->at - begins);
	return true;
}
