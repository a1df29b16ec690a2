/* services/certificate/status_list.c
 *
 * A list has 2^20 entries; the n-th credential of it stands where a keyed permutation says
 * (common/credential/bits.h), so that neighbours in the register are none in the list. The
 * next list is opened when 7/8 are given: were it opened at the end, the last indexes
 * would be known to belong to the last credentials. A list names the public address under
 * which it was opened, as its credentials do; another address opens another list.
 *
 * Bits lie in rows of 1 KiB, made when the first of them is set. The signed list is made
 * from them when somebody asks for one that he does not hold yet, and is the same bytes
 * for the same bits and keys.
 *
 * It promises that an index is given once, and that a list tells of nothing but bits. */
#include "services/certificate/status_list.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/wire/json.h"
#include "services/certificate/issuer_key.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/tables.h"

#include <sodium.h>

enum {
	GIVEN_MAX = STATUS_ENTRIES / 8 * 7,
	PIECES = STATUS_ENTRIES / 8 / STATUS_PIECE_BYTES,
	PURPOSES = 2,
	LIST_BYTES_MAX = 1 << 20, /* of one signed; 175 KiB if every other bit were set */
	TTL_MS = 300000,
};

static const char contexts[] = "[\"https://www.w3.org/ns/credentials/v2\"]";

static const char *const purpose_names[] = {
	[MT__STATUS_LIST__PURPOSE__REVOCATION] = "revocation",
	[MT__STATUS_LIST__PURPOSE__SUSPENSION] = "suspension",
};

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
lists_key(uint8_t table, const char *school_id)
{
	struct key key = key_of(table);
	key_id_of(&key, school_id);
	return key;
}

static struct key
list_key(uint8_t table, const char *school_id, uint32_t number)
{
	struct key key = lists_key(table, school_id);
	key_u32(&key, number);
	return key;
}

static struct key
piece_key(const char *school_id, uint32_t number, Mt__StatusList__Purpose purpose, uint32_t piece)
{
	struct key key = list_key(TABLE_STATUS_BITS, school_id, number);
	key_u8(&key, (uint8_t)purpose);
	key_u32(&key, piece);
	return key;
}

static const Mt__StatusListRecord *
list_find(const struct call *call, const char *school_id, uint32_t number)
{
	struct key key = list_key(TABLE_STATUS_LIST, school_id, number);
	return call_record(call, &key, &mt__status_list_record__descriptor);
}

