/* services/gateway/metrics.c
 *
 * GET /metrics in the Prometheus text format 0.0.4: the gateway's own numbers, and
 * those of each service as its last Node.Status told. No label holds personal data. */
#include "services/gateway/health.h"
#include "services/gateway/outlet.h"

static void
help(struct buf *body, const char *name, const char *type, const char *text)
{
	buf_format(body, "# HELP %s %s\n# TYPE %s %s\n", name, text, name, type);
}

static void
single(struct buf *body, const char *name, const char *type, const char *text, uint64_t value)
{
	help(body, name, type, text);
	buf_format(body, "%s %llu\n", name, (unsigned long long)value);
}

/* --- the services ------------------------------------------------------------------------------------------------ */

static void
status_write(struct buf *body, const struct health *health, const char *name, const char *type, const char *text,
	     size_t offset)
{
	help(body, name, type, text);
	for (int i = 0; i < SERVICES; i++) {
		const Mt__NodeStatus *status = upstream_status(health->upstreams[i]);
		uint64_t value;
		if (status == NULL)
			continue;
		memcpy(&value, (const char *)status + offset, sizeof(value));
		buf_format(body, "%s{service=\"%s\"} %llu\n", name, upstream_name(health->upstreams[i]),
			   (unsigned long long)value);
	}
}

