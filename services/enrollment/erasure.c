/* services/enrollment/erasure.c
 *
 * Erasing a person's data. */
#include "services/enrollment/enrollment.h"

void
person_apply_erased(struct apply *apply, const Mt__PersonErased *fact)
{
	(void)apply;
	(void)fact;
}
