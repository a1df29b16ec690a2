/* services/certificate/kind.c */
#include "services/certificate/kind.h"

#include "common/wire/pb.h"
#include "services/certificate/tables.h"

const Mt__CertificateKindRecord *
kind_for(struct call *call, const char *school_id, const char *programme_id)
{
	(void)school_id;
	(void)programme_id;
	Mt__CertificateKindRecord *kind =
		(Mt__CertificateKindRecord *)pb_new(&mt__certificate_kind_record__descriptor, call_arena(call));
	kind->kind_code = arena_format(call_arena(call), "%s", KIND_DEFAULT);
	return kind;
}

void
kind_apply(struct apply *apply, const Mt__CertificateKindFact *fact)
{
	(void)apply;
	(void)fact;
}
