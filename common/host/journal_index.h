/* common/host/journal_index.h
 *
 * Where every 64th entry of a journal begins. Synced a page at a time: of the last two
 * pages a crash may leave places that are old, missing or zero. */
#ifndef COMMON_HOST_JOURNAL_INDEX_H
#define COMMON_HOST_JOURNAL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INDEX_EVERY = 64, INDEX_PAGE_PLACES = 512 };

struct journal_index {
	uint64_t *places; /* of entries 1, 65, 129 and so on */
	size_t count;
	size_t capacity;
	size_t written; /* of them, in the file */
};

/* What the file holds; nothing if there is none. From the answered place on they have to be looked at. */
size_t journal_index_read(struct journal_index *index, int fd);
void journal_index_free(struct journal_index *index);

/* An entry begins there; to be said of every one, in order. */
void journal_index_note(struct journal_index *index, uint64_t seq, uint64_t at);
/* Forgets the places from that one on. */
void journal_index_cut(struct journal_index *index, size_t count);
/* What is new goes to the file; errors only cost time later. */
void journal_index_write(struct journal_index *index, int fd);

#endif
