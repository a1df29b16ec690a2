/* services/gateway/roster.h
 *
 * Rosters over HTTP, for an HR office with a spreadsheet and curl:
 *   POST /v1/rosters                        a file in any size, read as it comes (roster_upload.c)
 *   GET /v1/rosters/{rosterId}/errors.csv   what was wrong with its rows (roster_report.c)
 *   GET /v1/rosters/template.csv            an empty one with an example
 *   GET /rosters                            a page that does all this in a browser
 * How a file is read stands in roster_read.h. */
#ifndef SERVICES_GATEWAY_ROSTER_H
#define SERVICES_GATEWAY_ROSTER_H

#include "services/gateway/request.h"

/* The endpoints' context is the upstream of enrollment. */
extern const struct body_sink roster_upload_sink;
void roster_report_serve(struct request *request, void *context);
void roster_template_serve(struct request *request, void *context);
void roster_page_serve(struct request *request, void *context);

#endif
