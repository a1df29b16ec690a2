/* services/enrollment/roster_fault.c
 *
 * What is told of a row that is wrong: row, column, the cell as far as it may be shown, a
 * code that never changes, and a sentence that says what to do. Sentences are made when
 * somebody asks, so that better words reach old rosters too.
 *
 * A cell of a column that tells of the person is not kept: whoever repairs the row has the
 * file, and what is not here need not be found again when the person's data is erased. Other
 * cells are cut, and of long runs of digits only the end is shown. */
#include "services/enrollment/roster.h"

#include "common/base/text.h"
#include "common/wire/pb.h"

struct words {
	const char *code;
	const char *en;
	const char *vi;
};

static const struct words words[] = {
	/* of the file, found where it is read */
	{"unknown_column", "this column is not known and was passed over",
	 "cột này không có trong mẫu nên được bỏ qua"},
	{"unclosed_quote", "a quotation mark opens here and is never closed: close it, and send the file again",
	 "dấu ngoặc kép mở ở đây không được đóng: hãy đóng lại rồi gửi lại tệp"},
	{"bad_quote", "text stands behind a closing quotation mark: double the quotation marks inside a cell",
	 "có chữ đứng sau dấu ngoặc kép đóng: hãy viết đôi dấu ngoặc kép nằm trong ô"},
	{"wrong_cell_count", "the row has more or fewer cells than the header",
	 "số ô của hàng này khác số cột ở dòng tiêu đề"},
	{"cell_too_long", "the cell is longer than any cell may be", "ô quá dài"},
	{"row_too_long", "the row is longer than any row may be", "hàng quá dài"},
	{"bad_text", "the text is not UTF-8: save the file as CSV UTF-8",
	 "văn bản không phải UTF-8: hãy lưu tệp dạng CSV UTF-8"},
	{"bad_json", "the line is not one JSON object with strings or numbers",
	 "dòng này không phải một đối tượng JSON gồm chuỗi hoặc số"},
	{"bad_date",
	 "this is no date of the calendar: write day/month/year with four digits for the year, or YYYY-MM-DD",
	 "ngày không có trong lịch: hãy ghi ngày/tháng/năm, năm đủ bốn chữ số"},
	{"date_number", "this is Excel's inner number of a date: format the column as text or as a date dd/mm/yyyy",
	 "đây là số thứ tự ngày của Excel: hãy định dạng cột là văn bản hoặc ngày dd/mm/yyyy"},
	{"scientific_notation",
	 "Excel shortened this number and lost digits: format the column as text and enter it again",
	 "Excel đã rút gọn số này nên mất chữ số: hãy định dạng cột là văn bản (Text) rồi nhập lại"},
	{"padded", "leading zeros were missing and were put back", "đã thêm lại các số 0 bị mất ở đầu"},
	{"bad_category", "the category is none of: cadre, civil servant, public employee",
	 "loại phải là: cán bộ, công chức hoặc viên chức"},
	{"cannot_clear", "this column cannot be cleared: leave the cell empty or write a value",
	 "không thể xóa trống cột này: hãy để trống ô hoặc ghi giá trị"},
	/* of the row, decided here */
	{"missing", "this cell must not be empty for a new person", "ô này không được để trống đối với người mới"},
	{"duplicate_row", "this staff code stands in an earlier row of the file",
	 "mã cán bộ này đã có ở một hàng phía trên"},
	{"too_long", "the text is longer than it may be here", "văn bản quá dài"},
	{"implausible_date",
	 "the date cannot be meant: too early, more than a year ahead, or the person would be under 14",
	 "ngày không hợp lý: quá sớm, quá một năm tới, hoặc người này chưa đủ 14 tuổi"},
	{"bad_citizen_id", "the citizen id is not 12 digits; a number of 9 digits is an old identity card's",
	 "số định danh phải đủ 12 chữ số; số có 9 chữ số là số chứng minh nhân dân cũ"},
	{"unknown_authority", "this authority code is not known", "không có cơ quan mang mã này"},
	{"unknown_code", "this code is not in the code list that is in force on that day",
	 "mã này không có trong danh mục đang có hiệu lực vào ngày đó"},
	{"ambiguous_authority", "this authority code may mean several authorities: write it with all its zeros",
	 "mã cơ quan này có thể chỉ nhiều cơ quan: hãy ghi đủ các số 0"},
	{"outside_authority", "this authority is not the roster's, nor below it",
	 "cơ quan này không thuộc cơ quan gửi danh sách"},
	{"not_in_service", "the person is not in service any more: a return is an event of its own, not a row",
	 "người này không còn công tác: việc trở lại làm việc phải được gửi bằng sự kiện riêng"},
	{"transferred_away", "the person serves another authority now: take the row out",
	 "người này đã chuyển sang cơ quan khác: hãy bỏ hàng này"},
	{"not_here_yet", "the person comes to this authority on a later day",
	 "người này sẽ chuyển đến vào một ngày sau"},
	{"before_hire", "the effective date lies before the day the person came",
	 "ngày hiệu lực sớm hơn ngày người này được tuyển dụng"},
	{"erased", "the person's data was erased", "dữ liệu của người này đã bị xóa"},
	{"held", "changes of this person are held and wait for a decision: send the row again after it",
	 "thay đổi của người này đang bị tạm giữ chờ quyết định: hãy gửi lại hàng này sau đó"},
	{"too_many_changes", "the person's history holds as many changes as one may",
	 "hồ sơ của người này đã có quá nhiều thay đổi"},
	{"missing_in_file", "this person serves and does not stand in the file; nothing was changed",
	 "người này đang công tác nhưng không có trong tệp; không có gì bị thay đổi"},
	{"not_taken", "the row cannot be taken", "không nhận được hàng này"},
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static const struct words *
words_of(const char *code)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(words[i].code, code) == 0)
			return &words[i];
	}
	return NULL;
}

