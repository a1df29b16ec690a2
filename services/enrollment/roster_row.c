/* services/enrollment/roster_row.c
 *
 * What becomes of one row. Its texts are checked as an event's are. Whom its staff code
 * leads to is compared with it as of its effective date, so that the same row again finds
 * nothing to change, and a row about an earlier day overwrites nothing that came later.
 * What differs becomes one change; nothing here can end a service.
 *
 * A row's facts: PersonHired or PersonChanged, or none; what was parked for a new staff
 * code is decided with it. */
#include "services/enrollment/roster.h"

#include "common/base/date.h"
#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

enum { PROVINCE_DIGITS = 2, COMMUNE_DIGITS = 5 };

enum row_outcome { ROW_REJECTED, ROW_UNCHANGED, ROW_CHANGED, ROW_HIRED };

struct row_reading {
	struct roster_taking *taking;
	struct call *call;
	const Mt__RosterRow *row;
	const Mt__AuthorityRecord *authority;
	const char *staff_code;
	struct staff_row staff;
	char **clear; /* fields, as events spell them */
	size_t clear_count;
	bool wrong;
};

static void
row_wrong(struct row_reading *reading, const char *column, const char *code, const char *value)
{
	roster_fault(reading->taking, reading->row->row, MT__ROSTER__SEVERITY__ERROR, column, code, value);
	reading->wrong = true;
}

/* --- what a verdict is about -------------------------------------------------------------------------------------- */

/* A field as events spell it, its column here, and the row's cell. */
static const char *
column_of(const struct row_reading *reading, const char *field, const char **value)
{
	const Mt__RosterRow *row = reading->row;
	const struct {
		const char *field;
		const char *column;
		const char *value;
	} columns[] = {
		{"subject", "staff_code", row->staff_code},
		{"data.name", "name", row->name},
		{"data.birthDate", "birth_date", row->birth_date},
		{"data.email", "email", row->email},
		{"data.phone", "phone", row->phone},
		{"data.citizenId", "citizen_id", row->citizen_id},
		{"data.category", "category", ""},
		{"data.position", "position", row->position},
		{"data.rank", "rank", row->rank},
		{"data.unit", "unit", row->unit},
		{"data.supervisor", "supervisor", row->supervisor},
		{"data.effectiveDate", "effective_date", row->effective_date},
	};
	for (size_t i = 0; field != NULL && i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (strcmp(columns[i].field, field) != 0)
			continue;
		*value = columns[i].value;
		return columns[i].column;
	}
	*value = NULL;
	return "";
}

static enum row_outcome
row_reject(struct row_reading *reading, const struct verdict *verdict)
{
	const char *value;
	const char *column = column_of(reading, verdict->field, &value);
	row_wrong(reading, column, roster_code(verdict->code) ? verdict->code : "not_taken", value);
	return ROW_REJECTED;
}

/* --- where and who ------------------------------------------------------------------------------------------------ */

static bool
is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static const Mt__AuthorityRecord *
authority_below(struct row_reading *reading, const char *code, bool *ambiguous)
{
	const struct store *store = call_store(reading->call);
	const Mt__AuthorityRecord *found = tree_find(store, call_arena(reading->call), code, ambiguous);
	if (found == NULL || !tree_covers(store, reading->taking->own->authority_id, found->authority_id))
		return NULL;
	return found;
}

/* A code of the unit list that lost its zeros, if only one unit below the roster's authority can be meant. */
static const Mt__AuthorityRecord *
authority_padded(struct row_reading *reading, const char *code, bool *ambiguous)
{
	static const int widths[] = {PROVINCE_DIGITS, COMMUNE_DIGITS};
	const Mt__AuthorityRecord *found = NULL;
	char padded[COMMUNE_DIGITS + 1];
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		size_t size = strlen(code);
		size_t width = (size_t)widths[i];
		if (!is_number(code) || size >= width)
			continue;
		memset(padded, '0', width - size);
		memcpy(padded + width - size, code, size + 1);
		bool unclear;
		const Mt__AuthorityRecord *one = authority_below(reading, padded, &unclear);
		*ambiguous = *ambiguous || (one != NULL && found != NULL);
		found = one != NULL ? one : found;
	}
	return *ambiguous ? NULL : found;
}

