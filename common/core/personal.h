/* common/core/personal.h
 *
 * Personal data inside facts and records, sealed by the core so that no service has to
 * know. A message type is personal if it has the field `bytes sealed = 15`; wherever one
 * stands in a fact or a record, it is stored with that field alone, and what a service is
 * handed has all others and not that one. Whose it is says the nearest message around it
 * with a string field sealed_for or person_id.
 *
 *   subject.c   which slot of keys a subject has; the keys
 *   personal.c  messages: sealing what is packed, opening what was unpacked; personal_find.c: where in them
 *   erase.c     destroying a key, and making sure that a backup does not bring it back
 *
 * Erased personal data comes out with all fields empty. */
#ifndef COMMON_CORE_PERSONAL_H
#define COMMON_CORE_PERSONAL_H

#include "common/base/codec.h"
#include "common/core/limits.h"
#include "common/core/sealed.h"
#include "common/core/store.h"
#include "common/core/world.h"

#include <protobuf-c/protobuf-c.h>

struct apply;
struct call;
struct node;

enum {
	PERSONAL_TYPES_MAX = 2048, /* message types met by one node, three times over; a power of two */
	PERSONAL_WAYS_MAX = 1024,  /* their fields that lead to something personal, several times over */
	SUBJECTS_CACHED = 1024,
	SLOT_KEYS_CACHED = 256,
	/* What was sealed last is opened and sealed again at once: a fact is emitted, applied, and put
	 * into a record. A step of issuing makes 100 facts. */
	SEALED_CACHED = 128,
	/* Of one fact and the records that it is applied to. */
	OPENED_MAX = 8,
	SEALED_CACHED_BYTES_MAX = 384, /* a name, dates and addresses; longer ones are computed anew */
	SLOT_NEVER = UINT32_MAX,       /* of a subject that was erased before it had one */
};

enum personal_verdict { PERSONAL_NOT, PERSONAL_HOLDS, PERSONAL_IS };

/* A field of a message that is personal, or leads to something that is. */
struct personal_way {
	const ProtobufCFieldDescriptor *field;
	const struct personal_type *type; /* of what it holds */
};

struct personal_type {
	const ProtobufCMessageDescriptor *descriptor; /* NULL: a free place */
	enum personal_verdict verdict;
	uint16_t ways_count;
	const struct personal_way *ways; /* in the order of the descriptor; found once, walked for every message */
	const ProtobufCFieldDescriptor *sealed;     /* of one that is personal */
	const ProtobufCFieldDescriptor *subject[2]; /* sealed_for, person_id; or NULL */
};

enum subject_state { SUBJECT_NEW, SUBJECT_KNOWN, SUBJECT_ERASED };

struct subject {
	enum subject_state state;
	uint32_t slot;
};

struct subject_cached {
	struct id id;
	struct subject subject; /* SUBJECT_NEW: there is no row; a hire asks twice before it writes one */
	bool used;
};

struct slot_key_cached {
	bool used;
	uint32_t slot;
	uint8_t key[SEALED_KEY_BYTES];
};

/* A text and what it seals to, found by either. */
struct sealed_cached {
	const ProtobufCMessageDescriptor *type; /* NULL: free */
	struct id subject;
	uint16_t text_size;
	uint16_t sealed_size;
	uint8_t text[SEALED_CACHED_BYTES_MAX];
	uint8_t sealed[SEALED_CACHED_BYTES_MAX];
};

/* One part of a fact that was sealed when it was emitted: applied a moment later it need not be opened. */
struct piece {
	const struct piece *next;
	struct slice text;
	struct slice sealed;
};

/* A message that came out of sealed bytes while a fact is applied: what it was then, and those bytes. */
struct opened {
	const ProtobufCMessage *message;
	const ProtobufCMessage *then;
	struct slice sealed;
	struct id subject;
};

/* A subject that a call gave a slot to; it counts once a fact of the call is applied. */
struct subject_new {
	struct subject_new *next;
	struct id id;
	uint32_t slot;
};

struct personal {
	struct personal_type types[PERSONAL_TYPES_MAX];
	struct personal_way ways[PERSONAL_WAYS_MAX];
	size_t ways_count;
	struct subject_cached subjects[SUBJECTS_CACHED];
	struct slot_key_cached keys[SLOT_KEYS_CACHED];
	struct sealed_cached sealed[SEALED_CACHED];
	struct opened opened[OPENED_MAX]; /* in the arena of the fact being applied */
	size_t opened_count;
	uint8_t sealed_by_text[SEALED_CACHED]; /* by subject, type and size of the text: its place above */
	uint32_t slots_next;                   /* the first that no applied fact uses */
	bool making_slots;
	int64_t slots_retry_us; /* monotonic; 0: none is due */

