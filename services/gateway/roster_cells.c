/* services/gateway/roster_cells.c
 *
 * One function for each kind of cell. An empty cell is unchanged, "-" clears. */
#include "services/gateway/roster_cells.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <stdio.h>
#include <string.h>

enum { CITIZEN_ID_WIDTH = 12, CITIZEN_ID_PADDED_MIN = 10, DATE_SERIAL_DIGITS = 5 };

struct cell_reading {
	struct arena *arena;
	enum roster_date_order order;
	Mt__RosterRow *row;
};

void
roster_row_fault(struct arena *arena, Mt__RosterRow *row, Mt__Roster__Severity severity, const char *column,
		 const char *code, const char *value)
{
	if (row->faults == NULL)
		row->faults = arena_alloc(arena, ROSTER_ROW_FAULTS_MAX * sizeof(Mt__RosterFault *));
	if (row->n_faults == ROSTER_ROW_FAULTS_MAX)
		return;
	Mt__RosterFault *fault = (Mt__RosterFault *)pb_new(&mt__roster_fault__descriptor, arena);
	fault->severity = severity;
	fault->column = (char *)(uintptr_t)column;
	fault->code = (char *)(uintptr_t)code;
	row->faults[row->n_faults++] = fault;
	if (value == NULL)
		return;
	size_t size = strlen(value);
	size = size < ROSTER_SHOWN_BYTES_MAX ? size : ROSTER_SHOWN_BYTES_MAX;
	while (size > 0 && !text_valid(slice_of(value, size)))
		size--;
	fault->cell = (Mt__RosterCell *)pb_new(&mt__roster_cell__descriptor, arena);
	fault->cell->value = arena_text(arena, slice_of(value, size));
}

static void
cell_wrong(struct cell_reading *reading, enum roster_column column, const char *code, const char *value)
{
	roster_row_fault(reading->arena, reading->row, MT__ROSTER__SEVERITY__ERROR, roster_columns[column].name, code,
			 value);
}

