/* services/certificate/expiry.h
 *
 * The end of a certificate's validity, and reminders before it; see expiry.c. */
#ifndef SERVICES_CERTIFICATE_EXPIRY_H
#define SERVICES_CERTIFICATE_EXPIRY_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

/* Handler of certificate_timers, see change.h. */
void certificate_timers_expiry_due(Mt__CertificateTimers_Service *service, const Mt__ExpiryDue *in,
				   Mt__Noted_Closure reply, void *call);

/* True if its last day is past. */
bool expiry_is_past(const struct call *call, const Mt__CertificateRecord *certificate);
/* Emits CertificateExpired. */
void expiry_emit_expired(struct call *call, const Mt__CertificateRecord *certificate);

/* Sets the timers of reminders and of the end, for one just issued or confirmed with an end: at most one for each of
 * remind_days and one more. */
void expiry_apply_issued(struct apply *apply, const Mt__CertificateRecord *certificate);

#endif
