/* services/enrollment/access.c
 *
 * Who may come in: API tokens and door keys, each standing for roles in one authority.
 * Whoever grants a token makes it and sends its SHA-256 only, so nothing read from here
 * opens anything. The rows are kept by the core, here and mirrored in every other node,
 * which is how a revocation acts everywhere within seconds.
 *
 * Promise: a token reaches no further than the operator who granted it, carries roles of
 * the closed list only (never NODE), ends within ten years, and, where it speaks for a
 * person, that person serves in its authority or below. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/core/tables.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	TOKEN_ID_BYTES = 8, /* the beginning of the hash, in hex */
	SUBJECT_HASH_BYTES = 4,
};

static const char Z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

static char *
token_id_text(struct arena *arena, const ProtobufCBinaryData *token_hash)
{
	char *text = arena_alloc(arena, 2 * TOKEN_ID_BYTES + 1);
	text_hex(slice_of(token_hash->data, TOKEN_ID_BYTES), text);
	return text;
}

static bool
roles_check(struct call *call, const Mt__GrantTokenRequest *in, uint32_t *roles)
{
	*roles = 0;
	for (size_t i = 0; i < in->n_roles; i++) {
		unsigned role = (unsigned)in->roles[i];
		if (role < MT__ROLE__PROVINCE_SYSTEM || role > MT__ROLE__PRIVACY_OFFICER || role == MT__ROLE__NODE) {
			call_refuse_field(call, "roles", "role %u is not granted to tokens", role);
			return false;
		}
		*roles |= 1u << role;
	}
	if (*roles == 0)
		call_refuse_field(call, "roles", "roles is missing");
	return *roles != 0;
}

/* Whom the token speaks for; NULL and refused. An id must be that of a person within its reach. */
static const char *
subject_check(struct call *call, const Mt__GrantTokenRequest *in, const Mt__AuthorityRecord *authority, uint32_t roles)
{
	bool is_learner = (roles & 1u << MT__ROLE__LEARNER) != 0;
	const char *subject = call_text(call, "subject", in->subject, SUBJECT_BYTES_MAX, !is_learner);
	if (subject == NULL)
		return NULL;
	struct id id;
	if (id_parse(subject, &id)) {
		const Mt__PersonRecord *person = person_get(call, id);
		if (person != NULL && tree_covers(call_store(call), authority->authority_id, person->authority_id))
			return subject;
		call_refuse_field(call, "subject", "person %s does not serve in authority %s or below", subject,
				  authority->code);
		return NULL;
	}
	if (is_learner) {
		call_refuse_field(call, "subject", "subject of a learner's token is a person id");
		return NULL;
	}
	if (subject[0] != '\0')
		return subject;
	char hex[2 * SUBJECT_HASH_BYTES + 1];
	text_hex(slice_of(in->token_hash.data, SUBJECT_HASH_BYTES), hex);
	return arena_format(call_arena(call), "token:%s", hex);
}

static void
access_grant_token(Mt__Access_Service *service, const Mt__GrantTokenRequest *in, Mt__GrantTokenReply_Closure reply,
		   void *call)
{
	(void)service;
	uint32_t roles;
	if (in->token_hash.len != HASH_BYTES) {
		call_refuse_field(call, "token_hash", "token_hash is not the %d bytes of a SHA-256", HASH_BYTES);
		return;
	}
	if (!roles_check(call, in, &roles))
		return;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	const char *subject = subject_check(call, in, authority, roles);
	if (subject == NULL)
		return;
	uint32_t days = in->days == 0 ? TOKEN_DAYS_DEFAULT : in->days;
	if (days > TOKEN_DAYS_MAX) {
		call_refuse_field(call, "days", "days is %u, at most %d are granted", days, TOKEN_DAYS_MAX);
		return;
	}
	struct slice hash = slice_of(in->token_hash.data, in->token_hash.len);
	char *token_id = token_id_text(call_arena(call), &in->token_hash);
	if (access_token(call_store(call), call_arena(call), hash) != NULL) {
		call_refuse(call, MT__STATUS__ALREADY_EXISTS, "token %s is granted already", token_id);
		return;
	}

	Mt__TokenRecord record = MT__TOKEN_RECORD__INIT;
	Mt__Role granted[MT__ROLE__PRIVACY_OFFICER];
	record.roles = granted;
	for (unsigned role = MT__ROLE__PROVINCE_SYSTEM; role <= MT__ROLE__PRIVACY_OFFICER; role++) {
		if ((roles & 1u << role) != 0)
			granted[record.n_roles++] = (Mt__Role)role;
	}
	record.token_hash = in->token_hash;
	record.authority_id = authority->authority_id;
	record.subject = (char *)subject;
	record.granted_us = call_now_us(call);
	record.expires_us = record.granted_us + days * DAY_US;
	Mt__TokenGranted fact = MT__TOKEN_GRANTED__INIT;
	fact.token = &record;
	call_emit(call, &fact.base);

	Mt__GrantTokenReply out = MT__GRANT_TOKEN_REPLY__INIT;
	out.token_id = token_id;
	reply(&out, call);
}

