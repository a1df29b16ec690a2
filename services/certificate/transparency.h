/* services/certificate/transparency.h
 *
 * The transparency log; see transparency.c and proto/matricula/transparency.proto. */
#ifndef SERVICES_CERTIFICATE_TRANSPARENCY_H
#define SERVICES_CERTIFICATE_TRANSPARENCY_H

#include "common/core/call.h"
#include "common/credential/merkle.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/transparency.pb-c.h"

enum { LOG_SALT_BYTES = 16, LOG_DATA_BYTES = 32, LOG_ENTRIES_MAX = 1000 };

/* Where a call's next leaves go. */
struct tlog_places {
	uint64_t next;
};

extern Mt__TransparencyLog_Service transparency_log;

/* Makes sure that the log has a key (emits IssuerKeyCreated before the first leaf). False and refused if not. Once a
 * call: leaves of one call share their places. */
bool tlog_begin(struct call *call, struct tlog_places *places);
/* Fills in index and data of a leaf whose other members are set; salt is LOG_SALT_BYTES, of the edition or of
 * leaf->salt. The hash is in the call's arena. */
void tlog_leaf(struct call *call, struct tlog_places *places, Mt__LogEntry *leaf, const uint8_t *salt);
/* The statement that a leaf hashes, canonical JSON, in the arena. */
struct slice tlog_statement(struct arena *arena, const Mt__LogEntry *leaf);

/* An edition's leaf, and the proof that it is in the log as it stands: what Inclusion answers and what is embedded in
 * what people keep. False and refused if its holder was erased, or the log has no leaf of it. */
bool tlog_inclusion(struct call *call, const Mt__EditionRecord *edition, Mt__InclusionReply *out);
/* The log's signed checkpoint, in the arena; NULL and refused while it is empty. */
const char *tlog_checkpoint(struct call *call);

/* The leaves of a certificate that keep a salt of their own: those of its editions keep none. In the arena. */
Mt__LogEntry **tlog_leaves_of(struct call *call, const char *certificate_id, size_t *count);

/* The tree as it stands: size and largest complete subtrees. */
void tlog_head(const struct store *store, struct merkle_frontier *head);

/* Appends the leaf to the tree; its index is the next one. */
void tlog_apply(struct apply *apply, const Mt__LogEntry *leaf);
/* The person's salts are no more: rows stay, and say nothing. While the certificate's editions are still there. */
void tlog_apply_erased(struct apply *apply, const char *certificate_id);

#endif
