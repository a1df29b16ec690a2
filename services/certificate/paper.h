/* services/certificate/paper.h
 *
 * Older paper certificates, recorded and confirmed; see paper.c. */
#ifndef SERVICES_CERTIFICATE_PAPER_H
#define SERVICES_CERTIFICATE_PAPER_H

#include "common/core/call.h"

#include "matricula/paper.pb-c.h"

extern Mt__Papers_Service papers;

void paper_apply(struct apply *apply, const Mt__PaperFact *fact);

#endif
