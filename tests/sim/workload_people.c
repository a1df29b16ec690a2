/* tests/sim/workload_people.c
 *
 * Provinces push personnel events, again and again, out of order and in conflict;
 * officers look people up. */
#include "tests/sim/workload.h"

#include "matricula/duplicate.pb-c.h"
#include "matricula/event.pb-c.h"
#include "matricula/figures.pb-c.h"
#include "matricula/message.pb-c.h"
#include "matricula/person.pb-c.h"
#include "matricula/search.pb-c.h"

enum { STAFF_CODES = 40, DAYS = 45, DAYS_OF_FEBRUARY = 28, EVENTS_BACK = 60 };

/* The same number always makes the same event, so that an old number is a duplicate. */
struct making {
	Mt__PushEventRequest request;
	Mt__EventData data;
	Mt__Hired hired;
	Mt__Updated updated;
	Mt__Transferred transferred;
	Mt__Corrected corrected;
	Mt__Seconded seconded;
	Mt__Returned returned;
	Mt__LeaveBegun leave_begun;
	Mt__LeaveEnded leave_ended;
	Mt__Resigned resigned;
	Mt__Retired retired;
	uint64_t corrects; /* number of the event */
};

static const char *const homes[] = {"01", "79", "00004"};
static const enum desk pushers[] = {DESK_PROVINCE_01, DESK_PROVINCE_79, DESK_HR_WARD};

static void
make_hired(struct making *making, struct arena *arena, struct random *random)
{
	making->hired = (Mt__Hired)MT__HIRED__INIT;
	making->hired.name = arena_format(arena, "Nguyễn Thị %llu", (unsigned long long)random_below(random, 1000));
	making->hired.birth_date = arena_format(arena, "19%02u-05-17", 60 + (unsigned)random_below(random, 40));
	making->hired.email = arena_format(arena, "p%llu@example.vn", (unsigned long long)random_below(random, 1000));
	making->hired.category = (Mt__Person__Category)(1 + random_below(random, 3));
	making->hired.position = (char *)"officer";
	making->data.kind_case = MT__EVENT_DATA__KIND_HIRED;
	making->data.hired = &making->hired;
}

static void
make_updated(struct making *making, struct arena *arena, struct random *random)
{
	making->updated = (Mt__Updated)MT__UPDATED__INIT;
	making->updated.category = (Mt__Person__Category)random_below(random, 4);
	making->updated.position = (char *)"head";
	if (random_below(random, 3) == 0)
		making->updated.name = arena_format(arena, "Trần %llu", (unsigned long long)random_below(random, 99));
	making->data.kind_case = MT__EVENT_DATA__KIND_UPDATED;
	making->data.updated = &making->updated;
}

static void
make_transferred(struct making *making, struct arena *arena, struct random *random)
{
	making->transferred = (Mt__Transferred)MT__TRANSFERRED__INIT;
	making->transferred.to_authority = (char *)homes[random_below(random, 3)];
	making->transferred.to_staff_code =
		arena_format(arena, "S%llu", (unsigned long long)random_below(random, STAFF_CODES));
	making->data.kind_case = MT__EVENT_DATA__KIND_TRANSFERRED;
	making->data.transferred = &making->transferred;
}

/* Of an event that may have been sent before, by the same source or by another; or of a name, of no event. */
static void
make_corrected(struct making *making, struct arena *arena, struct random *random, uint64_t number)
{
	making->corrected = (Mt__Corrected)MT__CORRECTED__INIT;
	bool of_event = random_below(random, 2) == 0;
	if (of_event) {
		making->corrects = number - random_below(random, number < EVENTS_BACK ? number + 1 : EVENTS_BACK);
		making->corrected.event_id = arena_format(arena, "e%llu", (unsigned long long)making->corrects);
		making->corrected.withdrawn = random_below(random, 4) == 0;
	}
	if (of_event && random_below(random, 3) == 0) {
		making->corrected.to_staff_code =
			arena_format(arena, "S%llu", (unsigned long long)random_below(random, STAFF_CODES));
		making->corrected.to_authority =
			(char *)(random_below(random, 2) == 0 ? "" : homes[random_below(random, 3)]);
	}
	if (!of_event || random_below(random, 2) == 0)
		making->corrected.name =
			arena_format(arena, "Nguyễn Đúng %llu", (unsigned long long)random_below(random, 99));
	making->data.kind_case = MT__EVENT_DATA__KIND_CORRECTED;
	making->data.corrected = &making->corrected;
}

