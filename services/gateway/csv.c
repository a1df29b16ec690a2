/* services/gateway/csv.c
 *
 * A byte at a time through four states. */
#include "services/gateway/csv.h"

#include "common/base/buf.h"

#include <assert.h>

void
csv_begin(struct csv *csv, char separator)
{
	csv->separator = separator;
	csv->state = CSV_CELL_BEGINS;
	csv->ready = true;
	csv->after_cr = false;
	csv->row = 0;
	csv->count = 0;
}

static void
row_begin(struct csv *csv)
{
	csv->ready = false;
	csv->state = CSV_CELL_BEGINS;
	csv->fault = CSV_SOUND;
	csv->fault_cell = 0;
	csv->count = 0;
	csv->more = false;
	csv->cell_begins = 0;
	csv->used = 0;
	csv->row++;
}

/* The first fault of a row counts. */
static void
row_fault(struct csv *csv, enum csv_fault fault)
{
	if (csv->fault != CSV_SOUND)
		return;
	csv->fault = fault;
	csv->fault_cell = csv->count;
}

static void
cell_add(struct csv *csv, char byte)
{
	if (csv->more)
		return;
	if (byte == '\0')
		row_fault(csv, CSV_BAD_TEXT);
	else if (csv->used - csv->cell_begins >= CSV_CELL_BYTES_MAX)
		row_fault(csv, CSV_CELL_TOO_LONG);
	else if (csv->used - csv->count >= CSV_ROW_BYTES_MAX)
		row_fault(csv, CSV_ROW_TOO_LONG);
	else
		csv->bytes[csv->used++] = byte;
}

static void
cell_end(struct csv *csv)
{
	csv->state = CSV_CELL_BEGINS;
	if (csv->count == CSV_CELLS_MAX) {
		csv->more = true;
		return;
	}
	assert(csv->used < sizeof(csv->bytes));
	csv->bytes[csv->used++] = '\0';
	csv->at[csv->count++] = (uint32_t)csv->cell_begins;
	csv->cell_begins = csv->used;
}

static bool
row_end(struct csv *csv)
{
	cell_end(csv);
	csv->ready = true;
	return true;
}

/* Outside quotes; true at the end of a row. */
static bool
plain_byte(struct csv *csv, char byte)
{
	if (byte == csv->separator) {
		cell_end(csv);
		return false;
	}
	if (byte == '\n' || byte == '\r') {
		csv->after_cr = byte == '\r';
		return row_end(csv);
	}
	if (csv->state == CSV_QUOTE_SEEN)
		row_fault(csv, CSV_BAD_QUOTE);
	csv->state = CSV_PLAIN;
	cell_add(csv, byte);
	return false;
}

static bool
row_byte(struct csv *csv, char byte)
{
	switch (csv->state) {
	case CSV_CELL_BEGINS:
		if (byte == '"') {
			csv->state = CSV_QUOTED;
			return false;
		}
		return plain_byte(csv, byte);
	case CSV_PLAIN:
		return plain_byte(csv, byte);
	case CSV_QUOTED:
		if (byte == '"')
			csv->state = CSV_QUOTE_SEEN;
		else
			cell_add(csv, byte);
		return false;
	case CSV_QUOTE_SEEN:
		if (byte != '"')
			return plain_byte(csv, byte);
		csv->state = CSV_QUOTED;
		cell_add(csv, byte);
		return false;
	}
	return false;
}

size_t
csv_read(struct csv *csv, struct slice bytes, bool *row)
{
	*row = false;
	for (size_t i = 0; i < bytes.size; i++) {
		char byte = (char)bytes.data[i];
		bool paired = csv->ready && csv->after_cr && byte == '\n';
		csv->after_cr = csv->after_cr && !csv->ready;
		if (paired)
			continue;
		if (csv->ready)
			row_begin(csv);
		if (row_byte(csv, byte)) {
			*row = true;
			return i + 1;
		}
	}
	return bytes.size;
}

bool
csv_end(struct csv *csv)
{
	if (csv->ready)
		return false;
	if (csv->state == CSV_QUOTED) {
		csv->fault = CSV_UNCLOSED_QUOTE;
		csv->fault_cell = csv->count;
	}
	return row_end(csv);
}

const char *
csv_cell(const struct csv *csv, size_t index)
{
	return index < csv->count ? csv->bytes + csv->at[index] : "";
}

bool
csv_blank(const struct csv *csv)
{
	if (csv->fault != CSV_SOUND || csv->more)
		return false;
	for (size_t i = 0; i < csv->used; i++) {
		if (strchr(" \t", csv->bytes[i]) == NULL) /* the NULs between the cells are found too */
			return false;
	}
	return true;
}

char
csv_separator(struct slice header)
{
	size_t commas = 0;
	size_t semicolons = 0;
	bool quoted = false;
	for (size_t i = 0; i < header.size; i++) {
		quoted ^= header.data[i] == '"';
		commas += !quoted && header.data[i] == ',';
		semicolons += !quoted && header.data[i] == ';';
	}
	return semicolons > commas ? ';' : ',';
}

/* A cell that begins so is computed by a spreadsheet that opens it: what a stranger wrote would run. */
static bool
is_formula(const char *text)
{
	return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

void
csv_write(struct buf *buf, const char *text, char separator)
{
	bool quoted = strpbrk(text, "\"\r\n") != NULL || strchr(text, separator) != NULL || is_formula(text);
	if (!quoted) {
		buf_text(buf, text);
		return;
	}
	buf_byte(buf, '"');
	if (is_formula(text) && text[1] != '\0')
		buf_byte(buf, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_byte(buf, '"');
		buf_byte(buf, (uint8_t)*text);
	}
	buf_byte(buf, '"');
}
