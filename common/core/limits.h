/* common/core/limits.h
 *
 * Every limit of the house: a name, a unit, a reason. What goes beyond one is refused
 * by name, never dropped in silence and never queued without end. */
#ifndef COMMON_CORE_LIMITS_H
#define COMMON_CORE_LIMITS_H

enum {
	/* A door batch of 1,000 events of 1 KiB fits several times; ZeroMQ cuts off beyond. */
	FRAME_BYTES_MAX = 8 << 20,
	/* The published size of a batch. */
	FRAME_CALLS_MAX = 1000,
	/* One call's request: a class list of 1,000, an exam of 200 questions. */
	REQUEST_BYTES_MAX = 1 << 20,
	/* protobuf-c amplifies 34-57 times in the worst case; a megabyte of honest request needs about 4. */
	CALL_ARENA_BYTES_MAX = 16 << 20,
	/* Work waiting to be decided: some 100 ms at full rate. */
	QUEUE_FRAMES_MAX = 16384,
	QUEUE_BYTES_MAX = 64 << 20,
	/* Replies waiting for the disk; beyond it deciding stops until a commit returns. */
	REPLIES_WAITING_BYTES_MAX = 64 << 20,
	/* Entries gathered while a commit is under way. */
	JOURNAL_BATCH_BYTES_MAX = 16 << 20,
	JOURNAL_BATCH_ENTRIES_MAX = 65536,
	/* The facts of one entry: a followed batch and its effects. */
	FACTS_BYTES_MAX = 2 * FRAME_BYTES_MAX,
	/* Hashes of the newest entries' facts, kept for who follows: a tenth of a second of events, and a follower that
	 * keeps up is not that far behind. */
	FACTS_HASHES_KEPT = 4096,
	/* Journal.Read: one reply. */
	JOURNAL_READ_BYTES_MAX = 4 << 20,
	/* Long polls held open: gateways ask once for all their clients. */
	PARKED_CALLS_MAX = 4096,
	LONG_POLL_MS_MAX = 30000,
	CALL_DEADLINE_MS_DEFAULT = 10000,
	CALL_DEADLINE_MS_MAX = 60000,
	/* A fact writes a bounded number of rows; more is a sequence of facts driven by a timer. */
	FACTS_PER_CALL_MAX = 1024,
	/* Free slots of keys that timers, and the reactions to one entry, find before they begin: no more new
	 * subjects than facts. Commands may use up the rest. */
	SLOTS_RESERVE = 2 * FACTS_PER_CALL_MAX,
	/* Keys destroyed in one step, and rows of erased subjects looked at for them. */
	ERASURES_AT_ONCE = 256,
	ERASURES_LOOKED_MAX = 4096,
	/* A memtable that holds an erasure is flushed after this, so that the key goes soon. */
	ERASURE_AGE_MS_MAX = 1000,
	/* Due timers handled before calls get their turn again. */
	TIMERS_PER_RUN_MAX = 64,
	/* Saved replies deleted with one entry, once they are a day old. */
	SAVED_EXPIRED_PER_ENTRY_MAX = 8,
	SAVED_DAYS = 1,
	CALL_ID_BYTES_MAX = 80,
	/* Of the hash of a reply that a precondition names: nobody has a reason to look for two that are alike. */
	PRECONDITION_HASH_BYTES = 8,
	TRACE_ID_BYTES_MAX = 16,
	SUBJECT_BYTES_MAX = 64,
	/* VN, province, commune, agency, division: five today. */
	TREE_DEPTH_MAX = 8,
	/* One call that walks a whole subtree: the nation's 3,400 places with ten bodies each. */
	TREE_SUBTREE_MAX = 65536,
	/* Steps from a predecessor to its successors and theirs, in one look-up. */
	TREE_SUCCESSION_MAX = 1024,
	/* Predecessors that are read with an authority: the 300 communes a large province may come to. */
	TREE_MERGED_MAX = 1024,
	/* Of one authority: a list version every few years, in a few lists. */
	AUTHORITY_CODES_MAX = 32,
	/* Changes of place of one authority: they are looked through for each figure of the past. */
	AUTHORITY_MOVES_MAX = 32,
	/* Splits of a body into more than this are several changes. */
	AUTHORITY_SUCCESSORS_MAX = 64,
	NAME_BYTES_MAX = 256,
	CODE_BYTES_MAX = 32,
	/* LIST:VERSION:CODE */
	REFERENCE_BYTES_MAX = 3 * CODE_BYTES_MAX + 2,
	TEXT_BYTES_MAX = 4096,
	PAGE_SIZE_DEFAULT = 100,
	PAGE_SIZE_MAX = 1000,
	PAGE_ROWS_LOOKED_MAX = 20000,
	/* Records merged into one: as many as one person's record reads at a fold. */
	MERGED_PER_PERSON_MAX = 16,
	PERSON_IDS_MAX = MERGED_PER_PERSON_MAX + 1,
	/* Beyond this a page ends early, so that no list grows past a frame. */
	PAGE_ARENA_BYTES_MAX = 2 << 20,
	/* Figures whose change is remembered for Watch; older readers are told to start again. */
	FIGURES_WATCHED_MAX = 65536,
	FIGURES_PER_REPLY_MAX = 10000,
	/* Read for one answer with units=now: a year of one metric of every commune, within 100 ms of the loop. */
	FIGURES_OWN_ROWS_MAX = 100000,
	/* A dashboard is told within this; many changes of one figure then cost one row. */
	FIGURES_WATCH_MS = 25,
	/* Kinds of facts of one service: about 150 today. */
	FACT_KINDS_MAX = 1024,
	/* What a follower asks for at once: some milliseconds of work. */
	FEED_READ_BYTES = 256 << 10,
	/* Entries without effect that a feed may pass before it records how far it came. Recording each
	 * would let two nodes that follow each other answer empty entries with empty entries for ever. */
	FEED_UNRECORDED_MAX = 1000,
	/* After a batch that was not full a feed rests, so that a follower does not wake for every commit. */
	FEED_REST_MS = 10,
	/* A feed whose producer is not connected looks again after this. */
	FEED_AWAY_MS = 50,
	/* A feed that finds its producer away tries again after this. */
	FEED_RETRY_MS = 500,
	FEED_WAIT_MS = 1000,
	/* Nodes listed in one deployment that one node follows. */
	PRODUCERS_MAX = 8,
	/* No further commit is tried for this long after the disk said full. */
	NO_SPACE_RETRY_MS = 500,
	/* Free space is looked up this often. */
	SPACE_CHECK_MS = 200,
	/* A node wakes at least this often, so that a jump of the wall clock is noticed. */
	TICK_MS_MAX = 1000,
	/* A memtable older than this is flushed even if it is small: memory at rest stays low. */
	MEMTABLE_AGE_MS_MAX = 10000,
	/* Of the memory budget: top and frozen memtable a half each. The larger, the fewer pages are written
	 * again and again: with a quarter each, and a flush every 65,536 entries, new people in order wrote 107 KB an
	 * event instead of 2. LMDB's own dirty pages come on top while a flush goes on: up to 512 MiB. */
	MEMTABLE_BUDGET_SHARE = 2,
	MEMTABLE_BYTES_MIN = 1 << 20,
	/* Entries that make a memtable worth flushing, however small it is: what lies behind the state is replayed
	 * after a kill, some 50,000 entries a second. */
	MEMTABLE_ENTRIES_MAX = 262144,
	/* A paced loop looks again after this whether it may go on. */
	PACE_US = 1000,
	/* Commands refused with UNAVAILABLE or RESOURCE_EXHAUSTED may be tried again after this. */
	RETRY_AFTER_S = 1,
};

#endif