/* Comings and goings of those in service. */
static void
make_absence(struct making *making, struct random *random)
{
	switch (random_below(random, 4)) {
	case 0:
		making->seconded = (Mt__Seconded)MT__SECONDED__INIT;
		making->seconded.to_authority = (char *)homes[random_below(random, 3)];
		making->data.kind_case = MT__EVENT_DATA__KIND_SECONDED;
		making->data.seconded = &making->seconded;
		return;
	case 1:
		making->returned = (Mt__Returned)MT__RETURNED__INIT;
		making->data.kind_case = MT__EVENT_DATA__KIND_RETURNED;
		making->data.returned = &making->returned;
		return;
	case 2:
		making->leave_begun = (Mt__LeaveBegun)MT__LEAVE_BEGUN__INIT;
		making->data.kind_case = MT__EVENT_DATA__KIND_LEAVE_BEGUN;
		making->data.leave_begun = &making->leave_begun;
		return;
	default:
		making->leave_ended = (Mt__LeaveEnded)MT__LEAVE_ENDED__INIT;
		making->data.kind_case = MT__EVENT_DATA__KIND_LEAVE_ENDED;
		making->data.leave_ended = &making->leave_ended;
		return;
	}
}

static void
make_leaving(struct making *making, struct random *random)
{
	if (random_below(random, 2) == 0) {
		making->resigned = (Mt__Resigned)MT__RESIGNED__INIT;
		making->data.kind_case = MT__EVENT_DATA__KIND_RESIGNED;
		making->data.resigned = &making->resigned;
		return;
	}
	making->retired = (Mt__Retired)MT__RETIRED__INIT;
	making->data.kind_case = MT__EVENT_DATA__KIND_RETIRED;
	making->data.retired = &making->retired;
}

/* Every type has its effective date in a field of that name. */
static void
make_dated(struct making *making, char *date)
{
	const ProtobufCMessageDescriptor *types = making->data.base.descriptor;
	const ProtobufCFieldDescriptor *kind =
		protobuf_c_message_descriptor_get_field(types, (unsigned)making->data.kind_case);
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(kind->descriptor, "effective_date");
	memcpy((char *)making->data.hired + field->offset, &date, sizeof(date));
}

static void
make_kind(struct making *making, struct arena *arena, struct random *random, uint64_t number)
{
	unsigned day = (unsigned)random_below(random, DAYS);
	char *date = day < DAYS_OF_FEBRUARY ? arena_format(arena, "2026-02-%02u", 1 + day)
					    : arena_format(arena, "2026-03-%02u", 1 + day - DAYS_OF_FEBRUARY);
	uint64_t kind = random_below(random, 100);
	making->data = (Mt__EventData)MT__EVENT_DATA__INIT;
	if (kind < 50)
		make_hired(making, arena, random);
	else if (kind < 64)
		make_updated(making, arena, random);
	else if (kind < 80)
		make_transferred(making, arena, random);
	else if (kind < 88)
		make_corrected(making, arena, random, number);
	else if (kind < 92)
		make_absence(making, random);
	else
		make_leaving(making, random);
	make_dated(making, date);
}

static size_t
make_plain(struct making *making, struct arena *arena, uint64_t number)
{
	struct random random = {.state = number * 7919 + 17};
	size_t home = random_below(&random, 3);
	making->request = (Mt__PushEventRequest)MT__PUSH_EVENT_REQUEST__INIT;
	making->request.source = arena_format(arena, "/authorities/%s/hr", homes[home]);
	making->request.id = arena_format(arena, "e%llu", (unsigned long long)number);
	making->request.subject = arena_format(arena, "S%llu", (unsigned long long)random_below(&random, STAFF_CODES));
	making->request.time = (char *)"2026-03-01T00:00:00Z";
	making->request.data = &making->data;
	make_kind(making, arena, &random, number);
	return home;
}

