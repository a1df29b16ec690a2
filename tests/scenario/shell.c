/* tests/scenario/shell.c
 *
 * See shell.h. */
#include "tests/scenario/shell.h"

#include <assert.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"

enum { OUTPUT_BYTES_MAX = 64 << 20, PATH_BYTES_MAX = 512, WAIT_MS_MAX = 30000, PAUSE_MS = 20 };

extern char **environ;

void
shell_sleep_ms(int ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	nanosleep(&pause, NULL);
}

/* All that comes out of the pipe, with a NUL. */
static char *
read_all(int fd)
{
	struct buf output;
	uint8_t piece[4096];
	ssize_t got;
	buf_init(&output, OUTPUT_BYTES_MAX);
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		buf_append(&output, slice_of(piece, (size_t)got));
	while (output.size > 0 && output.data[output.size - 1] == '\n')
		output.size--;
	buf_byte(&output, 0);
	assert(!buf_failed(&output));
	return (char *)output.data;
}

char *
shell_matricula(const char *data, const char *const *words, char **said)
{
	char path[PATH_BYTES_MAX];
	char *arguments[SHELL_WORDS_MAX + 4] = {path};
	const char *folder = getenv("MATRICULA_BIN");
	size_t count = 1;
	int ends[2];
	pid_t pid;
	snprintf(path, sizeof(path), "%s/matricula", folder == NULL ? "build/release/bin" : folder);
	for (; words[count - 1] != NULL; count++) {
		assert(count < SHELL_WORDS_MAX);
		arguments[count] = (char *)words[count - 1];
	}
	arguments[count++] = (char *)"--data";
	arguments[count++] = (char *)data;
	if (pipe(ends) != 0)
		return NULL;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (said != NULL)
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	int code = posix_spawn(&pid, path, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	char *output = code == 0 ? read_all(ends[0]) : NULL;
	close(ends[0]);
	int status = 1;
	if (code == 0)
		waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return output;
	if (said != NULL)
		*said = output;
	else
		free(output);
	return NULL;
}

static long
read_pid(const char *data, const char *service)
{
	char path[PATH_BYTES_MAX];
	long pid = 0;
	snprintf(path, sizeof(path), "%s/%s/pid", data, service);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

bool
shell_kill(const char *data, const char *service)
{
	long before = read_pid(data, service);
	if (before <= 1 || kill((pid_t)before, SIGKILL) != 0)
		return false;
	for (int waited = 0; waited < WAIT_MS_MAX; waited += PAUSE_MS) {
		long now = read_pid(data, service);
		if (now > 1 && now != before)
			return true;
		shell_sleep_ms(PAUSE_MS);
	}
	return false;
}
