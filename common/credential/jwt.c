/* common/credential/jwt.c
 *
 * Parsing is strict, so that one token has one spelling and one reading: exactly three
 * parts, canonical base64url, a header without duplicate members. OpenSSL's queue of
 * errors is emptied after a failure: it belongs to the thread, and others look into it. */
#include "common/credential/jwt.h"

#include "common/base/text.h"
#include "common/credential/jcs.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>

/* --- signing ---------------------------------------------------------------------------------------------------- */

static const char *
alg_name(enum jwt_alg alg)
{
	return alg == JWT_EDDSA ? "EdDSA" : "RS256";
}

static void
put_member(struct buf *buf, const char *before, const char *text)
{
	if (text == NULL)
		return;
	buf_text(buf, before);
	json_write_string(buf, slice_text(text));
}

static void
put_part(struct arena *arena, struct buf *buf, struct slice bytes)
{
	char *text = arena_alloc(arena, TEXT_BASE64_BYTES(bytes.size));
	text_base64url(bytes, text);
	buf_text(buf, text);
}

static struct slice
take(struct arena *arena, struct buf *buf)
{
	assert(!buf_failed(buf));
	struct slice text = arena_copy(arena, buf_slice(buf));
	buf_free(buf);
	return text;
}

struct slice
jwt_input(struct arena *arena, const struct jwt_header *header, struct slice payload)
{
	struct buf json, input;
	assert(payload.size > 0);
	assert(payload.size <= JWT_PAYLOAD_BYTES_MAX);
	buf_init(&json, JWT_HEADER_BYTES_MAX);
	put_member(&json, "{\"alg\":", alg_name(header->alg));
	put_member(&json, ",\"typ\":", header->typ);
	put_member(&json, ",\"cty\":", header->cty);
	put_member(&json, ",\"kid\":", header->kid);
	buf_text(&json, "}");
	assert(!buf_failed(&json));
	buf_init(&input, JWT_BYTES_MAX);
	put_part(arena, &input, buf_slice(&json));
	buf_text(&input, ".");
	put_part(arena, &input, payload);
	buf_free(&json);
	return take(arena, &input);
}

/* NULL and the key, or what is wrong with it; the caller frees it. */
static const char *
rsa_check(EVP_PKEY **key, bool whole)
{
	const char *fault = NULL;
	if (*key == NULL || !whole)
		fault = "the key is not one in DER";
	else if (EVP_PKEY_get_base_id(*key) != EVP_PKEY_RSA)
		fault = "the key is not one of RSA";
	else if (EVP_PKEY_get_bits(*key) < JWT_RSA_BITS_MIN || EVP_PKEY_get_bits(*key) > JWT_RSA_BITS_MAX)
		fault = "the key is not one of 2048 to 4096 bits";
	if (fault == NULL)
		return NULL;
	EVP_PKEY_free(*key);
	*key = NULL;
	ERR_clear_error();
	return fault;
}

static const char *
rsa_secret_open(struct slice der, EVP_PKEY **key)
{
	const unsigned char *at = der.data;
	*key = d2i_AutoPrivateKey(NULL, &at, (long)der.size);
	return rsa_check(key, at == der.data + der.size);
}

static const char *
rsa_public_open(struct slice der, EVP_PKEY **key)
{
	const unsigned char *at = der.data;
	*key = d2i_PUBKEY(NULL, &at, (long)der.size);
	return rsa_check(key, at == der.data + der.size);
}

static const char *
rsa_sign(struct slice secret, struct slice input, uint8_t *signature, size_t *size)
{
	EVP_PKEY *key;
	const char *fault = rsa_secret_open(secret, &key);
	if (fault != NULL)
		return fault;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context != NULL && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
		    EVP_DigestSign(context, signature, size, input.data, input.size) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	if (done)
		return NULL;
	ERR_clear_error();
	return "the key does not sign";
}

const char *
jwt_sign(struct arena *arena, enum jwt_alg alg, struct slice secret, struct slice input, struct slice *token)
{
	uint8_t signature[JWT_SIGNATURE_BYTES_MAX];
	size_t size = sizeof(signature);
	if (alg == JWT_EDDSA) {
		if (secret.size != crypto_sign_SECRETKEYBYTES)
			return "the key is not one of Ed25519";
		crypto_sign_detached(signature, NULL, input.data, input.size, secret.data);
		size = crypto_sign_BYTES;
	} else {
		const char *fault = rsa_sign(secret, input, signature, &size);
		if (fault != NULL)
			return fault;
	}
	struct buf buf;
	buf_init(&buf, JWT_BYTES_MAX);
	buf_append(&buf, input);
	buf_text(&buf, ".");
	put_part(arena, &buf, slice_of(signature, size));
	*token = take(arena, &buf);
	return NULL;
}

/* --- parsing ---------------------------------------------------------------------------------------------------- */

/* Up to the next dot, or to the end; moves rest behind it. */
static struct slice
part_next(struct slice *rest)
{
	const uint8_t *dot = rest->size == 0 ? NULL : memchr(rest->data, '.', rest->size);
	struct slice part = slice_of(rest->data, dot == NULL ? rest->size : (size_t)(dot - rest->data));
	size_t taken = part.size + (dot == NULL ? 0 : 1);
	*rest = slice_of(rest->data + taken, rest->size - taken);
	return part;
}

