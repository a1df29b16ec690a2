/* services/gateway/sheet.h
 *
 * A small CSV file that was read whole: rows of cells under known columns, which may be
 * headed in English or Vietnamese as rosters may (roster_columns.h). For lists of a few
 * thousand rows; rosters of any size are read as they come, see roster_read.h. */
#ifndef SERVICES_GATEWAY_SHEET_H
#define SERVICES_GATEWAY_SHEET_H

#include "services/gateway/request.h"

enum { SHEET_COLUMNS_MAX = 24, SHEET_HEADERS_MAX = 4 };

struct sheet_column {
	const char *name;                       /* in faults, and in an English header */
	const char *headers[SHEET_HEADERS_MAX]; /* folded: letters and digits only */
	bool wanted;                            /* a file without it is refused */
};

struct sheet_row {
	uint32_t number;                      /* in the file, from 1: the header is row 1 */
	const char *cells[SHEET_COLUMNS_MAX]; /* by column, trimmed, "" where there is none */
	const char *fault;                    /* NULL, or why the row cannot be read; then no cell is to be used */
};

struct sheet {
	struct sheet_row *rows;
	size_t count;
	char separator; /* of the file: an answer in CSV has the same */
};

/* In the request's arena. False, and the request refused: what is no CSV, heads a column twice or unknown, lacks a
 * wanted one, or has more than rows_max rows. */
bool sheet_read(struct request *request, const struct sheet_column *columns, size_t columns_count, size_t rows_max,
		struct sheet *sheet);

#endif
