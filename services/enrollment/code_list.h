/* services/enrollment/code_list.h
 *
 * What the files of the code lists share:
 *   code_list.c         look-ups, questions, apply
 *   code_list_put.c     an operator adds codes
 *   code_list_check.c   a change's codes against the lists of its day */
#ifndef SERVICES_ENROLLMENT_CODE_LIST_H
#define SERVICES_ENROLLMENT_CODE_LIST_H

#include "services/enrollment/enrollment.h"

/* A list's place is in the keys: new ones come last. */
enum code_list {
	CODE_LIST_POSITION,
	CODE_LIST_RANK,
	CODE_LIST_LEAVE_REASON,
	CODE_LIST_PROFESSIONAL,
	CODE_LIST_POLITICAL_THEORY,
	CODE_LIST_STATE_MANAGEMENT,
	CODE_LIST_JOB_SKILLS,
	CODE_LIST_LANGUAGE,
	CODE_LIST_INFORMATION_TECHNOLOGY,
	CODE_LISTS,
};

enum {
	/* One fact a call, and a row a code. */
	CODES_PER_CALL_MAX = 1000,
	/* The occupations of a nation are some thousands. */
	CODES_PER_VERSION_MAX = 50000,
	/* A list is replaced every few years; all of them stand in the row that each event reads. */
	CODE_VERSIONS_MAX = 32,
	/* Of that row, a version: list, number, first day. */
	CODE_IN_FORCE_BYTES = 1 + 2 + 4,
};

extern const char *const code_list_names[CODE_LISTS];

/* CODE_LISTS if there is none of that name; the second refuses then. */
enum code_list code_list_of_name(const char *name);
enum code_list code_list_or_refuse(struct call *call, const char *name);
/* With its versions; NULL before the first. */
const Mt__CodeListRecord *code_list_get(const struct call *call, enum code_list list);
struct key code_list_code_key(enum code_list list, uint32_t number, const char *code);

/* The row of all complete versions, by list and first day; empty if there is none. */
struct slice code_list_in_force(const struct store *store);
/* Of that row, the number of the version that counts on that day; 0 if there is none. */
uint32_t code_list_number_at(struct slice row, enum code_list list, int32_t date);
/* A code of a version; NULL if it is not there, or does not count on that day. */
const Mt__ListCode *
code_list_code_at(const struct call *call, enum code_list list, uint32_t number, const char *code, const char *date);

void code_lists_put(Mt__CodeLists_Service *service, const Mt__PutCodesRequest *in, Mt__PutCodesReply_Closure reply,
		    void *call);

#endif
