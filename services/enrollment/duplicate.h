/* services/enrollment/duplicate.h
 *
 * What the files of duplicates share: duplicate_pair.c keeps which records share what,
 * duplicate.c merges and splits, duplicate_list.c shows candidates and why,
 * provisional.c finds provisional people their owners. */
#ifndef SERVICES_ENROLLMENT_DUPLICATE_H
#define SERVICES_ENROLLMENT_DUPLICATE_H

#include "services/enrollment/search.h"

enum {
	BLOCK_HASH_BYTES = 12,
	/* Records of one block that are paired with each other, the first by key: 10 pairs. Once some of them are
	 * merged, the next are. */
	BLOCK_PAIRED_MAX = 5,
	/* Records of one citizen id that a look-up goes through for one within reach. */
	BLOCK_LOOKED_MAX = 64,
	/* Both hired within this many days. */
	HIRED_CLOSE_DAYS = 31,
};

/* What two records share: bits of a pair's row. */
enum {
	SHARED_CITIZEN_ID = 1 << 0,
	SHARED_NAME = 1 << 1, /* and birth date */
	SHARED_ANYTHING = 0xff,
};

/* --- duplicate_pair.c --------------------------------------------------------------------------------------------- */

/* Prefix of the rows of those who have this citizen id: of records that stand, or of merged ones. */
struct key citizen_id_key(const uint8_t *token_key, const char *citizen_id, bool merged);
/* The person's key in a row of a block, and the other's in a row of a pair. */
struct slice block_person(struct slice key);
/* Bits that two records share now; 0 if they are no pair. open: and the first one's side has not dismissed it. */
uint32_t
pair_shared(const struct store *store, const Mt__PersonRecord *person, const Mt__PersonRecord *other, bool *open);
/* In apply, for the first one's side. */
void pair_dismiss(struct apply *apply, const Mt__PersonRecord *person, const Mt__PersonRecord *other,
		  const Mt__DismissedRecord *dismissed);

/* --- duplicate.c -------------------------------------------------------------------------------------------------- */

/* Why two records cannot be merged, a code and a sentence; code NULL if they can. */
struct merge_fault {
	const char *code;
	const char *sentence;
};
struct merge_fault merge_fault(const Mt__PersonRecord *person, const Mt__PersonRecord *other);
/* The same of a merge that one side decides: a provisional record finds its owner by adoption, which takes two. */
struct merge_fault merge_fault_alone(const Mt__PersonRecord *person, const Mt__PersonRecord *other);
void emit_merged(struct call *call, const Mt__PersonRecord *person, const Mt__PersonRecord *other, const char *proof,
		 bool adopted);

/* --- duplicate_list.c --------------------------------------------------------------------------------------------- */

void duplicates_list(Mt__Duplicates_Service *service, const Mt__ListDuplicatesRequest *in,
		     Mt__ListDuplicatesReply_Closure reply, void *call);
void duplicates_preview(Mt__Duplicates_Service *service, const Mt__PreviewMergeRequest *in,
			Mt__PreviewMergeReply_Closure reply, void *call);

/* --- provisional.c ------------------------------------------------------------------------------------------------ */

void adoption_apply_proposed(struct apply *apply, const Mt__AdoptionProposed *fact);
/* Nothing is proposed of these two any more. */
void adoption_settle(struct apply *apply, const char *provisional_id, const char *person_id);

#endif