static void
row_authority(struct row_reading *reading)
{
	struct roster_taking *taking = reading->taking;
	const char *code = reading->row->authority;
	bool ambiguous = false;
	reading->authority = taking->own;
	if (code[0] == '\0')
		return;
	if (taking->named != NULL && strcmp(taking->named, code) == 0) {
		reading->authority = taking->named_authority;
		return;
	}
	reading->authority = authority_below(reading, code, &ambiguous);
	if (reading->authority == NULL && !ambiguous) {
		reading->authority = authority_padded(reading, code, &ambiguous);
		if (reading->authority != NULL) {
			roster_fault(taking, reading->row->row, MT__ROSTER__SEVERITY__WARNING, "authority", "padded",
				     code);
			return;
		}
	}
	if (reading->authority != NULL) {
		taking->named = code;
		taking->named_authority = reading->authority;
		return;
	}
	bool outside = !ambiguous && tree_find(call_store(reading->call), call_arena(reading->call), code, &ambiguous);
	row_wrong(reading, "authority",
		  ambiguous ? "ambiguous_authority"
		  : outside ? "outside_authority"
			    : "unknown_authority",
		  code);
}

static void
row_staff_code(struct row_reading *reading)
{
	struct verdict verdict;
	if (!event_check_text(reading->call, "subject", reading->row->staff_code, CODE_BYTES_MAX, false,
			      &reading->staff_code, &verdict)) {
		reading->staff_code = NULL;
		row_reject(reading, &verdict);
	}
}

/* Columns that are cleared, as events spell them. */
static void
row_clear(struct row_reading *reading)
{
	static const char *const names[][2] = {
		{"citizen_id", "citizenId"},
		{"birth_date", "birthDate"},
		{"email", "email"},
		{"phone", "phone"},
		{"position", "position"},
		{"rank", "rank"},
		{"unit", "unit"},
		{"supervisor", "supervisor"},
	};
	const Mt__RosterRow *row = reading->row;
	reading->clear = arena_alloc(call_arena(reading->call), (row->n_clear + 1) * sizeof(char *));
	for (size_t i = 0; i < row->n_clear; i++) {
		size_t k = 0;
		while (k < sizeof(names) / sizeof(names[0]) && strcmp(names[k][0], row->clear[i]) != 0)
			k++;
		if (k < sizeof(names) / sizeof(names[0]) && reading->clear_count < CLEAR_FIELDS_MAX)
			reading->clear[reading->clear_count++] = (char *)(uintptr_t)names[k][1];
		else
			row_wrong(reading, roster_column(row->clear[i]) ? row->clear[i] : "", "cannot_clear", "-");
	}
}

/* True if an earlier row had it, of this call or of one before. */
static bool
row_seen(struct row_reading *reading)
{
	struct roster_taking *taking = reading->taking;
	uint32_t locality = reading->authority->locality;
	size_t at = (hash_spread(slice_text(reading->staff_code)) + locality) % ROSTER_SEEN_PLACES;
	for (; taking->places[at] != NULL; at = (at + 1) % ROSTER_SEEN_PLACES) {
		if (taking->places[at]->locality == locality &&
		    strcmp(taking->places[at]->staff_code, reading->staff_code) == 0)
			return true;
	}
	struct key key = roster_seen_key(taking->roster->roster_id, locality, reading->staff_code);
	if (store_has(call_store(reading->call), key_slice(&key)))
		return true;
	Mt__RosterSeen *seen = (Mt__RosterSeen *)pb_new(&mt__roster_seen__descriptor, call_arena(reading->call));
	seen->locality = locality;
	seen->staff_code = (char *)(uintptr_t)reading->staff_code;
	taking->seen[taking->seen_count++] = seen;
	taking->places[at] = seen;
	return false;
}

/* --- somebody new ------------------------------------------------------------------------------------------------- */

