/* common/credential/jwt.h
 *
 * Signed texts in the compact form of JSON Web Signature (RFC 7515): HEADER.PAYLOAD.SIGNATURE,
 * each part base64url. A credential secured so is a vc+jwt (W3C Securing Verifiable
 * Credentials using JOSE and COSE, section 3). Two algorithms: EdDSA with Ed25519 (RFC 8037)
 * and RS256 (RFC 7518, section 3.3), whose signatures are determined by text and key.
 *
 * A token never says which key it wants: the caller gives the key and the one algorithm that
 * key is for, and a header that brings or fetches a key is refused by name (RFC 8725). */
#ifndef COMMON_CREDENTIAL_JWT_H
#define COMMON_CREDENTIAL_JWT_H

#include "common/base/arena.h"

enum {
	JWT_HEADER_BYTES_MAX = 2 << 10,   /* decoded; three short texts */
	JWT_PAYLOAD_BYTES_MAX = 64 << 10, /* decoded; what jcs.h takes */
	JWT_SIGNATURE_BYTES_MAX = 512,    /* RSA of 4096 bits */
	JWT_BYTES_MAX = (JWT_HEADER_BYTES_MAX + JWT_PAYLOAD_BYTES_MAX + JWT_SIGNATURE_BYTES_MAX) / 3 * 4 + 16,
	JWT_RSA_BITS_MIN = 2048, /* RFC 7518, section 3.3 */
	JWT_RSA_BITS_MAX = 4096,
};

enum jwt_alg { JWT_EDDSA, JWT_RS256 };

/* What a signer says of a text; NULL leaves a member out. */
struct jwt_header {
	enum jwt_alg alg;
	const char *typ; /* "vc+jwt" */
	const char *cty; /* "vc" */
	const char *kid; /* names the key, as the issuer's DID document does */
};

/* A parsed token; all in the arena or in the text it was parsed from. */
struct jwt {
	enum jwt_alg alg;
	struct slice typ; /* decoded; data NULL if absent */
	struct slice cty;
	struct slice kid;
	struct slice payload; /* decoded, any bytes */
	struct slice input;   /* what was signed: HEADER.PAYLOAD as it stands */
	struct slice signature;
};

/* What is to be signed. The header is written without white space in the order of the struct. */
struct slice jwt_input(struct arena *arena, const struct jwt_header *header, struct slice payload);

/* The token of an input, in the arena. secret: for EdDSA 64 bytes as libsodium has them (seed, then public key),
 * for RS256 a private key as DER (PKCS#8 or PKCS#1). alg must be the one the input's header names. Returns NULL, or
 * what is wrong with the key. RS256 takes about a millisecond. */
const char *
jwt_sign(struct arena *arena, enum jwt_alg alg, struct slice secret, struct slice input, struct slice *token);

/* NULL if the text is such a token, else why not, a sentence; nothing is verified yet. */
const char *jwt_parse(struct arena *arena, struct slice text, struct jwt *jwt);

/* NULL if the signature is one over the input by this key, else what is wrong. alg is what the key is for.
 * public_key: for EdDSA the 32 bytes, for RS256 a SubjectPublicKeyInfo as DER. */
const char *jwt_fault(const struct jwt *jwt, enum jwt_alg alg, struct slice public_key);

#endif
