/* services/gateway/certificate_lists.c
 *
 * What is longer than one call goes in several, one behind the other; the answer grows in one
 * buffer and ends with the last. Dates are day/month/year as in rosters. */
#include "services/gateway/certificate_lists.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/gateway/csv.h"
#include "services/gateway/forward.h"
#include "services/gateway/roster_cells.h"
#include "services/gateway/sheet.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/paper.pb-c.h"
#include "matricula/verification.pb-c.h"

#include <stdlib.h>

#define CSV_TYPE "text/csv; charset=utf-8"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* One list on its way: it lives in the request's arena, its buffer and its page until the answer. */
struct list {
	struct request *request;
	struct upstream *upstream;
	struct sheet sheet;
	size_t next;  /* row to be sent */
	size_t *sent; /* rows of the call under way, by their place in it */
	size_t sent_count;
	char separator;
	struct buf body;
	struct arena page; /* of the reply at hand: a long list needs no more than a short one */
};

static struct list *
list_begin(struct request *request, struct upstream *upstream)
{
	struct list *list = arena_zero(&request->arena, sizeof(*list));
	list->request = request;
	list->upstream = upstream;
	list->separator = ',';
	return list;
}

/* From here on it ends with list_end or list_drop. */
static void
list_open(struct list *list)
{
	buf_init(&list->body, RESPONSE_BYTES_MAX);
	buf_text(&list->body, BYTE_ORDER_MARK);
	arena_init(&list->page, LIST_PAGE_BLOCK_BYTES, 0);
}

static void
list_drop(struct list *list)
{
	buf_free(&list->body);
	arena_free(&list->page);
}

static void
list_ask(struct list *list, const char *method, bool asks, const ProtobufCMessage *message,
	 void (*on_reply)(void *context, size_t number, const Mt__Reply *reply))
{
	Mt__Status refusal;
	struct upstream_call call = {
		.method = method,
		.asks = asks,
		.request = pb_pack(&list->page, message),
		.caller = request_caller(list->request),
		.on_reply = on_reply,
		.context = list,
	};
	if (upstream_send(list->upstream, &call, &refusal) != 0)
		return;
	list_drop(list);
	request_refuse_upstream(list->request, list->upstream, refusal);
}

/* Valid until the next reply; NULL if the list ended here, and the request was refused. */
static const void *
list_reply(struct list *list, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type)
{
	const void *message = NULL;
	struct request *request = list->request;
	bool full = buf_failed(&list->body);
	arena_reset(&list->page);
	if (reply->status == MT__STATUS__OK && !full)
		message = pb_unpack_trusted(type, &list->page, slice_of(reply->reply.data, reply->reply.len));
	if (message != NULL)
		return message;
	list_drop(list);
	if (reply->status != MT__STATUS__OK)
		request_refuse_reply(request, reply);
	else
		request_refuse(request, PROBLEM_INTERNAL, NULL,
			       full ? "the list is longer than an answer may be"
				    : "the service's reply cannot be read");
	return NULL;
}

static void
list_end(struct list *list, const char *file)
{
	char disposition[96];
	snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", file);
	request_header_add(list->request, "Content-Disposition", disposition);
	request_header_add(list->request, "Cache-Control", "private, no-store");
	arena_free(&list->page);
	request_answer(list->request, 200, CSV_TYPE, &list->body);
}

static void
cells_write(struct list *list, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_byte(&list->body, (uint8_t)list->separator);
		csv_write(&list->body, cells[i], list->separator);
	}
	buf_text(&list->body, "\r\n");
}

/* YYYY-MM-DD as a sheet shows it. */
static const char *
date_shown(struct arena *arena, const char *date)
{
	enum { FULL = 10, MONTH = 7 };
	if (strlen(date) == FULL)
		return arena_format(arena, "%.2s/%.2s/%.4s", date + 8, date + 5, date);
	return strlen(date) == MONTH ? arena_format(arena, "%.2s/%.4s", date + 5, date) : date;
}

