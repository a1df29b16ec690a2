/* common/core/call.h
 *
 * One request being decided. It owns an arena and ends in exactly one reply or one
 * refusal. A decision reads the store, emits facts, and replies; the facts are
 * applied and journalled only if it did not refuse, and only after it returned, so
 * it never sees its own effects.
 *
 * Handlers get the call as the closure data of protobuf-c's service functions:
 *     static void classes_enrol(Mt__Classes_Service *service, const Mt__EnrolRequest *in,
 *                               Mt__EnrolReply_Closure reply, void *call) */
#ifndef COMMON_CORE_CALL_H
#define COMMON_CORE_CALL_H

#include "common/base/arena.h"
#include "common/base/codec.h"
#include "common/base/id.h"
#include "common/core/figures.h"
#include "common/core/limits.h"
#include "common/core/store.h"

#include "matricula/authority.pb-c.h"
#include "matricula/envelope.pb-c.h"

struct call;
struct apply;

/* --- in a decision ---------------------------------------------------------------------------------------------- */

struct arena *call_arena(struct call *call);
const struct store *call_store(const struct call *call);
int64_t call_now_us(const struct call *call); /* entry time: never goes back */
int32_t call_today(const struct call *call);  /* civil date in the deployment's zone */
int call_zone_minutes(const struct call *call);
uint64_t call_random(struct call *call);
/* work(context, 0 to count - 1), in any order and on every core that is free, until all are done. Work allocates
 * nothing and touches nothing but what is of its index. */
void call_share(struct call *call, void (*work)(void *context, size_t index), void *context, size_t count);
/* A new permanent id as text in the call's arena. */
const char *call_new_id(struct call *call, uint32_t locality);
/* The deployment secret of this service (32 bytes), for sealing what must not be read from disk. */
const uint8_t *call_secret(const struct call *call);
/* Where the world reaches this deployment, "https://host", as the service was started; "" in trial mode. */
const char *call_public_url(const struct call *call);
/* A key made of it, for hash_keyed: of what must not stand in a row as it is. */
const uint8_t *call_token_key(const struct call *call);

/* The caller, resolved: "" where there is none. */
const char *call_subject(const struct call *call);
const char *call_authority(const struct call *call); /* id */
bool call_has_role(const struct call *call, Mt__Role role);

