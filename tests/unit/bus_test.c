/* tests/unit/bus_test.c
 *
 * ZeroMQ under the loop: 20,000 frames there and back with none lost and no arrival
 * seen by the safety timer only, also when answers leave in a later turn of the loop,
 * as a node's do: such a send takes the edge of what arrived meanwhile. A peer that is
 * gone or does not read costs a counted frame and never a wait. CURVE lets in whom the
 * allow-list names and no one else. */
#include "common/base/codec.h"
#include "common/host/bus.h"
#include "common/host/files.h"
#include "common/host/rpc.h"
#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAMES = 20000, IN_FLIGHT = 600, LATER_MAX = 1024, PATIENCE_MS = 20000, QUIET_MS = 400, BIND_TRIES = 20 };

static char endpoint[128];

static int
test_begin(void **state)
{
	if (temp_make(state) != 0)
		return 1;
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/run/echo.ipc", temp);
	return 0;
}

/* A question that is answered in a later turn. */
struct later {
	size_t route_size;
	size_t frame_size;
	uint8_t route[16];
	uint8_t frame[700];
};

/* Two buses, as two processes would have them, under one loop. */
struct table {
	uv_loop_t loop;
	uv_timer_t patience;
	struct bus *near;
	struct bus *far;
	struct bus_socket *asker;
	struct bus_socket *answerer;
	uint64_t asked;
	uint64_t refused; /* frames tried before the connection stood */
	uint64_t answered;
	uint64_t denied_answers;
	uint64_t unfit;
	uint8_t allowed[CURVE_KEY_BYTES];
	uint8_t seen[CURVE_KEY_BYTES];
	bool has_seen;
	bool ran_out;
	uv_idle_t turn;
	size_t later_count;
	struct later later[LATER_MAX];
};

static void
on_patience(uv_timer_t *timer)
{
	struct table *table = timer->data;
	table->ran_out = true;
	uv_stop(&table->loop);
}

static void
table_open(struct table *table)
{
	memset(table, 0, sizeof(*table));
	uv_loop_init(&table->loop);
	uv_timer_init(&table->loop, &table->patience);
	table->patience.data = table;
	uv_idle_init(&table->loop, &table->turn);
	table->turn.data = table;
	table->near = bus_new(&table->loop);
	table->far = bus_new(&table->loop);
}

static void
table_run(struct table *table, unsigned ms)
{
	table->ran_out = false;
	uv_timer_start(&table->patience, on_patience, ms, 0);
	uv_run(&table->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&table->patience);
}

static void
table_close(struct table *table)
{
	bus_free(table->near);
	bus_free(table->far);
	uv_close((uv_handle_t *)&table->patience, NULL);
	uv_close((uv_handle_t *)&table->turn, NULL);
	uv_run(&table->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&table->loop), 0);
}

static void
ask_more(struct table *table)
{
	while (table->asked < FRAMES && table->asked - table->answered < IN_FLIGHT) {
		uint8_t frame[700] = {0};
		put_u64(frame, table->asked);
		bool sent = bus_send(table->asker, slice_of(NULL, 0), slice_of(frame, 8 + (table->asked + 1) % 600));
		if (!sent && table->answered == 0)
			return; /* not connected yet */
		assert_true(sent);
		table->asked++;
	}
}

