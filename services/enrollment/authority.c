/* services/enrollment/authority.c
 *
 * The tree of authorities under VN. An authority gets a permanent id and an immutable
 * locality when it is registered: the root 0, its children a running number in the
 * upper 16 bits, whoever stands deeper the number of its top authority above a running
 * number of its own. So a province and all below it lie together in every table, and
 * no merger ever re-keys anybody.
 *
 * Promise: (list, version, code) names one authority; adding the same again changes
 * nothing, adding something else under that name is refused. The tree itself is kept
 * by the core, here and in every other node. */
#include "services/enrollment/enrollment.h"

#include "common/core/tables.h"

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
	struct key key = key_of(TABLE_AUTHORITY_CODE);
	key_text(&key, wanted->code);
	key_text(&key, wanted->code_list);
	key_text(&key, wanted->list_version);
	struct slice value;
	if (!store_get(call_store(call), key_slice(&key), &value))
		return NULL;
	bool ambiguous;
	return tree_find(call_store(call), call_arena(call), id_text(call_arena(call), value), &ambiguous);
}

static bool
authority_same(const Mt__AuthorityRecord *a, const Mt__AuthorityRecord *b)
{
	return strcmp(a->parent_id, b->parent_id) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->name_en, b->name_en) == 0 && strcmp(a->kind, b->kind) == 0;
}

/* The request's texts, checked; false and refused. */
static bool
authority_texts(struct call *call, const Mt__AddAuthorityRequest *in, Mt__AuthorityRecord *record)
{
	const struct {
		const char *field;
		const char *value;
		size_t bytes_max;
		bool may_be_empty;
		char **checked;
	} texts[] = {
		{"code_list", in->code_list, CODE_BYTES_MAX, true, &record->code_list},
		{"list_version", in->list_version, CODE_BYTES_MAX, true, &record->list_version},
		{"code", in->code, CODE_BYTES_MAX, false, &record->code},
		{"name", in->name, NAME_BYTES_MAX, false, &record->name},
		{"name_en", in->name_en, NAME_BYTES_MAX, true, &record->name_en},
		{"kind", in->kind, CODE_BYTES_MAX, false, &record->kind},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text =
			call_text(call, texts[i].field, texts[i].value, texts[i].bytes_max, texts[i].may_be_empty);
		if (text == NULL)
			return false;
		*texts[i].checked = (char *)text;
	}
	struct id id;
	if (!id_parse(record->code, &id) && strchr(record->code, '/') == NULL)
		return true;
	call_refuse_field(call, "code", "code %s is spelt like an id or a path", record->code);
	return false;
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
	Mt__AuthorityRegistered fact = MT__AUTHORITY_REGISTERED__INIT;
	fact.authority = &record;
	call_emit(call, &fact.base);
	out.authority_id = record.authority_id;
	reply(&out, call);
}

static void
authorities_get(Mt__Authorities_Service *service, const Mt__GetAuthorityRequest *in, Mt__AuthorityRecord_Closure reply,
		void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	reply(authority, call);
}

static void
authorities_list(Mt__Authorities_Service *service, const Mt__ListAuthoritiesRequest *in,
		 Mt__ListAuthoritiesReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *parent = call_authority_ref(call, "authority", in->authority);
	if (parent == NULL)
		return;
	struct page page;
	struct key prefix = tree_children_key(parent->authority_id);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		struct slice id = slice_of(page.walk.key.data + prefix.size, page.walk.key.size - prefix.size);
		bool ambiguous;
		const Mt__AuthorityRecord *child =
			tree_find(call_store(call), call_arena(call), id_text(call_arena(call), id), &ambiguous);
		assert(child != NULL);
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
	uint32_t locality = fact->authority->locality;
	uint32_t below = locality & LOCALITY_NUMBER_MAX;
	struct key key = locality_key(below == 0 ? 0 : locality_top(locality));
	uint8_t number[sizeof(uint32_t)];
	put_u32(number, below == 0 ? locality >> LOCALITY_TOP_BITS : below);
	apply_put_bytes(apply, &key, slice_of(number, sizeof(number)));
	apply_authority(apply, fact->authority);
}

void
authority_apply(struct apply *apply, const Mt__AuthorityFact *fact)
{
	switch (fact->kind_case) {
	case MT__AUTHORITY_FACT__KIND_AUTHORITY_REGISTERED:
		apply_registered(apply, fact->authority_registered);
		return;
	case MT__AUTHORITY_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an authority fact of no kind");
}
