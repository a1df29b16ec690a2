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
#include "common/wire/rule.h"

#include "matricula/access.pb-c.h"

/* The authority by id or by code (current list), in the arena. NULL if unknown, or if the
 * code stands for different authorities in different lists (ambiguous is set then). */
const Mt__AuthorityRecord *
tree_find(const struct store *store, struct arena *arena, const char *reference, bool *ambiguous);
/* True if above is id itself or one of its ancestors. Both are ids. */
bool tree_covers(const struct store *store, const char *above, const char *id);
/* Moves id to its parent; false at the root and for an unknown id. */
bool tree_parent(const struct store *store, struct id *id);
/* The ids from the authority itself up to the root, at most TREE_DEPTH_MAX; count of them. */
size_t tree_path(const struct store *store, struct arena *arena, const char *id, const char *path[]);
/* The root, whose locality is 0 and which so is the first; NULL in an empty tree. */
const Mt__AuthorityRecord *tree_root(const struct store *store, struct arena *arena);
/* The whole tree in memory, from its rows; the arena is reset and used for each. */
struct tree_memory *tree_load(const struct store *store, struct arena *arena);
/* Prefix of the rows (child ids) below a parent, for pages; the id is the rest of the key. */
struct key tree_children_key(const char *parent_id);

void apply_authority(struct apply *apply, const Mt__AuthorityRecord *authority);
void apply_token_granted(struct apply *apply, const Mt__TokenRecord *token);
void apply_token_revoked(struct apply *apply, const ProtobufCBinaryData *token_hash);
void apply_door_key(struct apply *apply, const Mt__DoorKeyRecord *key);
void apply_door_key_removed(struct apply *apply, const char *door_key);

const Mt__TokenRecord *access_token(const struct store *store, struct arena *arena, struct slice token_hash);
struct key access_tokens_key(const char *authority_id); /* prefix of an authority's tokens; the hash is the rest */
struct key access_door_keys_key(void);                  /* prefix of all door keys; value DoorKeyRecord */
struct key access_door_key_key(const char *door_key);

#endif
