/* services/certificate/issuer.c
 *
 * Each school signs with an Ed25519 key of its own, made in the first issuing step it
 * takes. The secret is stored as the seed, sealed with XChaCha20-Poly1305 under a key
 * derived from the service's secret, bound to the school and the key's name: a row copied
 * to another school does not open. It promises that a signing key is never in the journal
 * or the state in the clear, and leaves this file only in a struct issuer.
 *
 * One key a school for now; rotation and retirement add key-2 and so on beside it. */
#include "services/certificate/issuer.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/tables.h"

#include <sodium.h>

enum {
	SEED_BYTES = crypto_sign_SEEDBYTES,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SEALED_BYTES = NONCE_BYTES + SEED_BYTES + TAG_BYTES,
	SEALING_KEY = 1,        /* number of the subkey; another use takes another */
};

static const char first_key_id[] = "key-1";

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
issuer_key(const char *school_id, const char *key_id)
{
	struct key key = key_of(TABLE_ISSUER_KEY);
	key_id_of(&key, school_id);
	key_text(&key, key_id);
	return key;
}

const Mt__IssuerKeyRecord *
issuer_key_find(const struct call *call, const char *school_id, const char *key_id)
{
	struct key key = issuer_key(school_id, key_id);
	return call_record(call, &key, &mt__issuer_key_record__descriptor);
}

/* --- sealing ---------------------------------------------------------------------------------------------------- */

static void
sealing_key(const struct call *call, uint8_t key[crypto_kdf_KEYBYTES])
{
	crypto_kdf_derive_from_key(key, crypto_kdf_KEYBYTES, SEALING_KEY, "issuers", call_secret(call));
}

static void
fill_random(struct call *call, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t))
		put_u64(bytes + at, call_random(call));
}

/* What the seal is bound to. */
static struct slice
seal_context(struct call *call, const char *school_id, const char *key_id)
{
	return slice_text(arena_format(call_arena(call), "%s/%s", school_id, key_id));
}

static void
seal_seed(struct call *call, const char *school_id, const uint8_t seed[SEED_BYTES], uint8_t sealed[SEALED_BYTES])
{
	uint8_t key[crypto_kdf_KEYBYTES];
	struct slice context = seal_context(call, school_id, first_key_id);
	sealing_key(call, key);
	fill_random(call, sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, NULL, seed, SEED_BYTES, context.data,
						   context.size, NULL, sealed, key);
	sodium_memzero(key, sizeof(key));
}

static bool
open_seed(struct call *call, const Mt__IssuerKeyRecord *record, uint8_t seed[SEED_BYTES])
{
	uint8_t key[crypto_kdf_KEYBYTES];
	const uint8_t *sealed = record->sealed_secret.data;
	if (record->sealed_secret.len != SEALED_BYTES)
		return false;
	struct slice context = seal_context(call, record->school_id, record->key_id);
	sealing_key(call, key);
	int code = crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, sealed + NONCE_BYTES,
							      SEED_BYTES + TAG_BYTES, context.data, context.size,
							      sealed, key);
	sodium_memzero(key, sizeof(key));
	return code == 0;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static void
create_key(struct call *call, const char *school_id, uint8_t seed[SEED_BYTES])
{
	uint8_t sealed[SEALED_BYTES];
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	uint8_t secret[PROOF_SECRET_BYTES];
	char today[DATE_TEXT_BYTES];
	fill_random(call, seed, SEED_BYTES);
	crypto_sign_seed_keypair(public_key, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	seal_seed(call, school_id, seed, sealed);
	date_format(call_today(call), today);

	Mt__IssuerKeyRecord record = MT__ISSUER_KEY_RECORD__INIT;
	record.school_id = (char *)school_id;
	record.key_id = (char *)first_key_id;
	record.public_key = (ProtobufCBinaryData){sizeof(public_key), public_key};
	record.sealed_secret = (ProtobufCBinaryData){sizeof(sealed), sealed};
	record.created_on = today;
	Mt__IssuerKeyCreated fact = MT__ISSUER_KEY_CREATED__INIT;
	fact.key = &record;
	call_emit(call, &fact.base);
}

bool
issuer_open(struct call *call, const char *school_id, struct issuer *issuer)
{
	bool ambiguous;
	uint8_t seed[SEED_BYTES];
	uint8_t public_key[PROOF_PUBLIC_BYTES];
	const Mt__AuthorityRecord *school = tree_find(call_store(call), call_arena(call), school_id, &ambiguous);
	if (school == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "school %s is not known", school_id);
		return false;
	}
	const Mt__IssuerKeyRecord *record = issuer_key_find(call, school_id, first_key_id);
	if (record == NULL) {
		create_key(call, school_id, seed);
	} else if (!open_seed(call, record, seed)) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "the signing key of school %s does not open under this service's secret", school_id);
		return false;
	}
	*issuer = (struct issuer){.school_id = school_id,
				  .name = school->name,
				  .key_id = first_key_id,
				  .url = call_public_url(call),
				  .did = arena_format(call_arena(call), "did:web:%s:issuers:%s",
						      call_public_url(call) + strlen("https://"), school_id)};
	crypto_sign_seed_keypair(public_key, issuer->secret, seed);
	sodium_memzero(seed, sizeof(seed));
	return true;
}

void
issuer_close(struct issuer *issuer)
{
	sodium_memzero(issuer, sizeof(*issuer));
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
issuer_apply(struct apply *apply, const Mt__IssuerFact *fact)
{
	struct key key = issuer_key(fact->issuer_key_created->key->school_id, fact->issuer_key_created->key->key_id);
	apply_put(apply, &key, &fact->issuer_key_created->key->base);
}
