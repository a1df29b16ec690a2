/* common/base/log.c
 *
 * A line is time, level and event, then whatever its caller adds; the edge ends
 * it with a newline when it writes it out. A value can never start a second line
 * or a second pair: what is not plain stands in quotes, with JSON's escapes for
 * quotes and control characters, and \x for bytes that are not UTF-8. */
#include "common/base/log.h"

#include "common/base/date.h"
#include "common/base/text.h"

#include <assert.h>

static bool
is_plain(char character)
{
	if (character >= '0' && character <= '9')
		return true;
	if ((character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z'))
		return true;
	return character != '\0' && strchr("-_.:/+@,", character) != NULL;
}

static bool
all_plain(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (!is_plain(*at))
			return false;
	}
	return *text != '\0';
}

static void
put_quoted(struct buf *line, const char *value)
{
	bool valid = text_valid(slice_text(value));
	buf_byte(line, '"');
	for (const uint8_t *at = (const uint8_t *)value; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			buf_format(line, "\\%c", *at);
		else if (*at == '\n')
			buf_text(line, "\\n");
		else if (*at < 0x20 || *at == 0x7f)
			buf_format(line, "\\u%04x", *at);
		else if (*at >= 0x80 && !valid)
			buf_format(line, "\\x%02x", *at);
		else
			buf_byte(line, *at);
	}
	buf_byte(line, '"');
}

static void
put_key(struct buf *line, const char *key)
{
	assert(all_plain(key));
	if (line->size > 0)
		buf_byte(line, ' ');
	buf_text(line, key);
	buf_byte(line, '=');
}

void
log_begin(struct buf *line, int64_t now_us, const char *level, const char *event)
{
	char time[INSTANT_TEXT_BYTES];
	instant_format(now_us, time);
	buf_reset(line);
	log_text(line, "time", time);
	log_text(line, "level", level);
	log_text(line, "event", event);
}

void
log_text(struct buf *line, const char *key, const char *value)
{
	put_key(line, key);
	if (all_plain(value))
		buf_text(line, value);
	else
		put_quoted(line, value);
}

void
log_number(struct buf *line, const char *key, int64_t value)
{
	put_key(line, key);
	buf_format(line, "%lld", (long long)value);
}
