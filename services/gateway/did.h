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
/* Multibase base58btc of an Ed25519 public key with its multicodec prefix: "z6Mk...". */
enum { DID_KEY_BYTES = 32, DID_KEY_TEXT_BYTES = 64 };
void did_key_format(const uint8_t key[DID_KEY_BYTES], char text[DID_KEY_TEXT_BYTES]);

#endif