/* An event that may have been sent; half the time the next transfer from there on. */
static size_t
make_corrected_one(struct making *target, struct arena *arena, struct making *correction, uint64_t number)
{
	size_t home = make_plain(target, arena, correction->corrects);
	for (uint64_t at = correction->corrects; at < number && number % 2 == 0; at++) {
		home = make_plain(target, arena, at);
		correction->corrects = at;
		if (target->data.kind_case == MT__EVENT_DATA__KIND_TRANSFERRED)
			break;
	}
	correction->corrected.event_id = target->request.id;
	return home;
}

/* A correction is mostly of whom the event was about, by who said it, or by the receiver of a transfer. */
static size_t
make_event(struct making *making, struct arena *arena, uint64_t number)
{
	struct making target;
	size_t home = make_plain(making, arena, number);
	bool of_event = making->data.kind_case == MT__EVENT_DATA__KIND_CORRECTED &&
			making->corrected.event_id[0] != '\0' && number % 8 > 0;
	if (!of_event)
		return home;
	home = make_corrected_one(&target, arena, making, number);
	making->request.source = target.request.source;
	making->request.subject = target.request.subject;
	if (target.data.kind_case != MT__EVENT_DATA__KIND_TRANSFERRED) {
		making->corrected.to_authority = making->corrected.to_staff_code = (char *)"";
		return home;
	}
	if (number % 8 == 2)
		return home;
	making->corrected.event_source = target.request.source;
	for (home = 0; strcmp(homes[home], target.transferred.to_authority) != 0;)
		home++;
	making->request.source = arena_format(arena, "/authorities/%s/hr", homes[home]);
	making->request.subject = target.transferred.to_staff_code;
	return home;
}

static uint64_t
pick_number(struct workload *workload)
{
	bool again = workload->events > 0 && workload_chance(workload, 15);
	return workload->events_first + (again ? workload_below(workload, workload->events) : workload->events++);
}

static void
push_one(struct workload *workload, uint32_t client)
{
	struct making making;
	size_t home = make_event(&making, &workload->arena, pick_number(workload));
	if (workload_chance(workload, 5)) /* the same id with another payload */
		making.request.subject = (char *)"S0";
	struct errand *errand =
		workload_file(workload, client, &workload->desks[pushers[home]], "Events.Push", &making.request.base);
	errand->dry_run = workload_chance(workload, 5);
	errand_send(workload->office, errand);
}

static void
push_batch(struct workload *workload, uint32_t client)
{
	struct errand *errands[8];
	size_t count = 0;
	size_t wanted = 2 + workload_below(workload, 7);
	for (size_t tries = 0; tries < 40 && count < wanted; tries++) {
		struct making making;
		size_t home = make_event(&making, &workload->arena, pick_number(workload));
		errands[count++] = workload_file(workload, client, &workload->desks[pushers[home]], "Events.Push",
						 &making.request.base);
	}
	errands_send(workload->office, errands, count);
}

static void
push_for_others(struct workload *workload, uint32_t client)
{
	struct making making;
	make_event(&making, &workload->arena, EVENT_NUMBERS + workload->events_first + workload->events);
	making.request.source = (char *)"/authorities/79/hr";
	struct errand *errand = workload_file(workload, client, &workload->desks[DESK_PROVINCE_01], "Events.Push",
					      &making.request.base);
	errand->must_refuse = true;
	errand_send(workload->office, errand);
}

static void
find_persons(struct workload *workload, uint32_t client)
{
	Mt__FindPersonsRequest request = MT__FIND_PERSONS_REQUEST__INIT;
	request.authority = (char *)"01";
	request.page_size = 1 + (uint32_t)workload_below(workload, 20);
	if (workload_chance(workload, 30))
		request.as_of = (char *)"2026-02-20";
	if (workload_chance(workload, 30))
		request.staff_code = (char *)"S1";
	workload_call(workload, client, &workload->desks[DESK_HR_01], "Persons.Find", &request.base);
}

