/* services/gateway/did.h
 *
 * The issuers' keys as a DID document (W3C DID 1.0; Multikey of Controlled Identifiers
 * 1.0). Pure. */
#ifndef SERVICES_GATEWAY_DID_H
#define SERVICES_GATEWAY_DID_H

#include "common/base/buf.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/issuer.pb-c.h"
#include "matricula/verification.pb-c.h"

/* Every key ever used stays in it, so that what it signed can be verified. */
void did_write(struct buf *body, const Mt__ListKeysReply *keys);

#endif