/* The institution's newest; NULL if it has none. Lists are few: one a million credentials, or a move. */
static const Mt__StatusListRecord *
list_newest(const struct call *call, const char *school_id)
{
	struct key prefix = lists_key(TABLE_STATUS_LIST, school_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	const Mt__StatusListRecord *newest = NULL;
	while (store_walk_next(&walk))
		newest = call_unpack(call, &mt__status_list_record__descriptor, walk.value);
	return newest;
}

bool
status_any(const struct call *call, const char *school_id)
{
	struct key prefix = lists_key(TABLE_STATUS_LIST, school_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	return store_walk_next(&walk);
}

static uint32_t
number_at(const struct store *store, const struct key *key)
{
	struct slice value;
	if (!store_get(store, key_slice(key), &value))
		return 0;
	assert(value.size == sizeof(uint32_t));
	return get_u32(value.data);
}

/* --- giving indexes --------------------------------------------------------------------------------------------- */

static void
list_open(struct call *call, const char *school_id, uint32_t number, uint32_t url_number, struct status_places *places)
{
	uint64_t none[PURPOSES] = {0};
	char *now = (char *)issuer_key_now(call);
	char *changed_at[PURPOSES] = {now, now};
	*places = (struct status_places){.list = number};
	for (size_t at = 0; at < sizeof(places->key); at += sizeof(uint64_t))
		put_u64(places->key + at, call_random(call));
	Mt__StatusListRecord list = MT__STATUS_LIST_RECORD__INIT;
	list.school_id = (char *)school_id;
	list.number = number;
	list.place_key = (ProtobufCBinaryData){sizeof(places->key), places->key};
	list.changes = none;
	list.n_changes = PURPOSES;
	list.changed_at = changed_at;
	list.n_changed_at = PURPOSES;
	list.opened_at = now;
	list.url_number = url_number;
	Mt__StatusListOpened fact = MT__STATUS_LIST_OPENED__INIT;
	fact.list = &list;
	call_emit(call, &fact.base);
}

void
status_begin(struct call *call, const char *school_id, uint32_t url_number, struct status_places *places)
{
	const Mt__StatusListRecord *newest = list_newest(call, school_id);
	if (newest == NULL) {
		list_open(call, school_id, 1, url_number, places);
		return;
	}
	struct key given = list_key(TABLE_STATUS_GIVEN, school_id, newest->number);
	*places = (struct status_places){.list = newest->number, .given = number_at(call_store(call), &given)};
	if (places->given >= GIVEN_MAX || newest->url_number != url_number) {
		list_open(call, school_id, newest->number + 1, url_number, places);
		return;
	}
	assert(newest->place_key.len == sizeof(places->key));
	memcpy(places->key, newest->place_key.data, sizeof(places->key));
}

uint32_t
status_next(struct status_places *places)
{
	assert(places->given < STATUS_ENTRIES);
	return bits_place(places->key, places->given++);
}

/* --- the signed list -------------------------------------------------------------------------------------------- */

struct list {
	const Mt__StatusListRecord *record;
	Mt__StatusList__Purpose purpose;
	const char *url; /* its own, which is its id */
	const char *did; /* of its institution, under the address it was opened with */
};

static struct slice
encoded_list(struct call *call, const struct list *list)
{
	uint8_t *bits = arena_zero(call_arena(call), BITS_BYTES);
	for (uint32_t piece = 0; piece < PIECES; piece++) {
		struct slice row;
		struct key key = piece_key(list->record->school_id, list->record->number, list->purpose, piece);
		if (!store_get(call_store(call), key_slice(&key), &row))
			continue;
		assert(row.size == STATUS_PIECE_BYTES);
		memcpy(bits + (size_t)piece * STATUS_PIECE_BYTES, row.data, STATUS_PIECE_BYTES);
	}
	return bits_encode(call_arena(call), slice_of(bits, BITS_BYTES));
}

static struct slice
take(struct arena *arena, struct buf *buf)
{
	assert(!buf_failed(buf));
	struct slice text = arena_copy(arena, buf_slice(buf));
	buf_free(buf);
	return text;
}

/* Canonical as it stands: members sorted, and nothing in it that JSON would escape. */
static struct slice
document_text(struct call *call, const struct list *list)
{
	struct buf buf;
	buf_init(&buf, LIST_BYTES_MAX);
	buf_format(&buf, "{\"@context\":%s,\"credentialSubject\":{\"encodedList\":\"", contexts);
	buf_append(&buf, encoded_list(call, list));
	buf_format(&buf, "\",\"id\":\"%s#list\",\"statusPurpose\":\"%s\",\"ttl\":%d,\"type\":\"BitstringStatusList\"}",
		   list->url, purpose_names[list->purpose], TTL_MS);
	buf_format(&buf,
		   ",\"id\":\"%s\",\"issuer\":\"%s\",\"type\":[\"VerifiableCredential\","
		   "\"BitstringStatusListCredential\"],\"validFrom\":\"%s\"}",
		   list->url, list->did, list->record->changed_at[list->purpose - 1]);
	return take(call_arena(call), &buf);
}

/* A key that is younger than the last change did not sign at its time. */
static const char *
created_of(const Mt__StatusListRecord *record, Mt__StatusList__Purpose purpose, const char *key_created_at)
{
	int64_t changed_us;
	int64_t created_us;
	const char *changed = record->changed_at[purpose - 1];
	if (!instant_parse(key_created_at, &created_us) || !instant_parse(changed, &changed_us))
		return changed;
	return created_us > changed_us ? key_created_at : changed;
}

static const char *
signed_list(struct call *call, const struct list *list, const struct signing_key *key)
{
	struct buf buf;
	struct arena *arena = call_arena(call);
	const char *created = created_of(list->record, list->purpose, key->created_at);
	struct slice document = document_text(call, list);
	const char *options = arena_format(arena,
					   "{\"@context\":%s,\"created\":\"%s\",\"cryptosuite\":\"eddsa-jcs-2022\","
					   "\"proofPurpose\":\"assertionMethod\",\"type\":\"DataIntegrityProof\","
					   "\"verificationMethod\":\"%s#%s\"}",
					   contexts, created, list->did, key->key_id);
	const char *value = proof_sign_texts(arena, slice_text(options), document, key->secret);
	buf_init(&buf, LIST_BYTES_MAX);
	buf_append(&buf, slice_of(document.data, document.size - 1));
	buf_format(&buf, ",\"proof\":[%.*s,\"proofValue\":\"%s\"}]}", (int)strlen(options) - 1, options, value);
	buf_byte(&buf, 0);
	return (const char *)take(arena, &buf).data;
}

static const Mt__StatusListRecord *
list_or_refuse(struct call *call, const Mt__GetStatusListRequest *in)
{
	struct id school;
	if (!call_id(call, "authority", in->authority, &school))
		return NULL;
	if (in->purpose == MT__STATUS_LIST__PURPOSE__UNSET) {
		call_refuse_field(call, "purpose", "field purpose is neither REVOCATION nor SUSPENSION");
		return NULL;
	}
	const Mt__StatusListRecord *record = list_find(call, in->authority, in->number);
	if (record == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "authority %s has no status list %u", in->authority,
			    in->number);
	return record;
}

static void
status_lists_get(Mt__StatusLists_Service *service, const Mt__GetStatusListRequest *in,
		 Mt__GetStatusListReply_Closure reply, void *call)
{
	(void)service;
	struct issuer_keys keys;
	struct signing_key key;
	const Mt__StatusListRecord *record = list_or_refuse(call, in);
	if (record == NULL)
		return;
	issuer_keys_read(call, record->school_id, SERIES_ISSUER, &keys);
	assert(keys.signs != NULL); /* issuer.c lets no institution with lists be without */
	Mt__GetStatusListReply out = MT__GET_STATUS_LIST_REPLY__INIT;
	out.changes = record->changes[in->purpose - 1] + keys.changes;
	/* A service that was restored counts again from fewer: the instant tells the two histories apart. */
	out.state = arena_format(call_arena(call), "%llu-%s", (unsigned long long)out.changes,
				 created_of(record, in->purpose, keys.signs->created_at));
	if (strcmp(in->known_state, out.state) == 0) {
		reply(&out, call);
		return;
	}
	if (!issuer_key_reopen(call, keys.signs, &key))
		return;
	struct public_url url = public_url_of(call, record->url_number);
	struct list list = {
		.record = record,
		.purpose = in->purpose,
		.url = arena_format(call_arena(call), "%s/v1/status-lists/%s/%u/%s", url.url, record->school_id,
				    record->number, purpose_names[in->purpose]),
		.did = issuer_did(call_arena(call), &url, record->school_id),
	};
	out.credential = (char *)signed_list(call, &list, &key);
	sodium_memzero(&key, sizeof(key));
	reply(&out, call);
}

Mt__StatusLists_Service status_lists = MT__STATUS_LISTS__INIT(status_lists_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
status_apply_given(struct apply *apply, const Mt__EditionRecord *edition)
{
	uint8_t given[sizeof(uint32_t)];
	struct key key = list_key(TABLE_STATUS_GIVEN, edition->school_id, edition->status_list);
	put_u32(given, number_at(apply_store(apply), &key) + 1);
	apply_put_bytes(apply, &key, slice_of(given, sizeof(given)));
}

static void
list_changed(struct apply *apply, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose, const char *at)
{
	struct key key = list_key(TABLE_STATUS_LIST, edition->school_id, edition->status_list);
	Mt__StatusListRecord *list = apply_record(apply, &key, &mt__status_list_record__descriptor);
	assert(list != NULL);
	assert(list->n_changes == PURPOSES);
	assert(list->n_changed_at == PURPOSES);
	list->changes[purpose - 1]++;
	list->changed_at[purpose - 1] = (char *)at;
	apply_put(apply, &key, &list->base);
}

void
status_apply_set(struct apply *apply, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose, bool on,
		 const char *at)
{
	enum { PIECE_ENTRIES = STATUS_PIECE_BYTES * 8 };
	struct slice row;
	uint8_t piece[STATUS_PIECE_BYTES] = {0};
	uint32_t within = edition->status_index % PIECE_ENTRIES;
	uint8_t mask = (uint8_t)(0x80 >> within % 8); /* bit 0 is the leftmost */
	struct key key =
		piece_key(edition->school_id, edition->status_list, purpose, edition->status_index / PIECE_ENTRIES);
	if (store_get(apply_store(apply), key_slice(&key), &row))
		memcpy(piece, row.data, sizeof(piece));
	bool was = (piece[within / 8] & mask) != 0;
	if (was == on)
		return;
	piece[within / 8] ^= mask;
	apply_put_bytes(apply, &key, slice_of(piece, sizeof(piece)));
	list_changed(apply, edition, purpose, at);
}

void
status_list_apply(struct apply *apply, const Mt__StatusListFact *fact)
{
	const Mt__StatusListRecord *list = fact->status_list_opened->list;
	struct key key = list_key(TABLE_STATUS_LIST, list->school_id, list->number);
	apply_put(apply, &key, &list->base);
}
