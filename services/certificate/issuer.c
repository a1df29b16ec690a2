/* services/certificate/issuer.c
 *
 * Each institution signs with keys of its own, made when it first issues, rotated, retired
 * and declared compromised by command. An institution with status lists always has an
 * active Ed25519 key, because its lists go on to be signed: whoever retires the last one
 * gets the next one in the same instant. The same holds for the log.
 *
 * It promises that every key that ever signed stays listed with its validity. */
#include "services/certificate/issuer.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/issuer_jwt.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/status_list.h"

#include <sodium.h>

enum { PUBLIC_KEY_BYTES_MAX = 1024, SECRET_BYTES_MAX = 4096 }; /* RSA of 4096 bits takes 550 and 2,400 */

/* --- opening ---------------------------------------------------------------------------------------------------- */

bool
issuer_open(struct call *call, const char *school_id, struct issuer *issuer)
{
	bool ambiguous;
	struct public_url url;
	struct issuer_keys keys;
	struct signing_key key;
	const Mt__AuthorityRecord *school = tree_find(call_store(call), call_arena(call), school_id, &ambiguous);
	if (school == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "school %s is not known", school_id);
		return false;
	}
	issuer_keys_read(call, school_id, SERIES_ISSUER, &keys);
	if (!public_url_open(call, &url) || !issuer_key_open(call, &keys, &key))
		return false;
	*issuer = (struct issuer){.school_id = school_id,
				  .name = school->name,
				  .key_id = key.key_id,
				  .jwt_key_id = keys.rs256 == NULL ? "" : keys.rs256->key_id,
				  .url = url.url,
				  .url_number = url.number,
				  .did = issuer_did(call_arena(call), &url, school_id),
				  .trial = url.trial};
	memcpy(issuer->secret, key.secret, sizeof(issuer->secret));
	sodium_memzero(&key, sizeof(key));
	return true;
}

void
issuer_close(struct issuer *issuer)
{
	sodium_memzero(issuer, sizeof(*issuer));
}

/* --- making and ending keys ------------------------------------------------------------------------------------- */

/* The institution and its keys, for whoever leads it, leads above it, or operates the machines above it. */
static bool
keys_for(struct call *call, const char *reference, enum key_series series, struct issuer_keys *keys)
{
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", reference);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return false;
	issuer_keys_read(call, authority->authority_id, series, keys);
	return true;
}

static void
emit_retired(struct call *call, const Mt__IssuerKeyRecord *key)
{
	Mt__IssuerKeyRetired fact = MT__ISSUER_KEY_RETIRED__INIT;
	fact.school_id = key->school_id;
	fact.key_id = key->key_id;
	fact.retired_at = (char *)issuer_key_now(call);
	call_emit(call, &fact.base);
}

/* The last keys that an institution may have are for those that have to follow a compromised one: else whoever used all
 * of them up could never say that one was stolen. */
static bool
has_room(struct call *call, const struct issuer_keys *keys)
{
	if (keys->count < ISSUER_KEYS_MAX - ISSUER_KEYS_RESERVED)
		return true;
	call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED,
		    "authority %s has had %u signing keys already; what is left of %d is for compromised ones",
		    keys->school_id, keys->count, ISSUER_KEYS_MAX);
	return false;
}

/* The key's Ed25519 successor, if something goes on to be signed in its series. */
static bool
succeed(struct call *call, const struct issuer_keys *keys, const Mt__IssuerKeyRecord *ended)
{
	struct signing_key next;
	bool signs = keys->signs != NULL && strcmp(keys->signs->key_id, ended->key_id) == 0;
	if (!signs || (keys->series == SERIES_ISSUER && !status_any(call, keys->school_id)))
		return true;
	bool made = issuer_key_make(call, keys, &next);
	sodium_memzero(&next, sizeof(next));
	return made;
}

static void
issuers_create_key(Mt__Issuers_Service *service, const Mt__CreateKeyRequest *in, Mt__CreateKeyReply_Closure reply,
		   void *call)
{
	(void)service;
	struct issuer_keys keys;
	struct signing_key key = {.key_id = ""};
	Mt__CreateKeyReply out = MT__CREATE_KEY_REPLY__INIT;
	if (!keys_for(call, in->authority, SERIES_ISSUER, &keys))
		return;
	if (!has_room(call, &keys))
		return;
	if (in->algorithm == MT__ISSUER_KEY__ALGORITHM__ED25519) {
		bool made = issuer_key_make(call, &keys, &key);
		sodium_memzero(key.secret, sizeof(key.secret));
		if (!made)
			return;
		if (keys.signs != NULL)
			emit_retired(call, keys.signs);
		out.key_id = (char *)key.key_id;
		reply(&out, call);
		return;
	}
	if (keys.wanted != NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "authority %s has an RS256 key that is still being made", in->authority);
		return;
	}
	Mt__IssuerKeyWanted fact = MT__ISSUER_KEY_WANTED__INIT;
	fact.school_id = (char *)keys.school_id;
	fact.key_id = (char *)issuer_key_next(call, &keys);
	call_emit(call, &fact.base);
	out.key_id = fact.key_id;
	reply(&out, call);
}

