/* services/enrollment/enrollment.h
 *
 * What the files of this service share, and nobody else: the handler tables, the
 * apply cases of each noun, and the look-ups one noun offers to another. Look-ups
 * answer NULL or false when there is nothing; those named _or_refuse end the call. */
#ifndef SERVICES_ENROLLMENT_ENROLLMENT_H
#define SERVICES_ENROLLMENT_ENROLLMENT_H

#include "common/core/access.h"
#include "common/core/call.h"
#include "services/enrollment/brake_window.h"
#include "services/enrollment/metrics.h"
#include "services/enrollment/tables.h"

#include "matricula/enrollment_service.pb-c.h"
#include "matricula/freshness.pb-c.h"
#include "matricula/provisional.pb-c.h"
#include "matricula/search.pb-c.h"

enum {
	/* A CloudEvents source is a short path, its id a UUID or a counter. */
	EVENT_SOURCE_BYTES_MAX = 256,
	EVENT_ID_BYTES_MAX = 128,
	EVENT_TIME_BYTES_MAX = 64,
	EVENT_HASH_BYTES = 16,
	/* A decision is signed months ahead, not years; nobody in service began before the Republic. */
	EFFECTIVE_DAYS_AHEAD_MAX = 366,
	EFFECTIVE_YEAR_MIN = 1945,
	BIRTH_YEAR_MIN = 1900,
	BIRTH_AGE_MIN = 14,
	CITIZEN_ID_DIGITS = 12,
	QUALIFICATIONS_MAX = 64,
	CLEAR_FIELDS_MAX = 16,
	PARTS_MAX = 8,
	/* A working life of monthly changes; a fold reads them all. */
	CHANGES_PER_PERSON_MAX = 1000,
	/* People who served under one staff code, one after another, that a look-up of the past goes through. */
	STAFF_CODE_HOLDERS_MAX = 64,
	/* Events that wait for one staff code: a person's first week, out of order. */
	PARKED_PER_STAFF_CODE_MAX = 16,
	/* Events of one source and subject that overtook a predecessor. */
	PARKED_PER_SEQUENCE_MAX = 16,
	PARKED_DAYS_MAX = 30,
	/* Rejected events of one authority, and conflicts: a sync gone wrong, ten batches long. */
	KEPT_PER_AUTHORITY_MAX = 10000,
	/* A rejected or conflicting event larger than any that could be accepted is answered and not kept. */
	KEPT_EVENT_BYTES_MAX = 64 << 10,
	/* Systems that push to one held source. */
	HOLD_PUSHERS_MAX = 16,
	/* The same to the sources of a province: each of its communes may have a system of its own. */
	HOLD_WHOLE_PUSHERS_MAX = 256,
	/* Staff codes whose parked events one call releases: a chain of transfers, each waiting for the one before. */
	ARRIVALS_MAX = 8,
	/* A working life of transfers. */
	STAFF_CODES_MAX = 64,
	/* Different words of all the names of one person, and authorities, by which the past is searched: a dozen
	 * renamings and a working life of transfers. What comes beyond is found by today's name and place. */
	PAST_WORDS_MAX = 48,
	PAST_PLACES_MAX = 64,
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

/* The ranges of localities that a list shows, in order, and where its walk is among them. */
struct span {
	struct locality_range *ranges;
	size_t count;
	size_t at;
};
/* For a list whose keys go on with the locality behind the prefix: true if the locality is shown; else the page's walk
 * goes on at the next one that is, or span->at has reached the end. */
bool span_shows(struct span *span, struct page *page, const struct key *prefix, uint32_t locality);

/* --- the handler tables ------------------------------------------------------------------------------------------- */

extern Mt__Access_Service access_handlers;
extern Mt__Authorities_Service authorities_handlers;
extern Mt__Persons_Service persons_handlers;
extern Mt__PersonTimers_Service person_timers_handlers;
extern Mt__Erasures_Service erasures_handlers;
extern Mt__Events_Service events_handlers;
extern Mt__EventTimers_Service event_timers_handlers;
extern Mt__Brake_Service brake_handlers;
extern Mt__BrakeTimers_Service brake_timers_handlers;
extern Mt__Freshness_Service freshness_handlers;
extern Mt__Rosters_Service rosters_handlers;
extern Mt__RosterTimers_Service roster_timers_handlers;
extern Mt__CodeLists_Service code_lists_handlers;
extern Mt__Programmes_Service programmes_handlers;
extern Mt__Classes_Service classes_handlers;
extern Mt__Enrolments_Service enrolments_handlers;
extern Mt__EnrolmentReactions_Service enrolment_reactions_handlers;
extern Mt__EnrolmentTimers_Service enrolment_timers_handlers;
extern Mt__Attendance_Service attendance_handlers;
extern Mt__PersonSearch_Service person_search_handlers;
extern Mt__Duplicates_Service duplicates_handlers;
extern Mt__ProvisionalPersons_Service provisional_persons_handlers;
extern Mt__Teams_Service teams_handlers;

/* --- the apply cases ---------------------------------------------------------------------------------------------- */

void access_apply(struct apply *apply, const Mt__AccessFact *fact);
void authority_apply(struct apply *apply, const Mt__AuthorityFact *fact);
void person_apply(struct apply *apply, const Mt__PersonFact *fact);
void event_apply(struct apply *apply, const Mt__EventFact *fact);
void brake_apply(struct apply *apply, const Mt__BrakeFact *fact);
void roster_apply(struct apply *apply, const Mt__RosterFact *fact);
void code_list_apply(struct apply *apply, const Mt__CodeListFact *fact);
void programme_apply(struct apply *apply, const Mt__ProgrammeFact *fact);
void class_apply(struct apply *apply, const Mt__ClassFact *fact);
void enrolment_apply(struct apply *apply, const Mt__EnrolmentFact *fact);
void attendance_apply(struct apply *apply, const Mt__AttendanceFact *fact);
void duplicate_apply(struct apply *apply, const Mt__DuplicateFact *fact);
void team_apply(struct apply *apply, const Mt__TeamFact *fact);

/* --- person.c, person_history.c, person_effect.c, person_fold.c, person_settle.c, person_query.c --------------------
 */

enum staff_kind {
	STAFF_NONE,
	STAFF_CURRENT,  /* the person serves under this code */
	STAFF_FORMER,   /* the person went elsewhere; the code stays an alias */
	STAFF_AWAITED,  /* nobody yet, but events are parked */
	STAFF_EXPECTED, /* the person will serve under this code from a day to come */
	STAFF_REPLACED, /* the person served under this code, which leads to another now: a row behind the code's own */
};

struct staff_row {
	enum staff_kind kind;
	struct id person; /* all but AWAITED */
	uint32_t parked;  /* AWAITED: how many */
};

struct key person_key(struct id id);
Mt__PersonRecord *person_get(const struct call *call, struct id id);
Mt__PersonRecord *person_or_refuse(struct call *call, const char *person_id);
Mt__PersonRecord *person_known(struct apply *apply, const char *person_id); /* asserts that it is there */
void person_whole(Mt__PersonRecord *person); /* as it comes out of its row, which leaves out what it says twice */
void person_key_staff(struct key *key, uint32_t locality, const char *staff_code);
const char *staff_code_of_key(const struct key *key); /* of a row of TABLE_STAFF_CODE */
struct staff_row staff_row_read(struct slice value);
struct staff_row staff_row_find(const struct store *store, uint32_t locality, const char *staff_code);
/* The same, or that of an authority merged into this one, if just one of them has the code. */
struct staff_row
staff_row_reached(const struct store *store, const Mt__AuthorityRecord *authority, const char *staff_code);
void staff_row_put(struct apply *apply, uint32_t locality, const char *staff_code, const struct staff_row *row);
/* Nobody serves under the code any more: whoever it was taken from has it back, or events wait for the next. */
void staff_row_free(struct apply *apply, uint32_t locality, const char *staff_code);

/* A history's rows in the order in which they were recorded. */
struct history {
	Mt__ChangeRecord **rows;
	size_t count;
};

struct key history_key(struct id person); /* what the keys of its rows begin with */
struct history history_of(struct call *call, const char *person_id);
struct history history_applied(struct apply *apply, const char *person_id);
/* All that acts in a record, what came through merged ones included. */
struct history history_acting(struct apply *apply, const Mt__PersonRecord *person);
/* Puts another's rows between a history's own, those of later entries. */
void history_join(struct arena *arena, struct history *history, const struct history *other, uint64_t after_seq);
void history_put(struct apply *apply, const char *person_id, const Mt__PersonChange *change,
		 const ProtobufCBinaryData *event, uint64_t number);
/* A change of the history as it counts: with what was corrected in it. */
struct effect {
	const Mt__ChangeRecord *row;
	const Mt__PersonChange *change;
	int32_t date;
	int64_t recorded_us; /* of the row, or of the correction that changed it last */
	bool withdrawn;
};
/* What was known by an instant, in order of effect; the count. */
size_t history_effects(struct arena *arena, const struct history *history, int64_t known_us, struct effect **out);
/* The change an event of the history made, as it counts now, withdrawn or not; NULL if there is none. */
const struct effect *
history_target(struct arena *arena, const struct history *history, const ProtobufCBinaryData *event);
/* What an event of the history now stands for; NULL if there is none or it was withdrawn. */
const struct effect *
history_effect(struct arena *arena, const struct history *history, const ProtobufCBinaryData *event);
/* The person as of a civil date, as known at an instant, merged records included; version 0 if nothing was known. */
Mt__PersonRecord *person_at(struct call *call, const Mt__PersonRecord *person, int32_t as_of, int64_t known_us);
/* The same in apply, as of today, with all that is known. */
Mt__PersonRecord *person_refold(struct apply *apply, const Mt__PersonRecord *person);

/* What changes make of a record: the same in apply, in questions about the past, and on the copy that a decision
 * threads through several facts. */
void person_step(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonChange *change);
Mt__PersonRecord *
person_fold(struct arena *arena, const char *person_id, const struct history *history, int32_t as_of, int64_t known_us);
void text_changed(char **text, char *changed); /* an empty one changes nothing */
void person_fill(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonRecord *other);
Mt__Personal *personal_changed(struct arena *arena, const Mt__Personal *before, const Mt__Personal *change);
bool person_field_clears(const char *field); /* may stand in "clear" */
bool person_begins_service(const Mt__PersonChange *change);
bool person_in_service(const Mt__PersonRecord *person);
bool person_may_learn(const Mt__PersonRecord *person); /* in service, or provisional */

/* When a question is asked of: today, with all that is known, unless it says otherwise. */
struct moment {
	int32_t as_of;
	int64_t known_us;
	bool now; /* the record itself answers */
};
bool moment_of(struct call *call, const char *as_of, const char *known_at, struct moment *moment); /* or refused */
/* The record at a moment; NULL if nothing was known of the person then. */
Mt__PersonRecord *person_moment(struct call *call, Mt__PersonRecord *person, const struct moment *moment);
/* Whoever stood for the record by then: a merged one leads to the one it was merged into, since it was. */
Mt__PersonRecord *person_behind(struct call *call, Mt__PersonRecord *person, const struct moment *moment);
/* A former authority still finds its people, but learns no more than where they are today. */
bool person_open_to(struct call *call, const Mt__PersonRecord *today);
Mt__PersonRecord *person_hidden(struct call *call, const Mt__PersonRecord *today);
/* Whether the person served under just this code at the moment. */
bool served_under(const Mt__PersonRecord *then, uint32_t locality, const char *staff_code);
/* Whether a list of that moment looks at the person of a staff code's row. */
bool staff_row_listed(const struct staff_row *row, const struct moment *moment);

/* A fact's change with what the fact around it says already: where, and under which staff code; from where. */
void person_hired_whole(const Mt__PersonHired *fact);
void person_changed_whole(const Mt__PersonChanged *fact);
/* Writes the record and all that hangs on it; before is NULL for a new person. moves: see past_only_moves. */
void person_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after, bool moves);
/* Folds again after the record's merges changed: before as it was, changed with its new merges. */
void person_refresh(struct apply *apply, Mt__PersonRecord *before, Mt__PersonRecord *changed);
void person_put(struct apply *apply, const Mt__PersonRecord *person); /* the row alone */
/* Counts a change among those that happened; with -1, takes it back. */
void person_flow(struct apply *apply, const Mt__PersonChange *change, int64_t delta);
/* Staff codes that transfers ahead lead to. Who changes what was recorded, or its merges, lets all of them go before
 * and expects them after; one new transfer is expected alone. */
