/* services/certificate/issuer_key.c
 *
 * A key is made, signs, and is retired or found to be compromised; it is never deleted, so
 * that what it signed can be judged for ever. Ed25519 keys are made here, in the decision
 * that needs one. RS256 keys take too long for that: they are asked for by a fact, made by
 * the worker beside the node (signer.c), and brought back by KeyMade.
 *
 * It promises that a secret is never in the journal or the state in the clear (key_seal.h),
 * and leaves this file only in a struct signing_key. */
#include "services/certificate/issuer_key.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/certificate/key_seal.h"
#include "services/certificate/tables.h"

#include <sodium.h>

enum { SEED_BYTES = crypto_sign_SEEDBYTES };

static const char *const prefixes[] = {[SERIES_ISSUER] = "key-", [SERIES_LOG] = "log-"};

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
keys_key(uint8_t table, const char *school_id)
{
	struct key key = key_of(table);
	key_id_of(&key, school_id);
	return key;
}

static struct key
issuer_key(uint8_t table, const char *school_id, const char *key_id)
{
	struct key key = keys_key(table, school_id);
	key_text(&key, key_id);
	return key;
}

struct key
issuer_keys_wanted_key(void)
{
	return key_of(TABLE_KEY_WANTED);
}

const Mt__IssuerKeyRecord *
issuer_key_find(const struct call *call, const char *school_id, const char *key_id)
{
	enum key_series series;
	if (!issuer_key_series(key_id, &series))
		return NULL; /* too long for a key of the store, or no name of ours */
	struct key key = issuer_key(TABLE_ISSUER_KEY, school_id, key_id);
	return call_record(call, &key, &mt__issuer_key_record__descriptor);
}

bool
issuer_key_series(const char *key_id, enum key_series *series)
{
	enum { DIGITS_MAX = 3 };
	for (*series = SERIES_ISSUER; *series <= SERIES_LOG; (*series)++) {
		size_t size = strlen(prefixes[*series]);
		if (strncmp(key_id, prefixes[*series], size) != 0)
			continue;
		size_t digits = strspn(key_id + size, "0123456789");
		return digits > 0 && digits <= DIGITS_MAX && key_id[size] != '0' && key_id[size + digits] == '\0';
	}
	return false;
}

/* Numbers are dense, from 1: a key is never deleted. */
void
issuer_keys_read(const struct call *call, const char *school_id, enum key_series series, struct issuer_keys *keys)
{
	*keys = (struct issuer_keys){.school_id = school_id, .series = series};
	for (; keys->count < ISSUER_KEYS_MAX; keys->count++) {
		char key_id[16];
		snprintf(key_id, sizeof(key_id), "%s%u", prefixes[series], keys->count + 1);
		const Mt__IssuerKeyRecord *record = issuer_key_find(call, school_id, key_id);
		if (record == NULL)
			return;
		keys->all[keys->count] = record;
		if (record->state == MT__ISSUER_KEY__STATE__WANTED)
			keys->wanted = record;
		if (record->algorithm == MT__ISSUER_KEY__ALGORITHM__RS256) {
			if (record->state == MT__ISSUER_KEY__STATE__ACTIVE)
				keys->rs256 = record;
			continue;
		}
		keys->changes += 1 + (record->retired_at[0] != '\0') + (record->compromised_since[0] != '\0');
		if (record->state == MT__ISSUER_KEY__STATE__ACTIVE)
			keys->signs = record;
	}
}

const char *
issuer_key_next(struct call *call, const struct issuer_keys *keys)
{
	return arena_format(call_arena(call), "%s%u", prefixes[keys->series], keys->count + 1);
}

const char *
issuer_key_now(struct call *call)
{
	char *text = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	int64_t now_us = call_now_us(call);
	instant_format(now_us - now_us % SECOND_US, text);
	return text;
}

/* --- opening and making ----------------------------------------------------------------------------------------- */

static void
fill_random(struct call *call, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t))
		put_u64(bytes + at, call_random(call));
}

