/* services/certificate/signer.c
 *
 * What is to be done stands in the node's rows, so a crash loses nothing: a key that was
 * not brought back is made again, a JWT signed twice is the same bytes. Secrets are in the
 * clear only here and only while they sign; they are in no log, call or reply. */
#include "services/certificate/signer.h"

#include "common/base/fatal.h"
#include "common/credential/jwt.h"
#include "common/host/beside.h"
#include "common/host/keys.h"
#include "services/certificate/key_seal.h"
#include "services/certificate/service.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/issuer.pb-c.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	RSA_BITS = 3072, /* as strong as Ed25519's 128 bits, by NIST SP 800-57 */
	ARENA_BYTES_MAX = 16 << 20,
	SECRET_BYTES_MAX = 4096,
	STOP_S = 3, /* the longest that one key takes to be made */
};

struct signer {
	struct beside beside;
	uint8_t secret[KEYS_SECRET_BYTES];
	char last[64]; /* the JWT that stood first in the round before */
};

static void
say(const char *level, const char *event, const char *key, const char *text)
{
	beside_say("certificate", level, event, key, text);
}

/* --- keys -----------------------------------------------------------------------------------------------------------
 */

/* DER of a fresh key: SubjectPublicKeyInfo, and PKCS#8 sealed under the service's secret. */
static bool
key_make(struct signer *signer, Mt__KeyMadeRequest *made)
{
	uint8_t nonce[KEY_SEAL_NONCE_BYTES];
	uint8_t *public_der = NULL;
	uint8_t *secret_der = NULL;
	struct arena *arena = &signer->beside.arena;
	struct key_seal seal = {signer->secret, made->school_id, made->key_id};
	EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
	PKCS8_PRIV_KEY_INFO *info = key == NULL ? NULL : EVP_PKEY2PKCS8(key);
	int public_size = key == NULL ? -1 : i2d_PUBKEY(key, &public_der);
	int secret_size = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &secret_der);
	bool done = public_size > 0 && secret_size > 0;
	if (done) {
		randombytes_buf(nonce, sizeof(nonce));
		struct slice sealed = key_seal_make(arena, &seal, nonce, slice_of(secret_der, (size_t)secret_size));
		struct slice public_key = arena_copy(arena, slice_of(public_der, (size_t)public_size));
		made->sealed_secret = (ProtobufCBinaryData){sealed.size, (uint8_t *)sealed.data};
		made->public_key = (ProtobufCBinaryData){public_key.size, (uint8_t *)public_key.data};
	}
	OPENSSL_free(public_der);
	OPENSSL_clear_free(secret_der, secret_size > 0 ? (size_t)secret_size : 0);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	return done;
}

static void
keys_make(struct signer *signer, const Mt__SigningWorkReply *work)
{
	for (size_t i = 0; i < work->n_keys && !atomic_load(&signer->beside.stopping); i++) {
		Mt__KeyMadeRequest made = MT__KEY_MADE_REQUEST__INIT;
		made.school_id = work->keys[i]->school_id;
		made.key_id = work->keys[i]->key_id;
		if (key_make(signer, &made))
			beside_report(&signer->beside, "Issuers.KeyMade", "", &made.base);
		else
			say("error", "key_not_made", "school", made.school_id);
	}
}

/* --- signatures -----------------------------------------------------------------------------------------------------
 */

/* Empty if it cannot be signed; the node then signs with EdDSA. */
static struct slice
jwt_make(struct signer *signer, const Mt__JwtWork *work)
{
	uint8_t secret[SECRET_BYTES_MAX];
	struct slice token = slice_of("", 0);
	struct key_seal seal = {signer->secret, work->school_id, work->key_id};
	struct slice sealed = slice_of(work->sealed_secret.data, work->sealed_secret.len);
	if (work->input.len == 0)
		return token;
	if (sealed.size > sizeof(secret) || !key_seal_open(&seal, sealed, secret)) {
		say("error", "key_does_not_open", "key", work->key_id);
		return token;
	}
	const char *wrong = jwt_sign(&signer->beside.arena, JWT_RS256, slice_of(secret, sealed.size - KEY_SEAL_BYTES),
				     slice_of(work->input.data, work->input.len), &token);
	sodium_memzero(secret, sizeof(secret));
	if (wrong == NULL)
		return token;
	say("error", "jwt_not_signed", "reason", wrong);
	return slice_of("", 0);
}

