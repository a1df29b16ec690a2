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
#include "common/wire/pb.h"

#include <assert.h>

/* A change being decided. The texts of change live in the call's arena. */
struct decision {
	struct call *call;
	const Mt__AuthorityRecord *authority;
	char *effective_date;
	int32_t date;
	Mt__AuthorityChange change;
};

/* --- what may become of it ---------------------------------------------------------------------------------------- */

static bool
is_active(const Mt__AuthorityRecord *authority)
{
	return authority->state == MT__AUTHORITY__STATE__ACTIVE || authority->state == MT__AUTHORITY__STATE__UNSET;
}

static const Mt__AuthorityRecord *
authority_known(struct call *call, const char *id)
{
	bool ambiguous;
	const Mt__AuthorityRecord *authority = tree_find(call_store(call), call_arena(call), id, &ambiguous);
	assert(authority != NULL);
	return authority;
}

/* Dates of the civil calendar compare as texts. */
static bool
date_allows(const struct decision *decision)
{
	const Mt__AuthorityRecord *authority = decision->authority;
	if (strcmp(decision->effective_date, authority->valid_from) < 0)
		call_refuse_field(decision->call, "effective_date", "authority %s begins on %s only", authority->code,
				  authority->valid_from);
	else if (strcmp(decision->effective_date, authority->changed_on) < 0)
		call_refuse_field(decision->call, "effective_date", "authority %s has changed on %s already",
				  authority->code, authority->changed_on);
	else
		return true;
	return false;
}

static bool
state_allows(const struct decision *decision)
{
	const Mt__AuthorityRecord *authority = decision->authority;
	if (is_active(authority))
		return true;
	call_refuse_field(decision->call, "authority", "authority %s was %s, its last day was %s", authority->code,
			  authority->state == MT__AUTHORITY__STATE__MERGED ? "merged" : "split", authority->valid_to);
	return false;
}

/* Whoever takes something over must be there on that day. */
static bool
target_allows(const struct decision *decision, const char *field, const Mt__AuthorityRecord *target)
{
	if (strcmp(target->authority_id, decision->authority->authority_id) == 0)
		call_refuse_field(decision->call, field, "authority %s is named as its own %s", target->code, field);
	else if (!is_active(target))
		call_refuse_field(decision->call, field, "authority %s was merged or split, its last day was %s",
				  target->code, target->valid_to);
	else if (strcmp(decision->effective_date, target->valid_from) < 0)
		call_refuse_field(decision->call, field, "authority %s begins on %s only", target->code,
				  target->valid_from);
	else
		return true;
	return false;
}

/* The whole subtree must fit below its new parent. */
static bool
place_allows(const struct decision *decision, const char *field, const Mt__AuthorityRecord *parent)
{
	struct call *call = decision->call;
	const Mt__AuthorityRecord *authority = decision->authority;
	const char *path[TREE_DEPTH_MAX];
	unsigned height;
	if (authority->parent_id[0] == '\0') {
		call_refuse_field(call, "authority", "authority %s is the root and stays it", authority->code);
		return false;
	}
	if (!target_allows(decision, field, parent))
		return false;
	if (tree_covers(call_store(call), authority->authority_id, parent->authority_id)) {
		call_refuse_field(call, field, "authority %s stands below %s", parent->code, authority->code);
		return false;
	}
	struct id *ids = arena_alloc(call_arena(call), TREE_SUBTREE_MAX * sizeof(*ids));
	if (tree_subtree(call_store(call), id_known(authority->authority_id), ids, TREE_SUBTREE_MAX, &height) == 0) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "more than %d authorities stand below %s",
			    TREE_SUBTREE_MAX, authority->code);
		return false;
	}
	size_t depth = tree_path(call_store(call), call_arena(call), parent->authority_id, path);
	if (depth + height <= TREE_DEPTH_MAX)
		return true;
	call_refuse_field(call, field, "below %s the tree would be %zu levels deep, at most %d are allowed",
			  parent->code, depth + height, TREE_DEPTH_MAX);
	return false;
}

static bool
split_allows(const struct decision *decision, const Mt__AuthoritySplit *split)
{
	uint64_t share = 0;
	for (size_t i = 0; i < split->n_successors; i++) {
		const Mt__AuthoritySuccessor *part = split->successors[i];
		if (!target_allows(decision, "parts", authority_known(decision->call, part->authority_id)))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(split->successors[j]->authority_id, part->authority_id) != 0)
				continue;
			call_refuse_field(decision->call, "parts", "one authority is named twice among the parts");
			return false;
		}
		if (part->share_millionths == 0) {
			call_refuse_field(decision->call, "parts", "a part has no share");
			return false;
		}
		share += part->share_millionths;
	}
	if (share == SHARE_WHOLE)
		return true;
	call_refuse_field(decision->call, "parts", "the shares come to %llu millionths, not to the whole",
			  (unsigned long long)share);
	return false;
}

static bool
code_allows(const struct decision *decision, const Mt__AuthorityCode *code)
{
	struct call *call = decision->call;
	struct id holder;
	if (decision->authority->n_codes >= AUTHORITY_CODES_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has %d codes already",
			    decision->authority->code, AUTHORITY_CODES_MAX);
		return false;
	}
	if (!tree_code_holder(call_store(call), code->code_list, code->list_version, code->code, &holder))
		return true;
	const char *id = id_text(call_arena(call), slice_of(holder.bytes, ID_BYTES));
	call_refuse(call, MT__STATUS__ALREADY_EXISTS, "code %s of list %s %s is that of authority %s", code->code,
		    code->code_list, code->list_version, id);
	return false;
}

