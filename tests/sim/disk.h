/* tests/sim/disk.h
 *
 * The disk of a simulated node: a journal and a state that outlive its process.
 * A write is begun and ended by the world; what was begun and not ended when the
 * process dies is, at the world's choice, wholly there or wholly missing, which is
 * what LMDB promises with full sync. */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "common/core/world.h"

struct disk_entry {
	uint8_t *bytes;
	size_t size;
};

struct disk {
	struct disk_entry *entries; /* entries[0] has seq 1 */
	uint64_t head;
	uint64_t capacity;
	struct memtable *state;
	const struct journal_batch *committing; /* NULL: nothing under way */
	const struct memtable *flushing;
	uint8_t *handed_out; /* what the last read gave, in memory of its own so that a stale look is caught */
};

void disk_open(struct disk *disk);
void disk_free(struct disk *disk);

void disk_commit_begin(struct disk *disk, const struct journal_batch *batch);
void disk_commit_end(struct disk *disk, enum outcome outcome);
void disk_flush_begin(struct disk *disk, const struct memtable *frozen);
void disk_flush_end(struct disk *disk, enum outcome outcome);
/* The process dies now. */
void disk_crash(struct disk *disk, bool commit_survives, bool flush_survives);

bool disk_read(struct disk *disk, uint64_t seq, struct slice *entry);
/* The same without the strict memory, for checks: valid as long as the disk. */
struct slice disk_entry(const struct disk *disk, uint64_t seq);
struct store_base disk_state(struct disk *disk);
/* Forgets the state, keeps the journal: the next opening replays everything. */
void disk_forget_state(struct disk *disk);
/* The same journal again on another disk, with an empty state. */
void disk_copy_journal(struct disk *to, const struct disk *from);

#endif