static uint32_t
number_cell(const char *cell)
{
	char *end;
	unsigned long number = strtoul(cell, &end, 10);
	return *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* --- the register ------------------------------------------------------------------------------------------------- */

static const char *
state_word(Mt__Certificate__State state)
{
	switch (state) {
	case MT__CERTIFICATE__STATE__VALID:
		return "hiệu lực / valid";
	case MT__CERTIFICATE__STATE__REVOKED:
		return "thu hồi / revoked";
	case MT__CERTIFICATE__STATE__SUSPENDED:
		return "đình chỉ / suspended";
	case MT__CERTIFICATE__STATE__RECORDED:
		return "chưa xác nhận / unconfirmed";
	case MT__CERTIFICATE__STATE__EXPIRED:
		return "hết hạn / expired";
	case MT__CERTIFICATE__STATE__UNSET:
		break;
	}
	return "";
}

static void register_ask(struct list *list, const char *page_token);

static void
on_register(void *context, size_t number, const Mt__Reply *reply)
{
	struct list *list = context;
	struct arena *arena = &list->page;
	(void)number;
	const Mt__RegisterReply *page = list_reply(list, reply, &mt__register_reply__descriptor);
	if (page == NULL)
		return;
	for (size_t i = 0; i < page->n_rows; i++) {
		const Mt__RegisterRow *row = page->rows[i];
		const Mt__CertificateView *view = row->certificate;
		const char *const cells[] = {
			row->register_number,
			row->name,
			date_shown(arena, row->birth_date),
			row->programme_title,
			date_shown(arena, view->issued_on),
			date_shown(arena, view->valid_until),
			view->blank_serial,
			view->edition > 1 ? arena_format(arena, "%u", view->edition - 1) : "",
			state_word(view->state),
			date_shown(arena, view->state_on),
			view->certificate_id,
		};
		cells_write(list, cells, sizeof(cells) / sizeof(cells[0]));
	}
	if (page->next_page_token[0] != '\0')
		register_ask(list, page->next_page_token);
	else
		list_end(list, "register.csv");
}

static void
register_ask(struct list *list, const char *page_token)
{
	Mt__RegisterRequest read = MT__REGISTER_REQUEST__INIT;
	read.authority = (char *)(uintptr_t)request_path_value(list->request, "authority");
	read.year = number_cell(request_path_value(list->request, "year"));
	read.page_size = REGISTER_PAGE_ROWS;
	read.page_token = (char *)(uintptr_t)page_token;
	list_ask(list, "Certificates.ReadRegister", true, &read.base, on_register);
}

void
register_csv_serve(struct request *request, void *context)
{
	static const char *const names[] = {"separator", NULL};
	static const char *const header[] = {"Số vào sổ",  "Họ và tên",      "Ngày sinh",   "Chương trình",
					     "Ngày cấp",   "Có giá trị đến", "Số hiệu",     "Lần chỉnh sửa",
					     "Trạng thái", "Từ ngày",        "Mã chứng chỉ"};
	const char *separator = request_query(request, "separator");
	if (!request_query_only(request, names))
		return;
	if (number_cell(request_path_value(request, "year")) == UINT32_MAX) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "year", "year is no year");
		return;
	}
	if (separator != NULL && strcmp(separator, ";") != 0 && strcmp(separator, ",") != 0) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "separator",
			       "query parameter separator is neither , nor ;");
		return;
	}
	struct list *list = list_begin(request, context);
	list->separator = separator == NULL ? ',' : separator[0];
	list_open(list);
	cells_write(list, header, sizeof(header) / sizeof(header[0]));
	register_ask(list, "");
}

/* --- lists that come in ------------------------------------------------------------------------------------------- */

static bool
list_read(struct list *list, const struct sheet_column *columns, size_t columns_count, size_t rows_max)
{
	static const char *const none[] = {NULL};
	struct request *request = list->request;
	bool good = request_query_only(request, none);
	if (good && !request_content_is(request, "text/csv")) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, "the body is not text/csv");
		good = false;
	}
	if (!good || !sheet_read(request, columns, columns_count, rows_max, &list->sheet))
		return false;
	list->separator = list->sheet.separator;
	list_open(list);
	return true;
}