static void
statuses_write(struct buf *body, const struct health *health)
{
	static const struct {
		const char *name;
		const char *type;
		const char *text;
		size_t offset;
	} rows[] = {
		{"matricula_calls_total", "counter", "Calls handled.", offsetof(Mt__NodeStatus, calls)},
		{"matricula_refusals_total", "counter", "Calls refused.", offsetof(Mt__NodeStatus, refusals)},
		{"matricula_overloads_total", "counter", "Calls refused for want of room.",
		 offsetof(Mt__NodeStatus, overloads)},
		{"matricula_facts_total", "counter", "Facts applied.", offsetof(Mt__NodeStatus, facts)},
		{"matricula_rows_written_total", "counter", "State rows written.",
		 offsetof(Mt__NodeStatus, rows_written)},
		{"matricula_timers_fired_total", "counter", "Timers fired.", offsetof(Mt__NodeStatus, timers_fired)},
		{"matricula_journal_seq", "gauge", "Last journal entry.", offsetof(Mt__NodeStatus, seq)},
		{"matricula_journal_durable_seq", "gauge", "Last durable journal entry.",
		 offsetof(Mt__NodeStatus, durable_seq)},
		{"matricula_state_flushed_seq", "gauge", "Journal entry the state on disk stands for.",
		 offsetof(Mt__NodeStatus, flushed_seq)},
		{"matricula_journal_bytes_total", "counter", "Journal bytes appended.",
		 offsetof(Mt__NodeStatus, journal_bytes)},
		{"matricula_commits_total", "counter", "Journal commits.", offsetof(Mt__NodeStatus, commits)},
		{"matricula_flushes_total", "counter", "State flushes.", offsetof(Mt__NodeStatus, flushes)},
		{"matricula_queue_bytes", "gauge", "Calls waiting to be decided.",
		 offsetof(Mt__NodeStatus, queue_bytes)},
		{"matricula_memtable_bytes", "gauge", "Memtable size.", offsetof(Mt__NodeStatus, memtable_bytes)},
		{"matricula_memory_bytes", "gauge", "Private memory.", offsetof(Mt__NodeStatus, memory_bytes)},
		{"matricula_space_free_bytes", "gauge", "Disk space left.", offsetof(Mt__NodeStatus, space_free_bytes)},
		{"matricula_parked_calls", "gauge", "Long polls held.", offsetof(Mt__NodeStatus, parked_calls)},
		{"matricula_refused_reactions", "gauge", "Refused reactions, unsettled.",
		 offsetof(Mt__NodeStatus, refused_reactions)},
	};
	help(body, "matricula_ready", "gauge", "Whether the service answers and is ready.");
	for (int i = 0; i < SERVICES; i++) {
		const Mt__NodeStatus *status = upstream_status(health->upstreams[i]);
		buf_format(body, "matricula_ready{service=\"%s\"} %d\n", upstream_name(health->upstreams[i]),
			   status != NULL && status->ready ? 1 : 0);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		status_write(body, health, rows[i].name, rows[i].type, rows[i].text, rows[i].offset);
}

static void
latencies_write(struct buf *body, const struct health *health)
{
	static const char *const quantiles[] = {"0.5", "0.99", "1"};
	help(body, "matricula_call_latency_microseconds", "gauge", "Receipt of a call to its durable reply.");
	for (int i = 0; i < SERVICES; i++) {
		const Mt__NodeStatus *status = upstream_status(health->upstreams[i]);
		for (size_t j = 0; status != NULL && j < status->n_latency_us && j < 3; j++)
			buf_format(body, "matricula_call_latency_microseconds{service=\"%s\",quantile=\"%s\"} %llu\n",
				   upstream_name(health->upstreams[i]), quantiles[j],
				   (unsigned long long)status->latency_us[j]);
	}
}

static void
feeds_write(struct buf *body, const struct health *health)
{
	help(body, "matricula_feed_lag_entries", "gauge", "Entries of the producer not followed yet.");
	for (int i = 0; i < SERVICES; i++) {
		const Mt__NodeStatus *status = upstream_status(health->upstreams[i]);
		for (size_t j = 0; status != NULL && j < status->n_feeds; j++) {
			const Mt__FeedStatus *feed = status->feeds[j];
			uint64_t lag = feed->head_seq > feed->seq ? feed->head_seq - feed->seq : 0;
			buf_format(body,
				   "matricula_feed_lag_entries{service=\"%s\",producer=\"%s\",state=\"%s\"} %llu\n",
				   upstream_name(health->upstreams[i]), feed->producer, feed->state,
				   (unsigned long long)lag);
		}
	}
}

/* --- the gateway ------------------------------------------------------------------------------------------------- */

static void
endpoint_write(struct buf *body, const struct endpoint *endpoint)
{
	static const char name[] = "matricula_http_request_duration_seconds";
	uint64_t sum = 0;
	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		sum += endpoint->buckets[i];
		buf_format(body, "%s_bucket{verb=\"%s\",route=\"%s\",le=\"", name, endpoint->verb, endpoint->path);
		if (i < LATENCY_BUCKETS - 1)
			buf_format(body, "%g\"} %llu\n", (double)latency_bounds_us[i] / 1e6, (unsigned long long)sum);
		else
			buf_format(body, "+Inf\"} %llu\n", (unsigned long long)sum);
	}
	buf_format(body, "%s_sum{verb=\"%s\",route=\"%s\"} %.6f\n", name, endpoint->verb, endpoint->path,
		   (double)endpoint->latency_sum_us / 1e6);
	buf_format(body, "%s_count{verb=\"%s\",route=\"%s\"} %llu\n", name, endpoint->verb, endpoint->path,
		   (unsigned long long)sum);
}

static void
endpoints_write(struct buf *body, const struct http *http)
{
	size_t count;
	const struct endpoint *endpoints = http_endpoints(http, &count);
	help(body, "matricula_http_requests_total", "counter", "Answers by route and class of status.");
	for (size_t i = 0; i < count; i++) {
		for (unsigned digit = 1; digit < 6; digit++) {
			if (endpoints[i].answers[digit] == 0)
				continue;
			buf_format(body,
				   "matricula_http_requests_total{verb=\"%s\",route=\"%s\",status=\"%uxx\"} %llu\n",
				   endpoints[i].verb, endpoints[i].path, digit,
				   (unsigned long long)endpoints[i].answers[digit]);
		}
	}
	help(body, "matricula_http_request_duration_seconds", "histogram", "Header read to answer sent.");
	for (size_t i = 0; i < count; i++) {
		if (endpoints[i].latency_sum_us > 0)
			endpoint_write(body, &endpoints[i]);
	}
}

