/* common/core/tree.h
 *
 * The authority tree as every node holds it, today's and what became of it: look-ups,
 * references resolved at a date, what was merged into what, whole subtrees.
 *
 * The functions with apply_ are called from apply only. */
#ifndef COMMON_CORE_TREE_H
#define COMMON_CORE_TREE_H

#include "common/core/call.h"

enum { SHARE_WHOLE = 1000000 }; /* share_millionths of all successors together */

/* --- who it is ---------------------------------------------------------------------------------------------------- */

/* The authority by id, CODE or LIST:VERSION:CODE, in the arena. NULL if unknown, or if a bare code stands for
 * different authorities in different lists (ambiguous is set then). */
const Mt__AuthorityRecord *
tree_find(const struct store *store, struct arena *arena, const char *reference, bool *ambiguous);
/* The same at a date: of authorities that share a bare code, the only one whose code is valid then.
 * DATE_NONE: without one. */
const Mt__AuthorityRecord *
tree_find_at(const struct store *store, struct arena *arena, const char *reference, int32_t date, bool *ambiguous);
/* Why a code is refused as ambiguous: a sentence that names both units with their list and version. */
const char *tree_ambiguous(const struct store *store, struct arena *arena, const char *reference);
/* The holder of exactly that code; false if there is none. */
bool
tree_code_holder(const struct store *store, const char *list, const char *version, const char *code, struct id *holder);
/* An authority by reference, a bare code resolved at that date; NULL and refused (by field). call_authority_ref
 * is the same today. */
const Mt__AuthorityRecord *call_authority_at(struct call *call, const char *field, const char *reference, int32_t date);

/* --- where it stands ---------------------------------------------------------------------------------------------- */

/* True if above is id itself or one of its ancestors. Both are ids. */
bool tree_covers(const struct store *store, const char *above, const char *id);
/* Moves id to its parent; false at the root and for an unknown id. */
bool tree_parent(const struct store *store, struct id *id);
/* The same in the tree of a month, which is that of its first day: where flows of that month belong. month as
 * date_month gives it; 0: today's tree. */
bool tree_parent_in(const struct store *store, struct id *id, uint32_t month);
/* The first month that belongs to the tree after a change on that day. */
uint32_t tree_first_month(int32_t effective_date);
/* How often it moved or was merged, at most AUTHORITY_MOVES_MAX. */
size_t tree_moves(const struct store *store, const char *authority_id);
/* The ids from the authority itself up to the root, at most TREE_DEPTH_MAX; count of them. */
size_t tree_path(const struct store *store, struct arena *arena, const char *id, const char *path[]);
/* The root, whose locality is 0 and which so is the first; NULL in an empty tree. */
const Mt__AuthorityRecord *tree_root(const struct store *store, struct arena *arena);
/* The whole tree in memory, from its rows; the arena is reset and used for each. */
struct tree_memory *tree_load(const struct store *store, struct arena *arena);
/* Prefix of the rows (child ids) below a parent, for pages; the id is the rest of the key. */
struct key tree_children_key(const char *parent_id);
/* The same for those that left the parent; the value is tree_last_day. */
struct key tree_former_key(const char *parent_id);
/* Of a row of those that left: the last day they stood there. */
int32_t tree_last_day(struct slice value);
/* Of a row below a parent: the day it came there by a move or a merger; DATE_NONE if it was registered there. */
int32_t tree_joined_on(struct slice value);

/* An authority and all below it, itself first; 0 if there are more than max. height: levels, 1 for one alone. */
size_t tree_subtree(const struct store *store, struct id top, struct id ids[], size_t max, unsigned *height);

/* Localities are the first bytes of ids and of most keys, so a range of them is a range of rows. */
struct locality_range {
	uint32_t first;
	uint32_t last;
};
/* The localities of all authorities at or below one, in order, neighbours joined, in the arena. False if there are
 * more than TREE_SUBTREE_MAX authorities. */
bool tree_subtree_localities(const struct store *store, struct arena *arena, const char *authority_id,
			     struct locality_range **ranges, size_t *count);

/* --- what became of it -------------------------------------------------------------------------------------------- */

/* An authority and whatever was merged into it, directly or by way of others, itself first; at most max of them
 * (TREE_MERGED_MAX is enough). Count; 0 only for what is no id. */
size_t tree_merged(const struct store *store, const char *authority_id, struct id ids[], size_t max);
/* True if to succeeds from, through any number of mergers and splits: a transfer between them was decreed. */
bool tree_decreed(const struct store *store, const char *from_id, const char *to_id);

/* What a change makes of a record: the same in apply and for a date to come. Texts of the change are shared. */
void authority_renamed(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityRenamed *fact);
void authority_moved(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityMoved *fact);
void authority_merged(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityMerged *fact);
void authority_split(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthoritySplit *fact);
void authority_coded(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityCoded *fact);

void apply_authority(struct apply *apply, const Mt__AuthorityRecord *authority);
void apply_authority_renamed(struct apply *apply, const Mt__AuthorityRenamed *fact);
void apply_authority_moved(struct apply *apply, const Mt__AuthorityMoved *fact);
void apply_authority_merged(struct apply *apply, const Mt__AuthorityMerged *fact);
void apply_authority_split(struct apply *apply, const Mt__AuthoritySplit *fact);
void apply_authority_coded(struct apply *apply, const Mt__AuthorityCoded *fact);

#endif