static void
pair_of(uint8_t seed[SEED_BYTES], struct signing_key *key, uint8_t public_key[PROOF_PUBLIC_BYTES])
{
	crypto_sign_seed_keypair(public_key, key->secret, seed);
	sodium_memzero(seed, SEED_BYTES);
}

bool
issuer_key_make(struct call *call, const struct issuer_keys *keys, struct signing_key *key)
{
	uint8_t seed[SEED_BYTES];
	uint8_t nonce[KEY_SEAL_NONCE_BYTES];
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	char today[DATE_TEXT_BYTES];
	if (keys->count == ISSUER_KEYS_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has had %d signing keys already",
			    keys->school_id, ISSUER_KEYS_MAX);
		return false;
	}
	*key = (struct signing_key){.key_id = issuer_key_next(call, keys), .created_at = issuer_key_now(call)};
	struct key_seal seal = {call_secret(call), keys->school_id, key->key_id};
	fill_random(call, seed, sizeof(seed));
	fill_random(call, nonce, sizeof(nonce));
	struct slice sealed = key_seal_make(call_arena(call), &seal, nonce, slice_of(seed, sizeof(seed)));
	pair_of(seed, key, public_key);
	date_format(call_today(call), today);

	Mt__IssuerKeyRecord record = MT__ISSUER_KEY_RECORD__INIT;
	record.school_id = (char *)keys->school_id;
	record.key_id = (char *)key->key_id;
	record.public_key = (ProtobufCBinaryData){sizeof(public_key), public_key};
	record.sealed_secret = (ProtobufCBinaryData){sealed.size, (uint8_t *)sealed.data};
	record.created_on = today;
	record.created_at = (char *)key->created_at;
	record.state = MT__ISSUER_KEY__STATE__ACTIVE;
	Mt__IssuerKeyCreated fact = MT__ISSUER_KEY_CREATED__INIT;
	fact.key = &record;
	call_emit(call, &fact.base);
	return true;
}

bool
issuer_key_reopen(struct call *call, const Mt__IssuerKeyRecord *record, struct signing_key *key)
{
	uint8_t seed[SEED_BYTES];
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	struct key_seal seal = {call_secret(call), record->school_id, record->key_id};
	struct slice sealed = slice_of(record->sealed_secret.data, record->sealed_secret.len);
	if (sealed.size != KEY_SEAL_BYTES + SEED_BYTES || !key_seal_open(&seal, sealed, seed)) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "signing key %s of authority %s does not open under this service's secret", record->key_id,
			    record->school_id);
		return false;
	}
	*key = (struct signing_key){.key_id = record->key_id, .created_at = record->created_at};
	pair_of(seed, key, public_key);
	return true;
}

bool
issuer_key_open(struct call *call, const struct issuer_keys *keys, struct signing_key *key)
{
	return keys->signs == NULL ? issuer_key_make(call, keys, key) : issuer_key_reopen(call, keys->signs, key);
}

/* --- judging ---------------------------------------------------------------------------------------------------- */

/* Instants are compared as such: fractions and offsets may be spelt in several ways. */
static bool
instant_is(const char *text, int64_t *us)
{
	return text[0] != '\0' && instant_parse(text, us);
}

