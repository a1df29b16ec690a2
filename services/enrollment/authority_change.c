/* services/enrollment/authority_change.c
 *
 * Decisions on what becomes of an authority: another name, place or code, a merger, a
 * split. Each is one bounded fact whatever the size of the body: nobody's records move.
 *
 * Promises: changes of one authority come in the order of their dates; the tree has no
 * cycle and is never deeper than TREE_DEPTH_MAX; what was merged or split never changes
 * again, and only what is active succeeds it; the same command again changes nothing.
 * A change dated in the future is checked, kept as a plan, and checked again when its
 * day comes: the timer's refusal is then visible among the refused reactions. */
#include "services/enrollment/authority.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- deciding ----------------------------------------------------------------------------------------------------- */

static const ProtobufCMessage *
change_fact(const Mt__AuthorityChange *change, char *plan_id)
{
	switch (change->change_case) {
	case MT__AUTHORITY_CHANGE__CHANGE_RENAMED:
		change->renamed->plan_id = plan_id;
		return &change->renamed->base;
	case MT__AUTHORITY_CHANGE__CHANGE_MOVED:
		change->moved->plan_id = plan_id;
		return &change->moved->base;
	case MT__AUTHORITY_CHANGE__CHANGE_MERGED:
		change->merged->plan_id = plan_id;
		return &change->merged->base;
	case MT__AUTHORITY_CHANGE__CHANGE_SPLIT:
		change->split->plan_id = plan_id;
		return &change->split->base;
	case MT__AUTHORITY_CHANGE__CHANGE_CODED:
		change->coded->plan_id = plan_id;
		return &change->coded->base;
	case MT__AUTHORITY_CHANGE__CHANGE__NOT_SET:
		break;
	}
	assert(!"a change of no kind");
	return NULL;
}

/* The plan of just that change on that day, or NULL. */
static const Mt__AuthorityPlan *
plan_find(const struct authority_decision *decision, Mt__AuthorityPlan *const *plans, size_t count)
{
	struct arena *arena = call_arena(decision->call);
	struct slice wanted = pb_pack(arena, &decision->change.base);
	for (size_t i = 0; i < count; i++) {
		if (slice_equal(pb_pack(arena, &plans[i]->change->base), wanted))
			return plans[i];
	}
	return NULL;
}

static void
decide_plan(struct authority_decision *decision, Mt__ChangeAuthorityReply *out, Mt__ChangeAuthorityReply_Closure reply)
{
	struct call *call = decision->call;
	const Mt__AuthorityRecord *authority = decision->authority;
	Mt__AuthorityPlan *plans[AUTHORITY_PLANS_MAX];
	size_t count = authority_plans(call, id_known(authority->authority_id), plans);
	const Mt__AuthorityPlan *there = plan_find(decision, plans, count);
	if (there != NULL) {
		out->plan_id = there->plan_id;
		out->unchanged = true;
		reply(out, call);
		return;
	}
	if (!authority_change_allows(decision))
		return;
	if (count == AUTHORITY_PLANS_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has %d changes planned already",
			    authority->code, AUTHORITY_PLANS_MAX);
		return;
	}
	Mt__AuthorityPlan plan = MT__AUTHORITY_PLAN__INIT;
	Mt__AuthorityChangePlanned fact = MT__AUTHORITY_CHANGE_PLANNED__INIT;
	plan.plan_id = (char *)call_new_id(call, authority->locality);
	plan.effective_date = decision->effective_date;
	plan.change = &decision->change;
	fact.authority_id = authority->authority_id;
	fact.plan = &plan;
	call_emit(call, &fact.base);
	out->plan_id = plan.plan_id;
	reply(out, call);
}

static void
decide(struct authority_decision *decision, Mt__ChangeAuthorityReply_Closure reply)
{
	struct call *call = decision->call;
	Mt__ChangeAuthorityReply out = MT__CHANGE_AUTHORITY_REPLY__INIT;
	out.authority_id = decision->authority->authority_id;
	if (decision->date > call_today(call)) {
		decide_plan(decision, &out, reply);
		return;
	}
	out.unchanged = authority_change_is_done(decision);
	if (!out.unchanged) {
		if (!authority_change_allows(decision))
			return;
		call_emit(call, change_fact(&decision->change, (char *)""));
	}
	reply(&out, call);
}

/* --- the commands ------------------------------------------------------------------------------------------------- */

