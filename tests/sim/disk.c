/* tests/sim/disk.c
 *
 * The journal is an array of entries; the state is a memtable that is never frozen,
 * whose tombstones are passed over. */
#include "tests/sim/disk.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/fatal.h"

static void *
memory_copy(const void *bytes, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);
	if (copy == NULL)
		fatal("no memory left for a simulated disk");
	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

void
disk_open(struct disk *disk)
{
	*disk = (struct disk){.state = memtable_new()};
}

void
disk_free(struct disk *disk)
{
	for (uint64_t i = 0; i < disk->head; i++)
		free(disk->entries[i].bytes);
	free(disk->entries);
	free(disk->handed_out);
	memtable_free(disk->state);
	*disk = (struct disk){0};
}

static void
disk_append(struct disk *disk, const uint8_t *bytes, size_t size)
{
	if (disk->head == disk->capacity) {
		disk->capacity = disk->capacity == 0 ? 1024 : 2 * disk->capacity;
		disk->entries = realloc(disk->entries, disk->capacity * sizeof(disk->entries[0]));
		if (disk->entries == NULL)
			fatal("no memory left for a simulated journal");
	}
	disk->entries[disk->head++] = (struct disk_entry){.bytes = memory_copy(bytes, size), .size = size};
}

void
disk_commit_begin(struct disk *disk, const struct journal_batch *batch)
{
	assert(disk->committing == NULL);
	assert(batch->count > 0);
	assert(batch->first_seq == disk->head + 1);
	disk->committing = batch;
}

void
disk_commit_end(struct disk *disk, enum outcome outcome)
{
	const struct journal_batch *batch = disk->committing;
	assert(batch != NULL);
	disk->committing = NULL;
	if (outcome != OUTCOME_DONE)
		return;
	const uint8_t *bytes = batch->bytes;
	for (uint32_t i = 0; i < batch->count; i++) {
		disk_append(disk, bytes, batch->sizes[i]);
		bytes += batch->sizes[i];
	}
}

void
disk_flush_begin(struct disk *disk, const struct memtable *frozen)
{
	assert(disk->flushing == NULL);
	disk->flushing = frozen;
}

static bool
row_flush(void *context, struct slice key, struct slice value)
{
	struct disk *disk = context;
	if (value.data == NULL)
		memtable_delete(disk->state, key);
	else
		memtable_put(disk->state, key, value);
	return true;
}

void
disk_flush_end(struct disk *disk, enum outcome outcome)
{
	assert(disk->flushing != NULL);
	if (outcome == OUTCOME_DONE)
		memtable_each(disk->flushing, row_flush, disk);
	disk->flushing = NULL;
}

void
disk_crash(struct disk *disk, bool commit_survives, bool flush_survives)
{
	if (disk->committing != NULL)
		disk_commit_end(disk, commit_survives ? OUTCOME_DONE : OUTCOME_NO_SPACE);
	if (disk->flushing != NULL)
		disk_flush_end(disk, flush_survives ? OUTCOME_DONE : OUTCOME_NO_SPACE);
}

struct slice
disk_entry(const struct disk *disk, uint64_t seq)
{
	if (seq == 0 || seq > disk->head)
		return slice_of(NULL, 0);
	return slice_of(disk->entries[seq - 1].bytes, disk->entries[seq - 1].size);
}

bool
disk_read(struct disk *disk, uint64_t seq, struct slice *entry)
{
	struct slice stored = disk_entry(disk, seq);
	free(disk->handed_out);
	disk->handed_out = NULL;
	if (stored.data == NULL)
		return false;
	disk->handed_out = memory_copy(stored.data, stored.size);
	*entry = slice_of(disk->handed_out, stored.size);
	return true;
}

static bool
state_get(void *context, struct slice key, struct slice *value)
{
	const struct disk *disk = context;
	return memtable_get(disk->state, key, value) == MEMTABLE_PRESENT;
}

static bool
state_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	const struct disk *disk = context;
	enum memtable_hit hit = memtable_next(disk->state, from, inclusive, key, value);
	while (hit == MEMTABLE_DELETED)
		hit = memtable_next(disk->state, *key, false, key, value);
	return hit == MEMTABLE_PRESENT;
}

struct store_base
disk_state(struct disk *disk)
{
	return (struct store_base){.context = disk, .get = state_get, .next = state_next};
}

void
disk_forget_state(struct disk *disk)
{
	memtable_free(disk->state);
	disk->state = memtable_new();
}

void
disk_copy_journal(struct disk *to, const struct disk *from)
{
	for (uint64_t seq = 1; seq <= from->head; seq++) {
		struct slice entry = disk_entry(from, seq);
		disk_append(to, entry.data, entry.size);
	}
}
