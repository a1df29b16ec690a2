/* services/enrollment/search.c
 *
 * Finding people by name and by citizen id. */
#include "services/enrollment/enrollment.h"

void
search_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	(void)apply;
	(void)before;
	(void)after;
}

void
person_lookup(const Mt__LookupPersonRequest *in, Mt__PersonRecord_Closure reply, void *call)
{
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__NOT_FOUND, "nobody has that citizen id");
}
