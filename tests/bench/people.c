/* tests/bench/people.c
 *
 * Deeds from numbers. What a deed points to lies in the one struct made here: a generator
 * packs a deed before it makes the next. */
#include "tests/bench/people.h"

#include "common/wire/pb_json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_BYTES = 1024,
	UNITS_APART = 1571,
	NATIONS_MAX = 64,     /* the loaded one, then newcomers */
	ROSTER_NATION = 1000, /* and from here on those of rosters */
	HUNDRED = 100,
	PHONES_PERCENT = 45,
	EMAILS_PERCENT = 30,
};

static const uint64_t SCATTER = 1000003; /* prime: walks through all odd persons */
static char EFFECTIVE[] = "2026-02-01";
static char TIME[] = "2026-02-01T08:00:00Z";

/* A change of somebody of the nation. */
struct change {
	Mt__PushEventRequest request;
	Mt__EventData data;
	Mt__Updated updated;
	Mt__Transferred transferred;
	char source[DEED_TEXT_BYTES];
	char id[DEED_TEXT_BYTES];
	char subject[FOLK_TEXT_BYTES];
	char to_staff_code[FOLK_TEXT_BYTES];
	char text[DEED_TEXT_BYTES];
};

static uint64_t
mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* Rows are code,name,name_en,parent_code,kind; codes have no quotes. */
bool
nation_read(struct nation *nation, const char *path)
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	nation->path = path;
	nation->units_count = 0;
	unsigned lines = 0;
	while (fgets(line, sizeof(line), file) != NULL && nation->units_count < UNITS_MAX) {
		line[strcspn(line, ",\n")] = '\0';
		if (lines++ > 1 && line[0] != '\0' && strlen(line) < UNIT_CODE_BYTES)
			snprintf(nation->units[nation->units_count++], UNIT_CODE_BYTES, "%s", line);
	}
	fclose(file);
	return nation->units_count > 0;
}

/* The folk a number falls into, with what is left of the number; made when it is first met. */
static struct folk *
folk_at(const struct nation *nation, uint64_t number, unsigned first, uint64_t *person)
{
	static struct folk *known[2][NATIONS_MAX];
	uint64_t place = number / nation->people;
	assert(place < NATIONS_MAX);
	struct folk **folk = &known[first > 0][place];
	if (*folk == NULL)
		*folk = folk_new(nation->path, nation->people, first + (unsigned)place);
	*person = number % nation->people;
	return *folk;
}

static struct folk *
folk_loaded(const struct nation *nation)
{
	uint64_t person;
	return folk_at(nation, 0, 0, &person);
}

/* --- hirings ----------------------------------------------------------------------------------------------------- */

static const Mt__PushEventRequest *
deed_hired(const struct nation *nation, uint64_t number)
{
	uint64_t person;
	struct folk *folk = folk_at(nation, number, 0, &person);
	return folk_hired(folk, number < nation->people ? person : folk_scatter(folk, person));
}

