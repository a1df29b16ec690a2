/* common/host/ledger.h
 *
 * Who was erased, in KEYS/NAME.erasures, one "SUBJECT SLOT DATE" a line: outside the data
 * folder and outside its backups, so that a backup older than an erasure cannot bring the
 * person back. It names ids and dates, nothing else. */
#ifndef COMMON_HOST_LEDGER_H
#define COMMON_HOST_LEDGER_H

#include "common/core/world.h"
#include "common/host/error.h"

struct ledger;

/* Opens or makes the file, and reads it. A last line that a crash cut short is dropped. */
struct ledger *ledger_open(const char *path, struct host_error *error);
void ledger_close(struct ledger *ledger); /* NULL is fine */

/* As it was when it was opened; slots of then. */
const struct slot_erasure *ledger_all(const struct ledger *ledger, size_t *count);

/* Appends those that say so, and syncs. Any thread, one at a time. */
enum outcome
ledger_append(const struct ledger *ledger, const struct slot_erasure *erasures, size_t count, int64_t now_us);

#endif
