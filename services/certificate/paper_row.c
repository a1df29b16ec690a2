/* services/certificate/paper_row.c
 *
 * Rows come from typed lists and scanned books, by the thousand: each has its own outcome,
 * and a fault says in both languages which field to look at. What a row may say is what
 * content.h lets be signed, for it is signed once its issuer confirms it; only the day of
 * completion may be missing, since old papers bear the day of issue alone. */
#include "services/certificate/paper_row.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/kind.h"
#include "services/certificate/paper.h"
#include "services/certificate/register.h"

struct reading {
	struct call *call;
	const char *school_id;
	const Mt__PaperRow *in;
	struct paper_row *row;
	struct paper_fault *fault;
};

static bool
fails(struct reading *reading, const char *field, const char *en, const char *vi)
{
	*reading->fault = (struct paper_fault){field, en, vi};
	return false;
}

/* --- fields ----------------------------------------------------------------------------------------------------- */

/* Texts are set on paper and in credentials: nothing in them that cannot be seen. */
static bool
has_control(const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		uint8_t byte = (uint8_t)text[i];
		if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && (uint8_t)text[i + 1] < 0xa0))
			return true;
	}
	return false;
}

static bool
text_read(struct reading *reading, const char *field, const char *value, bool may_be_empty, char **text)
{
	if (value[0] == '\0' && !may_be_empty)
		return fails(reading, field, "the field is missing", "thiếu trường này");
	if (strlen(value) > NAME_BYTES_MAX)
		return fails(reading, field, "the text is longer than 256 bytes", "nội dung dài quá 256 byte");
	if (has_control(value))
		return fails(reading, field, "the text holds a control character", "nội dung có ký tự điều khiển");
	*text = (char *)text_nfc(call_arena(reading->call), value);
	return *text != NULL ||
	       fails(reading, field, "the text is not valid UTF-8", "nội dung không phải UTF-8 hợp lệ");
}

/* A civil date up to today. */
static bool
date_read(struct reading *reading, const char *field, const char *value, int32_t *date)
{
	if (!date_parse(value, date))
		return fails(reading, field, "the field is not a date written YYYY-MM-DD",
			     "không phải ngày viết theo dạng YYYY-MM-DD");
	return *date <= call_today(reading->call) ||
	       fails(reading, field, "the date is still to come", "ngày này chưa tới");
}

/* "", YYYY, YYYY-MM or YYYY-MM-DD. */
static bool
birth_read(struct reading *reading, const char *value)
{
	static const char first[] = "0000-01-01";
	char whole[DATE_TEXT_BYTES];
	int32_t date;
	size_t size = strlen(value);
	if (size == 0)
		return true;
	memcpy(whole, first, sizeof(whole));
	if (size == 4 || size == 7 || size == 10)
		memcpy(whole, value, size);
	if (!date_parse(whole, &date) || date > call_today(reading->call))
		return fails(reading, "content.birth_date",
			     "the field is not a date written YYYY-MM-DD, YYYY-MM or YYYY, and past",
			     "không phải ngày đã qua, viết theo dạng YYYY-MM-DD, YYYY-MM hoặc YYYY");
	return true;
}

/* --- the row ---------------------------------------------------------------------------------------------------- */

static bool
number_read(struct reading *reading)
{
	int year, month, day;
	const Mt__PaperRow *in = reading->in;
	char *printed;
	if (!text_read(reading, "register_number", in->register_number, false, &printed))
		return false;
	reading->row->register_number = printed;
	reading->row->number_key = paper_number(call_arena(reading->call), printed);
	if (reading->row->number_key == NULL)
		return fails(reading, "register_number", "the number is longer than 80 bytes", "số dài quá 80 byte");
	date_split(call_today(reading->call), &year, &month, &day);
	if (in->year < PAPER_YEAR_MIN || in->year > (uint32_t)year)
		return fails(reading, "year", "the year is not one from 1945 to now",
			     "năm không nằm trong khoảng từ 1945 đến nay");
	reading->row->year = in->year;
	return true;
}

static bool
holder_read(struct reading *reading)
{
	struct id id;
	bool ambiguous;
	const Mt__PaperRow *in = reading->in;
	if (!id_parse(in->person_id, &id))
		return fails(reading, "person_id", "the field is not the id of a person",
			     "không phải mã của một người");
	if (call_erased(reading->call, in->person_id))
		return fails(reading, "person_id", "the person's data were erased",
			     "dữ liệu của người này đã được xóa");
	const Mt__AuthorityRecord *authority =
		tree_find(call_store(reading->call), call_arena(reading->call), in->person_authority, &ambiguous);
	if (authority == NULL)
		return fails(reading, "person_authority",
			     ambiguous ? "the code stands for several authorities" : "the authority is not known",
			     ambiguous ? "mã này chỉ nhiều cơ quan" : "không có cơ quan này");
	reading->row->authority_id = authority->authority_id;
	return true;
}

