/* services/enrollment/authority.c
 *
 * The tree of authorities under VN: registering them, and reading them as of a day. An authority gets a permanent id
 * and an immutable locality when it is registered: the root 0, its children a running number in the upper 16 bits,
 * whoever stands deeper the number of its top authority above a running number of its own. So a province and all below
 * it lie together in every table, and no merger ever re-keys anybody.
 *
 * Promise: (list, version, code) names one authority; adding the same again changes
 * nothing, adding something else under that name is refused. The tree itself is kept
 * by the core, here and in every other node. */
#include "services/enrollment/authority.h"

#include "common/base/date.h"
#include "common/base/text.h"

#include <assert.h>

enum {
	LOCALITY_TOP_BITS = 16,
	LOCALITY_NUMBER_MAX = 0xffff, /* of the children of the root, and of all below one of them */
};

static uint32_t
locality_top(uint32_t locality)
{
	return locality & ~(uint32_t)LOCALITY_NUMBER_MAX;
}

static struct key
locality_key(uint32_t top)
{
	struct key key = key_of(TABLE_LOCALITY);
	key_u32(&key, top);
	return key;
}

/* False while nothing is numbered there yet. */
static bool
locality_last(const struct store *store, uint32_t top, uint32_t *last)
{
	struct key key = locality_key(top);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return false;
	assert(value.size == sizeof(uint32_t));
	*last = get_u32(value.data);
	return true;
}

/* The next number below a parent; false and refused when they are used up. */
static bool
locality_next(struct call *call, const Mt__AuthorityRecord *parent, uint32_t *locality)
{
	uint32_t top = locality_top(parent->locality);
	uint32_t last = 0;
	locality_last(call_store(call), top, &last);
	if (last >= LOCALITY_NUMBER_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has no numbers left below it",
			    parent->code);
		return false;
	}
	*locality = top == 0 ? (last + 1) << LOCALITY_TOP_BITS : top | (last + 1);
	return true;
}

/* The authority of exactly that list and version, or NULL. */
static const Mt__AuthorityRecord *
authority_of_code(struct call *call, const Mt__AuthorityRecord *wanted)
{
	struct id id;
	bool ambiguous;
	if (!tree_code_holder(call_store(call), wanted->code_list, wanted->list_version, wanted->code, &id))
		return NULL;
	const char *text = id_text(call_arena(call), slice_of(id.bytes, ID_BYTES));
	return tree_find(call_store(call), call_arena(call), text, &ambiguous);
}

static bool
authority_same(const Mt__AuthorityRecord *a, const Mt__AuthorityRecord *b)
{
	return strcmp(a->parent_id, b->parent_id) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->name_en, b->name_en) == 0 && strcmp(a->kind, b->kind) == 0;
}

/* One text of a request, checked; false and refused. */
static bool
take_text(struct call *call, const char *field, const char *value, size_t bytes_max, bool may_be_empty, char **checked)
{
	*checked = (char *)call_text(call, field, value, bytes_max, may_be_empty);
	return *checked != NULL;
}

/* A colon parts list, version and code in a reference; a slash ends it in an event's source. */
bool
authority_code_texts(struct call *call, const char *list, const char *version, const char *code,
		     Mt__AuthorityCode *checked)
{
	struct id id;
	if (!take_text(call, "code_list", list, CODE_BYTES_MAX, true, &checked->code_list) ||
	    !take_text(call, "list_version", version, CODE_BYTES_MAX, true, &checked->list_version) ||
	    !take_text(call, "code", code, CODE_BYTES_MAX, false, &checked->code))
		return false;
	if (id_parse(checked->code, &id) || strpbrk(checked->code, "/:") != NULL)
		call_refuse_field(call, "code", "code %s is spelt like an id or a path", checked->code);
	else if (strpbrk(checked->code_list, "/:") != NULL)
		call_refuse_field(call, "code_list", "code_list holds a slash or a colon");
	else if (strpbrk(checked->list_version, "/:") != NULL)
		call_refuse_field(call, "list_version", "list_version holds a slash or a colon");
	else
		return true;
	return false;
}

static bool
take_date(struct call *call, const char *field, const char *value, char **checked)
{
	*checked = (char *)(uintptr_t)value;
	return value[0] == '\0' || call_date(call, field, value) != DATE_NONE;
}

