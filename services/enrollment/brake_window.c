/* services/enrollment/brake_window.c
 *
 * A ring of hours; what was counted an hour longer ago than the window is emptied when the
 * ring comes round. */
#include "services/enrollment/brake_window.h"

static uint32_t
hour_of(int64_t at_us)
{
	return (uint32_t)(at_us / (3600 * SECOND_US));
}

static void
turn(struct brake *brake, uint32_t hour)
{
	uint32_t gone = hour - brake->last_hour;
	for (uint32_t i = 1; i <= gone && i <= BRAKE_BUCKETS; i++)
		brake->changes[(brake->last_hour + i) % BRAKE_BUCKETS] = 0;
	brake->last_hour = hour;
}

uint32_t
brake_changes(struct brake *brake, int64_t now_us)
{
	uint32_t sum = 0;
	turn(brake, hour_of(now_us));
	for (size_t i = 0; i < BRAKE_BUCKETS; i++)
		sum += brake->changes[i];
	return sum;
}

void
brake_note(struct brake *brake, int64_t now_us)
{
	turn(brake, hour_of(now_us));
	brake->changes[brake->last_hour % BRAKE_BUCKETS]++;
}

/* All may have begun anew in between. */
void
brake_forget(struct brake *all, struct brake *one, int64_t now_us)
{
	turn(all, hour_of(now_us));
	turn(one, hour_of(now_us));
	for (size_t i = 0; i < BRAKE_BUCKETS; i++)
		all->changes[i] -= one->changes[i] < all->changes[i] ? one->changes[i] : all->changes[i];
}

bool
brake_trips(uint64_t changes, uint64_t people)
{
	return changes > BRAKE_CHANGES_MAX && changes * 100 > people * BRAKE_PERCENT_MAX;
}
