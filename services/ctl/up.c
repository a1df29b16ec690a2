/* services/ctl/up.c
 *
 * All five servers on one machine, under one process that is told apart from them by
 * holding DIR/lock. A service that --peer says is elsewhere is not started here.
 *
 * The gateway ends first, and alone: what it is answering still needs the others.
 *
 * Promises: whoever starts a second one on the same data is refused by name of the first;
 * every server ends with us, drained if it can within 15 seconds; the exit code of an
 * ordered end is 0. A server that crashes is started again for ever; one that was used
 * wrongly (2), or refuses (1) before all were ready once, ends us with its code. Standard
 * output holds one line when everything is ready. */
#include "services/ctl/child.h"
#include "services/ctl/ctl.h"
#include "services/ctl/ready.h"
#include "services/ctl/spawn.h"

#include "common/host/lock.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SERVERS = 5,
	DRAIN_MS_MAX = 15000,
	GATEWAY_DRAIN_MS_MAX = 10000, /* what is left is the others' */
	SETTLED_MS = 200,
	/* A supervisor that was killed leaves servers behind that drain for up to ten seconds and hold
	 * locks and ports as long: refusals until then are tried again. */
	HOPE_MS = 12000,
	MEMORY_MIB_DEFAULT = 256,
	MEMORY_MIB_MIN = 32, /* of one node */
	MEMORY_MIB_MAX = 1 << 20,
	OTHERS_SHARE = 4, /* enrollment takes the events of a nation; the others get this part of its budget */
};

static const char *const names[SERVERS] = {"enrollment", "assessment", "certificate", "notification", "gateway"};

struct up {
	const struct args *args;
	uv_loop_t loop;
	uv_signal_t terminate;
	uv_signal_t interrupt;
	uv_signal_t hangup;
	uv_timer_t limit;
	uv_timer_t gateway_limit;
	bool was_ready;
	bool stopping;
	struct ready ready;
	struct child children[SERVERS];
	size_t children_count;
	size_t stopped;
	int exit_code;
	uint64_t started_ms;
	char memory[2][24]; /* MiB, of enrollment and of each other node */
};

static bool
is_elsewhere(const struct args *args, const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < args->options_count; i++) {
		const struct option *option = &args->options[i];
		if (strcmp(option->name, "peer") == 0 && strncmp(option->value, name, size) == 0 &&
		    option->value[size] == '=')
			return true;
	}
	return false;
}

static bool
is_gateway(const struct child *child)
{
	return strcmp(child->name, "gateway") == 0;
}

static void
add_option(struct child *child, const char *option, const char *value)
{
	child_add_argument(child, option);
	child_add_argument(child, value);
}

static bool
read_memory(struct up *up)
{
	long long mib;
	if (!args_number(up->args, "memory", MEMORY_MIB_MIN, MEMORY_MIB_MAX, MEMORY_MIB_DEFAULT, &mib))
		return false;
	long long others = mib / OTHERS_SHARE < MEMORY_MIB_MIN ? MEMORY_MIB_MIN : mib / OTHERS_SHARE;
	snprintf(up->memory[0], sizeof(up->memory[0]), "%lld", mib);
	snprintf(up->memory[1], sizeof(up->memory[1]), "%lld", others);
	return true;
}

/* Which of our options a server is told; --peer goes to all. */
static void
add_options(const struct up *up, struct child *child)
{
	bool gateway = is_gateway(child);
	bool courier = strcmp(child->name, "notification") == 0;
	add_option(child, "--data", args_data(up->args));
	if (!gateway)
		add_option(child, "--memory", up->memory[strcmp(child->name, "enrollment") == 0 ? 0 : 1]);
	for (size_t i = 0; i < up->args->options_count; i++) {
		const struct option *option = &up->args->options[i];
		if (strcmp(option->name, "peer") == 0)
			add_option(child, "--peer", option->value);
		else if (strcmp(option->name, "zone") == 0 && !gateway)
			add_option(child, "--zone", option->value);
		else if (strcmp(option->name, "public-url") == 0 && strcmp(child->name, "certificate") == 0)
			add_option(child, "--public-url", option->value);
		else if (strcmp(option->name, "smtp") == 0 && courier)
			add_option(child, "--smtp", option->value);
		else if (strcmp(option->name, "http") == 0 && gateway)
			add_option(child, "--http", option->value);
		else if (strcmp(option->name, "door") == 0 && gateway)
			add_option(child, "--door", option->value);
		else if (strcmp(option->name, "behind-proxy") == 0 && gateway)
			child_add_argument(child, "--behind-proxy");
	}
}

static void
up_close(struct up *up)
{
	ready_stop(&up->ready);
	for (size_t i = 0; i < up->children_count; i++)
		child_close(&up->children[i]);
	uv_close((uv_handle_t *)&up->terminate, NULL);
	uv_close((uv_handle_t *)&up->interrupt, NULL);
	uv_close((uv_handle_t *)&up->hangup, NULL);
	uv_close((uv_handle_t *)&up->limit, NULL);
	uv_close((uv_handle_t *)&up->gateway_limit, NULL);
}

