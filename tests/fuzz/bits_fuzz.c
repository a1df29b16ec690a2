/* tests/fuzz/bits_fuzz.c
 *
 * Bytes presented as status lists: as the text, and as the gzip within it. Memory is bounded
 * by the limit whatever they inflate to; what is taken has enough entries, and the list
 * written from it is read as the same. */
#include "common/credential/bits.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = BITS_ENTRIES_MIN / 8 * 2 };

static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
check_list(struct slice text)
{
	struct arena arena;
	struct slice bits, again;
	bool is_set;
	arena_init(&arena, 1 << 16, 0);
	const char *fault = bits_decode(&arena, text, LIMIT, &bits);
	hold(arena.used <= 3 * LIMIT);
	if (fault == NULL) {
		hold(bits.size >= BITS_ENTRIES_MIN / 8 && bits.size <= LIMIT);
		hold(bits_get(bits, bits.size * 8 - 1, &is_set) == NULL);
		hold(bits_get(bits, bits.size * 8, &is_set) != NULL);
		hold(bits_decode(&arena, bits_encode(&arena, bits), LIMIT, &again) == NULL);
		hold(slice_equal(bits, again));
	} else {
		hold(fault[0] != '\0');
	}
	arena_free(&arena);
}

/* The bytes deflated with a sound header and trailer around them: a list as far as gzip goes. */
static void
check_content(struct slice bytes)
{
	static uint8_t content[2 * LIMIT];
	static uint8_t packed[4 * LIMIT];
	static char text[1 + TEXT_BASE64_BYTES(sizeof(packed))] = "u";
	size_t whole = bytes.size < 2 ? bytes.size : (size_t)(bytes.data[0] << 8 | bytes.data[1]);
	for (size_t i = 0; i < whole; i++)
		content[i] = bytes.size == 0 ? 0 : bytes.data[i % bytes.size];
	z_stream stream = {
		.next_in = content, .avail_in = (uInt)whole, .next_out = packed, .avail_out = sizeof(packed)};
	hold(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	hold(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	text_base64url(slice_of(packed, stream.total_out), text + 1);
	deflateEnd(&stream);
	check_list(slice_text(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	char *text = malloc(1 + TEXT_BASE64_BYTES(size));
	hold(text != NULL);
	text[0] = 'u';
	text_base64url(bytes, text + 1);
	check_list(bytes);
	check_list(slice_text(text));
	check_content(bytes);
	free(text);
	return 0;
}
