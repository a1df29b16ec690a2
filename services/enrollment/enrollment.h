/* services/enrollment/enrollment.h
 *
 * What the files of this service share, and nobody else: the handler tables, the
 * apply cases of each noun, and the look-ups one noun offers to another. Look-ups
 * answer NULL or false when there is nothing; those named _or_refuse end the call. */
#ifndef SERVICES_ENROLLMENT_ENROLLMENT_H
#define SERVICES_ENROLLMENT_ENROLLMENT_H

#include "common/core/access.h"
#include "common/core/call.h"
#include "services/enrollment/metrics.h"
#include "services/enrollment/tables.h"

#include "matricula/enrollment_service.pb-c.h"

enum {
	/* A CloudEvents source is a short path, its id a UUID or a counter. */
	EVENT_SOURCE_BYTES_MAX = 256,
	EVENT_ID_BYTES_MAX = 128,
	EVENT_TIME_BYTES_MAX = 64,
	EVENT_HASH_BYTES = 16,
	/* Events that wait for one staff code: a person's first week, out of order. */
	PARKED_PER_STAFF_CODE_MAX = 16,
	/* Staff codes whose parked events one call releases: a chain of transfers, each waiting for the one before. */
	ARRIVALS_MAX = 8,
	/* A working life of transfers. */
	STAFF_CODES_MAX = 64,
	/* A year of a part-time programme. */
	SESSIONS_MAX = 200,
	SESSION_MINUTES_MAX = 1440,
	/* The largest simultaneous classes known are some tens of thousands. */
	SEATS_MAX = 100000,
	/* Closing a class withdraws everyone who waits, in one entry of FACTS_PER_CALL_MAX facts. */
	WAITLIST_MAX = 1000,
	/* Each mark may bring a warning and a result: 1,001 facts. */
	MARKS_PER_CALL_MAX = 500,
	/* One fact a person, and the one that goes on. */
	SETTLED_PER_CALL_MAX = 500,
	PROGRAMME_HOURS_MAX = 10000,
	TOKEN_DAYS_DEFAULT = 365,
	TOKEN_DAYS_MAX = 3660,
	DOOR_KEY_BYTES = 40, /* 32 bytes in Z85 */
};

/* --- service.c: keys and scope ------------------------------------------------------------------------------------ */

/* Of an id that we wrote ourselves; asserts that it is one. */
struct id id_known(const char *text);
char *id_text(struct arena *arena, struct slice bytes);
struct key key_of_id(uint8_t table, struct id id);
struct key key_of_ids(uint8_t table, struct id first, struct id second);
/* True if the caller has one of these roles, each as 1u << MT__ROLE__... */
bool caller_has(const struct call *call, uint32_t roles);
/* A way to be allowed: having one of the roles and covering the authority. */
struct scope_way {
	uint32_t roles;
	const char *authority_id;
};
/* True if one of the ways is open to the caller; else refuses. */
bool scope_one_of(struct call *call, const struct scope_way *ways, size_t count);

/* --- the handler tables ------------------------------------------------------------------------------------------- */

extern Mt__Access_Service access_handlers;
extern Mt__Authorities_Service authorities_handlers;
extern Mt__Persons_Service persons_handlers;
extern Mt__Events_Service events_handlers;
extern Mt__Programmes_Service programmes_handlers;
extern Mt__Classes_Service classes_handlers;
extern Mt__Enrolments_Service enrolments_handlers;
extern Mt__EnrolmentReactions_Service enrolment_reactions_handlers;
extern Mt__EnrolmentTimers_Service enrolment_timers_handlers;
extern Mt__Attendance_Service attendance_handlers;

/* --- the apply cases ---------------------------------------------------------------------------------------------- */

void access_apply(struct apply *apply, const Mt__AccessFact *fact);
void authority_apply(struct apply *apply, const Mt__AuthorityFact *fact);
void person_apply(struct apply *apply, const Mt__PersonFact *fact);
void event_apply(struct apply *apply, const Mt__EventFact *fact);
void programme_apply(struct apply *apply, const Mt__ProgrammeFact *fact);
void class_apply(struct apply *apply, const Mt__ClassFact *fact);
void enrolment_apply(struct apply *apply, const Mt__EnrolmentFact *fact);
void attendance_apply(struct apply *apply, const Mt__AttendanceFact *fact);

/* --- person.c ----------------------------------------------------------------------------------------------------- */

enum staff_kind {
	STAFF_NONE,
	STAFF_CURRENT, /* the person serves under this code */
	STAFF_FORMER,  /* the person went elsewhere; the code stays an alias */
	STAFF_AWAITED, /* nobody yet, but events are parked */
};

struct staff_row {
	enum staff_kind kind;
	struct id person; /* CURRENT, FORMER */
	uint32_t parked;  /* AWAITED: how many */
};

struct key person_key(struct id id);
Mt__PersonRecord *person_get(const struct call *call, struct id id);
Mt__PersonRecord *person_or_refuse(struct call *call, const char *person_id);
void person_key_staff(struct key *key, uint32_t locality, const char *staff_code);
struct staff_row staff_row_find(const struct store *store, uint32_t locality, const char *staff_code);
void staff_row_put(struct apply *apply, uint32_t locality, const char *staff_code, const struct staff_row *row);

