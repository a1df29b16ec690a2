/* tests/sim/flows.c
 *
 * A list of all changes that count as a flow, in order of arrival, each with the day it
 * has now and whether it was counted. A correction looks its event up in the list; of a
 * transfer that comes to lead elsewhere it takes along who left from there meanwhile. */
#include "tests/sim/flows.h"

#include "common/base/date.h"
#include "common/base/id.h"

#include "matricula/person.pb-c.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_BYTES = 16 };

struct flow {
	uint8_t event[EVENT_BYTES];
	bool has_event;
	bool withdrawn;
	bool counted;
	char person[ID_TEXT_BYTES];
	char authority[ID_TEXT_BYTES];
	char to[ID_TEXT_BYTES]; /* of a transfer */
	enum enrollment_metric metric;
	const char *category;
	int32_t day;
	int64_t recorded_us;
};

struct flows {
	flows_count count;
	void *context;
	struct flow *list;
	size_t size;
	size_t capacity;
};

struct flows *
flows_new(flows_count count, void *context)
{
	struct flows *flows = calloc(1, sizeof(*flows));
	assert(flows != NULL);
	flows->count = count;
	flows->context = context;
	return flows;
}

void
flows_free(struct flows *flows)
{
	free(flows->list);
	free(flows);
}

static bool
is_flow(const Mt__PersonChange *change, struct flow *flow)
{
	const struct {
		Mt__PersonChange__Kind kind;
		enum enrollment_metric metric;
		const char *category;
	} kinds[] = {
		{MT__PERSON_CHANGE__KIND__HIRED, METRIC_PERSONS_HIRED, ""},
		{MT__PERSON_CHANGE__KIND__TRANSFERRED, METRIC_PERSONS_TRANSFERRED, ""},
		{MT__PERSON_CHANGE__KIND__RETIRED, METRIC_PERSONS_RETIRED, ""},
		{MT__PERSON_CHANGE__KIND__RESIGNED, METRIC_PERSONS_LEFT, "resigned"},
		{MT__PERSON_CHANGE__KIND__DISMISSED, METRIC_PERSONS_LEFT, "dismissed"},
		{MT__PERSON_CHANGE__KIND__DECEASED, METRIC_PERSONS_LEFT, "deceased"},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind != change->kind)
			continue;
		flow->metric = kinds[i].metric;
		flow->category = kinds[i].category;
		return true;
	}
	return false;
}

/* Counts what has come to pass, takes back what has not. */
static void
flow_settle(struct flows *flows, struct flow *flow, bool counts)
{
	if (flow->counted != counts)
		flows->count(flows->context, flow->metric, flow->authority, flow->category, flow->day, counts ? 1 : -1);
	flow->counted = counts;
}

static void
flow_add(struct flows *flows, const char *person_id, const char *authority_id, const Mt__PersonChange *change,
	 const ProtobufCBinaryData *event, int64_t time_us, int32_t today)
{
	struct flow flow = {.recorded_us = time_us};
	if (!is_flow(change, &flow) || !date_parse(change->effective_date, &flow.day))
		return;
	flow.has_event = event->len == EVENT_BYTES;
	if (flow.has_event)
		memcpy(flow.event, event->data, EVENT_BYTES);
	memcpy(flow.person, person_id, ID_TEXT_BYTES);
	memcpy(flow.authority, authority_id, ID_TEXT_BYTES);
	if (flow.metric == METRIC_PERSONS_TRANSFERRED)
		memcpy(flow.to, change->authority_id, ID_TEXT_BYTES);
	if (flows->size == flows->capacity) {
		flows->capacity = flows->capacity == 0 ? 256 : flows->capacity * 2;
		flows->list = realloc(flows->list, flows->capacity * sizeof(*flows->list));
		assert(flows->list != NULL);
	}
	flows->list[flows->size++] = flow;
	flow_settle(flows, &flows->list[flows->size - 1], flow.day <= today);
}

static bool
is_transfer_of(const struct flow *flow, const struct flow *other)
{
	return flow->metric == METRIC_PERSONS_TRANSFERRED && strcmp(flow->person, other->person) == 0;
}

