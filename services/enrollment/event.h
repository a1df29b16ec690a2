/* services/enrollment/event.h
 *
 * What the files of personnel events share: checks, what an event changes, and what is kept
 * of one that did not act. enrollment.h ends with it: whoever includes that has both. */
#ifndef SERVICES_ENROLLMENT_EVENT_H
#define SERVICES_ENROLLMENT_EVENT_H

#include "services/enrollment/enrollment.h"

/* --- event.c, event_check.c, event_change.c, event_kept.c ----------------------------------------------- */

/* What becomes of an event, as its answer says it; code is NULL unless there is a fault. */
struct verdict {
	Mt__Event__Outcome outcome;
	const char *field;
	const char *code;
	const char *message;
};

/* An event's data, checked and in NFC. */
struct change {
	Mt__EventData__KindCase kind;
	Mt__PersonChange *body;           /* of MERGED and SPLIT: empty */
	const char *reason;               /* of MERGED and SPLIT */
	const Mt__AuthorityRecord *to;    /* TRANSFERRED: who receives; SECONDED: the host */
	const char *from_staff_code;      /* TRANSFERRED; may be NULL or empty */
	bool corrects_other_source;       /* CORRECTED: what another source said */
	const Mt__AuthorityRecord *other; /* MERGED, SPLIT: whose staff code the other is */
	const char *other_staff_code;
};

/* An event on its way to a decision. */
struct arrival {
	const Mt__PushEventRequest *in;
	const Mt__AuthorityRecord *authority; /* of the source */
	const char *staff_code;               /* subject, in NFC */
	const char *pushed_by;                /* subject of who sent it first */
	uint8_t hash[EVENT_HASH_BYTES];       /* of source and id */
	uint8_t payload_hash[EVENT_HASH_BYTES];
	uint64_t sequence;                     /* 0: none */
	uint8_t sequence_of[EVENT_HASH_BYTES]; /* hash of source and subject */
	struct change change;
	bool settles;  /* it was kept: KeptEventSettled is emitted instead of EventAccepted */
	bool parked;   /* it waits for its staff code already */
	bool released; /* the brake let it go */
	bool braked;   /* it counts for the brake */
};

/* Whom a change is about: the record that decides, and the one whose history takes it (another if that was merged).
 * Pending are the rows that this call's facts about them will bring. */
