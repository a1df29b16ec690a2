/* common/base/buf.h
 *
 * A growing byte buffer with a limit. Past the limit an append is dropped and
 * buf_failed turns true, so a writer checks once at the end. */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include "common/base/slice.h"

#include <stdarg.h>

struct buf {
	uint8_t *data;
	size_t size;     /* bytes in use */
	size_t capacity; /* bytes held */
	size_t limit;    /* bytes; never 0 */
	bool failed;
};

void buf_init(struct buf *buf, size_t limit);
void buf_free(struct buf *buf);
void buf_reset(struct buf *buf); /* keeps the memory */

void buf_append(struct buf *buf, struct slice bytes);
void buf_byte(struct buf *buf, uint8_t byte);
void buf_number(struct buf *buf, uint64_t number); /* decimal; what is written a thousand times needs no format */
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for size more bytes which the caller then fills; NULL past the limit. */
uint8_t *buf_extend(struct buf *buf, size_t size);

/* Inline, so that the length of a text in the source is no search. */
static inline void
buf_text(struct buf *buf, const char *text)
{
	buf_append(buf, slice_text(text));
}

static inline bool
buf_failed(const struct buf *buf)
{
	return buf->failed;
}

static inline struct slice
buf_slice(const struct buf *buf)
{
	return slice_of(buf->data, buf->size);
}

#endif
