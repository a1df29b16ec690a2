/* services/subject_part.h
 *
 * What the four services' answers to a subject-access request share: the row that says to
 * whom a person's file was granted, whether the caller is that one, and lists that end at
 * a limit and say where they go on. Each service has a table of its own for the row. */
#ifndef SERVICES_SUBJECT_PART_H
#define SERVICES_SUBJECT_PART_H

#include "common/base/date.h"
#include "common/core/call.h"
#include "common/wire/pb.h"

#include "services/subject_lists.h"

#include "matricula/subject.pb-c.h"

#include <assert.h>

enum {
	/* Of one list in one answer: a working life fits, and a credential has some 5 KiB. */
	SUBJECT_ROWS_MAX = 200,
	/* Lists of one service: eight of them, and one for each staff code of a working life. */
	SUBJECT_LISTS_MAX = 72,
	/* A service hears of an export within milliseconds; one that lags more is as good as away. */
	SUBJECT_WAIT_MS = 5000,
	/* The gateway asks at once; whoever reads on is granted it anew. */
	SUBJECT_GRANTED_S = 600,
};

struct subject_part {
	struct call *call;
	const Mt__SubjectPartRequest *in;
	const char *record_id;
	Mt__SubjectPart out;
};

static inline struct key
subject_key_of(uint8_t table, const char *person_id)
{
	struct id id;
	bool is_id = id_parse(person_id, &id);
	assert(is_id);
	struct key key = key_of(table);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

static inline struct key
subject_grant_key(uint8_t table, const char *person_id, const char *by)
{
	struct key key = subject_key_of(table, person_id);
	key_text(&key, by);
	return key;
}

static inline void
subject_grant_put(struct apply *apply, uint8_t table, const Mt__SubjectExport *granted)
{
	struct key key = subject_grant_key(table, granted->person_id, granted->by);
	apply_put(apply, &key, &granted->base);
}

static inline const Mt__SubjectExport *
subject_grant_find(const struct call *call, uint8_t table, const char *person_id, const char *by)
{
	struct key key = subject_grant_key(table, person_id, by);
	return call_record(call, &key, &mt__subject_export__descriptor);
}

/* What a service does that hears of an export: notes it, once. */
static inline void
subject_grant_note(struct call *call, uint8_t table, Mt__SubjectExport *granted)
{
	const Mt__SubjectExport *known = subject_grant_find(call, table, granted->person_id, granted->by);
	if (known != NULL && known->exported_us >= granted->exported_us)
		return;
	Mt__SubjectExportNoted fact = MT__SUBJECT_EXPORT_NOTED__INIT;
	fact.granted = granted;
	call_emit(call, &fact.base);
}

/* As it is now: what was split from the person since the file was granted is somebody else's. */
static inline bool
subject_grant_holds(const struct call *call, const Mt__SubjectExport *granted, const char *record_id)
{
	return strcmp(call_person(call, granted->person_id), call_person(call, record_id)) == 0;
}

/* The person, or who covers the place where they serve. */
static inline bool
subject_grant_scope(struct call *call, const Mt__SubjectExport *granted)
{
	return call_is_self(call, granted->person_id) || call_scope(call, granted->authority_id);
}

/* False: refused, or it waits for the export to be heard of here; return at once. */
static inline bool
subject_part_begin(struct subject_part *part, struct call *call, uint8_t table, const Mt__SubjectPartRequest *in)
{
	struct id id;
	*part = (struct subject_part){.call = call, .in = in, .out = MT__SUBJECT_PART__INIT};
	part->record_id = in->record_id[0] != '\0' ? in->record_id : in->person_id;
	if (!call_id(call, "person_id", in->person_id, &id) || !call_id(call, "record_id", part->record_id, &id))
		return false;
	const Mt__SubjectExport *granted = subject_grant_find(call, table, in->person_id, call_subject(call));
	if (granted == NULL && in->exported_us == 0) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "the file of person %s was not granted to the caller", in->person_id);
		return false;
	}
	if (granted == NULL || granted->exported_us < in->exported_us) {
		if (!call_park(call, SUBJECT_WAIT_MS))
			call_refuse(call, MT__STATUS__UNAVAILABLE, "the export of person %s is not known here yet",
				    in->person_id);
		return false;
	}
	if (!subject_grant_scope(call, granted))
		return false;
	if (call_now_us(call) - granted->exported_us > SUBJECT_GRANTED_S * SECOND_US) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the export of person %s was granted too long ago",
			    in->person_id);
		return false;
	}
	if (!subject_grant_holds(call, granted, part->record_id)) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "record %s is not of person %s", part->record_id,
			    in->person_id);
		return false;
	}
	part->out.more = arena_alloc(call_arena(call), SUBJECT_LISTS_MAX * sizeof(*part->out.more));
	return true;
}

/* False if the answer is not to hold this list, or its token was refused. */
static inline bool
subject_list_begin(struct subject_part *part, struct page *page, const char *list, const struct key *prefix)
{
	bool first = part->in->list[0] == '\0';
	assert(subject_list_owner(list) != NULL);
	if (call_refused(part->call) || (!first && strcmp(part->in->list, list) != 0))
		return false;
	return page_begin(page, part->call, prefix, SUBJECT_ROWS_MAX, first ? "" : part->in->page_token);
}

static inline void
subject_list_end(struct subject_part *part, struct page *page, const char *list)
{
	char *token = page_token(page);
	if (token[0] == '\0')
		return;
	assert(part->out.n_more < SUBJECT_LISTS_MAX);
	Mt__SubjectMore *more = (Mt__SubjectMore *)pb_new(&mt__subject_more__descriptor, call_arena(part->call));
	more->list = arena_text(call_arena(part->call), slice_text(list));
	more->page_token = token;
	part->out.more[part->out.n_more++] = more;
}

/* True for the first page: what stands once in a part belongs to it. */
static inline bool
subject_part_first(const struct subject_part *part)
{
	return part->in->list[0] == '\0';
}

static inline char *
subject_instant(struct call *call, int64_t instant_us)
{
	char *text = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	instant_format(instant_us, text);
	return text;
}

/* The id that a row's key ends with. */
static inline struct id
subject_row_id(struct slice row_key)
{
	struct id id;
	assert(row_key.size > ID_BYTES);
	memcpy(id.bytes, row_key.data + row_key.size - ID_BYTES, ID_BYTES);
	return id;
}

#endif
