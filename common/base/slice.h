/* common/base/slice.h
 *
 * A slice is a read-only view of bytes owned by somebody else. It never frees
 * and never ends in a NUL by promise; whoever hands one out says how long the
 * bytes live. An absent value is a slice whose data is NULL. */
#ifndef COMMON_BASE_SLICE_H
#define COMMON_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *data;
	size_t size; /* bytes */
};

static inline struct slice
slice_of(const void *data, size_t size)
{
	return (struct slice){.data = data, .size = size};
}

static inline struct slice
slice_text(const char *text)
{
	return slice_of(text, strlen(text));
}

/* Bytewise order; a proper prefix sorts first, as in LMDB. */
static inline int
slice_compare(struct slice a, struct slice b)
{
	size_t shared = a.size < b.size ? a.size : b.size;
	int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool
slice_begins(struct slice whole, struct slice prefix)
{
	return whole.size >= prefix.size && (prefix.size == 0 || memcmp(whole.data, prefix.data, prefix.size) == 0);
}

#endif
