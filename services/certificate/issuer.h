/* services/certificate/issuer.h
 *
 * The schools' signing keys; see issuer.c. */
#ifndef SERVICES_CERTIFICATE_ISSUER_H
#define SERVICES_CERTIFICATE_ISSUER_H

#include "common/core/call.h"
#include "common/credential/proof.h"

#include "matricula/certificate.pb-c.h"

/* A school ready to sign; closed as soon as it has. */
struct issuer {
	const char *school_id;
	const char *name;
	const char *key_id;
	uint8_t secret[PROOF_SECRET_BYTES];
};

/* Opens the school's key; emits IssuerKeyCreated if it is its first. False and refused if the
 * school is not in the tree or its key does not open under the service's secret. */
bool issuer_open(struct call *call, const char *school_id, struct issuer *issuer);
void issuer_close(struct issuer *issuer); /* forgets the secret */

const Mt__IssuerKeyRecord *issuer_key_find(const struct call *call, const char *school_id, const char *key_id);
/* All keys, for the DID document. False and refused when there are more than a reply may hold. */
bool issuer_keys_list(struct call *call, Mt__ListKeysReply *out);

void issuer_apply_created(struct apply *apply, const Mt__IssuerKeyCreated *fact);

#endif
