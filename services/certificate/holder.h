/* services/certificate/holder.h
 *
 * The registry corrects who somebody is; see holder.c. */
#ifndef SERVICES_CERTIFICATE_HOLDER_H
#define SERVICES_CERTIFICATE_HOLDER_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

enum {
	CORRECT_PER_STEP = 20,    /* a few ms of signing */
	HOLDER_SCHOOLS_MAX = 200, /* institutions that issued to one person: a timer each */
};

/* Handlers of certificate_reactions and certificate_timers, see change.h. */
void certificate_reactions_person_changed(Mt__CertificateReactions_Service *service, const Mt__PersonChanged *in,
					  Mt__Noted_Closure reply, void *call);
void certificate_timers_correction_due(Mt__CertificateTimers_Service *service, const Mt__CorrectionDue *in,
				       Mt__Noted_Closure reply, void *call);

/* Puts what is right where what was mistaken stands; true if it did. */
bool holder_put_right(const Mt__HolderCorrected *fact, char **name, char **birth_date);

/* The same with all that the registry corrected while paper of the person waited to be confirmed. */
bool holder_put_paper_right(struct call *call, const char *person_id, Mt__CertificateContent *content);

void holder_apply(struct apply *apply, const Mt__CertificateFact *fact);
/* Nothing waits to be corrected any more; see struct module. */
void holder_apply_erased(struct apply *apply, const char *person_id);

#endif
