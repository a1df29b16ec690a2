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
position_format(const struct position *position, char text[POSITION_TEXT_BYTES])
{
	int used = 0;
	for (int i = 0; i < SERVICES; i++) {
		const struct place *place = &position->places[i];
		used += snprintf(text + used, (size_t)(POSITION_TEXT_BYTES - used), "%s%llx.%llx", i > 0 ? "_" : "",
				 (unsigned long long)place->incarnation, (unsigned long long)place->seq);
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

bool
position_parse(const char *text, struct position *position)
{
	for (int i = 0; i < SERVICES; i++) {
		struct place *place = &position->places[i];
		text = number_parse(text, &place->incarnation);
		if (text == NULL || *text++ != '.')
			return false;
		text = number_parse(text, &place->seq);
		if (text == NULL || *text != (i + 1 < SERVICES ? '_' : '\0'))
			return false;
		text++;
	}
	return true;
}