bool
roster_code(const char *code)
{
	return words_of(code) != NULL;
}

bool
roster_column(const char *column)
{
	static const char *const columns[] = {
		"",         "staff_code", "name", "birth_date", "email",      "phone",          "citizen_id",
		"category", "position",   "rank", "unit",       "supervisor", "effective_date", "authority",
	};
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (strcmp(columns[i], column) == 0)
			return true;
	}
	return false;
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* What Personal holds. */
static bool
is_personal(const char *column)
{
	static const char *const columns[] = {"name", "birth_date", "email", "phone", "citizen_id"};
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (strcmp(columns[i], column) == 0)
			return true;
	}
	return false;
}

/* Stars for all but the last digits of a long run. */
static void
digits_hide(char *text)
{
	for (char *at = text; *at != '\0';) {
		size_t run = 0;
		while (is_digit(at[run]))
			run++;
		for (size_t i = 0; run > ROSTER_DIGITS_SHOWN_MAX && i + ROSTER_DIGITS_LEFT < run; i++)
			at[i] = '*';
		at += run > 0 ? run : 1;
	}
}

/* The cell as it may be shown. */
static char *
value_shown(struct arena *arena, const char *column, const char *value)
{
	size_t size = strlen(value);
	if (size > ROSTER_VALUE_BYTES_MAX)
		size = ROSTER_VALUE_BYTES_MAX;
	while (size > 0 && !text_valid(slice_of(value, size)))
		size--;
	char *shown = arena_text(arena, slice_of(value, size));
	if (strcmp(column, "staff_code") != 0)
		digits_hide(shown);
	return shown;
}

Mt__RosterFault *
roster_fault_new(struct arena *arena, const char *roster_id, uint32_t row, Mt__Roster__Severity severity,
		 const char *column, const char *code, const char *value)
{
	Mt__RosterFault *fault = (Mt__RosterFault *)pb_new(&mt__roster_fault__descriptor, arena);
	fault->row = row;
	fault->severity = severity;
	fault->column = (char *)(uintptr_t)column;
	fault->code = (char *)(uintptr_t)code;
	if (value == NULL || value[0] == '\0' || is_personal(column))
		return fault;
	fault->sealed_for = (char *)(uintptr_t)roster_id;
	fault->cell = (Mt__RosterCell *)pb_new(&mt__roster_cell__descriptor, arena);
	fault->cell->value = value_shown(arena, column, value);
	return fault;
}

void
roster_fault(struct roster_taking *taking, uint32_t row, Mt__Roster__Severity severity, const char *column,
	     const char *code, const char *value)
{
	const Mt__RosterFileRecord *roster = taking->roster;
	taking->faults_count++;
	if (severity == MT__ROSTER__SEVERITY__WARNING)
		taking->counts.warnings++;
	if (taking->faults_kept == ROSTER_FAULTS_PER_CALL_MAX ||
	    roster->faults_kept + taking->faults_kept >= ROSTER_FAULTS_MAX)
		return;
	taking->faults[taking->faults_kept++] =
		roster_fault_new(call_arena(taking->call), roster->roster_id, row, severity, column, code, value);
}

void
roster_fault_words(struct arena *arena, Mt__RosterFault *fault)
{
	const struct words *found = words_of(fault->code);
	if (found == NULL)
		return;
	fault->message = arena_text(arena, slice_text(found->en));
	fault->message_vi = arena_text(arena, slice_text(found->vi));
}
