/* services/certificate/register.h
 *
 * The register of an institution, and the numbered blank forms it prints on; see register.c. */
#ifndef SERVICES_CERTIFICATE_REGISTER_H
#define SERVICES_CERTIFICATE_REGISTER_H

#include "common/core/call.h"

#include "matricula/certificate.pb-c.h"

enum { BLANK_SERIAL_BYTES_MAX = 40 };

/* Handlers of the service certificates, in certificate.c's table. */
void certificates_read_register(Mt__Certificates_Service *service, const Mt__RegisterRequest *in,
				Mt__RegisterReply_Closure reply, void *call);
void certificates_print_on_blank(Mt__Certificates_Service *service, const Mt__PrintOnBlankRequest *in,
				 Mt__PrintOnBlankReply_Closure reply, void *call);

/* A certificate's row of the register. */
const Mt__RegisterRecord *register_entry_of(struct call *call, const Mt__CertificateRecord *certificate);

/* The form of that serial is printed on or spoiled in that institution. */
bool register_form_is_used(struct call *call, const char *authority_id, const char *serial);
/* Emits BlankFormUsed; certificate_id is empty for a form that was spoiled. */
void register_form_use(struct call *call, const char *authority_id, const char *serial, const char *certificate_id);

void register_apply_blank(struct apply *apply, const Mt__BlankFormUsed *fact);

#endif
