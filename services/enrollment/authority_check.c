/* services/enrollment/authority_check.c
 *
 * What may become of an authority: asked when a change is decided, and again when the
 * day of a planned one has come. */
#include "services/enrollment/authority.h"

#include "common/base/date.h"

#include <assert.h>

static bool
is_active(const Mt__AuthorityRecord *authority)
{
	return authority->state == MT__AUTHORITY__STATE__ACTIVE || authority->state == MT__AUTHORITY__STATE__UNSET;
}

const Mt__AuthorityRecord *
authority_of_id(struct call *call, const char *id)
{
	bool ambiguous;
	const Mt__AuthorityRecord *authority = tree_find(call_store(call), call_arena(call), id, &ambiguous);
	assert(authority != NULL);
	return authority;
}

/* Dates of the civil calendar compare as texts. */
static bool
date_allows(const struct authority_decision *decision)
{
	const Mt__AuthorityRecord *authority = decision->authority;
	int32_t date;
	bool valid = date_parse(decision->effective_date, &date);
	assert(valid);
	if (strcmp(decision->effective_date, authority->valid_from) < 0)
		call_refuse_field(decision->call, "effective_date", "authority %s begins on %s only", authority->code,
				  authority->valid_from);
	else if (strcmp(decision->effective_date, authority->changed_on) < 0)
		call_refuse_field(decision->call, "effective_date", "authority %s has changed on %s already",
				  authority->code, authority->changed_on);
	else if (date < call_today(decision->call) - AUTHORITY_CHANGE_BACK_DAYS_MAX)
		call_refuse_field(decision->call, "effective_date", "effective_date is more than %d days ago",
				  AUTHORITY_CHANGE_BACK_DAYS_MAX);
	else
		return true;
	return false;
}

static bool
state_allows(const struct authority_decision *decision)
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
target_allows(const struct authority_decision *decision, const char *field, const Mt__AuthorityRecord *target)
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
place_allows(const struct authority_decision *decision, const char *field, const Mt__AuthorityRecord *parent)
{
	struct call *call = decision->call;
	const Mt__AuthorityRecord *authority = decision->authority;
	const char *path[TREE_DEPTH_MAX];
	unsigned height;
	if (authority->parent_id[0] == '\0') {
		call_refuse_field(call, "authority", "authority %s is the root and stays it", authority->code);
		return false;
	}
	if (tree_moves(call_store(call), authority->authority_id) >= AUTHORITY_MOVES_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has moved %d times already",
			    authority->code, AUTHORITY_MOVES_MAX);
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
split_allows(const struct authority_decision *decision, const Mt__AuthoritySplit *split)
{
	uint64_t share = 0;
	for (size_t i = 0; i < split->n_successors; i++) {
		const Mt__AuthoritySuccessor *part = split->successors[i];
		if (!target_allows(decision, "parts", authority_of_id(decision->call, part->authority_id)))
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
code_allows(const struct authority_decision *decision, const Mt__AuthorityCode *code)
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

bool
authority_change_allows(const struct authority_decision *decision)
{
	const Mt__AuthorityChange *change = &decision->change;
	if (!date_allows(decision))
		return false;
	switch (change->change_case) {
	case MT__AUTHORITY_CHANGE__CHANGE_RENAMED:
		return state_allows(decision);
	case MT__AUTHORITY_CHANGE__CHANGE_MOVED:
		return state_allows(decision) &&
		       place_allows(decision, "parent", authority_of_id(decision->call, change->moved->parent_id));
	case MT__AUTHORITY_CHANGE__CHANGE_MERGED:
		return state_allows(decision) &&
		       place_allows(decision, "into", authority_of_id(decision->call, change->merged->into_id));
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
holds_code(const struct authority_decision *decision, const Mt__AuthorityCode *code)
{
	struct id holder;
	struct id id = id_known(decision->authority->authority_id);
	return tree_code_holder(call_store(decision->call), code->code_list, code->list_version, code->code, &holder) &&
	       memcmp(holder.bytes, id.bytes, ID_BYTES) == 0;
}

bool
authority_change_is_done(const struct authority_decision *decision)
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
