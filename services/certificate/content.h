/* services/certificate/content.h
 *
 * What a certificate says, checked before it is signed for ever; see content.c. */
#ifndef SERVICES_CERTIFICATE_CONTENT_H
#define SERVICES_CERTIFICATE_CONTENT_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/certificate_kind.pb-c.h"

/* A text that is signed: like call_text, and refused if it holds control characters. */
const char *content_text(struct call *call, const char *field, const char *value, bool may_be_empty);
/* A date in the calendar and not to come; DATE_NONE and refused if it is not. */
int32_t content_date(struct call *call, const char *field, const char *value);
/* "" or YYYY, YYYY-MM, YYYY-MM-DD of the calendar, not to come. */
bool content_birth_date(struct call *call, const char *field, const char *value);

/* A copy of what a request says, texts in NFC; NULL and refused, by field "content. ...". Kind and signatory, which
 * are the service's to say, must be empty; decision number and date come together or not at all. */
Mt__CertificateContent *content_checked(struct call *call, const Mt__CertificateContent *in);

/* Fills in what the kind says: its names and class, and the signatory, from 1 (0: none). Of a kind in Vietnamese only
 * the English texts are left out. */
void content_of_kind(Mt__CertificateContent *content, const Mt__CertificateKindRecord *kind, uint32_t signatory);

#endif
