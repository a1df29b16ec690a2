/* common/core/tree_memory.h
 *
 * The authority tree in memory, beside its rows: every scope check, every figure and
 * every event asks for it, and a nation's is half a megabyte. Built from the rows when
 * a node opens, kept up by apply_authority, and only ever a copy: a store without one (the
 * overlay of a dry run) reads the rows. */
#ifndef COMMON_CORE_TREE_MEMORY_H
#define COMMON_CORE_TREE_MEMORY_H

#include "common/base/id.h"
#include "common/core/store.h"

#include "matricula/authority.pb-c.h"

struct tree_memory;

struct tree_memory *tree_memory_new(void);
void tree_memory_free(struct tree_memory *tree); /* NULL is fine */

/* An authority is there, or is what it is now. record is copied. */
void
tree_memory_put(struct tree_memory *tree, struct id id, const struct id *parent, bool has_moved, struct slice record);
/* The code stands for it too, in some list and version. */
void tree_memory_put_code(struct tree_memory *tree, struct id id, const char *code);

/* False if the id is unknown. parent may be NULL; is_root tells that there is none. */
bool
tree_memory_get(const struct tree_memory *tree, struct id id, struct slice *record, struct id *parent, bool *is_root);
/* The record, unpacked when it is first asked for; NULL if the id is unknown. It lives as long as the tree, so it must
 * not be changed. */
const Mt__AuthorityRecord *tree_memory_record(struct tree_memory *tree, struct id id);
/* One was merged into it. */
void tree_memory_put_merged(struct tree_memory *tree, struct id into);
/* False if none ever was; true says that there may be some among its children. */
bool tree_memory_has_merged(const struct tree_memory *tree, struct id into);
/* True if it stood elsewhere once; its parent's row tells where. */
bool tree_memory_has_moved(const struct tree_memory *tree, struct id id);
/* False if the code is unknown; ambiguous if it stands for several. */
bool tree_memory_code(const struct tree_memory *tree, const char *code, struct id *id, bool *ambiguous);

#endif