/* Whom it is about, and from when; false and refused. */
static bool
begin(struct authority_decision *decision, struct call *call, const char *authority, const char *effective_date)
{
	*decision = (struct authority_decision){.call = call, .change = MT__AUTHORITY_CHANGE__INIT};
	decision->authority = call_authority_ref(call, "authority", authority);
	if (decision->authority == NULL || !call_scope(call, decision->authority->authority_id))
		return false;
	decision->date =
		effective_date[0] == '\0' ? call_today(call) : call_date(call, "effective_date", effective_date);
	if (decision->date == DATE_NONE)
		return false;
	decision->effective_date = arena_alloc(call_arena(call), DATE_TEXT_BYTES);
	date_format(decision->date, decision->effective_date);
	return true;
}

/* Another authority that the caller may dispose of as well; NULL and refused. */
static const Mt__AuthorityRecord *
other(struct call *call, const char *field, const char *reference)
{
	const Mt__AuthorityRecord *authority = call_authority_ref(call, field, reference);
	return authority != NULL && call_scope(call, authority->authority_id) ? authority : NULL;
}

void
authorities_rename(Mt__Authorities_Service *service, const Mt__RenameAuthorityRequest *in,
		   Mt__ChangeAuthorityReply_Closure reply, void *call)
{
	(void)service;
	struct authority_decision decision;
	Mt__AuthorityRenamed fact = MT__AUTHORITY_RENAMED__INIT;
	if (!begin(&decision, call, in->authority, in->effective_date))
		return;
	fact.name = (char *)call_text(call, "name", in->name, NAME_BYTES_MAX, false);
	if (fact.name == NULL)
		return;
	fact.name_en = (char *)call_text(call, "name_en", in->name_en, NAME_BYTES_MAX, true);
	if (fact.name_en == NULL)
		return;
	fact.kind = (char *)call_text(call, "kind", in->kind, CODE_BYTES_MAX, true);
	if (fact.kind == NULL)
		return;
	if (fact.kind[0] == '\0')
		fact.kind = decision.authority->kind;
	fact.authority_id = decision.authority->authority_id;
	fact.effective_date = decision.effective_date;
	decision.change.change_case = MT__AUTHORITY_CHANGE__CHANGE_RENAMED;
	decision.change.renamed = &fact;
	decide(&decision, reply);
}

void
authorities_move(Mt__Authorities_Service *service, const Mt__MoveAuthorityRequest *in,
		 Mt__ChangeAuthorityReply_Closure reply, void *call)
{
	(void)service;
	struct authority_decision decision;
	Mt__AuthorityMoved fact = MT__AUTHORITY_MOVED__INIT;
	if (!begin(&decision, call, in->authority, in->effective_date))
		return;
	const Mt__AuthorityRecord *parent = other(call, "parent", in->parent);
	if (parent == NULL)
		return;
	fact.authority_id = decision.authority->authority_id;
	fact.parent_id = parent->authority_id;
	fact.effective_date = decision.effective_date;
	decision.change.change_case = MT__AUTHORITY_CHANGE__CHANGE_MOVED;
	decision.change.moved = &fact;
	decide(&decision, reply);
}

void
authorities_merge(Mt__Authorities_Service *service, const Mt__MergeAuthorityRequest *in,
		  Mt__ChangeAuthorityReply_Closure reply, void *call)
{
	(void)service;
	struct authority_decision decision;
	Mt__AuthorityMerged fact = MT__AUTHORITY_MERGED__INIT;
	if (!begin(&decision, call, in->authority, in->effective_date))
		return;
	const Mt__AuthorityRecord *into = other(call, "into", in->into);
	if (into == NULL)
		return;
	fact.authority_id = decision.authority->authority_id;
	fact.into_id = into->authority_id;
	fact.effective_date = decision.effective_date;
	decision.change.change_case = MT__AUTHORITY_CHANGE__CHANGE_MERGED;
	decision.change.merged = &fact;
	decide(&decision, reply);
}

/* The parts as successors; false and refused. */
static bool
split_parts(struct call *call, const Mt__SplitAuthorityRequest *in, Mt__AuthoritySplit *fact)
{
	if (in->n_parts < 2 || in->n_parts > AUTHORITY_SUCCESSORS_MAX) {
		call_refuse_field(call, "parts", "a split has 2 to %d parts; into one it is a merger",
				  AUTHORITY_SUCCESSORS_MAX);
		return false;
	}
	fact->successors = arena_alloc(call_arena(call), in->n_parts * sizeof(*fact->successors));
	for (size_t i = 0; i < in->n_parts; i++) {
		const Mt__AuthorityRecord *part = other(call, "parts", in->parts[i]->authority);
		if (part == NULL)
			return false;
		Mt__AuthoritySuccessor *successor = arena_alloc(call_arena(call), sizeof(*successor));
		mt__authority_successor__init(successor);
		successor->authority_id = part->authority_id;
		successor->share_millionths = in->parts[i]->share_millionths;
		fact->successors[fact->n_successors++] = successor;
	}
	return true;
}