static void
jwts_sign(struct signer *signer, const Mt__SigningWorkReply *work)
{
	struct arena *arena = &signer->beside.arena;
	Mt__JwtSignedRequest request = MT__JWT_SIGNED_REQUEST__INIT;
	Mt__SignedJwt *jwts = arena_zero(arena, (work->n_jwts + 1) * sizeof(*jwts));
	request.jwts = arena_zero(arena, (work->n_jwts + 1) * sizeof(*request.jwts));
	for (size_t i = 0; i < work->n_jwts && !atomic_load(&signer->beside.stopping); i++) {
		struct slice token = jwt_make(signer, work->jwts[i]);
		jwts[i] = (Mt__SignedJwt)MT__SIGNED_JWT__INIT;
		jwts[i].certificate_id = work->jwts[i]->certificate_id;
		jwts[i].edition = work->jwts[i]->edition;
		jwts[i].jwt = (ProtobufCBinaryData){token.size, (uint8_t *)token.data};
		request.jwts[request.n_jwts++] = &jwts[i];
	}
	if (request.n_jwts > 0)
		beside_report(&signer->beside, "Certificates.JwtSigned", "", &request.base);
}

/* --- the thread -----------------------------------------------------------------------------------------------------
 */

/* The same JWT again: the node did not take it, and would not the next moment. */
static bool
is_stuck(struct signer *signer, const Mt__SigningWorkReply *work)
{
	char first[sizeof(signer->last)] = "";
	if (work->n_jwts > 0)
		snprintf(first, sizeof(first), "%s/%u", work->jwts[0]->certificate_id, work->jwts[0]->edition);
	bool stuck = first[0] != '\0' && strcmp(first, signer->last) == 0;
	memcpy(signer->last, first, sizeof(first));
	return stuck;
}

static void
work_round(struct signer *signer)
{
	Mt__SigningWorkRequest request = MT__SIGNING_WORK_REQUEST__INIT;
	arena_reset(&signer->beside.arena);
	request.wait_ms = BESIDE_WAIT_MS;
	const Mt__SigningWorkReply *work =
		beside_ask(&signer->beside, "Issuers.SigningWork", &request.base, &mt__signing_work_reply__descriptor);
	if (work == NULL || is_stuck(signer, work))
		beside_pause_ms(BESIDE_RETRY_MS);
	if (work == NULL)
		return;
	keys_make(signer, work);
	jwts_sign(signer, work);
}

static void *
run(void *context)
{
	struct signer *signer = context;
	while (!atomic_load(&signer->beside.stopping))
		work_round(signer);
	return NULL;
}

struct signer *
signer_start(int argc, char **argv, struct host_error *error)
{
	struct signer *signer = calloc(1, sizeof(*signer));
	if (signer == NULL)
		fatal("no memory left for the signer");
	if (!beside_open(&signer->beside, argc, argv, &certificate_module, ARENA_BYTES_MAX, error) ||
	    !keys_load_secret(signer->beside.options.keys, certificate_module.name, signer->secret, error) ||
	    !beside_start(&signer->beside, run, signer, error))
		return NULL; /* the process ends */
	if (signer->beside.options.public_url[0] == '\0')
		say("warning", "trial_mode", "effect",
		    "without --public-url every certificate that is issued is a SPECIMEN and never valid");
	return signer;
}

void
signer_stop(struct signer *signer, int exit_code)
{
	if (!beside_stop(&signer->beside, STOP_S))
		_exit(exit_code);
	beside_close(&signer->beside);
	sodium_memzero(signer->secret, sizeof(signer->secret));
	free(signer);
}
