/* services/gateway/verify_page.c
 *
 * GET /v/{code} is what a stranger with a paper in hand opens: verdict, since when and by
 * whom, and what the certificate shows, in Vietnamese with English beside it. It loads
 * nothing and runs nothing, so it works in any browser. GET /verify is a form over
 * POST /v1/certificates:verify; verify.html is linked into the binary as it is. */
#include "services/gateway/verify_page.h"

#include "services/gateway/forward.h"
#include "services/gateway/pages.h"

#include "matricula/verification.pb-c.h"

/* Named by the linker after the file. */
extern const uint8_t _binary_services_gateway_verify_html_start[];
extern const uint8_t _binary_services_gateway_verify_html_end[];

struct words {
	const char *verdict; /* as the service says it */
	const char *css;
	const char *vi;
	const char *en;
};

/* verify.html has the same words for its answers. */
static const struct words verdicts[] = {
	{"valid", "good", "Chứng chỉ hợp lệ", "This certificate is valid"},
	{"revoked", "bad", "Chứng chỉ đã bị thu hồi", "This certificate was revoked"},
	{"suspended", "bad", "Chứng chỉ đang bị tạm đình chỉ", "This certificate is suspended"},
	{"superseded", "warn", "Đã được thay bằng bản chỉnh sửa", "A corrected edition stands in its place"},
	{"expired", "warn", "Chứng chỉ đã hết hạn", "This certificate has expired"},
	{"not_yet_valid", "warn", "Chứng chỉ chưa có hiệu lực", "This certificate is not valid yet"},
	{"unconfirmed", "warn", "Có ghi nhận, nơi cấp chưa xác nhận", "On record, not confirmed by its issuer"},
	{"specimen", "bad", "BẢN THỬ, không có giá trị", "SPECIMEN, without any value"},
	{"invalid", "bad", "Chứng chỉ không hợp lệ", "This certificate is not genuine"},
	{"unknown", "bad", "Không tìm thấy chứng chỉ này", "This certificate is not known"},
};

static const struct words *
words_of(const char *verdict)
{
	size_t count = sizeof(verdicts) / sizeof(verdicts[0]);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(verdicts[i].verdict, verdict) == 0)
			return &verdicts[i];
	}
	return &verdicts[count - 1];
}

static void
row_write(struct buf *body, const char *vi, const char *en, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_format(body, "<dt>%s <small lang=\"en\">%s</small></dt><dd>", vi, en);
	html_write(body, value);
	buf_text(body, "</dd>");
}

/* Civil dates as they are read in Vietnam: 02/03/2026. What is only a year or a month stays as it is. */
static const char *
date_shown(struct arena *arena, const char *date)
{
	int year;
	int month;
	int day;
	if (strlen(date) != 10 || sscanf(date, "%4d-%2d-%2d", &year, &month, &day) != 3)
		return date;
	return arena_format(arena, "%02d/%02d/%04d", day, month, year);
}

static void
content_write(struct arena *arena, struct buf *body, const Mt__VerifiedContent *content)
{
	row_write(body, "Họ và tên", "Name", content->name);
	row_write(body, "Ngày sinh", "Date of birth", date_shown(arena, content->birth_date));
	row_write(body, "Loại", "Kind", content->kind_name);
	row_write(body, "Chương trình", "Programme", content->programme_title);
	if (content->programme_title_en[0] != '\0') {
		buf_text(body, "<dd lang=\"en\">");
		html_write(body, content->programme_title_en);
		buf_text(body, "</dd>");
	}
	if (content->hours > 0)
		row_write(body, "Số giờ", "Hours", arena_format(arena, "%u", content->hours));
	row_write(body, "Ngày hoàn thành", "Completed on", date_shown(arena, content->completed_on));
	row_write(body, "Số vào sổ", "Register number", content->register_number);
	row_write(body, "Nơi cấp", "Issued by", content->institution);
	row_write(body, "Ngày cấp", "Issued on", date_shown(arena, content->issued_on));
	row_write(body, "Có giá trị đến", "Valid until", date_shown(arena, content->valid_until));
	if (content->edition > 1)
		row_write(body, "Bản chỉnh sửa lần", "Corrected edition",
			  arena_format(arena, "%u", content->edition - 1));
}

static void
reasons_write(struct buf *body, const Mt__VerifyReply *verdict)
{
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		buf_text(body, "<p class=\"note\">");
		if (i < verdict->n_reasons_vi)
			html_write(body, verdict->reasons_vi[i]);
		buf_text(body, "<br><span lang=\"en\">");
		html_write(body, verdict->reasons[i]);
		buf_text(body, "</span></p>");
	}
}

static void
on_verdict(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__VerifyReply *verdict = forward_reply(request, reply, &mt__verify_reply__descriptor);
	if (verdict == NULL)
		return;
	const struct words *words = words_of(verdict->verdict);
	buf_init(&body, RESPONSE_BYTES_MAX);
	page_open(&body, "Tra cứu chứng chỉ – Matricula", slice_text(""));
	buf_format(&body,
		   "<main class=\"card\"><h1 class=\"verdict %s\"><b>%s</b><br><span lang=\"en\">%s</span></h1><dl>",
		   words->css, words->vi, words->en);
	row_write(&body, "Từ ngày", "Since", date_shown(&request->arena, verdict->since));
	if (verdict->since[0] != '\0')
		row_write(&body, "Bởi", "By", verdict->by);
	if (verdict->content != NULL)
		content_write(&request->arena, &body, verdict->content);
	buf_text(&body, "</dl>");
	reasons_write(&body, verdict);
	buf_text(&body,
		 "<p class=\"note\">Hãy so từng dòng với giấy đang cầm. <span lang=\"en\">Compare each line with "
		 "the paper in your hand.</span><br>Kiểm tra lúc <span lang=\"en\">/ checked at</span> ");
	html_write(&body,
		   arena_format(&request->arena, "%.10s %.8s UTC", verdict->checked_at, verdict->checked_at + 11));
	buf_text(&body,
		 " · <a href=\"/verify\">Tra cứu cách khác <span lang=\"en\">/ other ways to check</span></a></p>");
	page_close(&body);
	page_headers(request, slice_text(""));
	request_header_add(request, "X-Robots-Tag", "noindex"); /* somebody may have published the link */
	request_answer(request, strcmp(verdict->verdict, "unknown") == 0 ? 404 : 200, "text/html; charset=utf-8",
		       &body);
}

void
verify_code_serve(struct request *request, void *context)
{
	const struct verifying *verifying = context;
	Mt__VerifyRequest verify = MT__VERIFY_REQUEST__INIT;
	if (!visitors_may_look(verifying->visitors, request))
		return;
	verify.code = (char *)(uintptr_t)request_path_value(request, "code");
	forward_call(request, verifying->upstream, "Verifications.Verify", &verify.base, on_verdict);
}

void
verify_page_serve(struct request *request, void *context)
{
	(void)context;
	const uint8_t *html = _binary_services_gateway_verify_html_start;
	page_serve(request, "Tra cứu chứng chỉ – Matricula",
		   slice_of(html, (size_t)(_binary_services_gateway_verify_html_end - html)));
}