/* The key by name among the institution's or the log's; NULL and refused. */
static const Mt__IssuerKeyRecord *
key_or_refuse(struct call *call, const char *authority, const char *key_id, struct issuer_keys *keys)
{
	enum key_series series = SERIES_ISSUER;
	bool is_name = issuer_key_series(key_id, &series);
	if (!keys_for(call, authority, is_name ? series : SERIES_ISSUER, keys))
		return NULL;
	const Mt__IssuerKeyRecord *key = is_name ? issuer_key_find(call, keys->school_id, key_id) : NULL;
	if (key == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "authority %s has no key of that name", authority);
	return key;
}

static void
issuers_retire_key(Mt__Issuers_Service *service, const Mt__RetireKeyRequest *in, Mt__RetireKeyReply_Closure reply,
		   void *call)
{
	(void)service;
	struct issuer_keys keys;
	const Mt__IssuerKeyRecord *key = key_or_refuse(call, in->authority, in->key_id, &keys);
	if (key == NULL)
		return;
	if (key->state != MT__ISSUER_KEY__STATE__ACTIVE) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "key %s is not active", in->key_id);
		return;
	}
	if (!has_room(call, &keys) || !succeed(call, &keys, key))
		return;
	emit_retired(call, key);
	Mt__RetireKeyReply out = MT__RETIRE_KEY_REPLY__INIT;
	out.retired_at = (char *)issuer_key_now(call);
	reply(&out, call);
}

/* An instant that is past, and before the one that is known already; false and refused. */
static bool
since_of(struct call *call, const Mt__IssuerKeyRecord *key, const char *since, char text[INSTANT_TEXT_BYTES])
{
	int64_t us;
	int64_t known_us;
	if (!instant_parse(since, &us)) {
		call_refuse_field(call, "since", "field since is not an RFC 3339 instant");
		return false;
	}
	if (us > call_now_us(call)) {
		call_refuse_field(call, "since", "field since is in the future");
		return false;
	}
	if (key->compromised_since[0] != '\0' && instant_parse(key->compromised_since, &known_us) && us >= known_us) {
		call_refuse_field(call, "since", "field since: key %s is known to be compromised since %s already",
				  key->key_id, key->compromised_since);
		return false;
	}
	instant_format(us, text);
	return true;
}

static void
issuers_compromise_key(Mt__Issuers_Service *service, const Mt__CompromiseKeyRequest *in,
		       Mt__CompromiseKeyReply_Closure reply, void *call)
{
	(void)service;
	struct issuer_keys keys;
	char since[INSTANT_TEXT_BYTES];
	const Mt__IssuerKeyRecord *key = key_or_refuse(call, in->authority, in->key_id, &keys);
	if (key == NULL)
		return;
	if (key->state == MT__ISSUER_KEY__STATE__WANTED) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "key %s is still being made", in->key_id);
		return;
	}
	const char *words = call_text(call, "reason", in->reason, REASON_BYTES_MAX, false);
	if (words == NULL || !since_of(call, key, in->since, since) || !succeed(call, &keys, key))
		return;
	Mt__Reason reason = MT__REASON__INIT;
	Mt__IssuerKeyCompromised fact = MT__ISSUER_KEY_COMPROMISED__INIT;
	Mt__CompromiseKeyReply out = MT__COMPROMISE_KEY_REPLY__INIT;
	reason.text = (char *)words;
	fact.school_id = key->school_id;
	fact.key_id = key->key_id;
	fact.since = since;
	fact.reason = &reason;
	fact.sealed_for = key->school_id;
	call_emit(call, &fact.base);
	reply(&out, call);
}

/* --- the worker's RS256 keys ------------------------------------------------------------------------------------ */

