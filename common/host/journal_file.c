/* common/host/journal_file.c
 *
 * The file is filled with zeros a little ahead of the commits: a sync that changes neither
 * its length nor its blocks is a single write to the disk, and a full disk shows while
 * filling, before an entry is written. For a large batch, which takes its time anyway, space
 * is only set aside: filled, all of it would be written twice. An entry's place is fixed once the one before it is
 * durable, so a batch that failed is written again to the same place.
 *
 * A size of zero is the end. What a crash left behind the last whole entry is overwritten
 * with zeros when the journal is opened: a later end must not run into an older entry. */
#include "common/host/journal_file.h"

#include "common/base/fatal.h"
#include "common/host/files.h"
#include "common/host/journal_convert.h"
#include "common/host/journal_entry.h"
#include "common/host/journal_index.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__
#define MAP_BYTES (UINT64_C(8) << 30) /* its shadow memory leaves no room for a terabyte */
#else
#define MAP_BYTES (UINT64_C(1) << 40) /* of address space, which costs nothing */
#endif

enum {
	FORMAT_BYTES = 16,
	FILL_AHEAD_BYTES = 4 << 20, /* some thousand entries; an empty journal stays small */
	FILL_BATCH_BYTES_MAX = 256 << 10,
	CHUNK_BYTES = 256 << 10, /* written at once, if entries are not larger */
	COPY_BYTES = 1 << 20,
	HOPS_MAX = INDEX_EVERY,
};

static const uint8_t format[FORMAT_BYTES] = "matricula log 1";

