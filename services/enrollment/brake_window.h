/* services/enrollment/brake_window.h
 *
 * The sliding day of the mass-change brake: changes of a source's people, counted by the
 * hour. Pure. */
#ifndef SERVICES_ENROLLMENT_BRAKE_WINDOW_H
#define SERVICES_ENROLLMENT_BRAKE_WINDOW_H

#include "common/base/date.h"
#include "common/base/id.h"

enum {
	/* The hour that has begun, and the 24 before it: nothing younger than a day is ever left out. */
	BRAKE_BUCKETS = 25,
	/* More than this, and more than this share of the people. */
	BRAKE_CHANGES_MAX = 20,
	BRAKE_PERCENT_MAX = 2,
};

#define BRAKE_WINDOW_US DAY_US

/* What the brake knows of a source's authority. */
struct brake {
	bool held;
	struct id hold_id;
	uint32_t last_hour; /* since 1970; changes[hour % BRAKE_BUCKETS] is of that hour */
	uint32_t changes[BRAKE_BUCKETS];
};

/* Changes within the window that ends now. Instants never go back. */
uint32_t brake_changes(struct brake *brake, int64_t now_us);
void brake_note(struct brake *brake, int64_t now_us);
/* Takes out of all what one of them counted within the window. */
void brake_forget(struct brake *all, struct brake *one, int64_t now_us);
/* True if so many changes of so many people are too many. */
bool brake_trips(uint64_t changes, uint64_t people);

#endif
