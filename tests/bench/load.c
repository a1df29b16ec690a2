/* tests/bench/load.c
 *
 * Load over HTTP: N keep-alive connections on one epoll loop, one request at a time on
 * each, for some seconds or until the operations run out. Only good answers count: 2xx.
 *
 *   load work=event port=8080 connections=64 seconds=5 token=mtk_... units=FILE people=N run=NAME
 *        events=hired batch=500 first=0 count=0 rooms=FILE persons=FILE stride=1 paths=FILE bodies=FILE rate=0
 *        etag=TAG keep=FILE
 *
 * With a rate, so many operations a second begin when they are due and not when the one
 * before was answered; how long one took is counted from then, also while it waited for
 * a free connection.
 *
 * keep: the bodies of good answers are written there, one a line, in no order. With an etag
 * an answer 304 is as good as one of 2xx.
 *
 * Prints one line of JSON: how many things were done, how fast, how long an operation
 * took, what failed, and the next free number. */
#include "tests/bench/work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 4096,
	ANSWER_BYTES_MAX = 64 << 20,
	REQUEST_BYTES_MAX = 8 << 20,
	READ_BYTES = 64 << 10,
	DRAIN_US = 5000000,
	LATENCIES_MAX = 1 << 23,
	FAILURE_BYTES = 400,
};

struct connection {
	int fd;
	struct buf out;
	size_t sent;
	struct buf in;
	struct operation operation;
	int64_t began_us;
	bool busy;
};

struct load {
	const struct work *work;
	struct supply supply;
	int port;
	unsigned connections_count;
	double seconds;
	double rate;    /* operations a second; 0: as fast as answers come */
	int64_t due_us; /* of the next one */
	uint64_t next;  /* number of the next operation */
	uint64_t end;   /* numbers from here on are not asked; UINT64_MAX: no end */
	int epoll;
	struct connection *connections;
	unsigned busy;
	int64_t until_us;
	uint64_t done; /* things, all of them */
	uint64_t done_in_time;
	int64_t last_us; /* of the last one in time */
	uint64_t failed;
	char failure[FAILURE_BYTES];
	uint32_t *latencies_us;
	size_t latencies_count;
	FILE *keep; /* NULL: bodies are not kept */
};

static int64_t
now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
fail(struct load *load, struct slice said)
{
	load->failed++;
	if (load->failure[0] != '\0')
		return;
	size_t size = said.size < FAILURE_BYTES - 1 ? said.size : FAILURE_BYTES - 1;
	for (size_t i = 0; i < size; i++) {
		char byte = (char)said.data[i];
		load->failure[i] = byte == '"' || byte == '\\' ? '\'' : (unsigned char)byte < ' ' ? ' ' : byte;
	}
}

/* --- one connection ---------------------------------------------------------------------------------------------- */

static bool
connection_open(struct load *load, struct connection *connection)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connection->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(connection->fd);
		connection->fd = -1;
		return false;
	}
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event);
	return true;
}

static void
connection_fail(struct load *load, struct connection *connection, const char *why)
{
	fail(load, slice_text(why));
	close(connection->fd);
	connection->fd = -1;
	connection->busy = false;
	load->busy--;
}