/* Ends the decision: nothing it emitted is kept. The sentence is lower case and names the thing. */
void call_refuse(struct call *call, Mt__Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a fault in one request field, INVALID_ARGUMENT; the field as in the .proto. */
void
call_refuse_field(struct call *call, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool call_refused(const struct call *call);

/* For scope HANDLER: true if the caller's authority is that one or above it; else refuses
 * PERMISSION_DENIED. A handler of scope HANDLER that replies or emits without a true answer
 * of call_scope or call_is_self is a bug and asserts. */
bool call_scope(struct call *call, const char *authority_id);
/* True if the caller is that person: the subject is that id, or another of the same person. Refuses nothing. */
bool call_is_self(struct call *call, const char *person_id);

/* Records that enrollment merged are one person (persons.c). Who stays: the id itself if it was not merged. */
const char *call_person(const struct call *call, const char *person_id);
/* All ids of the person, whichever of them is asked by: who stays, then those merged into it, in the order of their
 * bytes. At least one; PERSON_IDS_MAX is room for all. */
size_t call_person_ids(const struct call *call, const char *person_id, const char **ids, size_t max);

/* Adds a fact (a leaf such as LearnerEnrolled) to the outcome. Packed at once: the message may be on the stack. One
 * whose own text is not valid UTF-8 ends the call INTERNAL: no follower would read it. */
void call_emit(struct call *call, const ProtobufCMessage *fact);

/* Long poll. A query that has nothing to say yet may wait: true, and it must return without
 * a reply; it is called again when the journal or the figures moved, or time ran out. False
 * when no waiting is left: answer now. */
bool call_park(struct call *call, uint32_t wait_ms);

/* The record at a key, unpacked in the call's arena; NULL if there is none. */
const void *call_record(const struct call *call, const struct key *key, const ProtobufCMessageDescriptor *type);
/* The record in a row that was walked over. Personal data is sealed in rows: only these two open it. */
void *call_unpack(const struct call *call, const ProtobufCMessageDescriptor *type, struct slice value);
/* True if the subject was erased: what is personal of it is empty, and stays so. */
bool call_erased(const struct call *call, const char *subject_id);

/* Checks a string field: refuses by field name when empty (unless may_be_empty) or longer than
 * bytes_max, and gives it back in NFC; NULL means refused. */
const char *call_text(struct call *call, const char *field, const char *value, size_t bytes_max, bool may_be_empty);
/* A civil date field YYYY-MM-DD; DATE_NONE and refused if it is not one. */
int32_t call_date(struct call *call, const char *field, const char *value);
/* A permanent id field; false and refused if it is not one. */
bool call_id(struct call *call, const char *field, const char *value, struct id *id);

/* An authority by id or code: the record from the mirrored tree; NULL and refused (by field) if unknown. */
const Mt__AuthorityRecord *call_authority_ref(struct call *call, const char *field, const char *reference);

/* Pages of a list. Reads at most page_size (default and limit apply) rows below prefix, from the
 * opaque token on:
 *     struct page page;
 *     if (!page_begin(&page, call, &prefix, in->page_size, in->page_token)) return;   -- refused
 *     while (page_next(&page)) ... page.walk.key, page.walk.value ... page_add(&page, item)
 *     out.items = page.items; out.n_items = page.count; out.next_page_token = page_token(&page); */
struct page {
	struct call *call;
	struct store_walk walk;
	struct store_walk *walks; /* below each id of a person with several, at its next row; key empty at the end */
	size_t walks_count;
	struct store_walk *first; /* the one whose row walk.key and walk.value are */
	uint32_t size;
	size_t count;
	void **items;
	size_t looked; /* rows looked at, limited too */
	bool more;
	struct key last;
};
bool
page_begin(struct page *page, struct call *call, const struct key *prefix, uint32_t page_size, const char *page_token);
/* The same over all rows of a person, whose keys go on with a person's id behind the table: those of the ids merged
 * into one list, in the order of what follows the id. */
bool page_begin_person(struct page *page, struct call *call, uint8_t table, const char *person_id, uint32_t page_size,
		       const char *page_token);
bool page_next(struct page *page);
void page_add(struct page *page, void *item);
char *page_token(struct page *page); /* "" at the end */

/* --- in apply --------------------------------------------------------------------------------------------------- */

struct arena *apply_arena(struct apply *apply);
const struct store *apply_store(const struct apply *apply); /* as the facts before this one left it */
int64_t apply_time_us(const struct apply *apply);
int apply_zone_minutes(const struct apply *apply);
uint64_t apply_seq(const struct apply *apply);

/* The same as call_token_key. */
const uint8_t *apply_token_key(const struct apply *apply);
/* The same as call_person_ids. */
size_t apply_person_ids(const struct apply *apply, const char *person_id, const char **ids, size_t max);

void *apply_record(struct apply *apply, const struct key *key, const ProtobufCMessageDescriptor *type); /* or NULL */
/* The same for whoever neither reads nor changes what is personal in the record, and puts it back with the same fact:
 * it is not there to be read, and nothing is opened and sealed for it. */
void *apply_record_closed(struct apply *apply, const struct key *key, const ProtobufCMessageDescriptor *type);
void *apply_unpack(struct apply *apply, const ProtobufCMessageDescriptor *type, struct slice value);
void apply_put(struct apply *apply, const struct key *key, const ProtobufCMessage *record);
void apply_put_bytes(struct apply *apply, const struct key *key, struct slice value);
void apply_delete(struct apply *apply, const struct key *key);

/* A timer: at due_us (or soon after) the node itself calls method with request. name makes it unique
 * per (due, method); setting the same again replaces it. */
void apply_timer_set(struct apply *apply, int64_t due_us, const char *method, const char *name,
		     const ProtobufCMessage *request);
void apply_timer_clear(struct apply *apply, int64_t due_us, const char *method, const char *name);

/* Erases a subject: nothing of it is opened or sealed any more, and its key is destroyed once this is
 * durable. The service empties its own rows of the subject first, see module->erase. */
void apply_erase(struct apply *apply, const char *subject_id);
/* The same of what has only become needless, an event that was decided or a list that was compared: its
 * key goes when it suits, and a restored backup may bring it back, to be decided again. */
void apply_forget(struct apply *apply, const char *subject_id);

/* CoreFact goes back to the core: one line in every service's apply. */
void core_apply(struct apply *apply, const ProtobufCMessage *core_fact);

#endif
