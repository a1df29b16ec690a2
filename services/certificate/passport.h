/* services/certificate/passport.h
 *
 * The training passport, recognitions and point rules; see passport.c. */
#ifndef SERVICES_CERTIFICATE_PASSPORT_H
#define SERVICES_CERTIFICATE_PASSPORT_H

#include "common/core/call.h"

#include "matricula/passport.pb-c.h"

extern Mt__Passports_Service passports;

void passport_apply(struct apply *apply, const Mt__PassportFact *fact);
/* What was recognised loses its words; see struct module. */
void passport_apply_erased(struct apply *apply, const char *person_id);

#endif
