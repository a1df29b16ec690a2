/* common/host/host.c
 *
 * The real world of one node: clock, disk, sockets and signals under one libuv loop.
 *
 * The node runs in an idle handle, a few milliseconds at a time, so that between two
 * turns the sockets are drained, commits end and timers fire. Whatever gives the
 * node something to do starts that handle; a turn that finds nothing more stops it.
 *
 * Order of starting: options, keys, lock, state, journal, peers, the socket for
 * callers, node_open. The node replays in its turns and refuses calls until it is
 * done; then a state that was rebuilt beside takes its place, and the log says ready. */
#include "common/host/host.h"

#include "common/base/fatal.h"
#include "common/base/log.h"
#include "common/host/host_inside.h"
#include "common/host/lock.h"
#include "common/host/rebuild.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	RUN_BUDGET_US = 1000, /* what comes in meanwhile waits as long */
	DRAIN_MS_MAX = 10000,
	LOCK_PATIENCE_MS = 2000, /* a predecessor that was killed may still be writing a flush */
	PROGRESS_EVERY_US = 1000 * 1000,
	LOG_LINE_BYTES_MAX = 4096,
	MMAP_FROM_BYTES = 256 << 10, /* a block of this size goes back to the system when it is freed */
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
};

/* --- the log ---------------------------------------------------------------------------------------------------- */

static void
say(const struct host *host, const char *level, const char *event, const char *key, const char *text)
{
	struct buf line;
	buf_init(&line, LOG_LINE_BYTES_MAX);
	log_begin(&line, probe_now_us(), level, event);
	log_text(&line, "service", host->module->name);
	if (host->node_is_open)
		log_number(&line, "seq", (int64_t)node_seq(host->node));
	if (key != NULL)
		log_text(&line, key, text);
	buf_byte(&line, '\n');
	fwrite(line.data, 1, line.size, stderr);
	buf_free(&line);
}

static int
say_refused(const struct host *host, const struct host_error *error, int exit_code)
{
	say(host, "error", "refused_to_start", "reason", error->text);
	return exit_code;
}

static void
say_stopped(const struct host *host)
{
	struct bus_counters counters = bus_counters(host->callers);
	char text[128];
	snprintf(text, sizeof(text), "received:%llu,sent:%llu,dropped:%llu,malformed:%llu,denied:%llu,safety:%llu",
		 (unsigned long long)counters.received, (unsigned long long)counters.sent,
		 (unsigned long long)counters.dropped, (unsigned long long)counters.malformed,
		 (unsigned long long)counters.denied, (unsigned long long)counters.safety_found_work);
	say(host, "info", "stopped", "frames", text);
}

/* --- turns of the node ------------------------------------------------------------------------------------------ */

/* The replay is done: what waited for it. */
static void
host_opened(struct host *host)
{
	struct host_error error;
	char state[PATH_BYTES_MAX];
	if (host->rebuilding) {
		if (!rebuild_finish(host->options.home, &error))
			fatal("%s", error.text);
		path_format(state, "%s/state", host->options.home);
		state_lmdb_moved(host->state, state);
	}
	host->node_is_open = true;
	say(host, "info", "ready", "listen", host->options.listen);
}

/* The first new entry of a restored journal is its new incarnation: only then is the mark done with. */
static void
host_forget_restore(struct host *host)
{
	struct host_error error;
	char mark[PATH_BYTES_MAX];
	if (node_durable_seq(host->node) <= host->head_at_start)
		return;
	path_format(mark, "%s/restored", host->options.home);
	if (unlink(mark) != 0 || !folder_sync(host->options.home, &error))
		fatal("file %s cannot be removed", mark);
	host->restored = false;
}

static void
host_say_progress(struct host *host)
{
	int64_t now_us = probe_monotonic_us();
	if (now_us - host->progress_said_us < PROGRESS_EVERY_US)
		return;
	char text[64];
	host->progress_said_us = now_us;
	snprintf(text, sizeof(text), "%llu/%llu", (unsigned long long)node_seq(host->node),
		 (unsigned long long)host->head_at_start);
	say(host, "info", "replaying", "progress", text);
}

