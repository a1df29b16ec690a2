/* common/core/impl.h
 *
 * The inside of a node, shared by the files of this folder and by nobody else. Each
 * part below is owned by the file named beside it; others read it. */
#ifndef COMMON_CORE_IMPL_H
#define COMMON_CORE_IMPL_H

#include "common/base/buf.h"
#include "common/base/random.h"
#include "common/core/access.h"
#include "common/core/call.h"
#include "common/core/crash.h"
#include "common/core/node.h"
#include "common/core/personal.h"
#include "common/core/tables.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include "matricula/figures.pb-c.h"

enum { CALLER_PROOF_BYTES_MAX = 64 }; /* of a token's hash or a door key; longer ones are looked up each time */

/* A method this node answers: protobuf-c's handler and the rule from its .proto. */
struct method {
	const struct rule *rule;
	ProtobufCService *service;
	unsigned index; /* within the service */
};

/* Who calls, after looking up what the principal proved. */
struct caller {
	char subject[SUBJECT_BYTES_MAX + 1];
	char authority[ID_TEXT_BYTES];
	uint32_t roles;     /* 1 << Mt__Role; 0: nobody signed in */
	bool everywhere;    /* a node or the operator's own key: covers every authority */
	int64_t expires_us; /* 0: never */
};

/* queue.c: bytes waiting to be decided. */
struct queued {
	struct queued *next;
	int64_t received_us; /* monotonic */
	size_t route_size;
	size_t frame_size;
	uint8_t bytes[]; /* route, then frame */
};

/* Queries change nothing, so they need not wait for what stands before them: they have a lane of their own. */
enum lane_kind { LANE_QUERIES, LANE_CALLS, LANES };

struct lane {
	struct queued *first;
	struct queued **last;
	/* The frame being worked off, a call at a time; NULL: none. Its calls are read in place. */
	struct queued *under_way;
	struct frame frame;
	size_t at; /* within frame */
	enum key_kind kind;
	struct buf replies; /* so far, of that frame */
	uint64_t saw_seq;   /* and what they saw, see call_saw */
};

struct queue {
	struct lane lanes[LANES];
	size_t frames; /* of both lanes, without those under way */
	size_t bytes;
};

/* replies.c: frames waiting for the disk. */
struct waiting {
	struct waiting *next;
	uint64_t seq; /* leaves once this is durable */
	int64_t received_us;
	size_t route_size;
	size_t frame_size;
	uint8_t bytes[];
};

struct replies {
	struct waiting *first;
	struct waiting **last;
	size_t bytes;
	uint32_t latency[64]; /* histogram: buckets of a quarter octave from 16 us, since the last status */
};

/* park.c: long polls. */
enum park_on { PARK_ON_JOURNAL, PARK_ON_FIGURES };

struct parked {
	struct parked *next;
	enum park_on on;
	int64_t until_us; /* monotonic */
	struct caller caller;
	size_t route_size;
	size_t call_size;
	enum key_kind kind;
	uint8_t bytes[]; /* route, then the call */
};

/* journal.c: the chain, and the two batches. */
struct head {
	uint64_t incarnation;
	uint64_t seq;
	uint8_t hash[HASH_BYTES];
	int64_t time_us;
	uint64_t facts;
	int32_t zone_minutes;
};

struct batch {
	uint64_t first_seq;
	uint32_t count;
	size_t *sizes;
	struct buf bytes;
};

/* follow.c */
enum feed_state { FEED_IDLE, FEED_ASKED, FEED_ARRIVED, FEED_STOPPED };

struct feed {
	const struct producer *producer;
	enum feed_state state;
	uint64_t tag;     /* of the request under way */
	int64_t retry_us; /* monotonic: ask again if nothing came by then */
	uint64_t incarnation;
	uint64_t seq; /* followed up to here */
	uint8_t hash[HASH_BYTES];
	uint64_t recorded_seq; /* the journal holds this position */
	uint64_t head_seq;     /* of the producer, as last heard */
	/* Kinds of facts that nothing here reacts to, and those whose reactions look at nothing personal: see
	 * JournalReadRequest. */
	uint32_t *passes;
	size_t passes_count;
	uint32_t *without_personal;
	size_t without_personal_count;
	struct buf arrived; /* frame of the reply */
	char reason[160];   /* when stopped */
};

/* figures.c: sums of the batch, and what changed lately. */
struct figure_sum {
	uint16_t metric;
	uint8_t category_size;
	bool used;
	uint32_t month;
	int64_t delta;     /* counted at the authority itself */
	int64_t inherited; /* counted below it; filled in when the batch is settled */
	uint8_t authority[ID_BYTES];
	char category[CODE_BYTES_MAX];
};

