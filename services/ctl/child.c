/* services/ctl/child.c
 *
 * libuv starts the process as `matricula exec`, which asks the kernel for a SIGTERM at our
 * own end and becomes the server; process number and pipes stay the same. */
#include "services/ctl/child.h"

#include "services/ctl/ctl.h"
#include "services/ctl/spawn.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKOFF_MS_MIN = 100,
	BACKOFF_MS_MAX = 5000,
	STEADY_MS = 10000, /* a server that ran so long begins at the shortest pause again */
	NAME_WIDTH = 12,
	LAST_READS_MAX = 64, /* more than a pipe holds */
};

static void
line_out(struct child_pipe *pipe)
{
	if (pipe->size > 0)
		fprintf(stderr, "%-*s | %.*s\n", NAME_WIDTH, pipe->child->name, (int)pipe->size, pipe->line);
	pipe->size = 0;
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char bytes[64 << 10]; /* used up before the next read */
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(bytes, sizeof(bytes));
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct child_pipe *pipe = stream->data;
	for (ssize_t i = 0; i < size; i++) {
		if (buf->base[i] == '\n' || pipe->size == sizeof(pipe->line))
			line_out(pipe);
		if (buf->base[i] != '\n')
			pipe->line[pipe->size++] = buf->base[i];
	}
	if (size >= 0)
		return;
	line_out(pipe);
	if (pipe->open)
		uv_close((uv_handle_t *)&pipe->pipe, NULL);
	pipe->open = false;
}

/* What it wrote before it ended; whoever else holds the pipe may go on later. */
static void
pipes_empty(struct child *child)
{
	static char bytes[CHILD_LINE_BYTES];
	for (int i = 0; i < 2; i++) {
		struct child_pipe *pipe = &child->pipes[i];
		uv_buf_t buf = uv_buf_init(bytes, sizeof(bytes));
		uv_os_fd_t fd;
		if (!pipe->open || uv_fileno((const uv_handle_t *)&pipe->pipe, &fd) != 0)
			continue;
		for (int reads = 0; reads < LAST_READS_MAX; reads++) {
			ssize_t size = read(fd, bytes, sizeof(bytes)); /* libuv made it non-blocking */
			if (size <= 0)
				break;
			on_read((uv_stream_t *)&pipe->pipe, size, &buf);
		}
	}
}

static void
pid_write(const struct child *child)
{
	FILE *file = fopen(child->pid_path, "w");
	if (file == NULL)
		return;
	fprintf(file, "%d\n", child->process.pid);
	fclose(file);
}

static void
on_again(uv_timer_t *timer)
{
	child_start(timer->data);
}

static void
child_ended(struct child *child)
{
	unlink(child->pid_path);
	if (child->stopping) {
		child->on_stopped(child);
		return;
	}
	say("%s is started again in %llu ms", child->name, (unsigned long long)child->backoff_ms);
	uv_timer_start(&child->again, on_again, child->backoff_ms, 0);
	child->backoff_ms = child->backoff_ms * 2 > BACKOFF_MS_MAX ? BACKOFF_MS_MAX : child->backoff_ms * 2;
}

static void
on_exit(uv_process_t *process, int64_t code, int number)
{
	struct child *child = process->data;
	child->running = false;
	pipes_empty(child);
	if (uv_now(child->loop) - child->started_ms > STEADY_MS)
		child->backoff_ms = BACKOFF_MS_MIN;
	if (number != 0)
		say("%s was ended by signal %d (%s)", child->name, number, strsignal(number));
	else if (code != 0 || !child->stopping)
		say("%s ended with exit code %lld", child->name, (long long)code);
	uv_close((uv_handle_t *)&child->process, NULL);
	if (number == 0 && !child->stopping)
		child->stopping = child->is_hopeless(child, code);
	child_ended(child);
}

