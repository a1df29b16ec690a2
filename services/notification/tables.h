/* services/notification/tables.h
 *
 * The tables of this service: first bytes of keys, and what a row holds. Ids stand in
 * keys as their 16 bytes, so what was registered together lies together. */
#ifndef SERVICES_NOTIFICATION_TABLES_H
#define SERVICES_NOTIFICATION_TABLES_H

#include "common/base/codec.h"
#include "common/base/id.h"

#include <assert.h>

enum notification_table {
	TABLE_CONTACT = 1,   /* person -> ContactRecord */
	TABLE_MESSAGE = 2,   /* message -> MessageRecord */
	TABLE_INBOX = 3,     /* person, UINT64_MAX - journal seq, message -> nothing: newest first */
	TABLE_OUTBOX = 4,    /* message -> nothing: the courier has to deliver it now */
	TABLE_TOLD = 5,      /* person, class or certificate -> u8: bits of the templates told, see template.h */
	TABLE_TOLD_LAST = 7, /* person, certificate, template (u8, see enum recurring) -> u64: the last occasion told */
	TABLE_SUBJECT_EXPORT = 6, /* person, who asked -> SubjectExport; one row an export asked for */
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
