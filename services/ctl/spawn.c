/* services/ctl/spawn.c
 *
 * A child asks the kernel to be told when its parent ends, and then looks whether the
 * parent is still there: in this order there is no gap. The request survives exec. */
#include "services/ctl/spawn.h"

#include "services/ctl/ctl.h"
#include "services/ctl/link.h"

#include "common/host/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS_MAX = 10000, END_MS_MAX = 15000, PAUSE_MS = 20, NO_EXEC_EXIT_CODE = 127 };

static bool
own_path(char path[PATH_BYTES_MAX])
{
	ssize_t size = readlink("/proc/self/exe", path, PATH_BYTES_MAX - 1);
	if (size < 0) {
		say("/proc/self/exe cannot be read: %s", strerror(errno));
		return false;
	}
	path[size] = '\0';
	return true;
}

bool
server_path(char path[PATH_BYTES_MAX], const char *name)
{
	char own[PATH_BYTES_MAX];
	if (!own_path(own))
		return false;
	*strrchr(own, '/') = '\0';
	if (path_format(path, "%s/matricula-%s", own, name) && access(path, X_OK) == 0)
		return true;
	say("program %s/matricula-%s is not there", own, name);
	return false;
}

bool
data_prepare(const char *data)
{
	char path[PATH_BYTES_MAX];
	struct host_error error;
	if (path_format(path, "%s/run", data) && folder_make(path, &error) && path_format(path, "%s/keys", data) &&
	    keys_create(path, &error))
		return true;
	say("%s", error.text);
	return false;
}

/* The program may have been replaced meanwhile, so its folder says nothing: the name must do. */
static bool
is_server(long pid, const char *name)
{
	char path[64];
	char program[PATH_BYTES_MAX];
	char wanted[64];
	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	snprintf(wanted, sizeof(wanted), "/matricula-%s", name);
	ssize_t size = readlink(path, program, sizeof(program) - 1);
	program[size < 0 ? 0 : size] = '\0';
	const char *file = strrchr(program, '/');
	return file != NULL && strncmp(file, wanted, strlen(wanted)) == 0;
}

void
server_await_end(const char *data, const char *name)
{
	char path[PATH_BYTES_MAX];
	long pid = 0;
	FILE *file = path_format(path, "%s/%s/pid", data, name) ? fopen(path, "r") : NULL;
	if (file == NULL)
		return;
	bool read = fscanf(file, "%ld", &pid) == 1;
	fclose(file);
	if (!read || !is_server(pid, name))
		return;
	say("%s of a former run, process %ld, still ends", name, pid);
	for (int waited_ms = 0; waited_ms < END_MS_MAX && is_server(pid, name); waited_ms += PAUSE_MS)
		poll(NULL, 0, PAUSE_MS);
}

/* The repository whose build/VARIANT/bin holds this program, or what a package installs. */
bool
units_path(char path[PATH_BYTES_MAX])
{
	char own[PATH_BYTES_MAX];
	if (!own_path(own))
		return false;
	for (int up = 0; up < 4 && strchr(own, '/') != NULL; up++)
		*strrchr(own, '/') = '\0';
	if (path_format(path, "%s/tests/data/vietnam-units-2025.csv", own) && access(path, R_OK) == 0)
		return true;
	return path_format(path, "/usr/share/matricula/units.csv") && access(path, R_OK) == 0;
}

/* In the child: exec or end. */
static _Noreturn void
child_become(pid_t parent, char *const argv[])
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(NO_EXEC_EXIT_CODE);
	execv(argv[0], argv);
	fprintf(stderr, "%s cannot be started: %s\n", argv[0], strerror(errno));
	_exit(NO_EXEC_EXIT_CODE);
}

/* matricula exec -- PARENT PROGRAM ARGUMENTS: a group of its own keeps the terminal's Ctrl-C for `up`. */
int
command_exec(const struct args *args)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	child_become((pid_t)strtol(args->values[0], NULL, 10), (char *const *)(uintptr_t)&args->values[1]);
}

static bool
wait_listening(const struct args *args, const char *name, pid_t pid)
{
	for (int waited_ms = 0; waited_ms < START_MS_MAX; waited_ms += PAUSE_MS) {
		if (link_is_there(args, name))
			return true;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return false;
		poll(NULL, 0, PAUSE_MS);
	}
	return false;
}

pid_t
server_start(const struct args *args, const char *name)
{
	char program[PATH_BYTES_MAX];
	char log[PATH_BYTES_MAX];
	if (!server_path(program, name) || !path_format(log, "%s/run/%s.log", args_data(args), name))
		return -1;
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (fd >= 0) {
			dup2(fd, STDOUT_FILENO);
			dup2(fd, STDERR_FILENO);
		}
		child_become(parent,
			     (char *const[]){program, (char *)"--data", (char *)(uintptr_t)args_data(args), NULL});
	}
	if (pid < 0 || wait_listening(args, name, pid))
		return pid;
	say("%s did not start, see %s", name, log);
	kill(pid, SIGTERM);
	return -1;
}

void
server_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}
