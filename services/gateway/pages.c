/* services/gateway/pages.c
 *
 * The frame that all pages share, and the landing page. Texts from outside pass
 * through html_write; styles are inline, and the policy forbids everything else. */
#include "services/gateway/pages.h"

#include "common/base/hash.h"
#include "common/base/text.h"

#include <string.h>

static const char head[] = "<!doctype html><html lang=\"vi\"><head><meta charset=\"utf-8\">"
			   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>";

static const char style[] =
	"</title><style>"
	":root{--ink:#1d2733;--soft:#5b6875;--line:#dfe5ea;--paper:#fff;--ground:#f3f6f8;--good:#0b6b3a;--bad:#a3231b;-"
	"-warn:#8a5a00;"
	"--accent:#8a1c1c}"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9fb0be;--line:#2f3b46;--paper:#18212a;"
	"--ground:#10171e;--good:#4cc38a;--bad:#ff8078;--warn:#f0b03f;"
	"--accent:#e6b450}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);"
	"font:16px/1.5 system-ui,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
	"header{padding:1.1rem 1.5rem;border-bottom:3px solid var(--accent);background:var(--paper)}"
	"header a{color:inherit;text-decoration:none;font-weight:700;letter-spacing:.02em}"
	"header span{color:var(--soft);margin-left:.6rem}"
	".card{max-width:44rem;margin:2rem auto;padding:1.5rem 2rem;background:var(--paper);border:1px solid "
	"var(--line);"
	"border-radius:.6rem}"
	".verdict{font-weight:400;line-height:1.5;font-size:1.35rem;padding:.8rem 1rem;border-left:.4rem "
	"solid;margin:0 0 1rem}"
	".verdict "
	"span{font-size:1rem;color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}"
	"dl{display:grid;grid-template-columns:minmax(9rem,auto) 1fr;gap:.5rem 1.2rem;margin:1rem 0}"
	"dt{color:var(--soft)}dt small{display:block}dd{margin:0;font-weight:600;overflow-wrap:anywhere}"
	".note{color:var(--soft);font-size:.9rem}a{color:var(--accent)}li{margin:.4rem 0}"
	"@media(max-width:34rem){dl{grid-template-columns:1fr}.card{margin:0;border:0;border-radius:0}}"
	"</style>";

static const char header[] =
	"</head><body><header><a href=\"/\">Matricula</a>"
	"<span>Hồ sơ đào tạo, bồi dưỡng công chức · <span lang=\"en\">training records of the civil "
	"service</span></span>"
	"</header>";

static const char home[] =
	"<main class=\"card\"><h1>Matricula</h1>"
	"<p>Hệ thống hồ sơ đào tạo, bồi dưỡng cán bộ, công chức, viên chức.<br>"
	"<span lang=\"en\">The training-records backbone of the civil service.</span></p><ul>"
	"<li><a href=\"/dashboard\">Bảng số liệu trực tiếp</a> <span lang=\"en\">/ live figures</span></li>"
	"<li><a href=\"/verify\">Tra cứu chứng chỉ</a> <span lang=\"en\">/ check a certificate</span></li>"
	"<li><a href=\"/rosters\">Gửi danh sách cán bộ</a> <span lang=\"en\">/ send a roster</span></li>"
	"<li><a href=\"/openapi.json\">OpenAPI 3.1</a> · <a href=\"/v1/event-types\">Kiểu sự kiện "
	"<span lang=\"en\">/ event types</span></a> · <a href=\"/v1/door\">Cửa ZeroMQ "
	"<span lang=\"en\">/ the door</span></a></li>"
	"<li><a href=\"/v1/figures/definitions\">Định nghĩa chỉ tiêu <span lang=\"en\">/ figure "
	"definitions</span></a></li>"
	"<li><a href=\"/readyz\">Trạng thái <span lang=\"en\">/ status</span></a></li></ul>";

void
html_write(struct buf *body, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_text(body, "&lt;");
			break;
		case '>':
			buf_text(body, "&gt;");
			break;
		case '&':
			buf_text(body, "&amp;");
			break;
		case '"':
			buf_text(body, "&quot;");
			break;
		case '\'':
			buf_text(body, "&#39;");
			break;
		default:
			buf_byte(body, (uint8_t)*text);
		}
	}
}

void
page_open(struct buf *body, const char *title, struct slice html)
{
	static const char style_end[] = "</style>";
	const uint8_t *end = memmem(html.data, html.size, style_end, sizeof(style_end) - 1);
	size_t size = end == NULL ? 0 : (size_t)(end - html.data) + sizeof(style_end) - 1;
	buf_text(body, head);
	html_write(body, title);
	buf_text(body, style);
	buf_append(body, slice_of(html.data, size));
	buf_text(body, header);
	buf_append(body, slice_of(html.data + size, html.size - size));
}

void
page_close(struct buf *body)
{
	buf_text(body, "</main></body></html>\n");
}

void
page_refusal(struct buf *body, const struct problem *problem)
{
	page_open(body, problem_title(problem->kind, LANGUAGE_VI), slice_text(""));
	buf_text(body, "<main class=\"card\"><h1 class=\"verdict warn\"><b>");
	html_write(body, problem_title(problem->kind, LANGUAGE_VI));
	buf_text(body, "</b><br><span lang=\"en\">");
	html_write(body, problem_title(problem->kind, LANGUAGE_EN));
	buf_text(body, "</span></h1><p class=\"note\" lang=\"en\">");
	html_write(body, problem->detail);
	buf_text(body, "</p>");
	page_close(body);
}

/* 'sha256-…' of what stands between <script> and </script>: nothing else may run (Content Security Policy 3, 2.3.1). */
static const char *
script_source(struct request *request, struct slice html)
{
	static const char opens[] = "<script>";
	static const char closes[] = "</script>";
	uint8_t hash[HASH_BYTES];
	char text[TEXT_BASE64_BYTES(HASH_BYTES)];
	const uint8_t *begin = memmem(html.data, html.size, opens, sizeof(opens) - 1);
	if (begin == NULL)
		return NULL;
	begin += sizeof(opens) - 1;
	size_t left = html.size - (size_t)(begin - html.data);
	const uint8_t *end = memmem(begin, left, closes, sizeof(closes) - 1);
	hash_sha256(slice_of(begin, end == NULL ? left : (size_t)(end - begin)), hash);
	text_base64(slice_of(hash, sizeof(hash)), text);
	return arena_format(&request->arena, "script-src 'sha256-%s'; connect-src 'self'; ", text);
}

void
page_headers(struct request *request, struct slice html)
{
	const char *script = script_source(request, html);
	request_header_add(request, "Content-Security-Policy",
			   arena_format(&request->arena,
					"default-src 'none'; style-src 'unsafe-inline'; %sbase-uri 'none'; "
					"form-action 'none'; frame-ancestors 'none'",
					script == NULL ? "" : script));
	request_header_add(request, "Referrer-Policy", "no-referrer");
}

void
page_serve(struct request *request, const char *title, struct slice html)
{
	struct buf body;
	buf_init(&body, RESPONSE_BYTES_MAX);
	page_open(&body, title, html);
	page_close(&body);
	page_headers(request, html);
	request_answer(request, 200, "text/html; charset=utf-8", &body);
}

void
home_serve(struct request *request, void *context)
{
	struct buf body;
	(void)context;
	buf_init(&body, RESPONSE_BYTES_MAX);
	page_open(&body, "Matricula", slice_text(""));
	buf_text(&body, home);
	page_close(&body);
	page_headers(request, slice_text(""));
	request_answer(request, 200, "text/html; charset=utf-8", &body);
}