	bool erasures_waiting;    /* rows of TABLE_ERASED behind erased_upto may have a key left */
	uint64_t erased_last_seq; /* the newest of them that is for good */
	struct key erased_upto;   /* rows up to here are done; size 0: none */
	struct key erasing_upto;
	bool erasing;
	int64_t erase_retry_us; /* monotonic */
	struct slot_erasure erasures[ERASURES_AT_ONCE];
	size_t erasures_count;
};

/* --- subject.c --- */

struct subject subject_find(const struct node *node, const struct store *store, struct id id);
/* The slot that a call seals for a subject with; false if nothing may be sealed: the subject was
 * erased, or there is no slot left, which ends the call UNAVAILABLE (call->slots_short). */
bool subject_slot(struct call *call, struct id id, uint32_t *slot);
/* A fact being applied carries something sealed for the subject in this slot. */
void subject_note(struct apply *apply, struct id id, uint32_t slot);
void subject_erase(struct apply *apply, struct id id, bool for_good);
/* The slot's key; false if it was destroyed. */
bool subject_key(struct node *node, uint32_t slot, uint8_t key[SEALED_KEY_BYTES]);
/* True if a batch of reactions, or a timer, will find the slots it may need. */
bool slots_leave_room(const struct node *node);
void slots_pump(struct node *node); /* asks for more in time */
/* Slots that the state uses and the world does not have are fatal. */
void slots_check(const struct node *node);

/* --- personal.c, personal_find.c --- */

enum personal_verdict personal_verdict(struct node *node, const ProtobufCMessageDescriptor *type);
/* In a decision: the message as a fact holds it, sealed; its own parts where there is something to seal, in order, as
 * pieces in the call's arena unless that is NULL. */
const ProtobufCMessage *
personal_sealed(struct call *call, const ProtobufCMessage *message, const struct piece **pieces);
/* The same in apply, for a record. */
const ProtobufCMessage *personal_sealed_again(struct apply *apply, const ProtobufCMessage *message);
/* Opens a message of this node's own journal or state in place. Fatal if one does not open. */
void personal_open(struct node *node, const struct store *store, struct arena *arena, ProtobufCMessage *message);
/* Leaves it closed in a record, and remembers it for when the record is put back. */
void personal_keep(struct apply *apply, ProtobufCMessage *record);
/* Unpacks and opens; NULL if the bytes are corrupt. */
ProtobufCMessage *personal_unpack(struct node *node, const struct store *store, struct arena *arena,
				  const ProtobufCMessageDescriptor *type, struct slice bytes);
/* Another fact is going to be applied: what the last one opened is gone. */
void personal_next(struct node *node);
/* Notes the subjects of what is sealed in a fact that is applied. */
void personal_note(struct apply *apply, ProtobufCMessage *fact);
/* The same, and opens it; pieces as personal_sealed gave them for this very fact, NULL if it came from the journal. */
void personal_take(struct apply *apply, ProtobufCMessage *fact, const struct piece *pieces);
/* The same of a fact that stays closed: what is put into a record of it is put there as it is. */
void personal_take_closed(struct apply *apply, ProtobufCMessage *fact);

/* For followers: the plain text of each sealed part of a fact, in order; empty where it was erased. */
struct personal_texts {
	struct node *node;
	struct arena *arena;
	struct slice *list;
	size_t count;
	size_t capacity;
	size_t bytes;
};
void personal_texts_add(struct personal_texts *texts, ProtobufCMessage *fact);
/* For those that want none of it: the fact as if all that is sealed in it had been erased. */
void personal_strip(struct node *node, struct arena *arena, ProtobufCMessage *fact);
/* The way back, in a fact of another node: takes as many of the texts as it has sealed parts. False
 * if they do not fit. */
bool personal_fill(struct node *node, struct arena *arena, ProtobufCMessage *fact, const struct slice *texts,
		   size_t texts_count, size_t *texts_used);
/* Nothing sealed or opened lately is remembered. */
void personal_forget(struct node *node);

/* --- erase.c --- */

void erasures_init(struct node *node);   /* at open: looks at all erased subjects again */
void erasures_ledger(struct node *node); /* after the replay: erases again what a backup brought back */
void erasures_pump(struct node *node);
bool erasures_hurry(const struct node *node); /* a flush would let a key be destroyed */

#endif
