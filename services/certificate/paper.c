/* services/certificate/paper.c */
#include "services/certificate/paper.h"

#include "services/certificate/tables.h"

void
paper_apply(struct apply *apply, const Mt__PaperFact *fact)
{
	(void)apply;
	(void)fact;
}
