/* services/gateway/certificate_lists.c
 *
 * The register as a sheet, and a sheet of certificates to be checked. */
#include "services/gateway/certificate_lists.h"

#include "common/wire/pb.h"
#include "services/gateway/long_list.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/verification.pb-c.h"

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
			list_date_shown(arena, row->birth_date),
			row->programme_title,
			list_date_shown(arena, view->issued_on),
			list_date_shown(arena, view->valid_until),
			view->blank_serial,
			view->edition > 1 ? arena_format(arena, "%u", view->edition - 1) : "",
			state_word(view->state),
			list_date_shown(arena, view->state_on),
			view->certificate_id,
		};
		list_row_write(list, cells, sizeof(cells) / sizeof(cells[0]));
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
	read.year = list_number_cell(request_path_value(list->request, "year"));
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
	if (list_number_cell(request_path_value(request, "year")) == UINT32_MAX) {
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
	list_row_write(list, header, sizeof(header) / sizeof(header[0]));
	register_ask(list, "");
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
	verify->year = list_number_cell(row->cells[CHECK_YEAR]);
	verify->institution = (char *)(uintptr_t)row->cells[CHECK_INSTITUTION];
	verify->name = (char *)(uintptr_t)row->cells[CHECK_NAME];
	verify->birth_date = (char *)(uintptr_t)list_date_cell(arena, row->cells[CHECK_BIRTH_DATE], true);
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
	list_row_write(list, cells, CHECK_COLUMNS + 4);
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
	list_row_write(list, cells, CHECK_COLUMNS + 4);
	list->sent = arena_alloc(&request->arena, VERIFY_LIST_BATCH_ROWS * sizeof(*list->sent));
	check_next(list);
}
