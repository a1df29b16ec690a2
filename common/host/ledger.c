/* common/host/ledger.c
 *
 * Appended to in one write, synced, never rewritten but for a last line without its end. */
#include "common/host/ledger.h"

#include "common/base/date.h"
#include "common/base/fatal.h"
#include "common/base/id.h"
#include "common/core/limits.h"
#include "common/host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 64 };

struct ledger {
	int fd;
	char path[PATH_BYTES_MAX];
	struct slot_erasure *erasures;
	size_t count;
};

static bool
line_read(const char *line, struct slot_erasure *erasure)
{
	char text[ID_TEXT_BYTES];
	struct id id;
	if (sscanf(line, "%26s %u", text, &erasure->slot) != 2 || !id_parse(text, &id))
		return false;
	memcpy(erasure->subject, id.bytes, ID_BYTES);
	return true;
}

static bool
lines_read(struct ledger *ledger, char *text, size_t size, struct host_error *error)
{
	size_t lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	ledger->erasures = calloc(lines + 1, sizeof(*ledger->erasures));
	if (ledger->erasures == NULL)
		fatal("no memory left for a ledger");
	for (char *line = text; ledger->count < lines; ledger->count++) {
		char *end = strchr(line, '\n');
		*end = '\0';
		if (!line_read(line, &ledger->erasures[ledger->count]))
			return host_error_set(error, "file %s: line %zu is no erasure", ledger->path,
					      ledger->count + 1);
		line = end + 1;
	}
	return true;
}

/* All of it, cut behind its last whole line. */
static bool
ledger_read(struct ledger *ledger, struct host_error *error)
{
	struct stat info;
	if (fstat(ledger->fd, &info) != 0)
		return host_error_set(error, "file %s cannot be read: %s", ledger->path, strerror(errno));
	size_t size = (size_t)info.st_size;
	char *text = calloc(1, size + 1);
	if (text == NULL)
		fatal("no memory left for a ledger");
	ssize_t got = pread(ledger->fd, text, size, 0);
	bool good = got >= 0 && (size_t)got == size;
	while (good && size > 0 && text[size - 1] != '\n')
		size--;
	if (good && (off_t)size != info.st_size)
		good = ftruncate(ledger->fd, (off_t)size) == 0 && fsync(ledger->fd) == 0;
	if (!good)
		host_error_set(error, "file %s cannot be read: %s", ledger->path, strerror(errno));
	good = good && lines_read(ledger, text, size, error);
	free(text);
	return good;
}

struct ledger *
ledger_open(const char *path, struct host_error *error)
{
	char folder[PATH_BYTES_MAX];
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	if (ledger == NULL)
		fatal("no memory left for a ledger");
	bool good = path_format(ledger->path, "%s", path) && path_format(folder, "%s", path);
	bool fresh = good && !path_exists(path);
	ledger->fd = good ? open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (ledger->fd < 0) {
		host_error_set(error, "file %s cannot be opened: %s; it keeps who was erased, see the keys folder",
			       path, strerror(errno));
		free(ledger);
		return NULL;
	}
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	good = (!fresh || folder_sync(slash != NULL ? folder : ".", error)) && ledger_read(ledger, error);
	if (good)
		return ledger;
	ledger_close(ledger);
	return NULL;
}

void
ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	close(ledger->fd);
	free(ledger->erasures);
	free(ledger);
}

const struct slot_erasure *
ledger_all(const struct ledger *ledger, size_t *count)
{
	*count = ledger->count;
	return ledger->erasures;
}

static enum outcome
append(const struct ledger *ledger, const char *text)
{
	size_t size = strlen(text);
	ssize_t wrote = write(ledger->fd, text, size);
	if (wrote >= 0 && (size_t)wrote == size) {
		if (fsync(ledger->fd) != 0)
			fatal("file %s cannot be synced: %s", ledger->path, strerror(errno));
		return OUTCOME_DONE;
	}
	if (wrote >= 0 || errno == ENOSPC || errno == EDQUOT) {
		/* What was written of it goes, so that the next try begins a line. */
		struct stat info;
		if (wrote > 0 &&
		    (fstat(ledger->fd, &info) != 0 || ftruncate(ledger->fd, info.st_size - (off_t)wrote) != 0))
			fatal("file %s cannot be cut: %s", ledger->path, strerror(errno));
		return OUTCOME_NO_SPACE;
	}
	fatal("file %s cannot be written: %s", ledger->path, strerror(errno));
}

enum outcome
ledger_append(const struct ledger *ledger, const struct slot_erasure *erasures, size_t count, int64_t now_us)
{
	char text[ERASURES_AT_ONCE * LINE_BYTES] = "";
	char date[DATE_TEXT_BYTES];
	size_t size = 0;
	date_format(date_of_instant(now_us, 0), date);
	for (size_t i = 0; i < count; i++) {
		struct id id;
		char subject[ID_TEXT_BYTES];
		if (!erasures[i].in_ledger)
			continue;
		memcpy(id.bytes, erasures[i].subject, ID_BYTES);
		id_format(id, subject);
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s %u %s\n", subject, erasures[i].slot,
					 date);
		if (size >= sizeof(text))
			fatal("more than %d erasures at once", ERASURES_AT_ONCE);
	}
	return size == 0 ? OUTCOME_DONE : append(ledger, text);
}
