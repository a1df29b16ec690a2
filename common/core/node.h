/* common/core/node.h
 *
 * A node: one running service. It turns frames of calls into decisions, facts into
 * state and journal entries, and durable entries into replies. It follows other
 * nodes' journals. All of it runs on one thread and never waits; see world.h.
 *
 *   frames in -> decide (reads state) -> facts -> apply (memtable) -> journal -> replies out
 *
 * Order of opening: state, then journal (the hash at the state's seq must match),
 * replay of the tail in silence, then followers, then calls. */
#ifndef COMMON_CORE_NODE_H
#define COMMON_CORE_NODE_H

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "common/core/figures.h"
#include "common/core/world.h"
#include "common/wire/rule.h"

#include "matricula/journal.pb-c.h"
#include "matricula/node.pb-c.h"

struct apply;
struct node;

/* Another service whose journal this one follows. */
struct producer {
	const char *name;                        /* "enrollment" */
	const ProtobufCMessageDescriptor *facts; /* its fact type, a two-level oneof */
};

/* What a service is made of; one constant for each, in its service.c. */
struct module {
	const char *name;
	const ProtobufCMessageDescriptor *facts; /* the service's fact type */
	ProtobufCService *const *handlers;       /* NULL-terminated: nouns, reactions, timers */
	void (*apply)(struct apply *apply, const ProtobufCMessage *fact);
	/* Facts of which apply reads nothing personal, but only passes it on into rows: it is not opened for that.
	 * Ends with NULL; NULL: there are none. */
	const ProtobufCMessageDescriptor *const *facts_closed;
	const struct producer *follows; /* ends with a NULL name; the index is world's peer number */
	const struct metric *metrics;   /* ends with number 0 */
	/* Empties every row that holds something personal of the subject, before its key is destroyed: what
	 * is left must not depend on it. Also run by the core when a backup brought an erased subject back,
	 * whose rows need not be there. NULL: there are none. */
	void (*erase)(struct apply *apply, const char *subject_id);
	uint32_t apply_version; /* raised when apply would build other rows from the same facts */
};

enum key_kind { KEY_GATEWAY, KEY_NODE, KEY_OPERATOR };

/* A shared key of one pair: who seals with it, and under which number it is known to both. */
struct seal_key {
	uint32_t key_id;
	enum key_kind kind;
	uint8_t key[SEAL_KEY_BYTES];
};

struct node_config {
	const struct module *module;
	const struct world *world;
	const struct seal_key *keys; /* whose seals are accepted */
	size_t keys_count;
	const struct seal_key *peer_keys;  /* one for each of module->follows, for what this node sends */
	uint64_t memory_bytes;             /* budget of the whole node */
	uint64_t space_reserve_bytes;      /* commands are refused below it; 0: derived from the budget */
	const uint8_t *secret;             /* 32 bytes, of this service in this deployment; see call_secret */
	const struct slot_erasure *ledger; /* who was erased here, ever; stays until node_opened */
	size_t ledger_count;
	bool restored;          /* the journal came from a backup: go on under a new incarnation */
	int zone_minutes;       /* of the deployment; recorded in the first entry, later ones obey the record */
	const char *public_url; /* where the world reaches the deployment, "https://host"; "" or NULL in trial mode */
};

struct node *node_new(const struct node_config *config);
void node_free(struct node *node);

/* Reads state and journal heads; fatal if they do not belong together. The tail is then
 * replayed by node_run, in silence and within its budget; calls are refused UNAVAILABLE
 * until node_opened. */
void node_open(struct node *node);
bool node_opened(const struct node *node);

/* A frame from a caller. Copied; refused at once with RESOURCE_EXHAUSTED when the queue is full. */
void node_receive(struct node *node, struct slice route, struct slice frame);
/* A frame from the peer of that index. */
void node_receive_reply(struct node *node, unsigned peer, struct slice frame);

/* Handles queued work until there is none, or budget_us of monotonic time went by.
 * True if more is waiting and may go on now. */
bool node_run(struct node *node, int64_t budget_us);

/* The batch given to journal_commit is durable, or could not be written. */
void node_committed(struct node *node, enum outcome outcome);
void node_flushed(struct node *node, enum outcome outcome);
/* The same of slots_more and slots_erase. */
void node_slots_made(struct node *node, enum outcome outcome);
void node_slots_erased(struct node *node, enum outcome outcome);

/* Timers, long polls that ran out, feeds that retry. Asked for by world->wake_at. */
void node_tick(struct node *node);

/* Refuses new calls, finishes what it has; node_drained when all is durable and answered. */
void node_drain(struct node *node);
bool node_drained(const struct node *node);
/* Open and neither draining nor out of space. */
bool node_ready(const struct node *node);

/* For tests, verify and status. node_reveal opens what is sealed in a fact or record of this node. */
void node_reveal(struct node *node, struct arena *arena, ProtobufCMessage *message);
const struct store *node_store(const struct node *node);
uint64_t node_seq(const struct node *node);
uint64_t node_durable_seq(const struct node *node);
void node_status(struct node *node, struct arena *arena, Mt__NodeStatus *status);

#endif
