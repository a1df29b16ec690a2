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
	(void)context;
	const uint8_t *html = _binary_services_gateway_dashboard_html_start;
	page_serve(request, "Số liệu trực tiếp – Matricula",
		   slice_of(html, (size_t)(_binary_services_gateway_dashboard_html_end - html)));
}
