/* services/gateway/did.c
 *
 * The DID must be the one that the certificate service signs under, see CREDENTIAL_DID
 * in services/certificate/credential.h; a test holds one against the other. */
#include "services/gateway/did.h"

#include "common/credential/multibase.h"

#define DID "did:web:matricula.invalid"

static void
id_write(struct buf *body, const Mt__IssuerKeyView *key)
{
	buf_text(body, "\"" DID "#");
	buf_text(body, key->school_id); /* ids and key ids need no escapes */
	buf_byte(body, '-');
	buf_text(body, key->key_id);
	buf_byte(body, '"');
}

static bool
is_usable(const Mt__IssuerKeyView *key)
{
	return key->public_key.len == MULTIKEY_KEY_BYTES;
}

void
did_write(struct buf *body, const Mt__ListKeysReply *keys)
{
	bool first = true;
	buf_text(body, "{\"@context\":[\"https://www.w3.org/ns/did/v1\",\"https://w3id.org/security/multikey/v1\"],"
		       "\"id\":\"" DID "\",\"verificationMethod\":[");
	for (size_t i = 0; i < keys->n_keys; i++) {
		const Mt__IssuerKeyView *key = keys->keys[i];
		char text[MULTIKEY_TEXT_BYTES];
		if (!is_usable(key))
			continue;
		multikey_format(key->public_key.data, text);
		buf_text(body, first ? "{\"id\":" : ",{\"id\":");
		first = false;
		id_write(body, key);
		buf_format(body, ",\"type\":\"Multikey\",\"controller\":\"" DID "\",\"publicKeyMultibase\":\"%s\"}",
			   text);
	}
	buf_text(body, "],\"assertionMethod\":[");
	first = true;
	for (size_t i = 0; i < keys->n_keys; i++) {
		if (!is_usable(keys->keys[i]))
			continue;
		if (!first)
			buf_byte(body, ',');
		first = false;
		id_write(body, keys->keys[i]);
	}
	buf_text(body, "]}\n");
}
