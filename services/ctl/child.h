/* services/ctl/child.h
 *
 * One supervised server: its process, its two pipes, its restarts. The words it says come
 * out on standard error, each line with its name in front.
 *
 * Promises: a server that ends while it should run is started again, after 100 ms at
 * first and 5 s at most, and this is said; DIR/NAME/pid holds its number while it runs. */
#ifndef SERVICES_CTL_CHILD_H
#define SERVICES_CTL_CHILD_H

#include "common/host/files.h"

#include <uv.h>

enum { CHILD_ARGUMENTS_MAX = 40, CHILD_LINE_BYTES = 4096 };

struct child_pipe {
	struct child *child;
	uv_pipe_t pipe;
	bool open;
	size_t size;
	char line[CHILD_LINE_BYTES];
};

struct child {
	const char *name;
	char program[PATH_BYTES_MAX];
	char pid_path[PATH_BYTES_MAX];
	const char *arguments[CHILD_ARGUMENTS_MAX]; /* behind the program; NULL at the end */
	size_t arguments_count;
	uv_loop_t *loop;
	uv_process_t process;
	bool running;
	bool stopping;
	bool killed; /* it did not drain in time */
	uint64_t started_ms;
	uint64_t backoff_ms;
	uv_timer_t again;
	struct child_pipe pipes[2];
	/* When it has ended and is not started again. */
	void (*on_stopped)(void *context);
	void *context;
};

/* Fills in program, pid file and handles; false, and said, if something is missing. The child must be zeroed. */
bool child_init(struct child *child, uv_loop_t *loop, const char *data, const char *name);
/* The text must outlive the child. */
void child_add_argument(struct child *child, const char *argument);
void child_start(struct child *child);
/* SIGTERM; on_stopped follows, at once if it does not run. */
void child_stop(struct child *child);
void child_kill(struct child *child);
void child_close(struct child *child);

#endif
