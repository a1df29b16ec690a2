/* services/enrollment/programme.c
 *
 * What a school teaches, and when somebody has completed it. The rules stand in the
 * record and travel to whoever needs them in facts. A programme is not changed once it is
 * published: classes run by what was promised; a new edition is a new code.
 *
 * Promise: a code names one programme of a school. */
#include "services/enrollment/enrollment.h"

#include "common/wire/pb.h"

#include <assert.h>

const Mt__ProgrammeRecord *
programme_get(const struct call *call, const char *programme_id)
{
	struct key key = key_of_id(TABLE_PROGRAMME, id_known(programme_id));
	return call_record(call, &key, &mt__programme_record__descriptor);
}

static struct key
programme_code_key(const char *authority_id, const char *code)
{
	struct key key = key_of(TABLE_PROGRAMME_CODE);
	key_u32(&key, id_locality(id_known(authority_id)));
	key_text(&key, code);
	return key;
}

static bool
number_check(struct call *call, const char *field, uint32_t value, uint32_t max)
{
	if (value <= max)
		return true;
	call_refuse_field(call, field, "%s is %u, at most %u is possible", field, value, max);
	return false;
}

static bool
programme_check(struct call *call, const Mt__PublishProgrammeRequest *in, Mt__ProgrammeRecord *record)
{
	const char *code = call_text(call, "code", in->code, CODE_BYTES_MAX, false);
	if (code == NULL)
		return false;
	const char *title = call_text(call, "title", in->title, NAME_BYTES_MAX, false);
	if (title == NULL)
		return false;
	const char *title_en = call_text(call, "title_en", in->title_en, NAME_BYTES_MAX, true);
	if (title_en == NULL)
		return false;
	record->code = (char *)code;
	record->title = (char *)title;
	record->title_en = (char *)title_en;
	record->hours = in->hours;
	record->attendance_percent_min = in->attendance_percent_min;
	record->mark_percent_min = in->mark_percent_min;
	record->absences_warned_at = in->absences_warned_at;
	record->version = 1;
	return number_check(call, "hours", in->hours, PROGRAMME_HOURS_MAX) &&
	       number_check(call, "attendance_percent_min", in->attendance_percent_min, 100) &&
	       number_check(call, "mark_percent_min", in->mark_percent_min, 100) &&
	       number_check(call, "absences_warned_at", in->absences_warned_at, SESSIONS_MAX);
}

static void
programmes_publish(Mt__Programmes_Service *service, const Mt__PublishProgrammeRequest *in,
		   Mt__PublishProgrammeReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL)
		return;
	Mt__ProgrammeRecord record = MT__PROGRAMME_RECORD__INIT;
	if (!programme_check(call, in, &record))
		return;
	struct key key = programme_code_key(school->authority_id, record.code);
	if (store_has(call_store(call), key_slice(&key))) {
		call_refuse(call, MT__STATUS__ALREADY_EXISTS, "programme %s of %s is published already", record.code,
			    school->code);
		return;
	}
	record.programme_id = (char *)call_new_id(call, school->locality);
	record.authority_id = school->authority_id;
	Mt__ProgrammePublished fact = MT__PROGRAMME_PUBLISHED__INIT;
	fact.programme = &record;
	call_emit(call, &fact.base);
	Mt__PublishProgrammeReply out = MT__PUBLISH_PROGRAMME_REPLY__INIT;
	out.programme_id = record.programme_id;
	reply(&out, call);
}

static void
programmes_get(Mt__Programmes_Service *service, const Mt__GetProgrammeRequest *in, Mt__ProgrammeRecord_Closure reply,
	       void *call)
{
	(void)service;
	struct id id;
	if (!call_id(call, "programme_id", in->programme_id, &id))
		return;
	const Mt__ProgrammeRecord *programme = programme_get(call, in->programme_id);
	if (programme == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "programme %s is unknown", in->programme_id);
		return;
	}
	reply(programme, call);
}

static void
programmes_list(Mt__Programmes_Service *service, const Mt__ListProgrammesRequest *in,
		Mt__ListProgrammesReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL)
		return;
	struct page page;
	struct key prefix = key_of(TABLE_PROGRAMME);
	key_u32(&prefix, school->locality);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		ProtobufCMessage *record =
			pb_unpack_trusted(&mt__programme_record__descriptor, call_arena(call), page.walk.value);
		assert(record != NULL);
		page_add(&page, record);
	}
	Mt__ListProgrammesReply out = MT__LIST_PROGRAMMES_REPLY__INIT;
	out.programmes = (Mt__ProgrammeRecord **)page.items;
	out.n_programmes = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

Mt__Programmes_Service programmes_handlers = MT__PROGRAMMES__INIT(programmes_);

static void
apply_published(struct apply *apply, const Mt__ProgrammeRecord *programme)
{
	struct id id = id_known(programme->programme_id);
	struct key key = key_of_id(TABLE_PROGRAMME, id);
	apply_put(apply, &key, &programme->base);
	key = programme_code_key(programme->authority_id, programme->code);
	apply_put_bytes(apply, &key, slice_of(id.bytes, ID_BYTES));
}

void
programme_apply(struct apply *apply, const Mt__ProgrammeFact *fact)
{
	switch (fact->kind_case) {
	case MT__PROGRAMME_FACT__KIND_PROGRAMME_PUBLISHED:
		apply_published(apply, fact->programme_published->programme);
		return;
	case MT__PROGRAMME_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a programme fact of no kind");
}