static bool
is_digits(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* 1.23E+11, also with a comma: what a spreadsheet makes of a long number. */
static bool
is_scientific(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *at = text + digits;
	if (digits != 1)
		return false;
	if (*at == '.' || *at == ',') {
		size_t decimals = strspn(at + 1, "0123456789");
		if (decimals == 0)
			return false;
		at += 1 + decimals;
	}
	if ((*at != 'E' && *at != 'e') || at[1] != '+')
		return false;
	return is_digits(at + 2);
}

/* --- dates -------------------------------------------------------------------------------------------------------- */

/* Up to three numbers between one kind of sign; how many, 0 if it is no such thing. */
static int
numbers_read(const char *text, int numbers[3], size_t digits[3])
{
	char sign = '\0';
	int count = 0;
	while (count < 3) {
		digits[count] = strspn(text, "0123456789");
		if (digits[count] == 0 || digits[count] > 4)
			return 0;
		numbers[count] = 0;
		for (size_t i = 0; i < digits[count]; i++)
			numbers[count] = numbers[count] * 10 + (text[i] - '0');
		text += digits[count++];
		if (*text == '\0')
			return count;
		if (strchr("/.-", *text) == NULL || (sign != '\0' && *text != sign))
			return 0;
		sign = *text++;
	}
	return 0;
}

bool
roster_date_read(const char *text, enum roster_date_order order, bool may_be_partial, char out[DATE_TEXT_BYTES])
{
	int n[3];
	size_t digits[3];
	int count = numbers_read(text, n, digits);
	int last = count - 1;
	if (count == 0 || (count < 3 && !may_be_partial))
		return false;
	bool year_first = digits[0] == 4;
	if (year_first == (count > 1 && digits[last] == 4))
		return false; /* no year of four digits, or two */
	if (year_first && count > 1 && strchr(text, '-') == NULL)
		return false;
	int year = year_first ? n[0] : n[last];
	int month = count == 1 ? 1 : year_first ? n[1] : count == 2 ? n[0] : n[1];
	int day = count < 3 ? 1 : year_first ? n[2] : n[0];
	if (count == 3 && !year_first && order == ROSTER_MDY) {
		month = n[0];
		day = n[1];
	}
	int32_t date = date_make(year, month, day);
	if (date == DATE_NONE)
		return false;
	static const size_t sizes[] = {4, 7, 10};
	date_format(date, out);
	out[sizes[count - 1]] = '\0';
	return true;
}

static void
date_fill(struct cell_reading *reading, enum roster_column column, const char *text, bool may_be_partial, char **into)
{
	if (text[0] == '\0')
		return;
	char *out = arena_alloc(reading->arena, DATE_TEXT_BYTES);
	if (roster_date_read(text, reading->order, may_be_partial, out)) {
		*into = out;
		return;
	}
	bool serial = is_digits(text) && strlen(text) == DATE_SERIAL_DIGITS;
	cell_wrong(reading, column, serial ? "date_number" : "bad_date", text);
}

/* --- the others --------------------------------------------------------------------------------------------------- */

static void
citizen_id_fill(struct cell_reading *reading, const char *text)
{
	Mt__RosterRow *row = reading->row;
	size_t size = strlen(text);
	row->citizen_id = (char *)(uintptr_t)text;
	if (!is_digits(text) || size < CITIZEN_ID_PADDED_MIN || size >= CITIZEN_ID_WIDTH)
		return; /* whether it is one the service says; 9 digits are another card's number */
	row->citizen_id = arena_format(reading->arena, "%.*s%s", (int)(CITIZEN_ID_WIDTH - size), "00", text);
	roster_row_fault(reading->arena, row, MT__ROSTER__SEVERITY__WARNING, "citizen_id", "padded", text);
}

static void
category_fill(struct cell_reading *reading, const char *text)
{
	if (text[0] == '\0')
		return;
	const char *folded = roster_folded(reading->arena, text);
	reading->row->category = folded == NULL ? MT__PERSON__CATEGORY__UNSPECIFIED : roster_category_find(folded);
	if (reading->row->category == MT__PERSON__CATEGORY__UNSPECIFIED)
		cell_wrong(reading, ROSTER_CATEGORY, "bad_category", text);
}

static bool
is_code(enum roster_column column)
{
	return column == ROSTER_STAFF_CODE || column == ROSTER_PHONE || column == ROSTER_CITIZEN_ID ||
	       column == ROSTER_SUPERVISOR || column == ROSTER_AUTHORITY;
}

/* Takes a cell whose text cannot mean what it says; "" is left of it. */
static const char *
cell_screen(struct cell_reading *reading, enum roster_column column, const char *text)
{
	Mt__RosterRow *row = reading->row;
	if (!text_valid(slice_text(text))) {
		cell_wrong(reading, column, "bad_text", NULL);
		return "";
	}
	if (strcmp(text, "-") == 0 && column != ROSTER_STAFF_CODE && column != ROSTER_AUTHORITY) {
		row->clear[row->n_clear++] = (char *)(uintptr_t)roster_columns[column].name;
		return "";
	}
	if (is_code(column) && is_scientific(text)) {
		cell_wrong(reading, column, "scientific_notation", text);
		return "";
	}
	return text;
}

void
roster_row_fill(struct arena *arena, const char *const cells[ROSTER_COLUMNS], enum roster_date_order order,
		Mt__RosterRow *row)
{
	struct cell_reading reading = {.arena = arena, .order = order, .row = row};
	const char *sound[ROSTER_COLUMNS];
	row->clear = arena_alloc(arena, ROSTER_COLUMNS * sizeof(char *));
	for (size_t i = 0; i < ROSTER_COLUMNS; i++)
		sound[i] = cell_screen(&reading, (enum roster_column)i, cells[i]);
	const struct {
		enum roster_column column;
		char **into;
	} texts[] = {
		{ROSTER_STAFF_CODE, &row->staff_code},
		{ROSTER_NAME, &row->name},
		{ROSTER_EMAIL, &row->email},
		{ROSTER_PHONE, &row->phone},
		{ROSTER_POSITION, &row->position},
		{ROSTER_RANK, &row->rank},
		{ROSTER_UNIT, &row->unit},
		{ROSTER_SUPERVISOR, &row->supervisor},
		{ROSTER_AUTHORITY, &row->authority},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i].into = (char *)(uintptr_t)sound[texts[i].column];
	citizen_id_fill(&reading, sound[ROSTER_CITIZEN_ID]);
	category_fill(&reading, sound[ROSTER_CATEGORY]);
	date_fill(&reading, ROSTER_BIRTH_DATE, sound[ROSTER_BIRTH_DATE], true, &row->birth_date);
	date_fill(&reading, ROSTER_EFFECTIVE_DATE, sound[ROSTER_EFFECTIVE_DATE], false, &row->effective_date);
}
