/* services/gateway/endpoints.c
 *
 * A rule's route is forwarded as it is, unless its answer has a shape of its own. */
#include "services/gateway/endpoints.h"

#include "services/gateway/certificates.h"
#include "services/gateway/events.h"
#include "services/gateway/figures.h"
#include "services/gateway/forward.h"
#include "services/gateway/pages.h"

static size_t
body_bytes_max(const struct rule *rule)
{
	if (strcmp(rule->verb, "GET") == 0 || strcmp(rule->verb, "DELETE") == 0)
		return 0;
	return strcmp(rule->name, "Events.Push") == 0 ? EVENTS_BYTES_MAX : REQUEST_BYTES_MAX;
}

static void
rules_add(struct http *http, const struct endpoints_of *of)
{
	const struct {
		const char *method;
		void (*serve)(struct request *request, void *context);
		void *context;
	} special[] = {
		{"Events.Push", events_serve, of->upstreams[SERVICE_ENROLLMENT]},
		{"Events.Get", event_serve, of->upstreams[SERVICE_ENROLLMENT]},
		{"Figures.Query", figures_serve, of->upstreams},
		{"Figures.Definitions", figure_definitions_serve, of->upstreams},
		{"Figures.Watch", stream_serve, of->streams},
		{"Certificates.Get", certificate_serve, of->upstreams[SERVICE_CERTIFICATE]},
		{"Certificates.Verify", certificate_verify_serve, of->upstreams[SERVICE_CERTIFICATE]},
		{"Certificates.ListKeys", did_serve, of->upstreams[SERVICE_CERTIFICATE]},
	};
	for (size_t i = 0; i < rules_count; i++) {
		const struct rule *rule = &rules[i];
		struct endpoint endpoint = {.verb = rule->verb, .path = rule->path, .rule = rule};
		if (rule->path[0] == '\0')
			continue;
		endpoint.serve = forward_serve;
		endpoint.context = of->upstreams;
		endpoint.body_bytes_max = body_bytes_max(rule);
		for (size_t j = 0; j < sizeof(special) / sizeof(special[0]); j++) {
			if (strcmp(rule->name, special[j].method) != 0)
				continue;
			endpoint.serve = special[j].serve;
			endpoint.context = special[j].context;
		}
		http_add(http, &endpoint);
	}
}

void
endpoints_add(struct http *http, const struct endpoints_of *of)
{
	const struct endpoint own[] = {
		{.verb = "GET",
		 .path = "/v1/event-types",
		 .serve = event_types_serve,
		 .summary = "All types of personnel events, with fields and a filled example."},
		{.verb = "GET",
		 .path = "/v1/event-types/{type}",
		 .serve = event_type_serve,
		 .summary = "One type of personnel events."},
		{.verb = "GET",
		 .path = "/v1/journal/{service}",
		 .serve = tail_serve,
		 .context = of->tails,
		 .reads_query = true,
		 .summary = "Facts of a service after a sequence number, as NDJSON or server-sent events."},
		{.verb = "GET",
		 .path = "/v1/door",
		 .serve = door_serve,
		 .context = of->door,
		 .summary = "Where the ZeroMQ door is, and its public key."},
		{.verb = "GET",
		 .path = "/verify/{certificateId}",
		 .serve = certificate_page_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .summary = "A page that says whether a certificate is valid."},
		{.verb = "GET", .path = "/livez", .serve = livez_serve, .summary = "Whether the gateway is alive."},
		{.verb = "GET",
		 .path = "/readyz",
		 .serve = readyz_serve,
		 .context = of->health,
		 .summary = "Whether all services are ready."},
		{.verb = "GET",
		 .path = "/metrics",
		 .serve = metrics_serve,
		 .context = of->health,
		 .summary = "Numbers in the Prometheus text format."},
		{.verb = "GET",
		 .path = "/openapi.json",
		 .serve = openapi_serve,
		 .context = of->health,
		 .summary = "This document."},
		{.verb = "GET", .path = "/", .serve = home_serve},
		{.verb = "GET", .path = "/dashboard", .serve = dashboard_serve},
	};
	rules_add(http, of);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		http_add(http, &own[i]);
}