static void
server_write(struct buf *body, const struct health *health)
{
	struct http_counters http = http_counters(health->http);
	single(body, "matricula_http_connections", "gauge", "Open connections.", http.connections);
	single(body, "matricula_http_connections_total", "counter", "Connections accepted.", http.accepted);
	single(body, "matricula_http_in_flight", "gauge", "Requests being answered.", http.in_flight);
	single(body, "matricula_http_bodies_bytes", "gauge", "Bodies held.", http.bodies_bytes);
	single(body, "matricula_http_slow_total", "counter", "Connections ended for being too slow.", http.slow_ended);
	single(body, "matricula_http_refused_total", "counter", "Requests refused by their header.", http.refused);
	single(body, "matricula_streams", "gauge", "Live streams.", outlets_open());
	single(body, "matricula_streams_cut_total", "counter", "Streams cut off for reading too slowly.",
	       outlets_cut());
	single(body, "matricula_stream_feeds", "gauge", "Different questions that streams ask.",
	       streams_feeds(health->streams));
}

static void
upstreams_write(struct buf *body, const struct health *health)
{
	static const char *const names[] = {"sent", "frames",    "refused", "timeouts",         "lost",
					    "late", "malformed", "dropped", "safety_found_work"};
	help(body, "matricula_upstream_total", "counter", "Calls to a service and what became of them.");
	for (int i = 0; i < SERVICES; i++) {
		struct upstream_counters counters = upstream_counters(health->upstreams[i]);
		struct bus_counters bus = upstream_bus_counters(health->upstreams[i]);
		const uint64_t values[] = {counters.calls,     counters.frames, counters.refused,
					   counters.timeouts,  counters.lost,   counters.late,
					   counters.malformed, bus.dropped,     bus.safety_found_work};
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			buf_format(body, "matricula_upstream_total{service=\"%s\",what=\"%s\"} %llu\n",
				   upstream_name(health->upstreams[i]), names[j], (unsigned long long)values[j]);
	}
	help(body, "matricula_upstream_in_flight", "gauge", "Calls without an answer yet.");
	for (int i = 0; i < SERVICES; i++)
		buf_format(body, "matricula_upstream_in_flight{service=\"%s\"} %zu\n",
			   upstream_name(health->upstreams[i]), upstream_in_flight(health->upstreams[i]));
}

static void
door_write(struct buf *body, const struct door *door)
{
	if (door == NULL)
		return;
	struct door_counters counters = door_counters(door);
	struct bus_counters bus = door_bus_counters(door);
	single(body, "matricula_door_frames_total", "counter", "Frames that came in by the door.", counters.frames);
	single(body, "matricula_door_calls_total", "counter", "Calls passed on from the door.", counters.calls);
	single(body, "matricula_door_refused_total", "counter", "Frames refused.", counters.refused);
	single(body, "matricula_door_denied_total", "counter", "Handshakes and messages of keys not registered.",
	       bus.denied);
	single(body, "matricula_door_dropped_total", "counter", "Replies nobody took.", bus.dropped);
	single(body, "matricula_door_safety_found_work_total", "counter", "Arrivals only the safety timer saw.",
	       bus.safety_found_work);
	single(body, "matricula_door_keys", "gauge", "Registered keys.", counters.keys);
	single(body, "matricula_door_in_flight", "gauge", "Frames without an answer yet.", counters.in_flight);
}

void
metrics_serve(struct request *request, void *context)
{
	const struct health *health = context;
	struct buf body;
	buf_init(&body, RESPONSE_BYTES_MAX);
	statuses_write(&body, health);
	latencies_write(&body, health);
	feeds_write(&body, health);
	server_write(&body, health);
	upstreams_write(&body, health);
	door_write(&body, health->door);
	endpoints_write(&body, health->http);
	request_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}
