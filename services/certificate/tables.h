/* services/certificate/tables.h
 *
 * The tables of this service: first bytes of keys, and what a row holds. Ids stand in
 * keys as their 16 bytes, so what was registered together lies together. */
#ifndef SERVICES_CERTIFICATE_TABLES_H
#define SERVICES_CERTIFICATE_TABLES_H

#include "common/base/codec.h"
#include "common/base/id.h"

#include <assert.h>

enum certificate_table {
	TABLE_LIST = 1,           /* class -> CompletionListRecord */
	TABLE_COMPLETION = 2,     /* class, person -> CompletionRecord */
	TABLE_WAITING = 3,        /* class, round of approval (u32), person -> nothing; gone once issued */
	TABLE_CERTIFICATE = 4,    /* certificate -> CertificateRecord */
	TABLE_CERTIFICATE_OF = 5, /* person, certificate -> nothing */
	TABLE_REGISTER = 6,       /* school, year (u32) -> last register place taken (u32) */
	TABLE_COMPLETION_OF = 8,  /* person, class -> nothing */
	TABLE_ISSUER_KEY = 7,     /* school, key id (text) -> IssuerKeyRecord */
	TABLE_SUBJECT_EXPORT = 9, /* person, who asked -> SubjectExport; one row an export asked for */
};

/* Only ids that were checked before: one that is none is a bug. */
static inline void
key_id_of(struct key *key, const char *text)
{
	struct id id;
	bool is_id = id_parse(text, &id);
	assert(is_id);
	key_bytes(key, slice_of(id.bytes, ID_BYTES));
}

#endif
