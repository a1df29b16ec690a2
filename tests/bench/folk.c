/* tests/bench/folk.c
 *
 * The generator of services/ctl is taken in as it is; its struct nation and that of
 * people.h never meet. */
#include "tests/bench/folk.h"

#include "services/ctl/csv.c"
#include "services/ctl/nation_career.c"
#include "services/ctl/nation_event.c"
#include "services/ctl/nation_lists.c"
#include "services/ctl/nation_names.c"
#include "services/ctl/nation_noise.c"
#include "services/ctl/nation_person.c"
#include "services/ctl/nation_posts.c"
#include "services/ctl/nation_units.c"

#include <stdarg.h>
#include <stdlib.h>

struct folk {
	struct nation nation;
	unsigned number;
	struct nation_person person; /* made last: its unit is where the next is looked for first */
	struct nation_event event;
};

/* What the command line's main says with. */
void
say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

struct folk *
folk_new(const char *units, uint64_t people, unsigned nation)
{
	struct folk *folk = calloc(1, sizeof(*folk));
	if (folk == NULL)
		abort();
	folk->number = nation;
	if (!nation_init(&folk->nation, units, people, 1 + nation, 0))
		exit(1);
	return folk;
}

size_t
folk_unit(const struct folk *folk, uint64_t person)
{
	return nation_unit_of(&folk->nation.units, person, folk->person.unit);
}

size_t
folk_units_count(const struct folk *folk)
{
	return folk->nation.units.units_count;
}

const char *
folk_unit_code(const struct folk *folk, size_t unit)
{
	return folk->nation.units.units[unit].code;
}

static char *
mark_put(const struct folk *folk, char *at)
{
	return folk->number == 0 ? at : put_text(put_number(put_text(at, "N"), folk->number, 1), ".");
}

void
folk_staff_code(const struct folk *folk, uint64_t person, unsigned moves, char *text)
{
	struct nation_person made = {.unit = folk->person.unit};
	nation_person_make(&folk->nation, person, &made);
	nation_staff_code(mark_put(folk, text), &folk->nation, &made, moves);
}

uint64_t
folk_scatter(const struct folk *folk, uint64_t number)
{
	return nation_scatter(folk->nation.seed, number, folk->nation.units.people);
}

/* The generator's citizen ids begin with 9; those of other nations with another digit. */
const Mt__PushEventRequest *
folk_hired(struct folk *folk, uint64_t person)
{
	struct nation_event *event = &folk->event;
	nation_person_make(&folk->nation, person, &folk->person);
	nation_event_hired(event, &folk->nation, &folk->person, PURPOSE_PLAIN);
	folk_staff_code(folk, person, 0, event->subject);
	if (folk->number > 0 && event->texts.citizen_id[0] != '\0')
		event->texts.citizen_id[0] = (char)('8' - (folk->number - 1) % 8);
	return &event->request;
}
