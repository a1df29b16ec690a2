/* services/ctl/chain.c
 *
 * Reads entry by entry; one arena, emptied after each. */
#include "services/ctl/chain.h"

#include "services/ctl/ctl.h"
#include "services/ctl/entry.h"

#include <string.h>

enum { ARENA_BLOCK_BYTES = 256 << 10 };

bool
journal_is_there(const char *data, const char *name)
{
	char path[PATH_BYTES_MAX];
	return path_format(path, "%s/%s/journal", data, name) && journal_file_exists(path);
}

struct journal_file *
journal_reader(const char *data, const char *name)
{
	char path[PATH_BYTES_MAX];
	struct host_error error;
	struct journal_file *journal = NULL;
	if (!path_format(path, "%s/%s/journal", data, name))
		say("path of the data folder is too long");
	else if ((journal = journal_file_open_reader(path, &error)) == NULL)
		say("%s", error.text);
	return journal;
}

bool
chain_end(struct chain_end *end, const struct module *module, struct journal_file *journal)
{
	struct arena arena;
	struct slice bytes;
	struct entry_view view;
	*end = (struct chain_end){.seq = journal_file_head(journal)};
	if (end->seq == 0)
		return true;
	arena_init(&arena, ARENA_BLOCK_BYTES, 0);
	bool good = journal_file_read(journal, end->seq, &bytes) && entry_view_read(&view, module, &arena, bytes);
	if (good) {
		memcpy(end->hash, view.entry->hash.data, HASH_BYTES);
		end->incarnation = view.header->incarnation;
		end->time_us = view.header->time_us;
	} else {
		say("%s: entry %llu cannot be read", module->name, (unsigned long long)end->seq);
	}
	arena_free(&arena);
	return good;
}

static const char *
entry_fault(const struct module *module, struct arena *arena, struct slice bytes, uint64_t seq, int64_t *time_us,
	    uint8_t hash[HASH_BYTES])
{
	struct entry_view view;
	uint8_t wanted[HASH_BYTES];
	if (!entry_view_read(&view, module, arena, bytes))
		return "cannot be read";
	if (view.header->seq != seq)
		return "has another number in its header";
	if (view.header->time_us < *time_us)
		return "is older than the one before";
	entry_view_hash(&view, hash, wanted);
	if (memcmp(wanted, view.entry->hash.data, HASH_BYTES) != 0)
		return "has a hash that does not follow from the one before";
	*time_us = view.header->time_us;
	memcpy(hash, wanted, HASH_BYTES);
	return NULL;
}

bool
chain_check(const struct module *module, struct journal_file *journal)
{
	struct arena arena;
	uint8_t hash[HASH_BYTES] = {0};
	int64_t time_us = INT64_MIN;
	const char *fault = NULL;
	arena_init(&arena, ARENA_BLOCK_BYTES, 0);
	for (uint64_t seq = 1; fault == NULL && seq <= journal_file_head(journal); seq++) {
		struct slice bytes;
		arena_reset(&arena);
		fault = journal_file_read(journal, seq, &bytes)
				? entry_fault(module, &arena, bytes, seq, &time_us, hash)
				: "is missing";
		if (fault != NULL)
			say("%s: entry %llu %s", module->name, (unsigned long long)seq, fault);
	}
	arena_free(&arena);
	return fault == NULL;
}
