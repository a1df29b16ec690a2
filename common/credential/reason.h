/* common/credential/reason.h
 *
 * Verdicts and the sentences that give their reason, in English and Vietnamese: one table
 * for the service and the offline verifier, so that they say the same of the same thing. */
#ifndef COMMON_CREDENTIAL_REASON_H
#define COMMON_CREDENTIAL_REASON_H

#include "common/base/arena.h"

/* In the order of matricula.Verification.Verdict. */
enum verdict {
	VERDICT_UNKNOWN,
	VERDICT_VALID,
	VERDICT_REVOKED,
	VERDICT_SUSPENDED,
	VERDICT_SUPERSEDED,
	VERDICT_EXPIRED,
	VERDICT_NOT_YET_VALID,
	VERDICT_UNCONFIRMED,
	VERDICT_SPECIMEN,
	VERDICT_INVALID,
	VERDICT_MATCH,
	VERDICT_NO_MATCH,
};

enum { VERDICTS = VERDICT_NO_MATCH + 1 };

enum reason {
	REASON_NONE, /* it could not be checked */
	/* of the text alone */
	REASON_NOT_CREDENTIAL,
	REASON_NOT_OBJECT,
	REASON_TOO_LARGE,
	REASON_RESPELT,
	REASON_TOKEN,
	REASON_TOKEN_TYPE,
	REASON_TOKEN_CLAIMS,
	REASON_CONTEXT,
	REASON_TYPE,
	REASON_NO_ISSUER,
	REASON_ISSUER_FORM,
	REASON_ISSUER_UNKNOWN,
	REASON_ID,
	REASON_NO_PROOF,
	REASON_PROOFS,
	REASON_PROOF_FORM,
	REASON_PROOF_SUITE,
	REASON_PROOF_PURPOSE,
	REASON_PROOF_CONTEXT,
	REASON_SIGNED_AT,
	REASON_KEY,
	REASON_KEY_BEFORE,
	REASON_KEY_RETIRED,
	REASON_KEY_COMPROMISED,
	REASON_SIGNATURE,
	REASON_PERIOD,
	REASON_STATUS,
	REASON_STATUS_INDEX,
	REASON_CONTENT,
	/* of what was really signed */
	REASON_SPECIMEN,
	REASON_NOT_YET,
	REASON_EXPIRED,
	REASON_KEY_DOUBTED,
	/* of the record */
	REASON_NOT_ON_RECORD,
	REASON_NOT_AS_ISSUED,
	REASON_ERASED,
	REASON_REVOKED,
	REASON_SUSPENDED,
	REASON_REVOKED_BY_LIST, /* all that a status list tells */
	REASON_SUSPENDED_BY_LIST,
	REASON_SUPERSEDED,
	REASON_UNCONFIRMED,
	REASON_VALID,
	REASON_CODE_FORM,
	REASON_CODE_UNKNOWN,
	REASON_MATCH,
	REASON_NO_MATCH,
};

enum { REASONS = REASON_NO_MATCH + 1 };

/* What stands in a sentence for {by}, {since} and {what}; NULL is none. */
struct reason_words {
	const char *by;
	const char *since;
	const char *what;
};

/* "not_yet_valid" */
const char *verdict_name(enum verdict verdict);
/* The verdict that a reason leads to. */
enum verdict reason_verdict(enum reason reason);
/* A lower-case sentence without full stop, in the arena. */
const char *reason_en(struct arena *arena, enum reason reason, const struct reason_words *words);
const char *reason_vi(struct arena *arena, enum reason reason, const struct reason_words *words);

#endif