bool
child_init(struct child *child, uv_loop_t *loop, const char *data, const char *name)
{
	char home[PATH_BYTES_MAX];
	struct host_error error;
	child->name = name;
	child->loop = loop;
	child->backoff_ms = BACKOFF_MS_MIN;
	if (!server_path(child->program, name))
		return false;
	if (!path_format(home, "%s/%s", data, name) || !path_format(child->pid_path, "%s/pid", home)) {
		say("path of the data folder is too long");
		return false;
	}
	if (!folder_make(home, &error)) {
		say("%s", error.text);
		return false;
	}
	uv_timer_init(loop, &child->again);
	child->again.data = child;
	for (int i = 0; i < 2; i++)
		child->pipes[i].child = child;
	return true;
}

void
child_add_argument(struct child *child, const char *argument)
{
	assert(child->arguments_count < CHILD_ARGUMENTS_MAX);
	child->arguments[child->arguments_count++] = argument;
}

static void
pipes_open(struct child *child, uv_stdio_container_t stdio[3])
{
	stdio[0].flags = UV_IGNORE;
	for (int i = 0; i < 2; i++) {
		struct child_pipe *pipe = &child->pipes[i];
		/* What a child of the child still holds open is cut off here. */
		assert(!pipe->open);
		uv_pipe_init(child->loop, &pipe->pipe, 0);
		pipe->pipe.data = pipe;
		pipe->open = true;
		pipe->size = 0;
		stdio[i + 1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
		stdio[i + 1].data.stream = (uv_stream_t *)&pipe->pipe;
	}
}

void
child_start(struct child *child)
{
	/* This very program, even if the file was replaced meanwhile. */
	static char own[] = "/proc/self/exe";
	char parent[24];
	char *argv[CHILD_ARGUMENTS_MAX + 8] = {own, (char *)"exec", (char *)"--", parent, child->program};
	uv_stdio_container_t stdio[3];
	uv_process_options_t options = {
		.exit_cb = on_exit, .file = own, .args = argv, .stdio_count = 3, .stdio = stdio};
	if (child->pipes[0].open || child->pipes[1].open) {
		uv_timer_start(&child->again, on_again, BACKOFF_MS_MIN, 0); /* its last words are still coming */
		return;
	}
	snprintf(parent, sizeof(parent), "%ld", (long)getpid());
	for (size_t i = 0; i < child->arguments_count; i++)
		argv[5 + i] = (char *)(uintptr_t)child->arguments[i];
	pipes_open(child, stdio);
	child->process.data = child;
	child->started_ms = uv_now(child->loop);
	int code = uv_spawn(child->loop, &child->process, &options);
	child->running = code == 0;
	if (code != 0) {
		say("%s cannot be started: %s", child->name, uv_strerror(code));
		uv_close((uv_handle_t *)&child->process, NULL);
		for (int i = 0; i < 2; i++) {
			uv_close((uv_handle_t *)&child->pipes[i].pipe, NULL);
			child->pipes[i].open = false;
		}
		child_ended(child);
		return;
	}
	pid_write(child);
	for (int i = 0; i < 2; i++)
		uv_read_start((uv_stream_t *)&child->pipes[i].pipe, on_alloc, on_read);
}

void
child_stop(struct child *child)
{
	if (child->stopping)
		return;
	child->stopping = true;
	uv_timer_stop(&child->again);
	if (child->running)
		uv_process_kill(&child->process, SIGTERM);
	else
		child->on_stopped(child);
}

void
child_kill(struct child *child)
{
	if (!child->running)
		return;
	child->killed = true;
	say("%s did not drain in time and is killed", child->name);
	uv_process_kill(&child->process, SIGKILL);
}

void
child_close(struct child *child)
{
	uv_close((uv_handle_t *)&child->again, NULL);
	for (int i = 0; i < 2; i++) {
		if (child->pipes[i].open)
			uv_close((uv_handle_t *)&child->pipes[i].pipe, NULL);
		child->pipes[i].open = false;
	}
}
