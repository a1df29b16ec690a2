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
	/* Journal.Read: one reply. */
	JOURNAL_READ_BYTES_MAX = 4 << 20,
	/* Long polls held open: gateways ask once for all their clients. */
	PARKED_CALLS_MAX = 4096,
	LONG_POLL_MS_MAX = 30000,
	CALL_DEADLINE_MS_DEFAULT = 10000,
	CALL_DEADLINE_MS_MAX = 60000,
	/* A fact writes a bounded number of rows; more is a sequence of facts driven by a timer. */
	FACTS_PER_CALL_MAX = 1024,
	/* Due timers handled before calls get their turn again. */
	TIMERS_PER_RUN_MAX = 64,
	/* Saved replies deleted with one entry, once they are a day old. */
	SAVED_EXPIRED_PER_ENTRY_MAX = 8,
	SAVED_DAYS = 1,
	CALL_ID_BYTES_MAX = 80,
	SUBJECT_BYTES_MAX = 64,
	/* VN, province, commune, agency, division: five today. */
	TREE_DEPTH_MAX = 8,
	NAME_BYTES_MAX = 256,
	CODE_BYTES_MAX = 32,
	TEXT_BYTES_MAX = 4096,
	PAGE_SIZE_DEFAULT = 100,
	PAGE_SIZE_MAX = 1000,
	PAGE_ROWS_LOOKED_MAX = 20000,
	/* Figures whose change is remembered for Watch; older readers are told to start again. */
	FIGURES_WATCHED_MAX = 65536,
	FIGURES_PER_REPLY_MAX = 10000,
	/* A feed that finds its producer away tries again after this. */
	FEED_RETRY_MS = 500,
	FEED_WAIT_MS = 10000,
	/* Nodes listed in one deployment that one node follows. */
	PRODUCERS_MAX = 8,
	/* No further commit is tried for this long after the disk said full. */
	NO_SPACE_RETRY_MS = 500,
};

#endif
