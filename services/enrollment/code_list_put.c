/* services/enrollment/code_list_put.c
 *
 * Operators add codes to a version of a list, a thousand in a call. What is there already,
 * the same, is passed over, so an import that was cut off is run again; what is there with
 * other content is refused by name. */
#include "services/enrollment/code_list.h"

#include "common/wire/pb.h"

#include <stdlib.h>

struct putting {
	struct call *call;
	enum code_list list;
	const char *version;
	const char *valid_from;
	const Mt__CodeListVersion *there; /* NULL: a new version */
	uint32_t number;
	size_t count;
	Mt__ListCode **codes; /* checked; after putting_sort in order */
};

/* No date at all, or a day of the calendar; false and refused. */
static bool
day_check(struct call *call, const char *field, const char *value)
{
	return value[0] == '\0' || call_date(call, field, value) != DATE_NONE;
}

static bool
code_check(struct call *call, size_t i, const Mt__ListCode *in, Mt__ListCode *out)
{
	struct arena *arena = call_arena(call);
	const char *field = arena_format(arena, "codes[%zu].code", i);
	out->code = (char *)call_text(call, field, in->code, CODE_BYTES_MAX, false);
	if (out->code == NULL)
		return false;
	if (strpbrk(out->code, "/:") != NULL) {
		call_refuse_field(call, field, "code %s holds a slash or a colon", out->code);
		return false;
	}
	out->name = (char *)call_text(call, arena_format(arena, "codes[%zu].name", i), in->name, NAME_BYTES_MAX, false);
	if (out->name == NULL)
		return false;
	out->name_en = (char *)call_text(call, arena_format(arena, "codes[%zu].name_en", i), in->name_en,
					 NAME_BYTES_MAX, true);
	if (out->name_en == NULL)
		return false;
	out->valid_from = in->valid_from;
	out->valid_to = in->valid_to;
	field = arena_format(arena, "codes[%zu].valid_to", i);
	if (!day_check(call, arena_format(arena, "codes[%zu].valid_from", i), in->valid_from) ||
	    !day_check(call, field, in->valid_to))
		return false;
	if (in->valid_to[0] == '\0' || strcmp(in->valid_from, in->valid_to) <= 0)
		return true;
	call_refuse_field(call, field, "code %s ends before it begins", out->code);
	return false;
}

static bool
codes_check(struct putting *putting, const Mt__PutCodesRequest *in)
{
	struct call *call = putting->call;
	if (in->n_codes > CODES_PER_CALL_MAX) {
		call_refuse_field(call, "codes", "%zu codes in one call, at most %d are possible", in->n_codes,
				  CODES_PER_CALL_MAX);
		return false;
	}
	putting->codes = arena_alloc(call_arena(call), (in->n_codes + 1) * sizeof(*putting->codes));
	for (; putting->count < in->n_codes; putting->count++) {
		size_t i = putting->count;
		putting->codes[i] = (Mt__ListCode *)pb_new(&mt__list_code__descriptor, call_arena(call));
		if (!code_check(call, i, in->codes[i], putting->codes[i]))
			return false;
	}
	return true;
}

static const Mt__CodeListVersion *
version_find(const Mt__CodeListRecord *record, const char *version)
{
	for (size_t i = 0; record != NULL && i < record->n_versions; i++) {
		if (strcmp(record->versions[i]->version, version) == 0)
			return record->versions[i];
	}
	return NULL;
}

/* The version that is meant: one that is there and begins on that day, or a new one. False and refused. */
static bool
version_check(struct putting *putting, const Mt__PutCodesRequest *in)
{
	struct call *call = putting->call;
	const Mt__CodeListRecord *record = code_list_get(call, putting->list);
	putting->there = version_find(record, putting->version);
	if (putting->there != NULL) {
		putting->number = putting->there->number;
		if (strcmp(putting->there->valid_from, in->valid_from) == 0)
			return true;
		call_refuse_field(call, "valid_from", "version %s of list %s is valid from %s", putting->version,
				  in->list, putting->there->valid_from);
		return false;
	}
	size_t count = record != NULL ? record->n_versions : 0;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(record->versions[i]->valid_from, in->valid_from) == 0) {
			call_refuse_field(call, "valid_from", "version %s of list %s is valid from that day already",
					  record->versions[i]->version, in->list);
			return false;
		}
	}
	if (count == CODE_VERSIONS_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "list %s has %d versions already", in->list,
			    CODE_VERSIONS_MAX);
		return false;
	}
	putting->number = (uint32_t)count + 1;
	return true;
}

