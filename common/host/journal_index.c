/* common/host/journal_index.c
 *
 * A page of places, once full, is synced before the next one begins to be written. */
#include "common/host/journal_index.h"

#include "common/base/codec.h"
#include "common/base/fatal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACE_BYTES = sizeof(uint64_t), PLACES_AT_FIRST = INDEX_PAGE_PLACES };

static void
room_for(struct journal_index *index, size_t count)
{
	if (count <= index->capacity)
		return;
	size_t capacity = index->capacity == 0 ? PLACES_AT_FIRST : index->capacity;
	while (capacity < count)
		capacity *= 2;
	index->places = realloc(index->places, capacity * sizeof(*index->places));
	if (index->places == NULL)
		fatal("no memory left for the index of a journal");
	index->capacity = capacity;
}

size_t
journal_index_read(struct journal_index *index, int fd)
{
	struct stat file;
	*index = (struct journal_index){.places = NULL};
	if (fd < 0 || fstat(fd, &file) != 0)
		return 0;
	size_t count = (size_t)file.st_size / PLACE_BYTES;
	room_for(index, count);
	ssize_t got = count == 0 ? 0 : pread(fd, index->places, count * PLACE_BYTES, 0);
	index->count = got < 0 ? 0 : (size_t)got / PLACE_BYTES;
	index->written = index->count;
	for (size_t i = 0; i < index->count; i++)
		index->places[i] = get_u64((const uint8_t *)&index->places[i]);
	size_t pages = index->count / INDEX_PAGE_PLACES;
	return pages == 0 ? 0 : (pages - 1) * INDEX_PAGE_PLACES;
}

void
journal_index_free(struct journal_index *index)
{
	free(index->places);
	*index = (struct journal_index){.places = NULL};
}

void
journal_index_note(struct journal_index *index, uint64_t seq, uint64_t at)
{
	if ((seq - 1) % INDEX_EVERY != 0)
		return;
	size_t slot = (size_t)((seq - 1) / INDEX_EVERY);
	journal_index_cut(index, slot);
	room_for(index, slot + 1);
	index->places[slot] = at;
	index->count = slot + 1;
}

void
journal_index_cut(struct journal_index *index, size_t count)
{
	if (index->count > count)
		index->count = count;
	if (index->written > count)
		index->written = count;
}

/* Up to the end of a page at most. */
static size_t
places_write(const struct journal_index *index, int fd)
{
	uint8_t bytes[INDEX_PAGE_PLACES * PLACE_BYTES];
	size_t room = INDEX_PAGE_PLACES - index->written % INDEX_PAGE_PLACES;
	size_t count = index->count - index->written < room ? index->count - index->written : room;
	for (size_t i = 0; i < count; i++)
		put_u64(bytes + i * PLACE_BYTES, index->places[index->written + i]);
	ssize_t wrote = pwrite(fd, bytes, count * PLACE_BYTES, (off_t)(index->written * PLACE_BYTES));
	return wrote < 0 ? 0 : (size_t)wrote / PLACE_BYTES;
}

void
journal_index_write(struct journal_index *index, int fd)
{
	while (index->written < index->count) {
		size_t wrote = places_write(index, fd);
		bool full = (index->written + wrote) % INDEX_PAGE_PLACES == 0;
		if (wrote == 0 || (full && fdatasync(fd) != 0))
			return;
		index->written += wrote;
	}
}