static const Mt__TokenRecord *
token_or_refuse(struct call *call, const char *token_id)
{
	uint8_t begin[TOKEN_ID_BYTES];
	if (!text_from_hex(token_id, begin, sizeof(begin))) {
		call_refuse_field(call, "token_id", "token_id is not %d hex digits", 2 * TOKEN_ID_BYTES);
		return NULL;
	}
	struct key prefix = key_of(TABLE_TOKEN);
	key_bytes(&prefix, slice_of(begin, sizeof(begin)));
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	if (!store_walk_next(&walk)) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "token %s is unknown or revoked", token_id);
		return NULL;
	}
	const ProtobufCMessage *token = pb_unpack_trusted(&mt__token_record__descriptor, call_arena(call), walk.value);
	assert(token != NULL);
	if (store_walk_next(&walk)) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "token id %s stands for two tokens", token_id);
		return NULL;
	}
	return (const Mt__TokenRecord *)token;
}

static void
access_revoke_token(Mt__Access_Service *service, const Mt__RevokeTokenRequest *in, Mt__RevokeTokenReply_Closure reply,
		    void *call)
{
	(void)service;
	const Mt__TokenRecord *token = token_or_refuse(call, in->token_id);
	if (token == NULL || !call_scope(call, token->authority_id))
		return;
	Mt__TokenRevoked fact = MT__TOKEN_REVOKED__INIT;
	fact.token_hash = token->token_hash;
	call_emit(call, &fact.base);
	Mt__RevokeTokenReply out = MT__REVOKE_TOKEN_REPLY__INIT;
	reply(&out, call);
}

static void
access_list_tokens(Mt__Access_Service *service, const Mt__ListTokensRequest *in, Mt__ListTokensReply_Closure reply,
		   void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	struct page page;
	struct key prefix = access_tokens_key(authority->authority_id);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		struct slice hash = slice_of(page.walk.key.data + prefix.size, page.walk.key.size - prefix.size);
		const Mt__TokenRecord *token = access_token(call_store(call), call_arena(call), hash);
		assert(token != NULL);
		if (token->expires_us <= call_now_us(call))
			continue;
		Mt__TokenView *view = (Mt__TokenView *)pb_new(&mt__token_view__descriptor, call_arena(call));
		view->token_id = token_id_text(call_arena(call), &token->token_hash);
		view->n_roles = token->n_roles;
		view->roles = token->roles;
		view->authority_id = token->authority_id;
		view->subject = token->subject;
		view->expires_at = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
		instant_format(token->expires_us, view->expires_at);
		page_add(&page, view);
	}
	Mt__ListTokensReply out = MT__LIST_TOKENS_REPLY__INIT;
	out.tokens = (Mt__TokenView **)page.items;
	out.n_tokens = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static bool
door_key_check(struct call *call, const char *door_key)
{
	if (strlen(door_key) == DOOR_KEY_BYTES && strspn(door_key, Z85) == DOOR_KEY_BYTES)
		return true;
	call_refuse_field(call, "door_key", "door_key is not a CURVE public key of %d characters of Z85",
			  DOOR_KEY_BYTES);
	return false;
}

static const Mt__DoorKeyRecord *
door_key_get(const struct call *call, const char *door_key)
{
	struct key key = access_door_key_key(door_key);
	return call_record(call, &key, &mt__door_key_record__descriptor);
}

