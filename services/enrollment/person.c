/* services/enrollment/person.c
 *
 * Who serves, where, under which staff code. A person keeps one id for life; a staff
 * code is unique only within the authority that owns it, and one that was left behind by
 * a transfer stays an alias until somebody else is hired under it.
 *
 * Persons change through personnel events alone (event.c). What a fact makes of a record
 * stands here once, as functions that touch nothing but the record: apply uses them on
 * the row, and a decision that emits several facts about one person on its copy.
 *
 * Promise: the list of an authority holds each person who serves or served last there
 * exactly once, in an order that stays the same. */
#include "services/enrollment/enrollment.h"

#include "common/base/hash.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	/* Parts of an id, see id.h. */
	ID_TIME_AT = 4,
	ID_RANDOM_AT = 10,
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

/* The random part of the id goes before its time: keys of people hired together differ early. */
struct key
person_key(struct id id)
{
	struct key key = key_of(TABLE_PERSON);
	key_bytes(&key, slice_of(id.bytes, ID_TIME_AT));
	key_bytes(&key, slice_of(id.bytes + ID_RANDOM_AT, ID_BYTES - ID_RANDOM_AT));
	key_bytes(&key, slice_of(id.bytes + ID_TIME_AT, ID_RANDOM_AT - ID_TIME_AT));
	return key;
}

Mt__PersonRecord *
person_get(const struct call *call, struct id id)
{
	struct key key = person_key(id);
	return (Mt__PersonRecord *)call_record(call, &key, &mt__person_record__descriptor);
}

Mt__PersonRecord *
person_or_refuse(struct call *call, const char *person_id)
{
	struct id id;
	if (!call_id(call, "person_id", person_id, &id))
		return NULL;
	Mt__PersonRecord *person = person_get(call, id);
	if (person == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is unknown", person_id);
	return person;
}

/* Codes count up, so their first bytes are alike: a hash tells them apart. */
void
person_key_staff(struct key *key, uint32_t locality, const char *staff_code)
{
	key_u32(key, locality);
	key_u32(key, (uint32_t)hash_fnv(slice_text(staff_code)));
	key_text(key, staff_code);
}

static struct staff_row
staff_row_read(struct slice value)
{
	struct staff_row row = {.kind = STAFF_NONE};
	assert(value.size > 1);
	row.kind = (enum staff_kind)value.data[0];
	if (row.kind == STAFF_AWAITED) {
		row.parked = value.data[1];
		return row;
	}
	assert(value.size == 1 + ID_BYTES);
	memcpy(row.person.bytes, value.data + 1, ID_BYTES);
	return row;
}

struct staff_row
staff_row_find(const struct store *store, uint32_t locality, const char *staff_code)
{
	struct key key = key_of(TABLE_STAFF_CODE);
	person_key_staff(&key, locality, staff_code);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return (struct staff_row){.kind = STAFF_NONE};
	return staff_row_read(value);
}

void
staff_row_put(struct apply *apply, uint32_t locality, const char *staff_code, const struct staff_row *row)
{
	struct key key = key_of(TABLE_STAFF_CODE);
	person_key_staff(&key, locality, staff_code);
	uint8_t value[1 + ID_BYTES] = {(uint8_t)row->kind};
	if (row->kind == STAFF_AWAITED) {
		value[1] = (uint8_t)row->parked;
		apply_put_bytes(apply, &key, slice_of(value, 2));
		return;
	}
	memcpy(value + 1, row->person.bytes, ID_BYTES);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
}

/* --- what a fact makes of a person -------------------------------------------------------------------------------- */

static Mt__StaffCode *
staff_code_new(struct arena *arena, const char *authority_id, const char *code)
{
	Mt__StaffCode *staff_code = (Mt__StaffCode *)pb_new(&mt__staff_code__descriptor, arena);
	staff_code->authority_id = (char *)authority_id;
	staff_code->code = (char *)code;
	return staff_code;
}

Mt__PersonRecord *
person_hired(struct arena *arena, const Mt__PersonHired *fact)
{
	Mt__PersonRecord *person = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, arena);
	person->person_id = fact->person_id;
	person->state = MT__PERSON__STATE__ACTIVE;
	person->authority_id = fact->authority_id;
	person->n_staff_codes = 1;
	person->staff_codes = arena_alloc(arena, sizeof(*person->staff_codes));
	person->staff_codes[0] = staff_code_new(arena, fact->authority_id, fact->staff_code);
	person->category = fact->category;
	person->position = fact->position;
	person->effective_date = fact->effective_date;
	person->personal = fact->personal;
	person->version = 1;
	return person;
}

