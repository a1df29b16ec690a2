/* services/gateway/dashboard.c
 *
 * GET /dashboard: the nation's figures as they move. The page is dashboard.html, linked
 * into the binary as it is (see the Makefile); it keeps the token in memory of the tab
 * only. */
#include "services/gateway/pages.h"

/* Named by the linker after the file. */
extern const uint8_t _binary_services_gateway_dashboard_html_start[];
extern const uint8_t _binary_services_gateway_dashboard_html_end[];

void
dashboard_serve(struct request *request, void *context)
{
	struct buf body;
	(void)context;
	const uint8_t *html = _binary_services_gateway_dashboard_html_start;
	buf_init(&body, RESPONSE_BYTES_MAX);
	page_open(&body, "Số liệu trực tiếp – Matricula");
	buf_append(&body, slice_of(html, (size_t)(_binary_services_gateway_dashboard_html_end - html)));
	page_close(&body);
	page_headers(request, true);
	request_answer(request, 200, "text/html; charset=utf-8", &body);
}
