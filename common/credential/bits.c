/* common/credential/bits.c
 *
 * The gzip header is written by zlib from fields given here, so that neither the time nor
 * the system shows. Inflating writes into room for one byte more than allowed: if that byte
 * is used the text is a bomb, or simply too large, and nothing was held beyond it.
 *
 * A place is found by a balanced Feistel network over two halves of 10 bits, a permutation
 * whatever its round function, which is SipHash here; FF1 (NIST SP 800-38G) takes ten rounds
 * for small domains, and so do we. */
#include "common/credential/bits.h"

#include "common/base/text.h"

#include <assert.h>
#include <zlib.h>

enum {
	WINDOW_GZIP = 15 + 16, /* zlib's way to ask for gzip */
	MEMORY_LEVEL = 8,
	LEVEL = 6,
	OS_UNIX = 3,
	GZIP_FRAME_BYTES = 64, /* header and trailer, with room */
	ROUNDS = 10,
	HALF_BITS = 10,
	HALF_MASK = (1 << HALF_BITS) - 1,
};

static_assert(BITS_ENTRIES == 1 << (2 * HALF_BITS), "two halves make an index");

/* --- encoding --------------------------------------------------------------------------------------------------- */

struct slice
bits_encode(struct arena *arena, struct slice bits)
{
	z_stream stream = {.next_in = (Bytef *)bits.data, .avail_in = (uInt)bits.size};
	gz_header header = {.os = OS_UNIX};
	assert(bits.size >= BITS_ENTRIES_MIN / 8);
	assert(bits.size <= BITS_BYTES_MAX);
	int code = deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
	assert(code == Z_OK);
	code = deflateSetHeader(&stream, &header);
	assert(code == Z_OK);
	size_t room = deflateBound(&stream, bits.size);
	stream.next_out = arena_alloc(arena, room);
	stream.avail_out = (uInt)room;
	const uint8_t *packed = stream.next_out;
	code = deflate(&stream, Z_FINISH);
	assert(code == Z_STREAM_END);
	size_t size = stream.total_out;
	deflateEnd(&stream);

	char *text = arena_alloc(arena, 1 + TEXT_BASE64_BYTES(size));
	text[0] = 'u';
	text_base64url(slice_of(packed, size), text + 1);
	return slice_text(text);
}

/* --- decoding --------------------------------------------------------------------------------------------------- */

/* One whole gzip member into at most bytes_max bytes. */
static const char *
inflate_fault(z_stream *stream, size_t bytes_max)
{
	int code = inflate(stream, Z_FINISH);
	if (stream->total_out > bytes_max)
		return "the list inflates to more than is allowed";
	if (code == Z_BUF_ERROR && stream->avail_in == 0)
		return "the list ends before its end";
	if (code != Z_STREAM_END)
		return "the list is not gzip";
	if (stream->avail_in > 0)
		return "the list has something behind its end";
	return NULL;
}

static const char *
inflate_list(struct arena *arena, struct slice packed, size_t bytes_max, struct slice *bits)
{
	z_stream stream = {.next_in = (Bytef *)packed.data, .avail_in = (uInt)packed.size};
	uint8_t *room = arena_try(arena, bytes_max + 1);
	if (room == NULL)
		return "the list needs more memory than there is";
	int code = inflateInit2(&stream, WINDOW_GZIP);
	assert(code == Z_OK);
	stream.next_out = room;
	stream.avail_out = (uInt)(bytes_max + 1);
	const char *fault = inflate_fault(&stream, bytes_max);
	*bits = slice_of(room, stream.total_out);
	inflateEnd(&stream);
	return fault;
}

const char *
bits_decode(struct arena *arena, struct slice text, size_t bytes_max, struct slice *bits)
{
	assert(bytes_max <= BITS_BYTES_MAX);
	size_t size;
	size_t limit = bytes_max + bytes_max / 1000 + GZIP_FRAME_BYTES; /* what cannot be packed grows by less */
	if (text.size == 0 || text.data[0] != 'u')
		return "the list is not in base64url: it does not begin with u";
	if (text.size > TEXT_BASE64_BYTES(limit))
		return "the list is too large";
	uint8_t *packed = arena_try(arena, limit);
	if (packed == NULL)
		return "the list needs more memory than there is";
	if (!text_from_base64url(slice_of(text.data + 1, text.size - 1), packed, limit, &size))
		return "the list is not in base64url";
	const char *fault = inflate_list(arena, slice_of(packed, size), bytes_max, bits);
	if (fault == NULL && bits->size < BITS_ENTRIES_MIN / 8)
		return "the list has fewer than 131,072 entries";
	return fault;
}

/* --- entries ---------------------------------------------------------------------------------------------------- */

static uint8_t
mask_of(uint64_t index)
{
	return (uint8_t)(0x80 >> (index & 7));
}

const char *
bits_get(struct slice bits, uint64_t index, bool *is_set)
{
	if (index / 8 >= bits.size)
		return "the list has no such entry";
	*is_set = (bits.data[index / 8] & mask_of(index)) != 0;
	return NULL;
}

void
bits_set(uint8_t bits[BITS_BYTES], uint32_t index, bool is_set)
{
	assert(index < BITS_ENTRIES);
	uint8_t mask = mask_of(index);
	bits[index / 8] = (uint8_t)(is_set ? bits[index / 8] | mask : bits[index / 8] & ~mask);
}

static uint32_t
round_value(const uint8_t key[KEYED_KEY_BYTES], unsigned round, uint32_t half)
{
	uint8_t hash[KEYED_BYTES];
	const uint8_t input[] = {(uint8_t)round, (uint8_t)(half >> 8), (uint8_t)half};
	hash_keyed(slice_of(input, sizeof(input)), key, hash);
	return (uint32_t)(hash[0] << 8 | hash[1]) & HALF_MASK;
}

uint32_t
bits_place(const uint8_t key[KEYED_KEY_BYTES], uint32_t n)
{
	assert(n < BITS_ENTRIES);
	uint32_t left = n >> HALF_BITS;
	uint32_t right = n & HALF_MASK;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t mixed = left ^ round_value(key, round, right);
		left = right;
		right = mixed;
	}
	return left << HALF_BITS | right;
}