static void
find_persons_elsewhere(struct workload *workload, uint32_t client)
{
	static const enum desk foreigners[] = {DESK_HR_79, DESK_HR_WARD, DESK_SCHOOL_1, DESK_DASHBOARD};
	Mt__FindPersonsRequest request = MT__FIND_PERSONS_REQUEST__INIT;
	request.authority = (char *)"01";
	const struct proof *proof = &workload->desks[foreigners[workload_below(workload, 4)]];
	struct errand *errand = workload_file(workload, client, proof, "Persons.Find", &request.base);
	errand->must_refuse = true;
	errand_send(workload->office, errand);
}

static void
read_inbox(struct workload *workload, uint32_t client)
{
	Mt__InboxRequest request = MT__INBOX_REQUEST__INIT;
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	enum desk desk = workload_chance(workload, 50) ? DESK_HR_01 : DESK_HR_79;
	workload_call(workload, client, &workload->desks[desk], "Messages.Inbox", &request.base);
}

static void
report_delivery(struct workload *workload, uint32_t client)
{
	struct proof courier = proof_courier();
	Mt__ReportDeliveryRequest request = MT__REPORT_DELIVERY_REQUEST__INIT;
	request.message_id = (char *)pool_pick(workload, &workload->messages);
	request.sent = workload_chance(workload, 60);
	request.permanent = !request.sent && workload_chance(workload, 20);
	request.error = (char *)(request.sent ? "" : "450 mailbox busy");
	workload_call(workload, client, &courier, "Messages.ReportDelivery", &request.base);
}

/* Refused for most, who are in service. */
static void
erase_person(struct workload *workload, uint32_t client)
{
	Mt__ErasePersonRequest request = MT__ERASE_PERSON_REQUEST__INIT;
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	request.legal_basis = (char *)"Law 91/2025/QH15";
	workload_call(workload, client, &workload->desks[DESK_PRIVACY], "Erasures.Erase", &request.base);
}

static void
merge_persons(struct workload *workload, uint32_t client)
{
	Mt__MergePersonsRequest request = MT__MERGE_PERSONS_REQUEST__INIT;
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	request.other_id = (char *)pool_pick(workload, &workload->persons);
	request.proof = (char *)"decision 14";
	workload_call(workload, client, &workload->desks[DESK_HR_NATION], "Duplicates.Merge", &request.base);
}

static void
split_persons(struct workload *workload, uint32_t client)
{
	Mt__SplitPersonsRequest request = MT__SPLIT_PERSONS_REQUEST__INIT;
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	request.other_id = (char *)pool_pick(workload, &workload->persons);
	request.reason = (char *)"two people of one name";
	workload_call(workload, client, &workload->desks[DESK_HR_NATION], "Duplicates.Split", &request.base);
}

static void
search_persons(struct workload *workload, uint32_t client)
{
	Mt__SearchPersonsRequest request = MT__SEARCH_PERSONS_REQUEST__INIT;
	request.q = (char *)"nguyen th";
	request.page_size = 1 + (uint32_t)workload_below(workload, 20);
	if (workload_chance(workload, 50))
		request.as_of = (char *)"2026-02-20";
	if (workload_chance(workload, 30))
		request.q = (char *)"";
	enum desk desk = workload_chance(workload, 50) ? DESK_HR_01 : DESK_HR_NATION;
	workload_call(workload, client, &workload->desks[desk], "PersonSearch.Search", &request.base);
}

static void
ask_figures(struct workload *workload, uint32_t client)
{
	Mt__FiguresRequest request = MT__FIGURES_REQUEST__INIT;
	request.depth = (uint32_t)workload_below(workload, 3);
	struct errand *errand =
		workload_file(workload, client, &workload->desks[DESK_DASHBOARD], "Figures.Query", &request.base);
	errand->to = (uint32_t)workload_below(workload, WORLD_NODES);
	errand->seq_before = workload->office->seq[client][errand->to];
	errand_send(workload->office, errand);
}

const struct task tasks_people[] = {
	{20, push_one},
	{6, push_batch},
	{3, push_for_others},
	{3, find_persons},
	{3, find_persons_elsewhere},
	{4, read_inbox},
	{4, report_delivery},
	{3, ask_figures},
	{12, erase_person},
	{2, merge_persons},
	{1, split_persons},
	{2, search_persons},
	{0, NULL},
};
