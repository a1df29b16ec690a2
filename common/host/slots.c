/* common/host/slots.c
 *
 * A block is written behind the last one, synced, and counted in the first record, which is
 * synced too; only then is it ready. A block that a crash cut off is written anew. The loop
 * thread reads the file through a map as long as it may ever become: a call of the system
 * for each person would cost ten times as much, and no copy of a key stays behind when its
 * record is destroyed. */
#include "common/host/slots.h"

#include "common/base/codec.h"
#include "common/base/fatal.h"
#include "common/host/files.h"
#include "common/host/probe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	KEY_BYTES = 32,
	RANDOM_BYTES = 16,
	RECORD_BYTES = 64,
	COPY_BYTES = 256 << 10,
	/* Of the plain text of the record before slot 0. */
	READY_AT = 0,
};

static const char master_label[] = "matricula: master key of subjects' keys, 1";
static const uint32_t HEAD_SLOT = UINT32_MAX; /* the first record is wrapped as that one */
static const size_t MAP_BYTES = ((size_t)UINT32_MAX + 1) * RECORD_BYTES;

struct slots {
	int fd;
	char path[PATH_BYTES_MAX];
	uint8_t master[KEY_BYTES];
	uint32_t ready;
	const uint8_t *map; /* of MAP_BYTES, of which the file fills a beginning */
	struct ledger *ledger;
	uv_loop_t *loop;
	struct slots_events events;
	uv_work_t making;
	bool making_busy;
	enum outcome making_outcome;
	uv_work_t erasing;
	bool erasing_busy;
	enum outcome erasing_outcome;
	const struct slot_erasure *erasures;
	size_t erasures_count;
};

/* --- records ---------------------------------------------------------------------------------------------------- */

static void
nonce_of(uint32_t slot, const uint8_t random[RANDOM_BYTES], uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES])
{
	memset(nonce, 0, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
	put_u32(nonce, slot);
	memcpy(nonce + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES - RANDOM_BYTES, random, RANDOM_BYTES);
}

static void
record_make(const struct slots *slots, uint32_t slot, const uint8_t key[KEY_BYTES], uint8_t record[RECORD_BYTES])
{
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	randombytes_buf(record, RANDOM_BYTES);
	nonce_of(slot, record, nonce);
	crypto_aead_xchacha20poly1305_ietf_encrypt(record + RANDOM_BYTES, NULL, key, KEY_BYTES, NULL, 0, NULL, nonce,
						   slots->master);
}

static bool
record_open(const struct slots *slots, uint32_t slot, const uint8_t record[RECORD_BYTES], uint8_t key[KEY_BYTES])
{
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	nonce_of(slot, record, nonce);
	return crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, record + RANDOM_BYTES,
							  RECORD_BYTES - RANDOM_BYTES, NULL, 0, nonce,
							  slots->master) == 0;
}

static off_t
record_at(uint32_t slot)
{
	return ((off_t)slot + 1) * RECORD_BYTES;
}

static enum outcome
outcome_of(const struct slots *slots, int code)
{
	if (code == 0)
		return OUTCOME_DONE;
	if (code == ENOSPC || code == EDQUOT)
		return OUTCOME_NO_SPACE;
	fatal("file %s cannot be written: %s", slots->path, strerror(code));
}

/* --- making ----------------------------------------------------------------------------------------------------- */

static int
block_write(const struct slots *slots, uint32_t first)
{
	uint8_t *block = malloc((size_t)SLOTS_BLOCK * RECORD_BYTES);
	uint8_t key[KEY_BYTES];
	if (block == NULL)
		fatal("no memory left for a block of keys");
	for (uint32_t i = 0; i < SLOTS_BLOCK; i++) {
		randombytes_buf(key, sizeof(key));
		record_make(slots, first + i, key, block + (size_t)i * RECORD_BYTES);
	}
	sodium_memzero(key, sizeof(key));
	int code = file_write_at(slots->fd, block, (size_t)SLOTS_BLOCK * RECORD_BYTES, record_at(first));
	free(block);
	return code != 0 || fdatasync(slots->fd) == 0 ? code : errno;
}

