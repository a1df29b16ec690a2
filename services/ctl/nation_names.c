/* services/ctl/nation_names.c
 *
 * A list of weights becomes an array of slots once, so that a draw is one look-up. */
#include "services/ctl/nation_names.h"

#include "services/ctl/nation_draw.h"

#include "common/base/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <utf8proc.h>

enum { ARENA_BLOCK_BYTES = 256 << 10, PARTS_MAX = 256 };

/* "K'" is "k", "Rơ Châm" is "rocham". */
static const char *
plain_of(struct arena *arena, const char *text)
{
	const char *folded = text_fold(arena, text);
	char *plain = arena_alloc(arena, strlen(folded) + 1);
	char *end = plain;
	for (const char *at = folded; *at != '\0'; at++) {
		if (isalnum((unsigned char)*at))
			*end++ = *at;
	}
	*end = '\0';
	return plain;
}

static void
picker_init(struct name_picker *picker, struct arena *arena, const struct name_part *parts)
{
	size_t count = 0;
	*picker = (struct name_picker){.parts = parts};
	for (; parts[count].text != NULL; count++)
		picker->slots_count += parts[count].weight;
	assert(count > 0);
	assert(count <= PARTS_MAX);
	picker->plain = arena_alloc(arena, count * sizeof(*picker->plain));
	picker->slots = arena_alloc(arena, picker->slots_count);
	size_t slot = 0;
	for (size_t i = 0; i < count; i++) {
		picker->plain[i] = plain_of(arena, parts[i].text);
		memset(picker->slots + slot, (int)i, parts[i].weight);
		slot += parts[i].weight;
	}
}

/* Peoples share lists; a shared one keeps its slots once. */
static bool
picker_share(struct nation_names *names, struct name_picker *picker, const struct name_part *parts)
{
	for (struct name_picker *other = &names->pickers[0][0]; other < picker; other++) {
		if (other->parts == parts) {
			*picker = *other;
			return true;
		}
	}
	return false;
}

void
nation_names_init(struct nation_names *names)
{
	arena_init(&names->arena, ARENA_BLOCK_BYTES, 0);
	for (int people = 0; people < PEOPLES; people++) {
		for (int list = 0; list < NAME_LISTS; list++) {
			const struct name_part *parts = nation_peoples[people].lists[list];
			struct name_picker *picker = &names->pickers[people][list];
			if (!picker_share(names, picker, parts))
				picker_init(picker, &names->arena, parts);
		}
	}
}

void
nation_names_free(struct nation_names *names)
{
	arena_free(&names->arena);
}

static struct name_word
word_draw(const struct name_picker *picker, struct random *random)
{
	size_t part = picker->slots[draw_below(random, picker->slots_count)];
	return (struct name_word){picker->parts[part].text, picker->plain[part]};
}

void
nation_name_draw(const struct nation_names *names, enum people people, bool woman, struct random *random,
		 struct nation_name *name)
{
	const struct name_picker *pickers = names->pickers[people];
	const struct people_names *manner = &nation_peoples[people];
	const struct name_picker *given = &pickers[woman ? LIST_WOMEN_GIVEN : LIST_MEN_GIVEN];
	uint32_t dice = draw_below(random, 1000);
	name->family_last = manner->family_last;
	name->family = word_draw(&pickers[LIST_FAMILY], random);
	name->given = word_draw(given, random);
	name->middle = (struct name_word){NULL, ""};
	name->second = (struct name_word){NULL, ""};
	if (dice >= manner->plain_permille)
		name->middle = word_draw(&pickers[woman ? LIST_WOMEN_MIDDLE : LIST_MEN_MIDDLE], random);
	/* "Thị Thu Hà Hà" is nobody's name. */
	if (dice >= 1000U - manner->double_permille && strchr(name->middle.text, ' ') == NULL)
		name->second = word_draw(given, random);
	if (name->second.text == name->given.text || name->second.text == name->middle.text)
		name->second = (struct name_word){NULL, ""};
}

/* H' and K' stand before their name without a blank. */
static char *
word_put(char *at, const char *begin, const char *text)
{
	if (text == NULL)
		return at;
	if (at > begin && at[-1] != '\'')
		*at++ = ' ';
	return put_text(at, text);
}

char *
nation_name_put(char *at, const struct nation_name *name)
{
	const char *begin = at;
	if (!name->family_last)
		at = word_put(at, begin, name->family.text);
	at = word_put(at, begin, name->middle.text);
	at = word_put(at, begin, name->second.text);
	at = word_put(at, begin, name->given.text);
	return name->family_last ? word_put(at, begin, name->family.text) : at;
}

char *
nation_name_put_turned(char *at, const struct nation_name *name)
{
	const char *begin = at;
	at = word_put(at, begin, name->given.text);
	at = word_put(at, begin, name->family.text);
	at = word_put(at, begin, name->middle.text);
	return word_put(at, begin, name->second.text);
}

char *
nation_name_put_plain(char *at, const struct nation_name *name)
{
	char *begin = at;
	at = word_put(at, begin, name->family.plain);
	at = word_put(at, begin, name->middle.text == NULL ? NULL : name->middle.plain);
	at = word_put(at, begin, name->second.text == NULL ? NULL : name->second.plain);
	at = word_put(at, begin, name->given.plain);
	for (char *letter = begin; letter < at; letter++)
		*letter = (char)toupper((unsigned char)*letter);
	return at;
}

char *
nation_name_put_account(char *at, const struct nation_name *name)
{
	at = put_text(put_text(at, name->given.plain), ".");
	*at++ = name->family.plain[0];
	if (name->middle.text != NULL)
		*at++ = name->middle.plain[0];
	if (name->second.text != NULL)
		*at++ = name->second.plain[0];
	*at = '\0';
	return at;
}

void
nation_name_decompose(char name[NATION_NAME_BYTES])
{
	utf8proc_uint8_t *apart = utf8proc_NFD((const utf8proc_uint8_t *)name);
	if (apart != NULL && strlen((const char *)apart) < NATION_NAME_BYTES)
		put_text(name, (const char *)apart);
	free(apart);
}
