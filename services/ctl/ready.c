/* services/ctl/ready.c
 *
 * One connection a question, closed as soon as the status line is there. */
#include "services/ctl/ready.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE_MS = 50, PORT_MAX = 65535 };

static const char question[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static void on_again(uv_timer_t *timer);

static void
on_closed(uv_handle_t *handle)
{
	struct ready *ready = handle->data;
	bool good = ready->size >= 12 && strncmp(ready->answer + 8, " 200", 4) == 0;
	ready->asking = false;
	if (ready->stopped)
		return;
	if (!good || !ready->on_ready(ready->context)) {
		uv_timer_start(&ready->again, on_again, PAUSE_MS, 0);
		return;
	}
	ready->stopped = true;
	uv_close((uv_handle_t *)&ready->again, NULL);
}

static void
end_question(struct ready *ready)
{
	if (!uv_is_closing((uv_handle_t *)&ready->tcp))
		uv_close((uv_handle_t *)&ready->tcp, on_closed);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct ready *ready = handle->data;
	(void)suggested;
	*buf = uv_buf_init(ready->answer + ready->size, (unsigned)(sizeof(ready->answer) - ready->size));
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct ready *ready = stream->data;
	(void)buf;
	if (size > 0)
		ready->size += (size_t)size;
	if (size < 0 || ready->size >= 12)
		end_question(ready);
}

static void
on_connect(uv_connect_t *connecting, int status)
{
	struct ready *ready = connecting->data;
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)question, sizeof(question) - 1);
	if (status != 0 || uv_write(&ready->writing, (uv_stream_t *)&ready->tcp, &buf, 1, NULL) != 0) {
		end_question(ready);
		return;
	}
	uv_read_start((uv_stream_t *)&ready->tcp, on_alloc, on_read);
}

static void
on_again(uv_timer_t *timer)
{
	struct ready *ready = timer->data;
	ready->size = 0;
	ready->asking = true;
	uv_tcp_init(ready->loop, &ready->tcp);
	ready->tcp.data = ready;
	ready->connecting.data = ready;
	if (uv_tcp_connect(&ready->connecting, &ready->tcp, (const struct sockaddr *)&ready->address, on_connect) != 0)
		end_question(ready);
}

static bool
address_read(const char *http, struct sockaddr_storage *address)
{
	char host[128];
	const char *colon = strrchr(http, ':');
	if (colon == NULL || (size_t)(colon - http) >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - http), http);
	char *end;
	long port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port < 0 || port > PORT_MAX)
		return false;
	if (strcmp(host, "localhost") == 0 || strcmp(host, "0.0.0.0") == 0)
		snprintf(host, sizeof(host), "127.0.0.1");
	size_t size = strlen(host);
	if (host[0] != '[' || host[size - 1] != ']')
		return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)address) == 0;
	host[size - 1] = '\0';
	const char *six = strcmp(host + 1, "::") == 0 ? "::1" : host + 1;
	return uv_ip6_addr(six, (int)port, (struct sockaddr_in6 *)address) == 0;
}

bool
ready_start(struct ready *ready, uv_loop_t *loop, const char *http, bool (*on_ready)(void *context), void *context)
{
	*ready = (struct ready){.loop = loop, .on_ready = on_ready, .context = context};
	if (!address_read(http, &ready->address))
		return false;
	uv_timer_init(loop, &ready->again);
	ready->again.data = ready;
	uv_timer_start(&ready->again, on_again, PAUSE_MS, 0);
	return true;
}

void
ready_stop(struct ready *ready)
{
	if (ready->stopped)
		return;
	ready->stopped = true;
	uv_close((uv_handle_t *)&ready->again, NULL);
	if (ready->asking)
		end_question(ready);
}