struct figure_change {
	uint64_t seq;
	uint8_t key_size;
	uint8_t key[80];
};

struct figures {
	struct figure_sum *sums; /* open addressing */
	uint16_t *sums_used;     /* their places, in order of arrival */
	size_t sums_capacity;
	size_t sums_count;
	struct figure_change *changes; /* ring; key_size 0: a newer change of the same row follows */
	uint64_t *newest;              /* by hash of the key: where its newest change may stand */
	uint64_t changes_count;        /* ever; the newest is at (count - 1) % FIGURES_WATCHED_MAX */
	uint64_t changes_since_seq;    /* older positions are told to reset */
	bool changed;                  /* since the watchers were last woken */
	int64_t woken_us;              /* monotonic */
};

/* SHA-256 of an entry's facts; followers ask for entries that were just written. */
struct facts_hash {
	uint64_t seq; /* 0: none */
	uint8_t hash[HASH_BYTES];
};

/* The ids of the person who was asked for last, see persons.c. */
struct persons_known {
	struct id of; /* by which he was asked for */
	size_t count; /* 0: nobody's are known */
	struct id ids[PERSON_IDS_MAX];
};

struct node {
	struct node_config config;
	const struct module *module;
	const struct world *world;

	struct method *methods; /* sorted by name */
	size_t methods_count;

	struct store store;
	struct recent *recent;
	struct head head; /* of what is applied */
	uint64_t durable_seq;
	uint64_t flushed_seq;

	struct queue queue;
	struct replies replies;
	struct parked *parked;
	size_t parked_count;
	struct feed feeds[PRODUCERS_MAX];
	size_t feeds_count;
	struct figures figures;
	uint8_t token_key[KEYED_KEY_BYTES];
	struct personal *personal; /* large: it stays in a block of its own */
	struct persons_known persons_known;

	struct facts_hash *facts_hashes; /* of the newest entries, by seq % FACTS_HASHES_KEPT */
	struct batch filling;
	struct batch committing;
	struct journal_batch committed; /* what the world holds of committing until node_committed */
	bool commit_under_way;
	int64_t commit_retry_us; /* monotonic; 0: no retry is due */

	struct arena_pages pages; /* of the memtable that was flushed last, for the next one */
	uint64_t memtable_bytes_max;
	uint64_t frozen_seq;
	bool flush_under_way;
	int64_t top_since_us; /* monotonic: first write to the top */
	int64_t flush_began_us;
	int64_t flush_took_us; /* the last one */
	int64_t flush_retry_us;

	uint64_t space_reserve;
	int64_t space_checked_us;
	bool space_short;

	bool opened;
	bool draining;
	uint64_t replay_to; /* journal head at open */

	int64_t timer_due_us;    /* wall: the first timer row is not before this */
	struct key timers_from;  /* there is no timer row before this; size 0: not known */
	struct key saved_gone;   /* saved replies up to this are deleted; size 0: not known */
	uint64_t access_version; /* moves when the access table does */
	uint64_t caller_version;
	/* The caller resolved last, by token or door key, valid while the versions agree. */
	uint8_t caller_proof[CALLER_PROOF_BYTES_MAX];
	size_t caller_proof_size;
	bool caller_by_token;
	struct caller caller;

	struct arena call_arena;
	struct arena feed_arena; /* a followed batch: ours, so without the limit that guards against strangers */
	struct arena apply_arena;
	struct buf reply_frame;
	struct buf send_frame;
	struct random random;
	uint64_t next_tag;

	struct {
		uint64_t calls, refusals, facts, journal_bytes, commits, flushes, overloads, timers_fired,
			refused_reactions;
	} counts;
};

enum call_state { CALL_OPEN, CALL_REPLIED, CALL_REFUSED, CALL_PARKED };

struct emitted {
	struct emitted *next;
	struct slice bytes;         /* packed as the service's two-level fact */
	const struct piece *pieces; /* what is sealed in it, in order; NULL for one that was read from the journal */
};

struct call {
	struct node *node;
	struct arena *arena;
	const struct store *store;
	const struct method *method;
	const struct caller *caller;
	int64_t now_us;
	enum call_state state;
	bool scoped; /* the authority was checked, or needs no check */
	bool may_park;
	bool saw_all;     /* it told more than rows: of the node itself, as it is now */
	bool from_node;   /* another service asks: it may read personal data */
	bool slots_short; /* no slot was left for a new subject: it ends UNAVAILABLE */
	bool text_broken; /* a fact holds text that no follower would read: it ends INTERNAL */
	struct subject_new *subjects;
	uint32_t park_ms;
	enum park_on park_on;
	Mt__Status status;
	const char *message;
	const char *field;
	struct slice reply;
	struct emitted *facts;
	struct emitted **facts_last;
	uint32_t facts_count;
};

