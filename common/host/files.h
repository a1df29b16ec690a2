/* common/host/files.h
 *
 * Paths, folders and small text files. A file is replaced as a whole: written
 * beside, synced, renamed, and the folder synced, so that a crash leaves the old
 * one or the new one. */
#ifndef COMMON_HOST_FILES_H
#define COMMON_HOST_FILES_H

#include "common/host/error.h"

#include <stddef.h>
#include <stdint.h>

enum { PATH_BYTES_MAX = 4096 };

/* False, and the path empty, if it does not fit. */
bool path_format(char path[PATH_BYTES_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
bool path_exists(const char *path);

/* Makes the folder and those above it, 0700; one that is there is left as it is. */
bool folder_make(const char *path, struct host_error *error);
/* Makes names in the folder durable. */
bool folder_sync(const char *path, struct host_error *error);
/* Removes a folder that holds files only; one that is not there is fine. */
bool folder_remove(const char *path, struct host_error *error);

/* The text with its NUL; false if it cannot be read or does not fit. */
bool file_read(const char *path, char *text, size_t size, struct host_error *error);
bool file_replace(const char *path, const char *text, unsigned mode, struct host_error *error);

/* Writes all of it there; the system's error code, or 0. */
int file_write_at(int fd, const uint8_t *bytes, uint64_t size, uint64_t at);
/* Writes zeros from one end to the other; the end reached, errno telling why it is not the wished one. */
uint64_t file_fill(int fd, uint64_t from, uint64_t to);

#endif