static int
head_write(const struct slots *slots, uint32_t ready)
{
	uint8_t text[KEY_BYTES] = {0};
	uint8_t record[RECORD_BYTES];
	put_u32(text + READY_AT, ready);
	record_make(slots, HEAD_SLOT, text, record);
	int code = file_write_at(slots->fd, record, sizeof(record), 0);
	return code != 0 || fdatasync(slots->fd) == 0 ? code : errno;
}

static enum outcome
block_make(const struct slots *slots)
{
	if (slots->ready > HEAD_SLOT - 2 * SLOTS_BLOCK)
		fatal("file %s is full", slots->path);
	int code = block_write(slots, slots->ready);
	if (code == 0)
		code = head_write(slots, slots->ready + SLOTS_BLOCK);
	return outcome_of(slots, code);
}

static void
on_making(uv_work_t *work)
{
	struct slots *slots = work->data;
	slots->making_outcome = block_make(slots);
}

static void
on_made(uv_work_t *work, int status)
{
	struct slots *slots = work->data;
	assert(status == 0); /* never cancelled */
	slots->making_busy = false;
	if (slots->making_outcome == OUTCOME_DONE)
		slots->ready += SLOTS_BLOCK;
	slots->events.on_made(slots->events.context, slots->making_outcome);
}

void
slots_more(struct slots *slots)
{
	assert(!slots->making_busy);
	slots->making_busy = true;
	slots->making.data = slots;
	int code = uv_queue_work(slots->loop, &slots->making, on_making, on_made);
	assert(code == 0);
}

/* --- erasing ---------------------------------------------------------------------------------------------------- */

static enum outcome
erase_all(const struct slots *slots)
{
	static const uint8_t nothing[RECORD_BYTES];
	enum outcome noted = ledger_append(slots->ledger, slots->erasures, slots->erasures_count, probe_now_us());
	int code = 0;
	if (noted != OUTCOME_DONE)
		return noted;
	for (size_t i = 0; code == 0 && i < slots->erasures_count; i++)
		code = file_write_at(slots->fd, nothing, sizeof(nothing), record_at(slots->erasures[i].slot));
	if (code == 0 && fdatasync(slots->fd) != 0)
		code = errno;
	return outcome_of(slots, code);
}

static void
on_erasing(uv_work_t *work)
{
	struct slots *slots = work->data;
	slots->erasing_outcome = erase_all(slots);
}

static void
on_erased(uv_work_t *work, int status)
{
	struct slots *slots = work->data;
	assert(status == 0);
	slots->erasing_busy = false;
	slots->events.on_erased(slots->events.context, slots->erasing_outcome);
}

void
slots_erase(struct slots *slots, const struct slot_erasure *erasures, size_t count)
{
	assert(!slots->erasing_busy);
	slots->erasing_busy = true;
	slots->erasures = erasures;
	slots->erasures_count = count;
	slots->erasing.data = slots;
	int code = uv_queue_work(slots->loop, &slots->erasing, on_erasing, on_erased);
	assert(code == 0);
}

