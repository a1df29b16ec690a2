/* services/enrollment/brake.h
 *
 * What the files of the mass-change brake and of kept events share: the count of a source's
 * authority (brake.c) and the holds (brake_hold.c). */
#ifndef SERVICES_ENROLLMENT_BRAKE_H
#define SERVICES_ENROLLMENT_BRAKE_H

#include "services/enrollment/enrollment.h"

/* Of a source's authority; whole: of one below the root, all its sources together. */
struct brake brake_row_get(const struct store *store, uint32_t locality, bool whole);
void brake_row_put(struct apply *apply, uint32_t locality, bool whole, const struct brake *brake);
/* counted_at: the authority below the root that the source belongs to. */
void brake_count(struct apply *apply, uint32_t locality, struct id counted_at);
/* A hold was decided: what led to it is counted no more, nor in its province. */
void brake_begin_anew(struct apply *apply, struct id authority, bool whole);
const char *brake_kind(Mt__EventData__KindCase kind); /* "suspended" */

/* The same as event_held, under that hold; false if nothing is put there any more. */
bool hold_take(struct call *call, const struct arrival *arrival, struct id hold_id, const Mt__PersonRecord *person,
	       struct verdict *verdict);
/* hold says whose, of how many people, and how many of them were changed. */
void hold_open(struct call *call, const struct arrival *arrival, const Mt__PersonRecord *person,
	       const Mt__HoldRecord *hold, struct verdict *verdict);
uint64_t hold_event_added(struct apply *apply, const Mt__EventKept *fact); /* its number in the hold */
void hold_event_settled(struct apply *apply, const Mt__EventRecord *record, Mt__Event__Outcome outcome);

#endif