struct apply {
	struct node *node;
	struct store *store;
	struct arena *arena;
	int64_t time_us;
	uint64_t seq;
	uint32_t index; /* of the fact within its entry */
	bool scratch;   /* a dry run: nothing outside the store is touched */
};

/* An outcome on its way into the journal. Facts may be applied as they come (a followed
 * batch, whose reactions see each other's effects); entry_commit applies the rest. */
struct entry {
	Mt__EntryHeader header;
	struct emitted *facts;
	struct emitted **facts_last;
	struct emitted **unapplied; /* where the facts not applied yet begin */
	uint32_t facts_count;
	uint32_t applied_count;
	struct slice reply;
};

/* node.c */
int64_t node_now_us(const struct node *node); /* entry time: never goes back */
bool node_may_decide(struct node *node);      /* room in the batch, in the memtable, on the disk */
void node_wake_in(struct node *node, int64_t ms);
/* A core fact of the node's own, in an entry of its own. */
void node_commit_own(struct node *node, const ProtobufCMessage *fact);

/* methods.c */
void methods_collect(struct node *node);
const struct method *methods_find(const struct node *node, const char *name);
const struct method *methods_reaction(const struct node *node, const ProtobufCMessageDescriptor *fact);

/* queue.c */
void queue_init(struct queue *queue);
bool queue_push(struct queue *queue, enum lane_kind lane, struct slice route, struct slice frame, int64_t received_us);
/* The lane's next frame is under way. False if there is none. */
bool queue_take(struct queue *queue, enum lane_kind lane);
/* The frame under way is through. */
void queue_done(struct queue *queue, enum lane_kind lane);
bool queue_is_idle(const struct queue *queue); /* nothing waits or is under way */
void queue_clear(struct queue *queue);

/* replies.c */
void replies_add(struct node *node, struct slice route, struct slice frame, uint64_t seq, int64_t received_us);
void replies_send(struct node *node, struct slice route, struct slice frame, int64_t received_us); /* at once */
void replies_release(struct node *node);
void replies_clear(struct replies *replies);
void replies_latency(struct replies *replies, uint64_t out[3]); /* p50, p99, highest; begins anew */

/* park.c */
bool park_add(struct node *node, struct slice route, struct slice call, enum key_kind kind, const struct call *from);
void park_wake(struct node *node, enum park_on on);
void park_expire(struct node *node);
int64_t park_next_us(const struct node *node); /* INT64_MAX if none */
void park_clear(struct node *node);

/* dispatch.c */
/* Where a frame waits: with the queries if it holds nothing else. */
enum lane_kind dispatch_lane(const struct node *node, struct slice frame);
/* Decides the next call of a lane; false if there is none. */
bool dispatch_next(struct node *node, enum lane_kind lane);
/* A call that was parked is tried again; it answers now if last. */
void dispatch_parked(struct node *node, struct parked *parked, bool last);
void dispatch_refuse_frame(struct node *node, struct slice route, struct slice frame, Mt__Status status,
			   const char *message);
/* Decides with nothing outside: reactions and timers. False if refused. */
bool dispatch_internal(struct node *node, struct call *call, const struct method *method, const void *input);
/* True if the query of the precondition answers the caller now with what is asked for; refused if not. */
bool precondition_holds(struct call *call, const Mt__Precondition *precondition);
/* Up to where the journal must be durable before anybody is told what the call saw; it saw all up to there. */
uint64_t call_saw(const struct call *call);
void call_begin(struct call *call, struct node *node, const struct method *method, const struct caller *caller);
extern const struct caller caller_node;

/* journal.c */
void entry_begin(struct node *node, struct entry *entry);     /* takes the next seq and the time */
void entry_add(struct entry *entry, const struct call *call); /* the call's facts join the entry */
void entry_apply(struct node *node, struct store *store, bool scratch, struct entry *entry);
/* Applies what is left and appends the entry; its sequence number is node->head.seq afterwards. */
void entry_commit(struct node *node, struct entry *entry);
/* Applies the next entry of the journal during opening; fatal if the chain is broken. */
void entry_replay(struct node *node);
void journal_begin_commit(struct node *node);
void journal_commit_batch(struct node *node); /* the one under way, for the first time or again */
void journal_init(struct node *node);
void journal_clear(struct node *node);
struct entry_parts {
	struct slice header, facts, reply, hash;
	struct slice reply_hash, facts_hash; /* of an entry as served; facts_hash in place of the facts */
	size_t personal_count;               /* of an entry as served, see entry_personal */
};
bool entry_split(struct slice bytes, struct entry_parts *parts);
/* The texts of an entry's sealed parts, in the arena; parts->personal_count of them. */
struct slice *entry_personal(struct arena *arena, struct slice bytes, const struct entry_parts *parts);
/* An entry of this journal, durable or still on its way; valid until the next entry. */
bool entry_read(struct node *node, uint64_t seq, struct entry_parts *parts);
/* Of the facts of entry seq, which the caller has read. */
void entry_facts_hash(const struct node *node, uint64_t seq, struct slice facts, uint8_t out[HASH_BYTES]);
void entry_hash(const uint8_t previous[HASH_BYTES], struct slice header, const uint8_t facts_hash[HASH_BYTES],
		const uint8_t reply_hash[HASH_BYTES], uint8_t out[HASH_BYTES]);
