/* services/gateway/roster_report.c
 *
 * What an HR office reads about its roster: errors.csv, with a byte order mark and the
 * separator its own file had, so that the same spreadsheet opens it; a template to fill;
 * and the page that does it all without curl. */
#include "services/gateway/roster.h"

#include "common/wire/pb.h"
#include "services/gateway/csv.h"
#include "services/gateway/forward.h"
#include "services/gateway/pages.h"
#include "services/gateway/roster_columns.h"

#include "matricula/roster.pb-c.h"

#include <stdio.h>

#define CSV_TYPE "text/csv; charset=utf-8"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Named by the linker after the file. */
extern const uint8_t _binary_services_gateway_roster_html_start[];
extern const uint8_t _binary_services_gateway_roster_html_end[];

enum { NUMBER_BYTES = 16 };

struct report {
	struct request *request;
	struct upstream *upstream;
	bool vi;
	char separator;
	uint32_t faults;
	uint32_t written;
	struct buf body;
};

static bool
language_read(struct request *request, bool *vi)
{
	const char *lang = request_query(request, "lang");
	*vi = lang != NULL ? strcmp(lang, "vi") == 0
			   : problem_language(request_header_list(request, "Accept-Language")) == LANGUAGE_VI;
	if (lang == NULL || *vi || strcmp(lang, "en") == 0)
		return true;
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, "lang", "query parameter lang is neither vi nor en");
	return false;
}

/* --- errors.csv --------------------------------------------------------------------------------------------------- */

static const char *
severity_word(Mt__Roster__Severity severity, bool vi)
{
	switch (severity) {
	case MT__ROSTER__SEVERITY__WARNING:
		return vi ? "cảnh báo" : "warning";
	case MT__ROSTER__SEVERITY__REPORT:
		return vi ? "thông báo" : "report";
	case MT__ROSTER__SEVERITY__ERROR:
	case MT__ROSTER__SEVERITY__UNSET_SEVERITY:
		return vi ? "lỗi" : "error";
	}
	return "";
}

static const char *
column_word(const char *name, bool vi)
{
	for (size_t i = 0; vi && i < ROSTER_COLUMNS; i++) {
		if (strcmp(roster_columns[i].name, name) == 0)
			return roster_columns[i].vi;
	}
	return name;
}

static void
cells_write(struct report *report, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_byte(&report->body, (uint8_t)report->separator);
		csv_write(&report->body, cells[i], report->separator);
	}
	buf_text(&report->body, "\r\n");
}

static void
header_write(struct report *report)
{
	static const char *const en[] = {"row", "column", "value", "severity", "code", "sentence"};
	static const char *const vi[] = {"hàng", "cột", "giá trị", "mức độ", "mã", "giải thích"};
	buf_text(&report->body, BYTE_ORDER_MARK);
	cells_write(report, report->vi ? vi : en, sizeof(en) / sizeof(en[0]));
}

static void
fault_write(struct report *report, const Mt__RosterFault *fault)
{
	char row[NUMBER_BYTES];
	snprintf(row, sizeof(row), "%u", fault->row);
	const char *const cells[] = {
		fault->row == 0 ? "" : row,
		column_word(fault->column, report->vi),
		fault->cell == NULL ? "" : fault->cell->value,
		severity_word(fault->severity, report->vi),
		fault->code,
		report->vi ? fault->message_vi : fault->message,
	};
	cells_write(report, cells, sizeof(cells) / sizeof(cells[0]));
	report->written++;
}

static void
rest_write(struct report *report)
{
	char sentence[160];
	if (report->written >= report->faults)
		return;
	snprintf(sentence, sizeof(sentence),
		 report->vi ? "và %u mục nữa: hãy sửa những mục trên rồi gửi lại tệp"
			    : "and %u more: repair these, and send the file again",
		 report->faults - report->written);
	const char *const cells[] = {"", "", "", "", "more", sentence};
	cells_write(report, cells, sizeof(cells) / sizeof(cells[0]));
}

static void faults_ask(struct report *report, const char *page_token);

/* A report ends with its request's answer: the buffer goes along, or is freed here. */
static const void *
reply_read(struct report *report, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type)
{
	const void *message = forward_reply(report->request, reply, type);
	if (message == NULL)
		buf_free(&report->body);
	return message;
}

