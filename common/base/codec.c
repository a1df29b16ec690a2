/* common/base/codec.c
 *
 * Every field is written so that memcmp over whole keys compares field by field:
 * numbers big-endian, signed numbers moved up by half their range, texts with the
 * NUL that no text holds inside. */
#include "common/base/codec.h"

#include <assert.h>

static const uint64_t SIGN_BIT = UINT64_C(1) << 63;

struct key
key_of(uint8_t table)
{
	struct key key;
	key.size = 1;
	key.data[0] = table;
	return key;
}

struct key
key_copy(struct slice whole)
{
	struct key key = {.size = whole.size};
	assert(whole.size <= KEY_BYTES_MAX);
	memcpy(key.data, whole.data, whole.size);
	return key;
}

void
key_u8(struct key *key, uint8_t value)
{
	*key_extend(key, 1) = value;
}

void
key_u16(struct key *key, uint16_t value)
{
	uint8_t *at = key_extend(key, 2);
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void
key_u32(struct key *key, uint32_t value)
{
	put_u32(key_extend(key, 4), value);
}

void
key_u64(struct key *key, uint64_t value)
{
	put_u64(key_extend(key, 8), value);
}

void
key_i64(struct key *key, int64_t value)
{
	key_u64(key, (uint64_t)value ^ SIGN_BIT);
}

void
key_text(struct key *key, const char *text)
{
	key_bytes(key, slice_of(text, strlen(text) + 1));
}

bool
key_read_bytes(struct slice *rest, size_t size, struct slice *bytes)
{
	if (rest->size < size)
		return false;
	*bytes = slice_of(rest->data, size);
	if (size > 0)
		*rest = slice_of(rest->data + size, rest->size - size);
	return true;
}

bool
key_read_u8(struct slice *rest, uint8_t *value)
{
	struct slice bytes;
	if (!key_read_bytes(rest, 1, &bytes))
		return false;
	*value = bytes.data[0];
	return true;
}

bool
key_read_u16(struct slice *rest, uint16_t *value)
{
	struct slice bytes;
	if (!key_read_bytes(rest, 2, &bytes))
		return false;
	*value = (uint16_t)(bytes.data[0] << 8 | bytes.data[1]);
	return true;
}

bool
key_read_u32(struct slice *rest, uint32_t *value)
{
	struct slice bytes;
	if (!key_read_bytes(rest, 4, &bytes))
		return false;
	*value = get_u32(bytes.data);
	return true;
}

bool
key_read_u64(struct slice *rest, uint64_t *value)
{
	struct slice bytes;
	if (!key_read_bytes(rest, 8, &bytes))
		return false;
	*value = get_u64(bytes.data);
	return true;
}

bool
key_read_i64(struct slice *rest, int64_t *value)
{
	uint64_t moved;
	if (!key_read_u64(rest, &moved))
		return false;
	*value = (int64_t)(moved ^ SIGN_BIT);
	return true;
}

bool
key_read_text(struct slice *rest, const char **text)
{
	const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\0', rest->size);
	struct slice bytes;
	if (end == NULL || !key_read_bytes(rest, (size_t)(end - rest->data) + 1, &bytes))
		return false;
	*text = (const char *)bytes.data;
	return true;
}
