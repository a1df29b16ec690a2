/* services/certificate/kind.h
 *
 * Certificate kinds: the rules by which an institution certifies; see kind.c. */
#ifndef SERVICES_CERTIFICATE_KIND_H
#define SERVICES_CERTIFICATE_KIND_H

#include "common/core/call.h"

#include "matricula/certificate_kind.pb-c.h"
#include "matricula/completion.pb-c.h"

#define KIND_DEFAULT "default"

enum {
	KIND_CODE_BYTES_MAX = 40,
	KIND_PROGRAMMES_MAX = 200,   /* looked through for each completion, with the other kinds of the authority */
	KIND_SIGNATORIES_MAX = 20,   /* directors and their deputies */
	KIND_REMINDERS_MAX = 5,      /* each is a timer a certificate */
	KIND_REMIND_DAYS_MAX = 366,  /* a year before the end */
	KIND_VALID_MONTHS_MAX = 600, /* 50 years: longer is for ever */
	KIND_HOURS_MAX = 20000,      /* ten years of full-time study */
	KIND_POINTS_PER_10_HOURS_MAX = 1000,
	KINDS_OF_AUTHORITY_MAX = 200, /* not retired: walked for each completion */
};

extern Mt__CertificateKinds_Service certificate_kinds;

/* The kind that an institution issues for a programme ("" for none), see kind.c; never NULL: at last the service's own.
 */
const Mt__CertificateKindRecord *kind_for(struct call *call, const char *school_id, const char *programme_id);
/* The same of a programme that a kind names; NULL if none does. */
const Mt__CertificateKindRecord *kind_binding(struct call *call, const char *school_id, const char *programme_id);
/* The kind of that code that is in force for an institution, sought upwards; NULL if there is none or it was retired.
 */
const Mt__CertificateKindRecord *kind_find(struct call *call, const char *school_id, const char *kind_code);
/* Exactly that kind, retired or not, with the signatories that it has at that institution for a programme; an empty
 * authority: the service's own. It was set: a bug if it was not. */
const Mt__CertificateKindRecord *kind_at(struct call *call, const char *authority_id, const char *kind_code,
					 const char *school_id, const char *programme_id);

/* Prefix of an authority's kinds; the code is the rest. */
struct key kinds_key(const char *authority_id);
/* Of exactly that authority, retired or not; NULL if there is none. */
const Mt__CertificateKindRecord *kind_get(const struct call *call, const char *authority_id, const char *kind_code);
bool kind_names(const Mt__CertificateKindRecord *kind, const char *programme_id);

/* NULL, or which rule of the kind the completion does not reach, a sentence in the arena. */
const char *
kind_short_of(struct arena *arena, const Mt__CertificateKindRecord *kind, const Mt__CompletionRecord *completion);
/* Which signatory of the kind the caller is, from 1; 0: the kind names none, so that any leader may. Refuses, and is
 * false, if it names others. */
bool kind_signatory(struct call *call, const Mt__CertificateKindRecord *kind, uint32_t *signatory);
/* The same when it is issued: where who approved stands in the kind as it is now, which may have been set since. 0 if
 * he is in it no more: then nobody is said to have signed. */
uint32_t kind_signatory_now(const struct call *call, const Mt__CertificateKindRecord *kind, uint32_t signatory,
			    const char *approved_by);
/* The last day of what is issued on a day, "" for ever; in the arena. A month that lacks the day ends with its last. */
const char *kind_valid_until(struct arena *arena, const Mt__CertificateKindRecord *kind, int32_t issued_on);

void kind_apply(struct apply *apply, const Mt__CertificateKindFact *fact);

#endif
