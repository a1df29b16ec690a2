/* services/gateway/sheet.c */
#include "services/gateway/sheet.h"

#include "common/base/text.h"
#include "services/gateway/csv.h"
#include "services/gateway/roster_columns.h"

#include <string.h>

struct reading {
	struct request *request;
	const struct sheet_column *columns;
	size_t columns_count;
	size_t rows_max;
	struct sheet *sheet;
	struct csv csv;
	size_t at[CSV_CELLS_MAX]; /* of the file's columns, which of ours; columns_count: none */
	size_t width;
	bool has_header;
};

static bool
refuse(struct reading *reading, const char *field, const char *sentence)
{
	request_refuse(reading->request, PROBLEM_INVALID_ARGUMENT, field, "%s", sentence);
	return false;
}

static size_t
column_find(const struct reading *reading, const char *folded)
{
	for (size_t i = 0; i < reading->columns_count; i++) {
		for (size_t j = 0; j < SHEET_HEADERS_MAX && reading->columns[i].headers[j] != NULL; j++) {
			if (strcmp(reading->columns[i].headers[j], folded) == 0)
				return i;
		}
	}
	return reading->columns_count;
}

static bool
header_read(struct reading *reading)
{
	struct arena *arena = &reading->request->arena;
	bool seen[SHEET_COLUMNS_MAX] = {false};
	reading->width = reading->csv.count;
	for (size_t i = 0; i < reading->width; i++) {
		const char *cell = csv_cell(&reading->csv, i);
		const char *folded = text_valid(slice_text(cell)) ? roster_folded(arena, cell) : NULL;
		if (folded == NULL)
			return refuse(reading, NULL, "the header is not UTF-8: save the sheet as \"CSV UTF-8\"");
		size_t column = column_find(reading, folded);
		if (column == reading->columns_count && folded[0] != '\0')
			return refuse(reading, cell, arena_format(arena, "column %s is not known", cell));
		if (column < reading->columns_count && seen[column])
			return refuse(reading, reading->columns[column].name,
				      arena_format(arena, "column %s is there twice", cell));
		if (column < reading->columns_count)
			seen[column] = true;
		reading->at[i] = column;
	}
	for (size_t i = 0; i < reading->columns_count; i++) {
		if (reading->columns[i].wanted && !seen[i])
			return refuse(reading, reading->columns[i].name,
				      arena_format(arena, "column %s is missing", reading->columns[i].name));
	}
	reading->has_header = true;
	return true;
}

static const char *
cell_trimmed(struct arena *arena, const char *cell)
{
	cell += strspn(cell, " \t");
	size_t size = strlen(cell);
	while (size > 0 && strchr(" \t\r\n", cell[size - 1]) != NULL)
		size--;
	return arena_text(arena, slice_of(cell, size));
}

static bool
row_read(struct reading *reading)
{
	struct sheet *sheet = reading->sheet;
	struct arena *arena = &reading->request->arena;
	if (csv_blank(&reading->csv) && reading->csv.fault == CSV_SOUND)
		return true;
	if (!reading->has_header)
		return header_read(reading);
	if (sheet->count == reading->rows_max)
		return refuse(
			reading, NULL,
			arena_format(arena, "there are more than %zu rows: send them in parts", reading->rows_max));
	struct sheet_row *row = &sheet->rows[sheet->count++];
	*row = (struct sheet_row){.number = reading->csv.row};
	for (size_t i = 0; i < reading->columns_count; i++)
		row->cells[i] = "";
	if (reading->csv.fault != CSV_SOUND || reading->csv.more) {
		row->fault = "the row is broken: a cell too long, or a quote that is not closed";
		return true;
	}
	for (size_t i = 0; i < reading->csv.count; i++) {
		const char *cell = cell_trimmed(arena, csv_cell(&reading->csv, i));
		if (i >= reading->width && cell[0] != '\0')
			row->fault = "the row has more cells than the header";
		else if (!text_valid(slice_text(cell)))
			row->fault = "the row is not UTF-8";
		else if (i < reading->width && reading->at[i] < reading->columns_count)
			row->cells[reading->at[i]] = cell;
	}
	return true;
}

bool
sheet_read(struct request *request, const struct sheet_column *columns, size_t columns_count, size_t rows_max,
	   struct sheet *sheet)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct slice bytes = buf_slice(&request->body);
	struct reading *reading = arena_zero(&request->arena, sizeof(*reading));
	bool row;
	if (slice_begins(bytes, slice_text(mark)))
		bytes = slice_of(bytes.data + strlen(mark), bytes.size - strlen(mark));
	if (slice_begins(bytes, slice_text("PK"))) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL,
			       "this is an Excel workbook; save it as CSV UTF-8");
		return false;
	}
	const uint8_t *end = bytes.size == 0 ? NULL : memchr(bytes.data, '\n', bytes.size);
	*sheet = (struct sheet){.separator = csv_separator(
					slice_of(bytes.data, end == NULL ? bytes.size : (size_t)(end - bytes.data)))};
	sheet->rows = arena_alloc(&request->arena, (rows_max + 1) * sizeof(*sheet->rows));
	reading->request = request;
	reading->columns = columns;
	reading->columns_count = columns_count;
	reading->rows_max = rows_max;
	reading->sheet = sheet;
	csv_begin(&reading->csv, sheet->separator);
	while (bytes.size > 0) {
		size_t taken = csv_read(&reading->csv, bytes, &row);
		bytes = slice_of(bytes.data + taken, bytes.size - taken);
		if (row && !row_read(reading))
			return false;
	}
	if (csv_end(&reading->csv) && !row_read(reading))
		return false;
	if (!reading->has_header)
		return refuse(reading, NULL, "the file is empty: its first row names the columns");
	return true;
}