/* The facts of an encoded FactList, in the arena; count of them. */
size_t facts_split(struct arena *arena, struct slice list, struct slice **facts);
/* Takes the first fact off the list; false at its end. */
bool facts_next(struct slice *list, struct slice *fact);
extern Mt__Journal_Service journal_service;

/* saved.c */
enum saved_hit { SAVED_NONE, SAVED_SAME, SAVED_OTHER };
enum saved_hit
saved_find(struct call *call, const char *call_id, const uint8_t request_hash[HASH_BYTES], struct slice *reply);
void saved_apply(struct apply *apply, const Mt__EntryHeader *header);

/* follow.c */
void feeds_init(struct node *node);
void feeds_clear(struct node *node);
void feeds_pump(struct node *node); /* asks where nothing is under way */
bool feeds_work(struct node *node); /* one arrived batch; true if there was one */
void feeds_receive(struct node *node, unsigned peer, struct slice frame);
int64_t feeds_next_us(const struct node *node);
void feed_apply_position(struct apply *apply, const Mt__Position *position);
void feed_apply_rejoined(struct apply *apply, const Mt__FeedRejoined *fact);

/* timer.c */
bool timers_fire(struct node *node); /* the first due one; false if none is due */
void timer_apply_fired(struct apply *apply, struct slice key);

/* figures.c */
void figures_init(struct figures *figures);
void figures_free(struct figures *figures);
void figures_begin(struct node *node); /* after opening: changes count from here */
/* Writes the batch's sums into the store, as changes of the entry seq. */
void figures_settle(struct node *node, uint64_t seq);
/* An authority goes, with all below it, from one parent to another: its stocks, and its flows from that month on,
 * leave those above the one and join those above the other. Before the tree changes. */
void figures_move(struct apply *apply, struct id top, struct id from, struct id to, uint32_t first_month);
/* The prefix of an authority's rows, and of a metric's unless that is 0. */
struct key figures_key(uint8_t table, struct id authority, uint16_t metric);
struct memtable;
/* Adds up the flows counted at exactly the authorities at or below one, into rows of metric, category, month.
 * metric 0: all. False if that is more than *budget rows, which is lowered by those read. */
bool figures_sum_own(const struct store *store, struct id top, uint16_t metric, struct memtable *sums, size_t *budget);
/* Tells the watchers what changed, at most every FIGURES_WATCH_MS. */
void figures_wake(struct node *node);
extern Mt__Figures_Service figures_service;

/* flush.c */
void flush_maybe(struct node *node);
bool flush_leaves_room(struct node *node);

/* access.c */
bool access_resolve(struct call *call, struct caller *caller, enum key_kind kind, const Mt__Principal *principal);
bool access_allow_role(struct call *call);
bool access_allow_scope(struct call *call, const ProtobufCMessage *request);

/* erase.c */
void erasure_apply(struct apply *apply, const Mt__SubjectErased *fact);

/* status.c */
extern Mt__Node_Service node_service;
void refused_apply(struct apply *apply, const Mt__ReactionRefused *fact);
void refused_apply_settled(struct apply *apply, const Mt__RefusedReactionSettled *fact);

/* fact.c */
/* The packed two-level fact of a leaf of this type; asserts that the service has it. */
struct slice fact_wrap(const struct module *module, struct arena *arena, const ProtobufCMessage *leaf);
/* Opens a packed fact of that root: the leaf's type and bytes. False if root does not know it. */
bool fact_open(const ProtobufCMessageDescriptor *root, struct slice fact, const ProtobufCMessageDescriptor **leaf,
	       struct slice *bytes);
/* The field numbers of noun and kind, noun << 16 | kind, without knowing the root; 0 if the bytes are no fact. */
uint32_t fact_kind(struct slice fact);
/* One of the module's facts_closed. */
bool fact_stays_closed(const struct module *module, struct slice fact);
/* A node's own: what it mirrors or notes about itself. Nobody else reacts to it. */
bool fact_is_core(const ProtobufCMessageDescriptor *root, struct slice fact);

#endif
