/* services/enrollment/code_list.c
 *
 * The codes that positions, ranks, qualifications and reasons of leave come from, as data
 * that operators load: lists, their versions, the codes of each.
 *
 * Promises: what a version says of a code never changes; a version counts once it is
 * complete, so nothing is rejected while it is being loaded. */
#include "services/enrollment/code_list.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

const char *const code_list_names[CODE_LISTS] = {
	[CODE_LIST_POSITION] = "position",
	[CODE_LIST_RANK] = "rank",
	[CODE_LIST_LEAVE_REASON] = "leave_reason",
	[CODE_LIST_PROFESSIONAL] = "qualification.professional",
	[CODE_LIST_POLITICAL_THEORY] = "qualification.political_theory",
	[CODE_LIST_STATE_MANAGEMENT] = "qualification.state_management",
	[CODE_LIST_JOB_SKILLS] = "qualification.job_skills",
	[CODE_LIST_LANGUAGE] = "qualification.language",
	[CODE_LIST_INFORMATION_TECHNOLOGY] = "qualification.information_technology",
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

enum code_list
code_list_of_name(const char *name)
{
	unsigned list = 0;
	while (list < CODE_LISTS && strcmp(code_list_names[list], name) != 0)
		list++;
	return (enum code_list)list;
}

enum code_list
code_list_or_refuse(struct call *call, const char *name)
{
	enum code_list list = code_list_of_name(name);
	if (list == CODE_LISTS)
		call_refuse_field(call, "list", "there is no code list %.*s", text_cut(name, CODE_BYTES_MAX), name);
	return list;
}

static struct key
list_key(enum code_list list)
{
	struct key key = key_of(TABLE_CODE_LIST);
	key_u8(&key, (uint8_t)list);
	return key;
}

/* What the keys of a version's codes begin with. */
static struct key
codes_key(enum code_list list, uint32_t number)
{
	struct key key = key_of(TABLE_CODE);
	key_u8(&key, (uint8_t)list);
	key_u16(&key, (uint16_t)number);
	return key;
}

struct key
code_list_code_key(enum code_list list, uint32_t number, const char *code)
{
	struct key key = codes_key(list, number);
	key_text(&key, code);
	return key;
}

const Mt__CodeListRecord *
code_list_get(const struct call *call, enum code_list list)
{
	struct key key = list_key(list);
	return call_record(call, &key, &mt__code_list_record__descriptor);
}

struct slice
code_list_in_force(const struct store *store)
{
	struct key key = key_of(TABLE_CODE_IN_FORCE);
	struct slice row;
	if (!store_get(store, key_slice(&key), &row))
		return slice_text("");
	assert(row.size % CODE_IN_FORCE_BYTES == 0);
	return row;
}

uint32_t
code_list_number_at(struct slice row, enum code_list list, int32_t date)
{
	uint32_t number = 0;
	for (const uint8_t *at = row.data; at < row.data + row.size; at += CODE_IN_FORCE_BYTES) {
		if (at[0] == list && (int32_t)get_u32(at + 3) <= date)
			number = (uint32_t)at[1] << 8 | at[2];
	}
	return number;
}

/* Dates as they are written compare as texts. */
static bool
code_counts(const Mt__ListCode *code, const char *date)
{
	return strcmp(code->valid_from, date) <= 0 && (code->valid_to[0] == '\0' || strcmp(date, code->valid_to) <= 0);
}

const Mt__ListCode *
code_list_code_at(const struct call *call, enum code_list list, uint32_t number, const char *code, const char *date)
{
	struct key key = code_list_code_key(list, number, code);
	const Mt__ListCode *found = call_record(call, &key, &mt__list_code__descriptor);
	return found != NULL && code_counts(found, date) ? found : NULL;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* A list on a day. */
struct question {
	enum code_list list;
	char date[DATE_TEXT_BYTES];
	const Mt__CodeListVersion *version; /* in force then; NULL: none */
};

static const Mt__CodeListVersion *
version_at(struct call *call, const Mt__CodeListRecord *record, enum code_list list, int32_t date)
{
	uint32_t number = code_list_number_at(code_list_in_force(call_store(call)), list, date);
	assert(number == 0 || (record != NULL && number <= record->n_versions));
	return number == 0 ? NULL : record->versions[number - 1];
}

static bool
question_read(struct call *call, const char *list, const char *as_of, struct question *question)
{
	question->list = code_list_or_refuse(call, list);
	if (question->list == CODE_LISTS)
		return false;
	int32_t date = as_of[0] == '\0' ? call_today(call) : call_date(call, "as_of", as_of);
	if (date == DATE_NONE)
		return false;
	date_format(date, question->date);
	question->version = version_at(call, code_list_get(call, question->list), question->list, date);
	return true;
}

static void
code_lists_list(Mt__CodeLists_Service *service, const Mt__ListCodeListsRequest *in,
		Mt__ListCodeListsReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__CodeListRecord lists[CODE_LISTS];
	Mt__CodeListRecord *pointers[CODE_LISTS];
	for (unsigned i = 0; i < CODE_LISTS; i++) {
		const Mt__CodeListRecord *record = code_list_get(call, (enum code_list)i);
		lists[i] = record != NULL ? *record : (Mt__CodeListRecord)MT__CODE_LIST_RECORD__INIT;
		lists[i].list = (char *)(uintptr_t)code_list_names[i];
		const Mt__CodeListVersion *now = version_at(call, record, (enum code_list)i, call_today(call));
		if (now != NULL)
			lists[i].in_force = now->version;
		pointers[i] = &lists[i];
	}
	Mt__ListCodeListsReply out = MT__LIST_CODE_LISTS_REPLY__INIT;
	out.lists = pointers;
	out.n_lists = CODE_LISTS;
	reply(&out, call);
}

static void
code_lists_get(Mt__CodeLists_Service *service, const Mt__GetCodeListRequest *in, Mt__GetCodeListReply_Closure reply,
	       void *call)
{
	(void)service;
	struct question question;
	struct page page;
	if (!question_read(call, in->list, in->as_of, &question))
		return;
	const Mt__CodeListVersion *version = question.version;
	/* No version has the number 0, so its list is empty. */
	struct key prefix = codes_key(question.list, version != NULL ? version->number : 0);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		ProtobufCMessage *code =
			pb_unpack_trusted(&mt__list_code__descriptor, call_arena(call), page.walk.value);
		assert(code != NULL);
		if (code_counts((const Mt__ListCode *)code, question.date))
			page_add(&page, code);
	}
	Mt__GetCodeListReply out = MT__GET_CODE_LIST_REPLY__INIT;
	out.list = (char *)(uintptr_t)code_list_names[question.list];
	if (version != NULL) {
		out.version = version->version;
		out.valid_from = version->valid_from;
	}
	out.codes = (Mt__ListCode **)page.items;
	out.n_codes = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static void
code_lists_get_code(Mt__CodeLists_Service *service, const Mt__GetCodeRequest *in, Mt__GetCodeReply_Closure reply,
		    void *call)
{
	(void)service;
	struct question question;
	if (!question_read(call, in->list, in->as_of, &question))
		return;
	const char *code = call_text(call, "code", in->code, CODE_BYTES_MAX, false);
	if (code == NULL)
		return;
	const Mt__CodeListVersion *version = question.version;
	const Mt__ListCode *found =
		version != NULL ? code_list_code_at(call, question.list, version->number, code, question.date) : NULL;
	if (found == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "code %s is not in list %s on %s", code,
			    code_list_names[question.list], question.date);
		return;
	}
	Mt__GetCodeReply out = MT__GET_CODE_REPLY__INIT;
	out.list = (char *)(uintptr_t)code_list_names[question.list];
	out.version = version->version;
	out.code = (Mt__ListCode *)found;
	reply(&out, call);
}

Mt__CodeLists_Service code_lists_handlers = MT__CODE_LISTS__INIT(code_lists_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static Mt__CodeListRecord *
list_of_fact(struct apply *apply, const struct key *key, const char *name)
{
	Mt__CodeListRecord *record = apply_record(apply, key, &mt__code_list_record__descriptor);
	if (record != NULL)
		return record;
	record = (Mt__CodeListRecord *)pb_new(&mt__code_list_record__descriptor, apply_arena(apply));
	record->list = (char *)(uintptr_t)name;
	return record;
}

/* The version of that number, which comes next if it is not there yet. */
static Mt__CodeListVersion *
version_of_fact(struct apply *apply, Mt__CodeListRecord *record, const Mt__CodesAdded *fact)
{
	assert(fact->number >= 1 && fact->number <= record->n_versions + 1);
	if (fact->number <= record->n_versions)
		return record->versions[fact->number - 1];
	Mt__CodeListVersion **versions =
		arena_alloc(apply_arena(apply), (record->n_versions + 1) * sizeof(*record->versions));
	for (size_t i = 0; i < record->n_versions; i++)
		versions[i] = record->versions[i];
	Mt__CodeListVersion *version =
		(Mt__CodeListVersion *)pb_new(&mt__code_list_version__descriptor, apply_arena(apply));
	version->version = fact->version;
	version->valid_from = fact->valid_from;
	version->number = fact->number;
	versions[record->n_versions++] = version;
	record->versions = versions;
	return version;
}

/* Where an entry belongs among the others: behind those of earlier lists, and of earlier days. */
static size_t
in_force_place(struct slice row, enum code_list list, int32_t date)
{
	size_t at = 0;
	while (at < row.size &&
	       (row.data[at] < list || (row.data[at] == list && (int32_t)get_u32(row.data + at + 3) < date)))
		at += CODE_IN_FORCE_BYTES;
	return at;
}

static void
in_force_add(struct apply *apply, enum code_list list, const Mt__CodeListVersion *version)
{
	int32_t date;
	bool parsed = date_parse(version->valid_from, &date);
	assert(parsed);
	struct slice row = code_list_in_force(apply_store(apply));
	size_t place = in_force_place(row, list, date);
	uint8_t *changed = arena_alloc(apply_arena(apply), row.size + CODE_IN_FORCE_BYTES);
	memcpy(changed, row.data, place);
	changed[place] = (uint8_t)list;
	changed[place + 1] = (uint8_t)(version->number >> 8);
	changed[place + 2] = (uint8_t)version->number;
	put_u32(changed + place + 3, (uint32_t)date);
	memcpy(changed + place + CODE_IN_FORCE_BYTES, row.data + place, row.size - place);
	struct key key = key_of(TABLE_CODE_IN_FORCE);
	apply_put_bytes(apply, &key, slice_of(changed, row.size + CODE_IN_FORCE_BYTES));
}

static void
apply_added(struct apply *apply, const Mt__CodesAdded *fact)
{
	enum code_list list = code_list_of_name(fact->list);
	assert(list != CODE_LISTS);
	struct key key = list_key(list);
	Mt__CodeListRecord *record = list_of_fact(apply, &key, fact->list);
	Mt__CodeListVersion *version = version_of_fact(apply, record, fact);
	version->codes += (uint32_t)fact->n_codes;
	if (fact->complete && !version->complete) {
		version->complete = true;
		in_force_add(apply, list, version);
	}
	apply_put(apply, &key, &record->base);
	for (size_t i = 0; i < fact->n_codes; i++) {
		key = code_list_code_key(list, fact->number, fact->codes[i]->code);
		apply_put(apply, &key, &fact->codes[i]->base);
	}
}

void
code_list_apply(struct apply *apply, const Mt__CodeListFact *fact)
{
	switch (fact->kind_case) {
	case MT__CODE_LIST_FACT__KIND_CODES_ADDED:
		apply_added(apply, fact->codes_added);
		return;
	case MT__CODE_LIST_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a code list fact of no kind");
}
