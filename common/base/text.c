/* common/base/text.c
 *
 * Most text that passes is ASCII, so each function has a short way for it; the
 * rest is utf8proc's. Folding decomposes and drops the marks first and folds case
 * after: the other way round, a Greek letter with its iota inside or beside it
 * would fold to two different texts. đ is a letter of its own in Unicode, not a d
 * with a mark, so it is mapped by hand; no other letter is.
 *
 * Short texts are worked on the stack, so that only the result stays in the arena. */
#include "common/base/text.h"

#include <assert.h>
#include <utf8proc.h>

enum {
	SHORT_POINTS = 256,  /* code points of a name or a title */
	FOLD_POINTS_MAX = 4, /* one code point folds to 3 at most (CaseFolding.txt, status F) */
	D_STROKE_UPPER = 0x110,
	D_STROKE_LOWER = 0x111,
};

static const uint64_t ONES = UINT64_C(0x0101010101010101);
static const uint64_t HIGH_BITS = UINT64_C(0x8080808080808080);

/* How many bytes at the beginning are surely ASCII without NUL: eight at a time, the last few are left to
 * the caller. A NUL borrows in the subtraction and so shows a high bit as well. */
static size_t
ascii_run(struct slice bytes)
{
	size_t at = 0;
	for (; bytes.size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, bytes.data + at, sizeof(word));
		if (((word | (word - ONES)) & HIGH_BITS) != 0)
			break;
	}
	return at;
}

static bool
ascii_only(struct slice bytes)
{
	for (size_t i = ascii_run(bytes); i < bytes.size; i++) {
		if (bytes.data[i] >= 0x80)
			return false;
	}
	return true;
}

/* Bytes of the character at the beginning, 0 if it is none: the table of RFC 3629 section 4. */
static size_t
character_bytes(const uint8_t *at, size_t room)
{
	uint8_t lead = at[0];
	if (lead >= 0x01 && lead <= 0x7f)
		return 1;
	size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead < 0xc2 || lead > 0xf4 || size > room)
		return 0;
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return size;
}

/* The same of a whole text of eight bytes or more: its last eight overlap those before. */
static inline bool
ascii_whole(struct slice bytes)
{
	uint64_t last;
	if (bytes.size < sizeof(last))
		return false;
	memcpy(&last, bytes.data + bytes.size - sizeof(last), sizeof(last));
	return ((last | (last - ONES)) & HIGH_BITS) == 0 && ascii_run(bytes) + sizeof(last) > bytes.size;
}

bool
text_valid(struct slice bytes)
{
	if (ascii_whole(bytes))
		return true;
	size_t at = ascii_run(bytes);
	while (at < bytes.size) {
		if (bytes.data[at] >= 0x01 && bytes.data[at] <= 0x7f) {
			at++;
			continue;
		}
		size_t size = character_bytes(bytes.data + at, bytes.size - at);
		if (size == 0)
			return false;
		at += size;
		at += ascii_run(slice_of(bytes.data + at, bytes.size - at));
	}
	return true;
}

int
text_cut(const char *text, size_t bytes_max)
{
	size_t room = strnlen(text, bytes_max);
	size_t at = 0;
	while (at < room) {
		size_t size = character_bytes((const uint8_t *)text + at, room - at);
		if (size == 0)
			break;
		at += size;
	}
	return (int)at;
}

/* True of valid text whose code points all lie below U+0300 or in U+1E00-1EFF: no mark is among them, so each stands
 * alone and nothing composes (NFC_Quick_Check=Yes, Canonical_Combining_Class=0). Vietnamese as keyboards write it. */
static bool
is_composed(struct slice bytes)
{
	size_t at = 0;
	while (at < bytes.size) {
		const uint8_t *letter = bytes.data + at;
		size_t size = letter[0] < 0x80 ? 1 : character_bytes(letter, bytes.size - at);
		bool is_latin = letter[0] < 0xcc || (letter[0] == 0xe1 && letter[1] >= 0xb8 && letter[1] <= 0xbb);
		if (size == 0 || !is_latin)
			return false;
		at += size;
	}
	return true;
}

