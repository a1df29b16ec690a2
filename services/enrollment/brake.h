/* services/enrollment/brake.h
 *
 * What the files of the mass-change brake and of kept events share: the count of a source's
 * authority (brake.c) and the holds (brake_hold.c). */
#ifndef SERVICES_ENROLLMENT_BRAKE_H
#define SERVICES_ENROLLMENT_BRAKE_H

#include "services/enrollment/enrollment.h"

struct brake brake_row_get(const struct store *store, uint32_t locality);
void brake_row_put(struct apply *apply, uint32_t locality, const struct brake *brake);
void brake_count(struct apply *apply, uint32_t locality);
const char *brake_kind(Mt__EventData__KindCase kind); /* "suspended" */

/* The same as event_held, under that hold; false if nothing is put there any more. */
bool hold_take(struct call *call, const struct arrival *arrival, struct id hold_id, const Mt__PersonRecord *person,
	       struct verdict *verdict);
void hold_open(struct call *call, const struct arrival *arrival, const Mt__PersonRecord *person, uint64_t people,
	       uint32_t changed, struct verdict *verdict);
uint64_t hold_event_added(struct apply *apply, const Mt__EventKept *fact); /* its number in the hold */
void hold_event_settled(struct apply *apply, const Mt__EventRecord *record, Mt__Event__Outcome outcome);

#endif
