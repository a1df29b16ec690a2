/* services/gateway/endpoints.c
 *
 * A rule's route is forwarded as it is, unless its answer has a shape of its own. */
#include "services/gateway/endpoints.h"

#include "services/gateway/certificate_lists.h"
#include "services/gateway/certificates.h"
#include "services/gateway/event_outcomes.h"
#include "services/gateway/events.h"
#include "services/gateway/figures.h"
#include "services/gateway/forward.h"
#include "services/gateway/freshness.h"
#include "services/gateway/issuers.h"
#include "services/gateway/pages.h"
#include "services/gateway/paper_page.h"
#include "services/gateway/roster.h"
#include "services/gateway/status_lists.h"
#include "services/gateway/subject.h"
#include "services/gateway/verify_page.h"

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
		{"Freshness.Board", freshness_serve, of->upstreams[SERVICE_ENROLLMENT]},
		{"Figures.Query", figures_serve, of->upstreams},
		{"Figures.Definitions", figure_definitions_serve, of->upstreams},
		{"Figures.Watch", stream_serve, of->streams},
		{"Certificates.Get", certificate_serve, of->upstreams[SERVICE_CERTIFICATE]},
		{"Verifications.Verify", certificate_verify_serve, of->verifying},
	};
	for (size_t i = 0; i < rules_count; i++) {
		const struct rule *rule = &rules[i];
		struct endpoint endpoint = {.verb = rule->verb, .path = rule->path, .rule = rule};
		if (rule->path[0] == '\0')
			continue;
		endpoint.serve = forward_serve;
		endpoint.context = of->upstreams;
		endpoint.shared = rule->scope == MT__SCOPE__PUBLIC;
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

static void
own_add(struct http *http, const struct endpoints_of *of)
{
	const struct endpoint own[] = {
		{.verb = "GET",
		 .path = "/v1/event-types",
		 .operation = "EventTypes.List",
		 .serve = event_types_serve,
		 .shared = true,
		 .summary = "All types of personnel events, with fields and a filled example."},
		{.verb = "GET",
		 .path = "/v1/event-types/{type}",
		 .operation = "EventTypes.Get",
		 .serve = event_type_serve,
		 .shared = true,
		 .summary = "One type of personnel events."},
		{.verb = "GET",
		 .path = "/v1/journal/{service}",
		 .operation = "Journal.Tail",
		 .serve = tail_serve,
		 .context = of->tails,
		 .reads_query = true,
		 .summary = "Facts of a service after a sequence number, as NDJSON or server-sent events."},
		{.verb = "GET",
		 .path = "/v1/door",
		 .operation = "Door.Get",
		 .serve = door_serve,
		 .context = of->door,
		 .summary = "Where the ZeroMQ door is, and its public key."},
		{.verb = "GET",
		 .path = "/v1/persons/{personId}/export",
		 .operation = "Persons.Export",
		 .serve = subject_serve,
		 .context = of->upstreams,
		 .reads_query = true,
		 .summary = "Everything that is held of a person, as JSON or as a page."},
		{.verb = "GET",
		 .path = "/livez",
		 .operation = "Gateway.Livez",
		 .serve = livez_serve,
		 .summary = "Whether the gateway is alive."},
		{.verb = "GET",
		 .path = "/readyz",
		 .operation = "Gateway.Readyz",
		 .serve = readyz_serve,
		 .context = of->health,
		 .summary = "Whether all services are ready."},
		{.verb = "GET",
		 .path = "/metrics",
		 .operation = "Gateway.Metrics",
		 .serve = metrics_serve,
		 .context = of->health,
		 .summary = "Numbers in the Prometheus text format."},
		{.verb = "GET",
		 .path = "/openapi.json",
		 .operation = "Gateway.OpenApi",
		 .serve = openapi_serve,
		 .context = of->health,
		 .shared = true,
		 .summary = "This document."},
	};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		http_add(http, &own[i]);
}

static void
rosters_add(struct http *http, const struct endpoints_of *of)
{
	const struct endpoint own[] = {
		{.verb = "POST",
		 .path = "/v1/rosters",
		 .operation = "Rosters.Upload",
		 .sink = &roster_upload_sink,
		 .context = of->upstreams[SERVICE_ENROLLMENT],
		 .reads_query = true,
		 .summary =
			 "Takes a roster, CSV or NDJSON of any size, as it comes; the answer comes after the commit."},
		{.verb = "GET",
		 .path = "/v1/rosters/{rosterId}/errors.csv",
		 .operation = "Rosters.ErrorsCsv",
		 .serve = roster_report_serve,
		 .context = of->upstreams[SERVICE_ENROLLMENT],
		 .reads_query = true,
		 .summary = "What was wrong with a roster's rows, for a spreadsheet."},
		{.verb = "GET",
		 .path = "/v1/rosters/template.csv",
		 .operation = "Rosters.TemplateCsv",
		 .serve = roster_template_serve,
		 .reads_query = true,
		 .shared = true,
		 .summary = "An empty roster with its header and an example row."},
	};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		http_add(http, &own[i]);
}

/* What is asked of the certificate service in a shape of its own. */
static void
certificates_add(struct http *http, const struct endpoints_of *of)
{
	const struct endpoint own[] = {
		{.verb = "GET",
		 .path = "/issuers/{authorityId}/did.json",
		 .operation = "Issuers.DidDocument",
		 .serve = did_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .shared = true,
		 .summary = "An institution's keys as its DID document."},
		{.verb = "GET",
		 .path = "/.well-known/did.json",
		 .operation = "Gateway.DidDocument",
		 .serve = did_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .shared = true,
		 .summary = "The deployment's DID document, with the key of the transparency log."},
		{.verb = "GET",
		 .path = "/v1/status-lists/{authority}/{number}/{purpose}",
		 .operation = "StatusLists.Credential",
		 .serve = status_list_serve,
		 .context = of->status_lists,
		 .shared = true,
		 .summary = "A signed status list, for revocation or suspension."},
		{.verb = "GET",
		 .path = "/v1/log/checkpoint",
		 .operation = "Log.CheckpointText",
		 .serve = checkpoint_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .shared = true,
		 .summary = "The transparency log's signed checkpoint."},
		{.verb = "GET",
		 .path = "/v1/certificates/{certificateId}/certificate.pdf",
		 .operation = "Certificates.Pdf",
		 .serve = certificate_paper_serve,
		 .context = of->verifying,
		 .reads_query = true,
		 .shared = true,
		 .summary = "A certificate as PDF, with its credential inside."},
		{.verb = "GET",
		 .path = "/v1/persons/{personId}/passport.pdf",
		 .operation = "Passports.Pdf",
		 .serve = passport_paper_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .reads_query = true,
		 .summary = "A person's training passport as PDF."},
		{.verb = "GET",
		 .path = "/v1/authorities/{authority}/register/{year}/register.csv",
		 .operation = "Registers.Csv",
		 .serve = register_csv_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .reads_query = true,
		 .summary = "An institution's register of a year, for a spreadsheet."},
		{.verb = "POST",
		 .path = "/v1/authorities/{authority}/paper-certificates.csv",
		 .operation = "PaperCertificates.Csv",
		 .serve = paper_csv_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .body_bytes_max = PAPER_LIST_BYTES_MAX,
		 .summary = "Records older paper certificates from a spreadsheet; each row has its outcome."},
		{.verb = "POST",
		 .path = "/v1/certificates:verify-list",
		 .operation = "Verifications.ListCsv",
		 .serve = verify_csv_serve,
		 .context = of->upstreams[SERVICE_CERTIFICATE],
		 .body_bytes_max = REQUEST_BYTES_MAX,
		 .summary = "Checks up to 1,000 certificates of a spreadsheet."},
	};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		http_add(http, &own[i]);
}

/* For people; not in openapi.json. */
static void
pages_add(struct http *http, const struct endpoints_of *of)
{
	const struct endpoint pages[] = {
		{.verb = "GET", .path = "/", .serve = home_serve},
		{.verb = "GET", .path = "/dashboard", .serve = dashboard_serve},
		{.verb = "GET", .path = "/rosters", .serve = roster_page_serve},
		{.verb = "GET", .path = "/verify", .serve = verify_page_serve},
		{.verb = "GET", .path = "/v/{code}", .serve = verify_code_serve, .context = of->verifying},
	};
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct endpoint page = pages[i];
		page.is_page = true;
		http_add(http, &page);
	}
}

void
endpoints_add(struct http *http, const struct endpoints_of *of)
{
	rules_add(http, of);
	own_add(http, of);
	rosters_add(http, of);
	certificates_add(http, of);
	pages_add(http, of);
}