static const char *
date_cell(struct arena *arena, const char *cell, bool may_be_partial)
{
	char *out = arena_alloc(arena, DATE_TEXT_BYTES);
	return roster_date_read(cell, ROSTER_DMY, may_be_partial, out) ? out : cell;
}

/* --- verification ------------------------------------------------------------------------------------------------- */

enum { CHECK_CODE, CHECK_NUMBER, CHECK_YEAR, CHECK_INSTITUTION, CHECK_NAME, CHECK_BIRTH_DATE, CHECK_COLUMNS };

static const struct sheet_column check_columns[CHECK_COLUMNS] = {
	[CHECK_CODE] = {"code", {"code", "matracuu", "verificationcode"}, false},
	[CHECK_NUMBER] = {"register_number", {"registernumber", "sovaoso"}, false},
	[CHECK_YEAR] = {"year", {"year", "nam"}, false},
	[CHECK_INSTITUTION] = {"institution", {"institution", "noicap", "cosodaotao"}, false},
	[CHECK_NAME] = {"name", {"name", "hovaten", "hoten"}, false},
	[CHECK_BIRTH_DATE] = {"birth_date", {"birthdate", "dateofbirth", "ngaysinh"}, false},
};

static Mt__VerifyRequest *
check_row(struct arena *arena, const struct sheet_row *row)
{
	Mt__VerifyRequest *verify = (Mt__VerifyRequest *)pb_new(&mt__verify_request__descriptor, arena);
	verify->code = (char *)(uintptr_t)row->cells[CHECK_CODE];
	verify->register_number = (char *)(uintptr_t)row->cells[CHECK_NUMBER];
	verify->year = number_cell(row->cells[CHECK_YEAR]);
	verify->institution = (char *)(uintptr_t)row->cells[CHECK_INSTITUTION];
	verify->name = (char *)(uintptr_t)row->cells[CHECK_NAME];
	verify->birth_date = (char *)(uintptr_t)date_cell(arena, row->cells[CHECK_BIRTH_DATE], true);
	return verify;
}

static void check_next(struct list *list);

static void
check_write(struct list *list, const struct sheet_row *row, const Mt__VerifyReply *verdict)
{
	const char *cells[CHECK_COLUMNS + 4] = {
		arena_format(&list->page, "%u", row->number),
		verdict == NULL ? "unreadable" : verdict->verdict,
		verdict == NULL             ? row->fault
		: verdict->n_reasons_vi > 0 ? verdict->reasons_vi[0]
					    : "",
		verdict == NULL          ? row->fault
		: verdict->n_reasons > 0 ? verdict->reasons[0]
					 : "",
	};
	for (size_t i = 0; i < CHECK_COLUMNS; i++)
		cells[4 + i] = row->cells[i];
	cells_write(list, cells, CHECK_COLUMNS + 4);
}

static void
on_checked(void *context, size_t number, const Mt__Reply *reply)
{
	struct list *list = context;
	(void)number;
	const Mt__VerifyListReply *verdicts = list_reply(list, reply, &mt__verify_list_reply__descriptor);
	if (verdicts == NULL)
		return;
	for (size_t i = 0; i < list->sent_count && i < verdicts->n_rows; i++)
		check_write(list, &list->sheet.rows[list->sent[i]], verdicts->rows[i]);
	check_next(list);
}

static void
check_next(struct list *list)
{
	Mt__VerifyListRequest batch = MT__VERIFY_LIST_REQUEST__INIT;
	batch.rows = arena_alloc(&list->page, VERIFY_LIST_BATCH_ROWS * sizeof(*batch.rows));
	list->sent_count = 0;
	for (; list->next < list->sheet.count && batch.n_rows < VERIFY_LIST_BATCH_ROWS; list->next++) {
		const struct sheet_row *row = &list->sheet.rows[list->next];
		if (row->fault != NULL) {
			if (batch.n_rows > 0)
				break; /* rows are answered in their order */
			check_write(list, row, NULL);
			continue;
		}
		list->sent[list->sent_count++] = list->next;
		batch.rows[batch.n_rows++] = check_row(&list->page, row);
	}
	if (batch.n_rows == 0)
		list_end(list, "verdicts.csv");
	else
		list_ask(list, "VerificationLists.VerifyList", true, &batch.base, on_checked);
}

