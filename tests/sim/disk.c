/* tests/sim/disk.c
 *
 * The journal is an array of entries; the state is a memtable that is never frozen,
 * whose tombstones are passed over. */
#include "tests/sim/disk.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/fatal.h"
#include "common/base/hash.h"

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

/* --- slots ------------------------------------------------------------------------------------------------------ */

static void *
memory_grow(void *memory, size_t size)
{
	void *grown = realloc(memory, size);
	if (grown == NULL)
		fatal("no memory left for a simulated disk");
	return grown;
}

void
disk_slots_make_end(struct disk *disk, enum outcome outcome)
{
	disk->slots_making = false;
	if (outcome != OUTCOME_DONE) {
		disk->slots_made++;
		return;
	}
	disk->slots = memory_grow(disk->slots, (disk->slots_ready + DISK_SLOTS_BLOCK) * sizeof(disk->slots[0]));
	for (uint32_t i = 0; i < DISK_SLOTS_BLOCK; i++)
		disk->slots[disk->slots_ready + i] = (struct disk_slot){.made = disk->slots_made};
	disk->slots_ready += DISK_SLOTS_BLOCK;
}

enum slot_state
disk_slot_key(const struct disk *disk, uint32_t slot, uint8_t key[32])
{
	if (slot >= disk->slots_ready)
		return SLOT_NONE;
	if (disk->slots[slot].destroyed)
		return SLOT_DESTROYED;
	const uint64_t made_of[] = {disk->slots_seed, slot, disk->slots[slot].made};
	hash_sha256(slice_of(made_of, sizeof(made_of)), key);
	return SLOT_PRESENT;
}

void
disk_slots_erase_begin(struct disk *disk, const struct slot_erasure *erasures, size_t count)
{
	assert(disk->erasing == NULL);
	disk->erasing = erasures;
	disk->erasing_count = count;
}

static void
ledger_write(struct disk *disk)
{
	size_t count = disk->ledger_count + disk->erasing_count;
	disk->ledger = memory_grow(disk->ledger, count * sizeof(disk->ledger[0]));
	for (size_t i = 0; i < disk->erasing_count; i++) {
		if (disk->erasing[i].in_ledger)
			disk->ledger[disk->ledger_count++] = disk->erasing[i];
	}
}

static void
keys_destroy(struct disk *disk)
{
	for (size_t i = 0; i < disk->erasing_count; i++) {
		assert(disk->erasing[i].slot < disk->slots_ready);
		disk->slots[disk->erasing[i].slot].destroyed = true;
	}
}

void
disk_slots_erase_end(struct disk *disk, enum outcome outcome)
{
	if (outcome == OUTCOME_DONE) {
		ledger_write(disk);
		keys_destroy(disk);
	}
	disk->erasing = NULL;
}

void
disk_slots_crash(struct disk *disk, unsigned chance)
{
	if (disk->slots_making)
		disk_slots_make_end(disk, chance & 1 ? OUTCOME_DONE : OUTCOME_NO_SPACE);
	if (disk->erasing != NULL && chance & 2)
		ledger_write(disk);
	if (disk->erasing != NULL && (chance & 6) == 6)
		keys_destroy(disk);
	disk->erasing = NULL;
}

/* --- journal and state ------------------------------------------------------------------------------------------ */

void
disk_open(struct disk *disk, uint64_t slots_seed)
{
	*disk = (struct disk){.state = memtable_new(), .slots_seed = slots_seed};
	disk_slots_make_end(disk, OUTCOME_DONE); /* the first block is there before a node opens */
}

void
disk_free(struct disk *disk)
{
	for (uint64_t i = 0; i < disk->head; i++)
		free(disk->entries[i].bytes);
	free(disk->entries);
	free(disk->handed_out);
	free(disk->slots);
	free(disk->ledger);
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
	to->slots_seed = from->slots_seed;
	to->slots_ready = from->slots_ready;
	to->slots = memory_grow(to->slots, from->slots_ready * sizeof(from->slots[0]));
	memcpy(to->slots, from->slots, from->slots_ready * sizeof(from->slots[0]));
}
