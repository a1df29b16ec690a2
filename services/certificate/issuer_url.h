/* services/certificate/issuer_url.h
 *
 * The public address that credentials name for ever; see issuer_url.c. */
#ifndef SERVICES_CERTIFICATE_ISSUER_URL_H
#define SERVICES_CERTIFICATE_ISSUER_URL_H

#include "common/core/call.h"

#include "matricula/issuer.pb-c.h"

#define TRIAL_URL "https://matricula.invalid" /* RFC 2606: nobody can ever serve it */

struct public_url {
	uint32_t number; /* of its record, from 1 */
	const char *url; /* "https://host[:port]" */
	const char *did; /* "did:web:host[%3Aport]" */
	bool trial;
};

/* The address that issues now; records what the service was started with if it is the first, or the first real one
 * (emits PublicUrlRecorded). False and refused if the service was started with another one than was recorded. */
bool public_url_open(struct call *call, struct public_url *now);
/* True if public_url_open would be. Else refused, naming both addresses. */
bool public_url_agrees(struct call *call);
/* The same for those who only read: the one that was recorded last, else what the service was started with. */
struct public_url public_url_now(struct call *call);
/* The one of that number; it was recorded. */
struct public_url public_url_of(struct call *call, uint32_t number);
/* DIDs of the real addresses before the present one, newest first, with what stands behind each of them. */
size_t public_url_aliases(struct call *call, const char *suffix, char ***dids);

/* "did:web:host:issuers:AUTHORITY-ID", in the arena. */
const char *issuer_did(struct arena *arena, const struct public_url *url, const char *school_id);

void issuers_change_url(Mt__Issuers_Service *service, const Mt__ChangeUrlRequest *in, Mt__ChangeUrlReply_Closure reply,
			void *call);

void public_url_apply(struct apply *apply, const Mt__PublicUrlRecorded *fact);

#endif