const char *
issuer_key_fault(struct arena *arena, const Mt__IssuerKeyRecord *key, const char *signed_at)
{
	int64_t at_us;
	int64_t limit_us;
	if (!instant_is(signed_at, &at_us))
		return "it does not say when it was signed";
	if (key->state == MT__ISSUER_KEY__STATE__WANTED || key->state == MT__ISSUER_KEY__STATE__UNSET)
		return arena_format(arena, "key %s signs nothing", key->key_id);
	if (instant_is(key->created_at, &limit_us) && at_us < limit_us)
		return arena_format(arena, "key %s was made at %s, after the signature", key->key_id, key->created_at);
	if (instant_is(key->compromised_since, &limit_us) && at_us >= limit_us)
		return arena_format(arena, "key %s is compromised since %s", key->key_id, key->compromised_since);
	if (instant_is(key->retired_at, &limit_us) && at_us > limit_us)
		return arena_format(arena, "key %s was retired at %s, before the signature", key->key_id,
				    key->retired_at);
	return NULL;
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

/* Facts of before keys had states say only the day. */
static void
apply_created(struct apply *apply, Mt__IssuerKeyRecord *key)
{
	char at[INSTANT_TEXT_BYTES];
	if (key->state == MT__ISSUER_KEY__STATE__UNSET) {
		int64_t now_us = apply_time_us(apply);
		instant_format(now_us - now_us % SECOND_US, at);
		key->state = MT__ISSUER_KEY__STATE__ACTIVE;
		key->created_at = at;
	}
	struct key row = issuer_key(TABLE_ISSUER_KEY, key->school_id, key->key_id);
	apply_put(apply, &row, &key->base);
	if (key->algorithm == MT__ISSUER_KEY__ALGORITHM__RS256) {
		struct key wanted = issuer_key(TABLE_KEY_WANTED, key->school_id, key->key_id);
		apply_delete(apply, &wanted);
	}
}

static void
apply_wanted(struct apply *apply, const Mt__IssuerKeyWanted *fact)
{
	Mt__IssuerKeyRecord record = MT__ISSUER_KEY_RECORD__INIT;
	record.school_id = fact->school_id;
	record.key_id = fact->key_id;
	record.algorithm = MT__ISSUER_KEY__ALGORITHM__RS256;
	record.state = MT__ISSUER_KEY__STATE__WANTED;
	struct key row = issuer_key(TABLE_ISSUER_KEY, fact->school_id, fact->key_id);
	apply_put(apply, &row, &record.base);
	struct key wanted = issuer_key(TABLE_KEY_WANTED, fact->school_id, fact->key_id);
	apply_put_bytes(apply, &wanted, slice_text(""));
}

static Mt__IssuerKeyRecord *
key_in(struct apply *apply, const struct key *row)
{
	Mt__IssuerKeyRecord *record = apply_record(apply, row, &mt__issuer_key_record__descriptor);
	assert(record != NULL);
	return record;
}

static void
apply_retired(struct apply *apply, const Mt__IssuerKeyRetired *fact)
{
	struct key row = issuer_key(TABLE_ISSUER_KEY, fact->school_id, fact->key_id);
	Mt__IssuerKeyRecord *record = key_in(apply, &row);
	record->state = MT__ISSUER_KEY__STATE__RETIRED;
	record->retired_at = fact->retired_at;
	apply_put(apply, &row, &record->base);
}

static void
apply_compromised(struct apply *apply, const Mt__IssuerKeyCompromised *fact)
{
	struct key row = issuer_key(TABLE_ISSUER_KEY, fact->school_id, fact->key_id);
	Mt__IssuerKeyRecord *record = key_in(apply, &row);
	record->state = MT__ISSUER_KEY__STATE__COMPROMISED;
	record->compromised_since = fact->since;
	apply_put(apply, &row, &record->base);
}

void
issuer_key_apply(struct apply *apply, const Mt__IssuerFact *fact)
{
	switch (fact->kind_case) {
	case MT__ISSUER_FACT__KIND_ISSUER_KEY_CREATED:
		apply_created(apply, fact->issuer_key_created->key);
		return;
	case MT__ISSUER_FACT__KIND_ISSUER_KEY_WANTED:
		apply_wanted(apply, fact->issuer_key_wanted);
		return;
	case MT__ISSUER_FACT__KIND_ISSUER_KEY_RETIRED:
		apply_retired(apply, fact->issuer_key_retired);
		return;
	case MT__ISSUER_FACT__KIND_ISSUER_KEY_COMPROMISED:
		apply_compromised(apply, fact->issuer_key_compromised);
		return;
	case MT__ISSUER_FACT__KIND_PUBLIC_URL_RECORDED:
	case MT__ISSUER_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* issuer.c has these */
}
