/* tests/unit/csv_test.c
 *
 * Rosters as files: however the input is cut, the rows are the same; quotes, separators,
 * line ends and marks as Excel and others write them; dates, categories and codes are
 * read as they are meant or not at all; what is too long costs no memory. */
#include "common/base/buf.h"
#include "services/gateway/roster_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TOLD_BYTES_MAX = 1 << 20 };

/* --- the machine -------------------------------------------------------------------------------------------------- */

static void
row_tell(const struct csv *csv, struct buf *told)
{
	buf_format(told, "%u:%d", csv->row, csv->fault);
	for (size_t i = 0; i < csv->count; i++)
		buf_format(told, "|%s", csv_cell(csv, i));
	buf_byte(told, '\n');
}

/* All rows of a text that comes in pieces of that size. */
static char *
rows_of(const char *text, char separator, size_t piece)
{
	static struct csv csv;
	struct buf told;
	struct slice rest = slice_text(text);
	bool row;
	buf_init(&told, TOLD_BYTES_MAX);
	csv_begin(&csv, separator);
	while (rest.size > 0) {
		size_t taken = csv_read(&csv, slice_of(rest.data, piece < rest.size ? piece : rest.size), &row);
		if (row)
			row_tell(&csv, &told);
		rest = slice_of(rest.data + taken, rest.size - taken);
	}
	if (csv_end(&csv))
		row_tell(&csv, &told);
	buf_byte(&told, '\0');
	return (char *)told.data;
}

static void
test_rows(void **state)
{
	static const struct {
		const char *text;
		char separator;
		const char *rows;
	} cases[] = {
		{"a,b\r\nc,d\r\n", ',', "1:0|a|b\n2:0|c|d\n"},
		{"a,b\nc,d", ',', "1:0|a|b\n2:0|c|d\n"},
		{"a,b\rc,d\r", ',', "1:0|a|b\n2:0|c|d\n"},
		{"a;b,c\r\n", ';', "1:0|a|b,c\n"},
		{"\"a,\"\"b\"\"\r\nc\",d\n", ',', "1:0|a,\"b\"\r\nc|d\n"},
		{"a,,\n\n,b\n", ',', "1:0|a||\n2:0|\n3:0||b\n"},
		{"\"\"\n", ',', "1:0|\n"},
		{"a \"b\" c,d\n", ',', "1:0|a \"b\" c|d\n"},
		{"\"a\"b,c\nd,e\n", ',', "1:3|ab|c\n2:0|d|e\n"},
		{"a,\"b\nc,d\n", ',', "1:4|a|b\nc,d\n\n"},
		{"", ',', ""},
		{"\r\n", ',', "1:0|\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece <= strlen(cases[i].text) + 1; piece++) {
			char *rows = rows_of(cases[i].text, cases[i].separator, piece);
			assert_string_equal(rows, cases[i].rows);
			free(rows);
		}
	}
}

static void
test_too_long(void **state)
{
	static struct csv csv;
	static uint8_t many[1 << 16];
	bool row = false;
	(void)state;
	memset(many, 'x', sizeof(many));
	csv_begin(&csv, ',');
	assert_int_equal(csv_read(&csv, slice_text("a,\""), &row), 3);
	for (int i = 0; i < 64; i++)
		assert_int_equal(csv_read(&csv, slice_of(many, sizeof(many)), &row), sizeof(many));
	csv_read(&csv, slice_text("\",b\n"), &row);
	assert_true(row);
	assert_int_equal(csv.fault, CSV_CELL_TOO_LONG);
	assert_int_equal(csv.fault_cell, 1);
	assert_int_equal(csv.count, 3);
	assert_string_equal(csv_cell(&csv, 2), "b");
	memset(many, ',', sizeof(many));
	csv_read(&csv, slice_of(many, sizeof(many)), &row);
	csv_read(&csv, slice_text("\n"), &row);
	assert_true(row && csv.more);
	assert_int_equal(csv.count, CSV_CELLS_MAX);
	csv_read(&csv, slice_of("a\0b,c\n", 6), &row);
	assert_true(row);
	assert_int_equal(csv.fault, CSV_BAD_TEXT);
}

static void
test_write(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, TOLD_BYTES_MAX);
	csv_write(&buf, "plain", ',');
	csv_write(&buf, "a,\"b\"", ',');
	csv_write(&buf, "=1+1", ',');
	csv_write(&buf, "-", ',');
	buf_byte(&buf, '\0');
	assert_string_equal((char *)buf.data, "plain\"a,\"\"b\"\"\"\"'=1+1\"\"-\"");
	buf_free(&buf);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static void
fault_tell(const Mt__RosterRow *row, struct buf *told)
{
	for (size_t i = 0; i < row->n_faults; i++)
		buf_format(told, " !%s:%s%s", row->faults[i]->column, row->faults[i]->code,
			   row->faults[i]->severity == MT__ROSTER__SEVERITY__WARNING ? "?" : "");
	for (size_t i = 0; i < row->n_clear; i++)
		buf_format(told, " -%s", row->clear[i]);
	buf_byte(told, '\n');
}

