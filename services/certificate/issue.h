/* services/certificate/issue.h
 *
 * Making certificates and editions; see issue.c. Everything that signs goes through here. */
#ifndef SERVICES_CERTIFICATE_ISSUE_H
#define SERVICES_CERTIFICATE_ISSUE_H

#include "common/base/date.h"
#include "services/certificate/issuer.h"
#include "services/certificate/kind.h"
#include "services/certificate/status_list.h"
#include "services/certificate/transparency.h"

#include "matricula/certificate.pb-c.h"

struct issued; /* see issue.c */

/* An institution about to sign in this call: its key, and the next places of register, status list and log. */
struct issuing {
	struct call *call;
	struct issuer issuer;
	struct status_places status;
	struct tlog_places log;
	int year;
	uint32_t place; /* last one taken in the register of that year */
	char today[DATE_TEXT_BYTES];
	char now[INSTANT_TEXT_BYTES]; /* whole seconds */
	struct issued *issued;        /* certificates that wait for issue_end to be signed, in their order */
	struct issued **issued_last;
	size_t issued_count;
};

/* False and refused: see issuer_open. Ended by issue_end in every case where it was true: that signs the
 * certificates, on all cores that are free, and emits their facts. */
bool issue_begin(struct issuing *issuing, struct call *call, const char *school_id);
void issue_end(struct issuing *issuing);
/* At most 16 random bytes, in the call's arena. */
ProtobufCBinaryData issue_random(struct call *call, size_t size);

/* CertificateIssued at issue_end: register number, first edition, leaf. The caller has filled in of certificate:
 * person_id, class_id, authority_id, kind_code, valid_until, origin, renews, programme_id, completed_on. reason may be
 * NULL. */
void issue_certificate(struct issuing *issuing, Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
		       Mt__Reason *reason);

/* The same with what follows from the kind and from the person's other certificates: kind_code, valid_until, renews,
 * programme_id and completed_on. The content has been through content_of_kind. */
void issue_of_kind(struct issuing *issuing, Mt__CertificateRecord *certificate, const Mt__CertificateKindRecord *kind,
		   Mt__CertificateContent *content, Mt__Reason *reason);

/* Fills in the certificate's next edition with its signed bytes, and the leaf that tells of it (kind set by the
 * caller). For corrections, reissues and confirmed paper; what is returned lives in the call's arena. */
void issue_edition(struct issuing *issuing, const Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
		   Mt__EditionRecord *edition, Mt__LogEntry *leaf);

/* What is retained of a certificate in the register. */
void issue_entry(struct issuing *issuing, const Mt__CertificateRecord *certificate,
		 const Mt__CertificateContent *content, Mt__RegisterRecord *entry);

/* "2026/000123" of a year's place; specimens have a register of their own, see register_year. */
uint32_t register_last(const struct call *call, const char *school_id, int year);
/* Prefix of an institution's register of a year, places in order. */
struct key register_year_key(const char *school_id, uint32_t year);
/* Key of a register's row; place REGISTER_PAPER with the number as printed behind it. */
struct key register_entry_key(const char *school_id, uint32_t year, uint32_t place, const char *paper_number);

/* What "2026/000123" says; such a number was given here. */
void register_place(const char *register_number, uint32_t *year, uint32_t *place);

/* Of the service certificates, in certificate.c's table. */
void certificates_issue_by_hand(Mt__Certificates_Service *service, const Mt__IssueByHandRequest *in,
				Mt__IssueByHandReply_Closure reply, void *call);

/* Rows of register, edition and leaf for a fact that made an edition. */
void issue_apply_edition(struct apply *apply, const Mt__EditionRecord *edition, const Mt__LogEntry *leaf);
void issue_apply_issued(struct apply *apply, const Mt__CertificateIssued *fact);
void issue_apply_entry(struct apply *apply, const Mt__RegisterRecord *entry);

#endif
