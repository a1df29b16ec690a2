/* services/assessment/tables.h
 *
 * The tables of this service: first bytes of keys, and what a row holds. Ids stand in
 * keys as their 16 bytes, so what was registered together lies together. */
#ifndef SERVICES_ASSESSMENT_TABLES_H
#define SERVICES_ASSESSMENT_TABLES_H

#include "common/base/codec.h"
#include "common/base/id.h"

#include <assert.h>

enum assessment_table {
	TABLE_EXAM = 1,       /* exam -> ExamRecord */
	TABLE_ROSTER = 2,     /* class, person -> RosterRecord */
	TABLE_ATTEMPT = 3,    /* attempt -> AttemptRecord */
	TABLE_ATTEMPT_OF = 4, /* exam, person, attempt's number (u32) -> attempt (its 16 bytes) */
	/* What a person's file is read by, a row each: RosterJoined and RosterLeft + 1, AttemptStarted + 1. */
	TABLE_SUBJECT_CLASS = 5,   /* person, class -> nothing */
	TABLE_SUBJECT_ATTEMPT = 6, /* person, attempt -> nothing */
	TABLE_SUBJECT_EXPORT = 7,  /* person, who asked -> SubjectExport; one row an export asked for */
};

/* Only ids that were checked before: one that is none is a bug. */
static inline void
key_id_of(struct key *key, const char *text)
{
	struct id id;
	bool is_id = id_parse(text, &id);
	assert(is_id);
	key_bytes(key, slice_of(id.bytes, ID_BYTES));
}

#endif
