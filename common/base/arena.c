/* common/base/arena.c
 *
 * A chain of malloc blocks, newest first; pieces are cut from one of them, the
 * current. A piece larger than block_bytes gets a block of its own and leaves
 * the current one current, so that one large value does not waste the rest of it.
 *
 * A call that issues a hundred certificates fills some MiB, the next one asks a figure: what
 * went back to the system in between would be mapped and cleared anew each time. So
 * blocks are kept until ROUNDS_KEPT resets in a row did not need them.
 *
 * Bytes and texts are cut without alignment: a memtable holds millions of short
 * keys, and padding each would cost more than the keys. Padding counts as used,
 * so the limit holds for pieces of any size. */
#include "common/base/arena.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	ARENA_ALIGN = alignof(max_align_t),
	ARENA_PIECE_BYTES_MAX = INT32_MAX,
	HUGE_PAGE_BYTES = 2 << 20,
	ROUNDS_KEPT = 32,
};

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes of data */
	size_t used; /* bytes of data handed out, padding included */
	alignas(max_align_t) uint8_t data[];
};

void
arena_init(struct arena *arena, size_t block_bytes, size_t limit)
{
	assert(block_bytes > 0);
	assert(block_bytes <= ARENA_PIECE_BYTES_MAX);
	*arena = (struct arena){.block_bytes = block_bytes, .limit = limit, .spare_least = UINT32_MAX};
}

static void
block_free(struct arena *arena, struct arena_block *block)
{
	arena->held -= sizeof(*block) + block->size;
	if (arena->pages == NULL || block->size != ARENA_HUGE_BYTES) {
		free(block);
		return;
	}
	block->next = arena->pages->first;
	arena->pages->first = block;
}

static void
blocks_free(struct arena *arena, struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *next = block->next;
		block_free(arena, block);
		block = next;
	}
}

void
arena_free(struct arena *arena)
{
	blocks_free(arena, arena->first);
	blocks_free(arena, arena->spare);
	assert(arena->held == 0);
	arena_init(arena, arena->block_bytes, arena->limit);
}

static void
spare_put(struct arena *arena, struct arena_block *block)
{
	block->used = 0;
	block->next = arena->spare;
	arena->spare = block;
	arena->spare_count++;
}

static struct arena_block *
spare_take(struct arena *arena)
{
	struct arena_block *block = arena->spare;
	if (block == NULL)
		return NULL;
	arena->spare = block->next;
	arena->spare_count--;
	assert(block->size == arena->block_bytes); /* which changes only in an arena that is never reset */
	return block;
}

/* As many as no round of the last ones took go back. */
static void
spare_shrink(struct arena *arena)
{
	if (arena->spare_count < arena->spare_least)
		arena->spare_least = arena->spare_count;
	if (++arena->rounds < ROUNDS_KEPT)
		return;
	while (arena->spare_least-- > 0)
		block_free(arena, spare_take(arena));
	arena->spare_least = UINT32_MAX;
	arena->rounds = 0;
}

/* The current block is an ordinary one or none, and the next round begins with it. */
void
arena_reset(struct arena *arena)
{
	struct arena_block *kept = arena->current;
	struct arena_block *block = arena->first;
	spare_shrink(arena);
	while (block != NULL) {
		struct arena_block *next = block->next;
		if (block != kept && block->size == arena->block_bytes)
			spare_put(arena, block);
		else if (block != kept)
			block_free(arena, block);
		block = next;
	}
	if (kept != NULL) {
		kept->next = NULL;
		kept->used = 0;
	}
	arena->first = kept;
	arena->used = 0;
}

size_t
arena_held(const struct arena *arena)
{
	return arena->held;
}

void
arena_pages_free(struct arena_pages *pages)
{
	while (pages->first != NULL) {
		struct arena_block *block = pages->first;
		pages->first = block->next;
		free(block);
	}
}

