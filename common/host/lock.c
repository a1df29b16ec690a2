/* common/host/lock.c
 *
 * flock belongs to the open file, so the kernel lets go of it with the process;
 * the number in the file is for people and never decides anything. */
#include "common/host/lock.h"

#include "common/host/files.h"
#include "common/host/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_AGAIN_MS = 10 };

static void
lock_name_holder(int lock, const char *folder, struct host_error *error)
{
	char holder[24] = "";
	ssize_t size = pread(lock, holder, sizeof(holder) - 1, 0);
	holder[size > 0 ? size : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	host_error_set(error, "data folder %s is in use by process %s", folder, holder[0] == '\0' ? "unknown" : holder);
}

static bool
lock_wait(int lock, int64_t patience_ms)
{
	int64_t until_us = probe_monotonic_us() + patience_ms * 1000;
	while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || probe_monotonic_us() >= until_us)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = LOCK_AGAIN_MS * 1000000L}, NULL);
	}
	return true;
}

int
lock_take(const char *folder, int64_t patience_ms, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	if (!path_format(path, "%s/lock", folder)) {
		host_error_set(error, "path of the data folder is too long");
		return -1;
	}
	int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0) {
		host_error_set(error, "lock %s cannot be opened: %s", path, strerror(errno));
		return -1;
	}
	if (!lock_wait(lock, patience_ms)) {
		if (errno == EWOULDBLOCK)
			lock_name_holder(lock, folder, error);
		else
			host_error_set(error, "lock %s cannot be taken: %s", path, strerror(errno));
		close(lock);
		return -1;
	}
	char holder[24];
	int size = snprintf(holder, sizeof(holder), "%ld\n", (long)getpid());
	/* The number only names the holder to others; on a full disk a node must start all the same, for its readers.
	 */
	bool named = ftruncate(lock, 0) == 0 && pwrite(lock, holder, (size_t)size, 0) == size;
	(void)named;
	return lock;
}

void
lock_release(int lock)
{
	close(lock);
}