static void
read_tell(const struct roster_read *read, enum roster_event event, struct buf *told)
{
	const Mt__RosterRow *row = &read->row;
	if (event == ROSTER_REFUSED)
		buf_format(told, "refused: %s\n", read->refusal);
	if (event != ROSTER_ROW)
		return;
	buf_format(told, "%u %s|%s|%s|%s|%d|%s", row->row, row->staff_code, row->name, row->birth_date, row->citizen_id,
		   (int)row->category, row->effective_date);
	fault_tell(row, told);
}

static char *
file_told(struct slice rest, bool ndjson, size_t piece, uint8_t digest[HASH_BYTES])
{
	static struct roster_read read;
	struct buf told;
	enum roster_event event = ROSTER_MORE;
	buf_init(&told, TOLD_BYTES_MAX);
	roster_read_begin(&read, ndjson, ROSTER_DMY);
	while (rest.size > 0 && event != ROSTER_REFUSED) {
		size_t taken = roster_read(&read, slice_of(rest.data, piece < rest.size ? piece : rest.size), &event);
		read_tell(&read, event, &told);
		rest = slice_of(rest.data + taken, rest.size - taken);
	}
	while (event != ROSTER_REFUSED && (event = roster_read_end(&read)) != ROSTER_MORE)
		read_tell(&read, event, &told);
	roster_read_digest(&read, digest);
	roster_read_free(&read);
	buf_byte(&told, '\0');
	return (char *)told.data;
}

static void
assert_file(const char *text, size_t size, bool ndjson, const char *expected)
{
	uint8_t first[HASH_BYTES];
	uint8_t digest[HASH_BYTES];
	for (size_t piece = 1; piece <= size + 1; piece++) {
		char *told = file_told(slice_of(text, size), ndjson, piece, digest);
		if (piece == 1)
			memcpy(first, digest, HASH_BYTES);
		assert_string_equal(told, expected);
		assert_memory_equal(first, digest, HASH_BYTES);
		free(told);
	}
}

static void
test_files(void **state)
{
	static const struct {
		const char *text;
		const char *told;
	} cases[] = {
		{"staff_code,name\r\nA,B\r\n", "2 A|B|||0|\n"},
		{"\xef\xbb\xbfMã cán bộ;Họ và tên;Ngày sinh\r\nA;B;5/6/1990\r\n", "2 A|B|1990-06-05||0|\n"},
		{"MA_CAN_BO;STT;\r\nA;1;\r\n\r\n;;\r\n B ;2;\r\n",
		 "1 ||||0| !:unknown_column?\n2 A||||0|\n5 B||||0|\n"},
		{"Staff Code,Birth date,Effective date\nA,1990,31.12.2025\nB,6/1990,2025-12-31\nC,31/2/1990,1-7-2025\n"
		 "D,32874,1/7/25\nE,1990/06/05,7/2025\n",
		 "2 A||1990||0|2025-12-31\n3 B||1990-06||0|2025-12-31\n4 C||||0|2025-07-01 !birth_date:bad_date\n"
		 "5 D||||0| !birth_date:date_number !effective_date:bad_date\n"
		 "6 E||||0| !birth_date:bad_date !effective_date:bad_date\n"},
		{"staffCode,loại,số định danh\nA,công chức,1190000001\nB,Viên  "
		 "Chức,1.19E+11\nC,boss,123456789\nD,-,-\n",
		 "2 A|||001190000001|2| !citizen_id:padded?\n3 B||||3| !citizen_id:scientific_notation\n"
		 "4 C|||123456789|0| !category:bad_category\n5 D||||0| -citizen_id -category\n"},
		{"staff_code,name\nA\nB,C,D\nE,F,\nG,\"H\n",
		 "2 A||||0| !:wrong_cell_count\n3 B||||0| !:wrong_cell_count\n"
		 "4 E|F|||0|\n5 G||||0| !name:unclosed_quote\n"},
		{"name\nA\n", "refused: the first line names no column \"staff_code\" (\"mã cán bộ\"): see "
			      "/v1/rosters/template.csv\n"},
		{"staff_code,name,Họ tên\n",
		 "refused: two columns of the header mean the same: take one of them out\n"},
		{"", "refused: the file is empty: its first line names the columns\n"},
		{"{\"staffCode\":\"A\",\"name\":\"a \\\"b\\\"\"}\n\n{\"staff_code\":2,\"email\":null}\n{\"x\":1,"
		 "\"staffCode\":\"C\"}\nnothing\n{\"name\":[]}\n{\"name\":\"a\",\"họ tên\":\"b\"}",
		 "1 A|a \"b\"|||0|\n3 2||||0|\n4 C||||0| !:unknown_column?\n5 ||||0| !:bad_json\n6 ||||0| !:bad_json\n"
		 "7 ||||0| !:bad_json\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_file(cases[i].text, strlen(cases[i].text), false, cases[i].told);
	static const char workbook[] = "PK\x03\x04 and so on\n";
	assert_file(workbook, sizeof(workbook) - 1, false,
		    "refused: this is an Excel workbook; save it as CSV UTF-8 (File, Save As, \"CSV UTF-8\") and send "
		    "that file\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
