/* services/certificate/credential.h
 *
 * The credential as JSON: a W3C Verifiable Credential 2.0 that is an Open Badges 3.0
 * AchievementCredential, with one eddsa-jcs-2022 proof. */
#ifndef SERVICES_CERTIFICATE_CREDENTIAL_H
#define SERVICES_CERTIFICATE_CREDENTIAL_H

#include "services/certificate/issuer.h"

#include "matricula/certificate.pb-c.h"

/* In front of the name of what was issued in trial mode. */
#define CREDENTIAL_SPECIMEN "SPECIMEN / BẢN THỬ: "

/* Once signed: the canonical bytes, in the arena, and their SHA-256. */
struct credential {
	struct slice text;
	uint8_t hash[HASH_BYTES];
	/* Before: what stands in front of the proof lies at the beginning of the room, what stands behind it at its
	 * end. */
	uint8_t *room;
	size_t room_size;
	size_t before_size;
	size_t after_size;
};

/* Before the first of those that the issuer signs at that instant. */
void credential_begin(struct arena *arena, struct issuer *issuer, const char *created);
/* Of the edition its number and status entry are set, and issued_at as it was created. The zone is the deployment's:
 * dates are civil dates there. */
void credential_write(struct credential *credential, struct arena *arena, const struct issuer *issuer,
		      const Mt__CertificateRecord *certificate, const Mt__CertificateContent *content,
		      const Mt__EditionRecord *edition, int zone_minutes);
/* Most of the work, in any thread: it touches nothing but this credential. */
void credential_sign(struct credential *credential, const struct issuer *issuer);

#endif