static enum row_outcome
row_hire(struct row_reading *reading)
{
	const Mt__RosterRow *row = reading->row;
	Mt__Hired hired = MT__HIRED__INIT;
	hired.name = row->name;
	hired.birth_date = row->birth_date;
	hired.email = row->email;
	hired.phone = row->phone;
	hired.citizen_id = row->citizen_id;
	hired.category = row->category;
	hired.position = row->position;
	hired.rank = row->rank;
	hired.unit = row->unit;
	hired.supervisor = row->supervisor;
	hired.effective_date = row->effective_date;
	Mt__EventData data = MT__EVENT_DATA__INIT;
	data.kind_case = MT__EVENT_DATA__KIND_HIRED;
	data.hired = &hired;
	struct change change;
	struct verdict verdict;
	if (!event_check_data(reading->call, reading->authority, "", &data, &change, &verdict))
		return row_reject(reading, &verdict);
	if (reading->taking->roster->dry_run)
		return ROW_HIRED;
	struct arrivals arrivals = {.count = 0};
	ProtobufCBinaryData event = {0, NULL};
	struct subject subject;
	event_hire(reading->call, reading->authority, reading->staff_code, &change, &event, &subject);
	reading->taking->facts++;
	if (reading->staff.kind == STAFF_AWAITED) {
		event_arrive(&arrivals, reading->authority->authority_id, reading->staff_code);
		event_release(reading->call, &subject, &arrivals);
		reading->taking->released = true;
		reading->taking->facts += ROSTER_AWAITED_FACTS;
	}
	return ROW_HIRED;
}

/* --- somebody known ----------------------------------------------------------------------------------------------- */

/* The person as of the day the row is about; NULL if there was nobody then. */
static const Mt__PersonRecord *
person_then(struct row_reading *reading, const Mt__PersonRecord *person, const char *effective_date)
{
	int32_t date;
	bool parsed = date_parse(effective_date, &date);
	assert(parsed);
	if (person->state != MT__PERSON__STATE__NOT_YET && date <= call_today(reading->call) &&
	    strcmp(effective_date, person->effective_date) >= 0)
		return person;
	const Mt__PersonRecord *then = person_at(reading->call, person, date, call_now_us(reading->call));
	return then->version == 0 || then->state == MT__PERSON__STATE__NOT_YET ? NULL : then;
}

static bool
row_check_update(struct row_reading *reading, const Mt__PersonRecord *person, struct change *change)
{
	const Mt__RosterRow *row = reading->row;
	Mt__Updated updated = MT__UPDATED__INIT;
	updated.name = row->name;
	updated.birth_date = row->birth_date;
	updated.email = row->email;
	updated.phone = row->phone;
	updated.citizen_id = row->citizen_id;
	updated.category = row->category;
	updated.position = row->position;
	updated.rank = row->rank;
	updated.unit = row->unit;
	updated.supervisor = row->supervisor;
	updated.effective_date = row->effective_date;
	if (row->effective_date[0] == '\0' && person->state == MT__PERSON__STATE__NOT_YET)
		updated.effective_date = person->effective_date;
	updated.clear = reading->clear;
	updated.n_clear = reading->clear_count;
	Mt__EventData data = MT__EVENT_DATA__INIT;
	data.kind_case = MT__EVENT_DATA__KIND_UPDATED;
	data.updated = &updated;
	struct verdict verdict;
	if (!event_check_data(reading->call, reading->authority, "", &data, change, &verdict))
		row_reject(reading, &verdict);
	return !reading->wrong;
}

/* What the row would overtake: changes that the brake holds for whoever decides about this authority's. */
static bool
row_is_held(const struct row_reading *reading, const Mt__PersonRecord *person)
{
	struct key key = held_person_key(id_known(person->person_id));
	struct slice value;
	struct id hold_id;
	if (!store_get(call_store(reading->call), key_slice(&key), &value))
		return false;
	memcpy(hold_id.bytes, value.data, ID_BYTES);
	return hold_is_of(reading->call, hold_id, reading->authority->authority_id);
}

static enum row_outcome
row_update(struct row_reading *reading)
{
	struct subject subject;
	struct change change;
	if (!person_subject(reading->call, reading->staff.person, &subject)) {
		row_wrong(reading, "staff_code", "erased", reading->staff_code);
		return ROW_REJECTED;
	}
	const Mt__PersonRecord *person = subject.person;
	if (!person_in_service(person) && person->state != MT__PERSON__STATE__NOT_YET) {
		row_wrong(reading, "staff_code", "not_in_service", reading->staff_code);
		return ROW_REJECTED;
	}
	if (row_is_held(reading, person)) {
		row_wrong(reading, "staff_code", "held", reading->staff_code);
		return ROW_REJECTED;
	}
	if (!row_check_update(reading, person, &change))
		return ROW_REJECTED;
	const Mt__PersonRecord *then = person_then(reading, person, change.body->effective_date);
	if (then == NULL) {
		row_wrong(reading, "effective_date", "before_hire", reading->row->effective_date);
		return ROW_REJECTED;
	}
	if (roster_change_drop(change.body, then))
		return ROW_UNCHANGED;
	if (person->version >= CHANGES_PER_PERSON_MAX) {
		row_wrong(reading, "staff_code", "too_many_changes", reading->staff_code);
		return ROW_REJECTED;
	}
	if (reading->taking->roster->dry_run)
		return ROW_CHANGED;
	struct arrivals arrivals = {.count = 0};
	struct verdict verdict;
	ProtobufCBinaryData event = {0, NULL};
	if (!event_change(reading->call, &subject, reading->authority->authority_id, &change, &event, &arrivals,
			  &verdict))
		return row_reject(reading, &verdict);
	reading->taking->facts++;
	return ROW_CHANGED;
}