static const Mt__PushEventRequest *
deed_roster(const struct nation *nation, uint64_t number)
{
	uint64_t person;
	struct folk *folk = folk_at(nation, number, ROSTER_NATION, &person);
	return folk_hired(folk, person);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static void
change_begin(struct change *change, const struct nation *nation, char kind, uint64_t number, const char *unit)
{
	change->request = (Mt__PushEventRequest)MT__PUSH_EVENT_REQUEST__INIT;
	change->data = (Mt__EventData)MT__EVENT_DATA__INIT;
	snprintf(change->id, sizeof(change->id), "%s-%c%llu", nation->run, kind, (unsigned long long)number);
	snprintf(change->source, sizeof(change->source), "/authorities/%s/hr", unit);
	change->request.source = change->source;
	change->request.id = change->id;
	change->request.subject = change->subject;
	change->request.time = TIME;
	change->request.data = &change->data;
}

static void
deed_updated(struct change *change, const struct nation *nation, uint64_t number)
{
	const struct folk *folk = folk_loaded(nation);
	uint64_t drawn = mix(number);
	uint64_t person = drawn % (nation->people / 2) * 2;
	uint64_t dice = (drawn >> 40) % HUNDRED;
	change_begin(change, nation, 'u', number, folk_unit_code(folk, folk_unit(folk, person)));
	folk_staff_code(folk, person, 0, change->subject);
	change->updated = (Mt__Updated)MT__UPDATED__INIT;
	change->updated.effective_date = EFFECTIVE;
	if (dice < PHONES_PERCENT) {
		snprintf(change->text, sizeof(change->text), "0000%06u", (unsigned)(number % 1000000));
		change->updated.phone = change->text;
	} else if (dice < PHONES_PERCENT + EMAILS_PERCENT) {
		snprintf(change->text, sizeof(change->text), "cv%llu@tinh.gov.example", (unsigned long long)number);
		change->updated.email = change->text;
	} else {
		snprintf(change->text, sizeof(change->text), "CV.%u", (unsigned)(number & 63));
		change->updated.position = change->text;
	}
	change->data.kind_case = MT__EVENT_DATA__KIND_UPDATED;
	change->data.updated = &change->updated;
}

static void
deed_transferred(struct change *change, const struct nation *nation, uint64_t number)
{
	const struct folk *folk = folk_loaded(nation);
	uint64_t movers = nation->people / 2;
	uint64_t moves = number / movers;
	uint64_t person = number % movers * SCATTER % movers * 2 + 1;
	size_t units_count = folk_units_count(folk);
	size_t home = folk_unit(folk, person);
	change_begin(change, nation, 't', number, folk_unit_code(folk, (home + moves * UNITS_APART) % units_count));
	folk_staff_code(folk, person, (unsigned)moves, change->subject);
	folk_staff_code(folk, person, (unsigned)moves + 1, change->to_staff_code);
	change->transferred = (Mt__Transferred)MT__TRANSFERRED__INIT;
	change->transferred.to_authority =
		(char *)(uintptr_t)folk_unit_code(folk, (home + (moves + 1) * UNITS_APART) % units_count);
	change->transferred.to_staff_code = change->to_staff_code;
	change->transferred.effective_date = EFFECTIVE;
	change->data.kind_case = MT__EVENT_DATA__KIND_TRANSFERRED;
	change->data.transferred = &change->transferred;
}

bool
deed_make(const struct nation *nation, const char *work, uint64_t number, struct deed *deed)
{
	static struct change change;
	deed->request = &change.request;
	switch (work[0]) {
	case 'h':
		deed->request = deed_hired(nation, number);
		return true;
	case 'r':
		deed->request = deed_roster(nation, number);
		return true;
	case 'u':
		deed_updated(&change, nation, number);
		return true;
	case 't':
		deed_transferred(&change, nation, number);
		return true;
	case 'm':
		if (number % 5 == 4)
			deed_transferred(&change, nation, number / 5);
		else
			deed_updated(&change, nation, number);
		return true;
	}
	return false;
}

/* Attributes are codes and numbers of ours: nothing in them needs escaping. */
void
deed_json(struct buf *buf, const struct deed *deed)
{
	const Mt__PushEventRequest *request = deed->request;
	const ProtobufCFieldDescriptor *kind = protobuf_c_message_descriptor_get_field(
		&mt__event_data__descriptor, (unsigned)request->data->kind_case);
	buf_format(buf,
		   "{\"specversion\":\"1.0\",\"type\":\"matricula.person.%s.v1\",\"source\":\"%s\",\"id\":\"%s\","
		   "\"subject\":\"%s\",\"time\":\"%s\",\"datacontenttype\":\"application/json\",",
		   kind->name, request->source, request->id, request->subject, request->time);
	if (request->sequence[0] != '\0')
		buf_format(buf, "\"sequence\":\"%s\",", request->sequence);
	buf_text(buf, "\"data\":");
	/* All members of the oneof lie at the same place. */
	pb_to_json(buf, &request->data->hired->base);
	buf_byte(buf, '}');
}
