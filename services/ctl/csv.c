/* services/ctl/csv.c
 *
 * The file is read whole and its fields are ended with NULs where they lie. */
#include "services/ctl/csv.h"

#include "services/ctl/ctl.h"

#include "common/base/fatal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 30, READ_BYTES = 1 << 20 };

char *
file_text(const char *path, size_t *size)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	size_t capacity = READ_BYTES;
	char *text = malloc(capacity + 1);
	if (text == NULL)
		fatal("no memory left for a file");
	*size = 0;
	size_t got = 0;
	while (file != NULL && (got = fread(text + *size, 1, capacity - *size, file)) > 0) {
		*size += got;
		if (*size < capacity)
			continue;
		capacity *= 2;
		text = capacity <= FILE_BYTES_MAX ? realloc(text, capacity + 1) : NULL;
		if (text == NULL)
			fatal("file %s is larger than %d bytes", path, FILE_BYTES_MAX);
	}
	bool good = file != NULL && !ferror(file);
	if (!good)
		say("file %s cannot be read: %s", path, strerror(errno));
	if (file != NULL && file != stdin)
		fclose(file);
	text[*size] = '\0';
	if (good)
		return text;
	free(text);
	return NULL;
}

/* Ends a field at its NUL and tells what stood behind it. */
static const char *
field_read(struct csv *csv, char *behind)
{
	char *from = csv->at;
	if (*from != '"') {
		char *end = from + strcspn(from, ",\r\n");
		*behind = *end;
		if (*end == '\r')
			*behind = '\n';
		csv->at = *end == '\0' ? end : end + 1 + (end[0] == '\r' && end[1] == '\n');
		*end = '\0';
		return from;
	}
	char *to = ++from;
	char *at = from;
	for (; *at != '\0' && (at[0] != '"' || at[1] == '"'); at++) {
		csv->line += *at == '\n';
		at += *at == '"';
		*to++ = *at;
	}
	at += *at == '"';
	at += *at == '\r';
	*behind = *at;
	csv->at = *at == '\0' ? at : at + 1;
	*to = '\0';
	return from;
}

/* The number of fields in the row; 0 at the end. */
static size_t
row_read(struct csv *csv, const char *fields[CSV_FIELDS_MAX])
{
	while (*csv->at == '\n' || *csv->at == '\r') {
		csv->line += *csv->at == '\n';
		csv->at++;
	}
	if (*csv->at == '\0')
		return 0;
	csv->line++;
	char behind = ',';
	size_t count = 0;
	while (behind == ',' && count < CSV_FIELDS_MAX)
		fields[count++] = field_read(csv, &behind);
	return count;
}

bool
csv_open(struct csv *csv, const char *path)
{
	size_t size;
	*csv = (struct csv){.text = file_text(path, &size)};
	if (csv->text == NULL)
		return false;
	csv->at = csv->text;
	if (strncmp(csv->at, "\xef\xbb\xbf", 3) == 0)
		csv->at += 3;
	csv->columns_count = row_read(csv, csv->columns);
	if (csv->columns_count > 0)
		return true;
	say("file %s is empty", path);
	csv_close(csv);
	return false;
}

void
csv_close(struct csv *csv)
{
	free(csv->text);
	csv->text = NULL;
}

int
csv_column_if_any(const struct csv *csv, const char *name)
{
	for (size_t i = 0; i < csv->columns_count; i++) {
		if (strcmp(csv->columns[i], name) == 0)
			return (int)i;
	}
	return -1;
}

int
csv_column(const struct csv *csv, const char *name)
{
	int column = csv_column_if_any(csv, name);
	if (column < 0)
		say("the file has no column %s", name);
	return column;
}

bool
csv_next(struct csv *csv, bool *broken)
{
	size_t count = row_read(csv, csv->fields);
	*broken = count != 0 && count != csv->columns_count;
	if (*broken)
		say("line %zu has %zu fields, not %zu", csv->line, count, csv->columns_count);
	return count != 0 && !*broken;
}
