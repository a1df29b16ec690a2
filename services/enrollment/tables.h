/* services/enrollment/tables.h
 *
 * The tables of enrollment: the first byte of each key, and what a row holds. A key
 * goes on with a locality (4 bytes) or an id, which begins with one, so that what arrives
 * together lies together; so do codes, which count up.
 *
 * Rows each fact writes, figures not counted:
 *   PersonHired 3 (person, history, staff code) and 5 that lead to the person: a word of the name each, name and
 *     birth date, citizen id; 7 more for a word that nobody had. PersonsMerged and PersonsSplit as many, and 3
 *   PersonChanged 2, a transfer 4; PersonChangeTookEffect 1 to 3; of a new name besides 2 a word that changed, of a
 *     transfer 3 a word, and for each name, and each authority, that there had been before, as many again; one more
 *     for a staff code that was somebody's before, as of PersonHired
 *   EventAccepted 2 (one more with a sequence; if the brake counts it 2, at the source and at its province)
 *   EventKept 3, parked 6, held 6, with a sequence one more; of an event kept before also what that leaves: 2 to 5
 *   KeptEventSettled 3 to 8; EventConflicted 4
 *   HoldOpened 2, HoldDecided 3
 *   RosterBegun 2, RosterRowsTaken 1, one a province, a fault kept and a row; a row of a roster so writes what its
 *   PersonHired or PersonChanged writes and one more; RosterFinished 1, RosterCompared 1 and one a report,
 *   RosterSwept 1000
 *   CodesAdded 1 a code, at most 1000, and 2
 *   ProgrammePublished 2, ClassOpened 2, ClassClosed 2
 *   LearnerEnrolled 2, from the waitlist 3, LearnerWaitlisted 3, EnrolmentWithdrawn 2, waiting 3
 *   DuplicateDismissed 3 a side, AdoptionProposed 1, TeamRegistered and TeamDissolved 1, TeamMemberAdded and -Removed 2
 *   LearnerWarned 1, LearnerCompleted 1, LearnerFellShort 1, MarkNoted 1
 *   AttendanceTaken 2 a mark, and 2 or 3 for the class
 *   AuthorityRegistered 3, AuthorityRenamed, AuthoritySplit and AuthorityCoded 1, AuthorityMoved and AuthorityMerged 2,
 *   AuthorityChangePlanned 2 or 3, beside the core's own */
#ifndef SERVICES_ENROLLMENT_TABLES_H
#define SERVICES_ENROLLMENT_TABLES_H

enum { PERSON_HISTORY = 1 };

