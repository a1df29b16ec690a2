/* services/ctl/nation_event.c
 *
 * Fields of a person or a step put where event.proto wants them. Only what is there is set:
 * an absent field is unchanged. */
#include "services/ctl/nation_event.h"

#include "services/ctl/nation_draw.h"

#include <assert.h>

enum { ASTRAY_DAYS = 20, UPDATES_WEIGHED = 100, NO_ID_PERCENT = 50 };

/* When the senders claim to have sent it: all at once, after the last day. */
static const char SENT_AT[] = "2026-07-01T01:00:00Z";

const char *
nation_event_word(const struct nation_event *event)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field(&mt__event_data__descriptor, (unsigned)event->data.kind_case);
	assert(field != NULL);
	return field->name;
}

/* Mark: what tells the events of one person apart. */
static void
envelope(struct nation_event *event, const struct nation *nation, const struct nation_person *person, const char *code,
	 const char *mark)
{
	put_text(put_text(put_text(event->source, "/authorities/"), code), "/hr");
	char *at = put_number(put_text(event->id, "n"), nation->seed, 1);
	at = put_number(put_text(at, "-"), person->number + 1, 1);
	put_text(put_text(at, "-"), mark);
	event->request = (Mt__PushEventRequest)MT__PUSH_EVENT_REQUEST__INIT;
	event->request.source = event->source;
	event->request.id = event->id;
	event->request.subject = event->subject;
	event->request.time = (char *)(uintptr_t)SENT_AT;
	event->request.data = &event->data;
	event->data = (Mt__EventData)MT__EVENT_DATA__INIT;
}

static void
sequence_set(struct nation_event *event, const struct nation_unit *unit, unsigned sequence)
{
	if (!unit->sequenced)
		return;
	put_number(event->sequence, sequence, 1);
	event->request.sequence = event->sequence;
}

static char *
decision_make(struct nation_event *event, struct random *random)
{
	put_text(put_number(event->decision, 1 + draw_below(random, 4999), 1), "/QĐ-UBND");
	return event->decision;
}

/* --- hirings ------------------------------------------------------------------------------------------------------ */

static void
hired_fill(struct nation_event *event, const struct nation_person *person)
{
	struct nation_texts *texts = &event->texts;
	Mt__Hired *hired = &event->body.hired;
	*hired = (Mt__Hired)MT__HIRED__INIT;
	hired->name = texts->name;
	hired->birth_date = texts->birth_date;
	hired->email = texts->email;
	hired->category = person->occupation->category;
	hired->position = (char *)(uintptr_t)person->occupation->positions[person->position];
	hired->effective_date = event->date;
	hired->phone = texts->phone;
	hired->citizen_id = texts->citizen_id;
	hired->rank = (char *)(uintptr_t)person->occupation->ranks[person->rank];
	hired->unit = texts->unit;
	for (unsigned i = 0; i < texts->qualifications_count; i++) {
		const struct qualification_kind *kind = texts->qualifications[i].kind;
		Mt__Qualification *diploma = &event->diplomas[i];
		*diploma = (Mt__Qualification)MT__QUALIFICATION__INIT;
		diploma->axis = kind->axis;
		diploma->code = (char *)(uintptr_t)kind->code;
		diploma->title = (char *)(uintptr_t)kind->title;
		diploma->institution = (char *)(uintptr_t)kind->institution;
		diploma->awarded_on = texts->qualifications[i].awarded_on;
		event->diploma_pointers[i] = diploma;
	}
	hired->n_qualifications = texts->qualifications_count;
	hired->qualifications = event->diploma_pointers;
	event->data.kind_case = MT__EVENT_DATA__KIND_HIRED;
	event->data.hired = hired;
}

/* The same person as another province spells it, with the same id, or none, and often only the year of birth. */
static const char *
twice_make(struct nation_event *event, const struct nation *nation, const struct nation_person *person)
{
	struct random random = draw_begin(nation->seed ^ STREAM_UNIT, person->number, STREAM_NOISE);
	const struct nation_units *units = &nation->units;
	uint32_t home = units->units[person->unit].province;
	uint32_t other = draw_below(&random, units->provinces_count);
	if (other == home)
		other = (other + 1) % units->provinces_count;
	switch (draw_below(&random, 3)) {
	case 0:
		nation_name_put_plain(event->texts.name, &event->texts.parts);
		break;
	case 1:
		nation_name_put_turned(event->texts.name, &event->texts.parts);
		break;
	}
	if (draw_below(&random, 100) < NO_ID_PERCENT)
		event->texts.citizen_id[0] = '\0';
	if (draw_below(&random, 3) == 0)
		event->texts.birth_date[4] = '\0';
	event->texts.email[0] = '\0';
	put_number(put_text(event->subject, "BS"), person->number + 1, 7);
	return units->units[units->provinces[other].units_first].code;
}

