/* common/credential/did.c
 *
 * A method that cannot be read whole is none: of a key whose end is spelt wrong nobody knows
 * whether it is still good. */
#include "common/credential/did.h"

#include "common/base/text.h"
#include "common/credential/multibase.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

enum { RSA_BYTES_MAX = JWT_RSA_BITS_MAX / 8, SPKI_BYTES_MAX = RSA_BYTES_MAX + 64 };

static bool
member_text(const struct jcs_value *object, const char *name, struct slice *text)
{
	const struct jcs_value *member = jcs_member(object, name);
	if (member == NULL || member->kind != JSON_STRING)
		return false;
	*text = member->text;
	return true;
}

const char *
did_document_id(struct arena *arena, const struct jcs_value *document)
{
	struct slice id;
	const struct jcs_value *methods = jcs_member(document, "verificationMethod");
	if (methods == NULL || methods->kind != JSON_ARRAY || !member_text(document, "id", &id) || id.size == 0 ||
	    memchr(id.data, '\0', id.size) != NULL)
		return NULL;
	return arena_text(arena, id);
}

bool
did_document_is(const struct jcs_value *document, const char *did)
{
	if (jcs_member_is(document, "id", did))
		return true;
	const struct jcs_value *aliases = jcs_member(document, "alsoKnownAs");
	const struct jcs_value *at = aliases != NULL && aliases->kind == JSON_ARRAY ? aliases->first : NULL;
	for (; at != NULL; at = at->next) {
		if (at->kind == JSON_STRING && slice_equal(at->text, slice_text(did)))
			return true;
	}
	return false;
}

/* An instant that need not be there; false if it is there and none. */
static bool
instant_read(struct arena *arena, const struct jcs_value *method, const char *name, int64_t absent, int64_t *us)
{
	struct slice text;
	*us = absent;
	if (jcs_member(method, name) == NULL)
		return true;
	return member_text(method, name, &text) && instant_parse(arena_text(arena, text), us);
}

static bool
ed25519_read(struct arena *arena, const struct jcs_value *method, struct check_key *key)
{
	struct slice text;
	uint8_t *bytes = arena_alloc(arena, MULTIKEY_KEY_BYTES);
	if (!member_text(method, "publicKeyMultibase", &text) || !multikey_parse(text, bytes))
		return false;
	key->alg = JWT_EDDSA;
	key->public_key = slice_of(bytes, MULTIKEY_KEY_BYTES);
	return true;
}

static BIGNUM *
number_read(const struct jcs_value *jwk, const char *name)
{
	struct slice text;
	uint8_t bytes[RSA_BYTES_MAX];
	size_t size;
	if (!member_text(jwk, name, &text) || !text_from_base64url(text, bytes, sizeof(bytes), &size))
		return NULL;
	return BN_bin2bn(bytes, (int)size, NULL);
}

static EVP_PKEY *
rsa_make(const BIGNUM *n, const BIGNUM *e)
{
	EVP_PKEY *made = NULL;
	OSSL_PARAM *parameters = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (build != NULL && context != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		parameters = OSSL_PARAM_BLD_to_param(build);
	if (parameters == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		made = NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	return made;
}

/* RFC 7518, section 6.3.1, as SubjectPublicKeyInfo. */
static bool
rsa_read(struct arena *arena, const struct jcs_value *method, struct check_key *key)
{
	const struct jcs_value *jwk = jcs_member(method, "publicKeyJwk");
	if (jwk == NULL || !jcs_member_is(jwk, "kty", "RSA"))
		return false;
	BIGNUM *n = number_read(jwk, "n");
	BIGNUM *e = number_read(jwk, "e");
	EVP_PKEY *rsa = n == NULL || e == NULL ? NULL : rsa_make(n, e);
	uint8_t *bytes = arena_alloc(arena, SPKI_BYTES_MAX);
	uint8_t *end = bytes;
	int size = rsa == NULL ? 0 : i2d_PUBKEY(rsa, NULL);
	bool good = size > 0 && size <= SPKI_BYTES_MAX && i2d_PUBKEY(rsa, &end) == size;
	EVP_PKEY_free(rsa);
	BN_free(n);
	BN_free(e);
	ERR_clear_error();
	key->alg = JWT_RS256;
	key->public_key = slice_of(bytes, good ? (size_t)size : 0);
	return good;
}

static bool
method_read(struct arena *arena, const struct jcs_value *method, struct check_key *key)
{
	if (!instant_read(arena, method, "created", INT64_MIN, &key->active_from_us) ||
	    !instant_read(arena, method, "expires", INT64_MAX, &key->retired_us) ||
	    !instant_read(arena, method, "revoked", INT64_MAX, &key->compromised_since_us))
		return false;
	if (jcs_member_is(method, "type", "Multikey"))
		return ed25519_read(arena, method, key);
	return jcs_member_is(method, "type", "JsonWebKey") && rsa_read(arena, method, key);
}

/* A method is there for what refers to it; one that was revoked may not be referred to any more. */
static bool
may_assert(const struct jcs_value *document, const char *method, const struct check_key *key)
{
	const struct jcs_value *names = jcs_member(document, "assertionMethod");
	const struct jcs_value *at = names != NULL && names->kind == JSON_ARRAY ? names->first : NULL;
	for (; at != NULL; at = at->next) {
		if (at->kind == JSON_STRING && slice_equal(at->text, slice_text(method)))
			return true;
	}
	return key->compromised_since_us != INT64_MAX;
}

bool
did_document_key(struct arena *arena, const struct jcs_value *document, const char *key_id, struct check_key *key)
{
	const struct jcs_value *methods = jcs_member(document, "verificationMethod");
	const char *did = did_document_id(arena, document);
	if (did == NULL)
		return false;
	const char *wanted = arena_format(arena, "%s#%s", did, key_id);
	for (const struct jcs_value *at = methods->first; at != NULL; at = at->next) {
		if (jcs_member_is(at, "id", wanted))
			return jcs_member_is(at, "controller", did) && method_read(arena, at, key) &&
			       may_assert(document, wanted, key);
	}
	return false;
}

static const char web[] = "did:web:";

const char *
did_host(struct arena *arena, const char *did)
{
	size_t size = strlen(web);
	if (strncmp(did, web, size) != 0 || strchr(did + size, ':') != NULL)
		return NULL;
	const char *host = did + size;
	const char *port = strstr(host, "%3A");
	if (port == NULL)
		return arena_format(arena, "%s", host);
	return arena_format(arena, "%.*s:%s", (int)(port - host), host, port + strlen("%3A"));
}

const char *
did_of_host(struct arena *arena, const char *host)
{
	const char *colon = strchr(host, ':');
	if (colon == NULL)
		return arena_format(arena, "%s%s", web, host);
	return arena_format(arena, "%s%.*s%%3A%s", web, (int)(colon - host), host, colon + 1);
}
