/* common/host/warm.c
 *
 * Whether a page is in the cache is asked of a map that nobody reads by: so the asking
 * brings none in. */
#include "common/host/warm.h"

#include "common/base/fatal.h"
#include "common/host/files.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
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
	/* Of the machine's memory, what a file may be: beyond it, reading all of it would put out what is used. */
	FLUSH_SHARE = 2,
	START_SHARE = 4,
};

struct warming {
	uv_work_t work;
	char path[PATH_BYTES_MAX];
	atomic_bool wanted;
	bool over;
	bool let_go; /* by whom began it */
};

static uint64_t
memory_bytes(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
file_size(int fd)
{
	struct stat file;
	return fstat(fd, &file) == 0 ? (uint64_t)file.st_size : 0;
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
pieces_read(int fd, const uint8_t *map, uint64_t size, const atomic_bool *wanted, uint8_t *piece)
{
	for (uint64_t at = 0; at < size && atomic_load(wanted); at += PIECE_BYTES) {
		size_t bytes = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
		if (pages_missing(map + at, bytes) >= WORTH_PAGES && pread(fd, piece, bytes, (off_t)at) < 0)
			return;
	}
}

static void
read_missing(int fd, uint64_t size, const atomic_bool *wanted)
{
	void *map = size == 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return;
	uint8_t *piece = malloc(PIECE_BYTES);
	if (piece != NULL)
		pieces_read(fd, map, size, wanted, piece);
	free(piece);
	munmap(map, size);
}

void
file_warm(int fd, size_t rows)
{
	atomic_bool wanted = true;
	uint64_t size = file_size(fd);
	if (rows >= size / PIECE_BYTES * WORTH_PAGES && size <= memory_bytes() / FLUSH_SHARE)
		read_missing(fd, size, &wanted);
}

/* --- in the background -------------------------------------------------------------------------------------------- */

static void
on_work(uv_work_t *work)
{
	const struct warming *warming = work->data;
	int fd = open(warming->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	uint64_t size = file_size(fd);
	if (size <= memory_bytes() / START_SHARE)
		read_missing(fd, size, &warming->wanted);
	close(fd);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct warming *warming = work->data;
	assert(status == 0); /* never cancelled */
	warming->over = true;
	if (warming->let_go)
		free(warming);
}

struct warming *
warming_begin(uv_loop_t *loop, const char *path)
{
	struct warming *warming = calloc(1, sizeof(*warming));
	if (warming == NULL)
		fatal("no memory left for warming a file");
	warming->work.data = warming;
	atomic_store(&warming->wanted, true);
	if (!path_format(warming->path, "%s", path))
		fatal("path %s is too long", path);
	int code = uv_queue_work(loop, &warming->work, on_work, on_worked);
	assert(code == 0);
	return warming;
}

void
warming_end(struct warming *warming)
{
	if (warming == NULL)
		return;
	atomic_store(&warming->wanted, false);
	warming->let_go = true;
	if (warming->over)
		free(warming);
}
