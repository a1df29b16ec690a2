/* common/credential/check.c
 *
 * A row of checks, each of which either passes or gives verdict and reason and ends. It
 * starts as unknown; nothing here says valid.
 *
 *   the text     one JSON object, or one token, spelt as we spell
 *   the issuer   one that the caller knows; whose it is not, cannot be checked
 *   the form     contexts, type, id, one proof (check_form.c)
 *   the key      the issuer's own, good when it signed
 *   signature
 *   what it says period, status entries, holder and achievement (check_form.c), once it is known to be the issuer's
 *
 * The key is named by the proof or the token, and sought among those of the issuer that the
 * document names: a key of another issuer does not come into question. */
#include "common/credential/check.h"

#include "common/credential/check_form.h"
#include "common/credential/proof.h"

#include <assert.h>

bool
check_fails(struct credential_check *check, enum reason reason, const char *what)
{
	check->verdict = reason_verdict(reason);
	check->reason = reason;
	check->what = what;
	return false;
}

/* --- the text --------------------------------------------------------------------------------------------------- */

/* What editors put around a text: blanks, and a byte order mark in front. */
static struct slice
trim(struct slice text)
{
	static const char blank[] = " \t\r\n";
	static const char mark[] = "\xef\xbb\xbf";
	if (slice_begins(text, slice_text(mark)))
		text = slice_of(text.data + sizeof(mark) - 1, text.size - (sizeof(mark) - 1));
	while (text.size > 0 && memchr(blank, text.data[0], sizeof(blank) - 1) != NULL)
		text = slice_of(text.data + 1, text.size - 1);
	while (text.size > 0 && memchr(blank, text.data[text.size - 1], sizeof(blank) - 1) != NULL)
		text.size--;
	return text;
}

static bool
check_json(struct checking *at, struct slice text)
{
	struct jcs_tree tree = jcs_parse(at->arena, text);
	if (text.size > JCS_INPUT_BYTES_MAX)
		return check_fails(at->check, REASON_TOO_LARGE, NULL);
	if (tree.root == NULL)
		return check_fails(at->check, REASON_NOT_CREDENTIAL, tree.fault);
	if (tree.root->kind != JSON_OBJECT)
		return check_fails(at->check, REASON_NOT_OBJECT, NULL);
	if (tree.respelt)
		return check_fails(at->check, REASON_RESPELT, NULL);
	at->check->document = at->root = tree.root;
	return true;
}

static bool
slice_is(struct slice slice, const char *text)
{
	return slice.data != NULL && slice_equal(slice, slice_text(text));
}

static bool
check_token(struct checking *at, struct slice text)
{
	const char *fault = jwt_parse(at->arena, text, &at->jwt);
	if (fault != NULL)
		return check_fails(at->check, REASON_TOKEN, fault);
	if (!slice_is(at->jwt.typ, "vc+jwt") || (at->jwt.cty.data != NULL && !slice_is(at->jwt.cty, "vc")))
		return check_fails(at->check, REASON_TOKEN_TYPE, NULL);
	at->check->is_jwt = true;
	return check_json(at, at->jwt.payload);
}

/* A token is letters with dots; what begins with anything of JSON is none. */
static bool
check_text(struct checking *at, struct slice presented)
{
	struct slice text = trim(presented);
	bool is_token = text.size > 0 && text.data[0] == 'e' && memchr(text.data, '.', text.size) != NULL;
	return is_token ? check_token(at, text) : check_json(at, text);
}

/* --- the issuer ------------------------------------------------------------------------------------------------- */

/* Letters of a host name with its port ("%3A8443"), parts with ':' between them. */
static bool
host_read(struct arena *arena, struct slice host, const char **base_url)
{
	char *url = arena_alloc(arena, sizeof("https://") + host.size);
	size_t size = strlen("https://");
	memcpy(url, "https://", size);
	for (size_t i = 0; i < host.size; i++) {
		char letter = (char)host.data[i];
		bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
			     letter == '.' || letter == '_';
		bool port = letter == '%' && host.size - i > 3 && memcmp(host.data + i, "%3A", 3) == 0;
		if (!plain && !port && letter != ':')
			return false;
		url[size++] = port ? ':' : letter == ':' ? '/' : letter;
		if (port)
			i += 2;
	}
	url[size] = '\0';
	*base_url = url;
	return host.size > 0;
}

bool
check_issuer_split(struct arena *arena, const char *did, const char **base_url, const char **authority_id)
{
	static const char method[] = "did:web:";
	static const char issuers[] = ":issuers:";
	struct id id;
	size_t size = strlen(did);
	size_t tail = strlen(issuers) + ID_TEXT_BYTES - 1;
	if (size > CHECK_DID_BYTES_MAX || size < strlen(method) + tail || strncmp(did, method, strlen(method)) != 0)
		return false;
	const char *behind = did + size - tail;
	*authority_id = behind + strlen(issuers);
	struct slice host = slice_of(did + strlen(method), (size_t)(behind - did) - strlen(method));
	return strncmp(behind, issuers, strlen(issuers)) == 0 && id_parse(*authority_id, &id) &&
	       host_read(arena, host, base_url);
}

