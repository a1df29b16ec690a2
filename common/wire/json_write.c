/* common/wire/json_write.c
 *
 * Strings out: measured first, then written into one reservation, because most
 * strings need no escape at all and one memcpy does. Text is expected to be valid
 * UTF-8 already and is not looked at again.
 * Promise: what json_next reads back is the same bytes. */
#include "common/wire/json.h"

/* What follows the backslash; 0 where the byte stands for itself, 'u' where only \u00XX will do. */
static const char escapes[256] = {
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',         'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

static size_t
written_size(struct slice text)
{
	size_t size = text.size;
	for (size_t i = 0; i < text.size; i++) {
		char escape = escapes[text.data[i]];
		if (escape != 0)
			size += escape == 'u' ? 5 : 1;
	}
	return size;
}

static uint8_t *
escape_write(uint8_t *out, uint8_t byte)
{
	static const char hex[] = "0123456789abcdef";
	char escape = escapes[byte];
	*out++ = '\\';
	*out++ = (uint8_t)escape;
	if (escape != 'u')
		return out;
	*out++ = '0';
	*out++ = '0';
	*out++ = (uint8_t)hex[byte >> 4];
	*out++ = (uint8_t)hex[byte & 0xf];
	return out;
}

void
json_write_string(struct buf *buf, struct slice text)
{
	size_t size = written_size(text);
	uint8_t *out = buf_extend(buf, size + 2);
	if (out == NULL)
		return;
	*out++ = '"';
	if (size == text.size && size > 0) {
		memcpy(out, text.data, size);
		out += size;
	} else {
		for (size_t i = 0; i < text.size; i++) {
			if (escapes[text.data[i]] != 0)
				out = escape_write(out, text.data[i]);
			else
				*out++ = text.data[i];
		}
	}
	*out = '"';
}