static void
send_more(struct load *load, struct connection *connection)
{
	struct slice rest = slice_of(connection->out.data + connection->sent, connection->out.size - connection->sent);
	ssize_t size = send(connection->fd, rest.data, rest.size, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (size < 0 && errno != EAGAIN) {
		connection_fail(load, connection, "the connection broke while sending");
		return;
	}
	connection->sent += size < 0 ? 0 : (size_t)size;
	bool rests = connection->sent < connection->out.size;
	struct epoll_event event = {.events = EPOLLIN | (rests ? EPOLLOUT : 0), .data.ptr = connection};
	if (rests || size < (ssize_t)rest.size || connection->sent > READ_BYTES)
		epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void
ask(struct load *load, struct connection *connection)
{
	buf_reset(&connection->out);
	buf_reset(&connection->in);
	connection->sent = 0;
	load->work->ask(&load->supply, &connection->operation, &connection->out);
	send_more(load, connection);
}

static void
begin(struct load *load, struct connection *connection)
{
	int64_t now = load->rate > 0 ? load->due_us : now_us();
	if (now >= load->until_us || load->next >= load->end)
		return;
	connection->operation = (struct operation){.number = load->next};
	load->next += load->work->takes_batch ? load->supply.batch : 1;
	connection->began_us = now;
	connection->busy = true;
	load->busy++;
	ask(load, connection);
}

static void
finish(struct load *load, struct connection *connection, unsigned things)
{
	int64_t now = now_us();
	load->done += things;
	if (now <= load->until_us) {
		load->done_in_time += things;
		load->last_us = now;
	}
	if (load->latencies_count < LATENCIES_MAX)
		load->latencies_us[load->latencies_count++] = (uint32_t)(now - connection->began_us);
	connection->busy = false;
	load->busy--;
	if (load->rate == 0)
		begin(load, connection);
}

/* By the status line, "HTTP/1.1 200 OK". */
static bool
is_good(const struct load *load, const uint8_t *answer)
{
	return answer[9] == '2' || (load->supply.etag != NULL && memcmp(answer + 9, "304", 3) == 0);
}

static void
answered(struct load *load, struct connection *connection, struct slice body)
{
	bool more = false;
	bool good = is_good(load, connection->in.data);
	unsigned things = !good ? 0 : load->work->answered(&load->supply, &connection->operation, body, &more);
	unsigned wanted = load->work->takes_batch ? load->supply.batch : 1;
	if (things < wanted)
		fail(load, buf_slice(&connection->in));
	if (things == 0)
		more = false;
	if (things > 0 && load->keep != NULL)
		fprintf(load->keep, "%.*s\n", (int)body.size, (const char *)body.data);
	if (!more) {
		finish(load, connection, things);
		return;
	}
	connection->operation.step++;
	ask(load, connection);
}

/* True if the answer is whole; the gateway gives each a Content-Length. */
static bool
answer_whole(const struct buf *in, struct slice *body)
{
	static const char name[] = "content-length:";
	const char *end = memmem(in->data, in->size, "\r\n\r\n", 4);
	if (end == NULL)
		return false;
	size_t head = (size_t)(end - (const char *)in->data) + 4;
	size_t length = 0;
	for (size_t at = 0; at + sizeof(name) < head; at++) {
		if (in->data[at] == '\n' && strncasecmp((const char *)in->data + at + 1, name, sizeof(name) - 1) == 0)
			length = strtoul((const char *)in->data + at + sizeof(name), NULL, 10);
	}
	if (memcmp(in->data + sizeof("HTTP/1.1"), "304", 3) == 0)
		length = 0; /* it tells how long the body would have been */
	*body = slice_of(in->data + head, length);
	return in->size >= head + length;
}

static void
readable(struct load *load, struct connection *connection)
{
	static uint8_t bytes[READ_BYTES];
	struct slice body;
	ssize_t size = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN)
		return;
	if (size <= 0) {
		if (connection->busy)
			connection_fail(load, connection, "the connection was closed");
		return;
	}
	buf_append(&connection->in, slice_of(bytes, (size_t)size));
	if (connection->busy && answer_whole(&connection->in, &body))
		answered(load, connection, body);
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

/* Begins what is due on the connections that are free. */
static void
pace(struct load *load)
{
	for (unsigned i = 0; i < load->connections_count && load->due_us <= now_us(); i++) {
		struct connection *connection = &load->connections[i];
		if (connection->busy || connection->fd < 0 || load->due_us >= load->until_us)
			continue;
		begin(load, connection);
		load->due_us += (int64_t)(1e6 / load->rate);
	}
}

static bool
goes_on(const struct load *load)
{
	int64_t now = now_us();
	bool due = load->rate > 0 && now < load->until_us && load->next < load->end;
	return due || (load->busy > 0 && now < load->until_us + DRAIN_US);
}

static void
run(struct load *load)
{
	struct epoll_event events[256];
	load->due_us = now_us();
	for (unsigned i = 0; i < load->connections_count && load->rate == 0; i++)
		begin(load, &load->connections[i]);
	while (goes_on(load)) {
		if (load->rate > 0)
			pace(load);
		int count = epoll_wait(load->epoll, events, 256, load->rate > 0 ? 1 : 100);
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			if (connection->fd >= 0 && (events[i].events & EPOLLOUT) != 0)
				send_more(load, connection);
			if (connection->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
				readable(load, connection);
		}
	}
	load->failed += load->busy;
}

static int
compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

static void
report(struct load *load, int64_t began_us)
{
	struct rusage usage;
	size_t count = load->latencies_count;
	getrusage(RUSAGE_SELF, &usage);
	long cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
		      usage.ru_stime.tv_usec;
	qsort(load->latencies_us, count, sizeof(uint32_t), compare);
	double seconds = (double)(load->last_us - began_us) / 1e6;
	printf("{\"done\":%llu,\"rate\":%.1f,\"seconds\":%.3f,\"failed\":%llu,\"p50_us\":%u,\"p99_us\":%u,\"next\":%"
	       "llu,"
	       "\"cpu_us\":%ld,\"failure\":\"%s\"}\n",
	       (unsigned long long)load->done, seconds > 0 ? (double)load->done_in_time / seconds : 0, seconds,
	       (unsigned long long)load->failed, count > 0 ? load->latencies_us[count / 2] : 0,
	       count > 0 ? load->latencies_us[count * 99 / 100] : 0, (unsigned long long)load->next, cpu_us,
	       load->failure);
}

static bool
option(struct load *load, const char *name, const char *value)
{
	struct supply *supply = &load->supply;
	if (strcmp(name, "work") == 0)
		return (load->work = work_find(value)) != NULL;
	if (strcmp(name, "units") == 0)
		return nation_read(&supply->nation, value);
	if (strcmp(name, "rooms") == 0)
		return lines_read(&supply->rooms, value);
	if (strcmp(name, "persons") == 0)
		return lines_read(&supply->persons, value);
	if (strcmp(name, "paths") == 0)
		return lines_read(&supply->paths, value);
	if (strcmp(name, "bodies") == 0)
		return lines_read(&supply->bodies, value);
	if (strcmp(name, "keep") == 0)
		return (load->keep = fopen(value, "w")) != NULL;
	if (strcmp(name, "token") == 0)
		supply->token = value;
	else if (strcmp(name, "etag") == 0)
		supply->etag = value;
	else if (strcmp(name, "run") == 0)
		supply->nation.run = value;
	else if (strcmp(name, "events") == 0)
		supply->events = value;
	else if (strcmp(name, "port") == 0)
		load->port = (int)strtol(value, NULL, 10);
	else if (strcmp(name, "connections") == 0)
		load->connections_count = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "rate") == 0)
		load->rate = strtod(value, NULL);
	else if (strcmp(name, "seconds") == 0)
		load->seconds = strtod(value, NULL);
	else if (strcmp(name, "people") == 0)
		supply->nation.people = strtoull(value, NULL, 10);
	else if (strcmp(name, "batch") == 0)
		supply->batch = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "stride") == 0)
		supply->stride = strtoull(value, NULL, 10);
	else if (strcmp(name, "first") == 0)
		load->next = strtoull(value, NULL, 10);
	else if (strcmp(name, "count") == 0)
		load->end = strtoull(value, NULL, 10);
	else
		return false;
	return true;
}

