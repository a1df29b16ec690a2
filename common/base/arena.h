/* common/base/arena.h
 *
 * Memory that ends all at once: with a call, a batch, or a frozen memtable.
 * Blocks are chained and kept over arena_reset, so a busy node allocates from
 * the system only while it grows; what none of the last rounds needed goes back
 * to it. There is no free of a single piece.
 *
 * The limit bounds what hostile input can make us hold: arena_try answers NULL
 * beyond it. arena_alloc is for our own bounded needs and ignores the limit; if
 * the system itself has no memory left, both end the process through fatal(). */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include "common/base/slice.h"

/* A block of this size is one huge page: for memory that is large and looked through at random, where finding the
 * page of an address costs as much as what stands there. */
enum { ARENA_HUGE_BYTES = (2 << 20) - 64 };

struct arena_block;

/* Huge pages between two arenas that have them in turn: the system would clear each before it gives it again. */
struct arena_pages {
	struct arena_block *first;
};

struct arena {
	struct arena_block *first;
	struct arena_block *current;
	struct arena_block *spare; /* of block_bytes each, kept from earlier rounds */
	uint32_t spare_count;
	uint32_t spare_least; /* how many of them were there at the end of each of the last rounds */
	uint32_t rounds;
	struct arena_pages *pages; /* where huge pages are taken from and go back to; NULL: the system */
	size_t held;               /* bytes of all blocks */
	size_t used;               /* bytes handed out since the last reset */
	size_t limit;              /* bytes; 0 means none */
	size_t block_bytes; /* size of a new block; may be changed, for those to come, where nothing is ever reset */
};

void arena_init(struct arena *arena, size_t block_bytes, size_t limit);
void arena_free(struct arena *arena);

/* Everything handed out becomes invalid, and a round ends; blocks are kept for the next ones. */
void arena_reset(struct arena *arena);

/* Gives back what no arena has at present. */
void arena_pages_free(struct arena_pages *pages);

/* Bytes held from the system, used or not. */
size_t arena_held(const struct arena *arena);

/* Aligned for any type; contents undefined. */
void *arena_try(struct arena *arena, size_t size);   /* NULL beyond the limit */
void *arena_alloc(struct arena *arena, size_t size); /* never NULL */
void *arena_zero(struct arena *arena, size_t size);  /* never NULL, zeroed */

struct slice arena_copy(struct arena *arena, struct slice bytes);
char *arena_text(struct arena *arena, struct slice bytes); /* copy, NUL-terminated */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
