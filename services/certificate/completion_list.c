/* services/certificate/completion_list.c
 *
 * A class's completions as a signatory sees and approves them. Guards stand before the one
 * fact of an approval; what follows from it is completion.c's. */
#include "services/certificate/completion.h"

#include "common/base/date.h"

/* --- approval --------------------------------------------------------------------------------------------------- */

static bool
exceptions_wait(struct call *call, const Mt__CompletionListRecord *list, const Mt__ApproveListRequest *in)
{
	if (in->n_except_person_ids > EXCEPTIONS_MAX) {
		call_refuse_field(call, "except_person_ids", "at most %d people may be left out at once",
				  EXCEPTIONS_MAX);
		return false;
	}
	for (size_t i = 0; i < in->n_except_person_ids; i++) {
		struct id id;
		const char *person_id = in->except_person_ids[i];
		if (!call_id(call, "except_person_ids", person_id, &id))
			return false;
		if (!completion_is_waiting(call, list, list->round, person_id)) {
			call_refuse_field(call, "except_person_ids", "person %s is not waiting on the list of class %s",
					  person_id, list->class_id);
			return false;
		}
		for (size_t earlier = 0; earlier < i; earlier++) {
			if (strcmp(in->except_person_ids[earlier], person_id) != 0)
				continue;
			call_refuse_field(call, "except_person_ids", "person %s is named twice", person_id);
			return false;
		}
	}
	return true;
}

static bool
decision_is_dated(struct call *call, const char *decision_date)
{
	int32_t date = call_date(call, "decision_date", decision_date);
	if (date == DATE_NONE)
		return false;
	if (date <= call_today(call))
		return true;
	call_refuse_field(call, "decision_date", "the decision is dated %s, which is still to come", decision_date);
	return false;
}

static void
completion_lists_approve(Mt__CompletionLists_Service *service, const Mt__ApproveListRequest *in,
			 Mt__ApproveListReply_Closure reply, void *call)
{
	(void)service;
	const Mt__CompletionListRecord *list = completion_list_or_refuse(call, in->class_id);
	if (list == NULL || !call_scope(call, list->school_id))
		return;
	const char *number = call_text(call, "decision_number", in->decision_number, NAME_BYTES_MAX, false);
	if (number == NULL || !decision_is_dated(call, in->decision_date))
		return;
	if (list->state == MT__COMPLETION_LIST__STATE__ISSUING) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "certificates of class %s are being issued under decision %s", list->class_id,
			    list->decision_number);
		return;
	}
	if (!exceptions_wait(call, list, in))
		return;
	if (list->waiting <= in->n_except_person_ids) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "no completion of class %s is left to approve",
			    list->class_id);
		return;
	}
	Mt__ListApproved fact = MT__LIST_APPROVED__INIT;
	fact.class_id = list->class_id;
	fact.school_id = list->school_id;
	fact.approved_by = (char *)call_subject(call);
	fact.decision_number = (char *)number;
	fact.decision_date = in->decision_date;
	fact.except_person_ids = in->except_person_ids;
	fact.n_except_person_ids = in->n_except_person_ids;
	fact.approved = list->waiting - (uint32_t)in->n_except_person_ids;
	call_emit(call, &fact.base);

	Mt__ApproveListReply out = MT__APPROVE_LIST_REPLY__INIT;
	out.approved = fact.approved;
	reply(&out, call);
}

/* --- the list as it is ------------------------------------------------------------------------------------------ */

static size_t
rows_below(const struct store *store, const struct key *prefix, size_t limit)
{
	size_t rows = 0;
	struct store_walk walk = store_walk(store, key_slice(prefix));
	while (rows < limit && store_walk_next(&walk))
		rows++;
	return rows;
}

static void
read_completions(struct call *call, const Mt__CompletionListRecord *list, Mt__GetListReply *out, size_t count)
{
	bool issuing = list->state == MT__COMPLETION_LIST__STATE__ISSUING;
	struct key prefix = completions_key(list->class_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	out->completions = arena_zero(call_arena(call), count * sizeof(*out->completions));
	while (out->n_completions < count && store_walk_next(&walk)) {
		Mt__CompletionRecord *completion = call_unpack(call, &mt__completion_record__descriptor, walk.value);
		if (issuing && completion_is_waiting(call, list, list->round - 1, completion->person_id))
			completion->approved = true; /* signed; its certificate comes with the next steps */
		out->completions[out->n_completions++] = completion;
	}
}

static void
completion_lists_get(Mt__CompletionLists_Service *service, const Mt__GetListRequest *in, Mt__GetListReply_Closure reply,
		     void *call)
{
	(void)service;
	const Mt__CompletionListRecord *list = completion_list_or_refuse(call, in->class_id);
	if (list == NULL || !call_scope(call, list->school_id))
		return;
	struct key prefix = completions_key(list->class_id);
	size_t count = rows_below(call_store(call), &prefix, COMPLETIONS_LISTED_MAX + 1);
	if (count > COMPLETIONS_LISTED_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "class %s has more than %d completions", in->class_id,
			    COMPLETIONS_LISTED_MAX);
		return;
	}
	Mt__GetListReply out = MT__GET_LIST_REPLY__INIT;
	out.list = (Mt__CompletionListRecord *)list;
	read_completions(call, list, &out, count);
	reply(&out, call);
}

Mt__CompletionLists_Service completion_lists = MT__COMPLETION_LISTS__INIT(completion_lists_);