/* What a fact makes of a person: the same in apply and on the copy that a decision threads through several facts. */
Mt__PersonRecord *person_hired(struct arena *arena, const Mt__PersonHired *fact);
void person_updated(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonUpdated *fact);
void person_transferred(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonTransferred *fact);
void person_retired(Mt__PersonRecord *person, const Mt__PersonRetired *fact);

/* --- event.c, event_check.c, event_change.c -------------------------------------------------------------------------
 */

/* What becomes of an event, as its answer says it; code is NULL unless REJECTED. */
struct verdict {
	Mt__Event__Outcome outcome;
	const char *field;
	const char *code;
	const char *message;
};

/* An event's data, checked and in NFC. */
struct change {
	Mt__EventData__KindCase kind;
	Mt__Person__Category category;
	const char *name;
	const char *birth_date;
	const char *email;
	const char *position;
	const char *effective_date;
	const char *to_staff_code;
	const Mt__AuthorityRecord *to; /* who receives in a transfer */
};

/* Staff codes reached in this call whose parked events are to be decided. */
struct arrivals {
	size_t count;
	struct {
		const char *authority_id;
		const char *staff_code;
	} at[ARRIVALS_MAX];
};

/* Always false, so that a check reads: return verdict_reject(...). */
bool verdict_reject(struct verdict *verdict, const char *field, const char *code, const char *message);
bool event_check_text(struct call *call, const char *field, const char *value, size_t bytes_max, bool may_be_empty,
		      const char **checked, struct verdict *verdict);
bool event_check_data(struct call *call, const Mt__EventData *data, struct change *change, struct verdict *verdict);
/* The authority a source names; NULL and REJECTED. */
const Mt__AuthorityRecord *event_source_authority(struct call *call, const char *source, struct verdict *verdict);

struct key event_key(uint32_t locality, const char *source, const char *id);

/* A new person of that authority; emits the fact. */
Mt__PersonRecord *event_hire(struct call *call, const Mt__AuthorityRecord *authority, const char *staff_code,
			     const struct change *change);
/* Decides a change of a known person: emits the fact and makes it on the copy, or rejects. */
bool event_change(struct call *call, Mt__PersonRecord *person, const char *source_authority_id,
		  const struct change *change, struct arrivals *arrivals, struct verdict *verdict);
void event_release(struct call *call, Mt__PersonRecord *person, struct arrivals *arrivals);
bool event_arrive(struct arrivals *arrivals, const char *authority_id, const char *staff_code);
void event_parked_key(struct key *key, uint32_t locality, const char *staff_code);

/* --- programme.c, class.c ----------------------------------------------------------------------------------------- */

const Mt__ProgrammeRecord *programme_get(const struct call *call, const char *programme_id);

struct class_tally {
	uint32_t seats_taken;
	uint32_t waitlisted;
	uint32_t sessions_held;
	uint64_t version;
};

/* With its counts. */
Mt__ClassRecord *class_get(const struct call *call, struct id class_id);
Mt__ClassRecord *class_or_refuse(struct call *call, const char *class_id);
struct class_tally class_tally_get(const struct store *store, struct id class_id);
void class_tally_put(struct apply *apply, struct id class_id, const struct class_tally *tally);

/* --- enrolment.c, completion.c -------------------------------------------------------------------------------------
 */

const Mt__EnrolmentRecord *enrolment_get(const struct call *call, struct id class_id, struct id person_id);
Mt__EnrolmentRecord *enrolment_known(struct apply *apply, const char *class_id, const char *person_id);
void enrolment_put(struct apply *apply, Mt__EnrolmentRecord *enrolment);
bool enrolment_holds_seat(const Mt__EnrolmentRecord *enrolment);
/* Emits EnrolmentWithdrawn for one who waits. */
void enrolment_leave_waitlist(struct call *call, const Mt__ClassRecord *class, const Mt__EnrolmentRecord *enrolment,
			      const char *reason);
struct key waitlist_key(struct id class_id);

/* A learner's counts against the rules of the programme. */
struct progress {
	const Mt__ClassRecord *class;
	const Mt__ProgrammeRecord *programme;
	uint32_t sessions_held;
	Mt__Enrolment__State state;
	uint32_t attended;
	uint32_t excused;
	bool graded;
	bool mark_is_new;
	uint32_t mark_percent;
};

/* Emits LearnerCompleted or LearnerFellShort if all sessions are held and the mark, where one is wanted, is known. */
void completion_decide(struct call *call, const struct progress *progress, struct id person_id);
/* Once the last session is held: asks to settle whoever no list named. In apply. */
void completion_settle_later(struct apply *apply, const char *class_id);
void completion_apply_completed(struct apply *apply, const Mt__LearnerCompleted *fact);
void completion_apply_fell_short(struct apply *apply, const Mt__LearnerFellShort *fact);
void completion_apply_mark(struct apply *apply, const Mt__MarkNoted *fact);
void completion_apply_continued(struct apply *apply, const Mt__ClassSettlingContinued *fact);

#endif
