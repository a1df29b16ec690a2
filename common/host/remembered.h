/* common/host/remembered.h
 *
 * What the state answered since its last flush, by key, the absence of a row too: it does
 * not change until the next one, and a search of the tree on disk costs as much as the rest
 * of many a look-up. A fixed number of places, each for the newest key that falls on it. */
#ifndef COMMON_HOST_REMEMBERED_H
#define COMMON_HOST_REMEMBERED_H

#include "common/base/slice.h"

struct remembered;

struct remembered *remembered_new(void);
void remembered_free(struct remembered *remembered);

/* True if the answer is known: then value is the row, or its data is NULL if there is none. */
bool remembered_find(const struct remembered *remembered, struct slice key, struct slice *value);
/* The value is not copied: it must stand until remembered_forget. Keys too long are passed over. */
void remembered_note(struct remembered *remembered, struct slice key, struct slice value);
void remembered_forget(struct remembered *remembered);

#endif
