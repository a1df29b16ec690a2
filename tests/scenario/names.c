/* tests/scenario/names.c
 *
 * A name is a dollar and letters, digits or underscores, as many as there are. */
#include "tests/scenario/names.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

/* As it stands between the quotes of a JSON string. */
static void
append_escaped(struct buf *filled, json_t *value)
{
	char *quoted = json_dumps(value, JSON_ENCODE_ANY);
	assert(quoted != NULL);
	buf_append(filled, slice_of(quoted + 1, strlen(quoted) - 2));
	free(quoted);
}

/* Bytes of the name behind the dollar; 0 if there is none. */
static size_t
name_size(const char *text)
{
	size_t size = 0;
	while (isalnum((unsigned char)text[size]) || text[size] == '_')
		size++;
	return size;
}

char *
names_fill(json_t *kept, const char *text, bool is_json, char unknown[NAMES_BYTES_MAX])
{
	struct buf filled;
	buf_init(&filled, TEXT_BYTES_MAX);
	for (;;) {
		size_t plain = strcspn(text, "$");
		buf_append(&filled, slice_of(text, plain));
		text += plain;
		if (*text == '\0')
			break;
		size_t size = name_size(text + 1);
		if (size == 0) { /* the end of a regex, say */
			buf_byte(&filled, (uint8_t)*text++);
			continue;
		}
		snprintf(unknown, NAMES_BYTES_MAX, "%.*s", (int)size, text + 1);
		json_t *value = json_object_get(kept, unknown);
		if (value == NULL) {
			buf_free(&filled);
			return NULL;
		}
		if (is_json)
			append_escaped(&filled, value);
		else
			buf_text(&filled, json_string_value(value));
		text += size + 1;
	}
	buf_byte(&filled, 0);
	assert(!buf_failed(&filled));
	return (char *)filled.data;
}