static bool
putting_check(struct putting *putting, const Mt__PutCodesRequest *in)
{
	struct call *call = putting->call;
	putting->list = code_list_or_refuse(call, in->list);
	if (putting->list == CODE_LISTS)
		return false;
	putting->version = call_text(call, "version", in->version, CODE_BYTES_MAX, false);
	putting->valid_from = in->valid_from;
	if (putting->version == NULL || call_date(call, "valid_from", in->valid_from) == DATE_NONE ||
	    !version_check(putting, in) || !codes_check(putting, in))
		return false;
	if (putting->count > 0 || (putting->there != NULL && putting->there->codes > 0))
		return true;
	call_refuse_field(call, "codes", "codes is missing");
	return false;
}

static int
by_code(const void *a, const void *b)
{
	const Mt__ListCode *const *x = a;
	const Mt__ListCode *const *y = b;
	return strcmp((*x)->code, (*y)->code);
}

static bool
code_same(const Mt__ListCode *a, const Mt__ListCode *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->name_en, b->name_en) == 0 &&
	       strcmp(a->valid_from, b->valid_from) == 0 && strcmp(a->valid_to, b->valid_to) == 0;
}

/* Leaves the codes that are new; false and refused if one is there with other content. */
static bool
putting_drop(struct putting *putting)
{
	struct call *call = putting->call;
	size_t left = 0;
	qsort(putting->codes, putting->count, sizeof(*putting->codes), by_code);
	for (size_t i = 0; i < putting->count; i++) {
		const Mt__ListCode *code = putting->codes[i];
		struct key key = code_list_code_key(putting->list, putting->number, code->code);
		const Mt__ListCode *there = call_record(call, &key, &mt__list_code__descriptor);
		if (there == NULL && left > 0 && by_code(&putting->codes[left - 1], &code) == 0)
			there = putting->codes[left - 1];
		if (there == NULL) {
			putting->codes[left++] = putting->codes[i];
			continue;
		}
		if (code_same(there, code))
			continue;
		call_refuse(call, MT__STATUS__ALREADY_EXISTS,
			    "code %s of list %s, version %s, is there with other content", code->code,
			    code_list_names[putting->list], putting->version);
		return false;
	}
	putting->count = left;
	if (left + (putting->there != NULL ? putting->there->codes : 0) <= CODES_PER_VERSION_MAX)
		return true;
	call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "version %s of list %s has no room for more than %d codes",
		    putting->version, code_list_names[putting->list], CODES_PER_VERSION_MAX);
	return false;
}

void
code_lists_put(Mt__CodeLists_Service *service, const Mt__PutCodesRequest *in, Mt__PutCodesReply_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__AuthorityRecord *root = tree_root(call_store(call), call_arena(call));
	if (root == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the tree of authorities is empty");
		return;
	}
	/* A list is the whole nation's. */
	struct putting putting = {.call = call};
	if (!call_scope(call, root->authority_id) || !putting_check(&putting, in) || !putting_drop(&putting))
		return;
	bool completes = !in->more && (putting.there == NULL || !putting.there->complete);
	if (putting.count > 0 || completes) {
		Mt__CodesAdded fact = MT__CODES_ADDED__INIT;
		fact.list = (char *)(uintptr_t)code_list_names[putting.list];
		fact.version = (char *)putting.version;
		fact.valid_from = (char *)putting.valid_from;
		fact.number = putting.number;
		fact.codes = putting.codes;
		fact.n_codes = putting.count;
		fact.complete = completes;
		call_emit(call, &fact.base);
	}
	Mt__PutCodesReply out = MT__PUT_CODES_REPLY__INIT;
	out.added = (uint32_t)putting.count;
	out.unchanged = (uint32_t)(in->n_codes - putting.count);
	reply(&out, call);
}
