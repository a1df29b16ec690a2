/* services/ctl/csv.h
 *
 * Comma-separated values as RFC 4180 writes them: quoted fields, doubled quotes, line
 * feeds inside quotes; a byte order mark is skipped. The first line names the columns. */
#ifndef SERVICES_CTL_CSV_H
#define SERVICES_CTL_CSV_H

#include <stdbool.h>
#include <stddef.h>

enum { CSV_FIELDS_MAX = 32 };

struct csv {
	char *text; /* the whole file; fields are cut out of it in place */
	char *at;
	size_t line; /* of the row read last */
	size_t columns_count;
	const char *columns[CSV_FIELDS_MAX];
	const char *fields[CSV_FIELDS_MAX];
};

/* False, and said, if the file cannot be read or has no first line. */
bool csv_open(struct csv *csv, const char *path);
void csv_close(struct csv *csv);
/* Its number; -1, and said, if there is no column of that name. */
int csv_column(const struct csv *csv, const char *name);
int csv_column_if_any(const struct csv *csv, const char *name); /* the same without a word */
/* The next row in fields; false at the end, or, said and *broken, if a row has other than as many
 * fields as there are columns. */
bool csv_next(struct csv *csv, bool *broken);

/* A whole file with a NUL behind it, to be freed; NULL, and said, if it cannot be read. */
char *file_text(const char *path, size_t *size);

#endif
