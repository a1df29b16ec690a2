/* services/gateway/gateway.c
 *
 * One loop, one thread. Before the loop sleeps, the HTTP server works off what is
 * ready and the calls gathered in this pass leave, one frame a service.
 *
 * SIGTERM: no new connections, streams end, what is being answered is finished within
 * ten seconds, then all ends. */
#include "services/gateway/gateway.h"

#include "common/base/date.h"
#include "common/base/fatal.h"
#include "common/base/log.h"
#include "common/host/keys.h"
#include "services/gateway/endpoints.h"
#include "services/gateway/openapi.h"
#include "services/gateway/options.h"
#include "services/gateway/status_lists.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { LOG_BYTES = 2048, DRAIN_LOOK_MS = 20, LAST_RUNS = 8 };

struct gateway {
	uv_loop_t loop;
	struct options options;
	struct bus *bus;
	struct upstream *upstreams[SERVICES];
	struct http *http;
	struct door *door;
	struct streams *streams;
	struct tails *tails;
	struct status_lists *status_lists;
	struct health health;
	struct verifying verifying;
	struct arena arena;
	uv_prepare_t prepare;
	uv_signal_t terminate;
	uv_signal_t interrupt;
	uv_timer_t drain;
	uint64_t drain_until_ms;
};

static void
say(const char *event, const char *key, const char *value)
{
	struct buf line;
	uv_timeval64_t now = {0, 0};
	uv_gettimeofday(&now);
	buf_init(&line, LOG_BYTES);
	log_begin(&line, now.tv_sec * SECOND_US + now.tv_usec, "info", event);
	if (key != NULL)
		log_text(&line, key, value);
	fprintf(stderr, "%.*s\n", (int)line.size, (const char *)line.data);
	buf_free(&line);
}

