/* common/core/persons.h
 *
 * Which records are one person. Enrollment, which owns persons, merges two records and
 * splits them again; every node keeps the link between their ids in its own state, and
 * call_person, call_person_ids and call_is_self (call.h) read it. What a service holds
 * stays under the id that it was made under, so a split gives each its own back.
 *
 * Promise: no chains. Whoever stays was merged into nobody. */
#ifndef COMMON_CORE_PERSONS_H
#define COMMON_CORE_PERSONS_H

#include "common/core/call.h"

#include "matricula/person.pb-c.h"

/* In apply only. Either may come again: the same rows are written. */
void apply_persons_merged(struct apply *apply, const Mt__PersonsMerged *fact);
void apply_persons_split(struct apply *apply, const Mt__PersonsSplit *fact);

#endif
