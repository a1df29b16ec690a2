/* services/certificate/passport.c */
#include "services/certificate/passport.h"

#include "services/certificate/tables.h"

void
passport_apply(struct apply *apply, const Mt__PassportFact *fact)
{
	(void)apply;
	(void)fact;
}

void
passport_apply_erased(struct apply *apply, const char *person_id)
{
	(void)apply;
	(void)person_id;
}
