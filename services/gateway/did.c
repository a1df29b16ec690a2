/* services/gateway/did.c
 *
 * Ids of keys and authorities, instants and DIDs need no escapes in JSON; nothing else
 * stands in the document. */
#include "services/gateway/did.h"

#include "common/base/text.h"
#include "common/credential/multibase.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

enum { RSA_BYTES_MAX = 512 };

static const char method[] = "did:web:";

const char *
did_at_host(struct arena *arena, const Mt__ListKeysReply *keys, const char *host)
{
	if (host == NULL)
		return keys->did;
	size_t name = strcspn(host, ":");
	const char *port = host[name] == '\0' ? "" : host + name + 1;
	const char *wanted =
		arena_format(arena, "%s%.*s%s%s", method, (int)name, host, port[0] == '\0' ? "" : "%3A", port);
	size_t size = strlen(wanted);
	for (size_t i = 0; i < keys->n_also_known_as; i++) {
		const char *did = keys->also_known_as[i];
		if (strncasecmp(did, wanted, size) == 0 && (did[size] == '\0' || did[size] == ':'))
			return did;
	}
	return keys->did;
}

/* --- one key -------------------------------------------------------------------------------------------------------
 */

static void
number_write(struct buf *body, const char *name, const BIGNUM *number)
{
	uint8_t bytes[RSA_BYTES_MAX];
	char text[TEXT_BASE64_BYTES(RSA_BYTES_MAX)];
	int size = BN_num_bytes(number);
	if (size > RSA_BYTES_MAX)
		return;
	BN_bn2bin(number, bytes);
	text_base64url(slice_of(bytes, (size_t)size), text);
	buf_format(body, ",\"%s\":\"%s\"", name, text);
}

/* RFC 7518, section 6.3.1. */
static void
rsa_write(struct buf *body, const ProtobufCBinaryData *spki)
{
	const uint8_t *at = spki->data;
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki->len);
	buf_text(body, "\"publicKeyJwk\":{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\"");
	if (key != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1) {
		number_write(body, "n", n);
		number_write(body, "e", e);
	}
	buf_byte(body, '}');
	BN_free(n);
	BN_free(e);
	EVP_PKEY_free(key);
}

static void
instant_write(struct buf *body, const char *name, const char *instant)
{
	if (instant[0] != '\0')
		buf_format(body, ",\"%s\":\"%s\"", name, instant);
}

static bool
is_usable(const Mt__IssuerKeyView *key)
{
	return key->algorithm == MT__ISSUER_KEY__ALGORITHM__RS256 || key->public_key.len == MULTIKEY_KEY_BYTES;
}

static void
method_write(struct buf *body, const Mt__IssuerKeyView *key, const char *did)
{
	bool rsa = key->algorithm == MT__ISSUER_KEY__ALGORITHM__RS256;
	buf_format(body, "{\"id\":\"%s#%s\",\"type\":\"%s\",\"controller\":\"%s\",", did, key->key_id,
		   rsa ? "JsonWebKey" : "Multikey", did);
	if (rsa) {
		rsa_write(body, &key->public_key);
	} else {
		char text[MULTIKEY_TEXT_BYTES];
		multikey_format(key->public_key.data, text);
		buf_format(body, "\"publicKeyMultibase\":\"%s\"", text);
	}
	instant_write(body, "created", key->created_at);
	instant_write(body, "expires", key->retired_at);
	instant_write(body, "revoked", key->compromised_since);
	buf_byte(body, '}');
}

/* --- the document --------------------------------------------------------------------------------------------------
 */

static void
aliases_write(struct buf *body, const Mt__ListKeysReply *keys, const char *did)
{
	const char *comma = "";
	if (keys->n_also_known_as == 0)
		return;
	buf_text(body, ",\"alsoKnownAs\":[");
	for (size_t i = 0; i <= keys->n_also_known_as; i++) {
		const char *other = i == 0 ? keys->did : keys->also_known_as[i - 1];
		if (strcmp(other, did) == 0)
			continue;
		buf_format(body, "%s\"%s\"", comma, other);
		comma = ",";
	}
	buf_byte(body, ']');
}

void
did_write(struct buf *body, const Mt__ListKeysReply *keys, const char *did)
{
	const char *comma = "";
	buf_format(body,
		   "{\"@context\":[\"https://www.w3.org/ns/did/v1\",\"https://w3id.org/security/multikey/v1\","
		   "\"https://w3id.org/security/jwk/v1\"],\"id\":\"%s\"",
		   did);
	aliases_write(body, keys, did);
	buf_text(body, ",\"verificationMethod\":[");
	for (size_t i = 0; i < keys->n_keys; i++) {
		if (!is_usable(keys->keys[i]))
			continue;
		buf_text(body, comma);
		method_write(body, keys->keys[i], did);
		comma = ",";
	}
	buf_text(body, "],\"assertionMethod\":[");
	comma = "";
	for (size_t i = 0; i < keys->n_keys; i++) {
		const Mt__IssuerKeyView *key = keys->keys[i];
		if (!is_usable(key) || key->state == MT__ISSUER_KEY__STATE__COMPROMISED)
			continue;
		buf_format(body, "%s\"%s#%s\"", comma, did, key->key_id);
		comma = ",";
	}
	buf_text(body, "]}\n");
}
