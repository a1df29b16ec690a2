/* services/certificate/completion_list.c
 *
 * A class's completions as a signatory sees and approves them. Guards stand before the one
 * fact of an approval; what follows from it is completion.c's.
 *
 * One approval takes a whole class, so whoever is short of the kind's rules need not be named: they are left out with
 * those who were, the reply says who, the list why, and they wait on for a better mark or other rules. */
#include "services/certificate/completion.h"

#include "common/base/date.h"
#include "services/certificate/content.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/kind.h"

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

/* Who is left out: whom the signatory names, then whoever is short of the kind's rules. */
struct left_out {
	char *person_ids[EXCEPTIONS_MAX];
	size_t count;
	size_t named;
};

static bool
is_left_out(const struct left_out *left_out, const char *person_id)
{
	for (size_t i = 0; i < left_out->count; i++) {
		if (strcmp(left_out->person_ids[i], person_id) == 0)
			return true;
	}
	return false;
}

const char *
completion_programme(const struct call *call, const char *class_id)
{
	struct key prefix = completions_key(class_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	if (!store_walk_next(&walk))
		return "";
	const Mt__CompletionRecord *first = call_unpack(call, &mt__completion_record__descriptor, walk.value);
	return first->programme_id;
}

static bool
leave_out_short(struct call *call, const Mt__CompletionListRecord *list, const Mt__CertificateKindRecord *kind,
		struct left_out *left_out)
{
	if (kind->mark_percent_min == 0 && kind->hours_min == 0)
		return true;
	struct key prefix = completion_round_key(list->class_id, list->round);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = completions_key(list->class_id);
		key_bytes(&key, slice_of(walk.key.data + walk.key.size - ID_BYTES, ID_BYTES));
		const Mt__CompletionRecord *completion = call_record(call, &key, &mt__completion_record__descriptor);
		assert(completion != NULL);
		if (kind_short_of(call_arena(call), kind, completion) == NULL ||
		    is_left_out(left_out, completion->person_id))
			continue;
		if (left_out->count == EXCEPTIONS_MAX) {
			call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED,
				    "more than %d people of class %s are left out or short of the rules of kind %s",
				    EXCEPTIONS_MAX, list->class_id, kind->kind_code);
			return false;
		}
		left_out->person_ids[left_out->count++] = completion->person_id;
	}
	return true;
}

/* False and refused if nobody is left to approve. */
static bool
leave_out(struct call *call, const Mt__CompletionListRecord *list, const Mt__CertificateKindRecord *kind,
	  const Mt__ApproveListRequest *in, struct left_out *left_out)
{
	for (left_out->count = 0; left_out->count < in->n_except_person_ids; left_out->count++)
		left_out->person_ids[left_out->count] = in->except_person_ids[left_out->count];
	left_out->named = in->n_except_person_ids;
	if (list->waiting <= left_out->count) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "no completion of class %s is left to approve",
			    list->class_id);
		return false;
	}
	if (!leave_out_short(call, list, kind, left_out))
		return false;
	if (list->waiting > left_out->count)
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
		    "no completion of class %s that is left reaches the rules of certificate kind %s", list->class_id,
		    kind->kind_code);
	return false;
}

static void
emit_approved(struct call *call, const Mt__CompletionListRecord *list, const Mt__CertificateKindRecord *kind,
	      const Mt__ListApproved *decision, struct left_out *left_out)
{
	Mt__ListApproved fact = *decision;
	fact.class_id = list->class_id;
	fact.school_id = list->school_id;
	fact.approved_by = (char *)call_subject(call);
	fact.except_person_ids = left_out->person_ids;
	fact.n_except_person_ids = left_out->count;
	fact.approved = list->waiting - (uint32_t)left_out->count;
	fact.kind_code = kind->kind_code;
	fact.kind_authority_id = kind->authority_id;
	call_emit(call, &fact.base);
}

static bool
decision_check(struct call *call, const Mt__CompletionListRecord *list, const Mt__ApproveListRequest *in,
	       Mt__ListApproved *decision)
{
	decision->decision_number = (char *)content_text(call, "decision_number", in->decision_number, false);
	decision->decision_date = in->decision_date;
	if (decision->decision_number == NULL || content_date(call, "decision_date", in->decision_date) == DATE_NONE)
		return false;
	if (list->state != MT__COMPLETION_LIST__STATE__ISSUING)
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
		    "certificates of class %s are being issued under decision %s", list->class_id,
		    list->decision_number);
	return false;
}

static void
completion_lists_approve(Mt__CompletionLists_Service *service, const Mt__ApproveListRequest *in,
			 Mt__ApproveListReply_Closure reply, void *call)
{
	(void)service;
	struct left_out left_out;
	Mt__ListApproved decision = MT__LIST_APPROVED__INIT;
	const Mt__CompletionListRecord *list = completion_list_or_refuse(call, in->class_id);
	if (list == NULL || !call_scope(call, list->school_id) || !public_url_agrees(call))
		return;
	const Mt__CertificateKindRecord *kind =
		kind_for(call, list->school_id, completion_programme(call, list->class_id));
	if (!kind_signatory(call, kind, &decision.signatory) || !decision_check(call, list, in, &decision) ||
	    !exceptions_wait(call, list, in) || !leave_out(call, list, kind, in, &left_out))
		return;
	emit_approved(call, list, kind, &decision, &left_out);

	Mt__ApproveListReply out = MT__APPROVE_LIST_REPLY__INIT;
	out.approved = list->waiting - (uint32_t)left_out.count;
	out.short_of_person_ids = left_out.person_ids + left_out.named;
	out.n_short_of_person_ids = left_out.count - left_out.named;
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

/* As it stands now: what was approved or released counts as approved, and the rules are those of today. */
static void
read_completion(struct call *call, const Mt__CompletionListRecord *list, const Mt__CertificateKindRecord *kind,
		Mt__CompletionRecord *completion)
{
	static char none[] = "";
	if (completion->certificate_id[0] != '\0')
		return;
	if (completion_is_being_issued(call, list, completion->person_id)) {
		completion->approved = true;
		return;
	}
	const char *short_of = kind_short_of(call_arena(call), kind, completion);
	completion->short_of = short_of == NULL ? none : (char *)short_of;
}

static void
read_completions(struct call *call, const Mt__CompletionListRecord *list, const Mt__CertificateKindRecord *kind,
		 Mt__GetListReply *out, size_t count)
{
	struct key prefix = completions_key(list->class_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	out->completions = arena_zero(call_arena(call), count * sizeof(*out->completions));
	while (out->n_completions < count && store_walk_next(&walk)) {
		Mt__CompletionRecord *completion = call_unpack(call, &mt__completion_record__descriptor, walk.value);
		read_completion(call, list, kind, completion);
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
	const Mt__CertificateKindRecord *kind =
		kind_for(call, list->school_id, completion_programme(call, list->class_id));
	Mt__CompletionListRecord shown = *list;
	if (list->state == MT__COMPLETION_LIST__STATE__COLLECTING) {
		shown.kind_code = kind->kind_code; /* which the next approval takes */
		shown.kind_authority_id = kind->authority_id;
	}
	Mt__GetListReply out = MT__GET_LIST_REPLY__INIT;
	out.list = &shown;
	read_completions(call, list, kind, &out, count);
	reply(&out, call);
}

Mt__CompletionLists_Service completion_lists = MT__COMPLETION_LISTS__INIT(completion_lists_);
