/* common/core/access.h
 *
 * Who may call what. Every node keeps the authority tree and the access table in its
 * own state (enrollment as their owner, the others as mirrors), so each enforces roles
 * and scope itself, past any gateway.
 *
 * The tree and access functions with apply_ are called from apply only. */
#ifndef COMMON_CORE_ACCESS_H
#define COMMON_CORE_ACCESS_H

#include "common/core/call.h"
#include "common/core/tree.h"
#include "common/wire/rule.h"

#include "matricula/access.pb-c.h"

void apply_token_granted(struct apply *apply, const Mt__TokenRecord *token);
void apply_token_revoked(struct apply *apply, const ProtobufCBinaryData *token_hash);
void apply_door_key(struct apply *apply, const Mt__DoorKeyRecord *key);
void apply_door_key_removed(struct apply *apply, const char *door_key);

const Mt__TokenRecord *access_token(const struct store *store, struct arena *arena, struct slice token_hash);
struct key access_tokens_key(const char *authority_id); /* prefix of an authority's tokens; the hash is the rest */
struct key access_door_keys_key(void);                  /* prefix of all door keys; value DoorKeyRecord */
struct key access_door_key_key(const char *door_key);

#endif