/* Mistakes that people make with dates. */
static void
date_spoil(struct nation_event *event, uint64_t number)
{
	static const char *const wrong[] = {"31/12/2019", "2021-13-05", "2019-02-30", "0000-00-00", "2020-6-1"};
	put_text(number % 2 == 0 ? event->date : event->texts.birth_date, wrong[number / 2 % 5]);
}

void
nation_event_hired(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
		   enum purpose purpose)
{
	const struct nation_unit *unit = &nation->units.units[person->unit];
	const char *code = unit->code;
	const char *mark = "0";
	event->purpose = purpose;
	event->kind = STEP_HIRED;
	nation_person_texts(nation, person, &event->texts);
	nation_date(event->date, person->hired);
	nation_staff_code(event->subject, nation, person, 0);
	if (purpose == PURPOSE_DECOMPOSED)
		nation_name_decompose(event->texts.name);
	else if (purpose == PURPOSE_CHANGED)
		nation_date(event->date, person->hired + 1);
	else if (purpose == PURPOSE_TWICE)
		code = twice_make(event, nation, person);
	else if (purpose == PURPOSE_WRONG_DATE)
		date_spoil(event, person->number);
	if (purpose == PURPOSE_WRONG_SOURCE) {
		put_number(put_text(event->to_authority, "Z"), person->number % 100000, 5);
		code = event->to_authority;
	}
	if (purpose == PURPOSE_WRONG_SOURCE || purpose == PURPOSE_WRONG_DATE)
		mark = "x";
	else if (purpose == PURPOSE_TWICE)
		mark = "t";
	envelope(event, nation, person, code, mark);
	hired_fill(event, person);
	if (mark[0] == '0')
		sequence_set(event, unit, 1);
}