static bool
part_decode(struct arena *arena, struct slice part, size_t limit, struct slice *bytes)
{
	size_t size;
	uint8_t *room = arena_try(arena, part.size / 4 * 3 + 3);
	if (room == NULL || part.size == 0 || !text_from_base64url(part, room, limit, &size))
		return false;
	*bytes = slice_of(room, size);
	return true;
}

/* Members that would let the token choose its key, or that would have to be understood and are not. */
static const char *
refused_member(const struct jcs_value *header)
{
	static const struct {
		const char *name, *fault;
	} refused[] = {
		{"jwk", "the header brings a key of its own (jwk)"},
		{"jku", "the header says where to fetch keys (jku)"},
		{"x5u", "the header says where to fetch certificates (x5u)"},
		{"x5c", "the header brings certificates of its own (x5c)"},
		{"crit", "the header demands extensions (crit), and none is known here"},
		{"b64", "the header asks for another encoding of the payload (b64)"},
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (jcs_member(header, refused[i].name) != NULL)
			return refused[i].fault;
	}
	return NULL;
}

static const char *
alg_read(const struct jcs_value *header, enum jwt_alg *alg)
{
	if (jcs_member_is(header, "alg", "EdDSA"))
		*alg = JWT_EDDSA;
	else if (jcs_member_is(header, "alg", "RS256"))
		*alg = JWT_RS256;
	else if (jcs_member_is(header, "alg", "none"))
		return "the header says that the text is not signed (alg none)";
	else if (jcs_member_is(header, "alg", "HS256"))
		return "the header says that the text is sealed with a shared secret (alg HS256)";
	else
		return "the header's alg is neither EdDSA nor RS256";
	return NULL;
}

/* False if the member is there and no string. */
static bool
string_read(const struct jcs_value *header, const char *name, struct slice *text)
{
	const struct jcs_value *member = jcs_member(header, name);
	*text = member == NULL ? slice_of(NULL, 0) : member->text;
	return member == NULL || member->kind == JSON_STRING;
}

static const char *
header_read(struct arena *arena, struct slice json, struct jwt *jwt)
{
	struct jcs_tree tree = jcs_parse(arena, json);
	if (tree.root == NULL)
		return arena_format(arena, "the header is not JSON: %s", tree.fault);
	if (tree.root->kind != JSON_OBJECT)
		return "the header is not a JSON object";
	const char *fault = alg_read(tree.root, &jwt->alg);
	if (fault == NULL)
		fault = refused_member(tree.root);
	if (fault != NULL)
		return fault;
	if (!string_read(tree.root, "typ", &jwt->typ) || !string_read(tree.root, "cty", &jwt->cty) ||
	    !string_read(tree.root, "kid", &jwt->kid))
		return "the header's typ, cty or kid is not a string";
	return NULL;
}

const char *
jwt_parse(struct arena *arena, struct slice text, struct jwt *jwt)
{
	struct slice header;
	struct slice rest = text;
	*jwt = (struct jwt){.alg = JWT_EDDSA};
	if (text.size > JWT_BYTES_MAX)
		return "the token is too large";
	struct slice first = part_next(&rest);
	struct slice second = part_next(&rest);
	if (rest.size == 0 || memchr(rest.data, '.', rest.size) != NULL)
		return "the token is not three parts with dots between them";
	if (!part_decode(arena, first, JWT_HEADER_BYTES_MAX, &header))
		return "the header is not base64url, or too large";
	if (!part_decode(arena, second, JWT_PAYLOAD_BYTES_MAX, &jwt->payload))
		return "the payload is not base64url, or too large";
	if (!part_decode(arena, rest, JWT_SIGNATURE_BYTES_MAX, &jwt->signature))
		return "the signature is not base64url, or too large";
	jwt->input = slice_of(text.data, first.size + 1 + second.size);
	return header_read(arena, header, jwt);
}

/* --- verifying -------------------------------------------------------------------------------------------------- */

static const char foreign[] = "the signature does not belong to this text: it was changed, or signed by somebody else";

static const char *
rsa_fault(const struct jwt *jwt, struct slice public_key)
{
	EVP_PKEY *key;
	const char *fault = rsa_public_open(public_key, &key);
	if (fault != NULL)
		return fault;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool holds = context != NULL && EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
		     EVP_DigestVerify(context, jwt->signature.data, jwt->signature.size, jwt->input.data,
				      jwt->input.size) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	if (holds)
		return NULL;
	ERR_clear_error();
	return foreign;
}

static const char *
ed25519_fault(const struct jwt *jwt, struct slice public_key)
{
	if (public_key.size != crypto_sign_PUBLICKEYBYTES)
		return "the key is not one of Ed25519";
	if (jwt->signature.size != crypto_sign_BYTES ||
	    crypto_sign_verify_detached(jwt->signature.data, jwt->input.data, jwt->input.size, public_key.data) != 0)
		return foreign;
	return NULL;
}

const char *
jwt_fault(const struct jwt *jwt, enum jwt_alg alg, struct slice public_key)
{
	if (jwt->alg != alg)
		return "the token names another algorithm than its key is for";
	return alg == JWT_EDDSA ? ed25519_fault(jwt, public_key) : rsa_fault(jwt, public_key);
}
