/* services/ctl/nation_names.h
 *
 * Names drawn from the lists of nation_lists.h, exactly in the proportion of their
 * weights, and how sloppy records write them. */
#ifndef SERVICES_CTL_NATION_NAMES_H
#define SERVICES_CTL_NATION_NAMES_H

#include "services/ctl/nation_lists.h"

#include "common/base/arena.h"
#include "common/base/random.h"

enum { NATION_NAME_BYTES = 160 }; /* decomposed too */

struct name_word {
	const char *text;  /* NFC; NULL if the name has none */
	const char *plain; /* without diacritics, lower case */
};

struct name_picker {
	const struct name_part *parts;
	const char **plain; /* of each part */
	uint8_t *slots;     /* as many for a part as it weighs */
	uint32_t slots_count;
};

struct nation_names {
	struct arena arena;
	struct name_picker pickers[PEOPLES][NAME_LISTS];
};

struct nation_name {
	struct name_word family, middle, given, second; /* second: of two given names */
	bool family_last;
};

void nation_names_init(struct nation_names *names);
void nation_names_free(struct nation_names *names);

void nation_name_draw(const struct nation_names *names, enum people people, bool woman, struct random *random,
		      struct nation_name *name);

/* Each appends at a place with NATION_NAME_BYTES left and answers the end. */
char *nation_name_put(char *at, const struct nation_name *name);         /* "Nguyễn Thị Thu Hà" */
char *nation_name_put_plain(char *at, const struct nation_name *name);   /* "NGUYEN THI THU HA" */
char *nation_name_put_turned(char *at, const struct nation_name *name);  /* "Hà Nguyễn Thị Thu" */
char *nation_name_put_account(char *at, const struct nation_name *name); /* "ha.ntt" */

/* Takes the text apart into letters and marks, NFD, in place. */
void nation_name_decompose(char name[NATION_NAME_BYTES]);

#endif