void
nation_event_astray(struct nation_event *event, const struct nation *nation, const struct nation_person *person)
{
	Mt__Transferred *transferred = &event->body.transferred;
	event->purpose = PURPOSE_WRONG_TARGET;
	event->kind = STEP_TRANSFERRED;
	nation_staff_code(event->subject, nation, person, 0);
	envelope(event, nation, person, nation->units.units[person->unit].code, "x");
	*transferred = (Mt__Transferred)MT__TRANSFERRED__INIT;
	put_number(put_text(event->to_authority, "Z"), person->number % 100000, 5);
	transferred->to_authority = event->to_authority;
	nation_staff_code(event->to_staff_code, nation, person, 1);
	transferred->to_staff_code = event->to_staff_code;
	nation_date(event->date, person->hired + ASTRAY_DAYS);
	transferred->effective_date = event->date;
	event->data.kind_case = MT__EVENT_DATA__KIND_TRANSFERRED;
	event->data.transferred = transferred;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static void
updated_fill(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
	     const struct step *step, struct random *random)
{
	const struct nation_unit *unit = &nation->units.units[step->unit];
	Mt__Updated *updated = &event->body.updated;
	*updated = (Mt__Updated)MT__UPDATED__INIT;
	updated->effective_date = event->date;
	uint32_t dice = draw_below(random, UPDATES_WEIGHED);
	if (dice < 45) {
		put_number(put_text(event->texts.phone, "0000"), draw_below(random, 1000 * 1000), 6);
		updated->phone = event->texts.phone;
	} else if (dice < 75) {
		char *at = put_text(put_number(put_text(event->texts.email, "cv"), person->number + 1, 7), "@");
		put_text(put_text(at, nation->units.provinces[unit->province].host), ".gov.example");
		updated->email = event->texts.email;
	} else {
		nation_department(event->unit, unit, person->occupation, step->position,
				  draw_below(random, NATION_DEPARTMENTS));
		updated->unit = event->unit;
	}
	event->data.kind_case = MT__EVENT_DATA__KIND_UPDATED;
	event->data.updated = updated;
}

static void
qualified_fill(struct nation_event *event, const struct step *step, struct random *random)
{
	const struct qualification_kind *kind =
		&nation_qualifications[draw_below(random, (uint32_t)nation_qualifications_count)];
	Mt__QualificationGained *gained = &event->body.qualified;
	Mt__Qualification *diploma = &event->diplomas[0];
	*gained = (Mt__QualificationGained)MT__QUALIFICATION_GAINED__INIT;
	*diploma = (Mt__Qualification)MT__QUALIFICATION__INIT;
	diploma->axis = kind->axis;
	diploma->code = (char *)(uintptr_t)kind->code;
	diploma->title = (char *)(uintptr_t)kind->title;
	diploma->institution = (char *)(uintptr_t)kind->institution;
	nation_date(event->awarded_on, step->date - draw_between(random, 0, 25));
	diploma->awarded_on = event->awarded_on;
	gained->qualification = diploma;
	gained->effective_date = event->date;
	event->data.kind_case = MT__EVENT_DATA__KIND_QUALIFICATION_GAINED;
	event->data.qualification_gained = gained;
}

/* Steps up or aside in the same unit. */
static void
post_fill(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
	  const struct step *step, struct random *random)
{
	char *position = (char *)(uintptr_t)person->occupation->positions[step->position];
	char *rank = (char *)(uintptr_t)person->occupation->ranks[step->rank];
	char *decision = decision_make(event, random);
	nation_department(event->unit, &nation->units.units[step->unit], person->occupation, step->position,
			  draw_below(random, NATION_DEPARTMENTS));
	if (step->kind == STEP_PROMOTED) {
		event->body.promoted = (Mt__Promoted)MT__PROMOTED__INIT;
		event->body.promoted.rank = rank;
		event->body.promoted.effective_date = event->date;
		event->body.promoted.decision_number = decision;
		event->data.kind_case = MT__EVENT_DATA__KIND_PROMOTED;
		event->data.promoted = &event->body.promoted;
	} else if (step->kind == STEP_APPOINTED) {
		event->body.appointed = (Mt__Appointed)MT__APPOINTED__INIT;
		event->body.appointed.position = position;
		event->body.appointed.unit = event->unit;
		event->body.appointed.effective_date = event->date;
		event->body.appointed.decision_number = decision;
		event->data.kind_case = MT__EVENT_DATA__KIND_APPOINTED;
		event->data.appointed = &event->body.appointed;
	} else {
		event->body.rotated = (Mt__Rotated)MT__ROTATED__INIT;
		event->body.rotated.position = position;
		event->body.rotated.unit = event->unit;
		event->body.rotated.effective_date = event->date;
		event->body.rotated.decision_number = decision;
		event->data.kind_case = MT__EVENT_DATA__KIND_ROTATED;
		event->data.rotated = &event->body.rotated;
	}
}

/* Steps to another authority, and back. */
static void
move_fill(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
	  const struct step *step, struct random *random)
{
	const struct nation_unit *to = &nation->units.units[step->to_unit];
	char *position = (char *)(uintptr_t)person->occupation->positions[step->position];
	char *decision = decision_make(event, random);
	if (step->kind == STEP_TRANSFERRED) {
		Mt__Transferred *transferred = &event->body.transferred;
		*transferred = (Mt__Transferred)MT__TRANSFERRED__INIT;
		put_text(event->to_authority, to->code);
		transferred->to_authority = event->to_authority;
		nation_staff_code(event->to_staff_code, nation, person, step->moves + 1);
		transferred->to_staff_code = event->to_staff_code;
		transferred->position = position;
		nation_department(event->unit, to, person->occupation, step->position,
				  draw_below(random, NATION_DEPARTMENTS));
		transferred->unit = event->unit;
		transferred->effective_date = event->date;
		transferred->decision_number = decision;
		event->data.kind_case = MT__EVENT_DATA__KIND_TRANSFERRED;
		event->data.transferred = transferred;
	} else if (step->kind == STEP_SECONDED) {
		event->body.seconded = (Mt__Seconded)MT__SECONDED__INIT;
		put_text(event->to_authority, to->code);
		event->body.seconded.to_authority = event->to_authority;
		event->body.seconded.position = position;
		event->body.seconded.effective_date = event->date;
		event->body.seconded.decision_number = decision;
		event->data.kind_case = MT__EVENT_DATA__KIND_SECONDED;
		event->data.seconded = &event->body.seconded;
	} else {
		event->body.returned = (Mt__Returned)MT__RETURNED__INIT;
		event->body.returned.effective_date = event->date;
		event->body.returned.decision_number = decision;
		event->data.kind_case = MT__EVENT_DATA__KIND_RETURNED;
		event->data.returned = &event->body.returned;
	}
}

static void
leave_fill(struct nation_event *event, const struct nation_person *person, const struct step *step,
	   struct random *random)
{
	static const char *const reasons[] = {"study", "sick", "unpaid", "maternity", "maternity", "maternity"};
	if (step->kind == STEP_LEAVE_BEGUN) {
		event->body.leave_begun = (Mt__LeaveBegun)MT__LEAVE_BEGUN__INIT;
		event->body.leave_begun.reason = (char *)(uintptr_t)reasons[draw_below(random, person->woman ? 6 : 3)];
		event->body.leave_begun.effective_date = event->date;
		event->body.leave_begun.decision_number = decision_make(event, random);
		event->data.kind_case = MT__EVENT_DATA__KIND_LEAVE_BEGUN;
		event->data.leave_begun = &event->body.leave_begun;
	} else {
		event->body.leave_ended = (Mt__LeaveEnded)MT__LEAVE_ENDED__INIT;
		event->body.leave_ended.effective_date = event->date;
		event->data.kind_case = MT__EVENT_DATA__KIND_LEAVE_ENDED;
		event->data.leave_ended = &event->body.leave_ended;
	}
}

static void
ending_fill(struct nation_event *event, const struct step *step, struct random *random)
{
	if (step->kind == STEP_RETIRED) {
		event->body.retired = (Mt__Retired)MT__RETIRED__INIT;
		event->body.retired.effective_date = event->date;
		event->body.retired.decision_number = decision_make(event, random);
		event->data.kind_case = MT__EVENT_DATA__KIND_RETIRED;
		event->data.retired = &event->body.retired;
	} else if (step->kind == STEP_RESIGNED) {
		event->body.resigned = (Mt__Resigned)MT__RESIGNED__INIT;
		event->body.resigned.effective_date = event->date;
		event->body.resigned.decision_number = decision_make(event, random);
		event->data.kind_case = MT__EVENT_DATA__KIND_RESIGNED;
		event->data.resigned = &event->body.resigned;
	} else if (step->kind == STEP_DISMISSED) {
		event->body.dismissed = (Mt__Dismissed)MT__DISMISSED__INIT;
		event->body.dismissed.reason = (char *)"discipline";
		event->body.dismissed.effective_date = event->date;
		event->body.dismissed.decision_number = decision_make(event, random);
		event->data.kind_case = MT__EVENT_DATA__KIND_DISMISSED;
		event->data.dismissed = &event->body.dismissed;
	} else {
		event->body.deceased = (Mt__Deceased)MT__DECEASED__INIT;
		event->body.deceased.effective_date = event->date;
		event->data.kind_case = MT__EVENT_DATA__KIND_DECEASED;
		event->data.deceased = &event->body.deceased;
	}
}

void
nation_event_step(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
		  const struct step *step)
{
	const struct nation_unit *unit = &nation->units.units[step->unit];
	struct random random = step->random;
	char mark[8];
	event->purpose = PURPOSE_PLAIN;
	event->kind = step->kind;
	put_number(mark, step->number + 1, 1);
	nation_staff_code(event->subject, nation, person, step->moves);
	envelope(event, nation, person, unit->code, mark);
	sequence_set(event, unit, step->sequence);
	nation_date(event->date, step->date);
	switch (step->kind) {
	case STEP_UPDATED:
		updated_fill(event, nation, person, step, &random);
		return;
	case STEP_QUALIFIED:
		qualified_fill(event, step, &random);
		return;
	case STEP_PROMOTED:
	case STEP_APPOINTED:
	case STEP_ROTATED:
		post_fill(event, nation, person, step, &random);
		return;
	case STEP_TRANSFERRED:
	case STEP_SECONDED:
	case STEP_RETURNED:
		move_fill(event, nation, person, step, &random);
		return;
	case STEP_LEAVE_BEGUN:
	case STEP_LEAVE_ENDED:
		leave_fill(event, person, step, &random);
		return;
	case STEP_RETIRED:
	case STEP_RESIGNED:
	case STEP_DISMISSED:
	case STEP_DECEASED:
		ending_fill(event, step, &random);
		return;
	case STEP_HIRED:
	case STEP_KINDS:
		break;
	}
	assert(!"a step of a career");
}