static void
issuers_key_made(Mt__Issuers_Service *service, const Mt__KeyMadeRequest *in, Mt__KeyMadeReply_Closure reply, void *call)
{
	(void)service;
	struct id school;
	struct issuer_keys keys;
	char today[DATE_TEXT_BYTES];
	Mt__KeyMadeReply out = MT__KEY_MADE_REPLY__INIT;
	if (!call_id(call, "school_id", in->school_id, &school))
		return;
	issuer_keys_read(call, in->school_id, SERIES_ISSUER, &keys);
	if (keys.wanted == NULL || strcmp(keys.wanted->key_id, in->key_id) != 0) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "no such key is being made");
		return;
	}
	if (in->public_key.len == 0 || in->public_key.len > PUBLIC_KEY_BYTES_MAX || in->sealed_secret.len == 0 ||
	    in->sealed_secret.len > SECRET_BYTES_MAX) {
		call_refuse(call, MT__STATUS__INVALID_ARGUMENT, "these are no keys of RSA");
		return;
	}
	date_format(call_today(call), today);
	Mt__IssuerKeyRecord record = MT__ISSUER_KEY_RECORD__INIT;
	record.school_id = in->school_id;
	record.key_id = in->key_id;
	record.public_key = in->public_key;
	record.sealed_secret = in->sealed_secret;
	record.algorithm = MT__ISSUER_KEY__ALGORITHM__RS256;
	record.state = MT__ISSUER_KEY__STATE__ACTIVE;
	record.created_on = today;
	record.created_at = (char *)issuer_key_now(call);
	Mt__IssuerKeyCreated fact = MT__ISSUER_KEY_CREATED__INIT;
	fact.key = &record;
	call_emit(call, &fact.base);
	if (keys.rs256 != NULL)
		emit_retired(call, keys.rs256);
	reply(&out, call);
}

/* --- listing ---------------------------------------------------------------------------------------------------- */

static Mt__IssuerKeyView *
view_of(struct call *call, const Mt__IssuerKeyRecord *key)
{
	Mt__IssuerKeyView *view = (Mt__IssuerKeyView *)pb_new(&mt__issuer_key_view__descriptor, call_arena(call));
	view->school_id = key->school_id;
	view->key_id = key->key_id;
	view->public_key = key->public_key;
	view->created_on = key->created_on;
	view->algorithm = key->algorithm;
	view->state = key->state;
	view->created_at = key->created_at;
	view->retired_at = key->retired_at;
	view->compromised_since = key->compromised_since;
	return view;
}

static void
issuers_list_keys(Mt__Issuers_Service *service, const Mt__ListKeysRequest *in, Mt__ListKeysReply_Closure reply,
		  void *call)
{
	(void)service;
	struct arena *arena = call_arena(call);
	struct issuer_keys keys;
	bool of_log = in->authority[0] == '\0';
	const Mt__AuthorityRecord *authority =
		of_log ? tree_root(call_store(call), arena) : call_authority_ref(call, "authority", in->authority);
	if (authority == NULL) {
		if (of_log)
			call_refuse(call, MT__STATUS__NOT_FOUND, "there are no authorities yet");
		return;
	}
	issuer_keys_read(call, authority->authority_id, of_log ? SERIES_LOG : SERIES_ISSUER, &keys);
	struct public_url url = public_url_now(call);
	const char *suffix = of_log ? "" : arena_format(arena, ":issuers:%s", authority->authority_id);
	Mt__ListKeysReply out = MT__LIST_KEYS_REPLY__INIT;
	out.keys = arena_zero(arena, (keys.count + 1) * sizeof(*out.keys));
	for (unsigned i = 0; i < keys.count; i++) {
		if (keys.all[i]->state != MT__ISSUER_KEY__STATE__WANTED)
			out.keys[out.n_keys++] = view_of(call, keys.all[i]);
	}
	out.issuer_id = authority->authority_id;
	out.name = authority->name;
	out.url = (char *)url.url;
	out.did = arena_format(arena, "%s%s", url.did, suffix);
	out.n_also_known_as = public_url_aliases(call, suffix, &out.also_known_as);
	out.trial = url.trial;
	reply(&out, call);
}

/* issuer_url.c and issuer_jwt.c have the rest of the service. */
Mt__Issuers_Service issuers = MT__ISSUERS__INIT(issuers_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
issuer_apply(struct apply *apply, const Mt__IssuerFact *fact)
{
	if (fact->kind_case == MT__ISSUER_FACT__KIND_PUBLIC_URL_RECORDED)
		public_url_apply(apply, fact->public_url_recorded);
	else
		issuer_key_apply(apply, fact);
}
