/* common/base/codec.h
 *
 * Store keys: fixed-width big-endian numbers and terminated texts, so that
 * bytewise order is the order of the fields. A key begins with its table. */
#ifndef COMMON_BASE_CODEC_H
#define COMMON_BASE_CODEC_H

#include "common/base/slice.h"

#include <assert.h>

enum { KEY_BYTES_MAX = 240 }; /* LMDB allows 511; every text in a key is limited well below */

struct key {
	size_t size;
	uint8_t data[KEY_BYTES_MAX];
};

/* key = key_of(TABLE); then append the fields in order. Appending past
 * KEY_BYTES_MAX is a bug and asserts: texts are limited before they get here. */
struct key key_of(uint8_t table);
struct key key_copy(struct slice whole); /* of a key read from a store */
void key_u8(struct key *key, uint8_t value);
void key_u16(struct key *key, uint16_t value);
void key_u32(struct key *key, uint32_t value);
void key_u64(struct key *key, uint64_t value);
void key_i64(struct key *key, int64_t value);     /* sign bit flipped: negative sorts first */
void key_text(struct key *key, const char *text); /* with its NUL, so that prefixes sort first */

/* Where so many bytes more are to be written. */
static inline uint8_t *
key_extend(struct key *key, size_t size)
{
	assert(key->size >= 1);
	assert(key->size <= KEY_BYTES_MAX);
	assert(size <= KEY_BYTES_MAX - key->size);
	uint8_t *at = key->data + key->size;
	key->size += size;
	return at;
}

/* As they are: last field or fixed width. Mostly an id, whose size the compiler knows here. */
static inline void
key_bytes(struct key *key, struct slice bytes)
{
	uint8_t *at = key_extend(key, bytes.size);
	if (bytes.size > 0)
		memcpy(at, bytes.data, bytes.size);
}

static inline struct slice
key_slice(const struct key *key)
{
	return slice_of(key->data, key->size);
}

/* Reading a key back. Each returns false, and reads nothing, if too short. */
bool key_read_u8(struct slice *rest, uint8_t *value);
bool key_read_u16(struct slice *rest, uint16_t *value);
bool key_read_u32(struct slice *rest, uint32_t *value);
bool key_read_u64(struct slice *rest, uint64_t *value);
bool key_read_i64(struct slice *rest, int64_t *value);
bool key_read_bytes(struct slice *rest, size_t size, struct slice *bytes);
bool key_read_text(struct slice *rest, const char **text); /* points into the key */

/* Big-endian numbers outside keys; the compiler makes one instruction of each. */
static inline void
put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static inline uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void
put_u64(uint8_t *at, uint64_t value)
{
	put_u32(at, (uint32_t)(value >> 32));
	put_u32(at + 4, (uint32_t)value);
}

static inline uint64_t
get_u64(const uint8_t *at)
{
	return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

#endif
