/* common/base/buf.c
 *
 * Memory doubles up to the limit. One byte beyond the bytes in use is always
 * held, so that an empty extend still has an address and vsnprintf has a place
 * for its NUL. Once failed, every append is dropped until buf_reset: what is
 * held is a true beginning of what was written, never one with a hole. */
#include "common/base/buf.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST_BYTES = 256 };

void
buf_init(struct buf *buf, size_t limit)
{
	assert(limit > 0);
	assert(limit < SIZE_MAX / 4);
	*buf = (struct buf){.limit = limit};
}

void
buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.limit = buf->limit};
}

void
buf_reset(struct buf *buf)
{
	buf->size = 0;
	buf->failed = false;
}

/* False, and failed, past the limit; else size more bytes and the one beyond them are held. */
static bool
reserve(struct buf *buf, size_t size)
{
	if (buf->failed || size > buf->limit - buf->size) {
		buf->failed = true;
		return false;
	}
	if (size < buf->capacity - buf->size)
		return true;
	size_t wanted = buf->size + size + 1;
	size_t capacity = buf->capacity == 0 ? BUF_FIRST_BYTES : buf->capacity * 2;
	if (capacity > buf->limit + 1)
		capacity = buf->limit + 1;
	if (capacity < wanted)
		capacity = wanted;
	uint8_t *data = realloc(buf->data, capacity);
	if (data == NULL)
		fatal("out of memory: a buffer of %zu bytes", capacity);
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

uint8_t *
buf_extend(struct buf *buf, size_t size)
{
	if (!reserve(buf, size))
		return NULL;
	uint8_t *at = buf->data + buf->size;
	buf->size += size;
	return at;
}

void
buf_append(struct buf *buf, struct slice bytes)
{
	uint8_t *at = buf_extend(buf, bytes.size);
	if (at != NULL && bytes.size > 0)
		memcpy(at, bytes.data, bytes.size);
}

void
buf_byte(struct buf *buf, uint8_t byte)
{
	uint8_t *at = buf_extend(buf, 1);
	if (at != NULL)
		*at = byte;
}

void
buf_number(struct buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_append(buf, slice_of((const uint8_t *)digits + at, sizeof(digits) - at));
}

/* Most texts fit what is held already: measure by writing, and write again only after growing. */
void
buf_format(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	if (reserve(buf, 0)) {
		size_t room = buf->capacity - buf->size;
		int length = vsnprintf((char *)buf->data + buf->size, room, format, args);
		assert(length >= 0);
		uint8_t *at = buf_extend(buf, (size_t)length);
		if (at != NULL && (size_t)length >= room)
			vsnprintf((char *)at, (size_t)length + 1, format, again);
	}
	va_end(again);
	va_end(args);
}
