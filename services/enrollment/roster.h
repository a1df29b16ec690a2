/* services/enrollment/roster.h
 *
 * What the files of a roster share:
 *   roster.c          begin, take rows, finish; what a roster says of itself; apply
 *   roster_row.c      what becomes of one row
 *   roster_change.c   what in a row is new
 *   roster_fault.c    what is told of a row that is wrong, and in which words
 *   roster_compare.c  by timer: who is missing in a full roster; what has expired */
#ifndef SERVICES_ENROLLMENT_ROSTER_H
#define SERVICES_ENROLLMENT_ROSTER_H

#include "services/enrollment/enrollment.h"

enum {
	/* A call's facts: one a row, its own, and what two awaited staff codes let go. */
	ROSTER_ROWS_PER_CALL_MAX = 256,
	/* A hire under an awaited staff code decides what was parked for it. */
	ROSTER_AWAITED_FACTS = 2 * ARRIVALS_MAX * PARKED_PER_STAFF_CODE_MAX + 2,
	/* Rows that one fact may write for faults. */
	ROSTER_FAULTS_PER_CALL_MAX = 512,
	/* More than anybody repairs by hand; the rest is counted. */
	ROSTER_FAULTS_MAX = 10000,
	ROSTER_VALUE_BYTES_MAX = 64,
	ROSTER_COLUMN_BYTES_MAX = 32,
	/* Staff rows looked at, or rows deleted, in one step. */
	ROSTER_COMPARED_PER_CALL = 500,
	ROSTER_SWEPT_PER_CALL = 500,
	ROSTER_KEPT_DAYS = 90,
	ROSTER_DIGEST_BYTES = 32,
	/* A run of digits this long may be a citizen id or a phone number. */
	ROSTER_DIGITS_SHOWN_MAX = 8,
	ROSTER_DIGITS_LEFT = 3,
};

enum { ROSTER_SEEN_PLACES = 4 * ROSTER_ROWS_PER_CALL_MAX };

/* Rows on their way to a fact. */
struct roster_taking {
	struct call *call;
	const Mt__RosterFileRecord *roster;
	const Mt__AuthorityRecord *own; /* the roster's */
	const char *named;              /* the authority a row named last, and what it came to */
	const Mt__AuthorityRecord *named_authority;
	Mt__RosterCounts counts;
	size_t facts;  /* emitted at most */
	bool released; /* a row's hire let go what was parked: what that did to other staff codes, no row here sees */
	size_t faults_count;
	size_t faults_kept;
	Mt__RosterFault *faults[ROSTER_FAULTS_PER_CALL_MAX];
	size_t seen_count;
	Mt__RosterSeen *seen[ROSTER_ROWS_PER_CALL_MAX];
	const Mt__RosterSeen *places[ROSTER_SEEN_PLACES]; /* of them, by hash */
	uint32_t counted_locality;                        /* of the row that was counted last */
	size_t counted_count;
	struct id counted_at[ROSTER_ROWS_PER_CALL_MAX]; /* of the rows that show how fresh their province is */
};

/* --- roster.c --- */

struct key roster_key(const char *roster_id);
struct key roster_fault_key(const char *roster_id, uint32_t number);
struct key roster_seen_prefix(const char *roster_id);
struct key roster_seen_key(const char *roster_id, uint32_t locality, const char *staff_code);
const Mt__RosterFileRecord *roster_get(const struct call *call, const char *roster_id);
Mt__RosterFileRecord *roster_known(struct apply *apply, const char *roster_id); /* NULL if it expired */
struct key roster_of_key(uint32_t locality, const Mt__RosterFileRecord *roster);
void roster_put(struct apply *apply, const Mt__RosterFileRecord *roster);
/* Adds what a fact kept and counted. */
void roster_faults_put(struct apply *apply, Mt__RosterFileRecord *roster, Mt__RosterFault **faults, size_t kept,
		       size_t count);

/* --- roster_row.c --- */

/* Decides a row, emits its facts unless the roster is a dry run, and counts it. False, with nothing done, if it must
 * be decided in a call of its own: the facts it may bring do not fit any more, or an earlier row released others. */
bool roster_row(struct roster_taking *taking, const Mt__RosterRow *row);

/* --- roster_change.c --- */

/* Takes out of a change what the person has already; true if nothing is left. */
bool roster_change_drop(Mt__PersonChange *body, const Mt__PersonRecord *person);

/* --- roster_fault.c --- */

/* True if that is a column, or "". */
bool roster_column(const char *column);
bool roster_code(const char *code);
/* value may be NULL. */
void roster_fault(struct roster_taking *taking, uint32_t row, Mt__Roster__Severity severity, const char *column,
		  const char *code, const char *value);
/* A fault on its own, in the arena. */
Mt__RosterFault *
roster_fault_new(struct arena *arena, const char *roster_id, uint32_t row, Mt__Roster__Severity severity,
		 const char *column, const char *code, const char *value);
void roster_fault_words(struct arena *arena, Mt__RosterFault *fault);

/* --- roster_compare.c --- */

void roster_compare_next(struct apply *apply, const char *roster_id, const Mt__RosterCompareDue *due);
void roster_sweep_at(struct apply *apply, int64_t due_us, const char *roster_id, bool seen_only, struct slice after);
void roster_apply_compared(struct apply *apply, const Mt__RosterCompared *fact);
void roster_apply_swept(struct apply *apply, const Mt__RosterSwept *fact);

#endif
