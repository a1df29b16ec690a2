/* common/core/tree_ref.c
 *
 * Which authority is meant. Unit codes are re-used between versions of a list: 82 was
 * one province before July 2025 and is another since. So a bare code is an answer only
 * if all who ever had it are one authority, or if exactly one has it at the date that
 * is asked for. Otherwise it is refused, naming two of them; it is never guessed. */
#include "common/core/tree.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/core/impl.h"
#include "common/core/tree_impl.h"
#include "common/core/tree_memory.h"

#include <assert.h>

enum { NAME_SHOWN_BYTES = 80 };

struct key
tree_code_key(const char *code, const char *list, const char *version)
{
	struct key key = key_of(TABLE_AUTHORITY_CODE);
	key_text(&key, code);
	key_text(&key, list);
	key_text(&key, version);
	return key;
}

struct code_row {
	struct id id;
	int32_t from;
	int32_t to;
};

static struct code_row
code_row_read(struct slice value)
{
	struct code_row row;
	assert(value.size == CODE_ROW_BYTES);
	memcpy(row.id.bytes, value.data, ID_BYTES);
	row.from = (int32_t)get_u32(value.data + ID_BYTES);
	row.to = (int32_t)get_u32(value.data + ID_BYTES + 4);
	return row;
}

bool
tree_code_holder(const struct store *store, const char *list, const char *version, const char *code, struct id *holder)
{
	struct key key = tree_code_key(code, list, version);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return false;
	*holder = code_row_read(value).id;
	return true;
}

/* LIST:VERSION:CODE; false if it is not written so. */
static bool
find_qualified(const struct store *store, struct arena *arena, const char *reference, struct id *id)
{
	const char *first = strchr(reference, ':');
	const char *second = first != NULL ? strchr(first + 1, ':') : NULL;
	if (second == NULL || strlen(second + 1) > CODE_BYTES_MAX || first - reference > CODE_BYTES_MAX ||
	    second - first > CODE_BYTES_MAX)
		return false;
	const char *list = arena_text(arena, slice_of(reference, (size_t)(first - reference)));
	const char *version = arena_text(arena, slice_of(first + 1, (size_t)(second - first - 1)));
	return tree_code_holder(store, list, version, second + 1, id);
}

/* Who has a bare code: one authority, or more. */
struct holders {
	size_t count;      /* 0, 1, or 2 for more */
	struct id id;      /* the first one */
	struct id another; /* if there are more */
};

static void
holders_add(struct holders *holders, struct id id)
{
	if (holders->count == 0) {
		holders->id = id;
		holders->count = 1;
	} else if (holders->count == 1 && memcmp(holders->id.bytes, id.bytes, ID_BYTES) != 0) {
		holders->another = id;
		holders->count = 2;
	}
}

/* The only holder at the date, if there is exactly one; else all that ever were. */
static struct holders
find_holders(const struct store *store, const char *code, int32_t date)
{
	struct holders all = {.count = 0};
	struct holders valid = {.count = 0};
	struct key prefix = key_of(TABLE_AUTHORITY_CODE);
	key_text(&prefix, code);
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct code_row row = code_row_read(walk.value);
		holders_add(&all, row.id);
		if (date != DATE_NONE && row.from <= date && date <= row.to)
			holders_add(&valid, row.id);
	}
	return valid.count > 0 ? valid : all;
}

const Mt__AuthorityRecord *
tree_find_at(const struct store *store, struct arena *arena, const char *reference, int32_t date, bool *ambiguous)
{
	struct id id;
	size_t size = strlen(reference);
	*ambiguous = false;
	if (id_parse(reference, &id))
		return tree_get(store, arena, id);
	if (size == 0 || size > REFERENCE_BYTES_MAX)
		return NULL;
	if (memchr(reference, ':', size) != NULL)
		return find_qualified(store, arena, reference, &id) ? tree_get(store, arena, id) : NULL;
	if (size > CODE_BYTES_MAX)
		return NULL;
	if (store->tree != NULL) {
		bool several;
		if (!tree_memory_code(store->tree, reference, &id, &several))
			return NULL;
		if (!several)
			return tree_get(store, arena, id);
	}
	struct holders holders = find_holders(store, reference, date);
	*ambiguous = holders.count > 1;
	return holders.count == 1 ? tree_get(store, arena, holders.id) : NULL;
}

const Mt__AuthorityRecord *
tree_find(const struct store *store, struct arena *arena, const char *reference, bool *ambiguous)
{
	return tree_find_at(store, arena, reference, DATE_NONE, ambiguous);
}

/* "Tỉnh Tiền Giang (vn-units:2024:82)" */
static const char *
unit_shown(const struct store *store, struct arena *arena, struct id id, const char *code)
{
	const Mt__AuthorityRecord *unit = tree_get(store, arena, id);
	assert(unit != NULL);
	for (size_t i = 0; i < unit->n_codes; i++) {
		const Mt__AuthorityCode *held = unit->codes[i];
		if (strcmp(held->code, code) == 0)
			return arena_format(arena, "%.*s (%s:%s:%s)", text_cut(unit->name, NAME_SHOWN_BYTES),
					    unit->name, held->code_list, held->list_version, code);
	}
	return arena_format(arena, "%.*s (%s:%s:%s)", text_cut(unit->name, NAME_SHOWN_BYTES), unit->name,
			    unit->code_list, unit->list_version, code);
}

const char *
tree_ambiguous(const struct store *store, struct arena *arena, const char *reference)
{
	struct holders holders = find_holders(store, reference, DATE_NONE);
	if (holders.count < 2)
		return arena_format(arena, "authority %.*s is unknown", text_cut(reference, REFERENCE_BYTES_MAX),
				    reference);
	return arena_format(arena, "authority code %s stands for different authorities: %s and %s", reference,
			    unit_shown(store, arena, holders.id, reference),
			    unit_shown(store, arena, holders.another, reference));
}

const Mt__AuthorityRecord *
call_authority_at(struct call *call, const char *field, const char *reference, int32_t date)
{
	bool ambiguous = false;
	const Mt__AuthorityRecord *authority = tree_find_at(call->store, call->arena, reference, date, &ambiguous);
	if (authority != NULL)
		return authority;
	if (reference[0] == '\0')
		call_refuse_field(call, field, "%s is missing", field);
	else if (ambiguous)
		call_refuse_field(call, field, "%s", tree_ambiguous(call->store, call->arena, reference));
	else
		call_refuse_field(call, field, "authority %.*s is unknown", text_cut(reference, REFERENCE_BYTES_MAX),
				  reference);
	return NULL;
}

const Mt__AuthorityRecord *
call_authority_ref(struct call *call, const char *field, const char *reference)
{
	return call_authority_at(call, field, reference, call_today(call));
}