/* The code points of a text, with room for one more, as utf8proc_reencode wants it. */
struct points {
	int32_t on_stack[SHORT_POINTS + 1];
	int32_t *data;
	utf8proc_ssize_t count; /* below 0: not valid UTF-8 */
};

static void
points_read(struct points *points, struct arena *arena, struct slice bytes, utf8proc_option_t options,
	    utf8proc_custom_func map)
{
	utf8proc_ssize_t size = (utf8proc_ssize_t)bytes.size;
	points->data = points->on_stack;
	points->count = utf8proc_decompose_custom(bytes.data, size, points->data, SHORT_POINTS, options, map, NULL);
	if (points->count <= SHORT_POINTS)
		return;
	utf8proc_ssize_t count = points->count;
	points->data = arena_alloc(arena, ((size_t)count + 1) * sizeof(*points->data));
	points->count = utf8proc_decompose_custom(bytes.data, size, points->data, count, options, map, NULL);
	assert(points->count == count);
}

const char *
text_nfc(struct arena *arena, const char *text)
{
	struct slice bytes = slice_text(text);
	if (ascii_only(bytes) || is_composed(bytes))
		return arena_text(arena, bytes);
	utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	struct points points;
	points_read(&points, arena, bytes, options, NULL);
	if (points.count < 0)
		return NULL;
	utf8proc_ssize_t size = utf8proc_reencode(points.data, points.count, options);
	assert(size >= 0);
	return arena_text(arena, slice_of(points.data, (size_t)size));
}

static const char *
fold_ascii(struct arena *arena, struct slice bytes)
{
	char *folded = arena_text(arena, bytes);
	for (size_t i = 0; i < bytes.size; i++) {
		if (folded[i] >= 'A' && folded[i] <= 'Z')
			folded[i] += 'a' - 'A';
	}
	return folded;
}

static utf8proc_int32_t
plain_d(utf8proc_int32_t point, void *unused)
{
	(void)unused;
	return point == D_STROKE_UPPER || point == D_STROKE_LOWER ? 'd' : point;
}

/* Writes the folded form of one code point without marks; returns its bytes. */
static size_t
fold_point(int32_t point, uint8_t *out)
{
	if (point < 0x80) {
		out[0] = (uint8_t)(point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point);
		return 1;
	}
	int32_t folded[FOLD_POINTS_MAX];
	int boundary = 0;
	utf8proc_option_t options = UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK;
	utf8proc_ssize_t count = utf8proc_decompose_char(point, folded, FOLD_POINTS_MAX, options, &boundary);
	assert(count >= 0);
	assert(count <= FOLD_POINTS_MAX);
	size_t size = 0;
	for (utf8proc_ssize_t i = 0; i < count; i++)
		size += (size_t)utf8proc_encode_char(folded[i], out + size);
	return size;
}

const char *
text_fold(struct arena *arena, const char *text)
{
	struct slice bytes = slice_text(text);
	if (ascii_only(bytes))
		return fold_ascii(arena, bytes);
	struct points points;
	points_read(&points, arena, bytes, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK, plain_d);
	if (points.count < 0)
		return NULL;
	uint8_t on_stack[SHORT_POINTS * FOLD_POINTS_MAX * 4];
	uint8_t *out = on_stack;
	if (points.count > SHORT_POINTS)
		out = arena_alloc(arena, (size_t)points.count * FOLD_POINTS_MAX * 4);
	size_t size = 0;
	for (utf8proc_ssize_t i = 0; i < points.count; i++)
		size += fold_point(points.data[i], out + size);
	return arena_text(arena, slice_of(out, size));
}

