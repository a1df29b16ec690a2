/* tests/scenario/worker.c */
#include "tests/scenario/worker.h"

#include <assert.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>

#include "common/credential/jwt.h"
#include "services/certificate/key_seal.h"
#include "tests/scenario/shell.h"
#include "tests/sim/standard.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/issuer.pb-c.h"

#define KEY_HEX "tests/data/rsa-2048.pkcs8.hex"

enum { RSA_BYTES_MAX = 2048, ROUNDS_MAX = 1000, AWAITED_MS_MAX = 30000, PAUSE_MS = 50 };

struct worker {
	struct office *office;
	const struct process *process;
	uint32_t node;
	struct arena arena;
	uint8_t key[RSA_BYTES_MAX];
	size_t key_size;
};

static bool
key_read(struct worker *worker)
{
	char hex[2 * RSA_BYTES_MAX];
	FILE *file = fopen(KEY_HEX, "r");
	if (file == NULL)
		return false;
	size_t size = fread(hex, 1, sizeof(hex), file);
	fclose(file);
	return sodium_hex2bin(worker->key, sizeof(worker->key), hex, size, "\n", &worker->key_size, NULL) == 0;
}

/* The reply in the worker's arena; NULL if it was refused. */
static const void *
ask(struct worker *worker, const char *method, const ProtobufCMessage *request)
{
	char id[32];
	struct proof proof = proof_courier();
	const struct rule *rule = rule_find(method);
	snprintf(id, sizeof(id), "worker-%llu", (unsigned long long)worker->office->count);
	bool command = rule->kind == MT__KIND__COMMAND;
	struct errand *errand = errand_new(worker->office, 1, worker->node, &proof, rule, command ? id : "", request);
	errand->patient = true;
	errand_send(worker->office, errand);
	return errand_wait(worker->office, errand) ? errand_reply(errand, &worker->arena) : NULL;
}

static bool
key_make(struct worker *worker, const Mt__KeyWork *work)
{
	static const uint8_t nonce[KEY_SEAL_NONCE_BYTES] = {0};
	const uint8_t *at = worker->key;
	uint8_t *spki = NULL;
	Mt__KeyMadeRequest made = MT__KEY_MADE_REQUEST__INIT;
	struct key_seal seal = {worker->process->secret, work->school_id, work->key_id};
	struct slice sealed = key_seal_make(&worker->arena, &seal, nonce, slice_of(worker->key, worker->key_size));
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)worker->key_size);
	int size = key == NULL ? -1 : i2d_PUBKEY(key, &spki);
	assert(size > 0);
	made.school_id = work->school_id;
	made.key_id = work->key_id;
	made.public_key = (ProtobufCBinaryData){(size_t)size, spki};
	made.sealed_secret = (ProtobufCBinaryData){sealed.size, (uint8_t *)sealed.data};
	bool taken = ask(worker, "Issuers.KeyMade", &made.base) != NULL;
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
	return taken;
}

static bool
jwt_sign_one(struct worker *worker, const Mt__JwtWork *work)
{
	uint8_t secret[RSA_BYTES_MAX];
	struct slice token = slice_of("", 0);
	Mt__SignedJwt jwt = MT__SIGNED_JWT__INIT;
	Mt__SignedJwt *jwts[] = {&jwt};
	Mt__JwtSignedRequest request = MT__JWT_SIGNED_REQUEST__INIT;
	struct key_seal seal = {worker->process->secret, work->school_id, work->key_id};
	struct slice sealed = slice_of(work->sealed_secret.data, work->sealed_secret.len);
	if (work->input.len > 0) {
		bool opened = sealed.size <= sizeof(secret) && key_seal_open(&seal, sealed, secret);
		assert(opened);
		const char *wrong = jwt_sign(&worker->arena, JWT_RS256, slice_of(secret, sealed.size - KEY_SEAL_BYTES),
					     slice_of(work->input.data, work->input.len), &token);
		assert(wrong == NULL);
	}
	jwt.certificate_id = work->certificate_id;
	jwt.edition = work->edition;
	jwt.jwt = (ProtobufCBinaryData){token.size, (uint8_t *)token.data};
	request.jwts = jwts;
	request.n_jwts = 1;
	return ask(worker, "Certificates.JwtSigned", &request.base) != NULL;
}

/* NULL and done: nothing is wanted any more. */
static const char *
work_round(struct worker *worker, bool *done)
{
	Mt__SigningWorkRequest request = MT__SIGNING_WORK_REQUEST__INIT;
	const Mt__SigningWorkReply *work = ask(worker, "Issuers.SigningWork", &request.base);
	if (work == NULL)
		return "the node does not say what is to be signed";
	*done = work->n_keys == 0 && work->n_jwts == 0;
	for (size_t i = 0; i < work->n_keys; i++) {
		if (!key_make(worker, work->keys[i]))
			return "a key that was made was refused";
	}
	for (size_t i = 0; i < work->n_jwts; i++) {
		if (!jwt_sign_one(worker, work->jwts[i]))
			return "a JWT that was signed was refused";
	}
	return NULL;
}

const char *
worker_work(struct office *office)
{
	struct worker worker = {.office = office, .node = world_owner("certificate")};
	const char *wrong = NULL;
	bool done = false;
	worker.process = &office->sim->processes[worker.node];
	if (!key_read(&worker))
		return KEY_HEX " is not there";
	arena_init(&worker.arena, 64 << 10, 0);
	for (int i = 0; i < ROUNDS_MAX && !done && wrong == NULL; i++)
		wrong = work_round(&worker, &done);
	arena_free(&worker.arena);
	return wrong != NULL || done ? wrong : "the worker is never done";
}

/* --- the real one ---------------------------------------------------------------------------------------------------
 */

/* Every key and JWT that was asked for since the story began is there. */
static bool
is_signed(json_t *facts)
{
	size_t i;
	json_t *fact;
	int owed = 0;
	json_array_foreach(facts, i, fact)
	{
		const char *name = json_string_value(json_object_get(fact, "name"));
		json_t *content = json_object_get(fact, "fact");
		json_t *jwt_key = json_object_get(json_object_get(content, "edition"), "jwtKeyId");
		json_t *algorithm = json_object_get(json_object_get(content, "key"), "algorithm");
		owed += strcmp(name, "IssuerKeyWanted") == 0 || jwt_key != NULL;
		owed -= strcmp(name, "JwtSigned") == 0 || (strcmp(name, "IssuerKeyCreated") == 0 && algorithm != NULL);
	}
	return owed <= 0;
}

bool
worker_await(struct driver *driver)
{
	for (int waited = 0; waited < AWAITED_MS_MAX; waited += PAUSE_MS) {
		json_t *facts = driver->facts(driver, "certificate");
		bool done = facts != NULL && is_signed(facts);
		json_decref(facts);
		if (done)
			return true;
		shell_sleep_ms(PAUSE_MS);
	}
	return driver_fail(driver, "the signer is not done within %d ms", AWAITED_MS_MAX);
}