static bool
dates_read(struct reading *reading)
{
	int32_t issued, last;
	const Mt__PaperRow *in = reading->in;
	if (!date_read(reading, "issued_on", in->issued_on, &issued))
		return false;
	if (issued < date_make(PAPER_YEAR_MIN, 1, 1))
		return fails(reading, "issued_on", "the date is before 1945", "ngày này trước năm 1945");
	if (in->valid_until[0] == '\0') {
		reading->row->issued_on = in->issued_on;
		return true;
	}
	if (!date_parse(in->valid_until, &last) || last < issued)
		return fails(reading, "valid_until", "the field is not a date from the day of issue on",
			     "không phải ngày từ ngày cấp trở đi");
	/* Spreadsheets say 31/12/9999 for ever; the day after the last one has to be a date too. */
	if (last > issued + PAPER_VALID_DAYS_MAX)
		return fails(
			reading, "valid_until",
			"the date is more than 50 years after the issue: leave it empty for what is valid for ever",
			"ngày này quá 50 năm sau ngày cấp: để trống nếu có giá trị vô thời hạn");
	reading->row->issued_on = in->issued_on;
	return true;
}

static bool
kind_read(struct reading *reading)
{
	const Mt__PaperRow *in = reading->in;
	char *serial;
	reading->row->kind_code = in->kind_code[0] == '\0' ? KIND_DEFAULT : in->kind_code;
	if (in->kind_code[0] != '\0' && strcmp(in->kind_code, KIND_DEFAULT) != 0 &&
	    (strlen(in->kind_code) > KIND_CODE_BYTES_MAX ||
	     kind_find(reading->call, reading->school_id, in->kind_code) == NULL))
		return fails(reading, "kind_code", "the institution has no such certificate kind",
			     "cơ sở không có loại chứng chỉ này");
	if (!text_read(reading, "blank_serial", in->blank_serial, true, &serial))
		return false;
	reading->row->blank_serial = text_spaced(call_arena(reading->call), serial);
	return strlen(serial) <= BLANK_SERIAL_BYTES_MAX ||
	       fails(reading, "blank_serial", "the serial is longer than 40 bytes", "số hiệu phôi dài quá 40 byte");
}

static bool
texts_read(struct reading *reading, const Mt__CertificateContent *in, Mt__CertificateContent *out)
{
	return text_read(reading, "content.name", in->name, false, &out->name) &&
	       text_read(reading, "content.programme_title", in->programme_title, false, &out->programme_title) &&
	       text_read(reading, "content.programme_title_en", in->programme_title_en, true,
			 &out->programme_title_en) &&
	       text_read(reading, "content.decision_number", in->decision_number, true, &out->decision_number) &&
	       text_read(reading, "content.signatory_name", in->signatory_name, true, &out->signatory_name) &&
	       text_read(reading, "content.signatory_title", in->signatory_title, true, &out->signatory_title) &&
	       text_read(reading, "content.signatory_title_en", in->signatory_title_en, true, &out->signatory_title_en);
}

static bool
content_dates_read(struct reading *reading, const Mt__CertificateContent *in, Mt__CertificateContent *out)
{
	int32_t date;
	if (!birth_read(reading, in->birth_date))
		return false;
	if (in->completed_on[0] != '\0' && !date_read(reading, "content.completed_on", in->completed_on, &date))
		return false;
	if ((in->decision_number[0] == '\0') != (in->decision_date[0] == '\0'))
		return fails(reading, "content.decision_date", "decision number and date come together",
			     "số và ngày quyết định phải đi cùng nhau");
	if (in->decision_date[0] != '\0' && !date_read(reading, "content.decision_date", in->decision_date, &date))
		return false;
	out->birth_date = in->birth_date;
	out->decision_date = in->decision_date;
	out->completed_on = in->completed_on[0] != '\0' ? in->completed_on : (char *)reading->row->issued_on;
	return true;
}

static bool
content_read(struct reading *reading)
{
	struct id id;
	const Mt__CertificateContent *in = reading->in->content;
	if (in == NULL)
		return fails(reading, "content", "the field is missing", "thiếu trường này");
	Mt__CertificateContent *out =
		(Mt__CertificateContent *)pb_new(&mt__certificate_content__descriptor, call_arena(reading->call));
	if (!texts_read(reading, in, out) || !content_dates_read(reading, in, out))
		return false;
	if (in->hours > KIND_HOURS_MAX)
		return fails(reading, "content.hours", "more than 20000 hours are not possible",
			     "số giờ không thể quá 20000");
	if (in->mark_percent > 100)
		return fails(reading, "content.mark_percent", "more than 100 per cent are not possible",
			     "điểm không thể quá 100 phần trăm");
	if (in->programme_id[0] != '\0' && !id_parse(in->programme_id, &id))
		return fails(reading, "content.programme_id", "the field is not an id", "không phải mã hợp lệ");
	if (in->kind_name[0] != '\0' || in->kind_name_en[0] != '\0')
		return fails(reading, "content.kind_name", "the name is what the certificate kind says",
			     "tên loại chứng chỉ do loại chứng chỉ quy định");
	out->hours = in->hours;
	out->mark_percent = in->mark_percent;
	out->programme_id = in->programme_id;
	reading->row->content = out;
	return true;
}

bool
paper_row_read(struct call *call, const char *school_id, const Mt__PaperRow *in, struct paper_row *row,
	       struct paper_fault *fault)
{
	struct reading reading = {.call = call, .school_id = school_id, .in = in, .row = row, .fault = fault};
	*row = (struct paper_row){.number_key = NULL};
	return number_read(&reading) && holder_read(&reading) && dates_read(&reading) && kind_read(&reading) &&
	       content_read(&reading);
}
