/* common/host/journal_entry.h
 *
 * An entry in the file of a journal: a head of 20 bytes, then its own. The head says, in
 * big-endian numbers, its size (4 bytes), a CRC-32 of all but this field (4), its sequence
 * (8), and how many entries of the same batch stand before it (4). */
#ifndef COMMON_HOST_JOURNAL_ENTRY_H
#define COMMON_HOST_JOURNAL_ENTRY_H

#include "common/base/slice.h"

enum { ENTRY_HEAD_BYTES = 20 };

void journal_entry_head(uint8_t head[ENTRY_HEAD_BYTES], uint64_t seq, uint32_t with, struct slice entry);

/* The entry of that sequence if it seems to begin there and ends before the limit. */
bool journal_entry_at(const uint8_t *map, uint64_t at, uint64_t limit, uint64_t seq, struct slice *entry);
/* The same, and it is what was written. */
bool journal_entry_whole(const uint8_t *map, uint64_t at, uint64_t limit, uint64_t seq, struct slice *entry);

uint64_t journal_entry_seq(const uint8_t *map, uint64_t at);
/* A batch is written once all before it is durable: up to where an entry that is whole proves that it was. */
uint64_t journal_entry_durable(const uint8_t *map, uint64_t at);

#endif
