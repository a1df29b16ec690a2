/* common/credential/check.h
 *
 * What a presented credential says of itself, checked as far as the text and its issuer's keys go: form, contexts,
 * key, signature, period, status entries. The service goes on with its record, the offline verifier with status lists
 * that it holds; neither says valid before it did.
 *
 * Strict on purpose: what we issue has one form, so whatever has another was not issued here. */
#ifndef COMMON_CREDENTIAL_CHECK_H
#define COMMON_CREDENTIAL_CHECK_H

#include "common/base/date.h"
#include "common/base/id.h"
#include "common/credential/jcs.h"
#include "common/credential/jwt.h"
#include "common/credential/reason.h"

/* Of every certificate, in this order. Named, never fetched. */
#define CREDENTIAL_CONTEXT_V2 "https://www.w3.org/ns/credentials/v2"
#define CREDENTIAL_CONTEXT_BADGES "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
#define CREDENTIAL_CONTEXT_TERMS "https://www.w3.org/ns/credentials/undefined-terms/v2"

enum {
	CHECK_STATUS_ENTRIES = 2,    /* revocation and suspension */
	CHECK_DID_BYTES_MAX = 300,   /* a host name of 253 and an id */
	CHECK_KEY_ID_BYTES_MAX = 32, /* "key-12" */
	CHECK_CLOCK_SKEW_S = 300,    /* a verifier's clock may be that late */
};

enum check_status_purpose { CHECK_REVOCATION, CHECK_SUSPENSION };

/* A bit that the credential names; list is its whole address. */
struct check_status {
	const char *list;
	uint32_t number; /* of the list, from 1 */
	uint32_t index;  /* below BITS_ENTRIES */
};

/* An issuer's key and when it was good. Instants in microseconds. */
struct check_key {
	enum jwt_alg alg;
	struct slice public_key; /* as proof.h and jwt.h want it */
	int64_t active_from_us;  /* what claims to be signed before is not */
	int64_t retired_us;      /* nor what claims to be signed later; INT64_MAX: it signs still. What it signed in the
				       second of the change is good: instants are whole seconds */
	int64_t compromised_since_us; /* nor what claims to be signed then or later; INT64_MAX: not compromised */
};

enum check_key_found { CHECK_ISSUER_UNKNOWN, CHECK_KEY_UNKNOWN, CHECK_KEY_FOUND };

/* Whom the caller trusts. did as presented: "did:web:HOST:issuers:ID"; key_id: "key-1". */
struct check_issuers {
	enum check_key_found (*find)(void *context, const char *did, const char *key_id, struct check_key *key);
	void *context;
};

/* What the certificate shows; "" where it says nothing. All in the arena. */
struct check_content {
	const char *name;
	const char *birth_date;
	const char *programme_title;
	const char *programme_title_en;
	const char *completed_on;
	const char *register_number;
	const char *institution;
	const char *kind_name;
	uint32_t hours;
};

struct credential_check {
	enum verdict
		verdict; /* VERDICT_UNKNOWN with REASON_NONE: nothing speaks against it; its status is to be read */
	enum reason reason;
	const char *what;     /* detail for the reason's sentence, English; or NULL */
	bool signature_holds; /* verdicts but INVALID only speak of what somebody really signed */
	bool is_specimen;     /* issued on trial */
	bool key_doubted;     /* signed before its key was compromised, as it claims itself: the signature alone proves
				 nothing, a record or the log has to have it */

	bool is_jwt;
	const struct jcs_value *document; /* of a JWT without its registered claims */
	const struct jcs_value *proof;    /* NULL of a JWT */
	const char *issuer;               /* did */
	const char *base_url;             /* of the issuer: "https://host" */
	const char *authority_id;         /* of the institution */
	const char *key_id;
	const char *credential_id;  /* URL */
	const char *certificate_id; /* 26 characters of it */
	uint32_t edition;
	int64_t signed_us; /* as it claims */
	int64_t valid_from_us;
	int64_t valid_until_us;                           /* INT64_MAX: for ever */
	struct check_status status[CHECK_STATUS_ENTRIES]; /* by enum check_status_purpose */
	struct check_content content;
};

/* presented: JSON with one eddsa-jcs-2022 proof, or a compact JWT (vc+jwt; EdDSA or RS256). What was found out before
 * a check failed stays in the result; content is there only if the signature holds. */
void credential_check(struct credential_check *check, struct arena *arena, struct slice presented,
		      const struct check_issuers *issuers, int64_t now_us);

/* "did:web:HOST:issuers:ID" taken apart; false if it is none. */
bool check_issuer_split(struct arena *arena, const char *did, const char **base_url, const char **authority_id);

#endif
