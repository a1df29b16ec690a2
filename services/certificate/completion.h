/* services/certificate/completion.h
 *
 * Completions and the list that a signatory approves; see completion.c. */
#ifndef SERVICES_CERTIFICATE_COMPLETION_H
#define SERVICES_CERTIFICATE_COMPLETION_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/completion.pb-c.h"

enum {
	ISSUE_PER_STEP = 100,          /* some 5 ms of signing before calls get their turn again */
	EXCEPTIONS_MAX = 500,          /* each moves two rows with the approval's one fact */
	COMPLETIONS_LISTED_MAX = 5000, /* one class, in one reply of about 2 MiB */
	ROUND_RELEASED = 0,            /* waits to be issued without approval; rounds of approval count from 1 */
};

extern Mt__CompletionLists_Service completion_lists;
extern Mt__CompletionTimers_Service completion_timers;
extern Mt__CompletionReactions_Service completion_reactions;

struct key completion_list_key(const char *class_id);
/* Prefix of a class's completions; the rest is the person. */
struct key completions_key(const char *class_id);
struct key completion_key(const char *class_id, const char *person_id);
/* Prefix of a person's completions; the rest is the class. */
struct key completions_of_key(const char *person_id);
/* Prefix of who waits for a round of approval, or to be issued in it; the rest is the person. */
struct key completion_round_key(const char *class_id, uint32_t round);
struct key completion_waiting_key(const char *class_id, uint32_t round, const char *person_id);

/* NULL and refused: the id is none (field class_id), or nobody completed the class. */
const Mt__CompletionListRecord *completion_list_or_refuse(struct call *call, const char *class_id);
/* True if the person's completion waits for that round of approval, or to be issued in it. */
bool completion_is_waiting(const struct call *call, const Mt__CompletionListRecord *list, uint32_t round,
			   const char *person_id);
/* True if it was approved or released, and its certificate comes with the next steps. */
bool completion_is_being_issued(const struct call *call, const Mt__CompletionListRecord *list, const char *person_id);

/* The programme of a class; "" if nobody completed it. */
const char *completion_programme(const struct call *call, const char *class_id);

void completion_apply(struct apply *apply, const Mt__CompletionFact *fact);
/* Completions lose the person's name, and nobody waits any more under it; see struct module. */
void completion_apply_erased(struct apply *apply, const char *person_id);
/* Held completions of two who are two people again wait for approval; once the core has applied the split. */
void completion_apply_split(struct apply *apply, const Mt__PersonsSplit *fact);
/* The completion has its certificate: it waits no more. */
void completion_apply_certified(struct apply *apply, const Mt__CertificateRecord *certificate);
/* The completion says of the person what the certificate's new edition says. */
void completion_apply_corrected(struct apply *apply, const Mt__CertificateRecord *certificate,
				const Mt__CertificateContent *content);
/* All completions of the person under that id, issued or waiting, show what is right instead of what was mistaken. */
void completion_apply_holder(struct apply *apply, const char *person_id, const Mt__HolderCorrected *fact);

#endif
