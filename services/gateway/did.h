/* services/gateway/did.h
 *
 * An issuer's keys as a DID document (W3C DID 1.0; verification methods as in Controlled Identifiers 1.0: Multikey
 * for Ed25519, JsonWebKey for RS256). Pure. */
#ifndef SERVICES_GATEWAY_DID_H
#define SERVICES_GATEWAY_DID_H

#include "common/base/arena.h"
#include "common/base/buf.h"

#include "matricula/issuer.pb-c.h"

/* Under which of the issuer's DIDs the document is asked for: the one whose host that is (a Host header, or NULL),
 * else the present one. A document that is found at a former address has to name the DID that leads there. */
const char *did_at_host(struct arena *arena, const Mt__ListKeysReply *keys, const char *host);

/* Every key ever used stands in it with its validity, so that what it signed can be verified; a key that was
 * compromised asserts nothing any more. did is one of the issuer's. */
void did_write(struct buf *body, const Mt__ListKeysReply *keys, const char *did);

#endif
