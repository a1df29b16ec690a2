/* services/certificate/transparency.h
 *
 * The transparency log; see transparency.c and proto/matricula/transparency.proto. */
#ifndef SERVICES_CERTIFICATE_TRANSPARENCY_H
#define SERVICES_CERTIFICATE_TRANSPARENCY_H

#include "common/core/call.h"

#include "matricula/transparency.pb-c.h"

enum { LOG_SALT_BYTES = 16, LOG_DATA_BYTES = 32 };

/* Where a call's next leaves go. */
struct tlog_places {
	uint64_t next;
};

extern Mt__TransparencyLog_Service transparency_log;

/* Makes sure that the log has a key (emits IssuerKeyCreated before the first leaf). False and refused if not. */
bool tlog_begin(struct call *call, struct tlog_places *places);
/* Fills in index and data of a leaf whose other members are set; salt is LOG_SALT_BYTES, of the edition or of
 * leaf->salt. The hash is in the call's arena. */
void tlog_leaf(struct call *call, struct tlog_places *places, Mt__LogEntry *leaf, const uint8_t *salt);
/* The statement that a leaf hashes, canonical JSON, in the arena. */
struct slice tlog_statement(struct arena *arena, const Mt__LogEntry *leaf);

/* Appends the leaf to the tree; its index is the next one. */
void tlog_apply(struct apply *apply, const Mt__LogEntry *leaf);
/* The person's salts are no more: rows stay, and say nothing. */
void tlog_apply_erased(struct apply *apply, const char *certificate_id);

#endif
