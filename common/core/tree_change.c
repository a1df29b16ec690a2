/* common/core/tree_change.c
 *
 * What becomes of an authority: it bears another name, gets another code, stands below
 * another parent, is merged or split. Every node applies the same changes, enrollment as
 * their owner, the others as mirrors.
 *
 * A merger moves one row of the tree and nobody's records: what was merged stands below
 * what it became part of, with its own locality, codes and people, so all that asks
 * whether one authority covers another goes on to be right. Stocks counted at it and
 * below it leave its former ancestors and join the new ones; so do flows of the months
 * since the change took effect, while those of the months before stay where they are. */
#include "common/core/tree.h"

#include "common/base/date.h"
#include "common/core/impl.h"
#include "common/core/tree_impl.h"

#include <assert.h>

static struct id
id_of(const char *text)
{
	struct id id;
	bool valid = id_parse(text, &id);
	assert(valid);
	return id;
}

/* --- the record --------------------------------------------------------------------------------------------------- */

static char *
day_before(struct arena *arena, const char *date_text)
{
	int32_t date;
	char *text = arena_alloc(arena, DATE_TEXT_BYTES);
	bool valid = date_parse(date_text, &date);
	assert(valid);
	date_format(date - 1, text);
	return text;
}

static void
changed(Mt__AuthorityRecord *record, char *effective_date)
{
	record->changed_on = effective_date;
	record->version++;
}

void
authority_renamed(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityRenamed *fact)
{
	(void)arena;
	record->name = fact->name;
	record->name_en = fact->name_en;
	if (fact->kind[0] != '\0')
		record->kind = fact->kind;
	changed(record, fact->effective_date);
}

void
authority_moved(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityMoved *fact)
{
	(void)arena;
	record->parent_id = fact->parent_id;
	changed(record, fact->effective_date);
}

void
authority_merged(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityMerged *fact)
{
	Mt__AuthoritySuccessor *successor = arena_alloc(arena, sizeof(*successor));
	mt__authority_successor__init(successor);
	successor->authority_id = fact->into_id;
	successor->share_millionths = SHARE_WHOLE;
	record->successors = arena_alloc(arena, sizeof(*record->successors));
	record->successors[0] = successor;
	record->n_successors = 1;
	record->parent_id = fact->into_id;
	record->state = MT__AUTHORITY__STATE__MERGED;
	record->valid_to = day_before(arena, fact->effective_date);
	changed(record, fact->effective_date);
}

void
authority_split(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthoritySplit *fact)
{
	record->successors = fact->successors;
	record->n_successors = fact->n_successors;
	record->state = MT__AUTHORITY__STATE__SPLIT;
	record->valid_to = day_before(arena, fact->effective_date);
	changed(record, fact->effective_date);
}

/* The code in an older version of the same list ends the day before, unless its end is known. */
void
authority_coded(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityCoded *fact)
{
	Mt__AuthorityCode **codes = arena_alloc(arena, (record->n_codes + 1) * sizeof(*codes));
	for (size_t i = 0; i < record->n_codes; i++) {
		codes[i] = record->codes[i];
		if (codes[i]->valid_to[0] == '\0' && strcmp(codes[i]->code_list, fact->code->code_list) == 0)
			codes[i]->valid_to = day_before(arena, fact->effective_date);
	}
	codes[record->n_codes++] = fact->code;
	record->codes = codes;
	record->code_list = fact->code->code_list;
	record->list_version = fact->code->list_version;
	record->code = fact->code->code;
	changed(record, fact->effective_date);
}

/* --- its rows ----------------------------------------------------------------------------------------------------- */

static void
put_code(struct apply *apply, struct id id, const Mt__AuthorityCode *code)
{
	uint8_t row[CODE_ROW_BYTES];
	int32_t from = INT32_MIN;
	int32_t to = INT32_MAX;
	if (code->valid_from[0] != '\0')
		date_parse(code->valid_from, &from);
	if (code->valid_to[0] != '\0')
		date_parse(code->valid_to, &to);
	memcpy(row, id.bytes, ID_BYTES);
	put_u32(row + ID_BYTES, (uint32_t)from);
	put_u32(row + ID_BYTES + 4, (uint32_t)to);
	struct key key = tree_code_key(code->code, code->code_list, code->list_version);
	apply_put_bytes(apply, &key, slice_of(row, sizeof(row)));
}

static void
put_codes(struct apply *apply, const Mt__AuthorityRecord *record)
{
	struct id id = id_of(record->authority_id);
	for (size_t i = 0; i < record->n_codes; i++)
		put_code(apply, id, record->codes[i]);
	if (record->n_codes > 0)
		return;
	Mt__AuthorityCode code = MT__AUTHORITY_CODE__INIT; /* of facts from before codes had a validity */
	code.code_list = record->code_list;
	code.list_version = record->list_version;
	code.code = record->code;
	put_code(apply, id, &code);
}

static void
put_record(struct apply *apply, const Mt__AuthorityRecord *record)
{
	struct slice packed = pb_pack(apply->arena, &record->base);
	if (apply->store->tree != NULL)
		tree_remember(apply->store, apply->store->tree, record, packed);
	store_copies_changed(apply->store);
	struct key key = tree_key(TABLE_AUTHORITY, id_of(record->authority_id));
	apply_put_bytes(apply, &key, packed);
}

static struct key
pair_key(uint8_t table, struct id parent, struct id child)
{
	struct key key = tree_key(table, parent);
	key_bytes(&key, slice_of(child.bytes, ID_BYTES));
	return key;
}

