/* services/gateway/preflight.c
 *
 * A browser asks before a script of another site sends what a form could not, JSON for one
 * (https://fetch.spec.whatwg.org/#http-cors-protocol). What is public may be used from
 * anywhere: whoever verifies in a browser needs DID documents, status lists and the
 * verification itself. The rest answers its methods alone, so the browser sends nothing. */
#include "services/gateway/preflight.h"

static const char headers_taken[] = "Content-Type, If-None-Match";
static const char seconds_kept[] = "86400";

void
preflight_answer(struct request *request, const struct routes *routes, const struct endpoint *endpoints,
		 const char *path)
{
	struct route_match match;
	const char *verb = request_header(request, "Access-Control-Request-Method");
	request_header_add(request, "Allow", request->match.allow);
	if (verb != NULL && route_find(routes, &request->arena, verb, path, &match) == ROUTE_FOUND &&
	    endpoints[match.endpoint].shared) {
		request_header_add(request, "Access-Control-Allow-Origin", "*");
		request_header_add(request, "Access-Control-Allow-Methods", verb);
		request_header_add(request, "Access-Control-Allow-Headers", headers_taken);
		request_header_add(request, "Access-Control-Max-Age", seconds_kept);
	}
	request_answer_static(request, 204, NULL, slice_text(""));
}