static void
text_changed(char **text, char *changed)
{
	if (changed[0] != '\0')
		*text = changed;
}

void
person_updated(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonUpdated *fact)
{
	if (fact->category != MT__PERSON__CATEGORY__UNSPECIFIED)
		person->category = fact->category;
	text_changed(&person->position, fact->position);
	text_changed(&person->effective_date, fact->effective_date);
	if (fact->personal != NULL) {
		if (person->personal == NULL)
			person->personal = (Mt__Personal *)pb_new(&mt__personal__descriptor, arena);
		text_changed(&person->personal->name, fact->personal->name);
		text_changed(&person->personal->birth_date, fact->personal->birth_date);
		text_changed(&person->personal->email, fact->personal->email);
	}
	person->version++;
}

/* The new code first, former ones behind it, none twice; the oldest goes when there are too many. */
void
person_transferred(struct arena *arena, Mt__PersonRecord *person, const Mt__PersonTransferred *fact)
{
	Mt__StaffCode **codes = arena_alloc(arena, (person->n_staff_codes + 1) * sizeof(*codes));
	size_t count = 0;
	codes[count++] = staff_code_new(arena, fact->to_authority_id, fact->to_staff_code);
	for (size_t i = 0; i < person->n_staff_codes && count < STAFF_CODES_MAX; i++) {
		Mt__StaffCode *former = person->staff_codes[i];
		if (strcmp(former->code, fact->to_staff_code) != 0 ||
		    strcmp(former->authority_id, fact->to_authority_id) != 0)
			codes[count++] = former;
	}
	person->staff_codes = codes;
	person->n_staff_codes = count;
	person->authority_id = fact->to_authority_id;
	text_changed(&person->position, fact->position);
	person->effective_date = fact->effective_date;
	person->version++;
}

void
person_retired(Mt__PersonRecord *person, const Mt__PersonRetired *fact)
{
	person->state = MT__PERSON__STATE__RETIRED;
	person->effective_date = fact->effective_date;
	person->version++;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
persons_get(Mt__Persons_Service *service, const Mt__GetPersonRequest *in, Mt__PersonRecord_Closure reply, void *call)
{
	(void)service;
	const Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL)
		return;
	if (!call_is_self(call, in->person_id) && !call_scope(call, person->authority_id))
		return;
	reply(person, call);
}

/* A former authority still finds its people by their old codes, but learns no more than where they went. */
static void
person_hide(struct call *call, Mt__PersonRecord *person)
{
	const char *from = call_authority(call);
	if (from[0] == '\0' || tree_covers(call_store(call), from, person->authority_id))
		return;
	person->personal = NULL;
	person->category = MT__PERSON__CATEGORY__UNSPECIFIED;
	person->position = (char *)"";
}

static void
persons_find_one(const char *staff_code, const Mt__AuthorityRecord *authority, Mt__FindPersonsReply_Closure reply,
		 void *call)
{
	const char *code = call_text(call, "staff_code", staff_code, CODE_BYTES_MAX, false);
	if (code == NULL)
		return;
	Mt__FindPersonsReply out = MT__FIND_PERSONS_REPLY__INIT;
	Mt__PersonRecord *found;
	struct staff_row row = staff_row_find(call_store(call), authority->locality, code);
	if (row.kind == STAFF_CURRENT || row.kind == STAFF_FORMER) {
		found = person_get(call, row.person);
		assert(found != NULL);
		person_hide(call, found);
		out.persons = &found;
		out.n_persons = 1;
	}
	reply(&out, call);
}

