/* services/certificate/verify_inside.h
 *
 * The inside of verify.h: a verification in progress, and its ways in. */
#ifndef SERVICES_CERTIFICATE_VERIFY_INSIDE_H
#define SERVICES_CERTIFICATE_VERIFY_INSIDE_H

#include "common/core/call.h"
#include "common/credential/check.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/verification.pb-c.h"

enum { VERIFY_REASONS_MAX = 8 }; /* a certificate can be at most expired, suspended, superseded, revoked, specimen */

struct verifying {
	struct call *call;
	struct arena *arena;
	Mt__VerifyReply *out;
	char *reasons[VERIFY_REASONS_MAX];
	char *reasons_vi[VERIFY_REASONS_MAX];
	Mt__VerifiedContent content;
};

/* Adds a reason; the first one gives the verdict and since. */
void verify_add(struct verifying *verifying, enum reason reason, const struct reason_words *words);
/* What the record says of an edition, which is known to be the one asked for. */
void
verify_state(struct verifying *verifying, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition);
/* The institution's name today, or its id. */
const char *verify_institution(const struct verifying *verifying, const char *school_id);
/* True if what is on record is good today: neither revoked nor any other thing. */
bool verify_is_good(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition);

/* A verification that answers in out, whose texts live as long as it does. */
void verify_begin(struct verifying *verifying, struct call *call, Mt__VerifyReply *out);

/* True if what is presented, whose signature holds, says what the stored credential says, proof included if it has one.
 */
bool verify_as_stored(struct arena *arena, const struct credential_check *check, struct slice stored);

void verify_credential(struct verifying *verifying, const char *credential);
void verify_code(struct verifying *verifying, const char *code);

/* An institution by its name, with and without diacritics. */
struct verify_named {
	const char *authority_id;
	const char *name;
	const char *plain;
};

/* All that have a register: of one call, read when the first name is sought. */
struct verify_institutions {
	bool is_read;
	size_t count;
	struct verify_named *list;
};

/* True if a good certificate with these fields is on record; what is missing matches nothing. all is shared by the rows
 * of a call. */
bool verify_typed_matches(struct call *call, const Mt__VerifyRequest *in, struct verify_institutions *all);
/* Refused if a field is missing. */
void verify_typed(struct verifying *verifying, const Mt__VerifyRequest *in);

#endif
