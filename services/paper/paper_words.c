/* services/paper/paper_words.c
 *
 * A faulty text is never quoted in the sentence about it: it may be somebody's name. */
#include "services/paper/paper_words.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "services/paper/paper_canvas.h"

#include <utf8proc.h>

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
				     "July",    "August",   "September", "October", "November", "December"};

/* What a character of an outside text becomes on paper. */
enum character { CHARACTER_DRAWN, CHARACTER_SPACE, CHARACTER_UNSEEN, CHARACTER_NONE };

static enum character
character_kind(utf8proc_int32_t point)
{
	/* Joiners, soft hyphens, marks of direction: nobody sees them, and a name copied from a sheet often has one. */
	if (utf8proc_get_property(point)->ignorable)
		return CHARACTER_UNSEEN;
	switch ((int)utf8proc_category(point)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return CHARACTER_SPACE;
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
		return CHARACTER_NONE;
	default:
		return CHARACTER_DRAWN;
	}
}

/* One line of what is seen of a text; NULL and the fault if a character stands for nothing. */
static const char *
line_of(struct arena *arena, const char *field, const char *text, struct fault *fault)
{
	char *line = arena_alloc(arena, strlen(text) + 1);
	size_t used = 0;
	utf8proc_int32_t point = 0;
	while (*text != '\0') {
		size_t size = (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);
		enum character kind = character_kind(point);
		if (kind == CHARACTER_NONE) {
			paper_fault(fault, field, "%s: U+%04X cannot stand in a line on paper", field, (unsigned)point);
			return NULL;
		}
		if (kind == CHARACTER_SPACE)
			line[used++] = ' ';
		if (kind == CHARACTER_DRAWN) {
			memcpy(line + used, text, size);
			used += size;
		}
		text += size;
	}
	line[used] = '\0';
	return line;
}

bool
paper_clean(struct arena *arena, const char *field, const char *text, const char **clean, struct fault *fault)
{
	*clean = NULL;
	if (text == NULL || text[0] == '\0')
		return true;
	if (strnlen(text, PAPER_TEXT_BYTES_MAX + 1) > PAPER_TEXT_BYTES_MAX)
		return paper_fault(fault, field, "%s: longer than %d bytes", field, PAPER_TEXT_BYTES_MAX);
	const char *sound = text_nfc(arena, text);
	if (sound == NULL)
		return paper_fault(fault, field, "%s: not valid UTF-8", field);
	const char *line = line_of(arena, field, sound, fault);
	if (line == NULL)
		return false;
	line = text_spaced(arena, line);
	*clean = line[0] == '\0' ? NULL : text_nfc(arena, line); /* what was left out may have kept an accent apart */
	return true;
}

const char *
paper_capitals(struct arena *arena, const char *text)
{
	size_t size = strlen(text);
	char *capitals = arena_alloc(arena, size * 4 + 1); /* a character is at most 4 bytes, a small one at least 1 */
	size_t used = 0;
	utf8proc_int32_t point = 0;
	while (*text != '\0') {
		text += utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);
		used += (size_t)utf8proc_encode_char(utf8proc_toupper(point), (utf8proc_uint8_t *)capitals + used);
	}
	capitals[used] = '\0';
	return capitals;
}

static bool
year_parse(const char *text, int *year)
{
	if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
		return false;
	*year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
	return true;
}

bool
paper_date(struct arena *arena, const char *field, const char *text, struct paper_date *date, struct fault *fault)
{
	int year = 0;
	int month = 0;
	int day = 0;
	int32_t civil = 0;
	uint32_t counted = 0;
	*date = (struct paper_date){.vi = NULL};
	if (text == NULL || text[0] == '\0')
		return true;
	if (year_parse(text, &year)) {
		date->vi = arena_format(arena, "năm %d", year);
		date->en = arena_format(arena, "%d", year);
		date->brief = date->en;
	} else if (month_parse(text, &counted)) {
		year = (int)(counted / 12);
		month = (int)(counted % 12) + 1;
		date->vi = arena_format(arena, month <= 2 ? "tháng %02d năm %d" : "tháng %d năm %d", month, year);
		date->en = arena_format(arena, "%s %d", months[month - 1], year);
		date->brief = arena_format(arena, "%02d/%d", month, year);
	} else if (date_parse(text, &civil)) {
		date_split(civil, &year, &month, &day);
		date->vi = arena_format(arena, month <= 2 ? "ngày %02d tháng %02d năm %d" : "ngày %02d tháng %d năm %d",
					day, month, year);
		date->en = arena_format(arena, "%d %s %d", day, months[month - 1], year);
		date->brief = arena_format(arena, "%02d/%02d/%d", day, month, year);
	} else {
		return paper_fault(fault, field, "%s: not a day, month or year as YYYY-MM-DD", field);
	}
	return true;
}
