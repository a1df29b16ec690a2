/* services/enrollment/erasure.c
 *
 * Erasing a person's data. */
#include "services/enrollment/enrollment.h"

void
erasure_apply(struct apply *apply, const Mt__PersonErased *fact)
{
	(void)apply;
	(void)fact;
}