void
apply_authority(struct apply *apply, const Mt__AuthorityRecord *authority)
{
	struct id id = id_of(authority->authority_id);
	struct id parent;
	bool has_parent = id_parse(authority->parent_id, &parent);
	if (!apply->scratch)
		figures_settle(apply->node, apply->seq); /* sums so far belong to the tree as it was */

	put_record(apply, authority);
	put_codes(apply, authority);
	struct key key = tree_key(TABLE_AUTHORITY_PARENT, id);
	apply_put_bytes(apply, &key, has_parent ? slice_of(parent.bytes, ID_BYTES) : slice_text(""));
	if (has_parent) {
		key = pair_key(TABLE_AUTHORITY_CHILD, parent, id);
		apply_put_bytes(apply, &key, slice_text(""));
	}
}

/* --- the changes -------------------------------------------------------------------------------------------------- */

/* A copy to change; NULL if it is unknown, which only a mirror that lost its beginning can find. */
static Mt__AuthorityRecord *
record_of(struct apply *apply, const char *authority_id)
{
	struct key key = tree_key(TABLE_AUTHORITY, id_of(authority_id));
	struct slice value;
	if (!store_get(apply->store, key_slice(&key), &value))
		return NULL;
	return (Mt__AuthorityRecord *)pb_unpack_trusted(&mt__authority_record__descriptor, apply->arena, value);
}

static void
leave_parent(struct apply *apply, struct id id, struct id parent, int32_t last_day)
{
	uint8_t day[sizeof(uint32_t)];
	struct key key = pair_key(TABLE_AUTHORITY_CHILD, parent, id);
	apply_delete(apply, &key);
	put_u32(day, (uint32_t)last_day);
	key = pair_key(TABLE_AUTHORITY_FORMER, parent, id);
	apply_put_bytes(apply, &key, slice_of(day, sizeof(day)));
}

static void
join_parent(struct apply *apply, struct id id, struct id parent, enum child_kind kind, int32_t first_day)
{
	uint8_t row[CHILD_ROW_BYTES];
	row[0] = (uint8_t)kind;
	put_u32(row + 1, (uint32_t)first_day);
	struct key key = pair_key(TABLE_AUTHORITY_CHILD, parent, id);
	apply_put_bytes(apply, &key, slice_of(row, sizeof(row)));
	key = pair_key(TABLE_AUTHORITY_FORMER, parent, id); /* it may have come back */
	apply_delete(apply, &key);
}

/* The parent's row begins anew, with what it was as the latest of the former ones. */
static void
replace_parent(struct apply *apply, struct id id, struct id parent, int32_t last_day)
{
	uint8_t now[ID_BYTES + AUTHORITY_MOVES_MAX * FORMER_BYTES + FORMER_BYTES];
	struct slice row;
	struct key key = tree_key(TABLE_AUTHORITY_PARENT, id);
	bool found = store_get(apply->store, key_slice(&key), &row);
	assert(found);
	assert(row.size + FORMER_BYTES <= sizeof(now));
	memcpy(now, parent.bytes, ID_BYTES);
	memcpy(now + ID_BYTES, row.data, ID_BYTES);
	put_u32(now + 2 * ID_BYTES, (uint32_t)last_day);
	memcpy(now + ID_BYTES + FORMER_BYTES, row.data + ID_BYTES, row.size - ID_BYTES);
	apply_put_bytes(apply, &key, slice_of(now, row.size + FORMER_BYTES));
}

/* record is what it is now, with its new parent. */
static void
relocate(struct apply *apply, const Mt__AuthorityRecord *record, enum child_kind kind)
{
	struct id id = id_of(record->authority_id);
	struct id to = id_of(record->parent_id);
	struct id from = id;
	int32_t first_day;
	bool valid = date_parse(record->changed_on, &first_day);
	assert(valid);
	bool had_parent = tree_parent(apply->store, &from);
	assert(had_parent);
	if (memcmp(from.bytes, to.bytes, ID_BYTES) != 0) {
		if (!apply->scratch)
			figures_move(apply, id, from, to, tree_first_month(first_day));
		leave_parent(apply, id, from, first_day - 1);
		replace_parent(apply, id, to, first_day - 1);
	}
	join_parent(apply, id, to, kind, first_day);
	put_record(apply, record);
}

void
apply_authority_renamed(struct apply *apply, const Mt__AuthorityRenamed *fact)
{
	Mt__AuthorityRecord *record = record_of(apply, fact->authority_id);
	if (record == NULL)
		return;
	authority_renamed(apply->arena, record, fact);
	put_record(apply, record);
}

void
apply_authority_moved(struct apply *apply, const Mt__AuthorityMoved *fact)
{
	Mt__AuthorityRecord *record = record_of(apply, fact->authority_id);
	if (record == NULL)
		return;
	authority_moved(apply->arena, record, fact);
	relocate(apply, record, CHILD_MOVED);
}

void
apply_authority_merged(struct apply *apply, const Mt__AuthorityMerged *fact)
{
	Mt__AuthorityRecord *record = record_of(apply, fact->authority_id);
	if (record == NULL)
		return;
	authority_merged(apply->arena, record, fact);
	relocate(apply, record, CHILD_MERGED);
}

void
apply_authority_split(struct apply *apply, const Mt__AuthoritySplit *fact)
{
	Mt__AuthorityRecord *record = record_of(apply, fact->authority_id);
	if (record == NULL)
		return;
	authority_split(apply->arena, record, fact);
	put_record(apply, record);
}

void
apply_authority_coded(struct apply *apply, const Mt__AuthorityCoded *fact)
{
	Mt__AuthorityRecord *record = record_of(apply, fact->authority_id);
	if (record == NULL)
		return;
	authority_coded(apply->arena, record, fact);
	put_record(apply, record);
	put_codes(apply, record);
}