/* Whether it may happen on its day, as things stand; false and refused. */
static bool
change_allows(const struct decision *decision)
{
	const Mt__AuthorityChange *change = &decision->change;
	if (!date_allows(decision))
		return false;
	switch (change->change_case) {
	case MT__AUTHORITY_CHANGE__CHANGE_RENAMED:
		return state_allows(decision);
	case MT__AUTHORITY_CHANGE__CHANGE_MOVED:
		return state_allows(decision) &&
		       place_allows(decision, "parent", authority_known(decision->call, change->moved->parent_id));
	case MT__AUTHORITY_CHANGE__CHANGE_MERGED:
		return state_allows(decision) &&
		       place_allows(decision, "into", authority_known(decision->call, change->merged->into_id));
	case MT__AUTHORITY_CHANGE__CHANGE_SPLIT:
		return state_allows(decision) && split_allows(decision, change->split);
	case MT__AUTHORITY_CHANGE__CHANGE_CODED:
		return code_allows(decision, change->coded->code);
	case MT__AUTHORITY_CHANGE__CHANGE__NOT_SET:
		break;
	}
	assert(!"a change of no kind");
	return false;
}

static bool
has_successors(const Mt__AuthorityRecord *authority, const Mt__AuthoritySplit *split)
{
	if (authority->n_successors != split->n_successors)
		return false;
	for (size_t i = 0; i < split->n_successors; i++) {
		const Mt__AuthoritySuccessor *is = authority->successors[i];
		const Mt__AuthoritySuccessor *wanted = split->successors[i];
		if (strcmp(is->authority_id, wanted->authority_id) != 0 ||
		    is->share_millionths != wanted->share_millionths)
			return false;
	}
	return true;
}

static bool
holds_code(const struct decision *decision, const Mt__AuthorityCode *code)
{
	struct id holder;
	struct id id = id_known(decision->authority->authority_id);
	return tree_code_holder(call_store(decision->call), code->code_list, code->list_version, code->code,
				&holder) &&
	       memcmp(holder.bytes, id.bytes, ID_BYTES) == 0;
}

/* True if it is so already. */
static bool
change_is_done(const struct decision *decision)
{
	const Mt__AuthorityRecord *authority = decision->authority;
	const Mt__AuthorityChange *change = &decision->change;
	switch (change->change_case) {
	case MT__AUTHORITY_CHANGE__CHANGE_RENAMED:
		return strcmp(authority->name, change->renamed->name) == 0 &&
		       strcmp(authority->name_en, change->renamed->name_en) == 0 &&
		       strcmp(authority->kind, change->renamed->kind) == 0;
	case MT__AUTHORITY_CHANGE__CHANGE_MOVED:
		return strcmp(authority->parent_id, change->moved->parent_id) == 0;
	case MT__AUTHORITY_CHANGE__CHANGE_MERGED:
		return authority->state == MT__AUTHORITY__STATE__MERGED &&
		       strcmp(authority->successors[0]->authority_id, change->merged->into_id) == 0;
	case MT__AUTHORITY_CHANGE__CHANGE_SPLIT:
		return authority->state == MT__AUTHORITY__STATE__SPLIT && has_successors(authority, change->split);
	case MT__AUTHORITY_CHANGE__CHANGE_CODED:
		return holds_code(decision, change->coded->code);
	case MT__AUTHORITY_CHANGE__CHANGE__NOT_SET:
		break;
	}
	assert(!"a change of no kind");
	return false;
}

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
plan_find(const struct decision *decision, Mt__AuthorityPlan *const *plans, size_t count)
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
decide_plan(struct decision *decision, Mt__ChangeAuthorityReply *out, Mt__ChangeAuthorityReply_Closure reply)
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
	if (!change_allows(decision))
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
decide(struct decision *decision, Mt__ChangeAuthorityReply_Closure reply)
{
	struct call *call = decision->call;
	Mt__ChangeAuthorityReply out = MT__CHANGE_AUTHORITY_REPLY__INIT;
	out.authority_id = decision->authority->authority_id;
	if (decision->date > call_today(call)) {
		decide_plan(decision, &out, reply);
		return;
	}
	out.unchanged = change_is_done(decision);
	if (!out.unchanged) {
		if (!change_allows(decision))
			return;
		call_emit(call, change_fact(&decision->change, (char *)""));
	}
	reply(&out, call);
}

/* --- the commands ------------------------------------------------------------------------------------------------- */

/* Whom it is about, and from when; false and refused. */
static bool
begin(struct decision *decision, struct call *call, const char *authority, const char *effective_date)
{
	*decision = (struct decision){.call = call, .change = MT__AUTHORITY_CHANGE__INIT};
	decision->authority = call_authority_ref(call, "authority", authority);
	if (decision->authority == NULL || !call_scope(call, decision->authority->authority_id))
		return false;
	decision->date = effective_date[0] == '\0' ? call_today(call)
						   : call_date(call, "effective_date", effective_date);
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
	struct decision decision;
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
	struct decision decision;
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
	struct decision decision;
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
	struct decision decision;
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
	struct decision decision;
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
		call_refuse(call, MT__STATUS__NOT_FOUND, "authority %s has no plan %.64s", authority->code,
			    in->plan_id);
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
	struct decision decision = {.call = call, .authority = authority_known(call, in->authority_id)};
	const Mt__AuthorityPlan *plan = plan_of_id(call, decision.authority, in->plan_id);
	if (plan == NULL) {
		reply(&out, call);
		return;
	}
	decision.change = *plan->change;
	decision.effective_date = plan->effective_date;
	if (change_is_done(&decision)) {
		emit_cancelled(call, decision.authority, plan);
	} else {
		if (!change_allows(&decision))
			return;
		call_emit(call, change_fact(&decision.change, plan->plan_id));
	}
	reply(&out, call);
}
