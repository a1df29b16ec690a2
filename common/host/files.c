/* common/host/files.c
 *
 * Plain system calls, each error named with the path it happened at. */
#include "common/host/files.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILL_WRITE_BYTES = 64 << 10 };

bool
path_format(char path[PATH_BYTES_MAX], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(path, PATH_BYTES_MAX, format, arguments);
	va_end(arguments);
	if (size >= 0 && size < PATH_BYTES_MAX)
		return true;
	path[0] = '\0';
	return false;
}

bool
path_exists(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0;
}

bool
folder_make(const char *path, struct host_error *error)
{
	char part[PATH_BYTES_MAX];
	if (!path_format(part, "%s", path) || part[0] == '\0')
		return host_error_set(error, "folder path is empty or too long");
	for (char *at = part + 1;; at++) {
		char was = *at;
		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return host_error_set(error, "folder %s cannot be made: %s", part, strerror(errno));
		if (was == '\0')
			return true;
		*at = was;
	}
}

bool
folder_sync(const char *path, struct host_error *error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return host_error_set(error, "folder %s cannot be opened: %s", path, strerror(errno));
	/* Some file systems refuse to sync a folder; there is nothing to wait for then. */
	bool synced = fsync(fd) == 0 || errno == EINVAL;
	if (!synced)
		host_error_set(error, "folder %s cannot be synced: %s", path, strerror(errno));
	close(fd);
	return synced;
}

bool
folder_remove(const char *path, struct host_error *error)
{
	DIR *folder = opendir(path);
	if (folder == NULL)
		return errno == ENOENT || host_error_set(error, "folder %s cannot be read: %s", path, strerror(errno));
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(folder), entry->d_name, 0); /* what stays makes rmdir fail */
	}
	closedir(folder);
	if (rmdir(path) != 0)
		return host_error_set(error, "folder %s cannot be removed: %s", path, strerror(errno));
	return true;
}

bool
file_read(const char *path, char *text, size_t size, struct host_error *error)
{
	assert(size > 0);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return host_error_set(error, "file %s cannot be opened: %s", path, strerror(errno));
	size_t used = 0;
	ssize_t got = 1;
	while (got > 0 && used < size) {
		got = read(fd, text + used, size - used);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			used += (size_t)got;
	}
	int trouble = got < 0 ? errno : 0;
	close(fd);
	if (trouble != 0)
		return host_error_set(error, "file %s cannot be read: %s", path, strerror(trouble));
	if (used == size)
		return host_error_set(error, "file %s is larger than %zu bytes", path, size - 1);
	text[used] = '\0';
	return true;
}

static bool
file_write_synced(const char *path, const char *text, unsigned mode, struct host_error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return host_error_set(error, "file %s cannot be made: %s", path, strerror(errno));
	size_t size = strlen(text);
	ssize_t wrote = write(fd, text, size);
	bool good = wrote >= 0 && (size_t)wrote == size && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	if (!good)
		host_error_set(error, "file %s cannot be written: %s", path, strerror(errno));
	close(fd);
	if (!good)
		unlink(path);
	return good;
}

bool
file_replace(const char *path, const char *text, unsigned mode, struct host_error *error)
{
	char beside[PATH_BYTES_MAX];
	char folder[PATH_BYTES_MAX];
	if (!path_format(beside, "%s.new", path) || !path_format(folder, "%s", path))
		return host_error_set(error, "path is too long");
	if (!file_write_synced(beside, text, mode, error))
		return false;
	if (rename(beside, path) != 0)
		return host_error_set(error, "file %s cannot be replaced: %s", path, strerror(errno));
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		return folder_sync(".", error);
	*(slash == folder ? slash + 1 : slash) = '\0';
	return folder_sync(folder, error);
}

int
file_write_at(int fd, const uint8_t *bytes, uint64_t size, uint64_t at)
{
	while (size > 0) {
		ssize_t wrote = pwrite(fd, bytes, size, (off_t)at);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote == 0 ? ENOSPC : errno;
		bytes += wrote;
		size -= (uint64_t)wrote;
		at += (uint64_t)wrote;
	}
	return 0;
}

uint64_t
file_fill(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[FILL_WRITE_BYTES];
	errno = 0;
	while (from < to) {
		uint64_t size = to - from < sizeof(zeros) ? to - from : sizeof(zeros);
		ssize_t wrote = pwrite(fd, zeros, size, (off_t)from);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return from;
		from += (uint64_t)wrote;
	}
	return from;
}
