/* services/notification/mail.h
 *
 * A message as an e-mail: Internet Message Format (RFC 5322) with MIME (RFC 2045 to
 * 2047). Text in, text out; sending it is the courier's work. */
#ifndef SERVICES_NOTIFICATION_MAIL_H
#define SERVICES_NOTIFICATION_MAIL_H

#include "common/base/buf.h"

#include "matricula/message.pb-c.h"

enum {
	MAIL_BYTES_MAX = 64 << 10,    /* two short texts in base64 take about 2 KiB */
	MAIL_ADDRESS_BYTES_MAX = 254, /* RFC 5321, section 4.5.3.1.3 */
};

/* One @, printable ASCII without blanks, brackets, quotes and commas: what goes into a header or an SMTP line
 * as it is. Stricter than RFC 5321; nobody's office uses the rest. */
bool mail_address_usable(const char *address);

/* Vietnamese and English as two inline parts, both in the subject. The Message-ID is made of the message's own
 * id and the sender's domain, so it is the same however often the mail is sent. Both addresses are usable. */
void mail_write(struct buf *out, const char *sender, const Mt__MessageRecord *message);

#endif