const char *
text_fold_case(struct arena *arena, const char *text)
{
	struct slice bytes = slice_text(text);
	if (ascii_only(bytes))
		return fold_ascii(arena, bytes);
	utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
	struct points points;
	points_read(&points, arena, bytes, options, NULL);
	if (points.count < 0)
		return NULL;
	utf8proc_ssize_t size = utf8proc_reencode(points.data, points.count, options);
	assert(size >= 0);
	return arena_text(arena, slice_of(points.data, (size_t)size));
}

/* Bytes of the white space at the beginning; 0 if there is none. */
static size_t
space_bytes(const char *at)
{
	if (*at == ' ' || (*at >= '\t' && *at <= '\r'))
		return 1;
	return at[0] == '\xc2' && at[1] == '\xa0' ? 2 : 0;
}

const char *
text_spaced(struct arena *arena, const char *text)
{
	char *out = arena_text(arena, slice_text(text));
	size_t size = 0;
	while (*text != '\0') {
		size_t skip = space_bytes(text);
		if (skip == 0)
			out[size++] = *text++;
		else if (size > 0 && out[size - 1] != ' ')
			out[size++] = ' ';
		text += skip;
	}
	if (size > 0 && out[size - 1] == ' ')
		size--;
	out[size] = '\0';
	return out;
}

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char HEX[] = "0123456789abcdef";

/* Without padding; returns the end, where nothing is written. */
static char *
base64_write(const char alphabet[64], struct slice bytes, char *out)
{
	uint32_t bits = 0;
	unsigned count = 0;
	for (size_t i = 0; i < bytes.size; i++) {
		bits = bits << 8 | bytes.data[i];
		for (count += 8; count >= 6; count -= 6)
			*out++ = alphabet[bits >> (count - 6) & 63];
	}
	if (count > 0)
		*out++ = alphabet[bits << (6 - count) & 63];
	return out;
}

void
text_base64url(struct slice bytes, char *out)
{
	*base64_write(BASE64URL, bytes, out) = '\0';
}

void
text_base64(struct slice bytes, char *out)
{
	char *end = base64_write(BASE64, bytes, out);
	while ((end - out) % 4 != 0)
		*end++ = '=';
	*end = '\0';
}

/* Below 0 if it is none of the 64. */
static int
base64_value(const char alphabet[64], uint8_t character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	return character == (uint8_t)alphabet[62] ? 62 : character == (uint8_t)alphabet[63] ? 63 : -1;
}

/* Bits left over must be zero (RFC 4648 section 3.5), so that bytes have one spelling only. */
static bool
base64_read(const char alphabet[64], struct slice text, uint8_t *out, size_t limit, size_t *size)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t done = 0;
	for (size_t i = 0; i < text.size; i++) {
		int value = base64_value(alphabet, text.data[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count < 8)
			continue;
		if (done == limit)
			return false;
		count -= 8;
		out[done++] = (uint8_t)(bits >> count);
	}
	if (count == 6 || (bits & ((1U << count) - 1)) != 0)
		return false;
	*size = done;
	return true;
}

bool
text_from_base64url(struct slice text, uint8_t *out, size_t limit, size_t *size)
{
	return base64_read(BASE64URL, text, out, limit, size);
}

bool
text_from_base64(struct slice text, uint8_t *out, size_t limit, size_t *size)
{
	if (text.size % 4 != 0)
		return false;
	for (int padding = 0; padding < 2 && text.size > 0 && text.data[text.size - 1] == '='; padding++)
		text.size--;
	return base64_read(BASE64, text, out, limit, size);
}

void
text_hex(struct slice bytes, char *out)
{
	for (size_t i = 0; i < bytes.size; i++) {
		*out++ = HEX[bytes.data[i] >> 4];
		*out++ = HEX[bytes.data[i] & 15];
	}
	*out = '\0';
}

/* Below 0 if it is none of the 16, in either case. */
static int
hex_value(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

bool
text_from_hex(const char *text, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = hex_value(text[2 * i]);
		int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * size] == '\0';
}
