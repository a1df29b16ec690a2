/* services/certificate/kind.h
 *
 * Certificate kinds: the rules by which an institution certifies; see kind.c. */
#ifndef SERVICES_CERTIFICATE_KIND_H
#define SERVICES_CERTIFICATE_KIND_H

#include "common/core/call.h"

#include "matricula/certificate_kind.pb-c.h"
#include "matricula/completion.pb-c.h"

#define KIND_DEFAULT "default"

extern Mt__CertificateKinds_Service certificate_kinds;

/* The kind that an institution issues for a programme ("" for none); never NULL: at last the service's own. */
const Mt__CertificateKindRecord *kind_for(struct call *call, const char *school_id, const char *programme_id);
/* The kind of that code that is in force for an institution, sought upwards; NULL if there is none or it was retired. */
const Mt__CertificateKindRecord *kind_find(const struct call *call, const char *school_id, const char *kind_code);
/* NULL, or which rule of the kind the completion does not reach, a sentence in the arena. */
const char *kind_short_of(struct arena *arena, const Mt__CertificateKindRecord *kind,
			  const Mt__CompletionRecord *completion);

void kind_apply(struct apply *apply, const Mt__CertificateKindFact *fact);

#endif
