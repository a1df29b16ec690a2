/* services/certificate/paper.h
 *
 * Older paper certificates, recorded and confirmed; see paper.c. */
#ifndef SERVICES_CERTIFICATE_PAPER_H
#define SERVICES_CERTIFICATE_PAPER_H

#include "common/core/call.h"

#include "matricula/paper.pb-c.h"

enum {
	PAPER_ROWS_MAX = 500,         /* of one call: a fact each, see FACTS_PER_CALL_MAX */
	PAPER_NUMBER_BYTES_MAX = 80,  /* of a number as printed: it stands in a key */
	PAPER_YEAR_MIN = 1945,        /* no register of the civil service is older */
	PAPER_VALID_DAYS_MAX = 18263, /* fifty years as of a kind: longer is for ever */
};

extern Mt__Papers_Service papers;

/* A number as it stands in a key: NFC, case folded, one space between words. NULL if it is empty or too long. */
const char *paper_number(struct arena *arena, const char *printed);

void paper_apply(struct apply *apply, const Mt__PaperFact *fact);
/* The register's row of a paper certificate. */
void paper_apply_entry(struct apply *apply, const Mt__RegisterRecord *entry);
/* What was recorded of the person's papers loses its words; see struct module. */
void paper_apply_erased(struct apply *apply, const char *person_id);

#endif
