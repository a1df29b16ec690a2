/* common/wire/varint.h
 *
 * The base-128 numbers of the protobuf wire format, shared by frame.c and pb.c.
 * Reading never looks past size and refuses what 64 bits cannot hold, so a caller
 * needs no second check. Source: protobuf.dev, "Encoding", base 128 varints. */
#ifndef COMMON_WIRE_VARINT_H
#define COMMON_WIRE_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_BYTES_MAX = 10 };

/* Bytes read; 0 if the number is cut short or larger than 64 bits. */
static inline size_t
varint_read(const uint8_t *at, size_t size, uint64_t *value)
{
	if (size > 0 && at[0] < 0x80) {
		*value = at[0];
		return 1;
	}
	uint64_t sum = 0;
	size_t most = size < VARINT_BYTES_MAX ? size : VARINT_BYTES_MAX;
	for (size_t i = 0; i < most; i++) {
		sum |= (uint64_t)(at[i] & 0x7f) << (7 * i);
		if (at[i] >= 0x80)
			continue;
		if (i == VARINT_BYTES_MAX - 1 && at[i] > 1)
			return 0;
		*value = sum;
		return i + 1;
	}
	return 0;
}

static inline size_t
varint_size(uint64_t value)
{
	size_t size = 1;
	for (; value >= 0x80; value >>= 7)
		size++;
	return size;
}

/* Writes varint_size(value) bytes and says where they end. */
static inline uint8_t *
varint_write(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

#endif
