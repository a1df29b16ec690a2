/* common/core/tree_impl.h
 *
 * What the tree's own files share, and nobody else: the shapes of its rows. */
#ifndef COMMON_CORE_TREE_IMPL_H
#define COMMON_CORE_TREE_IMPL_H

#include "common/core/tree.h"

enum {
	/* A child's row is empty where it was registered; else how it came (enum child_kind), and the day, 4 bytes. */
	CHILD_ROW_BYTES = 1 + 4,
	/* A parent's row: the parent's id, empty for the root; then, the latest first, each former parent's id and the
	   last day there, 4 bytes. */
	FORMER_BYTES = ID_BYTES + 4,
	/* A code's row: the holder's id, the first and the last day, 4 bytes each. */
	CODE_ROW_BYTES = ID_BYTES + 4 + 4,
};

enum child_kind { CHILD_MOVED = 1, CHILD_MERGED = 2 };

struct tree_memory;

struct key tree_key(uint8_t table, struct id id);
const Mt__AuthorityRecord *tree_get(const struct store *store, struct arena *arena, struct id id);
/* The record and its codes join the tree in memory. */
void tree_remember(const struct store *store, struct tree_memory *tree, const Mt__AuthorityRecord *authority,
		   struct slice record);
struct key tree_code_key(const char *code, const char *list, const char *version);

#endif