static void
access_register_door_key(Mt__Access_Service *service, const Mt__RegisterDoorKeyRequest *in,
			 Mt__RegisterDoorKeyReply_Closure reply, void *call)
{
	(void)service;
	if (!door_key_check(call, in->door_key))
		return;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	const char *name = call_text(call, "name", in->name, NAME_BYTES_MAX, true);
	if (name == NULL)
		return;
	Mt__RegisterDoorKeyReply out = MT__REGISTER_DOOR_KEY_REPLY__INIT;
	const Mt__DoorKeyRecord *there = door_key_get(call, in->door_key);
	if (there != NULL) {
		if (strcmp(there->authority_id, authority->authority_id) != 0 || strcmp(there->name, name) != 0)
			call_refuse(call, MT__STATUS__ALREADY_EXISTS, "door key %s is registered with other content",
				    in->door_key);
		else
			reply(&out, call);
		return;
	}
	Mt__DoorKeyRecord record = MT__DOOR_KEY_RECORD__INIT;
	record.door_key = in->door_key;
	record.authority_id = authority->authority_id;
	record.name = (char *)name;
	Mt__DoorKeyRegistered fact = MT__DOOR_KEY_REGISTERED__INIT;
	fact.key = &record;
	call_emit(call, &fact.base);
	reply(&out, call);
}

static void
access_remove_door_key(Mt__Access_Service *service, const Mt__RemoveDoorKeyRequest *in,
		       Mt__RemoveDoorKeyReply_Closure reply, void *call)
{
	(void)service;
	if (!door_key_check(call, in->door_key))
		return;
	const Mt__DoorKeyRecord *there = door_key_get(call, in->door_key);
	if (there == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "door key %s is not registered", in->door_key);
		return;
	}
	if (!call_scope(call, there->authority_id))
		return;
	Mt__DoorKeyRemoved fact = MT__DOOR_KEY_REMOVED__INIT;
	fact.door_key = in->door_key;
	call_emit(call, &fact.base);
	Mt__RemoveDoorKeyReply out = MT__REMOVE_DOOR_KEY_REPLY__INIT;
	reply(&out, call);
}

static void
access_list_door_keys(Mt__Access_Service *service, const Mt__ListDoorKeysRequest *in,
		      Mt__ListDoorKeysReply_Closure reply, void *call)
{
	(void)service;
	struct page page;
	struct key prefix = access_door_keys_key();
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		ProtobufCMessage *record =
			pb_unpack_trusted(&mt__door_key_record__descriptor, call_arena(call), page.walk.value);
		assert(record != NULL);
		page_add(&page, record);
	}
	Mt__ListDoorKeysReply out = MT__LIST_DOOR_KEYS_REPLY__INIT;
	out.keys = (Mt__DoorKeyRecord **)page.items;
	out.n_keys = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static void
access_whoami(Mt__Access_Service *service, const Mt__WhoamiRequest *in, Mt__WhoamiReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__WhoamiReply out = MT__WHOAMI_REPLY__INIT;
	Mt__Role roles[MT__ROLE__PRIVACY_OFFICER];
	out.roles = roles;
	for (unsigned role = MT__ROLE__PROVINCE_SYSTEM; role <= MT__ROLE__PRIVACY_OFFICER; role++) {
		if (call_has_role(call, (Mt__Role)role))
			roles[out.n_roles++] = (Mt__Role)role;
	}
	out.subject = (char *)call_subject(call);
	out.authority_id = (char *)call_authority(call);
	reply(&out, call);
}

Mt__Access_Service access_handlers = MT__ACCESS__INIT(access_);

void
access_apply(struct apply *apply, const Mt__AccessFact *fact)
{
	switch (fact->kind_case) {
	case MT__ACCESS_FACT__KIND_TOKEN_GRANTED:
		apply_token_granted(apply, fact->token_granted->token);
		return;
	case MT__ACCESS_FACT__KIND_TOKEN_REVOKED:
		apply_token_revoked(apply, &fact->token_revoked->token_hash);
		return;
	case MT__ACCESS_FACT__KIND_DOOR_KEY_REGISTERED:
		apply_door_key(apply, fact->door_key_registered->key);
		return;
	case MT__ACCESS_FACT__KIND_DOOR_KEY_REMOVED:
		apply_door_key_removed(apply, fact->door_key_removed->door_key);
		return;
	case MT__ACCESS_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an access fact of no kind");
}
