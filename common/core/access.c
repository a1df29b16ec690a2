/* common/core/access.c
 *
 * Who may call what, enforced by each node from its own mirror of the access table.
 * A principal is only a proof shown (a token's hash, a door key); what it stands for is
 * looked up here. Roles spelt out in a call are believed under the seal of a node or
 * of the operator alone. */
#include "common/core/access.h"

#include "common/base/text.h"
#include "common/core/impl.h"

#include <assert.h>
#include <stdio.h>

const struct caller caller_node = {.subject = "node", .roles = 1u << MT__ROLE__NODE, .everywhere = true};

static struct key
token_key(struct slice token_hash)
{
	struct key key = key_of(TABLE_TOKEN);
	key_bytes(&key, token_hash);
	return key;
}

struct key
access_tokens_key(const char *authority_id)
{
	struct id id;
	bool valid = id_parse(authority_id, &id);
	assert(valid);
	struct key key = key_of(TABLE_TOKEN_OF);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

struct key
access_door_keys_key(void)
{
	return key_of(TABLE_DOOR_KEY);
}

struct key
access_door_key_key(const char *door_key)
{
	struct key key = key_of(TABLE_DOOR_KEY);
	key_text(&key, door_key);
	return key;
}

const Mt__TokenRecord *
access_token(const struct store *store, struct arena *arena, struct slice token_hash)
{
	if (token_hash.size != HASH_BYTES)
		return NULL;
	struct key key = token_key(token_hash);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return NULL;
	const ProtobufCMessage *token = pb_unpack_trusted(&mt__token_record__descriptor, arena, value);
	assert(token != NULL);
	return (const Mt__TokenRecord *)token;
}

static void
access_changed(struct apply *apply)
{
	if (!apply->scratch)
		apply->node->access_version++;
	store_copies_changed(apply->store);
}

void
apply_token_granted(struct apply *apply, const Mt__TokenRecord *token)
{
	struct slice hash = slice_of(token->token_hash.data, token->token_hash.len);
	struct key key = token_key(hash);
	apply_put(apply, &key, &token->base);
	key = access_tokens_key(token->authority_id);
	key_bytes(&key, hash);
	apply_put_bytes(apply, &key, slice_text(""));
	access_changed(apply);
}

void
apply_token_revoked(struct apply *apply, const ProtobufCBinaryData *token_hash)
{
	struct slice hash = slice_of(token_hash->data, token_hash->len);
	const Mt__TokenRecord *token = access_token(apply->store, apply->arena, hash);
	if (token == NULL)
		return;
	struct key key = access_tokens_key(token->authority_id);
	key_bytes(&key, hash);
	apply_delete(apply, &key);
	key = token_key(hash);
	apply_delete(apply, &key);
	access_changed(apply);
}

void
apply_door_key(struct apply *apply, const Mt__DoorKeyRecord *record)
{
	struct key key = access_door_key_key(record->door_key);
	apply_put(apply, &key, &record->base);
	access_changed(apply);
}

void
apply_door_key_removed(struct apply *apply, const char *door_key)
{
	struct key key = access_door_key_key(door_key);
	apply_delete(apply, &key);
	access_changed(apply);
}

static void
caller_set(struct caller *caller, const char *subject, const char *authority)
{
	snprintf(caller->subject, sizeof(caller->subject), "%s", subject);
	snprintf(caller->authority, sizeof(caller->authority), "%s", authority);
}

/* A batch comes from one caller: its record is unpacked once. */
static bool
caller_remembered(const struct node *node, bool by_token, struct slice proof, struct caller *caller)
{
	if (node->caller_version != node->access_version || node->caller_by_token != by_token ||
	    !slice_equal(slice_of(node->caller_proof, node->caller_proof_size), proof))
		return false;
	*caller = node->caller;
	return true;
}

static void
caller_remember(struct node *node, bool by_token, struct slice proof, const struct caller *caller)
{
	if (proof.size == 0 || proof.size > CALLER_PROOF_BYTES_MAX)
		return;
	memcpy(node->caller_proof, proof.data, proof.size);
	node->caller_proof_size = proof.size;
	node->caller_by_token = by_token;
	node->caller = *caller;
	node->caller_version = node->access_version;
}

static bool
resolve_token(struct call *call, struct caller *caller, struct slice hash)
{
	struct node *node = call->node;
	if (!caller_remembered(node, true, hash, caller)) {
		const Mt__TokenRecord *token = access_token(&node->store, call->arena, hash);
		if (token == NULL) {
			call_refuse(call, MT__STATUS__UNAUTHENTICATED, "the token is unknown or revoked");
			return false;
		}
		caller_set(caller, token->subject, token->authority_id);
		caller->expires_us = token->expires_us;
		for (size_t i = 0; i < token->n_roles; i++)
			caller->roles |= 1u << token->roles[i];
		caller_remember(node, true, hash, caller);
	}
	if (caller->expires_us != 0 && caller->expires_us <= call->now_us) {
		call_refuse(call, MT__STATUS__UNAUTHENTICATED, "the token has expired");
		return false;
	}
	return true;
}

static bool
resolve_door_key(struct call *call, struct caller *caller, struct slice key_bytes_raw)
{
	if (caller_remembered(call->node, false, key_bytes_raw, caller))
		return true;
	const char *door_key = arena_text(call->arena, key_bytes_raw);
	struct key key = access_door_key_key(key_bytes_raw.size <= CODE_BYTES_MAX * 2 ? door_key : "");
	const Mt__DoorKeyRecord *record = call_record(call, &key, &mt__door_key_record__descriptor);
	if (record == NULL) {
		call_refuse(call, MT__STATUS__UNAUTHENTICATED, "the door key is not registered");
		return false;
	}
	caller_set(caller, record->door_key, record->authority_id);
	caller->roles = 1u << MT__ROLE__PROVINCE_SYSTEM;
	caller_remember(call->node, false, key_bytes_raw, caller);
	return true;
}

/* Under the operator's own key the call says for whom it acts; by default for the operator. */
static void
resolve_operator(struct call *call, struct caller *caller, const Mt__Principal *principal)
{
	bool ambiguous;
	const Mt__AuthorityRecord *authority = NULL;
	if (principal != NULL && principal->authority[0] != '\0')
		authority = tree_find(&call->node->store, call->arena, principal->authority, &ambiguous);
	caller_set(caller, principal != NULL && principal->subject[0] != '\0' ? principal->subject : "operator",
		   authority != NULL ? authority->authority_id : "");
	for (size_t i = 0; principal != NULL && i < principal->n_roles; i++)
		caller->roles |= 1u << principal->roles[i];
	if (caller->roles == 0)
		caller->roles = 1u << MT__ROLE__OPERATOR;
	caller->everywhere = authority == NULL && (caller->roles & 1u << MT__ROLE__OPERATOR) != 0;
}

/* What the gateway, the one process that faces the net, may ask in its own name. */
static bool
is_gateways_own(const char *method)
{
	return strcmp(method, "Node.Status") == 0 || strcmp(method, "Access.ListDoorKeys") == 0;
}

bool
access_resolve(struct call *call, struct caller *caller, enum key_kind kind, const Mt__Principal *principal)
{
	*caller = (struct caller){.roles = 0};
	bool has_token = principal != NULL && principal->token_hash.len > 0;
	bool has_door_key = principal != NULL && principal->door_key.len > 0;
	if (has_token)
		return resolve_token(call, caller, slice_of(principal->token_hash.data, principal->token_hash.len));
	if (has_door_key)
		return resolve_door_key(call, caller, slice_of(principal->door_key.data, principal->door_key.len));
	switch (kind) {
	case KEY_NODE:
		*caller = caller_node;
		break;
	case KEY_OPERATOR:
		resolve_operator(call, caller, principal);
		break;
	case KEY_GATEWAY:
		/* The gateway's own questions; anything else without a proof is a stranger. */
		if (principal != NULL && principal->n_roles == 1 && principal->roles[0] == MT__ROLE__NODE &&
		    is_gateways_own(call->method->rule->name))
			*caller = caller_node;
		break;
	}
	return true;
}

bool
access_allow_role(struct call *call)
{
	const struct rule *rule = call->method->rule;
	if (rule->kind != MT__KIND__COMMAND && rule->kind != MT__KIND__QUERY) {
		call_refuse(call, MT__STATUS__UNIMPLEMENTED, "method %s is not for callers", rule->name);
		return false;
	}
	if (rule->scope == MT__SCOPE__PUBLIC) {
		call->scoped = true;
		return true;
	}
	if (call->caller->roles == 0) {
		call_refuse(call, MT__STATUS__UNAUTHENTICATED, "method %s wants a bearer token", rule->name);
		return false;
	}
	if ((call->caller->roles & rule->roles) == 0) {
		call_refuse(call, MT__STATUS__PERMISSION_DENIED, "method %s is not for the caller's roles", rule->name);
		return false;
	}
	return true;
}

static bool
allow_field(struct call *call, const char *field, const ProtobufCMessage *request)
{
	const char *reference = pb_string(request, field);
	assert(reference != NULL);
	const Mt__AuthorityRecord *authority = call_authority_ref(call, field, reference);
	return authority != NULL && call_scope(call, authority->authority_id);
}

bool
access_allow_scope(struct call *call, const ProtobufCMessage *request)
{
	const struct rule *rule = call->method->rule;
	switch (rule->scope) {
	case MT__SCOPE__PUBLIC:
	case MT__SCOPE__ANY:
		call->scoped = true;
		return true;
	case MT__SCOPE__FIELD:
		return allow_field(call, rule->scope_field, request);
	case MT__SCOPE__SELF_OR:
		call_is_self(call, pb_string(request, rule->scope_field));
		return true;
	case MT__SCOPE__HANDLER:
		return true;
	case MT__SCOPE__SCOPE_UNSET:
		break;
	}
	assert(!"a rule without a scope does not build");
	return false;
}
