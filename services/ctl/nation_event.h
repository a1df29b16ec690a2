/* services/ctl/nation_event.h
 *
 * One event of the nation as a province's system would push it. Everything its message
 * points to lies in the event, which therefore must not be moved. */
#ifndef SERVICES_CTL_NATION_EVENT_H
#define SERVICES_CTL_NATION_EVENT_H

#include "services/ctl/nation_career.h"
#include "services/ctl/nation_noise.h"

#include "matricula/event.pb-c.h"

struct nation_event {
	enum purpose purpose;
	enum step_kind kind;
	Mt__PushEventRequest request;
	Mt__EventData data;
	union {
		Mt__Hired hired;
		Mt__Updated updated;
		Mt__QualificationGained qualified;
		Mt__Promoted promoted;
		Mt__Appointed appointed;
		Mt__Rotated rotated;
		Mt__Transferred transferred;
		Mt__Seconded seconded;
		Mt__Returned returned;
		Mt__LeaveBegun leave_begun;
		Mt__LeaveEnded leave_ended;
		Mt__Retired retired;
		Mt__Resigned resigned;
		Mt__Dismissed dismissed;
		Mt__Deceased deceased;
	} body;
	Mt__Qualification diplomas[2];
	Mt__Qualification *diploma_pointers[2];
	struct nation_texts texts;
	char source[48];
	char id[48];
	char subject[40];
	char sequence[16];
	char date[16];
	char awarded_on[16];
	char to_authority[24];
	char to_staff_code[40];
	char unit[NATION_TEXT_BYTES * 2];
	char decision[40];
};

/* purpose: PLAIN and DECOMPOSED are the hiring itself; CHANGED is the same again but for a day; the WRONG_ ones
 * about hirings are sent before it under ids of their own; TWICE is what another province sends. */
void nation_event_hired(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
			enum purpose purpose);
void nation_event_step(struct nation_event *event, const struct nation *nation, const struct nation_person *person,
		       const struct step *step);
/* A transfer to an authority that does not exist, soon after the hiring. */
void nation_event_astray(struct nation_event *event, const struct nation *nation, const struct nation_person *person);

/* The type's word: "leave_begun". */
const char *nation_event_word(const struct nation_event *event);

#endif