/* A frame is taken only once the connection stands. */
static void
ask_first(struct table *table)
{
	for (int i = 0; i < 5000 && table->asked == 0; i++) {
		ask_more(table);
		uv_run(&table->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	assert_true(table->asked > 0);
	table->refused = bus_counters(table->asker).dropped;
}

static void
on_question(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	struct table *table = context;
	assert_true(route.size > 0);
	if (client_key.data != NULL) {
		assert_int_equal(client_key.size, CURVE_KEY_BYTES);
		memcpy(table->seen, client_key.data, CURVE_KEY_BYTES);
		table->has_seen = true;
	}
	assert_true(bus_send(table->answerer, route, frame));
}

static void
on_turn(uv_idle_t *turn)
{
	struct table *table = turn->data;
	for (size_t i = 0; i < table->later_count; i++) {
		const struct later *later = &table->later[i];
		assert_true(bus_send(table->answerer, slice_of(later->route, later->route_size),
				     slice_of(later->frame, later->frame_size)));
	}
	table->later_count = 0;
	uv_idle_stop(&table->turn);
}

static void
on_question_for_later(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	struct table *table = context;
	(void)client_key;
	assert_true(table->later_count < LATER_MAX);
	struct later *later = &table->later[table->later_count++];
	assert_true(route.size <= sizeof(later->route) && frame.size <= sizeof(later->frame));
	later->route_size = route.size;
	later->frame_size = frame.size;
	memcpy(later->route, route.data, route.size);
	memcpy(later->frame, frame.data, frame.size);
	uv_idle_start(&table->turn, on_turn);
}

static void
on_answer(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	struct table *table = context;
	assert_int_equal(route.size, 0);
	assert_null(client_key.data);
	assert_int_equal(frame.size, 8 + (table->answered + 1) % 600);
	assert_int_equal(get_u64(frame.data), table->answered);
	table->answered++;
	ask_more(table);
	if (table->answered == FRAMES)
		uv_stop(&table->loop);
}

static void
echo_all(void (*on_frame)(void *context, struct slice route, struct slice frame, struct slice client_key))
{
	static struct table table;
	struct host_error error;
	struct bus_options router = {.kind = BUS_ROUTER, .on_frame = on_frame, .context = &table};
	struct bus_options dealer = {.kind = BUS_DEALER, .on_frame = on_answer, .context = &table};
	table_open(&table);
	table.answerer = bus_bind(table.far, endpoint, &router, &error);
	assert_non_null(table.answerer);
	table.asker = bus_connect(table.near, endpoint, &dealer, &error);
	assert_non_null(table.asker);
	ask_first(&table);
	table_run(&table, PATIENCE_MS);
	assert_false(table.ran_out);
	table_run(&table, 2200); /* the safety timer looks twice */
	assert_int_equal(table.answered, FRAMES);
	struct bus_counters asker = bus_counters(table.asker);
	struct bus_counters answerer = bus_counters(table.answerer);
	assert_int_equal(asker.sent, FRAMES);
	assert_int_equal(asker.received, FRAMES);
	assert_int_equal(answerer.received, FRAMES);
	assert_int_equal(asker.dropped, table.refused);
	assert_int_equal(answerer.dropped, 0);
	assert_int_equal(asker.malformed + answerer.malformed, 0);
	assert_int_equal(asker.safety_found_work + answerer.safety_found_work, 0);
	struct stat info;
	char folder[96];
	snprintf(folder, sizeof(folder), "%s/run", temp);
	assert_int_equal(stat(folder, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	table_close(&table);
}

static void
frames_are_echoed_without_loss(void **state)
{
	(void)state;
	echo_all(on_question);
}

static void
answers_in_a_later_turn_lose_no_edge(void **state)
{
	(void)state;
	echo_all(on_question_for_later);
}

static void
an_absent_peer_costs_a_counted_frame(void **state)
{
	(void)state;
	static struct table table;
	struct host_error error;
	struct bus_options router = {.kind = BUS_ROUTER, .on_frame = on_question, .context = &table};
	struct bus_options dealer = {.kind = BUS_DEALER, .on_frame = on_answer, .context = &table, .queue_frames = 10};
	table_open(&table);
	table.answerer = bus_bind(table.far, endpoint, &router, &error);
	assert_non_null(table.answerer);
	assert_false(bus_send(table.answerer, slice_text("nobody"), slice_text("hello")));
	assert_int_equal(bus_counters(table.answerer).dropped, 1);
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/run/nobody.ipc", temp);
	table.asker = bus_connect(table.near, endpoint, &dealer, &error);
	assert_non_null(table.asker);
	for (unsigned i = 0; i < 1000; i++)
		bus_send(table.asker, slice_of(NULL, 0), slice_text("hello"));
	assert_true(bus_counters(table.asker).dropped >= 900);
	dealer.curve = NULL;
	assert_null(bus_connect(table.near, "tcp://127.0.0.1:9", &dealer, &error));
	assert_non_null(strstr(error.text, "CURVE"));
	table_close(&table);
}

/* A port of the loopback that nobody uses now, as the system chooses it. */
static uint16_t
free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static bool
allow(void *context, const uint8_t key[CURVE_KEY_BYTES])
{
	const struct table *table = context;
	return memcmp(key, table->allowed, CURVE_KEY_BYTES) == 0;
}

static void
on_denied_answer(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	struct table *table = context;
	(void)route;
	(void)frame;
	(void)client_key;
	table->denied_answers++;
}

static void
on_unfit(void *context, struct slice route, enum bus_unfit why)
{
	struct table *table = context;
	assert_int_equal(why, BUS_UNFIT_KEY);
	assert_true(route.size > 0);
	table->unfit++;
}

static void
curve_lets_in_whom_the_list_names(void **state)
{
	(void)state;
	static struct table table;
	struct host_error error;
	struct curve server = {.allow = allow, .context = &table};
	struct curve friendly;
	struct curve stranger;
	table_open(&table);
	curve_pair_make(&server.own);
	curve_pair_make(&friendly.own);
	curve_pair_make(&stranger.own);
	memcpy(friendly.server_text, server.own.public_text, CURVE_TEXT_BYTES);
	memcpy(stranger.server_text, server.own.public_text, CURVE_TEXT_BYTES);
	assert_true(curve_key_parse(friendly.own.public_text, table.allowed));
	struct bus_options router = {
		.kind = BUS_ROUTER, .curve = &server, .on_frame = on_question, .on_unfit = on_unfit, .context = &table};
	struct bus_options dealer = {.kind = BUS_DEALER, .curve = &friendly, .on_frame = on_answer, .context = &table};
	struct bus_options other = {
		.kind = BUS_DEALER, .curve = &stranger, .on_frame = on_denied_answer, .context = &table};
	/* Another process may take a free port before it is bound here. */
	for (unsigned i = 0; i < BIND_TRIES && table.answerer == NULL; i++) {
		snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", (unsigned)free_port());
		table.answerer = bus_bind(table.far, endpoint, &router, &error);
	}
	assert_non_null(table.answerer);
	table.asker = bus_connect(table.near, endpoint, &dealer, &error);
	struct bus_socket *denied = bus_connect(table.near, endpoint, &other, &error);
	assert_non_null(table.asker);
	assert_non_null(denied);
	bus_send(denied, slice_of(NULL, 0), slice_text("let me in"));
	ask_first(&table);
	table_run(&table, PATIENCE_MS);
	assert_false(table.ran_out);
	table_run(&table, QUIET_MS);
	assert_int_equal(table.answered, FRAMES);
	assert_true(table.has_seen);
	assert_memory_equal(table.seen, table.allowed, CURVE_KEY_BYTES);
	assert_int_equal(table.denied_answers, 0);
	assert_true(bus_counters(table.answerer).denied >= 1);
	assert_int_equal(bus_counters(table.answerer).received, FRAMES);

	assert_int_equal(table.unfit, 0);

	/* A key taken off the list: its open connection is of no use any more, and can be told so. */
	memset(table.allowed, 0, sizeof(table.allowed));
	bus_send(table.asker, slice_of(NULL, 0), slice_text("still there"));
	table_run(&table, QUIET_MS);
	assert_int_equal(bus_counters(table.answerer).received, FRAMES);
	assert_int_equal(table.unfit, 1);
	table_close(&table);
}

struct served {
	const char *endpoint;
	uv_loop_t loop;
	uv_async_t stop;
	struct bus *bus;
	struct bus_socket *socket;
};

static void
on_served(void *context, struct slice route, struct slice frame, struct slice client_key)
{
	const struct served *served = context;
	(void)client_key;
	bus_send(served->socket, route, frame);
}

static void
on_stop(uv_async_t *stop)
{
	struct served *served = stop->data;
	bus_free(served->bus);
	uv_close((uv_handle_t *)stop, NULL);
}

static void
serve(void *context)
{
	struct served *served = context;
	uv_run(&served->loop, UV_RUN_DEFAULT);
}

static void
rpc_sends_and_receives_frames(void **state)
{
	(void)state;
	struct served served = {.endpoint = endpoint};
	struct host_error error;
	struct bus_options router = {.kind = BUS_ROUTER, .on_frame = on_served, .context = &served};
	uv_thread_t thread;
	struct slice frame;
	uv_loop_init(&served.loop);
	uv_async_init(&served.loop, &served.stop, on_stop);
	served.stop.data = &served;
	served.bus = bus_new(&served.loop);
	served.socket = bus_bind(served.bus, endpoint, &router, &error);
	assert_non_null(served.socket);
	assert_int_equal(uv_thread_create(&thread, serve, &served), 0);
	struct rpc *rpc = rpc_open(endpoint, NULL, NULL, &error);
	assert_non_null(rpc);
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t bytes[4];
		put_u32(bytes, i);
		assert_true(rpc_send_frame(rpc, slice_of(bytes, sizeof(bytes))));
		assert_true(rpc_receive_frame(rpc, PATIENCE_MS, &frame));
		assert_int_equal(frame.size, sizeof(bytes));
		assert_int_equal(get_u32(frame.data), i);
	}
	assert_false(rpc_receive_frame(rpc, 20, &frame));
	rpc_close(rpc);
	uv_async_send(&served.stop);
	uv_thread_join(&thread);
	assert_int_equal(uv_loop_close(&served.loop), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_are_echoed_without_loss, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(answers_in_a_later_turn_lose_no_edge, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(an_absent_peer_costs_a_counted_frame, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(curve_lets_in_whom_the_list_names, test_begin, temp_remove),
		cmocka_unit_test_setup_teardown(rpc_sends_and_receives_frames, test_begin, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