static void
stop_others(struct up *up)
{
	for (size_t i = 0; i < up->children_count; i++) {
		if (!is_gateway(&up->children[i]))
			child_stop(&up->children[i]);
	}
}

static void
on_gateway_limit(uv_timer_t *timer)
{
	stop_others(timer->data);
}

static void
on_limit(uv_timer_t *timer)
{
	struct up *up = timer->data;
	for (size_t i = 0; i < up->children_count; i++)
		child_kill(&up->children[i]);
}

/* The timers first: with the last server everything is closed, and that may be at once. */
static void
up_stop(struct up *up)
{
	struct child *last = &up->children[up->children_count - 1];
	up->stopping = true;
	say("draining");
	uv_timer_start(&up->limit, on_limit, DRAIN_MS_MAX, 0);
	uv_timer_start(&up->gateway_limit, on_gateway_limit, GATEWAY_DRAIN_MS_MAX, 0);
	if (is_gateway(last) && !last->stopping)
		child_stop(last);
	else
		stop_others(up);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct up *up = handle->data;
	(void)number;
	if (!up->stopping)
		up_stop(up);
}

static void
on_stopped(struct child *child)
{
	struct up *up = child->context;
	if (++up->stopped == up->children_count) {
		say("all servers have ended");
		up_close(up);
		return;
	}
	if (!up->stopping)
		up_stop(up);
	else if (is_gateway(child))
		stop_others(up);
}

static bool
is_hopeless(const struct child *child, int64_t exit_code)
{
	struct up *up = child->context;
	bool wrongly = exit_code == EXIT_USED_WRONGLY;
	bool early = uv_now(&up->loop) - up->started_ms < HOPE_MS;
	if (!wrongly && (exit_code != EXIT_FAILED || up->was_ready || early))
		return false;
	if (!up->stopping) {
		say("%s %s, as it says above; it is not started again", child->name,
		    wrongly ? "was used wrongly" : "refuses to start");
		up->exit_code = (int)exit_code;
	}
	return true;
}

/* A gateway that cannot bind ends within moments; whoever answered in its place was somebody else. */
static bool
is_ours(const struct up *up)
{
	for (size_t i = 0; i < up->children_count; i++) {
		const struct child *child = &up->children[i];
		if (!child->running || uv_now(&up->loop) - child->started_ms < SETTLED_MS)
			return false;
	}
	return true;
}

static bool
on_ready(void *context)
{
	struct up *up = context;
	if (up->stopping || !is_ours(up))
		return false;
	up->was_ready = true;
	printf("ready http://%s door %s data %s pid %ld\n", args_get(up->args, "http", "127.0.0.1:8080"),
	       args_get(up->args, "door", "tcp://127.0.0.1:5570"), args_data(up->args), (long)getpid());
	fflush(stdout);
	return true;
}

static void
signal_catch(struct up *up, uv_signal_t *handle, int number)
{
	uv_signal_init(&up->loop, handle);
	handle->data = up;
	uv_signal_start(handle, on_signal, number);
}

static bool
up_open(struct up *up)
{
	uv_loop_init(&up->loop);
	up->started_ms = uv_now(&up->loop);
	for (int i = 0; i < SERVERS; i++) {
		struct child *child = &up->children[up->children_count];
		if (is_elsewhere(up->args, names[i]))
			continue;
		child->is_hopeless = is_hopeless;
		child->on_stopped = on_stopped;
		child->context = up;
		if (!child_init(child, &up->loop, args_data(up->args), names[i]))
			return false;
		add_options(up, child);
		up->children_count++;
	}
	if (!ready_start(&up->ready, &up->loop, args_get(up->args, "http", "127.0.0.1:8080"), on_ready, up)) {
		say("option --http: %s is not ADDRESS:PORT", args_get(up->args, "http", ""));
		return false;
	}
	signal_catch(up, &up->terminate, SIGTERM);
	signal_catch(up, &up->interrupt, SIGINT);
	signal_catch(up, &up->hangup, SIGHUP);
	uv_timer_init(&up->loop, &up->limit);
	up->limit.data = up;
	uv_timer_init(&up->loop, &up->gateway_limit);
	up->gateway_limit.data = up;
	return true;
}

int
command_up(const struct args *args)
{
	struct host_error error;
	if (!data_prepare(args_data(args)))
		return EXIT_FAILED;
	int lock = lock_take(args_data(args), 0, &error);
	if (lock < 0)
		return fail("%s", error.text);
	struct up *up = calloc(1, sizeof(*up));
	assert(up != NULL);
	up->args = args;
	/* A supervisor that was killed leaves servers that still drain; they hold ports and locks. */
	for (int i = 0; i < SERVERS; i++)
		server_await_end(args_data(args), names[i]);
	if (!read_memory(up) || !up_open(up))
		return EXIT_USED_WRONGLY;
	for (size_t i = 0; i < up->children_count; i++)
		child_start(&up->children[i]);
	uv_run(&up->loop, UV_RUN_DEFAULT);
	uv_loop_close(&up->loop);
	int exit_code = up->exit_code;
	free(up);
	lock_release(lock);
	return exit_code;
}