/* --- the row ------------------------------------------------------------------------------------------------------ */

static enum row_outcome
row_act(struct row_reading *reading)
{
	switch (reading->staff.kind) {
	case STAFF_NONE:
	case STAFF_AWAITED:
		return row_hire(reading);
	case STAFF_CURRENT:
		return row_update(reading);
	case STAFF_FORMER:
		row_wrong(reading, "staff_code", "transferred_away", reading->staff_code);
		return ROW_REJECTED;
	case STAFF_EXPECTED:
		row_wrong(reading, "staff_code", "not_here_yet", reading->staff_code);
		return ROW_REJECTED;
	case STAFF_REPLACED:
		break; /* no code's own row */
	}
	assert(!"a staff row of a kind");
	return ROW_REJECTED;
}

static void
row_count(struct roster_taking *taking, enum row_outcome outcome)
{
	taking->counts.rows++;
	switch (outcome) {
	case ROW_REJECTED:
		taking->counts.rejected++;
		return;
	case ROW_UNCHANGED:
		taking->counts.unchanged++;
		return;
	case ROW_CHANGED:
		taking->counts.changed++;
		return;
	case ROW_HIRED:
		taking->counts.hired++;
		return;
	}
}

/* Rows of one authority mostly stand together. */
static void
row_counted_at(struct row_reading *reading)
{
	struct roster_taking *taking = reading->taking;
	uint32_t locality = reading->authority->locality;
	if (taking->roster->dry_run || (taking->counted_count > 0 && taking->counted_locality == locality))
		return;
	taking->counted_locality = locality;
	struct id at = event_counted_at(call_store(taking->call), id_known(reading->authority->authority_id));
	for (size_t i = 0; i < taking->counted_count; i++) {
		if (memcmp(taking->counted_at[i].bytes, at.bytes, ID_BYTES) == 0)
			return;
	}
	taking->counted_at[taking->counted_count++] = at;
}

static void
row_edge_faults(struct row_reading *reading)
{
	const Mt__RosterRow *row = reading->row;
	for (size_t i = 0; i < row->n_faults; i++) {
		const Mt__RosterFault *fault = row->faults[i];
		bool warning = fault->severity == MT__ROSTER__SEVERITY__WARNING;
		roster_fault(reading->taking, row->row,
			     warning ? MT__ROSTER__SEVERITY__WARNING : MT__ROSTER__SEVERITY__ERROR, fault->column,
			     fault->code, fault->cell != NULL ? fault->cell->value : NULL);
		reading->wrong = reading->wrong || !warning;
	}
}

bool
roster_row(struct roster_taking *taking, const Mt__RosterRow *row)
{
	struct row_reading reading = {.taking = taking, .call = taking->call, .row = row};
	/* What it may bring is known once it is decided: room for the most must be there before. */
	if (taking->released || taking->facts + ROSTER_AWAITED_FACTS + 1 > FACTS_PER_CALL_MAX)
		return false;
	row_edge_faults(&reading);
	if (row->header)
		return true;
	bool broken = row->staff_code[0] == '\0' && reading.wrong;
	if (!broken)
		row_staff_code(&reading);
	row_authority(&reading);
	enum row_outcome outcome = ROW_REJECTED;
	if (reading.staff_code != NULL && reading.authority != NULL) {
		if (row_seen(&reading))
			row_wrong(&reading, "staff_code", "duplicate_row", reading.staff_code);
		reading.staff = staff_row_reached(call_store(taking->call), reading.authority, reading.staff_code);
		row_clear(&reading);
		if (!reading.wrong)
			outcome = row_act(&reading);
	}
	row_count(taking, outcome);
	if (outcome != ROW_REJECTED)
		row_counted_at(&reading);
	return true;
}
