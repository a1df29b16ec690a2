/* services/gateway/position.c
 *
 * Nothing but the spelling; a word that we did not write is refused, so that a
 * mangled id never passes for an old position. */
#include "services/gateway/position.h"

#include <stdio.h>
#include <string.h>

static const char *const names[SERVICES] = {"enrollment", "assessment", "certificate", "notification"};

const char *
service_name(enum service service)
{
	return names[service];
}

bool
service_find(const char *name, enum service *service)
{
	for (int i = 0; i < SERVICES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*service = (enum service)i;
		return true;
	}
	return false;
}

void
place_format(const struct place *place, char text[PLACE_TEXT_BYTES])
{
	snprintf(text, PLACE_TEXT_BYTES, "%llx.%llx", (unsigned long long)place->incarnation,
		 (unsigned long long)place->seq);
}

void
position_format(const struct position *position, char text[POSITION_TEXT_BYTES])
{
	for (int i = 0; i < SERVICES; i++) {
		if (i > 0)
			*text++ = '_';
		place_format(&position->places[i], text);
		text += strlen(text);
	}
}

static const char *
number_parse(const char *text, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = text;
	*number = 0;
	for (; *at != '\0' && strchr(digits, *at) != NULL; at++) {
		if (at - text == 16 || (at > text && text[0] == '0'))
			return NULL;
		*number = *number << 4 | (uint64_t)(strchr(digits, *at) - digits);
	}
	return at == text ? NULL : at;
}

/* What stands behind the place; NULL if there is none. */
static const char *
place_read(const char *text, struct place *place)
{
	text = number_parse(text, &place->incarnation);
	if (text == NULL || *text != '.')
		return NULL;
	return number_parse(text + 1, &place->seq);
}

bool
place_parse(const char *text, struct place *place)
{
	text = place_read(text, place);
	return text != NULL && *text == '\0';
}

bool
position_parse(const char *text, struct position *position)
{
	for (int i = 0; i < SERVICES; i++) {
		text = place_read(text, &position->places[i]);
		if (text == NULL || *text != (i + 1 < SERVICES ? '_' : '\0'))
			return false;
		text++;
	}
	return true;
}
