/* services/certificate/credential.h
 *
 * The credential as JSON: a W3C Verifiable Credential 2.0 that is an Open Badges 3.0
 * AchievementCredential, with one eddsa-jcs-2022 proof. */
#ifndef SERVICES_CERTIFICATE_CREDENTIAL_H
#define SERVICES_CERTIFICATE_CREDENTIAL_H

#include "services/certificate/issuer.h"

#include "matricula/certificate.pb-c.h"

/* The base of every URL in a credential, and the issuer that stands for it, are signed and so
 * for ever. Until --public-url is recorded at the first issue (issue 4), a name that by RFC 6761
 * can never belong to anybody: such a credential verifies here and nowhere pretends to. */
#define CREDENTIAL_BASE "https://matricula.invalid"
#define CREDENTIAL_DID "did:web:matricula.invalid"
#define CREDENTIAL_ID_PREFIX CREDENTIAL_BASE "/v1/certificates/"

/* The signed bytes, in the arena. issued_at is RFC 3339. */
struct slice credential_make(struct arena *arena, const struct issuer *issuer, const Mt__CompletionRecord *completion,
			     const char *certificate_id, const char *register_number, const char *issued_at);

/* "did:web:...#SCHOOL-key-1" */
const char *credential_method(struct arena *arena, const char *school_id, const char *key_id);
/* The way back; false if the text is not of that shape. Both in the arena. */
bool credential_method_split(struct arena *arena, struct slice method, const char **school_id, const char **key_id);

#endif
