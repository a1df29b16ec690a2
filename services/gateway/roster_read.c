/* services/gateway/roster_read.c
 *
 * The first line is gathered, and decides what the file is; from there on a row at a time. */
#include "services/gateway/roster_read.h"

#include "common/base/text.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"

#include <string.h>

enum { ROW_ARENA_BLOCK_BYTES = 32 << 10 };

#define CURE "open it in Excel, choose Save As, and save it as \"CSV UTF-8\""

void
roster_read_begin(struct roster_read *read, bool ndjson, enum roster_date_order order)
{
	memset(read, 0, sizeof(*read));
	read->ndjson = ndjson;
	read->order = order;
	arena_init(&read->arena, ROW_ARENA_BLOCK_BYTES, 0);
	crypto_hash_sha256_init(&read->digest);
}

void
roster_read_free(struct roster_read *read)
{
	arena_free(&read->arena);
}

void
roster_read_digest(const struct roster_read *read, uint8_t digest[HASH_BYTES])
{
	crypto_hash_sha256_state state = read->digest;
	crypto_hash_sha256_final(&state, digest);
}

static enum roster_event
refuse(struct roster_read *read, const char *sentence)
{
	read->refusal = sentence;
	return ROSTER_REFUSED;
}

/* --- a row -------------------------------------------------------------------------------------------------------- */

static void
row_begin(struct roster_read *read, uint32_t number)
{
	arena_reset(&read->arena);
	mt__roster_row__init(&read->row);
	read->row.row = number;
}

/* White space around a cell, the one that does not break among it, is nobody's. */
static const char *
trimmed(struct arena *arena, const char *cell)
{
	static const char unbreaking[] = "\xc2\xa0";
	size_t size = strlen(cell);
	for (;;) {
		size_t step = *cell == ' ' || *cell == '\t' ? 1 : strncmp(cell, unbreaking, 2) == 0 ? 2 : 0;
		if (step == 0)
			break;
		cell += step;
		size -= step;
	}
	for (;;) {
		bool plain = size > 0 && strchr(" \t\r\n", cell[size - 1]) != NULL;
		bool wide = size > 1 && memcmp(cell + size - 2, unbreaking, 2) == 0;
		if (!plain && !wide)
			break;
		size -= wide ? 2 : 1;
	}
	return cell[size] == '\0' ? cell : arena_text(arena, slice_of(cell, size));
}

static void
row_digest(struct roster_read *read, const char *const cells[ROSTER_COLUMNS])
{
	for (size_t i = 0; i < ROSTER_COLUMNS; i++) {
		const char *behind = i + 1 < ROSTER_COLUMNS ? "\x1f" : "\x1e";
		crypto_hash_sha256_update(&read->digest, (const uint8_t *)cells[i], strlen(cells[i]));
		crypto_hash_sha256_update(&read->digest, (const uint8_t *)behind, 1);
	}
}