/* The request's texts, checked; false and refused. */
static bool
authority_texts(struct call *call, const Mt__AddAuthorityRequest *in, Mt__AuthorityRecord *record)
{
	Mt__AuthorityCode *code = arena_alloc(call_arena(call), sizeof(*code));
	mt__authority_code__init(code);
	if (!authority_code_texts(call, in->code_list, in->list_version, in->code, code) ||
	    !take_text(call, "name", in->name, NAME_BYTES_MAX, false, &record->name) ||
	    !take_text(call, "name_en", in->name_en, NAME_BYTES_MAX, true, &record->name_en) ||
	    !take_text(call, "kind", in->kind, CODE_BYTES_MAX, false, &record->kind) ||
	    !take_date(call, "valid_from", in->valid_from, &code->valid_from) ||
	    !take_date(call, "valid_to", in->valid_to, &code->valid_to))
		return false;
	if (code->valid_to[0] != '\0' && strcmp(code->valid_to, code->valid_from) < 0) {
		call_refuse_field(call, "valid_to", "valid_to is before valid_from");
		return false;
	}
	record->codes = arena_alloc(call_arena(call), sizeof(*record->codes));
	record->codes[0] = code;
	record->n_codes = 1;
	record->code_list = code->code_list;
	record->list_version = code->list_version;
	record->code = code->code;
	record->valid_from = code->valid_from;
	record->changed_on = code->valid_from;
	return true;
}

/* Where it goes: parent, locality, version. False and refused. */
static bool
authority_place(struct call *call, const Mt__AuthorityRecord *parent, Mt__AuthorityRecord *record)
{
	uint32_t last;
	if (parent == NULL) {
		if (locality_last(call_store(call), 0, &last)) {
			call_refuse_field(call, "parent", "parent is missing: the tree has its root already");
			return false;
		}
		record->locality = 0;
		return true;
	}
	const char *path[TREE_DEPTH_MAX];
	if (tree_path(call_store(call), call_arena(call), parent->authority_id, path) >= TREE_DEPTH_MAX) {
		call_refuse_field(call, "parent", "authority %s stands %d levels deep: nothing goes below it",
				  parent->code, TREE_DEPTH_MAX);
		return false;
	}
	return locality_next(call, parent, &record->locality);
}

static void
authorities_add(Mt__Authorities_Service *service, const Mt__AddAuthorityRequest *in,
		Mt__AddAuthorityReply_Closure reply, void *call)
{
	(void)service;
	Mt__AuthorityRecord record = MT__AUTHORITY_RECORD__INIT;
	if (!authority_texts(call, in, &record))
		return;
	const Mt__AuthorityRecord *parent = NULL;
	if (in->parent[0] != '\0') {
		parent = call_authority_ref(call, "parent", in->parent);
		if (parent == NULL || !call_scope(call, parent->authority_id))
			return;
		record.parent_id = parent->authority_id;
	}
	Mt__AddAuthorityReply out = MT__ADD_AUTHORITY_REPLY__INIT;
	const Mt__AuthorityRecord *there = authority_of_code(call, &record);
	if (there != NULL) {
		if (!authority_same(there, &record)) {
			call_refuse(call, MT__STATUS__ALREADY_EXISTS,
				    "authority %s of list %s %s is registered with other content", record.code,
				    record.code_list, record.list_version);
			return;
		}
		out.authority_id = there->authority_id;
		out.unchanged = true;
		reply(&out, call);
		return;
	}
	if (!authority_place(call, parent, &record))
		return;
	record.authority_id = (char *)call_new_id(call, record.locality);
	record.version = 1;
	record.state = MT__AUTHORITY__STATE__ACTIVE;
	Mt__AuthorityRegistered fact = MT__AUTHORITY_REGISTERED__INIT;
	fact.authority = &record;
	call_emit(call, &fact.base);
	out.authority_id = record.authority_id;
	reply(&out, call);
}

/* The day a reader asks for, today if none is named; false and refused. */
static bool
read_day(struct call *call, const char *as_of, int32_t *date)
{
	*date = as_of[0] == '\0' ? call_today(call) : call_date(call, "as_of", as_of);
	return *date != DATE_NONE;
}

static bool
read_known(struct call *call, const char *known_at, int64_t *known_us)
{
	*known_us = call_now_us(call);
	if (known_at[0] == '\0' || instant_parse(known_at, known_us))
		return true;
	call_refuse_field(call, "known_at", "known_at is not an instant of RFC 3339");
	return false;
}

static void
authorities_get(Mt__Authorities_Service *service, const Mt__GetAuthorityRequest *in, Mt__AuthorityRecord_Closure reply,
		void *call)
{
	(void)service;
	int32_t date;
	int64_t known_us;
	if (!read_day(call, in->as_of, &date) || !read_known(call, in->known_at, &known_us))
		return;
	const Mt__AuthorityRecord *authority = call_authority_at(call, "authority", in->authority, date);
	if (authority == NULL)
		return;
	struct id id = id_known(authority->authority_id);
	if (in->as_of[0] != '\0' || in->known_at[0] != '\0') {
		authority = authority_as_of(call, id, date, known_us);
		if (authority == NULL) {
			call_refuse(call, MT__STATUS__NOT_FOUND, "authority %.*s was not there then",
				    text_cut(in->authority, REFERENCE_BYTES_MAX), in->authority);
			return;
		}
		reply(authority, call);
		return;
	}
	Mt__AuthorityPlan *plans[AUTHORITY_PLANS_MAX];
	Mt__AuthorityRecord out = *authority;
	out.planned = plans;
	out.n_planned = authority_plans(call, id, plans);
	reply(&out, call);
}

