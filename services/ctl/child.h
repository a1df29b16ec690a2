/* services/ctl/child.h
 *
 * One supervised server: its process, its two pipes, its restarts. The words it says come
 * out on standard error, each line with its name in front.
 *
 * Promises: a server that ends while it should run is started again, after 100 ms at
 * first and 5 s at most, and this is said, unless its owner finds that it cannot work;
 * DIR/NAME/pid holds its number while it runs; its last words come before its end is said. */
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
	bool stopping; /* it is not started again */
	bool killed;   /* it did not drain in time */
	uint64_t started_ms;
	uint64_t backoff_ms;
	uv_timer_t again;
	struct child_pipe pipes[2];
	/* True if a server that ended by itself with that code is not to be started again; on_stopped follows. */
	bool (*is_hopeless)(const struct child *child, int64_t exit_code);
	/* When it has ended and is not started again. */
	void (*on_stopped)(struct child *child);
	void *context;
};

/* Fills in program, pid file and handles; false, and said, if something is missing. The child must be zeroed. */
bool child_init(struct child *child, uv_loop_t *loop, const char *data, const char *name);
/* The text must outlive the child. */
void child_add_argument(struct child *child, const char *argument);
void child_start(struct child *child);
/* SIGTERM; on_stopped follows, at once if it does not run. Nothing for one that was stopped already. */
void child_stop(struct child *child);
void child_kill(struct child *child);
void child_close(struct child *child);

#endif
