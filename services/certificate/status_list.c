/* services/certificate/status_list.c */
#include "services/certificate/status_list.h"

#include "services/certificate/tables.h"

void
status_begin(struct call *call, const char *school_id, struct status_places *places)
{
	(void)call;
	(void)school_id;
	*places = (struct status_places){.list = 1};
}

uint32_t
status_next(struct status_places *places)
{
	return places->given++;
}

void
status_apply_given(struct apply *apply, const Mt__EditionRecord *edition)
{
	(void)apply;
	(void)edition;
}

void
status_apply_set(struct apply *apply, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose, bool on,
		 const char *at)
{
	(void)apply;
	(void)edition;
	(void)purpose;
	(void)on;
	(void)at;
}

void
status_list_apply(struct apply *apply, const Mt__StatusListFact *fact)
{
	(void)apply;
	(void)fact;
}