static void
persons_find(Mt__Persons_Service *service, const Mt__FindPersonsRequest *in, Mt__FindPersonsReply_Closure reply,
	     void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	if (in->staff_code[0] != '\0') {
		persons_find_one(in->staff_code, authority, reply, call);
		return;
	}
	struct page page;
	struct key prefix = key_of(TABLE_STAFF_CODE);
	key_u32(&prefix, authority->locality);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		struct staff_row row = staff_row_read(page.walk.value);
		if (row.kind != STAFF_CURRENT)
			continue;
		Mt__PersonRecord *person = person_get(call, row.person);
		assert(person != NULL);
		page_add(&page, person);
	}
	Mt__FindPersonsReply out = MT__FIND_PERSONS_REPLY__INIT;
	out.persons = (Mt__PersonRecord **)page.items;
	out.n_persons = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

Mt__Persons_Service persons_handlers = MT__PERSONS__INIT(persons_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static Mt__PersonRecord *
person_known(struct apply *apply, const char *person_id)
{
	struct key key = person_key(id_known(person_id));
	Mt__PersonRecord *person = apply_record(apply, &key, &mt__person_record__descriptor);
	assert(person != NULL);
	return person;
}

static void
person_put(struct apply *apply, const Mt__PersonRecord *person)
{
	struct key key = person_key(id_known(person->person_id));
	apply_put(apply, &key, &person->base);
}

static void
count_active(struct apply *apply, const Mt__PersonRecord *person, int64_t delta)
{
	if (person->state == MT__PERSON__STATE__ACTIVE)
		metric_stock(apply, METRIC_PERSONS_ACTIVE, person->authority_id, metric_category(person->category),
			     delta);
}

static void
apply_hired(struct apply *apply, const Mt__PersonHired *fact)
{
	Mt__PersonRecord *person = person_hired(apply_arena(apply), fact);
	struct staff_row row = {.kind = STAFF_CURRENT, .person = id_known(fact->person_id)};
	person_put(apply, person);
	staff_row_put(apply, id_locality(id_known(fact->authority_id)), fact->staff_code, &row);
	count_active(apply, person, 1);
	metric_flow_on(apply, METRIC_PERSONS_HIRED, fact->authority_id, fact->effective_date);
}

static void
apply_updated(struct apply *apply, const Mt__PersonUpdated *fact)
{
	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	count_active(apply, person, -1);
	person_updated(apply_arena(apply), person, fact);
	count_active(apply, person, 1);
	person_put(apply, person);
}

static void
apply_transferred(struct apply *apply, const Mt__PersonTransferred *fact)
{
	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	struct staff_row row = {.kind = STAFF_FORMER, .person = id_known(fact->person_id)};
	count_active(apply, person, -1);
	person_transferred(apply_arena(apply), person, fact);
	count_active(apply, person, 1);
	metric_flow_on(apply, METRIC_PERSONS_TRANSFERRED, fact->from_authority_id, fact->effective_date);
	person_put(apply, person);
	staff_row_put(apply, id_locality(id_known(fact->from_authority_id)), fact->from_staff_code, &row);
	row.kind = STAFF_CURRENT;
	staff_row_put(apply, id_locality(id_known(fact->to_authority_id)), fact->to_staff_code, &row);
}

static void
apply_retired(struct apply *apply, const Mt__PersonRetired *fact)
{
	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	count_active(apply, person, -1);
	person_retired(person, fact);
	metric_flow_on(apply, METRIC_PERSONS_RETIRED, fact->authority_id, fact->effective_date);
	person_put(apply, person);
}

void
person_apply(struct apply *apply, const Mt__PersonFact *fact)
{
	switch (fact->kind_case) {
	case MT__PERSON_FACT__KIND_PERSON_HIRED:
		apply_hired(apply, fact->person_hired);
		return;
	case MT__PERSON_FACT__KIND_PERSON_UPDATED:
		apply_updated(apply, fact->person_updated);
		return;
	case MT__PERSON_FACT__KIND_PERSON_TRANSFERRED:
		apply_transferred(apply, fact->person_transferred);
		return;
	case MT__PERSON_FACT__KIND_PERSON_RETIRED:
		apply_retired(apply, fact->person_retired);
		return;
	case MT__PERSON_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a person fact of no kind");
}
