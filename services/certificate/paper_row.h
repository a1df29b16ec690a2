/* services/certificate/paper_row.h
 *
 * A row of a list of older paper certificates, checked; see paper_row.c. */
#ifndef SERVICES_CERTIFICATE_PAPER_ROW_H
#define SERVICES_CERTIFICATE_PAPER_ROW_H

#include "common/core/call.h"

#include "matricula/paper.pb-c.h"

/* Why a row is refused: the field as in the .proto, and sentences that name it and repeat none of its words. */
struct paper_fault {
	const char *field;
	const char *en;
	const char *vi;
};

/* What a good row says. Texts are in NFC, in the arena. */
struct paper_row {
	const char *register_number;
	const char *number_key; /* see paper_number */
	uint32_t year;
	const char *authority_id; /* where the person serves */
	const char *kind_code;
	const char *issued_on;
	const char *blank_serial; /* "" if there is none */
	Mt__CertificateContent *content;
};

/* True, or the fault. Refuses nothing: the other rows go on. */
bool paper_row_read(struct call *call, const char *school_id, const Mt__PaperRow *in, struct paper_row *row,
		    struct paper_fault *fault);

#endif
