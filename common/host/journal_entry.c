/* common/host/journal_entry.c
 *
 * The CRC tells what a crash tore from what was written; whether somebody changed it is for
 * the chain of hashes. */
#include "common/host/journal_entry.h"

#include "common/base/codec.h"

#include <assert.h>
#include <zlib.h>

enum { CRC_AT = 4, SEQ_AT = 8, WITH_AT = 16 };

static uint32_t
checksum(const uint8_t head[ENTRY_HEAD_BYTES], struct slice entry)
{
	uLong crc = crc32(0, head, CRC_AT);
	crc = crc32(crc, head + SEQ_AT, ENTRY_HEAD_BYTES - SEQ_AT);
	return (uint32_t)crc32_z(crc, entry.data, entry.size);
}

void
journal_entry_head(uint8_t head[ENTRY_HEAD_BYTES], uint64_t seq, uint32_t with, struct slice entry)
{
	assert(entry.size > 0);
	assert(entry.size <= INT32_MAX);
	put_u32(head, (uint32_t)entry.size);
	put_u64(head + SEQ_AT, seq);
	put_u32(head + WITH_AT, with);
	put_u32(head + CRC_AT, checksum(head, entry));
}

uint64_t
journal_entry_seq(const uint8_t *map, uint64_t at)
{
	return get_u64(map + at + SEQ_AT);
}

uint64_t
journal_entry_durable(const uint8_t *map, uint64_t at)
{
	return journal_entry_seq(map, at) - 1 - get_u32(map + at + WITH_AT);
}

bool
journal_entry_at(const uint8_t *map, uint64_t at, uint64_t limit, uint64_t seq, struct slice *entry)
{
	if (at > limit || limit - at < ENTRY_HEAD_BYTES)
		return false;
	uint32_t size = get_u32(map + at);
	if (size == 0 || size > limit - at - ENTRY_HEAD_BYTES || journal_entry_seq(map, at) != seq)
		return false;
	*entry = slice_of(map + at + ENTRY_HEAD_BYTES, size);
	return true;
}

bool
journal_entry_whole(const uint8_t *map, uint64_t at, uint64_t limit, uint64_t seq, struct slice *entry)
{
	return journal_entry_at(map, at, limit, seq, entry) && get_u32(map + at + CRC_AT) == checksum(map + at, *entry);
}