void staff_row_expect(struct apply *apply, const Mt__PersonRecord *person, const Mt__PersonChange *change);
void staff_rows_expect(struct apply *apply, const Mt__PersonRecord *person);
void staff_rows_unexpect(struct apply *apply, const Mt__PersonRecord *person);

struct arrival; /* event.h */
struct subject;
struct verdict;

/* --- brake.c, brake_hold.c, freshness.c -----------------------------------------------------------------------------
 */

struct key held_person_key(struct id person);
/* True if those who decide over the hold are of the authority's own: above it, below it, or it itself. */
bool hold_is_of(const struct call *call, struct id hold_id, const char *authority_id);
/* True if the event was held instead of decided, or rejected; the verdict says so. The subject's
 * person is NULL if there is none. */
bool event_held(struct call *call, struct arrival *arrival, const struct subject *subject, struct verdict *verdict);
/* Something of the authority below the root came: an event, rows of a roster. */
void freshness_received(struct apply *apply, struct id counted_at);
void freshness_accepted(struct apply *apply, struct id counted_at, const char *effective_date);
void freshness_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after);

/* --- search.c, duplicate.c, erasure.c -------------------------------------------------------------------------------
 */

/* Rows that lead to a person by name and by citizen id, all derived from sealed data: keyed, and gone with an erasure.
 */