void
authorities_split(Mt__Authorities_Service *service, const Mt__SplitAuthorityRequest *in,
		  Mt__ChangeAuthorityReply_Closure reply, void *call)
{
	(void)service;
	struct authority_decision decision;
	Mt__AuthoritySplit fact = MT__AUTHORITY_SPLIT__INIT;
	if (!begin(&decision, call, in->authority, in->effective_date) || !split_parts(call, in, &fact))
		return;
	fact.authority_id = decision.authority->authority_id;
	fact.effective_date = decision.effective_date;
	decision.change.change_case = MT__AUTHORITY_CHANGE__CHANGE_SPLIT;
	decision.change.split = &fact;
	decide(&decision, reply);
}

void
authorities_code(Mt__Authorities_Service *service, const Mt__CodeAuthorityRequest *in,
		 Mt__ChangeAuthorityReply_Closure reply, void *call)
{
	(void)service;
	struct authority_decision decision;
	Mt__AuthorityCoded fact = MT__AUTHORITY_CODED__INIT;
	Mt__AuthorityCode code = MT__AUTHORITY_CODE__INIT;
	if (!begin(&decision, call, in->authority, in->effective_date) ||
	    !authority_code_texts(call, in->code_list, in->list_version, in->code, &code))
		return;
	code.valid_from = decision.effective_date;
	fact.authority_id = decision.authority->authority_id;
	fact.code = &code;
	fact.effective_date = decision.effective_date;
	decision.change.change_case = MT__AUTHORITY_CHANGE__CHANGE_CODED;
	decision.change.coded = &fact;
	decide(&decision, reply);
}

static const Mt__AuthorityPlan *
plan_of_id(struct call *call, const Mt__AuthorityRecord *authority, const char *plan_id)
{
	Mt__AuthorityPlan *plans[AUTHORITY_PLANS_MAX];
	size_t count = authority_plans(call, id_known(authority->authority_id), plans);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(plans[i]->plan_id, plan_id) == 0)
			return plans[i];
	}
	return NULL;
}

static void
emit_cancelled(struct call *call, const Mt__AuthorityRecord *authority, const Mt__AuthorityPlan *plan)
{
	Mt__AuthorityPlanCancelled fact = MT__AUTHORITY_PLAN_CANCELLED__INIT;
	fact.authority_id = authority->authority_id;
	fact.plan_id = plan->plan_id;
	call_emit(call, &fact.base);
}

void
authorities_cancel_plan(Mt__Authorities_Service *service, const Mt__CancelAuthorityPlanRequest *in,
			Mt__CancelAuthorityPlanReply_Closure reply, void *call)
{
	(void)service;
	Mt__CancelAuthorityPlanReply out = MT__CANCEL_AUTHORITY_PLAN_REPLY__INIT;
	const Mt__AuthorityRecord *authority = other(call, "authority", in->authority);
	if (authority == NULL)
		return;
	const Mt__AuthorityPlan *plan = plan_of_id(call, authority, in->plan_id);
	if (plan == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "authority %s has no plan %.*s", authority->code,
			    text_cut(in->plan_id, ID_TEXT_BYTES), in->plan_id);
		return;
	}
	emit_cancelled(call, authority, plan);
	reply(&out, call);
}

/* Its day has come. One that came about otherwise is off the list; one that may not be is refused, and stays on it. */
void
authorities_change_due(Mt__Authorities_Service *service, const Mt__AuthorityChangeDue *in, Mt__Noted_Closure reply,
		       void *call)
{
	(void)service;
	Mt__Noted out = MT__NOTED__INIT;
	struct authority_decision decision = {.call = call, .authority = authority_of_id(call, in->authority_id)};
	const Mt__AuthorityPlan *plan = plan_of_id(call, decision.authority, in->plan_id);
	if (plan == NULL) {
		reply(&out, call);
		return;
	}
	decision.change = *plan->change;
	decision.effective_date = plan->effective_date;
	if (authority_change_is_done(&decision)) {
		emit_cancelled(call, decision.authority, plan);
	} else {
		if (!authority_change_allows(&decision))
			return;
		call_emit(call, change_fact(&decision.change, plan->plan_id));
	}
	reply(&out, call);
}
