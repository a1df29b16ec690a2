/* tests/scenario/spelling.c
 *
 * See spelling.h. */
#include "tests/scenario/spelling.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

enum { CODE_SURE = 5, SPELT_BYTES_MAX = 1 << 20 };

struct spelling {
	const struct standard *standard;
	const char *prefix;
};

static bool
is_local_code(const struct spelling *spelling, const char *text, size_t size)
{
	for (size_t i = 0; i < spelling->standard->count; i++) {
		const char *code = spelling->standard->authorities[i].code;
		if (strcmp(code, "VN") != 0 && strlen(code) == size && memcmp(code, text, size) == 0)
			return true;
	}
	return false;
}

/* A regex or another longer word: codes within it, where they cannot be anything else. */
static void
spell_within(const struct spelling *spelling, struct buf *out, const char *text, size_t size)
{
	while (size > 0) {
		size_t word = 0;
		while (word < size && (isalnum((unsigned char)text[word]) || text[word] == '-'))
			word++;
		if (word >= CODE_SURE && is_local_code(spelling, text, word))
			buf_text(out, spelling->prefix);
		word += word == 0;
		buf_append(out, slice_of(text, word));
		text += word;
		size -= word;
	}
}

/* A whole word or JSON string: the code itself, or a source that begins with it. */
static void
spell_one(const struct spelling *spelling, struct buf *out, const char *text, size_t size)
{
	static const char source[] = "/authorities/";
	size_t lead = sizeof(source) - 1;
	if (size > lead && memcmp(text, source, lead) == 0) {
		buf_append(out, slice_of(text, lead));
		text += lead;
		size -= lead;
	} else {
		lead = 0;
	}
	const char *slash = lead > 0 ? memchr(text, '/', size) : NULL;
	size_t code = slash == NULL ? size : (size_t)(slash - text);
	bool whole = is_local_code(spelling, text, code);
	if (whole)
		buf_text(out, spelling->prefix);
	if (whole || lead > 0)
		buf_append(out, slice_of(text, size));
	else
		spell_within(spelling, out, text, size);
}

char *
spelling_spell(const struct standard *standard, const char *prefix, char *text, bool is_json)
{
	const struct spelling spelling = {standard, prefix};
	struct buf out;
	buf_init(&out, SPELT_BYTES_MAX);
	for (const char *at = text; *at != '\0';) {
		size_t size = is_json ? strcspn(at, "\"") : 0;
		buf_append(&out, slice_of(at, size));
		at += size;
		if (*at == '\0')
			break;
		const char *begin = is_json ? at + 1 : at;
		size = 0;
		while (begin[size] != '\0' && (!is_json || begin[size] != '"'))
			size += begin[size] == '\\' && begin[size + 1] != '\0' ? 2 : 1;
		if (is_json)
			buf_byte(&out, '"');
		spell_one(&spelling, &out, begin, size);
		at = begin + size;
		if (*at == '"') {
			buf_byte(&out, '"');
			at++;
		}
	}
	buf_byte(&out, 0);
	assert(!buf_failed(&out));
	char *spelt = strdup((const char *)out.data);
	assert(spelt != NULL);
	buf_free(&out);
	free(text);
	return spelt;
}