void
verify_csv_serve(struct request *request, void *context)
{
	static const char *const header[] = {"row", "verdict", "giải thích", "reason"};
	const char *cells[CHECK_COLUMNS + 4];
	struct list *list = list_begin(request, context);
	if (!list_read(list, check_columns, CHECK_COLUMNS, VERIFY_LIST_ROWS_MAX))
		return;
	for (size_t i = 0; i < CHECK_COLUMNS + 4; i++)
		cells[i] = i < 4 ? header[i] : check_columns[i - 4].name;
	cells_write(list, cells, CHECK_COLUMNS + 4);
	list->sent = arena_alloc(&request->arena, VERIFY_LIST_BATCH_ROWS * sizeof(*list->sent));
	check_next(list);
}

/* --- paper certificates ------------------------------------------------------------------------------------------- */

enum {
	PAPER_NUMBER,
	PAPER_YEAR,
	PAPER_PERSON,
	PAPER_AUTHORITY,
	PAPER_NAME,
	PAPER_BIRTH_DATE,
	PAPER_PROGRAMME,
	PAPER_PROGRAMME_EN,
	PAPER_HOURS,
	PAPER_COMPLETED,
	PAPER_ISSUED,
	PAPER_UNTIL,
	PAPER_SERIAL,
	PAPER_KIND,
	PAPER_COLUMNS
};

static const struct sheet_column paper_columns[PAPER_COLUMNS] = {
	[PAPER_NUMBER] = {"register_number", {"registernumber", "sovaoso"}, true},
	[PAPER_YEAR] = {"year", {"year", "nam"}, true},
	[PAPER_PERSON] = {"person_id", {"personid", "macanhan", "madinhdanhnguoihoc"}, true},
	[PAPER_AUTHORITY] = {"person_authority", {"personauthority", "macoquan", "coquan"}, true},
	[PAPER_NAME] = {"name", {"name", "hovaten", "hoten"}, true},
	[PAPER_BIRTH_DATE] = {"birth_date", {"birthdate", "dateofbirth", "ngaysinh"}, false},
	[PAPER_PROGRAMME] = {"programme_title", {"programmetitle", "programme", "chuongtrinh", "khoahoc"}, true},
	[PAPER_PROGRAMME_EN] = {"programme_title_en", {"programmetitleen", "chuongtrinhtienganh"}, false},
	[PAPER_HOURS] = {"hours", {"hours", "sotiet", "sogio"}, false},
	[PAPER_COMPLETED] = {"completed_on", {"completedon", "ngayhoanthanh"}, false},
	[PAPER_ISSUED] = {"issued_on", {"issuedon", "ngaycap"}, true},
	[PAPER_UNTIL] = {"valid_until", {"validuntil", "cogiatriden"}, false},
	[PAPER_SERIAL] = {"blank_serial", {"blankserial", "sohieu"}, false},
	[PAPER_KIND] = {"kind_code", {"kindcode", "maloai"}, false},
};

static Mt__PaperRow *
paper_row(struct arena *arena, const struct sheet_row *row)
{
	Mt__PaperRow *paper = (Mt__PaperRow *)pb_new(&mt__paper_row__descriptor, arena);
	Mt__CertificateContent *content = (Mt__CertificateContent *)pb_new(&mt__certificate_content__descriptor, arena);
	const char *const *cells = row->cells;
	paper->register_number = (char *)(uintptr_t)cells[PAPER_NUMBER];
	paper->year = number_cell(cells[PAPER_YEAR]);
	paper->person_id = (char *)(uintptr_t)cells[PAPER_PERSON];
	paper->person_authority = (char *)(uintptr_t)cells[PAPER_AUTHORITY];
	paper->issued_on = (char *)(uintptr_t)date_cell(arena, cells[PAPER_ISSUED], false);
	paper->valid_until = (char *)(uintptr_t)date_cell(arena, cells[PAPER_UNTIL], false);
	paper->kind_code = (char *)(uintptr_t)cells[PAPER_KIND];
	paper->blank_serial = (char *)(uintptr_t)cells[PAPER_SERIAL];
	paper->content = content;
	content->name = (char *)(uintptr_t)cells[PAPER_NAME];
	content->birth_date = (char *)(uintptr_t)date_cell(arena, cells[PAPER_BIRTH_DATE], true);
	content->programme_title = (char *)(uintptr_t)cells[PAPER_PROGRAMME];
	content->programme_title_en = (char *)(uintptr_t)cells[PAPER_PROGRAMME_EN];
	content->hours = cells[PAPER_HOURS][0] == '\0' ? 0 : number_cell(cells[PAPER_HOURS]);
	content->completed_on = (char *)(uintptr_t)date_cell(arena, cells[PAPER_COMPLETED], false);
	return paper;
}