static void
on_turn(uv_idle_t *turn)
{
	struct host *host = turn->data;
	if (!node_run(host->node, RUN_BUDGET_US))
		uv_idle_stop(&host->turn);
	if (!host->node_is_open && node_opened(host->node))
		host_opened(host);
	if (!host->node_is_open)
		host_say_progress(host);
	else if (host->restored)
		host_forget_restore(host);
	if (host->draining && node_drained(host->node))
		uv_stop(&host->loop);
}

static void
host_wake(struct host *host)
{
	uv_idle_start(&host->turn, on_turn);
}

static void
on_tick(uv_timer_t *timer)
{
	struct host *host = timer->data;
	host->wake_us = INT64_MAX;
	node_tick(host->node);
	state_lmdb_rest(host->state);
	host_wake(host);
}

void
host_set_tick(struct host *host)
{
	/* uv_now is this same clock in milliseconds, as it was when the loop last woke. */
	uint64_t due_ms = host->wake_us <= 0 ? 0 : ((uint64_t)host->wake_us + 999) / 1000;
	uint64_t now_ms = uv_now(&host->loop);
	uv_timer_start(&host->tick, on_tick, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void
on_call(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	struct host *host = context;
	(void)client_key; /* the seal says who speaks */
	node_receive(host->node, route, frame);
	host_wake(host);
}

static void
on_peer_reply(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	const struct peer *peer = context;
	(void)route;
	(void)client_key;
	node_receive_reply(peer->host->node, peer->index, frame);
	host_wake(peer->host);
}

static void
on_committed(void *context, enum outcome outcome)
{
	struct host *host = context;
	node_committed(host->node, outcome);
	host_wake(host);
}

static void
on_flushed(void *context, enum outcome outcome)
{
	struct host *host = context;
	node_flushed(host->node, outcome);
	host_wake(host);
}

static void
on_slots_made(void *context, enum outcome outcome)
{
	struct host *host = context;
	node_slots_made(host->node, outcome);
	host_wake(host);
}

static void
on_slots_erased(void *context, enum outcome outcome)
{
	struct host *host = context;
	node_slots_erased(host->node, outcome);
	host_wake(host);
}

static void
on_drain_limit(uv_timer_t *timer)
{
	struct host *host = timer->data;
	say(host, "error", "drain_gave_up", NULL, NULL);
	_exit(EXIT_REFUSED); /* what was acknowledged is durable; the rest is for its callers to retry */
}

static void
on_signal(uv_signal_t *signal, int number)
{
	struct host *host = signal->data;
	(void)number;
	if (!host->node_is_open)
		_exit(0); /* nothing was acknowledged since the start; the next one goes on with the replay */
	if (host->draining)
		return;
	host->draining = true;
	say(host, "info", "draining", NULL, NULL);
	uv_timer_start(&host->drain_limit, on_drain_limit, DRAIN_MS_MAX, 0);
	node_drain(host->node);
	host_wake(host);
}

/* --- starting --------------------------------------------------------------------------------------------------- */

static bool
host_load_keys(struct host *host, struct host_error *error)
{
	const char *folder = host->options.keys;
	const char *name = host->module->name;
	if (!keys_load_accepted(folder, name, &host->accepted, error) ||
	    !keys_load_secret(folder, name, host->secret, error))
		return false;
	for (unsigned i = 0; host->module->follows[i].name != NULL; i++) {
		if (!keys_load_sending(folder, name, host->module->follows[i].name, &host->peer_keys[i], error))
			return false;
	}
	return keys_load_curves(folder, &host->curves, error);
}

static bool
host_allow(void *context, const uint8_t key[CURVE_KEY_BYTES])
{
	const struct host *host = context;
	return keys_curves_hold(&host->curves, key);
}

static bool
is_local(const char *endpoint)
{
	return strncmp(endpoint, "ipc://", 6) == 0;
}

static bool
host_connect_peer(struct host *host, unsigned index, struct host_error *error)
{
	const char *endpoint = host->options.peers[index];
	struct peer *peer = &host->peers[index];
	struct curve curve = {.allow = NULL};
	struct bus_options options = {.kind = BUS_DEALER, .on_frame = on_peer_reply, .context = peer};
	*peer = (struct peer){.host = host, .index = index};
	if (!is_local(endpoint)) {
		if (!keys_load_curve(host->options.keys, host->module->name, &curve.own, error) ||
		    !keys_load_curve_public(host->options.keys, host->module->follows[index].name, curve.server_text,
					    error))
			return false;
		options.curve = &curve;
	}
	peer->socket = bus_connect(host->bus, endpoint, &options, error);
	return peer->socket != NULL;
}

static bool
host_listen(struct host *host, struct host_error *error)
{
	struct curve curve = {.allow = host_allow, .context = host};
	struct bus_options options = {.kind = BUS_ROUTER, .on_frame = on_call, .context = host};
	if (!is_local(host->options.listen)) {
		if (!keys_load_curve(host->options.keys, host->module->name, &curve.own, error))
			return false;
		options.curve = &curve;
	}
	host->callers = bus_bind(host->bus, host->options.listen, &options, error);
	return host->callers != NULL;
}

/* Without its keys a journal opens nothing, and new ones in their slots would make that final. */
static bool
host_open_slots(struct host *host, struct host_error *error)
{
	struct slots_events events = {.context = host, .on_made = on_slots_made, .on_erased = on_slots_erased};
	char path[PATH_BYTES_MAX];
	char ledger[PATH_BYTES_MAX];
	if (!path_format(path, "%s/slots", host->options.home) ||
	    !path_format(ledger, "%s/%s.erasures", host->options.keys, host->module->name))
		return host_error_set(error, "path of the data folder or of the keys folder is too long");
	if (host->head_at_start > 0 && !path_exists(path))
		return host_error_set(error, "file %s is missing, which holds the keys to what the journal has sealed",
				      path);
	host->ledger = ledger_open(ledger, error);
	if (host->ledger == NULL)
		return false;
	host->slots = slots_open(path, host->secret, host->ledger, &host->loop, &events, error);
	return host->slots != NULL;
}

static bool
host_open_files(struct host *host, struct host_error *error)
{
	char state[PATH_BYTES_MAX];
	char rows[PATH_BYTES_MAX];
	char journal[PATH_BYTES_MAX];
	char mark[PATH_BYTES_MAX];
	if (!path_format(journal, "%s/journal", host->options.home) ||
	    !path_format(mark, "%s/restored", host->options.home))
		return host_error_set(error, "path of the data folder is too long");
	if (!folder_make(host->options.home, error))
		return false;
	host->lock = lock_take(host->options.home, LOCK_PATIENCE_MS, error);
	if (host->lock < 0)
		return false;
	if (!rebuild_begin(host->options.home, host->module->apply_version, state, &host->rebuilding, error))
		return false;
	host->state = state_lmdb_open(state, &host->loop, on_flushed, host);
	if (path_format(rows, "%s/data.mdb", state))
		host->warming = warming_begin(&host->loop, rows);
	host->journal = journal_file_open(journal, &host->loop, on_committed, host);
	host->head_at_start = journal_file_head(host->journal);
	host->restored = path_exists(mark);
	return host_open_slots(host, error);
}

static void
host_open_loop(struct host *host)
{
	uv_loop_init(&host->loop);
	uv_idle_init(&host->loop, &host->turn);
	uv_timer_init(&host->loop, &host->tick);
	uv_timer_init(&host->loop, &host->drain_limit);
	uv_signal_init(&host->loop, &host->terminate);
	uv_signal_init(&host->loop, &host->interrupt);
	host->turn.data = host;
	host->tick.data = host;
	host->drain_limit.data = host;
	host->terminate.data = host;
	host->interrupt.data = host;
	uv_signal_start(&host->terminate, on_signal, SIGTERM);
	uv_signal_start(&host->interrupt, on_signal, SIGINT);
	host->wake_us = INT64_MAX;
	host->bus = bus_new(&host->loop);
}

static bool
host_open_node(struct host *host, struct host_error *error)
{
	if (!host_load_keys(host, error) || !host_open_files(host, error))
		return false;
	for (unsigned i = 0; host->module->follows[i].name != NULL; i++) {
		if (!host_connect_peer(host, i, error))
			return false;
	}
	probe_init(&host->probe, host->options.home);
	host_make_world(host);
	size_t ledger_count;
	const struct slot_erasure *ledger = ledger_all(host->ledger, &ledger_count);
	host->node = node_new(&(struct node_config){
		.module = host->module,
		.world = &host->world,
		.keys = host->accepted.keys,
		.keys_count = host->accepted.count,
		.peer_keys = host->peer_keys,
		.memory_bytes = host->options.memory_bytes,
		.secret = host->secret,
		.ledger = ledger,
		.ledger_count = ledger_count,
		.restored = host->restored,
		.zone_minutes = host->options.zone_minutes,
		.public_url = host->options.public_url,
	});
	/* Before node_open, which may send already. No frame is handed on before the loop runs. */
	if (!host_listen(host, error))
		return false;
	if (host->rebuilding)
		say(host, "info", "rebuilding_state", NULL, NULL);
	host->progress_said_us = probe_monotonic_us();
	node_open(host->node);
	return true;
}

/* --- running and stopping --------------------------------------------------------------------------------------- */

static void
host_close(struct host *host)
{
	warming_end(host->warming);
	/* A worker may still be writing; its end is told to the node as ever. */
	while ((host->state != NULL && state_lmdb_busy(host->state)) ||
	       (host->journal != NULL && journal_file_busy(host->journal)) ||
	       (host->slots != NULL && slots_busy(host->slots)))
		uv_run(&host->loop, UV_RUN_ONCE);
	bus_free(host->bus);
	uv_close((uv_handle_t *)&host->turn, NULL);
	uv_close((uv_handle_t *)&host->tick, NULL);
	uv_close((uv_handle_t *)&host->drain_limit, NULL);
	uv_close((uv_handle_t *)&host->terminate, NULL);
	uv_close((uv_handle_t *)&host->interrupt, NULL);
	uv_run(&host->loop, UV_RUN_DEFAULT);
	int code = uv_loop_close(&host->loop);
	assert(code == 0);
	if (host->node != NULL)
		node_free(host->node);
	journal_file_close(host->journal);
	state_lmdb_close(host->state);
	slots_close(host->slots);
	ledger_close(host->ledger);
	if (host->lock >= 0)
		lock_release(host->lock);
	sodium_memzero(host, sizeof(*host));
	free(host);
}

static int
host_run(struct host *host)
{
	struct host_error error;
	host_open_loop(host);
	if (!host_open_node(host, &error))
		return say_refused(host, &error, EXIT_REFUSED);
	host_wake(host);
	uv_run(&host->loop, UV_RUN_DEFAULT);
	say_stopped(host);
	return 0;
}

int
host_main(int argc, char **argv, const struct module *module)
{
	struct host_error error;
	struct host *host = calloc(1, sizeof(*host));
	if (host == NULL || sodium_init() < 0)
		return EXIT_REFUSED;
	/* Without a fixed threshold glibc would move the memtables' blocks into its heap, and keep them. */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
	host->module = module;
	host->lock = -1;
	signal(SIGPIPE, SIG_IGN);
	if (!host_options_read(argc, argv, module, &host->options, &error)) {
		int exit_code = say_refused(host, &error, EXIT_USAGE);
		free(host);
		return exit_code;
	}
	int exit_code = host_run(host);
	host_close(host);
	return exit_code;
}