enum enrollment_table {
	TABLE_PERSON = 0x01, /* person id -> PersonRecord; then PERSON_HISTORY, seq, number -> ChangeRecord: a change
			      * writes the two of them to one page */
	/* authority's locality, code -> struct staff_row; then the key of a person whom another took the code from ->
	   the same, and the entry that did */
	TABLE_STAFF_CODE = 0x02,
	TABLE_EVENT = 0x03, /* source's locality, hash of source and id -> EventRecord */
	/* locality, code; then 0, seq, event's hash -> the hash again, of what waits for that code;
	   or 1, event's hash -> nothing, of what was ever kept under it */
	TABLE_PARKED_EVENT = 0x04,
	TABLE_PROGRAMME = 0x05,      /* programme id -> ProgrammeRecord */
	TABLE_PROGRAMME_CODE = 0x06, /* school's locality, code -> programme id */
	TABLE_CLASS = 0x07,          /* class id -> ClassRecord without its counts */
	TABLE_CLASS_TALLY = 0x08,    /* class id -> struct class_tally: small, since every enrolment rewrites it */
	TABLE_ENROLMENT = 0x09,      /* class id, person id -> EnrolmentRecord */
	TABLE_WAITLIST = 0x0a,       /* class id, place -> person id */
	TABLE_PRESENCE = 0x0b,       /* class id, person id -> a byte a session: Presence.State, 0 not marked */
	TABLE_SESSION_HELD = 0x0c,   /* class id, number -> seq of the entry that first took attendance */
	TABLE_LOCALITY = 0x0d,       /* locality of a top authority, 0 for the root -> last running number below it */
	TABLE_SEQUENCE =
		0x10, /* source's locality, hash of source and subject -> last number; with a number: who claims it */
	TABLE_KEPT = 0x11,        /* outcome, locality, seq, event's hash -> nothing; CONFLICT: hash of the payload */
	TABLE_CONFLICT = 0x12,    /* locality, hash of the event, of the payload -> ConflictRecord */
	TABLE_BRAKE = 0x13,       /* source's locality -> struct brake */
	TABLE_BRAKE_WHOLE = 0x1c, /* locality of an authority below the root -> struct brake of all its sources */
	TABLE_HELD_PERSON = 0x14, /* person id -> hold id, how many events are held */
	TABLE_HOLD = 0x15,        /* hold id -> HoldRecord */
	TABLE_HOLD_EVENT = 0x16,  /* hold id, number -> locality, the event's hash in TABLE_EVENT */
	TABLE_FRESHNESS =
		0x17, /* id of an authority below the root -> when its last event was accepted, or roster row */
	TABLE_NAME_POSTING = 0x20, /* token of a word, locality of the current authority, person's key -> nothing */
	TABLE_NAME_WORD = 0x21,    /* token of how a word begins, token of the word -> nothing, while it has postings */
	/* The same as TABLE_NAME_POSTING of every word and authority of a person's history but those of today. */
	TABLE_PAST_POSTING = 0x27,
	TABLE_BLOCK = 0x22,          /* kind, keyed hash of what records share, person's key -> nothing */
	TABLE_PAIR = 0x23,           /* locality of one's authority, one's key, the other's -> shared bits, open */
	TABLE_PAIR_DISMISSED = 0x24, /* the key of one whose side said so, the other's -> DismissedRecord */
	TABLE_ADOPTION = 0x25,       /* provisional's key, person's key -> AdoptionRecord */
	TABLE_PROVISIONAL = 0x26,    /* locality of the school, person's key -> nothing */
	TABLE_TEAM = 0x28,           /* team id -> TeamRecord */
	TABLE_TEAM_MEMBER = 0x29,    /* team id, person id, since -> TeamMember */
	TABLE_CODE_LIST = 0x2c,      /* list -> CodeListRecord */
	TABLE_CODE_IN_FORCE = 0x2d,  /* nothing -> of each complete version list, number, first day; by list and day */
	TABLE_CODE = 0x2e,           /* list, version's number, code -> ListCode */
	TABLE_ROSTER = 0x18,         /* roster id -> RosterFileRecord */
	TABLE_ROSTER_FAULT = 0x19,   /* roster id, number -> RosterFault */
	TABLE_ROSTER_SEEN = 0x1a,    /* roster id, locality, code -> nothing; until it is finished */
	TABLE_ROSTER_OF = 0x1b,      /* authority's locality, instant from the newest, roster id -> nothing */
	TABLE_AUTHORITY_HISTORY = 0x30, /* authority id, effective date, seq -> AuthorityVersion */
	TABLE_AUTHORITY_PLAN = 0x31,    /* authority id, effective date, seq -> AuthorityPlan */
	TABLE_AUTHORITY_EVER = 0x32, /* parent id, id of one that stood, or is planned to stand, below it -> nothing */
	/* What a person's file is read by: a row more for LearnerEnrolled or LearnerWaitlisted the first time in a
	 * class, for TeamMemberAdded, for a token that speaks for a person; two for AdoptionProposed. */
	TABLE_SUBJECT_CLASS = 0x38,    /* person's key, class id -> nothing */
	TABLE_SUBJECT_TEAM = 0x39,     /* person's key, team id -> nothing */
	TABLE_SUBJECT_TOKEN = 0x3a,    /* person's key, hash of the token -> nothing */
	TABLE_SUBJECT_ADOPTION = 0x3b, /* person's key, the other id -> nothing */
	TABLE_SUBJECT_EXPORT = 0x3c,   /* person, who asked -> SubjectExport; one row an export asked for */
};

#endif