static void
row_wrong(struct roster_read *read, const char *column, const char *code, const char *value)
{
	roster_row_fault(&read->arena, &read->row, MT__ROSTER__SEVERITY__ERROR, column, code, value);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

static const char *
fault_code(enum csv_fault fault)
{
	switch (fault) {
	case CSV_CELL_TOO_LONG:
		return "cell_too_long";
	case CSV_ROW_TOO_LONG:
		return "row_too_long";
	case CSV_BAD_QUOTE:
		return "bad_quote";
	case CSV_UNCLOSED_QUOTE:
		return "unclosed_quote";
	case CSV_BAD_TEXT:
	case CSV_SOUND:
		return "bad_text";
	}
	return "bad_text";
}

/* Cells beyond the header's, if there is something in them, or too few. */
static bool
is_odd_count(const struct roster_read *read)
{
	const struct csv *csv = &read->csv;
	for (size_t i = read->columns_count; i < csv->count; i++) {
		if (csv_cell(csv, i)[0] != '\0')
			return true;
	}
	return csv->more || csv->count < read->columns_count;
}

/* Of a row that is broken only whom it is about is told, where that is still sure. */
static void
row_broken(struct roster_read *read, const char *code, size_t cell)
{
	for (size_t i = 0; i < read->columns_count && i < cell; i++) {
		const char *text = csv_cell(&read->csv, i);
		if (read->columns[i] == ROSTER_STAFF_CODE && text_valid(slice_text(text)))
			read->row.staff_code = (char *)(uintptr_t)trimmed(&read->arena, text);
	}
	bool known =
		read->csv.fault != CSV_SOUND && cell < read->columns_count && read->columns[cell] != ROSTER_COLUMNS;
	row_wrong(read, known ? roster_columns[read->columns[cell]].name : "", code, NULL);
}

static enum roster_event
csv_row(struct roster_read *read)
{
	const char *cells[ROSTER_COLUMNS];
	const struct csv *csv = &read->csv;
	if (csv_blank(csv))
		return ROSTER_MORE;
	row_begin(read, csv->row);
	for (size_t i = 0; i < ROSTER_COLUMNS; i++)
		cells[i] = "";
	for (size_t i = 0; i < read->columns_count; i++) {
		if (read->columns[i] != ROSTER_COLUMNS)
			cells[read->columns[i]] = trimmed(&read->arena, csv_cell(csv, i));
	}
	row_digest(read, cells);
	if (csv->fault != CSV_SOUND)
		row_broken(read, fault_code(csv->fault), csv->fault_cell);
	else if (is_odd_count(read))
		row_broken(read, "wrong_cell_count", csv->count);
	else
		roster_row_fill(&read->arena, cells, read->order, &read->row);
	return ROSTER_ROW;
}

static enum roster_event
header_cell(struct roster_read *read, size_t index, bool found[ROSTER_COLUMNS])
{
	const char *cell = csv_cell(&read->csv, index);
	const char *folded = roster_folded(&read->arena, cell);
	enum roster_column column = folded == NULL ? ROSTER_COLUMNS : roster_column_find(folded);
	read->columns[index] = column;
	if (column == ROSTER_COLUMNS && trimmed(&read->arena, cell)[0] == '\0')
		return ROSTER_MORE; /* Excel leaves empty columns behind */
	if (column == ROSTER_COLUMNS) {
		read->odd_head = true;
		roster_row_fault(&read->arena, &read->row, MT__ROSTER__SEVERITY__WARNING, "", "unknown_column", cell);
		return ROSTER_MORE;
	}
	if (found[column])
		return refuse(read, "two columns of the header mean the same: take one of them out");
	found[column] = true;
	return ROSTER_MORE;
}

static enum roster_event
header_read(struct roster_read *read, struct slice head)
{
	bool found[ROSTER_COLUMNS] = {false};
	bool row;
	csv_begin(&read->csv, csv_separator(head));
	csv_read(&read->csv, head, &row);
	if (!row && !csv_end(&read->csv))
		return refuse(read, "the file is empty: its first line names the columns");
	if (read->csv.fault != CSV_SOUND || read->csv.more)
		return refuse(read, "the first line is no header: a quotation mark is not closed, or it has more than "
				    "64 columns");
	row_begin(read, read->csv.row);
	read->row.header = true;
	read->columns_count = read->csv.count;
	for (size_t i = 0; i < read->csv.count; i++) {
		if (header_cell(read, i, found) == ROSTER_REFUSED)
			return ROSTER_REFUSED;
	}
	if (!found[ROSTER_STAFF_CODE])
		return refuse(read, "the first line names no column \"staff_code\" (\"mã cán bộ\"): see "
				    "/v1/rosters/template.csv");
	return read->odd_head ? ROSTER_ROW : ROSTER_MORE;
}

/* --- NDJSON ------------------------------------------------------------------------------------------------------- */

static bool
member_read(struct roster_read *read, struct json_reader *json, struct slice name, const char *cells[ROSTER_COLUMNS],
	    bool found[ROSTER_COLUMNS])
{
	struct slice text;
	enum json_kind kind = json_next(json, &text);
	if (kind != JSON_STRING && kind != JSON_NUMBER && kind != JSON_NULL)
		return false;
	if (kind != JSON_NULL && memchr(text.data, '\0', text.size) != NULL)
		return false;
	const char *spelt = arena_text(&read->arena, name);
	const char *folded = roster_folded(&read->arena, spelt);
	enum roster_column column = folded == NULL ? ROSTER_COLUMNS : roster_column_find(folded);
	if (column == ROSTER_COLUMNS) {
		roster_row_fault(&read->arena, &read->row, MT__ROSTER__SEVERITY__WARNING, "", "unknown_column", spelt);
		return true;
	}
	if (found[column])
		return false;
	found[column] = true;
	if (kind != JSON_NULL)
		cells[column] = trimmed(&read->arena, arena_text(&read->arena, text));
	return true;
}

static bool
object_read(struct roster_read *read, const char *cells[ROSTER_COLUMNS])
{
	struct json_reader json;
	struct slice name;
	bool found[ROSTER_COLUMNS] = {false};
	json_open(&json, slice_of(read->text, read->text_size), &read->arena);
	if (json_next(&json, &name) != JSON_OBJECT)
		return false;
	enum json_kind kind;
	while ((kind = json_next(&json, &name)) == JSON_NAME) {
		if (!member_read(read, &json, name, cells, found))
			return false;
	}
	return kind == JSON_OBJECT_END && json_next(&json, &name) == JSON_END;
}

static enum roster_event
json_row(struct roster_read *read)
{
	const char *cells[ROSTER_COLUMNS];
	bool blank = true;
	for (size_t i = 0; i < read->text_size; i++)
		blank = blank && (read->text[i] == '\0' ? false : strchr(" \t\r", read->text[i]) != NULL);
	read->line++;
	if (blank && !read->text_too_long)
		return ROSTER_MORE;
	row_begin(read, read->line);
	for (size_t i = 0; i < ROSTER_COLUMNS; i++)
		cells[i] = "";
	bool good = !read->text_too_long && object_read(read, cells);
	row_digest(read, cells);
	if (good)
		roster_row_fill(&read->arena, cells, read->order, &read->row);
	else
		row_wrong(read, "", read->text_too_long ? "row_too_long" : "bad_json", NULL);
	return ROSTER_ROW;
}

static size_t
lines_read(struct roster_read *read, struct slice bytes, enum roster_event *event)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	size_t size = end == NULL ? bytes.size : (size_t)(end - bytes.data);
	size_t room = sizeof(read->text) - read->text_size;
	read->text_too_long = read->text_too_long || size > room;
	memcpy(read->text + read->text_size, bytes.data, size < room ? size : room);
	read->text_size += size < room ? size : room;
	if (end == NULL)
		return size;
	*event = json_row(read);
	read->text_size = 0;
	read->text_too_long = false;
	return size + 1;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static bool
head_is(const struct roster_read *read, const char *begins, size_t size)
{
	return read->head_size >= size && memcmp(read->head, begins, size) == 0;
}

/* Without the byte order mark. */
static struct slice
head_text(const struct roster_read *read)
{
	size_t mark = head_is(read, "\xef\xbb\xbf", 3) ? 3 : 0;
	return slice_of(read->head + mark, read->head_size - mark);
}

static bool
head_is_object(const struct roster_read *read)
{
	struct slice head = head_text(read);
	size_t space = 0;
	while (space < head.size && memchr(" \t\r\n", head.data[space], 4) != NULL)
		space++;
	return read->ndjson || (space < head.size && head.data[space] == '{');
}

static enum roster_event
head_read(struct roster_read *read, bool whole)
{
	struct slice head = head_text(read);
	enum roster_event event = ROSTER_MORE;
	read->begun = true;
	if (head_is(read, "PK\x03\x04", 4) || head_is(read, "\xd0\xcf\x11\xe0", 4))
		return refuse(read,
			      "this is an Excel workbook; save it as CSV UTF-8 (File, Save As, \"CSV UTF-8\") and "
			      "send that file");
	if (head_is(read, "\xff\xfe", 2) || head_is(read, "\xfe\xff", 2))
		return refuse(read, "the file is UTF-16 (\"Unicode Text\"): " CURE);
	if (memchr(head.data, '\0', head.size) != NULL)
		return refuse(read, "the file is not text in UTF-8: " CURE);
	read->ndjson = head_is_object(read);
	if (read->ndjson) {
		lines_read(read, head, &event);
		return event;
	}
	if (!whole)
		return refuse(read, "the first line is longer than a header may be: it names the columns");
	if (!text_valid(head))
		return refuse(read, "the header is not UTF-8: " CURE);
	return header_read(read, head);
}

/* Takes bytes up to the end of the first line; a header's quotes may hold others. */
static size_t
head_gather(struct roster_read *read, struct slice bytes, enum roster_event *event)
{
	for (size_t i = 0; i < bytes.size; i++) {
		char byte = (char)bytes.data[i];
		read->head[read->head_size++] = byte;
		read->head_quoted ^= byte == '"';
		bool ends = byte == '\n' || byte == '\r';
		ends = ends && (head_is_object(read) ? byte == '\n' : !read->head_quoted);
		if (!ends && read->head_size < sizeof(read->head))
			continue;
		*event = head_read(read, ends);
		return i + 1;
	}
	return bytes.size;
}

size_t
roster_read(struct roster_read *read, struct slice bytes, enum roster_event *event)
{
	size_t taken = 0;
	bool row;
	*event = read->refusal != NULL ? ROSTER_REFUSED : ROSTER_MORE;
	while (taken < bytes.size && *event == ROSTER_MORE) {
		struct slice rest = slice_of(bytes.data + taken, bytes.size - taken);
		if (!read->begun) {
			taken += head_gather(read, rest, event);
		} else if (read->ndjson) {
			taken += lines_read(read, rest, event);
		} else {
			taken += csv_read(&read->csv, rest, &row);
			if (row)
				*event = csv_row(read);
		}
	}
	return taken;
}

enum roster_event
roster_read_end(struct roster_read *read)
{
	enum roster_event event = ROSTER_MORE;
	if (read->refusal != NULL)
		return ROSTER_REFUSED;
	if (!read->begun) {
		event = read->head_size == 0 ? refuse(read, "the file is empty: its first line names the columns")
					     : head_read(read, true);
		if (event != ROSTER_MORE)
			return event;
	}
	if (read->ndjson && (read->text_size > 0 || read->text_too_long)) {
		event = json_row(read);
		read->text_size = 0;
		read->text_too_long = false;
		return event;
	}
	return !read->ndjson && csv_end(&read->csv) ? csv_row(read) : ROSTER_MORE;
}
