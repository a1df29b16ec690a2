/* tests/sim/disk.h
 *
 * The disk of a simulated node: a journal and a state that outlive its process.
 * A write is begun and ended by the world; what was begun and not ended when the
 * process dies is, at the world's choice, wholly there or wholly missing, which is
 * what LMDB promises with full sync. Of an erasure the ledger may be there alone. A block
 * of slots that was lost is made again with other keys. */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "common/core/world.h"

struct disk_entry {
	uint8_t *bytes;
	size_t size;
};

enum { DISK_SLOTS_BLOCK = 64 }; /* small, so that a run uses several */

struct disk_slot {
	uint32_t made;
	bool destroyed;
};

struct disk {
	struct disk_entry *entries; /* entries[0] has seq 1 */
	uint64_t head;
	uint64_t capacity;
	struct memtable *state;
	const struct journal_batch *committing; /* NULL: nothing under way */
	const struct memtable *flushing;
	uint64_t slots_seed; /* keys are made of this, their slot, and how often their block was made */
	uint32_t slots_ready;
	uint32_t slots_made; /* times the block behind them was made and lost */
	bool slots_making;
	struct disk_slot *slots; /* slots_ready of them */
	const struct slot_erasure *erasing;
	size_t erasing_count;
	struct slot_erasure *ledger; /* outside the data: a restored backup keeps it */
	size_t ledger_count;
	uint8_t *handed_out; /* what the last read gave, in memory of its own so that a stale look is caught */
};

void disk_open(struct disk *disk, uint64_t slots_seed);
void disk_free(struct disk *disk);

void disk_commit_begin(struct disk *disk, const struct journal_batch *batch);
void disk_commit_end(struct disk *disk, enum outcome outcome);
void disk_flush_begin(struct disk *disk, const struct memtable *frozen);
void disk_flush_end(struct disk *disk, enum outcome outcome);
/* The process dies now. */
void disk_crash(struct disk *disk, bool commit_survives, bool flush_survives);
/* The same for slots: chance bit 0: a block is there, 1: the ledger is, 2: the keys are gone too. */
void disk_slots_crash(struct disk *disk, unsigned chance);

enum slot_state disk_slot_key(const struct disk *disk, uint32_t slot, uint8_t key[32]);
void disk_slots_make_end(struct disk *disk, enum outcome outcome);
void disk_slots_erase_begin(struct disk *disk, const struct slot_erasure *erasures, size_t count);
void disk_slots_erase_end(struct disk *disk, enum outcome outcome);

bool disk_read(struct disk *disk, uint64_t seq, struct slice *entry);
/* The same without the strict memory, for checks: valid as long as the disk. */
struct slice disk_entry(const struct disk *disk, uint64_t seq);
struct store_base disk_state(struct disk *disk);
/* Forgets the state, keeps the journal: the next opening replays everything. */
void disk_forget_state(struct disk *disk);
/* The same journal and slots again on another disk, with an empty state. */
void disk_copy_journal(struct disk *to, const struct disk *from);

#endif
