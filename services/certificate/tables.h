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
	TABLE_LIST = 1,            /* class -> CompletionListRecord */
	TABLE_COMPLETION = 2,      /* class, person -> CompletionRecord */
	TABLE_WAITING = 3,         /* class, round of approval (u32), person -> nothing; gone once issued */
	TABLE_CERTIFICATE = 4,     /* certificate -> CertificateRecord */
	TABLE_CERTIFICATE_OF = 5,  /* person, certificate -> nothing */
	TABLE_REGISTER = 6,        /* school, year (u32) -> last register place taken (u32) */
	TABLE_COMPLETION_OF = 8,   /* person, class -> nothing */
	TABLE_ISSUER_KEY = 7,      /* school, key id (text) -> IssuerKeyRecord */
	TABLE_SUBJECT_EXPORT = 9,  /* person, who asked -> SubjectExport; one row an export asked for */
	TABLE_EDITION = 10,        /* certificate, edition (u32) -> EditionRecord */
	TABLE_REGISTER_ENTRY = 11, /* institution, year (u32), place (u32) -> RegisterRecord; of paper the place is
				    REGISTER_PAPER, and the number as printed follows */
	TABLE_KIND = 12,           /* authority, kind code (text) -> CertificateKindRecord */
	TABLE_STATUS_LIST = 13,    /* institution, number (u32) -> StatusListRecord */
	TABLE_STATUS_GIVEN = 14,   /* institution, number (u32) -> entries given (u32) */
	TABLE_STATUS_BITS = 15, /* institution, number (u32), purpose (byte), piece (u32) -> STATUS_PIECE_BYTES of bits;
				   none: all are 0 */
	TABLE_LOG_NODE = 16,    /* level (byte), index (u64) -> hash of a complete subtree */
	TABLE_LOG_LEAF = 17,    /* index (u64) -> LogEntry */
	TABLE_LOG_HEAD = 18,    /* nothing -> size and frontier, see common/credential/merkle.h */
	TABLE_PUBLIC_URL = 19,  /* number (u32), from 1 -> PublicUrlRecord; the last one issues */
	TABLE_REVIEW = 20,      /* institution, certificate -> ReviewRecord */
	TABLE_BLANK_FORM = 21,  /* institution, serial (text) -> certificate id; empty: spoiled */
	TABLE_RECOGNITION = 22, /* person, recognition -> RecognitionRecord */
	TABLE_POINT_RULES = 23, /* authority -> PointRulesRecord */
	TABLE_HOLDER_CORRECTED =
		24,            /* person, number (u32) -> HolderCorrected, while certificates wait to be corrected */
	TABLE_JWT_WANTED = 25, /* certificate, edition (u32) -> nothing; until the worker has signed it */
	TABLE_KEY_WANTED = 40, /* school, key id (text) -> nothing; until the worker has made it */
	TABLE_PAPER_CORRECTED = 42, /* person, number (u32) -> HolderCorrected, for paper confirmed after it */
	TABLE_LOG_OF = 41,          /* certificate, index (u64) -> nothing; leaves that keep a salt of their own */
};

enum { REGISTER_PAPER = 0xffffffff };

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
