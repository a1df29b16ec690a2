/* services/gateway/did.c
 *
 * The DID must be the one that the certificate service signs under, see CREDENTIAL_DID
 * in services/certificate/credential.h; a test holds one against the other. */
#include "services/gateway/did.h"

#include "common/wire/json.h"

#define DID "did:web:matricula.invalid"

void
did_key_format(const uint8_t key[DID_KEY_BYTES], char text[DID_KEY_TEXT_BYTES])
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	uint8_t bytes[2 + DID_KEY_BYTES] = {0xed, 0x01}; /* multicodec ed25519-pub */
	uint8_t digits[DID_KEY_TEXT_BYTES];
	size_t count = 0;
	memcpy(bytes + 2, key, DID_KEY_BYTES);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		unsigned carry = bytes[i];
		for (size_t j = 0; j < count; j++) {
			carry += (unsigned)digits[j] << 8;
			digits[j] = (uint8_t)(carry % 58);
			carry /= 58;
		}
		for (; carry > 0; carry /= 58)
			digits[count++] = (uint8_t)(carry % 58);
	}
	text[0] = 'z';
	for (size_t i = 0; i < count; i++)
		text[1 + i] = alphabet[digits[count - 1 - i]];
	text[1 + count] = '\0';
}

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
	return key->public_key.len == DID_KEY_BYTES;
}

void
did_write(struct buf *body, const Mt__ListKeysReply *keys)
{
	bool first = true;
	buf_text(body, "{\"@context\":[\"https://www.w3.org/ns/did/v1\",\"https://w3id.org/security/multikey/v1\"],"
		       "\"id\":\"" DID "\",\"verificationMethod\":[");
	for (size_t i = 0; i < keys->n_keys; i++) {
		const Mt__IssuerKeyView *key = keys->keys[i];
		char text[DID_KEY_TEXT_BYTES];
		if (!is_usable(key))
			continue;
		did_key_format(key->public_key.data, text);
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