struct journal_file {
	char folder[PATH_BYTES_MAX];
	int fd;
	int index_fd;
	const uint8_t *map; /* of the file, and of the room for it to grow */
	struct journal_index index;
	uint64_t head;     /* the last durable entry */
	uint64_t end;      /* behind it */
	uint64_t size;     /* of the file */
	uint64_t next_seq; /* where the last read ended */
	uint64_t next_at;
	uint8_t *chunk;
	uv_loop_t *loop;
	uv_work_t work;
	bool busy;
	const struct journal_batch *batch;
	enum outcome outcome;
	void (*on_committed)(void *context, enum outcome outcome);
	void *context;
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void
seek_to(struct journal_file *journal, uint64_t seq)
{
	struct slice entry;
	size_t slot = (size_t)((seq - 1) / INDEX_EVERY);
	bool near = journal->next_seq > 0 && seq >= journal->next_seq && seq - journal->next_seq < HOPS_MAX;
	if (!near) {
		assert(slot < journal->index.count);
		journal->next_seq = slot * INDEX_EVERY + 1;
		journal->next_at = journal->index.places[slot];
	}
	while (journal->next_seq < seq &&
	       journal_entry_at(journal->map, journal->next_at, journal->end, journal->next_seq, &entry)) {
		journal->next_seq++;
		journal->next_at += ENTRY_HEAD_BYTES + entry.size;
	}
}

bool
journal_file_read(struct journal_file *journal, uint64_t seq, struct slice *entry)
{
	if (seq == 0 || seq > journal->head)
		return false;
	seek_to(journal, seq);
	if (journal->next_seq != seq || !journal_entry_at(journal->map, journal->next_at, journal->end, seq, entry))
		fatal("journal %s: entry %llu cannot be read", journal->folder, (unsigned long long)seq);
	journal->next_seq++;
	journal->next_at += ENTRY_HEAD_BYTES + entry->size;
	return true;
}

uint64_t
journal_file_head(const struct journal_file *journal)
{
	return journal->head;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* Goes from entry to entry as far as they seem to be there. A damaged one counts only if a later one proves that it
 * was durable: otherwise it is where a crash cut the last batch off. */
static void
walk_to_end(struct journal_file *journal, uint64_t seq, uint64_t at)
{
	struct slice entry;
	uint64_t damaged = 0; /* the first one, not proven */
	journal->head = seq - 1;
	journal->end = at;
	for (; journal_entry_at(journal->map, at, journal->size, seq, &entry); seq++) {
		bool whole = journal_entry_whole(journal->map, at, journal->size, seq, &entry);
		if (whole && damaged != 0 && journal_entry_durable(journal->map, at) >= damaged)
			damaged = 0;
		if (!whole && damaged == 0)
			damaged = seq;
		journal_index_note(&journal->index, seq, at);
		at += ENTRY_HEAD_BYTES + entry.size;
		if (damaged == 0) {
			journal->head = seq;
			journal->end = at;
		}
	}
	journal_index_cut(&journal->index, (size_t)(journal->head + INDEX_EVERY - 1) / INDEX_EVERY);
}

/* Zeros, nearly always. */
static bool
nothing_behind_end(const struct journal_file *journal)
{
	const uint8_t *behind = journal->map + journal->end;
	uint64_t size = journal->size - journal->end;
	return size == 0 || (behind[0] == 0 && memcmp(behind, behind + 1, size - 1) == 0);
}

/* Whether anything behind the end proves that there was more, wherever it begins. */
static bool
is_cut_short(const struct journal_file *journal)
{
	struct slice entry;
	uint64_t entries_max = journal->size / ENTRY_HEAD_BYTES;
	if (nothing_behind_end(journal))
		return false;
	for (uint64_t at = journal->end; journal->size - at > ENTRY_HEAD_BYTES; at++) {
		uint64_t seq = journal_entry_seq(journal->map, at);
		if (seq > journal->head && seq - journal->head <= entries_max &&
		    journal_entry_whole(journal->map, at, journal->size, seq, &entry) &&
		    journal_entry_durable(journal->map, at) > journal->head)
			return true;
	}
	return false;
}

/* Of the index only the last pages may be wrong; what lies behind it is found entry by entry. */
static bool
find_end(struct journal_file *journal, struct host_error *error)
{
	struct slice entry;
	size_t slot = journal_index_read(&journal->index, journal->index_fd);
	while (slot < journal->index.count && journal_entry_whole(journal->map, journal->index.places[slot],
								  journal->size, slot * INDEX_EVERY + 1, &entry))
		slot++;
	journal_index_cut(&journal->index, slot);
	if (slot == 0)
		walk_to_end(journal, 1, FORMAT_BYTES);
	else
		walk_to_end(journal, (slot - 1) * INDEX_EVERY + 1, journal->index.places[slot - 1]);
	while (is_cut_short(journal)) {
		uint64_t next = journal->head + 1;
		if (!journal_entry_whole(journal->map, journal->end, journal->size, next, &entry))
			return host_error_set(error,
					      "journal %s is damaged: entry %llu, which was durable, is not there",
					      journal->folder, (unsigned long long)next);
		walk_to_end(journal, next, journal->end); /* a running node has written it meanwhile */
	}
	return true;
}

static bool
file_open(struct journal_file *journal, const char *name, int flags, int *fd, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	if (!path_format(path, "%s/%s", journal->folder, name))
		return host_error_set(error, "path of journal %s is too long", journal->folder);
	*fd = open(path, flags | O_CLOEXEC, 0600);
	return *fd >= 0 || host_error_set(error, "%s cannot be opened: %s", path, strerror(errno));
}

static bool
map_open(struct journal_file *journal, struct host_error *error)
{
	struct stat file;
	if (fstat(journal->fd, &file) != 0)
		return host_error_set(error, "journal %s cannot be read: %s", journal->folder, strerror(errno));
	journal->size = (uint64_t)file.st_size;
	void *map = mmap(NULL, MAP_BYTES, PROT_READ, MAP_SHARED | MAP_NORESERVE, journal->fd, 0);
	if (map == MAP_FAILED)
		return host_error_set(error, "journal %s cannot be mapped: %s", journal->folder, strerror(errno));
	journal->map = map;
	if (journal->size < FORMAT_BYTES || memcmp(map, format, FORMAT_BYTES) != 0)
		return host_error_set(error, "journal %s is not of this version", journal->folder);
	return true;
}

static struct journal_file *
journal_new(const char *folder)
{
	struct journal_file *journal = calloc(1, sizeof(*journal));
	if (journal == NULL)
		fatal("no memory left for a journal");
	journal->fd = -1;
	journal->index_fd = -1;
	if (!path_format(journal->folder, "%s", folder))
		fatal("path of a journal is too long");
	return journal;
}

void
journal_file_close(struct journal_file *journal)
{
	if (journal == NULL)
		return;
	assert(!journal->busy);
	if (journal->map != NULL)
		munmap((void *)journal->map, MAP_BYTES);
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->index_fd >= 0)
		close(journal->index_fd);
	journal_index_free(&journal->index);
	free(journal->chunk);
	free(journal);
}

bool
journal_file_exists(const char *folder)
{
	char path[PATH_BYTES_MAX];
	return path_format(path, "%s/entries", folder) && path_exists(path);
}

struct journal_file *
journal_file_open_reader(const char *folder, struct host_error *error)
{
	struct journal_file *journal = journal_new(folder);
	if (!file_open(journal, "entries", O_RDONLY, &journal->fd, error) || !map_open(journal, error)) {
		journal_file_close(journal);
		return NULL;
	}
	file_open(journal, "index", O_RDONLY, &journal->index_fd, NULL);
	if (find_end(journal, error))
		return journal;
	journal_file_close(journal);
	return NULL;
}

/* What is there now may be in memory only. */
static void
settle_end(const struct journal_file *journal)
{
	if (!nothing_behind_end(journal) && file_fill(journal->fd, journal->end, journal->size) < journal->size)
		fatal("journal %s cannot be written: %s", journal->folder, strerror(errno));
	if (fdatasync(journal->fd) != 0)
		fatal("journal %s cannot be synced: %s", journal->folder, strerror(errno));
}

/* A new one is complete before it has its name. */
static bool
journal_make(struct journal_file *journal, struct host_error *error)
{
	char fresh[PATH_BYTES_MAX];
	char path[PATH_BYTES_MAX];
	char above[PATH_BYTES_MAX];
	int fd;
	if (!path_format(fresh, "%s/entries.new", journal->folder) ||
	    !path_format(path, "%s/entries", journal->folder) || !path_format(above, "%s/..", journal->folder))
		return host_error_set(error, "path of journal %s is too long", journal->folder);
	if (!file_open(journal, "entries.new", O_RDWR | O_CREAT | O_TRUNC, &fd, error))
		return false;
	bool written = write(fd, format, FORMAT_BYTES) == FORMAT_BYTES && fsync(fd) == 0;
	close(fd);
	if (!written || rename(fresh, path) != 0)
		return host_error_set(error, "%s cannot be written: %s", path, strerror(errno));
	return folder_sync(journal->folder, error) && folder_sync(above, error);
}

static bool
journal_begin_writing(struct journal_file *journal, struct host_error *error)
{
	if (!folder_make(journal->folder, error))
		return false;
	if (!journal_file_exists(journal->folder) &&
	    !(journal_convert_wanted(journal->folder) ? journal_convert(journal->folder, error)
						      : journal_make(journal, error)))
		return false;
	return file_open(journal, "entries", O_RDWR, &journal->fd, error) &&
	       file_open(journal, "index", O_RDWR | O_CREAT, &journal->index_fd, error) && map_open(journal, error);
}

struct journal_file *
journal_file_open(const char *folder, uv_loop_t *loop, void (*on_committed)(void *context, enum outcome outcome),
		  void *context)
{
	struct host_error error;
	struct journal_file *journal = journal_new(folder);
	if (!journal_begin_writing(journal, &error) || !find_end(journal, &error))
		fatal("%s", error.text);
	settle_end(journal);
	journal->chunk = malloc(CHUNK_BYTES);
	if (journal->chunk == NULL)
		fatal("no memory left for a journal");
	journal->loop = loop;
	journal->on_committed = on_committed;
	journal->context = context;
	return journal;
}

/* --- committing, on the worker ----------------------------------------------------------------------------------- */

/* Error code of the system, or 0. */
static int
journal_fill(struct journal_file *journal, uint64_t batch_size)
{
	uint64_t wanted = journal->end + batch_size;
	if (wanted <= journal->size)
		return 0;
	if (wanted > MAP_BYTES - FILL_AHEAD_BYTES)
		return ENOSPC;
	/* What the file system cannot set aside is filled after all, and fails there if the disk is full. */
	if (batch_size > FILL_BATCH_BYTES_MAX &&
	    fallocate(journal->fd, 0, (off_t)journal->size, (off_t)(wanted - journal->size)) == 0) {
		journal->size = wanted;
		return 0;
	}
	uint64_t filled = file_fill(journal->fd, journal->size, wanted + FILL_AHEAD_BYTES);
	int code = errno == 0 ? ENOSPC : errno;
	if (filled < wanted)
		return ftruncate(journal->fd, (off_t)journal->size) == 0 ? code : errno;
	journal->size = filled;
	return 0;
}

static int
journal_append(const struct journal_file *journal, const struct journal_batch *batch)
{
	const uint8_t *bytes = batch->bytes;
	uint64_t at = journal->end;
	size_t filled = 0;
	int code = 0;
	for (uint32_t i = 0; i < batch->count && code == 0; i++) {
		struct slice entry = slice_of(bytes, batch->sizes[i]);
		bytes += entry.size;
		if (filled + ENTRY_HEAD_BYTES + entry.size > CHUNK_BYTES) {
			code = file_write_at(journal->fd, journal->chunk, filled, at);
			at += filled;
			filled = 0;
		}
		journal_entry_head(journal->chunk + filled, batch->first_seq + i, i, entry);
		filled += ENTRY_HEAD_BYTES;
		if (filled + entry.size <= CHUNK_BYTES) {
			memcpy(journal->chunk + filled, entry.data, entry.size);
			filled += entry.size;
			continue;
		}
		if (code == 0)
			code = file_write_at(journal->fd, journal->chunk, filled, at);
		if (code == 0)
			code = file_write_at(journal->fd, entry.data, entry.size, at + filled);
		at += filled + entry.size;
		filled = 0;
	}
	return code != 0 ? code : file_write_at(journal->fd, journal->chunk, filled, at);
}

static uint64_t
batch_bytes(const struct journal_batch *batch)
{
	uint64_t bytes = (uint64_t)batch->count * ENTRY_HEAD_BYTES;
	for (uint32_t i = 0; i < batch->count; i++)
		bytes += batch->sizes[i];
	return bytes;
}

static enum outcome
journal_write(struct journal_file *journal, const struct journal_batch *batch)
{
	journal_index_write(&journal->index, journal->index_fd);
	int code = journal_fill(journal, batch_bytes(batch));
	if (code == 0)
		code = journal_append(journal, batch);
	if (code == 0 && fdatasync(journal->fd) != 0)
		code = errno;
	if (code == ENOSPC || code == EDQUOT)
		return OUTCOME_NO_SPACE;
	if (code != 0)
		fatal("journal %s cannot be written: %s", journal->folder, strerror(code));
	return OUTCOME_DONE;
}

/* --- committing, on the loop ------------------------------------------------------------------------------------- */

static void
journal_begin(struct journal_file *journal, const struct journal_batch *batch)
{
	assert(!journal->busy);
	assert(batch->count > 0);
	assert(batch->first_seq == journal->head + 1);
	journal->busy = true;
	journal->batch = batch;
}

static void
journal_end(struct journal_file *journal)
{
	const struct journal_batch *batch = journal->batch;
	for (uint32_t i = 0; i < batch->count && journal->outcome == OUTCOME_DONE; i++) {
		journal_index_note(&journal->index, ++journal->head, journal->end);
		journal->end += ENTRY_HEAD_BYTES + batch->sizes[i];
	}
	journal->busy = false;
	journal->batch = NULL;
}

static void
on_work(uv_work_t *work)
{
	struct journal_file *journal = work->data;
	journal->outcome = journal_write(journal, journal->batch);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct journal_file *journal = work->data;
	assert(status == 0); /* never cancelled */
	journal_end(journal);
	journal->on_committed(journal->context, journal->outcome);
}

void
journal_file_commit(struct journal_file *journal, const struct journal_batch *batch)
{
	journal_begin(journal, batch);
	journal->work.data = journal;
	int code = uv_queue_work(journal->loop, &journal->work, on_work, on_worked);
	assert(code == 0);
}

enum outcome
journal_file_commit_now(struct journal_file *journal, const struct journal_batch *batch)
{
	journal_begin(journal, batch);
	journal->outcome = journal_write(journal, batch);
	journal_end(journal);
	return journal->outcome;
}

bool
journal_file_busy(const struct journal_file *journal)
{
	return journal->busy;
}

/* --- copying ----------------------------------------------------------------------------------------------------- */

bool
journal_file_copy(const struct journal_file *journal, const char *folder, struct host_error *error)
{
	struct journal_file *copy = journal_new(folder);
	bool good = folder_make(folder, error) &&
		    file_open(copy, "entries", O_RDWR | O_CREAT | O_EXCL, &copy->fd, error) &&
		    file_open(copy, "index", O_RDWR | O_CREAT, &copy->index_fd, error);
	int code = 0;
	for (uint64_t at = 0; good && code == 0 && at < journal->end; at += COPY_BYTES) {
		uint64_t left = journal->end - at;
		code = file_write_at(copy->fd, journal->map + at, left < COPY_BYTES ? left : COPY_BYTES, at);
	}
	if (good && code == 0) {
		struct journal_index places = journal->index;
		places.written = 0;
		journal_index_write(&places, copy->index_fd);
		code = fsync(copy->fd) == 0 ? 0 : errno;
	}
	journal_file_close(copy);
	if (code != 0)
		return host_error_set(error, "journal %s cannot be copied to %s: %s", journal->folder, folder,
				      strerror(code));
	return good && folder_sync(folder, error);
}