static void
on_prepare(uv_prepare_t *prepare)
{
	struct gateway *gateway = prepare->data;
	http_run(gateway->http);
	for (int i = 0; i < SERVICES; i++)
		upstream_flush(gateway->upstreams[i]);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void
gateway_close(struct gateway *gateway)
{
	for (int i = 0; i < SERVICES; i++)
		upstream_give_up(gateway->upstreams[i]);
	for (int i = 0; i < LAST_RUNS; i++) {
		http_wake(gateway->http);
		http_run(gateway->http); /* wakes every connection that is suspended: none may be at the end */
	}
	http_close(gateway->http);
	streams_close(gateway->streams);
	tails_close(gateway->tails);
	status_lists_close(gateway->status_lists);
	door_close(gateway->door);
	for (int i = 0; i < SERVICES; i++)
		upstream_close(gateway->upstreams[i]);
	bus_free(gateway->bus);
	uv_close((uv_handle_t *)&gateway->prepare, NULL);
	uv_close((uv_handle_t *)&gateway->terminate, NULL);
	uv_close((uv_handle_t *)&gateway->interrupt, NULL);
	uv_close((uv_handle_t *)&gateway->drain, NULL);
}

static void
on_drain(uv_timer_t *timer)
{
	struct gateway *gateway = timer->data;
	bool busy = http_counters(gateway->http).in_flight > 0;
	busy = busy || (gateway->door != NULL && door_counters(gateway->door).in_flight > 0);
	if (busy && uv_now(&gateway->loop) < gateway->drain_until_ms)
		return;
	uv_timer_stop(timer);
	say("ended", "busy", busy ? "yes" : "no");
	gateway_close(gateway);
}

static void
on_signal(uv_signal_t *handle, int signal_number)
{
	struct gateway *gateway = handle->data;
	(void)signal_number;
	if (gateway->health.draining)
		return;
	say("draining", NULL, NULL);
	gateway->health.draining = true;
	http_stop_accepting(gateway->http);
	streams_end(gateway->streams);
	tails_end(gateway->tails);
	door_stop(gateway->door);
	gateway->drain_until_ms = uv_now(&gateway->loop) + DRAIN_MS;
	uv_timer_start(&gateway->drain, on_drain, DRAIN_LOOK_MS, DRAIN_LOOK_MS);
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static bool
is_tcp(const char *endpoint)
{
	return strncmp(endpoint, "tcp://", 6) == 0;
}

static bool
upstreams_start(struct gateway *gateway, struct host_error *error)
{
	const struct options *options = &gateway->options;
	for (int i = 0; i < SERVICES; i++) {
		struct seal_key key;
		struct curve curve = {.allow = NULL};
		const char *name = service_name((enum service)i);
		const char *endpoint = options->peers[i];
		if (!keys_load_sending(options->keys, "gateway", name, &key, error))
			return false;
		if (is_tcp(endpoint) && (!keys_load_curve(options->keys, "gateway", &curve.own, error) ||
					 !keys_load_curve_public(options->keys, name, curve.server_text, error)))
			return false;
		gateway->upstreams[i] = upstream_open(&gateway->loop, gateway->bus, (enum service)i, endpoint,
						      is_tcp(endpoint) ? &curve : NULL, &key, error);
		sodium_memzero(&key, sizeof(key));
		if (gateway->upstreams[i] == NULL)
			return false;
	}
	return true;
}

static bool
door_start(struct gateway *gateway, struct host_error *error)
{
	struct curve_pair pair;
	if (gateway->options.door[0] == '\0')
		return true;
	if (!keys_load_curve(gateway->options.keys, "door", &pair, error))
		return false;
	gateway->door = door_open(&gateway->loop, gateway->bus, gateway->options.door, &pair,
				  gateway->upstreams[SERVICE_ENROLLMENT], error);
	sodium_memzero(&pair, sizeof(pair));
	return gateway->door != NULL;
}

static bool
pid_write(const struct options *options, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char text[16];
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (!folder_make(options->home, error))
		return false;
	if (!path_format(path, "%s/pid", options->home))
		return host_error_set(error, "path of the data folder is too long");
	return file_replace(path, text, 0644, error);
}

static void
handles_start(struct gateway *gateway)
{
	uv_prepare_init(&gateway->loop, &gateway->prepare);
	uv_signal_init(&gateway->loop, &gateway->terminate);
	uv_signal_init(&gateway->loop, &gateway->interrupt);
	uv_timer_init(&gateway->loop, &gateway->drain);
	gateway->prepare.data = gateway;
	gateway->terminate.data = gateway;
	gateway->interrupt.data = gateway;
	gateway->drain.data = gateway;
	/* Started after the bus's own, so it runs before it: what is sent here, the bus looks at after. */
	uv_prepare_start(&gateway->prepare, on_prepare);
	uv_signal_start(&gateway->terminate, on_signal, SIGTERM);
	uv_signal_start(&gateway->interrupt, on_signal, SIGINT);
}

static bool
gateway_start(struct gateway *gateway, struct host_error *error)
{
	size_t count;
	gateway->bus = bus_new(&gateway->loop);
	if (!upstreams_start(gateway, error) || !door_start(gateway, error))
		return false;
	gateway->http = http_open(&gateway->loop, (const struct sockaddr *)&gateway->options.address, error);
	if (gateway->http == NULL)
		return false;
	gateway->streams = streams_open(&gateway->loop, gateway->upstreams);
	gateway->tails = tails_open(gateway->upstreams);
	gateway->status_lists = status_lists_open(gateway->upstreams[SERVICE_CERTIFICATE]);
	gateway->health.upstreams = gateway->upstreams;
	gateway->health.http = gateway->http;
	gateway->health.door = gateway->door;
	gateway->health.streams = gateway->streams;
	gateway->verifying = (struct verifying){
		.upstream = gateway->upstreams[SERVICE_CERTIFICATE],
		.visitors = visitors_new(&gateway->arena, gateway->options.behind_proxy),
	};
	struct endpoints_of of = {
		.upstreams = gateway->upstreams,
		.door = gateway->door,
		.streams = gateway->streams,
		.tails = gateway->tails,
		.status_lists = gateway->status_lists,
		.health = &gateway->health,
		.verifying = &gateway->verifying,
	};
	endpoints_add(gateway->http, &of);
	const struct endpoint *endpoints = http_endpoints(gateway->http, &count);
	gateway->health.openapi = openapi_make(&gateway->arena, endpoints, count);
	handles_start(gateway);
	return pid_write(&gateway->options, error);
}

int
gateway_main(int argc, char **argv)
{
	static struct gateway gateway; /* large, and there is one */
	struct host_error error = {.text = ""};
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0)
		fatal("libsodium cannot start");
	if (!options_read(argc, argv, &gateway.options, &error)) {
		fprintf(stderr, "matricula-gateway: %s\n", error.text);
		return 2;
	}
	arena_init(&gateway.arena, 64 << 10, 0);
	uv_loop_init(&gateway.loop);
	if (!gateway_start(&gateway, &error)) {
		fprintf(stderr, "matricula-gateway: %s\n", error.text);
		return 1;
	}
	say("listening", "http", gateway.options.http);
	uv_run(&gateway.loop, UV_RUN_DEFAULT);
	uv_loop_close(&gateway.loop);
	arena_free(&gateway.arena);
	return 0;
}
