/* services/enrollment/authority.h
 *
 * What the files of authorities share, and nobody else: authority.c registers and
 * answers, authority_change.c decides changes, authority_check.c says which may be, authority_history.c keeps what was
 * and what is planned. */
#ifndef SERVICES_ENROLLMENT_AUTHORITY_H
#define SERVICES_ENROLLMENT_AUTHORITY_H

#include "services/enrollment/enrollment.h"

enum {
	/* Decided and not in effect yet, of one authority: a decree changes name, place and codes. */
	AUTHORITY_PLANS_MAX = 16,
	/* Ten years: a change moves the monthly figures since its day, which must be a bounded number. */
	AUTHORITY_CHANGE_BACK_DAYS_MAX = 3660,
};

/* --- authority.c -------------------------------------------------------------------------------------------------- */

/* A code's three texts, checked, in the arena; false and refused. */
bool authority_code_texts(struct call *call, const char *list, const char *version, const char *code,
			  Mt__AuthorityCode *checked);

/* --- authority_check.c -------------------------------------------------------------------------------------------- */

/* A change being decided. The texts of change live in the call's arena. */
struct authority_decision {
	struct call *call;
	const Mt__AuthorityRecord *authority;
	char *effective_date;
	int32_t date;
	Mt__AuthorityChange change;
};

/* Whether it may happen on its day, as things stand; false and refused, by field. */
bool authority_change_allows(const struct authority_decision *decision);
/* True if it is so already. */
bool authority_change_is_done(const struct authority_decision *decision);
const Mt__AuthorityRecord *authority_of_id(struct call *call, const char *id);

/* --- authority_history.c ------------------------------------------------------------------------------------------ */

/* As it was, or as is planned, on that day, as far as was recorded by known_us; NULL if it was not there. */
const Mt__AuthorityRecord *authority_as_of(struct call *call, struct id id, int32_t date, int64_t known_us);
/* The plans of one, in the order they take effect; count of them, at most AUTHORITY_PLANS_MAX. */
size_t authority_plans(const struct call *call, struct id id, Mt__AuthorityPlan *plans[AUTHORITY_PLANS_MAX]);
/* Makes a change on a record that is ours to change. */
void authority_change(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityChange *change);
/* Prefix of the rows (child ids) of all that ever stood, or are planned to stand, below a parent. */
struct key authority_ever_key(const char *parent_id);

/* In apply. What it is now becomes its version from that day on; "" for since ever. */
void authority_history_put(struct apply *apply, const char *authority_id, const char *effective_date);
void authority_ever_put(struct apply *apply, const char *parent_id, const char *authority_id);
void authority_plan_put(struct apply *apply, const Mt__AuthorityChangePlanned *fact);
/* plan_id "" does nothing. */
void authority_plan_delete(struct apply *apply, const char *authority_id, const char *plan_id);

void authorities_history(Mt__Authorities_Service *service, const Mt__AuthorityHistoryRequest *in,
			 Mt__AuthorityHistoryReply_Closure reply, void *call);

/* --- authority_change.c ------------------------------------------------------------------------------------------- */

void authorities_rename(Mt__Authorities_Service *service, const Mt__RenameAuthorityRequest *in,
			Mt__ChangeAuthorityReply_Closure reply, void *call);
void authorities_move(Mt__Authorities_Service *service, const Mt__MoveAuthorityRequest *in,
		      Mt__ChangeAuthorityReply_Closure reply, void *call);
void authorities_merge(Mt__Authorities_Service *service, const Mt__MergeAuthorityRequest *in,
		       Mt__ChangeAuthorityReply_Closure reply, void *call);
void authorities_split(Mt__Authorities_Service *service, const Mt__SplitAuthorityRequest *in,
		       Mt__ChangeAuthorityReply_Closure reply, void *call);
void authorities_code(Mt__Authorities_Service *service, const Mt__CodeAuthorityRequest *in,
		      Mt__ChangeAuthorityReply_Closure reply, void *call);
void authorities_cancel_plan(Mt__Authorities_Service *service, const Mt__CancelAuthorityPlanRequest *in,
			     Mt__CancelAuthorityPlanReply_Closure reply, void *call);
void authorities_change_due(Mt__Authorities_Service *service, const Mt__AuthorityChangeDue *in, Mt__Noted_Closure reply,
			    void *call);

#endif