/* The one that a row of the parent names, as of the day; NULL if it did not stand there then. */
static const Mt__AuthorityRecord *
child_of_row(struct call *call, const char *parent_id, struct slice id_bytes, bool has_day, int32_t date)
{
	bool ambiguous;
	const char *id = id_text(call_arena(call), id_bytes);
	if (!has_day)
		return tree_find(call_store(call), call_arena(call), id, &ambiguous);
	const Mt__AuthorityRecord *child = authority_as_of(call, id_known(id), date, call_now_us(call));
	return child != NULL && strcmp(child->parent_id, parent_id) == 0 ? child : NULL;
}

static void
authorities_list(Mt__Authorities_Service *service, const Mt__ListAuthoritiesRequest *in,
		 Mt__ListAuthoritiesReply_Closure reply, void *call)
{
	(void)service;
	int32_t date;
	bool has_day = in->as_of[0] != '\0';
	if (!read_day(call, in->as_of, &date))
		return;
	const Mt__AuthorityRecord *parent = call_authority_at(call, "authority", in->authority, date);
	if (parent == NULL)
		return;
	struct page page;
	struct key prefix =
		has_day ? authority_ever_key(parent->authority_id) : tree_children_key(parent->authority_id);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		struct slice id = slice_of(page.walk.key.data + prefix.size, page.walk.key.size - prefix.size);
		const Mt__AuthorityRecord *child = child_of_row(call, parent->authority_id, id, has_day, date);
		if (child != NULL)
			page_add(&page, (void *)child);
	}
	Mt__ListAuthoritiesReply out = MT__LIST_AUTHORITIES_REPLY__INIT;
	out.authorities = (Mt__AuthorityRecord **)page.items;
	out.n_authorities = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

Mt__Authorities_Service authorities_handlers = MT__AUTHORITIES__INIT(authorities_);

static void
apply_registered(struct apply *apply, const Mt__AuthorityRegistered *fact)
{
	const Mt__AuthorityRecord *authority = fact->authority;
	uint32_t locality = authority->locality;
	uint32_t below = locality & LOCALITY_NUMBER_MAX;
	struct key key = locality_key(below == 0 ? 0 : locality_top(locality));
	uint8_t number[sizeof(uint32_t)];
	put_u32(number, below == 0 ? locality >> LOCALITY_TOP_BITS : below);
	apply_put_bytes(apply, &key, slice_of(number, sizeof(number)));
	apply_authority(apply, authority);
	authority_history_put(apply, authority->authority_id, authority->valid_from);
	if (authority->parent_id[0] != '\0')
		authority_ever_put(apply, authority->parent_id, authority->authority_id);
}

/* What every change leaves behind. */
static void
apply_changed(struct apply *apply, const char *authority_id, const char *effective_date, const char *plan_id)
{
	authority_history_put(apply, authority_id, effective_date);
	authority_plan_delete(apply, authority_id, plan_id);
}

static void
apply_moved(struct apply *apply, const Mt__AuthorityMoved *fact)
{
	apply_authority_moved(apply, fact);
	authority_ever_put(apply, fact->parent_id, fact->authority_id);
	apply_changed(apply, fact->authority_id, fact->effective_date, fact->plan_id);
}

static void
apply_merged(struct apply *apply, const Mt__AuthorityMerged *fact)
{
	apply_authority_merged(apply, fact);
	authority_ever_put(apply, fact->into_id, fact->authority_id);
	apply_changed(apply, fact->authority_id, fact->effective_date, fact->plan_id);
}

void
authority_apply(struct apply *apply, const Mt__AuthorityFact *fact)
{
	switch (fact->kind_case) {
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_REGISTERED:
		apply_registered(apply, fact->authority_registered);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_RENAMED:
		apply_authority_renamed(apply, fact->authority_renamed);
		apply_changed(apply, fact->authority_renamed->authority_id, fact->authority_renamed->effective_date,
			      fact->authority_renamed->plan_id);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_MOVED:
		apply_moved(apply, fact->authority_moved);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_MERGED:
		apply_merged(apply, fact->authority_merged);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_SPLIT:
		apply_authority_split(apply, fact->authority_split);
		apply_changed(apply, fact->authority_split->authority_id, fact->authority_split->effective_date,
			      fact->authority_split->plan_id);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_CODED:
		apply_authority_coded(apply, fact->authority_coded);
		apply_changed(apply, fact->authority_coded->authority_id, fact->authority_coded->effective_date,
			      fact->authority_coded->plan_id);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_CHANGE_PLANNED:
		authority_plan_put(apply, fact->authority_change_planned);
		return;
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_PLAN_CANCELLED:
		authority_plan_delete(apply, fact->authority_plan_cancelled->authority_id,
				      fact->authority_plan_cancelled->plan_id);
		return;
	case MT__AUTHORITY_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an authority fact of no kind");
}
