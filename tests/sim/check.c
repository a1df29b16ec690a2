/* tests/sim/check.c
 *
 * The list. What a check needs from the world is on disks, in stores and in the
 * office's files; none of them moves anything. */
#include "tests/sim/check.h"

const struct check checks[] = {
	{"the journal is dense and chained", check_chain},
	{"entry time never goes back", check_time},
	{"no acknowledged call is lost", check_acknowledged},
	{"no call acts twice", check_once},
	{"cursors never move back", check_cursors},
	{"personal data is sealed", check_sealed},
	{"state equals its rebuild", check_rebuild},
	{"mirrors agree", check_mirrors},
	{"no fact is skipped", check_reactions},
	{"seats taken are enrolments", check_seats},
	{"figures equal a recount", check_figures},
	{"registers and the log have no gaps", check_registers},
	{"the log is the tree of its facts", check_log},
	{"status bits are what was decided", check_editions},
	{NULL, NULL},
};

bool
check_all(struct sim *sim, const struct office *office)
{
	for (const struct check *check = checks; check->name != NULL && !world_blamed(sim); check++)
		check->run(sim, office, check->name);
	return !world_blamed(sim);
}
