/* services/ctl/status.c
 *
 * How the four nodes are doing, asked twice with a pause in between, so that rates are of
 * now and not of the time since the start. */
#include "services/ctl/link.h"

#include "common/host/probe.h"
#include "common/wire/pb_json.h"

#include "matricula/issuer.pb-c.h"
#include "matricula/node.pb-c.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { NODES_MAX = 8, ASK_MS = 3000, JSON_BYTES_MAX = 1 << 20, INTERVAL_S_MAX = 3600 };

struct node_seen {
	bool there;
	struct link link;
	const Mt__NodeStatus *first;
	int64_t first_us;
	const Mt__NodeStatus *now;
	double seconds;
};

static const Mt__NodeStatus *
status_ask(struct link *link)
{
	Mt__StatusRequest request = MT__STATUS_REQUEST__INIT;
	return (const Mt__NodeStatus *)link_call(
		link, &(struct link_ask){.method = "Node.Status", .timeout_ms = ASK_MS}, &request.base);
}

static double
per_second(const struct node_seen *seen, uint64_t first, uint64_t now)
{
	return seen->seconds > 0 && now >= first ? (double)(now - first) / seen->seconds : 0;
}

static void
print_feeds(const Mt__NodeStatus *status)
{
	for (size_t i = 0; i < status->n_feeds; i++) {
		const Mt__FeedStatus *feed = status->feeds[i];
		unsigned long long lag = feed->head_seq > feed->seq ? feed->head_seq - feed->seq : 0;
		printf("  %s %s at %llu", feed->producer, feed->state, (unsigned long long)feed->seq);
		if (lag > 0)
			printf(", %llu behind", lag);
		if (feed->reason[0] != '\0')
			printf(": %s", feed->reason);
		printf("\n");
	}
	if (status->refused_reactions > 0)
		printf("  %llu refused reactions, see Node.ListRefused\n",
		       (unsigned long long)status->refused_reactions);
}

/* What the certificate service names in credentials; nothing before there are authorities. */
static void
print_issuer(struct link *link)
{
	Mt__ListKeysRequest request = MT__LIST_KEYS_REQUEST__INIT;
	const Mt__Reply *reply =
		link_ask(link, &(struct link_ask){.method = "Issuers.ListKeys", .timeout_ms = ASK_MS}, &request.base);
	if (reply == NULL || reply->status != MT__STATUS__OK)
		return;
	Mt__ListKeysReply *keys = mt__list_keys_reply__unpack(NULL, reply->reply.len, reply->reply.data);
	if (keys == NULL)
		return;
	if (keys->trial)
		printf("  on trial: everything it issues is a SPECIMEN, until it is started with --public-url\n");
	else
		printf("  issues as %s\n", keys->url);
	mt__list_keys_reply__free_unpacked(keys, NULL);
}

static void
print_node(struct node_seen *seen, const char *name)
{
	const Mt__NodeStatus *status = seen->now;
	if (status == NULL) {
		printf("%-13s away\n", name);
		return;
	}
	printf("%-13s %-6s %10llu %10llu %8.0f %8.0f %7.1f %7.1f %7.1f %6llu\n", name, status->ready ? "ready" : "busy",
	       (unsigned long long)status->seq, (unsigned long long)status->durable_seq,
	       per_second(seen, seen->first->calls, status->calls), per_second(seen, seen->first->facts, status->facts),
	       status->n_latency_us > 0 ? (double)status->latency_us[0] / 1000 : 0,
	       status->n_latency_us > 1 ? (double)status->latency_us[1] / 1000 : 0,
	       status->n_latency_us > 2 ? (double)status->latency_us[2] / 1000 : 0,
	       (unsigned long long)(status->memory_bytes >> 20));
	print_feeds(status);
	if (strcmp(name, "certificate") == 0)
		print_issuer(&seen->link);
}

static bool
print_json(const Mt__NodeStatus *status, const char *name, bool first)
{
	struct buf json;
	buf_init(&json, JSON_BYTES_MAX);
	buf_format(&json, "%s\"%s\":", first ? "{" : ",\n ", name);
	if (status == NULL)
		buf_text(&json, "null");
	else
		pb_to_json(&json, &status->base);
	fwrite(json.data, 1, json.size, stdout);
	buf_free(&json);
	return status != NULL;
}

static void
ask_all(const struct args *args, struct node_seen seen[NODES_MAX], bool again)
{
	for (size_t i = 0; service_modules[i] != NULL; i++) {
		const char *name = service_modules[i]->name;
		if (!again)
			seen[i].there = link_is_there(args, name) && link_open(&seen[i].link, args, name);
		if (!seen[i].there)
			continue;
		int64_t now_us = probe_monotonic_us();
		seen[i].now = status_ask(&seen[i].link);
		seen[i].seconds = (double)(now_us - seen[i].first_us) / 1e6;
		if (again)
			continue;
		seen[i].first = seen[i].now;
		seen[i].first_us = now_us;
	}
}

int
command_status(const struct args *args)
{
	static struct node_seen seen[NODES_MAX];
	bool json = args_has(args, "json");
	long long seconds;
	bool all = true;
	if (!args_number(args, "interval", 0, INTERVAL_S_MAX, json ? 0 : 1, &seconds))
		return EXIT_USED_WRONGLY;
	ask_all(args, seen, false);
	if (seconds > 0) {
		poll(NULL, 0, (int)seconds * 1000);
		ask_all(args, seen, true);
	}
	if (!json)
		printf("%-13s %-6s %10s %10s %8s %8s %7s %7s %7s %6s\n", "service", "state", "head", "durable",
		       "calls/s", "facts/s", "p50 ms", "p99 ms", "max ms", "MiB");
	for (size_t i = 0; service_modules[i] != NULL; i++) {
		if (json)
			print_json(seen[i].now, service_modules[i]->name, i == 0);
		else
			print_node(&seen[i], service_modules[i]->name);
		all = all && seen[i].now != NULL;
		if (seen[i].there)
			link_close(&seen[i].link);
	}
	if (json)
		printf("}\n");
	return all ? EXIT_DONE : EXIT_FAILED;
}