bool
slots_busy(const struct slots *slots)
{
	return slots->making_busy || slots->erasing_busy;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

enum slot_state
slots_key(struct slots *slots, uint32_t slot, uint8_t key[KEY_BYTES])
{
	if (slot >= slots->ready)
		return SLOT_NONE;
	const uint8_t *record = slots->map + record_at(slot);
	if (sodium_is_zero(record, RECORD_BYTES))
		return SLOT_DESTROYED;
	if (!record_open(slots, slot, record, key))
		fatal("file %s: slot %u is corrupt", slots->path, slot);
	return SLOT_PRESENT;
}

uint32_t
slots_ready(const struct slots *slots)
{
	return slots->ready;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* How many are ready; 0 in a file that was only just made. */
static bool
head_read(struct slots *slots, struct host_error *error)
{
	uint8_t record[RECORD_BYTES];
	uint8_t text[KEY_BYTES];
	ssize_t got = pread(slots->fd, record, sizeof(record), 0);
	if (got < 0)
		return host_error_set(error, "file %s cannot be read: %s", slots->path, strerror(errno));
	if (got < RECORD_BYTES || sodium_is_zero(record, sizeof(record)))
		return true;
	if (!record_open(slots, HEAD_SLOT, record, text))
		return host_error_set(error, "file %s was made under another secret, or is corrupt", slots->path);
	slots->ready = get_u32(text + READY_AT);
	return true;
}

/* What is ready must be there: behind the end of the file the map has no memory. */
static bool
file_map(struct slots *slots, struct host_error *error)
{
	struct stat file;
	if (fstat(slots->fd, &file) != 0)
		return host_error_set(error, "file %s cannot be read: %s", slots->path, strerror(errno));
	if (slots->ready > 0 && file.st_size < record_at(slots->ready))
		return host_error_set(error, "file %s is cut short: it should hold %u slots", slots->path,
				      slots->ready);
	void *map = mmap(NULL, MAP_BYTES, PROT_READ, MAP_SHARED | MAP_NORESERVE, slots->fd, 0);
	if (map == MAP_FAILED)
		return host_error_set(error, "file %s cannot be mapped: %s", slots->path, strerror(errno));
	slots->map = map;
	return true;
}

static struct slots *
slots_new(const char *path, int flags, const uint8_t secret[KEY_BYTES], struct host_error *error)
{
	struct slots *slots = calloc(1, sizeof(*slots));
	if (slots == NULL)
		fatal("no memory left for keys");
	crypto_generichash(slots->master, sizeof(slots->master), (const uint8_t *)master_label, sizeof(master_label),
			   secret, KEY_BYTES);
	bool good = path_format(slots->path, "%s", path);
	slots->fd = good ? open(path, flags | O_CLOEXEC, 0600) : -1;
	if (slots->fd < 0) {
		host_error_set(error, "file %s cannot be opened: %s", path, strerror(errno));
		slots_close(slots);
		return NULL;
	}
	if (head_read(slots, error) && file_map(slots, error))
		return slots;
	slots_close(slots);
	return NULL;
}

struct slots *
slots_open(const char *path, const uint8_t secret[KEY_BYTES], struct ledger *ledger, uv_loop_t *loop,
	   const struct slots_events *events, struct host_error *error)
{
	struct slots *slots = slots_new(path, O_RDWR | O_CREAT, secret, error);
	char folder[PATH_BYTES_MAX];
	if (slots == NULL)
		return NULL;
	slots->ledger = ledger;
	slots->loop = loop;
	slots->events = *events;
	if (slots->ready > 0)
		return slots;
	path_format(folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (block_make(slots) == OUTCOME_DONE && folder_sync(slash != NULL ? folder : ".", error)) {
		slots->ready = SLOTS_BLOCK;
		return slots;
	}
	host_error_set(error, "no space is left for file %s", path);
	slots_close(slots);
	return NULL;
}

struct slots *
slots_open_reader(const char *path, const uint8_t secret[KEY_BYTES], struct host_error *error)
{
	return slots_new(path, O_RDONLY, secret, error);
}

void
slots_close(struct slots *slots)
{
	if (slots == NULL)
		return;
	assert(!slots_busy(slots));
	if (slots->map != NULL)
		munmap((void *)slots->map, MAP_BYTES);
	if (slots->fd >= 0)
		close(slots->fd);
	sodium_memzero(slots, sizeof(*slots));
	free(slots);
}

/* --- copies ----------------------------------------------------------------------------------------------------- */

/* Errno, or 0. From the beginning, so that the count is read before what it counts. */
static int
copy_bytes(int from, int to)
{
	static uint8_t bytes[COPY_BYTES];
	off_t at = 0;
	for (;;) {
		ssize_t got = pread(from, bytes, sizeof(bytes), at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return fsync(to) == 0 ? 0 : errno;
		int code = file_write_at(to, bytes, (size_t)got, at);
		if (code != 0)
			return code;
		at += got;
	}
}

bool
slots_copy(const char *from, const char *to, struct host_error *error)
{
	int source = open(from, O_RDONLY | O_CLOEXEC);
	if (source < 0)
		return host_error_set(error, "file %s cannot be opened: %s", from, strerror(errno));
	int dest = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int code = dest < 0 ? errno : copy_bytes(source, dest);
	close(source);
	if (dest >= 0)
		close(dest);
	return code == 0 || host_error_set(error, "file %s cannot be written: %s", to, strerror(code));
}
