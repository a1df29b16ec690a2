/* services/ctl/cut.c
 *
 * Cutting one copy may leave another one ahead of it, so this goes on until nothing
 * changes; each round cuts something off or is the last. An entry that was durable before
 * the first copy began followed only what was durable too, so the sure heads stay. */
#include "services/ctl/cut.h"

#include "services/ctl/ctl.h"
#include "services/ctl/entry.h"

#include "common/base/buf.h"
#include "common/wire/pb.h"

#include <string.h>

enum { BATCH_ENTRIES = 1000, BATCH_BYTES_MAX = 64 << 20, ARENA_BLOCK_BYTES = 256 << 10 };

static size_t
service_index(const char *name)
{
	size_t i = 0;
	while (service_modules[i] != NULL && strcmp(service_modules[i]->name, name) != 0)
		i++;
	return i;
}

/* True if this entry followed more than the producer's copy holds. */
static bool
is_ahead(const struct cut *cut, const Mt__EntryHeader *header)
{
	if (header->followed == NULL)
		return false;
	size_t producer = service_index(header->followed->producer);
	return service_modules[producer] != NULL && cut->journals[producer] != NULL &&
	       header->followed->seq > cut->heads[producer];
}

/* Looks through the entries that are not sure; false if one cannot be read. */
static bool
cut_one(struct cut *cut, size_t index, struct arena *arena, bool *changed)
{
	for (uint64_t seq = cut->sure[index] + 1; seq <= cut->heads[index]; seq++) {
		struct slice bytes;
		struct entry_view view;
		arena_reset(arena);
		if (!journal_file_read(cut->journals[index], seq, &bytes) ||
		    !entry_view_read(&view, service_modules[index], arena, bytes)) {
			say("%s: entry %llu cannot be read", service_modules[index]->name, (unsigned long long)seq);
			return false;
		}
		if (!is_ahead(cut, view.header))
			continue;
		cut->heads[index] = seq - 1;
		*changed = true;
	}
	return true;
}

bool
cut_make(struct cut *cut)
{
	struct arena arena;
	bool changed = true;
	bool good = true;
	arena_init(&arena, ARENA_BLOCK_BYTES, 0);
	while (good && changed) {
		changed = false;
		for (size_t i = 0; good && service_modules[i] != NULL; i++) {
			if (cut->journals[i] != NULL)
				good = cut_one(cut, i, &arena, &changed);
		}
	}
	arena_free(&arena);
	return good;
}

bool
cut_copy(struct journal_file *journal, uint64_t head, const char *folder)
{
	struct journal_file *copy = journal_file_open(folder, NULL, NULL, NULL);
	struct buf bytes;
	static size_t sizes[BATCH_ENTRIES];
	bool good = true;
	buf_init(&bytes, BATCH_BYTES_MAX);
	for (uint64_t seq = 1; good && seq <= head;) {
		struct journal_batch batch = {.first_seq = seq, .sizes = sizes};
		buf_reset(&bytes);
		for (; seq <= head && batch.count < BATCH_ENTRIES && bytes.size < BATCH_BYTES_MAX / 2; seq++) {
			struct slice entry;
			journal_file_read(journal, seq, &entry); /* fatal if it cannot be read */
			sizes[batch.count++] = entry.size;
			buf_append(&bytes, entry);
		}
		batch.bytes = bytes.data;
		good = !buf_failed(&bytes) && journal_file_commit_now(copy, &batch) == OUTCOME_DONE;
	}
	if (!good)
		say("no space is left for %s", folder);
	buf_free(&bytes);
	journal_file_close(copy);
	return good;
}