/* The advice may be refused: then it is memory like any other. */
static void *
huge_page(struct arena_pages *pages)
{
	if (pages != NULL && pages->first != NULL) {
		struct arena_block *block = pages->first;
		pages->first = block->next;
		return block;
	}
	void *page = aligned_alloc(HUGE_PAGE_BYTES, HUGE_PAGE_BYTES);
	if (page != NULL)
		madvise(page, HUGE_PAGE_BYTES, MADV_HUGEPAGE);
	return page;
}

static struct arena_block *
block_make(struct arena *arena, size_t size)
{
	static_assert(sizeof(struct arena_block) + ARENA_HUGE_BYTES <= HUGE_PAGE_BYTES, "a block is one page");
	struct arena_block *block = size == ARENA_HUGE_BYTES ? huge_page(arena->pages) : malloc(sizeof(*block) + size);
	if (block == NULL)
		fatal("out of memory: an arena block of %zu bytes", size);
	block->size = size;
	block->used = 0;
	arena->held += sizeof(*block) + size;
	return block;
}

static struct arena_block *
block_add(struct arena *arena, size_t size)
{
	struct arena_block *block = size == arena->block_bytes ? spare_take(arena) : NULL;
	if (block == NULL)
		block = block_make(arena, size);
	block->next = arena->first;
	arena->first = block;
	return block;
}

static size_t
padding_of(const struct arena_block *block, size_t align)
{
	return -block->used & (align - 1);
}

static bool
fits(const struct arena_block *block, size_t size, size_t align)
{
	size_t room = block->size - block->used;
	size_t padding = padding_of(block, align);
	return padding <= room && size <= room - padding;
}

/* The block to cut from; NULL if one has to be added first, which arena_try decides only after counting. */
static struct arena_block *
block_for(const struct arena *arena, size_t size, size_t align)
{
	struct arena_block *current = arena->current;
	return current != NULL && fits(current, size, align) ? current : NULL;
}

static void *
cut(struct arena *arena, struct arena_block *block, size_t size, size_t align)
{
	if (block == NULL) {
		bool oversize = size > arena->block_bytes;
		block = block_add(arena, oversize ? size : arena->block_bytes);
		if (!oversize)
			arena->current = block;
	}
	size_t padding = padding_of(block, align);
	void *piece = block->data + block->used + padding;
	block->used += padding + size;
	arena->used += padding + size;
	assert(block->used <= block->size);
	return piece;
}

/* Nearly always there is room in the current block: then without a call. */
static inline void *
take(struct arena *arena, size_t size, size_t align)
{
	struct arena_block *block = arena->current;
	if (size > ARENA_PIECE_BYTES_MAX)
		fatal("out of memory: a piece of %zu bytes", size);
	if (block == NULL || !fits(block, size, align))
		return cut(arena, NULL, size, align);
	size_t begin = block->used + padding_of(block, align);
	arena->used += begin + size - block->used;
	block->used = begin + size;
	return block->data + begin;
}

void *
arena_try(struct arena *arena, size_t size)
{
	if (size > ARENA_PIECE_BYTES_MAX)
		return NULL;
	struct arena_block *block = block_for(arena, size, ARENA_ALIGN);
	size_t cost = size + (block == NULL ? 0 : padding_of(block, ARENA_ALIGN));
	if (arena->limit != 0 && (arena->used > arena->limit || cost > arena->limit - arena->used))
		return NULL;
	return cut(arena, block, size, ARENA_ALIGN);
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	return take(arena, size, ARENA_ALIGN);
}

void *
arena_zero(struct arena *arena, size_t size)
{
	return memset(take(arena, size, ARENA_ALIGN), 0, size);
}

struct slice
arena_copy(struct arena *arena, struct slice bytes)
{
	if (bytes.data == NULL) /* absent stays absent */
		return bytes;
	return slice_of(memcpy(take(arena, bytes.size, 1), bytes.data, bytes.size), bytes.size);
}

char *
arena_text(struct arena *arena, struct slice bytes)
{
	char *text = take(arena, bytes.size + 1, 1);
	if (bytes.size > 0)
		memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	return text;
}

char *
arena_format(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	assert(length >= 0);
	char *text = take(arena, (size_t)length + 1, 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}
