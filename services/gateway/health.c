/* services/gateway/health.c
 *
 * Alive is having answered. Ready is: each of the four services answered its last
 * probe and says that it is ready itself. */
#include "services/gateway/health.h"

void
livez_serve(struct request *request, void *context)
{
	(void)context;
	request_answer_static(request, 200, "application/json", slice_text("{\"alive\":true}\n"));
}

static const char *
word_of(const struct upstream *upstream)
{
	const Mt__NodeStatus *status = upstream_status(upstream);
	if (status == NULL)
		return "away";
	return status->ready ? "ready" : "starting";
}

void
readyz_serve(struct request *request, void *context)
{
	const struct health *health = context;
	struct buf body;
	bool ready = !health->draining;
	for (int i = 0; i < SERVICES; i++) {
		const Mt__NodeStatus *status = upstream_status(health->upstreams[i]);
		ready = ready && status != NULL && status->ready;
	}
	buf_init(&body, RESPONSE_BYTES_MAX);
	buf_format(&body, "{\"ready\":%s,\"draining\":%s,\"services\":{", ready ? "true" : "false",
		   health->draining ? "true" : "false");
	for (int i = 0; i < SERVICES; i++)
		buf_format(&body, "%s\"%s\":\"%s\"", i > 0 ? "," : "", upstream_name(health->upstreams[i]),
			   word_of(health->upstreams[i]));
	buf_text(&body, "}}\n");
	if (!ready)
		request_header_add(request, "Retry-After", "1");
	request_answer(request, ready ? 200 : 503, "application/json", &body);
}

void
openapi_serve(struct request *request, void *context)
{
	const struct health *health = context;
	request_answer_static(request, 200, "application/json", health->openapi);
}