static void
on_faults(void *context, size_t number, const Mt__Reply *reply)
{
	struct report *report = context;
	(void)number;
	const Mt__ListRosterFaultsReply *page = reply_read(report, reply, &mt__list_roster_faults_reply__descriptor);
	if (page == NULL)
		return;
	for (size_t i = 0; i < page->n_faults; i++)
		fault_write(report, page->faults[i]);
	if (page->next_page_token[0] != '\0') {
		faults_ask(report, page->next_page_token);
		return;
	}
	rest_write(report);
	request_header_add(report->request, "Content-Disposition", "attachment; filename=\"errors.csv\"");
	request_answer(report->request, 200, CSV_TYPE, &report->body);
}

static void
ask(struct report *report, const char *method, const ProtobufCMessage *message,
    void (*on_reply)(void *context, size_t number, const Mt__Reply *reply))
{
	Mt__Status refusal;
	struct upstream_call call = {
		.method = method,
		.request = pb_pack(&report->request->arena, message),
		.caller = request_caller(report->request),
		.on_reply = on_reply,
		.context = report,
	};
	if (upstream_send(report->upstream, &call, &refusal) != 0)
		return;
	buf_free(&report->body);
	request_refuse_upstream(report->request, report->upstream, refusal);
}

static void
faults_ask(struct report *report, const char *page_token)
{
	Mt__ListRosterFaultsRequest list = MT__LIST_ROSTER_FAULTS_REQUEST__INIT;
	list.roster_id = (char *)(uintptr_t)request_path_value(report->request, "rosterId");
	list.page_size = ROSTER_REPORT_PAGE;
	list.page_token = (char *)(uintptr_t)page_token;
	ask(report, "Rosters.Faults", &list.base, on_faults);
}

static void
on_roster(void *context, size_t number, const Mt__Reply *reply)
{
	struct report *report = context;
	(void)number;
	const Mt__RosterView *view = reply_read(report, reply, &mt__roster_view__descriptor);
	if (view == NULL)
		return;
	report->separator = view->semicolons ? ';' : ',';
	report->faults = view->faults;
	header_write(report);
	faults_ask(report, "");
}

void
roster_report_serve(struct request *request, void *context)
{
	static const char *const names[] = {"lang", NULL};
	struct report *report = arena_zero(&request->arena, sizeof(*report));
	Mt__GetRosterRequest get = MT__GET_ROSTER_REQUEST__INIT;
	report->request = request;
	report->upstream = context;
	if (!request_query_only(request, names) || !language_read(request, &report->vi))
		return;
	buf_init(&report->body, RESPONSE_BYTES_MAX);
	get.roster_id = (char *)(uintptr_t)request_path_value(request, "rosterId");
	ask(report, "Rosters.Get", &get.base, on_roster);
}

/* --- template.csv ------------------------------------------------------------------------------------------------- */

void
roster_template_serve(struct request *request, void *context)
{
	static const char *const names[] = {"lang", "separator", NULL};
	const char *header[ROSTER_COLUMNS];
	const char *example[ROSTER_COLUMNS];
	struct report report = {.request = request, .separator = ','};
	const char *separator = request_query(request, "separator");
	(void)context;
	if (!request_query_only(request, names) || !language_read(request, &report.vi))
		return;
	if (separator != NULL && strcmp(separator, ";") != 0 && strcmp(separator, ",") != 0) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "separator",
			       "query parameter separator is neither , nor ;");
		return;
	}
	report.separator = separator != NULL ? separator[0] : ',';
	for (size_t i = 0; i < ROSTER_COLUMNS; i++) {
		header[i] = report.vi ? roster_columns[i].vi : roster_columns[i].name;
		example[i] = report.vi ? roster_columns[i].example_vi : roster_columns[i].example;
	}
	buf_init(&report.body, RESPONSE_BYTES_MAX);
	buf_text(&report.body, BYTE_ORDER_MARK);
	cells_write(&report, header, ROSTER_COLUMNS);
	cells_write(&report, example, ROSTER_COLUMNS);
	request_header_add(request, "Content-Disposition", "attachment; filename=\"template.csv\"");
	request_answer(request, 200, CSV_TYPE, &report.body);
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

void
roster_page_serve(struct request *request, void *context)
{
	(void)context;
	const uint8_t *html = _binary_services_gateway_roster_html_start;
	page_serve(request, "Gửi danh sách – Matricula",
		   slice_of(html, (size_t)(_binary_services_gateway_roster_html_end - html)));
}
