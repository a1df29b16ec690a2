/* services/enrollment/freshness.c
 *
 * How fresh and complete each province's records are. */
#include "services/enrollment/enrollment.h"

void
freshness_accepted(struct apply *apply, uint32_t locality, const char *effective_date)
{
	(void)apply;
	(void)locality;
	(void)effective_date;
}

void
freshness_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	(void)apply;
	(void)before;
	(void)after;
}