static void
paper_write(struct list *list, const struct sheet_row *row, const Mt__PaperOutcome *outcome)
{
	static const char *const words[] = {
		[MT__PAPER_OUTCOME__RESULT__UNSET] = "rejected",
		[MT__PAPER_OUTCOME__RESULT__RECORDED] = "recorded",
		[MT__PAPER_OUTCOME__RESULT__UNCHANGED] = "unchanged",
		[MT__PAPER_OUTCOME__RESULT__REJECTED] = "rejected",
	};
	const char *const cells[] = {
		arena_format(&list->page, "%u", row->number),          row->cells[PAPER_NUMBER],
		outcome == NULL ? "rejected" : words[outcome->result], outcome == NULL ? "" : outcome->field,
		outcome == NULL ? row->fault : outcome->message_vi,    outcome == NULL ? row->fault : outcome->message,
		outcome == NULL ? "" : outcome->certificate_id,
	};
	cells_write(list, cells, sizeof(cells) / sizeof(cells[0]));
}

static void paper_next(struct list *list);

static void
on_recorded(void *context, size_t number, const Mt__Reply *reply)
{
	struct list *list = context;
	(void)number;
	const Mt__ImportPaperReply *outcomes = list_reply(list, reply, &mt__import_paper_reply__descriptor);
	if (outcomes == NULL)
		return;
	for (size_t i = 0; i < list->sent_count && i < outcomes->n_outcomes; i++)
		paper_write(list, &list->sheet.rows[list->sent[i]], outcomes->outcomes[i]);
	paper_next(list);
}

static void
paper_next(struct list *list)
{
	Mt__ImportPaperRequest batch = MT__IMPORT_PAPER_REQUEST__INIT;
	batch.authority = (char *)(uintptr_t)request_path_value(list->request, "authority");
	batch.rows = arena_alloc(&list->page, PAPER_LIST_BATCH_ROWS * sizeof(*batch.rows));
	list->sent_count = 0;
	for (; list->next < list->sheet.count && batch.n_rows < PAPER_LIST_BATCH_ROWS; list->next++) {
		const struct sheet_row *row = &list->sheet.rows[list->next];
		if (row->fault != NULL) {
			if (batch.n_rows > 0)
				break; /* rows are answered in their order */
			paper_write(list, row, NULL);
			continue;
		}
		list->sent[list->sent_count++] = list->next;
		batch.rows[batch.n_rows++] = paper_row(&list->page, row);
	}
	if (batch.n_rows == 0)
		list_end(list, "outcomes.csv");
	else
		list_ask(list, "Papers.Import", false, &batch.base, on_recorded);
}

void
paper_csv_serve(struct request *request, void *context)
{
	static const char *const header[] = {"row",        "register_number", "result",        "field",
					     "giải thích", "message",         "certificate_id"};
	struct list *list = list_begin(request, context);
	if (!list_read(list, paper_columns, PAPER_COLUMNS, PAPER_LIST_ROWS_MAX))
		return;
	cells_write(list, header, sizeof(header) / sizeof(header[0]));
	list->sent = arena_alloc(&request->arena, PAPER_LIST_BATCH_ROWS * sizeof(*list->sent));
	paper_next(list);
}