struct subject {
	Mt__PersonRecord *person;
	const char *recorded_id;
	struct history pending;
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
bool event_check_data(struct call *call, const Mt__AuthorityRecord *authority, const char *source,
		      const Mt__EventData *data, struct change *change, struct verdict *verdict);
/* A transfer that says which staff code it is from says its subject's. */
bool event_check_from_code(const struct arrival *arrival, struct verdict *verdict);
bool event_date_partial(const char *value, int *year); /* YYYY-MM-DD, YYYY-MM or YYYY */
/* The authority a source names; NULL and REJECTED. */
const Mt__AuthorityRecord *event_source_authority(struct call *call, const char *source, struct verdict *verdict);

void event_hash(struct call *call, const char *source, const char *id, uint8_t hash[EVENT_HASH_BYTES]);
struct key event_key(uint32_t locality, const uint8_t hash[EVENT_HASH_BYTES]);
ProtobufCBinaryData arrival_event(const struct arrival *arrival);

/* The person as of a civil date, this call's facts included. */
Mt__PersonRecord *subject_at(struct call *call, const struct subject *subject, int32_t as_of);
struct history subject_history(struct call *call, const struct subject *subject); /* of recorded_id */
struct history subject_acting(struct call *call, const struct subject *subject);  /* all that acts in the record */
void subject_pend(struct call *call, struct subject *subject, const Mt__PersonChange *change,
		  const ProtobufCBinaryData *event);
/* Of a staff row's person; false if the data was erased. */
bool person_subject(struct call *call, struct id id, struct subject *subject);
/* A new person of that authority; emits the fact and sets the subject. */
void event_hire(struct call *call, const Mt__AuthorityRecord *authority, const char *staff_code,
		const struct change *change, const ProtobufCBinaryData *event, struct subject *subject);
/* Whether an event of that authority may decide over the person; else rejected. */
bool event_check_whose(struct call *call, const struct subject *subject, const char *authority_id,
		       const struct change *change, struct verdict *verdict);
/* Whether a checked correction changes the person's name or birth date; what was mistaken of them, and what is right.
 * after is the subject once it is made, where it corrects an event. */
bool event_identity(struct call *call, const struct subject *subject, const struct change *change,
		    const struct subject *after, Mt__Personal *mistaken, Mt__Personal *right);
/* Whether a staff code is free for this person, or rejected as held says; the events that wait for it are reached
 * then. */
bool event_check_code_free(struct call *call, const char *person_id, const char *authority_id, const char *staff_code,
			   struct arrivals *arrivals, const struct verdict *held, struct verdict *verdict);
/* Whether a change corrects an event. */
bool event_is_correction(const struct change *change);
/* A correction must name an event that changed this person; after is the person with it. */
bool event_check_corrects(struct call *call, const struct subject *subject, const char *authority_id,
			  const struct change *change, const struct subject *after, struct arrivals *arrivals,
			  struct verdict *verdict);
/* Decides a change of a known person: emits the fact and makes it on the copy, or rejects. */
bool
event_change(struct call *call, struct subject *subject, const char *source_authority_id, const struct change *change,
	     const ProtobufCBinaryData *event, struct arrivals *arrivals, struct verdict *verdict);
/* Decides a checked arrival whole, brake and parking included; the person's id, or NULL and the verdict says why. */
const char *event_decide(struct call *call, struct arrival *arrival, struct verdict *verdict);
/* The envelope of arrival->in, checked, and its hashes; false and rejected if it cannot be told from others. */
bool event_arrival(struct call *call, struct arrival *arrival, struct verdict *verdict);
/* Everything else that can be said without knowing the person. */
bool event_check(struct call *call, struct arrival *arrival, struct verdict *verdict);
void event_answer(const struct verdict *verdict, const char *person_id, Mt__PushEventReply_Closure reply, void *call);
/* Where the flows of the scoreboard are counted: at the authority below the root. */
struct id event_counted_at(const struct store *store, struct id authority);
bool event_arrive(struct arrivals *arrivals, const char *authority_id, const char *staff_code);
void event_release(struct call *call, struct subject *subject, struct arrivals *arrivals);

/* event_kept.c: what could not act. Each emits EventKept; event_settle says what became of it in the end. */
bool event_park(struct call *call, const struct arrival *arrival, struct verdict *verdict);
/* For whom a transfer brings under that code: the 30 days begin on the day itself. */
bool
event_park_expected(struct call *call, const struct arrival *arrival, int32_t expected_on, struct verdict *verdict);
/* The day to come on which a transfer brings the subject under the arrival's staff code; DATE_NONE if none does. */
int32_t event_expected_on(struct call *call, const struct arrival *arrival, const struct subject *subject);
void event_park_again(struct call *call, const struct arrival *arrival); /* to be decided in a call of its own */
void event_wait(struct call *call, const struct arrival *arrival, struct verdict *verdict); /* for its predecessor */
void event_hold(struct call *call, const struct arrival *arrival, struct id hold_id, const char *person_id,
		struct verdict *verdict);
void event_reject(struct call *call, const struct arrival *arrival, const struct verdict *verdict);
void
event_settle(struct call *call, const struct arrival *arrival, const char *person_id, const struct verdict *verdict);
/* The subject under whose key the event is kept, or a payload that came with its id. */
const char *event_sealed_for(struct call *call, const struct arrival *arrival, const char *person_id);
struct id event_record_hash(const Mt__EventRecord *record); /* of what is kept: the event's */
/* What the keys of events that wait for a staff code begin with. */
void event_parked_key(struct key *key, uint32_t locality, const char *staff_code);
void event_apply_kept(struct apply *apply, const Mt__EventKept *fact);
void event_apply_settled(struct apply *apply, const Mt__KeptEventSettled *fact);
/* Erases what was kept of events under the person's staff codes. */
void event_erase_kept(struct apply *apply, const Mt__PersonRecord *person);
void event_erase_conflicts(struct apply *apply, uint32_t locality, const uint8_t *hash);

/* The code of a verdict over somebody who was erased: nothing is kept of it. */
#define EVENT_ERASED "erased"

/* event_list.c */
#define EVENT_CONFLICT_SENTENCE "an event with this source and id was taken with another payload"
/* The event's row, or NULL in record; false and refused if source or id are not the caller's to ask for. */
bool event_find(struct call *call, const char *source, const char *id, const Mt__EventRecord **record);
/* True if this payload was kept as a conflict already. */
bool event_conflict_known(const struct call *call, const struct arrival *arrival);
void event_query(const Mt__GetEventRequest *in, Mt__GetEventReply_Closure reply, void *call);
void event_list_add(struct apply *apply, const Mt__EventRecord *record, const char *authority_id, const uint8_t *hash);
void
event_list_remove(struct apply *apply, const Mt__EventRecord *record, const char *authority_id, const uint8_t *hash);
void event_apply_conflicted(struct apply *apply, const Mt__EventConflicted *fact);

/* event_sequence.c */
bool event_check_sequence(struct call *call, struct arrival *arrival, struct verdict *verdict);
/* False if it does not come next in its sequence: parked or rejected. */
bool event_is_next(struct call *call, const struct arrival *arrival, struct verdict *verdict);
void
event_sequence_put(struct apply *apply, uint32_t locality, const ProtobufCBinaryData *sequence_of, uint64_t sequence);
void event_sequence_claim(struct apply *apply, uint32_t locality, const Mt__EventRecord *record, const uint8_t *hash);
void event_sequence_unclaim(struct apply *apply, uint32_t locality, const Mt__EventRecord *record);

/* event_again.c: the person's id, or NULL and the verdict says why; emits what there is to be said of the event. */
const char *
event_decide_again(struct call *call, const Mt__EventRecord *record, struct arrival *arrival, struct verdict *verdict);
void event_retry(const Mt__RetryEventRequest *in, Mt__PushEventReply_Closure reply, void *call);
void event_again_soon(struct apply *apply, uint32_t locality, const uint8_t *hash);
/* What waits for the code under which the person serves now, in order of arrival. */
void event_again_for(struct apply *apply, const Mt__PersonRecord *person);

/* code_list.c: false, and rejected, if the change names a code that its list does not hold on that day, YYYY-MM-DD. */
bool code_list_check(struct call *call, const struct change *change, const char *date, struct verdict *verdict);

/* event_words.c: the reason in Vietnamese, "" for no code. */
const char *event_sentence_vi(const char *code);

#endif
