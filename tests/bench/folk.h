/* tests/bench/folk.h
 *
 * People of the nations that `matricula nation` makes, for the generators of load: the same
 * names, posts and staff codes, each from its number alone. Other nations of the same size
 * give people who are not there yet. */
#ifndef TESTS_BENCH_FOLK_H
#define TESTS_BENCH_FOLK_H

#include <stddef.h>
#include <stdint.h>

#include "matricula/event.pb-c.h"

enum { FOLK_TEXT_BYTES = 64 };

struct folk;

/* Nation number 0 is the one of `matricula nation --seed 1 --events 0 --noise 0`; of the others each has staff
 * codes, citizen ids and event ids of its own. Ends the program, and says why, if the units cannot be read. */
struct folk *folk_new(const char *units, uint64_t people, unsigned nation);

/* Where a person serves at first, as a number of a unit, and who speaks for it. */
size_t folk_unit(const struct folk *folk, uint64_t person);
size_t folk_units_count(const struct folk *folk);
const char *folk_unit_code(const struct folk *folk, size_t unit);

/* The staff code after so many transfers; text holds FOLK_TEXT_BYTES. */
void folk_staff_code(const struct folk *folk, uint64_t person, unsigned moves, char *text);

/* A permutation of the people, in no order. */
uint64_t folk_scatter(const struct folk *folk, uint64_t number);

/* The hiring as the nation's authority would push it; borrowed until the next one. */
const Mt__PushEventRequest *folk_hired(struct folk *folk, uint64_t person);

#endif