static bool
options_read(struct load *load, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL)
			return false;
		*value++ = '\0';
		if (!option(load, argv[i], value)) {
			fprintf(stderr, "load: option %s=%s is not known or not readable\n", argv[i], value);
			return false;
		}
	}
	load->end = load->end == 0 ? UINT64_MAX : load->next + load->end;
	if (load->work != NULL && load->work->limit != NULL && load->end > load->work->limit(&load->supply))
		load->end = load->work->limit(&load->supply);
	return load->work != NULL && load->connections_count > 0 && load->connections_count <= CONNECTIONS_MAX;
}

int
main(int argc, char **argv)
{
	static struct load load = {.supply = {.batch = 500, .stride = 1, .token = "", .events = "hired"}, .seconds = 5};
	load.supply.nation.run = "run";
	if (!options_read(&load, argc, argv)) {
		fprintf(stderr, "used as: load work=NAME connections=N ..., see tests/bench/load.c\n");
		return 2;
	}
	load.epoll = epoll_create1(0);
	load.connections = calloc(load.connections_count, sizeof(*load.connections));
	load.latencies_us = malloc(LATENCIES_MAX * sizeof(uint32_t));
	if (load.connections == NULL || load.latencies_us == NULL)
		return 1;
	for (unsigned i = 0; i < load.connections_count; i++) {
		buf_init(&load.connections[i].out, REQUEST_BYTES_MAX);
		buf_init(&load.connections[i].in, ANSWER_BYTES_MAX);
		if (!connection_open(&load, &load.connections[i])) {
			fprintf(stderr, "load: no connection to port %d\n", load.port);
			return 1;
		}
	}
	int64_t began_us = now_us();
	load.until_us = began_us + (int64_t)(load.seconds * 1e6);
	load.last_us = began_us;
	run(&load);
	report(&load, began_us);
	return load.keep != NULL && fclose(load.keep) != 0;
}
