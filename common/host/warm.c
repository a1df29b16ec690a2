/* common/host/warm.c
 *
 * Whether a page is in the cache is asked of a map that nobody reads by: so the asking
 * brings none in. */
#include "common/host/warm.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 4096,
	PIECE_PAGES = 256,
	PIECE_BYTES = PIECE_PAGES * PAGE_BYTES,
	/* Of a piece, wanted or missing: as many single reads take longer than one of the piece. */
	WORTH_PAGES = 32,
};

static uint64_t
half_of_memory(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
}

static size_t
pages_missing(const uint8_t *piece, size_t size)
{
	unsigned char there[PIECE_PAGES];
	size_t missing = 0;
	size_t pages = (size + PAGE_BYTES - 1) / PAGE_BYTES;
	if (mincore((void *)piece, size, there) != 0)
		return 0;
	for (size_t i = 0; i < pages; i++)
		missing += (there[i] & 1) == 0;
	return missing;
}

static void
read_missing(int fd, const uint8_t *map, uint64_t size, uint8_t *piece)
{
	for (uint64_t at = 0; at < size; at += PIECE_BYTES) {
		size_t bytes = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
		if (pages_missing(map + at, bytes) >= WORTH_PAGES && pread(fd, piece, bytes, (off_t)at) < 0)
			return;
	}
}

void
file_warm(int fd, size_t rows)
{
	struct stat file;
	if (fstat(fd, &file) != 0 || file.st_size == 0)
		return;
	uint64_t size = (uint64_t)file.st_size;
	if (rows < size / PIECE_BYTES * WORTH_PAGES || size > half_of_memory())
		return;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return;
	uint8_t *piece = malloc(PIECE_BYTES);
	if (piece != NULL)
		read_missing(fd, map, size, piece);
	free(piece);
	munmap(map, size);
}
