/* services/gateway/csv.h
 *
 * Comma-separated values (RFC 4180) as a machine that is fed pieces of any size and holds
 * one row: cells split by one separator, in quotes where they hold it, a quote or a line
 * feed; rows end with CR LF, LF or CR. It never needs more than its own size: what is
 * longer than a cell or a row may be is passed over, and the row says so. Pure.
 *
 * Promise: however the input is cut into pieces, the rows are the same. */
#ifndef SERVICES_GATEWAY_CSV_H
#define SERVICES_GATEWAY_CSV_H

#include "common/base/slice.h"
#include "services/gateway/limits.h"

enum csv_fault {
	CSV_SOUND,
	CSV_CELL_TOO_LONG,
	CSV_ROW_TOO_LONG,
	CSV_BAD_QUOTE,      /* text behind a closing quote */
	CSV_UNCLOSED_QUOTE, /* until the end of the input */
	CSV_BAD_TEXT,       /* a NUL */
};

enum csv_state { CSV_CELL_BEGINS, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN };

struct csv {
	char separator;
	enum csv_state state;
	bool ready; /* the row was handed out: the next byte begins another */
	bool after_cr;
	uint32_t row; /* from 1, blank ones counted */
	/* The row: valid until more is read. */
	enum csv_fault fault;
	size_t fault_cell;
	size_t count;       /* cells held */
	bool more;          /* there were more than CSV_CELLS_MAX */
	size_t cell_begins; /* of the cell being read */
	size_t used;
	uint32_t at[CSV_CELLS_MAX]; /* where in bytes each cell begins; it ends with a NUL */
	char bytes[CSV_ROW_BYTES_MAX + CSV_CELLS_MAX];
};

void csv_begin(struct csv *csv, char separator);
/* How many bytes were taken: all, or those up to the end of a row, and then *row is true. */
size_t csv_read(struct csv *csv, struct slice bytes, bool *row);
/* The input is over: true if a last row without an end is there now. */
bool csv_end(struct csv *csv);
const char *csv_cell(const struct csv *csv, size_t index); /* "" beyond the last */
/* True if nothing but separators and white space stands in the row. */
bool csv_blank(const struct csv *csv);
/* What separates the cells of a header: ',' or ';'. */
char csv_separator(struct slice header);

/* Writes a cell so that a spreadsheet reads it as text: quoted where needed, and never as a formula. */
struct buf;
void csv_write(struct buf *buf, const char *text, char separator);

#endif
