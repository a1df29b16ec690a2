/* common/credential/did.h
 *
 * An institution's keys as it publishes them: a DID document (W3C DID 1.0) whose verification
 * methods are Multikeys (Ed25519) and JSON Web Keys (RSA), with the times that Controlled
 * Identifiers 1.0, section 2.2.1, gives a method: "expires" once it was retired, "revoked" from
 * when on it is not to be trusted; "created" is ours. */
#ifndef COMMON_CREDENTIAL_DID_H
#define COMMON_CREDENTIAL_DID_H

#include "common/credential/check.h"

/* The document's own "id", in the arena; NULL if it is no DID document. */
const char *did_document_id(struct arena *arena, const struct jcs_value *document);
/* True if the document speaks for that DID: by its id, or as an alias (alsoKnownAs). */
bool did_document_is(const struct jcs_value *document, const char *did);
/* The key that the document names ID#key_id, whichever of its DIDs stands before it. False if there is none, it cannot
 * be read, or the document does not say that it makes assertions. */
bool did_document_key(struct arena *arena, const struct jcs_value *document, const char *key_id, struct check_key *key);

/* "host:8443" of "did:web:host%3A8443", and back; in the arena. NULL of a DID that is of no host alone. */
const char *did_host(struct arena *arena, const char *did);
const char *did_of_host(struct arena *arena, const char *host);

#endif
