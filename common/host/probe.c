/* common/host/probe.c
 *
 * Looking costs microseconds to milliseconds, and nodes ask for every call, so what
 * was seen is kept for a while. smaps_rollup counts a page of a shared map that only
 * we have mapped as private, which would make the file cache look like memory in
 * use; RssAnon in /proc/self/status is exactly what cannot be given back. */
#include "common/host/probe.h"

#include "common/host/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { SPACE_EVERY_US = 100 * 1000, MEMORY_EVERY_US = 1000 * 1000, STATUS_BYTES_MAX = 8192 };

static int64_t
clock_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
probe_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t
probe_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

void
probe_init(struct probe *probe, const char *folder)
{
	memset(probe, 0, sizeof(*probe));
	probe->folder = folder;
	probe->space_seen_us = INT64_MIN / 2;
	probe->memory_seen_us = INT64_MIN / 2;
	probe->crash_log = getenv("MATRICULA_CRASH_LOG");
	const char *crash = getenv("MATRICULA_CRASH");
	const char *colon = crash == NULL ? NULL : strrchr(crash, ':');
	if (colon == NULL || (size_t)(colon - crash) >= sizeof(probe->crash_at))
		return;
	memcpy(probe->crash_at, crash, (size_t)(colon - crash));
	probe->crash_left = strtoul(colon + 1, NULL, 10);
}

uint64_t
probe_space_free(struct probe *probe)
{
	int64_t now_us = probe_monotonic_us();
	if (now_us - probe->space_seen_us < SPACE_EVERY_US)
		return probe->space_bytes;
	struct statvfs space;
	probe->space_seen_us = now_us;
	probe->space_bytes = 0;
	if (statvfs(probe->folder, &space) == 0)
		probe->space_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	return probe->space_bytes;
}

uint64_t
probe_memory_used(struct probe *probe)
{
	int64_t now_us = probe_monotonic_us();
	if (now_us - probe->memory_seen_us < MEMORY_EVERY_US)
		return probe->memory_bytes;
	char status[STATUS_BYTES_MAX];
	probe->memory_seen_us = now_us;
	if (!file_read("/proc/self/status", status, sizeof(status), NULL))
		return probe->memory_bytes;
	const char *line = strstr(status, "\nRssAnon:");
	if (line != NULL)
		probe->memory_bytes = strtoull(line + strlen("\nRssAnon:"), NULL, 10) << 10;
	return probe->memory_bytes;
}

static void
crash_log_append(struct probe *probe, const char *name)
{
	for (size_t i = 0; i < probe->reached_count; i++) {
		if (strcmp(probe->reached[i], name) == 0)
			return;
	}
	if (probe->reached_count == CRASH_POINTS_MAX)
		return;
	probe->reached[probe->reached_count++] = name;
	int fd = open(probe->crash_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	dprintf(fd, "%s\n", name);
	close(fd);
}

void
probe_crash_point(struct probe *probe, const char *name)
{
	if (probe->crash_log != NULL)
		crash_log_append(probe, name);
	if (probe->crash_at[0] == '\0' || strcmp(probe->crash_at, name) != 0)
		return;
	if (probe->crash_left <= 1)
		_exit(CRASH_EXIT_CODE);
	probe->crash_left--;
}