/* Until when the person stayed where the transfer led. */
static int32_t
stayed_until(const struct flows *flows, const struct flow *transfer)
{
	int32_t until = INT32_MAX;
	for (size_t i = 0; i < flows->size; i++) {
		const struct flow *flow = &flows->list[i];
		if (flow != transfer && is_transfer_of(flow, transfer) && !flow->withdrawn &&
		    flow->day >= transfer->day && flow->day < until)
			until = flow->day;
	}
	return until;
}

static void
flows_leave_from(struct flows *flows, const struct flow *transfer, const char *before, const char *after)
{
	int32_t until = stayed_until(flows, transfer);
	for (size_t i = 0; i < flows->size; i++) {
		struct flow *flow = &flows->list[i];
		bool leaves = flow != transfer && flow->metric != METRIC_PERSONS_HIRED &&
			      strcmp(flow->person, transfer->person) == 0 && strcmp(flow->authority, before) == 0;
		if (!leaves || flow->day < transfer->day || flow->day > until)
			continue;
		bool counted = flow->counted;
		flow_settle(flows, flow, false);
		memcpy(flow->authority, after, ID_TEXT_BYTES);
		flow_settle(flows, flow, counted);
	}
}

static void
flow_correct(struct flows *flows, const Mt__PersonChange *correction, int64_t time_us, int32_t today)
{
	for (size_t i = 0; i < flows->size; i++) {
		struct flow *flow = &flows->list[i];
		int32_t day;
		if (!flow->has_event || memcmp(flow->event, correction->corrects.data, EVENT_BYTES) != 0)
			continue;
		char before[ID_TEXT_BYTES];
		memcpy(before, flow->withdrawn ? flow->authority : flow->to, ID_TEXT_BYTES);
		flow_settle(flows, flow, false);
		flow->withdrawn = correction->withdrawn;
		if (correction->authority_id[0] != '\0')
			memcpy(flow->to, correction->authority_id, ID_TEXT_BYTES);
		if (date_parse(correction->effective_date, &day))
			flow->day = day;
		flow->recorded_us = time_us;
		flow_settle(flows, flow, !flow->withdrawn && flow->day <= today);
		const char *after = flow->withdrawn ? flow->authority : flow->to;
		if (flow->metric == METRIC_PERSONS_TRANSFERRED && strcmp(before, after) != 0)
			flows_leave_from(flows, flow, before, after);
	}
}

/* The day of what lay ahead has come. */
static void
flow_due(struct flows *flows, const Mt__PersonChangeTookEffect *fact)
{
	int32_t day;
	if (!date_parse(fact->effective_date, &day))
		return;
	for (size_t i = 0; i < flows->size; i++) {
		struct flow *flow = &flows->list[i];
		if (flow->day == day && strcmp(flow->person, fact->person_id) == 0)
			flow_settle(flows, flow, !flow->withdrawn);
	}
}

/* Where the change is counted: where the person served, unless the change says where else. */
static const char *
whose(const Mt__PersonChanged *fact)
{
	const char *from = fact->change->from_authority_id;
	return from[0] != '\0' ? from : fact->authority_id;
}

void
flows_fact(struct flows *flows, const ProtobufCMessage *fact, int64_t time_us, int zone_minutes)
{
	int32_t today = date_of_instant(time_us, zone_minutes);
	if (fact->descriptor == &mt__person_hired__descriptor) {
		const Mt__PersonHired *hired = (const void *)fact;
		flow_add(flows, hired->person_id, hired->authority_id, hired->change, &hired->event, time_us, today);
	} else if (fact->descriptor == &mt__person_changed__descriptor) {
		const Mt__PersonChanged *changed = (const void *)fact;
		if (changed->change->corrects.len == EVENT_BYTES)
			flow_correct(flows, changed->change, time_us, today);
		else
			flow_add(flows, changed->person_id, whose(changed), changed->change, &changed->event, time_us,
				 today);
	} else if (fact->descriptor == &mt__person_change_took_effect__descriptor) {
		flow_due(flows, (const void *)fact);
	}
}
