/* services/enrollment/duplicate.c
 *
 * Two records of one person. */
#include "services/enrollment/enrollment.h"

void
duplicate_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	(void)apply;
	(void)before;
	(void)after;
}

bool
duplicate_event(struct call *call, const struct arrival *arrival, struct subject *subject, struct verdict *verdict)
{
	(void)call;
	(void)arrival;
	(void)subject;
	return verdict_reject(verdict, "type", "unknown_type", "merges are not taken yet");
}

void
duplicate_apply_merged(struct apply *apply, const Mt__PersonsMerged *fact)
{
	(void)apply;
	(void)fact;
}

void
duplicate_apply_split(struct apply *apply, const Mt__PersonsSplit *fact)
{
	(void)apply;
	(void)fact;
}
