/* services/certificate/issuer.h
 *
 * An institution that signs: its keys, its address, its DID; see issuer.c. */
#ifndef SERVICES_CERTIFICATE_ISSUER_H
#define SERVICES_CERTIFICATE_ISSUER_H

#include "common/base/hash.h"
#include "common/core/call.h"
#include "services/certificate/issuer_key.h"

#include "matricula/issuer.pb-c.h"

/* A school ready to sign; closed as soon as it has. */
struct issuer {
	const char *school_id;
	const char *name;
	const char *key_id;
	const char *jwt_key_id; /* its RS256 key, by which a worker signs the JWTs; "" if it has none */
	const char *url;        /* the recorded public address, "https://host" */
	uint32_t url_number;    /* of that address */
	const char *did;        /* of the institution */
	bool trial;             /* what it signs is a SPECIMEN */
	uint8_t secret[PROOF_SECRET_BYTES];
	/* The proof of all that is signed now, around its value, and the hash of both together; see credential_begin.
	 */
	struct slice proof_before;
	struct slice proof_after;
	uint8_t proof_hash[HASH_BYTES];
};

/* Opens the key that signs for the institution now; emits IssuerKeyCreated if there is none, and PublicUrlRecorded
 * at the first issue of all. False and refused if the institution is not in the tree, its key does not open under the
 * service's secret, or the service was started with another public address than was recorded. */
bool issuer_open(struct call *call, const char *school_id, struct issuer *issuer);
void issuer_close(struct issuer *issuer); /* forgets the secret */

extern Mt__Issuers_Service issuers;

void issuer_apply(struct apply *apply, const Mt__IssuerFact *fact);

#endif