/* "DID#KEY" of that DID; "" if it is none. */
static const char *
key_id_of_method(struct arena *arena, struct slice method, const char *did)
{
	size_t before = strlen(did) + 1;
	if (method.data == NULL || method.size <= before || method.size > before + CHECK_KEY_ID_BYTES_MAX)
		return "";
	if (memcmp(method.data, did, before - 1) != 0 || method.data[before - 1] != '#')
		return "";
	for (size_t i = before; i < method.size; i++) {
		char letter = (char)method.data[i];
		if (!(letter >= 'a' && letter <= 'z') && !(letter >= '0' && letter <= '9') && letter != '-')
			return "";
	}
	return arena_text(arena, slice_of(method.data + before, method.size - before));
}

static struct slice
method_of(const struct checking *at)
{
	if (at->check->is_jwt)
		return at->jwt.kid;
	const struct jcs_value *proof = jcs_member(at->root, "proof");
	if (proof != NULL && proof->kind == JSON_ARRAY)
		proof = proof->first;
	const struct jcs_value *method = proof == NULL ? NULL : jcs_member(proof, "verificationMethod");
	return method == NULL || method->kind != JSON_STRING ? slice_of(NULL, 0) : method->text;
}

static bool
check_issuer(struct checking *at)
{
	const struct jcs_value *issuer = jcs_member(at->root, "issuer");
	const struct jcs_value *id = issuer != NULL && issuer->kind == JSON_OBJECT ? jcs_member(issuer, "id") : issuer;
	if (id == NULL || id->kind != JSON_STRING)
		return check_fails(at->check, REASON_NO_ISSUER, NULL);
	const char *did = arena_text(at->arena, id->text);
	if (memchr(id->text.data, '\0', id->text.size) != NULL ||
	    !check_issuer_split(at->arena, did, &at->check->base_url, &at->check->authority_id))
		return check_fails(at->check, REASON_ISSUER_FORM, NULL);
	at->check->issuer = did;
	at->check->key_id = key_id_of_method(at->arena, method_of(at), did);
	at->found = at->issuers->find(at->issuers->context, did, at->check->key_id, &at->key);
	return at->found != CHECK_ISSUER_UNKNOWN || check_fails(at->check, REASON_ISSUER_UNKNOWN, NULL);
}

/* --- the key and the signature ---------------------------------------------------------------------------------- */

static bool
check_key(struct checking *at)
{
	enum jwt_alg alg = at->check->is_jwt ? at->jwt.alg : JWT_EDDSA;
	if (at->found != CHECK_KEY_FOUND || at->check->key_id[0] == '\0' || at->key.alg != alg)
		return check_fails(at->check, REASON_KEY, NULL);
	return true;
}

static bool
check_signature(struct checking *at)
{
	const struct check_key *key = &at->key;
	bool holds = at->check->is_jwt
			     ? jwt_fault(&at->jwt, key->alg, key->public_key) == NULL
			     : key->public_key.size == PROOF_PUBLIC_BYTES &&
				       proof_fault(at->arena, at->root, at->check->proof, key->public_key.data) == NULL;
	at->check->signature_holds = holds;
	return holds || check_fails(at->check, REASON_SIGNATURE, NULL);
}

/* The instant is the signer's claim. A thief of a key may claim any: against that stand the record, the log, and
 * key_doubted. */
static bool
check_key_period(struct checking *at)
{
	int64_t signed_us = at->check->signed_us;
	if (signed_us < at->key.active_from_us)
		return check_fails(at->check, REASON_KEY_BEFORE, NULL);
	if (signed_us >= at->key.compromised_since_us)
		return check_fails(at->check, REASON_KEY_COMPROMISED, NULL);
	if (signed_us > at->key.retired_us)
		return check_fails(at->check, REASON_KEY_RETIRED, NULL);
	at->check->key_doubted = at->key.compromised_since_us != INT64_MAX;
	return true;
}

/* What is really signed, but not good at this instant. */
static bool
check_instant(struct checking *at, int64_t now_us)
{
	struct credential_check *check = at->check;
	int64_t begins_us = check->valid_from_us > check->signed_us ? check->valid_from_us : check->signed_us;
	if (check->is_specimen)
		return check_fails(check, REASON_SPECIMEN, NULL);
	if (begins_us > now_us + CHECK_CLOCK_SKEW_S * SECOND_US)
		return check_fails(check, REASON_NOT_YET, NULL);
	if (check->valid_until_us < now_us)
		return check_fails(check, REASON_EXPIRED, NULL);
	return true;
}

void
credential_check(struct credential_check *check, struct arena *arena, struct slice presented,
		 const struct check_issuers *issuers, int64_t now_us)
{
	struct checking at = {.check = check, .arena = arena, .issuers = issuers};
	*check = (struct credential_check){.verdict = VERDICT_UNKNOWN, .reason = REASON_NONE};
	check->valid_until_us = INT64_MAX;
	if (check_text(&at, presented) && check_issuer(&at) && check_claims(&at) && check_form(&at) && check_key(&at) &&
	    check_signature(&at) && check_says(&at) && check_key_period(&at))
		check_instant(&at, now_us);
	assert(check->verdict != VERDICT_VALID);
}