void search_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after, bool moves);

/* Words of all names, and localities of all authorities, that a person's history holds (search_past.c). */
struct past {
	struct slice words[PAST_WORDS_MAX];
	size_t words_count;
	uint32_t places[PAST_PLACES_MAX];
	size_t places_count;
};

void past_of(struct apply *apply, const Mt__PersonRecord *person, struct past *past);
/* Whether a change may add to it. */
bool past_grows(const Mt__PersonChange *change);
/* Rows that lead to a person by what was follow what is recorded now; sets after->renamed. was is NULL if the past
 * did not grow or shrink. To be called before person_settle. */
void past_follow(struct apply *apply, const Mt__PersonRecord *before, const struct past *was, Mt__PersonRecord *after);
/* Whether a change that follows all others only moves one who bears the only name there ever was: then no history is
 * read, and no past_follow called. */
bool past_only_moves(const Mt__PersonRecord *before, const Mt__PersonChange *change);
void person_lookup(const Mt__LookupPersonRequest *in, Mt__PersonRecord_Closure reply, void *call);
/* Rows by which two records of one person are found. */
void duplicate_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after);
/* A merged or split event: subject is set to who stays. */
bool
duplicate_event(struct call *call, const struct arrival *arrival, struct subject *subject, struct verdict *verdict);
/* The record that stands for the person: itself, or the one it was merged into. NULL stays NULL. */
Mt__PersonRecord *person_standing(struct call *call, Mt__PersonRecord *person);
/* Whoever learns under that id: the record that stands, named by the id its enrolments were made under. */
const Mt__PersonRecord *person_learner(struct call *call, struct id id);
void duplicate_apply_merged(struct apply *apply, const Mt__PersonsMerged *fact);
void duplicate_apply_split(struct apply *apply, const Mt__PersonsSplit *fact);
void person_apply_erased(struct apply *apply, const Mt__PersonErased *fact);
/* The module's erase hook: empties what enrollment holds of a subject. */
void person_erase_rows(struct apply *apply, const char *subject_id);

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
/* The same of a person who stands, under whichever of the merged records it was made; one that lasts goes before. */
const Mt__EnrolmentRecord *
enrolment_of_person(const struct call *call, struct id class_id, const Mt__PersonRecord *person);
/* Why a person cannot be nominated for a class; NULL if nothing stands against it. Scope is the caller's to check. */
const char *
enrolment_fault(struct call *call, const Mt__ClassRecord *class, const Mt__PersonRecord *person, Mt__Status *status);
/* Emits a seat or a place on the waitlist, and counts it in the class as it is held here. */
Mt__Enrolment__State enrolment_nominate(struct call *call, Mt__ClassRecord *class, const Mt__PersonRecord *person);
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

#include "services/enrollment/event.h"

#endif
